//! Partitions whose log end nobody tells, such as those without a leader: they must not keep the windows of all others in the past for ever.

use std::time::{Duration, Instant};

use crate::kafka::{Feed, TopicPartition};

/// So long the windows wait for the log end of a partition, once everything else has been read.
const WAIT_FOR_END: Duration = Duration::from_secs(60);

/// Whether everything was read, and since when only silent partitions are missing.
#[derive(Debug, Default)]
pub(super) struct Silence {
    since: Option<Instant>,
    is_said: bool,
}

/// What is known of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Reached,
    Behind,
    /// Its log end has never been told since it was assigned.
    Silent,
}

impl Silence {
    /// Whether everything was read once since the assignment: from then on windows follow the wall clock. A partition whose log end is not told for a minute
    /// after all others were read is no longer waited for.
    pub(super) fn is_caught_up<'a>(&mut self, feeds: impl Iterator<Item = &'a Feed>, topics: &[String], now: Instant) -> bool {
        let mut silent: Vec<TopicPartition> = Vec::new();
        let reading = |feed: &Feed| match (feed.has_reached_end(), feed.lag_records()) {
            (true, _) => Reading::Reached,
            (false, Some(_)) => Reading::Behind,
            (false, None) => {
                silent.push(feed.at());
                Reading::Silent
            }
        };
        let readings: Vec<Reading> = feeds.map(reading).collect();
        let (is_caught_up, is_new) = self.judge(&readings, now);
        if is_new {
            let partitions: Vec<String> = silent.iter().map(|at| format!("{}/{}", topics[at.topic], at.partition)).collect();
            tracing::warn!(
                target: "cxpulse::runtime",
                partitions = partitions.join(", "),
                "nobody tells where these partitions end; everything else has been read, so windows follow the wall clock without them: look for \
                 partitions without a leader"
            );
        }
        is_caught_up
    }

    /// Whether to go on by the wall clock, and whether that is new and owed to patience.
    fn judge(&mut self, readings: &[Reading], now: Instant) -> (bool, bool) {
        if readings.contains(&Reading::Behind) || !readings.contains(&Reading::Silent) || !readings.contains(&Reading::Reached) {
            *self = Self::default();
            return (readings.iter().all(|reading| *reading == Reading::Reached), false);
        }
        let since = *self.since.get_or_insert(now);
        let is_over = now.duration_since(since) >= WAIT_FOR_END;
        (is_over, is_over && !std::mem::replace(&mut self.is_said, is_over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_silent_partition_is_waited_for_a_minute_and_said_once() {
        use Reading::{Behind, Reached, Silent};
        let (mut silence, start) = (Silence::default(), Instant::now());
        assert_eq!(silence.judge(&[], start), (true, false), "a member without partitions has nothing to read");
        assert_eq!(silence.judge(&[Reached, Behind, Silent], start), (false, false));
        assert_eq!(silence.judge(&[Reached, Reached, Silent], start), (false, false));
        assert_eq!(silence.judge(&[Reached, Reached, Silent], start + WAIT_FOR_END / 2), (false, false));
        assert_eq!(silence.judge(&[Reached, Reached, Silent], start + WAIT_FOR_END), (true, true));
        assert_eq!(silence.judge(&[Reached, Reached, Silent], start + WAIT_FOR_END * 2), (true, false));
        assert_eq!(
            silence.judge(&[Reached, Reached, Behind], start + WAIT_FOR_END * 2),
            (false, false),
            "it spoke, and has something to read"
        );
        assert_eq!(silence.judge(&[Reached, Reached, Reached], start + WAIT_FOR_END * 2), (true, false));
        assert_eq!(
            silence.judge(&[Silent, Silent, Silent], start + WAIT_FOR_END * 9),
            (false, false),
            "while all are silent the brokers are away"
        );
    }
}
