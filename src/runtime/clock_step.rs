//! Steps of the wall clock, found by the monotonic clock: a jump must not move windows ahead, from where they could not come back.
//!
//! Does not know windows, and reads no clock: both readings are arguments.

use std::time::{Duration, Instant};

use crate::time::{EventTime, Span};

/// A difference above this is a step. Slewing corrects a clock by at most half a millisecond a second, so it never is one.
const STEP_MIN: Span = Span::seconds(5);
/// A step that lasts this long is believed: the clock was set right, or the machine slept.
const BELIEVED_AFTER: Duration = Duration::from_secs(120);

/// What to take for the present time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockReading {
    /// The wall clock runs as the monotonic one does.
    Steady(EventTime),
    /// The wall clock stepped, and the step is not believed yet.
    Held {
        /// The time that the wall clock would show without the step.
        now: EventTime,
        /// How far the wall clock is ahead of it; negative where it is behind.
        step: Span,
    },
    /// The step has lasted so long that it is believed from this reading on.
    Believed {
        /// The time of the wall clock.
        now: EventTime,
        /// How far the wall clock stepped; negative where it went back.
        step: Span,
    },
}

/// Compares the wall clock with the monotonic one, reading by reading.
#[derive(Debug, Default)]
pub struct ClockSteps {
    /// The latest readings of both clocks that agreed.
    agreed: Option<(Instant, EventTime)>,
    /// The step that is held, and when it was first seen.
    held: Option<(Span, Instant)>,
}

impl ClockReading {
    /// The time to go by.
    #[must_use]
    pub fn now(self) -> EventTime {
        match self {
            Self::Steady(now) | Self::Held { now, .. } | Self::Believed { now, .. } => now,
        }
    }

    /// Whether a step is held: nothing may be evicted by the time, and nothing written that holds it.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

impl ClockSteps {
    /// Judges a reading of both clocks at one instant. The first reading is taken as it is. Monotonic readings ascend.
    pub fn read(&mut self, monotonic: Instant, wall: EventTime) -> ClockReading {
        let Some((agreed_at, agreed)) = self.agreed else {
            self.agreed = Some((monotonic, wall));
            return ClockReading::Steady(wall);
        };
        let passed = monotonic.saturating_duration_since(agreed_at);
        let expected = EventTime(agreed.0.saturating_add(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)));
        let step = wall - expected;
        if step.0.abs() <= STEP_MIN.0 {
            (self.agreed, self.held) = (Some((monotonic, wall)), None);
            return ClockReading::Steady(wall);
        }
        // A clock that steps once more while a step is held is not believed sooner.
        let (_, since) = *self.held.get_or_insert((step, monotonic));
        let is_same = self.held.is_some_and(|(first, _)| (step.0 - first.0).abs() <= STEP_MIN.0);
        if !is_same {
            self.held = Some((step, monotonic));
        } else if monotonic.saturating_duration_since(since) >= BELIEVED_AFTER {
            (self.agreed, self.held) = (Some((monotonic, wall)), None);
            return ClockReading::Believed { now: wall, step };
        }
        ClockReading::Held { now: expected, step }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    /// Readings of a clock that is ahead of the monotonic one by so many seconds at each of these seconds.
    fn readings(ahead: impl IntoIterator<Item = (u64, i64)>) -> Vec<ClockReading> {
        let (start, mut steps) = (Instant::now(), ClockSteps::default());
        let read = |(second, ahead): (u64, i64)| steps.read(start + Duration::from_secs(second), seconds(second as i64 + ahead));
        ahead.into_iter().map(read).collect()
    }

    fn seconds(second: i64) -> EventTime {
        EventTime(0) + Span::seconds(second)
    }

    #[test]
    fn a_clock_that_jumps_for_a_while_is_held_to_the_monotonic_one() {
        let read = readings([(0, 0), (1, 0), (2, DAY), (3, DAY), (6, DAY), (7, 0), (8, 0)]);
        let held = |second| ClockReading::Held { now: seconds(second), step: Span::seconds(DAY) };
        let steady = |second| ClockReading::Steady(seconds(second));
        assert_eq!(read, [steady(0), steady(1), held(2), held(3), held(6), steady(7), steady(8)]);
        assert!(read[3].is_held() && !read[5].is_held());
        assert!(read.is_sorted_by_key(|reading| reading.now()), "time goes on");
    }

    #[test]
    fn a_step_that_lasts_is_believed_in_both_directions() {
        for step in [DAY, -DAY] {
            let last = BELIEVED_AFTER.as_secs() + 1;
            let read = readings([(0, 0), (1, step), (last - 1, step), (last, step), (last + 1, step)]);
            assert!(read[1].is_held() && read[2].is_held());
            assert_eq!(read[3], ClockReading::Believed { now: seconds(last as i64 + step), step: Span::seconds(step) });
            assert_eq!(read[4], ClockReading::Steady(seconds(last as i64 + 1 + step)));
        }
    }

    #[test]
    fn a_clock_that_jumps_about_is_not_believed() {
        let read = readings((0..600).map(|second| (second, if second < 10 { 0 } else { (second as i64 / 30) * 3_600 })));
        assert!(read[30..].iter().all(|reading| reading.is_held()));
        assert_eq!(read[599].now(), seconds(599));
    }

    #[test]
    fn slewing_and_a_process_that_stands_still_are_no_steps() {
        assert!(readings((0..3_600).map(|second| (second, second as i64 / 2_000))).iter().all(|reading| !reading.is_held()));
        assert!(readings([(0, 0), (9_000, 3), (9_001, -1)]).iter().all(|reading| !reading.is_held()), "both clocks went on");
    }
}
