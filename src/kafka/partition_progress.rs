//! How far one topic partition has been read: the next offset, the log end, and whether the end was reached.
//!
//! Does not know rdkafka, and reads no clock: instants are arguments.

use std::ops::Range;
use std::time::{Duration, Instant};

/// One partition of one input topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The partition number, which is also the number of its partition group.
    pub partition: i32,
    /// The index of the topic in configured order.
    pub topic: usize,
}

/// An answer about the log end proves for this long that the broker answers.
pub(super) const FRESH: Duration = Duration::from_secs(3);

/// How far one assigned topic partition has been read.
#[derive(Clone, Debug)]
pub struct PartitionProgress {
    at: TopicPartition,
    /// The next offset to take. Where reading begins at the log's start, it is unknown until the first record.
    next_offset: Option<i64>,
    /// The offset at which reading resumes, until the first record is taken.
    resumed_at: Option<i64>,
    /// The timestamp of the last record taken, in milliseconds since 1970.
    last_timestamp: Option<i64>,
    log_end: Option<LogEnd>,
    /// The first log end that was seen after the assignment.
    log_end_at_assignment: Option<i64>,
    /// librdkafka reported the end of the partition, and no record came since.
    end_of_partition: Option<EndOfPartition>,
    has_reached_assignment_end: bool,
    /// When the latest log end that was reached had been asked for; `None` while none was reached since the assignment.
    end_reached_as_of: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct LogEnd {
    offset: i64,
    /// When it was asked for. Every record sent before that has a smaller offset.
    asked_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct EndOfPartition {
    /// The log end that was known when librdkafka reported the end; `None` until one is known.
    log_end: Option<i64>,
    /// A later answer gave the same log end: there are no records between the last record and it.
    is_confirmed: bool,
}

impl PartitionProgress {
    /// A partition that was just assigned. It is read from `next_offset`, or from its log's start where that is `None`.
    #[must_use]
    pub fn new(at: TopicPartition, next_offset: Option<i64>) -> Self {
        Self {
            at,
            next_offset,
            resumed_at: next_offset,
            last_timestamp: None,
            log_end: None,
            log_end_at_assignment: None,
            end_of_partition: None,
            has_reached_assignment_end: false,
            end_reached_as_of: None,
        }
    }

    /// The topic partition.
    #[must_use]
    pub fn at(&self) -> TopicPartition {
        self.at
    }

    /// The least offset that the next record can have; `None` while it can have any offset.
    #[must_use]
    pub fn next_offset(&self) -> Option<i64> {
        self.next_offset
    }

    /// The timestamp of the last record taken since the assignment, in milliseconds since 1970.
    #[must_use]
    pub fn last_timestamp(&self) -> Option<i64> {
        self.last_timestamp
    }

    /// Whether the log end that was last seen has been reached.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        let Some(end) = self.log_end else { return false };
        end.offset == 0
            || self.next_offset.is_some_and(|next| next >= end.offset)
            || self.end_of_partition.is_some_and(|end| end.is_confirmed)
    }

    /// Whether a log end was reached at least once since the assignment, however far the log has grown since.
    #[must_use]
    pub fn has_reached_end(&self) -> bool {
        self.end_reached_as_of.is_some()
    }

    /// Whether everything that was in the log at the assignment has been read.
    #[must_use]
    pub fn has_reached_assignment_end(&self) -> bool {
        self.has_reached_assignment_end
    }

    /// The number of records left to read up to the log end that was last seen; `None` before the first one.
    #[must_use]
    pub fn lag_records(&self) -> Option<i64> {
        let end = self.log_end?;
        if self.is_at_end() { Some(0) } else { Some((end.offset - self.next_offset.unwrap_or(0)).max(0)) }
    }

    /// The instant up to which every record sent has certainly been read. It is `now` where the log end is reached and was seen within the last three
    /// seconds; else it is the instant at which the latest log end that was reached had been asked for. `None` before the first one.
    #[must_use]
    pub fn seen_through(&self, now: Instant) -> Option<Instant> {
        let reached_as_of = self.end_reached_as_of?;
        let is_fresh = self.is_at_end() && now.saturating_duration_since(reached_as_of) <= FRESH;
        Some(if is_fresh { now } else { reached_as_of })
    }

    /// A record was taken. Gives the offsets that the log skipped before the first record of a resumed partition.
    pub(super) fn note_record(&mut self, offset: i64, timestamp: Option<i64>) -> Option<Range<i64>> {
        let skipped = self.resumed_at.take().filter(|resumed_at| *resumed_at < offset).map(|resumed_at| resumed_at..offset);
        self.next_offset = Some(offset + 1);
        self.last_timestamp = timestamp.or(self.last_timestamp);
        self.end_of_partition = None;
        self.update_ends_reached();
        skipped
    }

    /// librdkafka reported the end of the partition, and every record before it was taken.
    pub(super) fn note_end_of_partition(&mut self) {
        self.end_of_partition = Some(EndOfPartition { log_end: self.log_end.map(|end| end.offset), is_confirmed: false });
    }

    /// The brokers gave the log end that was asked for at `asked_at`.
    pub(super) fn note_log_end(&mut self, offset: i64, asked_at: Instant) {
        self.log_end = Some(LogEnd { offset, asked_at });
        self.log_end_at_assignment.get_or_insert(offset);
        // The end-of-partition event may be older than this answer, and records behind it may not have been taken yet. Only when two answers give the
        // same log end is it certain that no record is left before it.
        if let Some(end) = &mut self.end_of_partition {
            end.is_confirmed = end.log_end == Some(offset);
            end.log_end = Some(offset);
        }
        self.update_ends_reached();
    }

    fn update_ends_reached(&mut self) {
        let at_end = self.is_at_end();
        if at_end && let Some(end) = self.log_end {
            self.end_reached_as_of = Some(end.asked_at);
        }
        self.has_reached_assignment_end |=
            at_end || self.log_end_at_assignment.zip(self.next_offset).is_some_and(|(end, next)| next >= end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread() -> PartitionProgress {
        PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, None)
    }

    #[test]
    fn the_end_is_reached_by_offset_and_left_when_the_log_grows() {
        let now = Instant::now();
        let mut progress = unread();
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, None), "nothing is known before the first look");
        progress.note_log_end(2, now);
        assert_eq!((progress.is_at_end(), progress.lag_records(), progress.seen_through(now)), (false, Some(2), None));
        progress.note_record(0, Some(1));
        progress.note_record(1, Some(2));
        assert_eq!((progress.is_at_end(), progress.lag_records(), progress.seen_through(now)), (true, Some(0), Some(now)));
        assert!(progress.has_reached_assignment_end() && progress.has_reached_end());
        progress.note_log_end(5, now + FRESH);
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, Some(3)));
        assert!(progress.has_reached_end(), "it was reached once");
        assert_eq!(progress.seen_through(now + FRESH), Some(now), "what was seen stays seen while new records are on their way");
    }

    #[test]
    fn an_empty_partition_is_at_its_end_and_a_resumed_one_counts_from_its_own_offset() {
        let now = Instant::now();
        let mut empty = unread();
        empty.note_log_end(0, now);
        assert!(empty.is_at_end() && empty.has_reached_assignment_end());
        let mut resumed = PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        resumed.note_log_end(7, now);
        assert!(resumed.is_at_end());
    }

    #[test]
    fn offsets_passed_over_where_reading_goes_on_are_told_once() {
        let mut resumed = PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        assert_eq!(resumed.note_record(10, None), Some(7..10));
        assert_eq!(resumed.note_record(12, None), None, "gaps within the log are normal");
        let mut unbroken = PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        assert_eq!(unbroken.note_record(7, None), None);
        assert_eq!(unread().note_record(3, None), None, "a log may begin anywhere");
    }

    #[test]
    fn offsets_without_records_do_not_hide_the_end_but_unread_records_do() {
        let now = Instant::now();
        let mut progress = unread();
        progress.note_log_end(10, now);
        progress.note_record(7, Some(1));
        assert!(!progress.is_at_end(), "offsets 8 and 9 may be records");
        progress.note_end_of_partition();
        assert!(!progress.is_at_end(), "the event may be older than the look");
        progress.note_log_end(10, now);
        assert!(progress.is_at_end(), "they hold transaction markers");
        progress.note_log_end(11, now);
        assert!(!progress.is_at_end(), "something came");
        progress.note_record(10, Some(2));
        assert!(progress.is_at_end());
    }

    #[test]
    fn a_broker_that_stops_answering_stops_what_has_been_seen() {
        let start = Instant::now();
        let mut progress = unread();
        progress.note_log_end(0, start);
        assert_eq!(progress.seen_through(start + FRESH), Some(start + FRESH));
        assert_eq!(progress.seen_through(start + FRESH * 2), Some(start));
    }
}
