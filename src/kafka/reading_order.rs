//! From which topic of a partition group the next records are taken, so that tickets, chats and surveys meet in the order of their times.
//!
//! Does not know queues or records.

use super::partition_progress::PartitionProgress;

/// Chooses the partition with the oldest last record among the partitions that have not reached their log end. When all have reached it, chooses among
/// all of them. Leaves out the partitions whose queue `is_empty`.
///
/// Gives the index of the partition, and the record timestamp up to which to take its records (milliseconds since 1970): the last timestamp of the
/// partition that would be chosen next.
pub(super) fn choose(group: &[PartitionProgress], is_empty: &[bool]) -> Option<(usize, i64)> {
    let rank = |progress: &PartitionProgress| (progress.is_at_end(), progress.last_timestamp().unwrap_or(i64::MIN));
    let mut best: Option<(usize, (bool, i64))> = None;
    let mut second: Option<(bool, i64)> = None;
    for (index, progress) in group.iter().enumerate().filter(|(index, _)| !is_empty[*index]) {
        let rank = rank(progress);
        match best {
            Some((_, least)) if rank >= least => second = Some(second.map_or(rank, |other| other.min(rank))),
            Some((_, least)) => {
                second = Some(least);
                best = Some((index, rank));
            }
            None => best = Some((index, rank)),
        }
    }
    let (index, (is_at_end, _)) = best?;
    // A partition at its end only takes the records that came in since; no other partition has to wait for it.
    let bound = second.filter(|(other_is_at_end, _)| *other_is_at_end == is_at_end).map_or(i64::MAX, |(_, timestamp)| timestamp);
    Some((index, bound))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::partition_progress::TopicPartition;
    use super::*;

    #[test]
    fn the_next_records_come_from_the_partition_that_lags_most_in_time() {
        let now = Instant::now();
        let mut group = [0, 1, 2].map(|topic| PartitionProgress::new(TopicPartition { topic, partition: 0 }, None));
        assert_eq!(choose(&group, &[false; 3]), Some((0, i64::MIN)), "one record of each that was never read");
        group[0].note_record(0, Some(500));
        assert_eq!(choose(&group, &[false; 3]), Some((1, i64::MIN)));
        group[1].note_record(0, Some(300));
        group[2].note_record(0, Some(400));
        assert_eq!(choose(&group, &[false; 3]), Some((1, 400)), "until it passes the next oldest");
        assert_eq!(choose(&group, &[false, true, false]), Some((2, 500)), "an empty queue holds nobody up");
        group[1].note_log(0..1, now);
        assert!(group[1].is_at_end());
        assert_eq!(choose(&group, &[false; 3]), Some((2, 500)), "one at its end does not come first, however old its last record");
        assert_eq!(choose(&group, &[true, false, true]), Some((1, i64::MAX)));
        assert_eq!(choose(&group, &[true; 3]), None);
    }
}
