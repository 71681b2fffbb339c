//! The wall clock, the only one that is read, and the instant at which windows are evaluated.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::Clock;
use crate::time::EventTime;

/// The wall clock now.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the shell's one reading of the clock")]
pub fn wall_now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 4))
}

/// The instant at which windows are evaluated: the wall clock once everything was read, so that windows drain without traffic; before, and always
/// where the configuration says so, the largest event time. `None` where that is not known yet.
pub(super) fn evaluation_instant(clock: Clock, caught_up: bool, wall: EventTime, largest: Option<EventTime>) -> Option<EventTime> {
    match (clock, caught_up) {
        (Clock::Event, _) => largest,
        (Clock::Wall, true) => Some(wall),
        (Clock::Wall, false) => largest.map(|time| time.min(wall)),
    }
}

/// How far the windows follow single events between two evaluations: while there is a backlog, so that none has to be held.
pub(super) fn follow_limit(clock: Clock, caught_up: bool, wall: EventTime) -> Option<EventTime> {
    match (clock, caught_up) {
        (Clock::Event, _) => Some(EventTime::MAX),
        (Clock::Wall, true) => None,
        (Clock::Wall, false) => Some(wall),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_events_while_catching_up_and_the_wall_clock_after() {
        let (wall, event, ahead) = (EventTime(1_000), Some(EventTime(400)), Some(EventTime(1_100)));
        assert_eq!(evaluation_instant(Clock::Wall, false, wall, None), None);
        assert_eq!(evaluation_instant(Clock::Wall, false, wall, event), event);
        assert_eq!(evaluation_instant(Clock::Wall, false, wall, ahead), Some(wall), "never ahead of the wall clock");
        assert_eq!(evaluation_instant(Clock::Wall, true, wall, event), Some(wall));
        assert_eq!(evaluation_instant(Clock::Event, true, wall, event), event);
        assert_eq!(evaluation_instant(Clock::Event, false, wall, ahead), ahead);
    }
}
