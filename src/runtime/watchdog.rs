//! Ends a service of which a partition does not move although its log holds records to read: a new process, with a new client, may read them.
//!
//! The service has been unready for a while then, so the operators have been told. Does not know when a partition counts as stuck, and does not end a
//! service over a log that may be another one: every process would meet the same log.

use std::time::{Duration, Instant};

use super::failure::ServiceFailure;
use crate::kafka::StuckPartition;

/// How long a partition may be stuck before the service ends.
const END_AFTER: Duration = Duration::from_secs(5 * 60);

/// Since when which partition has been stuck.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    stuck: Vec<(StuckPartition, Instant)>,
}

impl Watchdog {
    /// Takes in which partitions are stuck.
    ///
    /// # Errors
    /// When one of them has been stuck at the same offset for five minutes.
    pub(super) fn review(&mut self, stuck: Vec<StuckPartition>, now: Instant) -> Result<(), ServiceFailure> {
        let before = std::mem::take(&mut self.stuck);
        let since = |partition: &StuckPartition| before.iter().find(|(known, _)| known == partition).map_or(now, |(_, since)| *since);
        let with_start = |partition| {
            let start = since(&partition);
            (partition, start)
        };
        self.stuck = stuck.into_iter().filter(|partition| !partition.is_in_doubt).map(with_start).collect();
        match self.stuck.iter().find(|(_, since)| now.duration_since(*since) >= END_AFTER) {
            None => Ok(()),
            Some((StuckPartition { at, topic, next_offset, .. }, _)) => Err(ServiceFailure::Environment(format!(
                "no records have come from {topic}/{} for {} minutes although its log holds some from offset {} on\nhint: look for this partition in \
                 the logs of its broker; a new process tries again",
                at.partition,
                END_AFTER.as_secs() / 60 + 1,
                next_offset.map_or_else(|| "0".to_owned(), |offset| offset.to_string()),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::TopicPartition;

    fn stuck(partition: i32, next_offset: i64, is_in_doubt: bool) -> StuckPartition {
        StuckPartition {
            at: TopicPartition { partition, topic: 0 },
            topic: "tickets".to_owned(),
            next_offset: Some(next_offset),
            is_in_doubt,
        }
    }

    #[test]
    fn only_a_partition_that_stays_at_one_offset_ends_the_service() {
        let (mut watchdog, start) = (Watchdog::default(), Instant::now());
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        assert_eq!(watchdog.review(vec![stuck(1, 7, false), stuck(2, 7, true)], start), Ok(()));
        assert_eq!(watchdog.review(vec![stuck(1, 8, false), stuck(2, 7, true)], at(4)), Ok(()), "it moved");
        assert_eq!(watchdog.review(vec![stuck(1, 8, false), stuck(2, 7, true)], at(8)), Ok(()), "a doubt ends nothing");
        let failure = watchdog.review(vec![stuck(1, 8, false)], at(9)).unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        assert!(failure.to_string().contains("tickets/1 for 6 minutes") && failure.to_string().contains("offset 8"), "{failure}");
        assert_eq!(watchdog.review(Vec::new(), at(10)), Ok(()));
        assert_eq!(watchdog.review(vec![stuck(1, 8, false)], at(11)), Ok(()), "it was read in between");
    }
}
