//! A queue of work that agents do in order, so that the waiting time follows from load and staffing.
//!
//! Does not know contacts: it measures work in staffed milliseconds, the time in which full staffing does it.

use super::calendar::Shift;
use crate::time::EventTime;

/// One queue: the work that waits in it, as of the latest call of [`Self::waiting_ms`].
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting_ms: f64,
    worked_by: f64,
}

impl Queue {
    /// The work ahead of a contact that arrives now, in staffed milliseconds.
    pub(super) fn waiting_ms(&mut self, shift: &Shift, now: EventTime) -> f64 {
        let worked_by = shift.worked_by(now);
        self.waiting_ms = (self.waiting_ms - (worked_by - self.worked_by)).max(0.0);
        self.worked_by = worked_by;
        self.waiting_ms
    }

    /// Adds work behind the waiting work, in staffed milliseconds.
    pub(super) fn add(&mut self, work_ms: f64) {
        self.waiting_ms += work_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn work_waits_longer_at_night_than_in_the_morning() {
        let shift = Shift::desk(Span(0));
        let tuesday_morning = EventTime(1_772_532_000_000);
        let wait = |from: EventTime| shift.when_worked(shift.worked_by(from) + 1_800_000.0) - from;
        assert!(wait(tuesday_morning).0 <= 1_800_000);
        assert!(wait(tuesday_morning - Span::hours(7)).0 > 3 * 3_600_000);
        let mut queue = Queue::default();
        queue.waiting_ms(&shift, tuesday_morning);
        queue.add(60_000.0);
        assert!(queue.waiting_ms(&shift, tuesday_morning + Span::seconds(30)) < 31_000.0);
        assert!(queue.waiting_ms(&shift, tuesday_morning + Span::seconds(90)).abs() < f64::EPSILON);
    }
}
