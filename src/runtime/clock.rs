//! The wall clock, and the instant at which windows are evaluated.
//!
//! Does not know events or windows.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::ClockSource;
use crate::time::EventTime;

/// The wall clock now, in milliseconds since 1970.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the shell's one reading of the clock")]
pub fn wall_now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 4))
}

/// The instant at which windows are evaluated; `None` while it is not known.
///
/// With [`ClockSource::Wall`] it is the wall clock, also while records of the past are read: a window of now never shows values of then. With
/// [`ClockSource::Event`] it is the largest event time.
pub(super) fn evaluation_instant(clock: ClockSource, wall: EventTime, largest: Option<EventTime>) -> Option<EventTime> {
    match clock {
        ClockSource::Event => largest,
        ClockSource::Wall => Some(wall),
    }
}

/// The latest instant up to which windows follow each single event between two evaluations; `None` where they do not follow single events.
pub(super) const fn follow_limit(clock: ClockSource) -> Option<EventTime> {
    match clock {
        ClockSource::Event => Some(EventTime::MAX),
        ClockSource::Wall => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_wall_clock_or_the_events() {
        let (wall, event) = (EventTime(1_000), Some(EventTime(400)));
        assert_eq!(evaluation_instant(ClockSource::Wall, wall, None), Some(wall));
        assert_eq!(evaluation_instant(ClockSource::Wall, wall, event), Some(wall));
        assert_eq!(evaluation_instant(ClockSource::Event, wall, event), event);
        assert_eq!(evaluation_instant(ClockSource::Event, wall, None), None);
        assert_eq!(follow_limit(ClockSource::Wall), None);
    }
}
