//! The log of refused, late and future records: at most one line per kind of trouble and second, and never a byte of a record.

use std::time::{Duration, Instant};

use crate::engine::Outcome;
use crate::event::Reason;

/// One line for the same kind of trouble in this time.
const EVERY: Duration = Duration::from_secs(1);

/// One slot for `late`, one for `future`, one per reason.
#[derive(Debug)]
pub(super) struct SampledLog {
    slots: [Slot; 2 + Reason::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    logged_at: Option<Instant>,
    /// Records since the last line that got none.
    silent: u64,
}

impl SampledLog {
    pub(super) fn new() -> Self {
        Self { slots: [Slot::default(); 2 + Reason::ALL.len()] }
    }

    /// Whether this record gets a line, with the number of records like it that got none since the last.
    pub(super) fn admit(&mut self, outcome: Outcome, now: Instant) -> Option<u64> {
        let slot = match outcome {
            Outcome::Late => 0,
            Outcome::Future => 1,
            Outcome::Invalid(reason) => 2 + reason as usize,
            Outcome::Applied | Outcome::Duplicate | Outcome::Ignored => return None,
        };
        let slot = &mut self.slots[slot];
        if slot.logged_at.is_some_and(|at| now.saturating_duration_since(at) < EVERY) {
            slot.silent += 1;
            return None;
        }
        slot.logged_at = Some(now);
        Some(std::mem::take(&mut slot.silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_reason_and_second_which_says_how_many_were_silent() {
        let mut log = SampledLog::new();
        let now = Instant::now();
        let syntax = Outcome::Invalid(Reason::Syntax);
        assert_eq!(log.admit(syntax, now), Some(0));
        assert_eq!(log.admit(syntax, now), None);
        assert_eq!(log.admit(syntax, now + EVERY / 2), None);
        assert_eq!(log.admit(Outcome::Invalid(Reason::Empty), now), Some(0), "another reason has its own line");
        assert_eq!(log.admit(Outcome::Late, now), Some(0));
        assert_eq!(log.admit(syntax, now + EVERY), Some(2));
        assert_eq!(log.admit(Outcome::Applied, now), None);
        assert_eq!(log.admit(Outcome::Duplicate, now), None);
    }
}
