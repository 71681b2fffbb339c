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
/// With [`ClockSource::Wall`] it is the wall clock once everything has been read, so that windows also drain without traffic. Before that it is the largest
/// event time, but never later than the wall clock. With [`ClockSource::Event`] it always is the largest event time.
pub(super) fn evaluation_instant(clock: ClockSource, is_caught_up: bool, wall: EventTime, largest: Option<EventTime>) -> Option<EventTime> {
    match (clock, is_caught_up) {
        (ClockSource::Event, _) => largest,
        (ClockSource::Wall, true) => Some(wall),
        (ClockSource::Wall, false) => largest.map(|time| time.min(wall)),
    }
}

/// The latest instant up to which windows follow each single event between two evaluations; `None` where they do not follow single events. They do
/// while there is a backlog, so that no event of the backlog has to be held.
pub(super) fn follow_limit(clock: ClockSource, is_caught_up: bool, wall: EventTime) -> Option<EventTime> {
    match (clock, is_caught_up) {
        (ClockSource::Event, _) => Some(EventTime::MAX),
        (ClockSource::Wall, true) => None,
        (ClockSource::Wall, false) => Some(wall),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_events_while_catching_up_and_the_wall_clock_after() {
        let (wall, event, ahead) = (EventTime(1_000), Some(EventTime(400)), Some(EventTime(1_100)));
        assert_eq!(evaluation_instant(ClockSource::Wall, false, wall, None), None);
        assert_eq!(evaluation_instant(ClockSource::Wall, false, wall, event), event);
        assert_eq!(evaluation_instant(ClockSource::Wall, false, wall, ahead), Some(wall), "never ahead of the wall clock");
        assert_eq!(evaluation_instant(ClockSource::Wall, true, wall, event), Some(wall));
        assert_eq!(evaluation_instant(ClockSource::Event, true, wall, event), event);
        assert_eq!(evaluation_instant(ClockSource::Event, false, wall, ahead), ahead);
    }
}
