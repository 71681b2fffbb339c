//! Whether everything has been read, so that values may be shown.
//!
//! The log end of a partition can stay unknown, such as when it has no leader. Such a partition must not withhold the values of all others for ever,
//! so it is waited for only for a while; its coverage tells that it is missing. Does not know readiness, which never gives a partition up.

use std::time::{Duration, Instant};

use crate::kafka::{PartitionProgress, TopicPartition};

/// How long the values wait for the log end of a partition after everything else has been read.
const WAIT_FOR_LOG_END: Duration = Duration::from_secs(60);

/// Since when nothing but unknown log ends has been missing.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    only_unknown_since: Option<Instant>,
    has_warned: bool,
}

/// How far one partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndState {
    /// A log end was reached since the assignment.
    Reached,
    /// There are records left to read.
    Behind,
    /// No log end has been seen since the assignment.
    Unknown,
}

impl CatchUp {
    /// Whether everything has been read once since the assignment. A partition whose log end stays unknown for a minute after all others were read is
    /// no longer waited for; a warning then names it once.
    pub(super) fn is_caught_up<'a>(
        &mut self,
        progress: impl Iterator<Item = &'a PartitionProgress>,
        topics: &[String],
        now: Instant,
    ) -> bool {
        let mut unknown: Vec<TopicPartition> = Vec::new();
        let state = |progress: &PartitionProgress| match (progress.has_reached_end(), progress.lag_records()) {
            (true, _) => EndState::Reached,
            (false, Some(_)) => EndState::Behind,
            (false, None) => {
                unknown.push(progress.at());
                EndState::Unknown
            }
        };
        let states: Vec<EndState> = progress.map(state).collect();
        let (is_caught_up, is_to_warn) = self.judge(&states, now);
        if is_to_warn {
            let partitions: Vec<String> = unknown.iter().map(|at| format!("{}/{}", topics[at.topic], at.partition)).collect();
            tracing::warn!(
                target: "cxpulse::runtime",
                partitions = partitions.join(", "),
                "nobody tells where these partitions end; everything else has been read, so values are shown without them: look for partitions \
                 without a leader"
            );
        }
        is_caught_up
    }

    /// Whether values may be shown, and whether a warning is due because partitions are no longer waited for.
    fn judge(&mut self, states: &[EndState], now: Instant) -> (bool, bool) {
        if states.contains(&EndState::Behind) || !states.contains(&EndState::Unknown) || !states.contains(&EndState::Reached) {
            *self = Self::default();
            return (states.iter().all(|state| *state == EndState::Reached), false);
        }
        let since = *self.only_unknown_since.get_or_insert(now);
        let is_over = now.duration_since(since) >= WAIT_FOR_LOG_END;
        (is_over, is_over && !std::mem::replace(&mut self.has_warned, is_over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_silent_partition_is_waited_for_a_minute_and_said_once() {
        use EndState::{Behind, Reached, Unknown};
        let (mut catch_up, start) = (CatchUp::default(), Instant::now());
        let much_later = start + WAIT_FOR_LOG_END * 2;
        assert_eq!(catch_up.judge(&[], start), (true, false), "a member without partitions has nothing to read");
        assert_eq!(catch_up.judge(&[Reached, Behind, Unknown], start), (false, false));
        assert_eq!(catch_up.judge(&[Reached, Reached, Unknown], start), (false, false));
        assert_eq!(catch_up.judge(&[Reached, Reached, Unknown], start + WAIT_FOR_LOG_END / 2), (false, false));
        assert_eq!(catch_up.judge(&[Reached, Reached, Unknown], start + WAIT_FOR_LOG_END), (true, true));
        assert_eq!(catch_up.judge(&[Reached, Reached, Unknown], much_later), (true, false));
        assert_eq!(catch_up.judge(&[Reached, Reached, Behind], much_later), (false, false), "it spoke, and has something to read");
        assert_eq!(catch_up.judge(&[Reached, Reached, Reached], much_later), (true, false));
        assert_eq!(
            catch_up.judge(&[Unknown, Unknown, Unknown], start + WAIT_FOR_LOG_END * 9),
            (false, false),
            "while all are silent the brokers are away"
        );
    }
}
