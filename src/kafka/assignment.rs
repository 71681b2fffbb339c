//! The partitions of this member: how far each has been read, and from which the next records come. Pure: no rdkafka, instants are arguments.

use std::ops::Range;
use std::time::{Duration, Instant};

/// One partition of one input topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The partition number: the partition group.
    pub partition: i32,
    /// The index of the topic in configured order.
    pub topic: usize,
}

/// How old a look at the log end may be while it still says that the broker answers.
pub(super) const FRESH: Duration = Duration::from_secs(3);

/// What is known about one assigned topic partition.
#[derive(Clone, Debug)]
pub struct Feed {
    at: TopicPartition,
    /// The next offset to take; unknown until the first record where reading began at the log's start.
    next_offset: Option<i64>,
    /// Where reading was to go on, until the first record came.
    resumed_at: Option<i64>,
    /// The timestamp of the last record taken, in milliseconds since 1970.
    last_timestamp: Option<i64>,
    log_end: Option<LogEnd>,
    /// The log end that was seen first after the assignment.
    log_end_at_assignment: Option<i64>,
    /// librdkafka said that it reached the end, and no record came since; with the log end known then.
    drained: Option<Drained>,
    has_reached_assignment_end: bool,
    /// The moment of the latest look whose log end was reached; `None` while none was since the assignment.
    end_reached_as_of: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct LogEnd {
    offset: i64,
    /// When it was asked for: everything sent before lies below it.
    asked_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Drained {
    /// The log end that was known when librdkafka said so; `None` until one is.
    below: Option<i64>,
    /// A later look found the log end unmoved: what lies between the last record and it holds no records.
    confirmed: bool,
}

impl Feed {
    /// A partition that was just assigned, to be read from `next_offset`, or from its log's start.
    #[must_use]
    pub fn new(at: TopicPartition, next_offset: Option<i64>) -> Self {
        Self {
            at,
            next_offset,
            resumed_at: next_offset,
            last_timestamp: None,
            log_end: None,
            log_end_at_assignment: None,
            drained: None,
            has_reached_assignment_end: false,
            end_reached_as_of: None,
        }
    }

    /// Which partition this is.
    #[must_use]
    pub fn at(&self) -> TopicPartition {
        self.at
    }

    /// The least offset that the next record can have; `None` while it can have any.
    #[must_use]
    pub fn next_offset(&self) -> Option<i64> {
        self.next_offset
    }

    /// The timestamp of the last record taken since the assignment, in milliseconds since 1970.
    #[must_use]
    pub fn last_timestamp(&self) -> Option<i64> {
        self.last_timestamp
    }

    /// Whether everything has been read that was there at the last look.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        let Some(end) = self.log_end else { return false };
        end.offset == 0 || self.next_offset.is_some_and(|next| next >= end.offset) || self.drained.is_some_and(|drained| drained.confirmed)
    }

    /// Whether the end was reached at least once since the assignment, however far the log has grown since.
    #[must_use]
    pub fn has_reached_end(&self) -> bool {
        self.end_reached_as_of.is_some()
    }

    /// Whether what was in the log at the assignment has been read.
    #[must_use]
    pub fn has_reached_assignment_end(&self) -> bool {
        self.has_reached_assignment_end
    }

    /// Records left to read as of the last look; `None` before the first.
    #[must_use]
    pub fn lag_records(&self) -> Option<i64> {
        let end = self.log_end?;
        if self.is_at_end() { Some(0) } else { Some((end.offset - self.next_offset.unwrap_or(0)).max(0)) }
    }

    /// Until when everything sent has certainly been read: `now` where the end is reached and the look at it is fresh, else the moment of the
    /// latest look whose log end was reached. `None` before the first.
    #[must_use]
    pub fn seen_through(&self, now: Instant) -> Option<Instant> {
        let reached_as_of = self.end_reached_as_of?;
        let is_fresh = self.is_at_end() && now.saturating_duration_since(reached_as_of) <= FRESH;
        Some(if is_fresh { now } else { reached_as_of })
    }

    /// A record was taken. Gives the offsets that were passed over before the first one of a resumed partition.
    pub(super) fn taken(&mut self, offset: i64, timestamp: Option<i64>) -> Option<Range<i64>> {
        let skipped = self.resumed_at.take().filter(|resumed_at| *resumed_at < offset).map(|resumed_at| resumed_at..offset);
        self.next_offset = Some(offset + 1);
        self.last_timestamp = timestamp.or(self.last_timestamp);
        self.drained = None;
        self.note_progress();
        skipped
    }

    /// librdkafka reached the end of the partition, and everything before it was taken.
    pub(super) fn drained(&mut self) {
        self.drained = Some(Drained { below: self.log_end.map(|end| end.offset), confirmed: false });
    }

    /// A look at the log end, asked for at `asked_at`.
    pub(super) fn log_end_seen(&mut self, offset: i64, asked_at: Instant) {
        self.log_end = Some(LogEnd { offset, asked_at });
        self.log_end_at_assignment.get_or_insert(offset);
        // The end-of-partition event may be older than this look, with records behind it that were not taken yet. Only a log end that does not
        // move between two looks shows that nothing is left between the last record and it.
        if let Some(drained) = &mut self.drained {
            drained.confirmed = drained.below == Some(offset);
            drained.below = Some(offset);
        }
        self.note_progress();
    }

    fn note_progress(&mut self) {
        let at_end = self.is_at_end();
        if at_end && let Some(end) = self.log_end {
            self.end_reached_as_of = Some(end.asked_at);
        }
        self.has_reached_assignment_end |=
            at_end || self.log_end_at_assignment.zip(self.next_offset).is_some_and(|(end, next)| next >= end);
    }
}

/// From which feed of a partition group the next records come: the one whose last taken timestamp is oldest among those not at their end, then
/// those at their end. `dry` are those whose queue was just found empty. With it comes the timestamp up to which to go on: that of the next oldest.
pub(super) fn choose(group: &[Feed], dry: &[bool]) -> Option<(usize, i64)> {
    let rank = |feed: &Feed| (feed.is_at_end(), feed.last_timestamp.unwrap_or(i64::MIN));
    let mut best: Option<(usize, (bool, i64))> = None;
    let mut second: Option<(bool, i64)> = None;
    for (index, feed) in group.iter().enumerate().filter(|(index, _)| !dry[*index]) {
        let rank = rank(feed);
        match best {
            Some((_, least)) if rank >= least => second = Some(second.map_or(rank, |other| other.min(rank))),
            Some((_, least)) => {
                second = Some(least);
                best = Some((index, rank));
            }
            None => best = Some((index, rank)),
        }
    }
    let (index, (at_end, _)) = best?;
    // A feed at its end only catches what came in since; nothing is behind it that others would have to wait for.
    let bound = second.filter(|(other_at_end, _)| *other_at_end == at_end).map_or(i64::MAX, |(_, timestamp)| timestamp);
    Some((index, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(topic: usize) -> Feed {
        Feed::new(TopicPartition { topic, partition: 0 }, None)
    }

    #[test]
    fn the_next_records_come_from_the_partition_that_lags_most_in_time() {
        let now = Instant::now();
        let mut group = [feed(0), feed(1), feed(2)];
        assert_eq!(choose(&group, &[false; 3]), Some((0, i64::MIN)), "one record of each that was never read");
        group[0].taken(0, Some(500));
        assert_eq!(choose(&group, &[false; 3]), Some((1, i64::MIN)));
        group[1].taken(0, Some(300));
        group[2].taken(0, Some(400));
        assert_eq!(choose(&group, &[false; 3]), Some((1, 400)), "until it passes the next oldest");
        assert_eq!(choose(&group, &[false, true, false]), Some((2, 500)), "an empty queue holds nobody up");
        group[1].log_end_seen(1, now);
        assert!(group[1].is_at_end());
        assert_eq!(choose(&group, &[false; 3]), Some((2, 500)), "one at its end does not come first, however old its last record");
        assert_eq!(choose(&group, &[true, false, true]), Some((1, i64::MAX)));
        assert_eq!(choose(&group, &[true; 3]), None);
    }

    #[test]
    fn the_end_is_reached_by_offset_and_left_when_the_log_grows() {
        let now = Instant::now();
        let mut feed = feed(0);
        assert_eq!((feed.is_at_end(), feed.lag_records()), (false, None), "nothing is known before the first look");
        feed.log_end_seen(2, now);
        assert_eq!((feed.is_at_end(), feed.lag_records(), feed.seen_through(now)), (false, Some(2), None));
        feed.taken(0, Some(1));
        feed.taken(1, Some(2));
        assert_eq!((feed.is_at_end(), feed.lag_records(), feed.seen_through(now)), (true, Some(0), Some(now)));
        assert!(feed.has_reached_assignment_end() && feed.has_reached_end());
        feed.log_end_seen(5, now + FRESH);
        assert_eq!((feed.is_at_end(), feed.lag_records()), (false, Some(3)));
        assert!(feed.has_reached_end(), "it was reached once");
        assert_eq!(feed.seen_through(now + FRESH), Some(now), "what was seen stays seen while new records are on their way");
    }

    #[test]
    fn an_empty_partition_is_at_its_end_and_a_resumed_one_counts_from_its_own_offset() {
        let now = Instant::now();
        let mut empty = feed(0);
        empty.log_end_seen(0, now);
        assert!(empty.is_at_end() && empty.has_reached_assignment_end());
        let mut resumed = Feed::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        resumed.log_end_seen(7, now);
        assert!(resumed.is_at_end());
    }

    #[test]
    fn offsets_passed_over_where_reading_goes_on_are_told_once() {
        let mut resumed = Feed::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        assert_eq!(resumed.taken(10, None), Some(7..10));
        assert_eq!(resumed.taken(12, None), None, "gaps within the log are normal");
        let mut unbroken = Feed::new(TopicPartition { topic: 0, partition: 0 }, Some(7));
        assert_eq!(unbroken.taken(7, None), None);
        assert_eq!(feed(0).taken(3, None), None, "a log may begin anywhere");
    }

    #[test]
    fn offsets_without_records_do_not_hide_the_end_but_unread_records_do() {
        let now = Instant::now();
        let mut feed = feed(0);
        feed.log_end_seen(10, now);
        feed.taken(7, Some(1));
        assert!(!feed.is_at_end(), "offsets 8 and 9 may be records");
        feed.drained();
        assert!(!feed.is_at_end(), "the event may be older than the look");
        feed.log_end_seen(10, now);
        assert!(feed.is_at_end(), "they hold transaction markers");
        feed.log_end_seen(11, now);
        assert!(!feed.is_at_end(), "something came");
        feed.taken(10, Some(2));
        assert!(feed.is_at_end());
    }

    #[test]
    fn a_broker_that_stops_answering_stops_what_has_been_seen() {
        let start = Instant::now();
        let mut feed = feed(0);
        feed.log_end_seen(0, start);
        assert_eq!(feed.seen_through(start + FRESH), Some(start + FRESH));
        assert_eq!(feed.seen_through(start + FRESH * 2), Some(start));
    }
}
