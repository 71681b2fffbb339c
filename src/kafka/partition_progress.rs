//! How far one topic partition has been read: the next offset, the log's start and end, whether the end was reached, and what was lost on the way.
//!
//! Does not know rdkafka or the wall clock. Instants are arguments.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::log_identity::{LastRecord, LogIdentity, TopicId};
use super::losses::{Loss, UnjudgedSkips};
use super::undecodable::UndecodableReason;

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
/// A partition that has not moved for this long, although its log holds records to read, is stuck.
pub(super) const STUCK_AFTER: Duration = Duration::from_secs(60);
/// A partition that has not moved for this long is asked for its last stable offset.
const STILL_AFTER: Duration = Duration::from_secs(15);
/// A partition that has not moved for this long is looked at: its next batch may be one that cannot be read.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(8);
/// The statistics of the client speak of the time before a seek for so long.
const STATISTICS_LAG: Duration = Duration::from_secs(2);
/// A last stable offset is good for this long.
const STABLE_END_FRESH: Duration = Duration::from_secs(30);

/// Where the log began when reading of it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStart {
    /// At offset 0: nothing was ever removed.
    Whole,
    /// Above offset 0: the first record that remains has been taken.
    FirstRecord,
    /// Reading began at this record timestamp (milliseconds since 1970), whatever the log holds before it.
    Since(i64),
    /// Above offset 0, and at this instant the log held no record.
    EmptyAsOf(Instant),
}

/// How far one assigned topic partition has been read.
#[derive(Clone, Debug)]
pub struct PartitionProgress {
    at: TopicPartition,
    /// The next offset to take. Where reading begins at the log's start, it is unknown until the first record.
    next_offset: Option<i64>,
    /// The offset of the first record taken since the assignment.
    first_offset: Option<i64>,
    /// The offset and the record timestamp (milliseconds since 1970) at which reading began, where it began at a time.
    start_at_time: Option<(i64, i64)>,
    /// The timestamp of the last record taken, in milliseconds since 1970.
    last_timestamp: Option<i64>,
    identity: LogIdentity,
    /// The log as of the latest look.
    log: Option<LogRange>,
    /// The log as of the first look after the assignment.
    log_at_assignment: Option<LogRange>,
    /// The offset at which librdkafka has seen the end. Its queue was not found empty since.
    reported_end: Option<i64>,
    skips: UnjudgedSkips,
    has_reached_assignment_end: bool,
    /// Whether everything was read once that can be read, which an open transaction may hold back from the log end.
    has_reached_readable_end: bool,
    /// When the latest log end that was reached had been asked for; `None` while none was reached since the assignment.
    end_reached_as_of: Option<Instant>,
    movement: Movement,
    /// The log went on below what was read of it. Nothing is taken before it is decided whether it is another log.
    is_in_doubt: bool,
    /// Nothing is taken, because the next batch cannot be read.
    hold: Option<Hold>,
    /// When the client was last told where to go on.
    sought_at: Option<Instant>,
}

/// The offsets that a log holds.
#[derive(Clone, Copy, Debug)]
struct LogRange {
    start: i64,
    end: i64,
    /// When it was asked for. Every record sent before that has a smaller offset than the end.
    asked_at: Instant,
}

/// Whether a partition moves.
#[derive(Clone, Debug, Default)]
struct Movement {
    /// The next offset at the latest look, and the first look that saw it.
    still: Option<(Option<i64>, Instant)>,
    /// The queue was found empty since the latest look.
    was_empty: bool,
    /// The last stable offset, and when it was asked for.
    stable_end: Option<(i64, Instant)>,
}

/// Why nothing is taken from a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// What came next could not be read. It is looked whether that was an accident, and where the batch ends.
    Searching,
    /// A batch that cannot be read is not passed over, by configuration.
    Paused {
        /// The offsets of the batch.
        offsets: Range<i64>,
        /// Why it cannot be read.
        reason: UndecodableReason,
    },
}

impl PartitionProgress {
    /// A partition that was just assigned. It is read from `next_offset`, or from its log's start where that is `None`.
    #[must_use]
    pub fn new(at: TopicPartition, next_offset: Option<i64>) -> Self {
        Self {
            at,
            next_offset,
            first_offset: None,
            start_at_time: None,
            last_timestamp: None,
            identity: LogIdentity::default(),
            log: None,
            log_at_assignment: None,
            reported_end: None,
            skips: UnjudgedSkips::default(),
            has_reached_assignment_end: false,
            has_reached_readable_end: false,
            end_reached_as_of: None,
            movement: Movement::default(),
            is_in_doubt: false,
            hold: None,
            sought_at: None,
        }
    }

    /// The same partition with what is known of its log from before the assignment.
    #[must_use]
    pub(super) fn of_log(self, identity: LogIdentity) -> Self {
        let last_timestamp = identity.last_record.and_then(|record| record.timestamp_ms);
        Self { identity, last_timestamp, ..self }
    }

    /// The same partition, of which no record before this timestamp is read. In milliseconds since 1970.
    #[must_use]
    pub(super) fn starting_at(self, next_offset: i64, start_time: i64) -> Self {
        Self { next_offset: Some(next_offset), start_at_time: Some((next_offset, start_time)), ..self }
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

    /// The timestamp of the last record taken, in milliseconds since 1970.
    #[must_use]
    pub fn last_timestamp(&self) -> Option<i64> {
        self.last_timestamp
    }

    /// By what the log is recognised: the id of the topic, and the last record of a turn.
    #[must_use]
    pub fn identity(&self) -> LogIdentity {
        self.identity
    }

    /// Where the log began when reading of it began; `None` while this is not known.
    #[must_use]
    pub fn log_start(&self) -> Option<LogStart> {
        let log = self.log_at_assignment?;
        // The log may have lost records between the first record and the look.
        let start = self.first_offset.map_or(log.start, |first| log.start.min(first));
        match self.start_at_time {
            Some((offset, time)) if offset > log.start => return Some(LogStart::Since(time)),
            _ if start == 0 => return Some(LogStart::Whole),
            _ => {}
        }
        if self.first_offset.is_some() {
            return Some(LogStart::FirstRecord);
        }
        let is_empty = log.start >= log.end || self.has_reached_readable_end;
        is_empty.then_some(LogStart::EmptyAsOf(log.asked_at))
    }

    /// Whether the log end that was last seen has been reached.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.log.is_some_and(|log| self.next_offset.unwrap_or(log.start) >= log.end)
    }

    /// Whether everything that could be read was read at least once since the assignment, however far the log has grown since.
    #[must_use]
    pub fn has_reached_end(&self) -> bool {
        self.end_reached_as_of.is_some() || self.has_reached_readable_end
    }

    /// Whether everything has been read that was in the log at the assignment and could be read. Records of open transactions cannot.
    #[must_use]
    pub fn has_reached_assignment_end(&self) -> bool {
        self.has_reached_assignment_end
    }

    /// The number of offsets left to read up to the log end that was last seen, whether or not an open transaction holds them back; `None` before the
    /// first look.
    #[must_use]
    pub fn lag_records(&self) -> Option<i64> {
        let log = self.log?;
        Some((log.end - self.next_offset.unwrap_or(log.start)).max(0))
    }

    /// The log end that was last seen.
    #[must_use]
    pub fn log_end(&self) -> Option<i64> {
        self.log.map(|log| log.end)
    }

    /// The instant up to which every record sent has certainly been read. It is `now` where the log end is reached and was seen within the last three
    /// seconds; else it is the instant at which the latest log end that was reached had been asked for. `None` before the first one.
    #[must_use]
    pub fn seen_through(&self, now: Instant) -> Option<Instant> {
        let reached_as_of = self.end_reached_as_of?;
        let is_fresh = self.is_at_end() && now.saturating_duration_since(reached_as_of) <= FRESH;
        Some(if is_fresh { now } else { reached_as_of })
    }

    /// Whether the partition has not moved for a minute, although its queue is empty, the brokers know its log end, and the log holds records below its
    /// last stable offset. Also whether nothing is taken because the log went back and it is not decided whether it is another log.
    #[must_use]
    pub fn is_stuck(&self, now: Instant) -> bool {
        let has_readable = |(end, asked_at): (i64, Instant)| {
            now.saturating_duration_since(asked_at) <= STABLE_END_FRESH && self.next_offset.is_none_or(|next| next < end)
        };
        self.is_in_doubt || (self.is_still_for(STUCK_AFTER, now) && self.movement.stable_end.is_some_and(has_readable))
    }

    /// Whether the last stable offset is needed to tell whether the partition is stuck.
    pub(super) fn needs_stable_end(&self, now: Instant) -> bool {
        self.is_still_for(STILL_AFTER, now)
    }

    /// Whether it is to be decided whether the log is another one.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// Whether a record at this offset is to be taken. A record below what was read raises a doubt.
    #[inline]
    pub(super) fn admits(&mut self, offset: i64) -> bool {
        if self.next_offset.is_none_or(|next| offset >= next) {
            return true;
        }
        self.is_in_doubt = true;
        false
    }

    /// The log is the one that was read before, and the client was told to go on at the next offset.
    pub(super) fn settle_doubt(&mut self) {
        self.is_in_doubt = false;
        self.note_seek();
    }

    /// Whether the next record passes offsets over and lies at or beyond the log end that was last seen. Then the log end of its fetch decides whether
    /// the offset can be true.
    #[inline]
    pub(super) fn is_leap(&self, offset: i64) -> bool {
        let next = self.next_offset.or(self.log.map(|log| log.start)).unwrap_or(0);
        offset > next && self.log.is_none_or(|log| offset >= log.end)
    }

    /// Why nothing is taken; `None` while records are.
    #[must_use]
    pub fn hold(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// Takes nothing until [`Self::release`].
    pub(super) fn set_hold(&mut self, hold: Hold) {
        self.hold = Some(hold);
    }

    /// The client was told to go on at the next offset.
    pub(super) fn release(&mut self) {
        self.hold = None;
        self.note_seek();
    }

    /// The offsets up to `next_offset` are passed over, because they cannot be read.
    pub(super) fn pass_over(&mut self, next_offset: i64) {
        self.next_offset = self.next_offset.max(Some(next_offset));
        self.update_ends_reached();
    }

    /// Whether the partition has stood still for so long, although its log goes on, that its next batch is to be looked at.
    pub(super) fn is_to_be_looked_at(&self, now: Instant) -> bool {
        self.hold.is_none() && self.is_still_for(LOOKED_AT_AFTER, now)
    }

    /// What the client said of the end before it was told where to go on means nothing any more.
    fn note_seek(&mut self) {
        self.reported_end = None;
        self.sought_at = Some(Instant::now());
    }

    /// A record was taken.
    #[inline]
    pub(super) fn note_record(&mut self, offset: i64, timestamp: Option<i64>) {
        if let Some(next) = self.next_offset
            && next < offset
        {
            self.skips.add(next..offset, self.last_timestamp, timestamp);
        }
        self.first_offset.get_or_insert(offset);
        self.next_offset = Some(offset + 1);
        self.last_timestamp = timestamp.or(self.last_timestamp);
        self.update_ends_reached();
    }

    /// The last record of a turn, by which the log is recognised.
    pub(super) fn note_last_record(&mut self, record: LastRecord) {
        self.identity.last_record = Some(record);
    }

    /// The id of the topic was given by the brokers.
    pub(super) fn note_topic_id(&mut self, topic_id: TopicId) {
        self.identity.topic_id = Some(topic_id);
    }

    /// The statistics say that librdkafka has seen the end of the partition at this offset: everything below it was fetched.
    pub(super) fn note_reported_end(&mut self, offset: i64) {
        // A client that read nonsense has seen an end that it did not read up to.
        if self.hold.is_some() || self.sought_at.is_some_and(|at| at.elapsed() < STATISTICS_LAG) {
            return;
        }
        self.reported_end = self.reported_end.max(Some(offset));
    }

    /// The queue of the partition was found empty. So everything below an end that was reported before has been taken, and the offsets between the last
    /// record and it hold none that can be read.
    pub(super) fn note_queue_empty(&mut self) {
        self.movement.was_empty = true;
        let Some(end) = self.reported_end.take() else { return };
        if self.next_offset.is_some_and(|next| next > end) {
            return;
        }
        if let Some(next) = self.next_offset
            && next < end
        {
            self.skips.add(next..end, self.last_timestamp, None);
        }
        self.next_offset = Some(end);
        self.has_reached_readable_end = true;
        self.update_ends_reached();
    }

    /// The brokers gave the offsets of the log that were asked for at `asked_at`. Gives the losses that this look shows.
    pub(super) fn note_log(&mut self, offsets: Range<i64>, asked_at: Instant) -> Vec<Loss> {
        let log = LogRange { start: offsets.start, end: offsets.end, asked_at };
        self.log = Some(log);
        self.log_at_assignment.get_or_insert(log);
        // A partition whose queue was not looked at since waits for its turn, and is not still.
        let was_empty = std::mem::take(&mut self.movement.was_empty);
        if !was_empty || self.movement.still.is_none_or(|(next, _)| next != self.next_offset) {
            self.movement.still = Some((self.next_offset, asked_at));
        }
        self.update_ends_reached();
        self.skips.judge(log.start, asked_at)
    }

    /// The brokers gave the last stable offset, below which every transaction has ended.
    pub(super) fn note_stable_end(&mut self, offset: i64, asked_at: Instant) {
        self.movement.stable_end = Some((offset, asked_at));
    }

    /// Whether the partition has records to read, has a leader that tells its log end, and has not moved for so long.
    pub(super) fn is_still_for(&self, length: Duration, now: Instant) -> bool {
        let is_still = self.movement.still.is_some_and(|(_, since)| now.saturating_duration_since(since) >= length);
        let has_leader = self.log.is_some_and(|log| now.saturating_duration_since(log.asked_at) <= FRESH);
        is_still && has_leader && !self.is_at_end()
    }

    #[inline]
    fn update_ends_reached(&mut self) {
        let at_end = self.is_at_end();
        if at_end && let Some(log) = self.log {
            self.end_reached_as_of = Some(log.asked_at);
        }
        self.has_reached_assignment_end |= at_end
            || self.has_reached_readable_end
            || self.log_at_assignment.zip(self.next_offset).is_some_and(|(log, next)| next >= log.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::losses::LossEnd;
    use super::*;

    fn unread() -> PartitionProgress {
        PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, None)
    }

    fn resumed(next_offset: i64) -> PartitionProgress {
        PartitionProgress::new(TopicPartition { topic: 0, partition: 0 }, Some(next_offset))
    }

    #[test]
    fn the_end_is_reached_by_offset_and_left_when_the_log_grows() {
        let now = Instant::now();
        let mut progress = unread();
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, None), "nothing is known before the first look");
        progress.note_log(0..2, now);
        assert_eq!((progress.is_at_end(), progress.lag_records(), progress.seen_through(now)), (false, Some(2), None));
        progress.note_record(0, Some(1));
        progress.note_record(1, Some(2));
        assert_eq!((progress.is_at_end(), progress.lag_records(), progress.seen_through(now)), (true, Some(0), Some(now)));
        assert!(progress.has_reached_assignment_end() && progress.has_reached_end());
        progress.note_log(0..5, now + FRESH);
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, Some(3)));
        assert!(progress.has_reached_end(), "it was reached once");
        assert_eq!(progress.seen_through(now + FRESH), Some(now), "what was seen stays seen while new records are on their way");
    }

    #[test]
    fn an_empty_partition_is_at_its_end_and_a_resumed_one_counts_from_its_own_offset() {
        let now = Instant::now();
        for empty in [0..0, 50..50] {
            let mut progress = unread();
            progress.note_log(empty, now);
            assert!(progress.is_at_end() && progress.has_reached_assignment_end());
        }
        let mut resumed = resumed(7);
        resumed.note_log(0..7, now);
        assert!(resumed.is_at_end());
    }

    #[test]
    fn a_reported_end_counts_once_the_queue_is_empty_and_only_up_to_its_own_offset() {
        let now = Instant::now();
        let mut progress = unread();
        progress.note_log(0..10, now);
        progress.note_record(7, Some(1));
        assert!(!progress.is_at_end(), "offsets 8 and 9 may be records");
        progress.note_reported_end(10);
        assert!(!progress.is_at_end(), "records below it may still be in the queue");
        progress.note_queue_empty();
        assert!(progress.is_at_end(), "they hold transaction markers");
        progress.note_log(0..6_010, now);
        progress.note_queue_empty();
        progress.note_log(0..6_010, now);
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, Some(6_000)), "two equal looks confirm nothing");
        progress.note_record(10, Some(2));
        progress.note_reported_end(8);
        progress.note_queue_empty();
        assert_eq!(progress.next_offset(), Some(11), "a late report takes nothing back");
    }

    #[test]
    fn an_open_transaction_shows_as_lag_and_is_not_waited_for() {
        let now = Instant::now();
        let mut progress = unread();
        progress.note_log(0..600, now);
        (0..99).for_each(|offset| progress.note_record(offset, Some(1)));
        progress.note_reported_end(100);
        progress.note_queue_empty();
        assert_eq!((progress.is_at_end(), progress.lag_records()), (false, Some(500)));
        assert!(progress.has_reached_end() && progress.has_reached_assignment_end());
        assert_eq!(progress.seen_through(now), None, "what the transaction hides was not seen");
    }

    #[test]
    fn a_loss_is_what_lies_below_the_logs_start_wherever_reading_goes_on() {
        let now = Instant::now();
        let after = |ms| now + Duration::from_secs(ms);
        let mut progress =
            resumed(7).of_log(LogIdentity { topic_id: None, last_record: Some(LastRecord { offset: 6, timestamp_ms: Some(60), hash: 0 }) });
        progress.note_record(10, Some(90));
        assert_eq!(progress.note_log(10..12, after(1)), [Loss { offsets: 7..10, from_ms: Some(60), to: LossEnd::Record(90) }]);
        progress.note_record(15, Some(95));
        assert_eq!(progress.note_log(10..16, after(2)), [], "a marker or a compacted record");
        assert_eq!(unread().note_log(5..9, now), [], "a log may begin anywhere");
        let mut emptied = resumed(7);
        emptied.note_log(20..20, after(1));
        emptied.note_reported_end(20);
        emptied.note_queue_empty();
        assert_eq!(emptied.note_log(20..20, after(2)), [Loss { offsets: 7..20, from_ms: None, to: LossEnd::Look(after(2)) }]);
    }

    #[test]
    fn where_the_log_began_is_told_once_it_is_certain() {
        let now = Instant::now();
        let mut whole = unread();
        assert_eq!(whole.log_start(), None);
        whole.note_log(0..5, now);
        assert_eq!(whole.log_start(), Some(LogStart::Whole));
        let mut cut = unread();
        cut.note_log(3..5, now);
        assert_eq!(cut.log_start(), None, "its first record is still to come");
        cut.note_record(3, Some(1));
        assert_eq!(cut.log_start(), Some(LogStart::FirstRecord));
        let mut emptied = unread();
        emptied.note_log(5..5, now);
        assert_eq!(emptied.log_start(), Some(LogStart::EmptyAsOf(now)));
        let mut raced = unread();
        raced.note_record(0, Some(1));
        raced.note_log(3..5, now);
        assert_eq!(raced.log_start(), Some(LogStart::Whole), "it was whole when reading began");
        let mut timed = unread().starting_at(40, 900);
        timed.note_log(3..50, now);
        assert_eq!(timed.log_start(), Some(LogStart::Since(900)));
        let mut cut_later = unread().starting_at(3, 900);
        cut_later.note_log(3..50, now);
        cut_later.note_record(3, Some(950));
        assert_eq!(cut_later.log_start(), Some(LogStart::FirstRecord), "the time lies before what is left");
        let mut all = unread().starting_at(0, 900);
        all.note_log(0..50, now);
        assert_eq!(all.log_start(), Some(LogStart::Whole));
    }

    #[test]
    fn a_broker_that_stops_answering_stops_what_has_been_seen() {
        let start = Instant::now();
        let mut progress = unread();
        progress.note_log(0..0, start);
        assert_eq!(progress.seen_through(start + FRESH), Some(start + FRESH));
        assert_eq!(progress.seen_through(start + FRESH * 2), Some(start));
    }

    #[test]
    fn only_a_partition_that_could_move_is_stuck() {
        let start = Instant::now();
        let look = |progress: &mut PartitionProgress, seconds: u64, end: i64, stable: i64| {
            progress.note_queue_empty();
            let now = start + Duration::from_secs(seconds);
            progress.note_log(0..end, now);
            progress.note_stable_end(stable, now);
            progress.is_stuck(now)
        };
        let mut progress = resumed(5);
        assert!(!look(&mut progress, 0, 9, 9));
        assert!(!look(&mut progress, 59, 9, 9));
        assert!(look(&mut progress, 60, 9, 9) && progress.needs_stable_end(start + STUCK_AFTER));
        assert!(!progress.is_stuck(start + STUCK_AFTER + FRESH * 2), "without a leader it cannot move");
        assert!(!look(&mut progress, 61, 9, 5), "an open transaction holds the records back");
        progress.note_record(5, None);
        assert!(!look(&mut progress, 62, 9, 9), "it moved");
        let now = start + Duration::from_secs(200);
        progress.note_log(0..9, now);
        assert!(!progress.is_stuck(now), "its queue was not looked at: it waits for its turn");
    }

    #[test]
    fn a_log_that_goes_back_is_not_read_until_it_is_known_for_the_same() {
        let mut progress = resumed(5);
        assert!(progress.admits(5) && !progress.is_in_doubt());
        assert!(!progress.admits(2) && progress.is_in_doubt() && progress.is_stuck(Instant::now()));
        progress.settle_doubt();
        assert!(progress.admits(5) && !progress.is_in_doubt(), "the client goes on where it was");
    }

    #[test]
    fn a_partition_that_is_held_is_not_at_its_end_whatever_the_client_says() {
        let now = Instant::now();
        let mut progress = resumed(5);
        progress.note_log(0..20, now);
        progress.set_hold(Hold::Searching);
        progress.note_reported_end(20);
        progress.note_queue_empty();
        assert_eq!((progress.is_at_end(), progress.has_reached_end(), progress.lag_records()), (false, false, Some(15)));
        progress.release();
        progress.note_reported_end(20);
        progress.note_queue_empty();
        assert_eq!(progress.next_offset(), Some(5), "the statistics are from before");
        progress.pass_over(20);
        assert!(progress.is_at_end() && progress.has_reached_end());
        progress.pass_over(7);
        assert_eq!(progress.next_offset(), Some(20));
    }

    #[test]
    fn only_a_record_beyond_the_seen_end_that_passes_offsets_over_is_a_leap() {
        let mut progress = resumed(5);
        assert!(!progress.is_leap(5) && progress.is_leap(6), "no end was seen");
        progress.note_log(0..10, Instant::now());
        assert!(!progress.is_leap(9) && progress.is_leap(10) && progress.is_leap(1 << 40));
        progress.note_record(9, None);
        assert!(!progress.is_leap(10), "the next record of a growing log");
    }
}
