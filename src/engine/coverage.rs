//! What has been seen of the log of one topic partition: a union of intervals of record time, and the share of a window that several such
//! partitions cover together.
//!
//! A log covers the time from its beginning up to the instant up to which it was seen, without its gaps. A gap is a time in which records were lost
//! because they left the log before they were read. Does not know offsets, panes, or how a loss was found.

use serde::{Deserialize, Serialize};

use crate::time::{EventTime, Span};

/// The most gaps that are kept of one topic partition. Beyond it the two gaps with the least time between them become one, so that coverage is never
/// overstated.
const GAPS_MAX: usize = 32;

/// The first instant of which a log holds the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogBeginning {
    /// The broker has not told it yet.
    #[default]
    Unknown,
    /// Nothing was ever removed: the log holds every record since the feed began.
    Whole,
    /// Earlier records were removed, and the first one that remains was not read yet.
    FirstRecord,
    /// Earlier records were removed, or are not read.
    Since(EventTime),
}

/// A time in which records were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoverageGap {
    /// The time of the last record before the loss.
    pub from: EventTime,
    /// The time of the first record after it, which is outside of the gap.
    pub to: EventTime,
}

/// What has been seen of the log of one topic partition, up to the instant that the progress of the partition tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    beginning: LogBeginning,
    first_record: Option<EventTime>,
    last_record: Option<EventTime>,
    /// Ascending, and neither overlapping nor touching.
    gaps: Vec<CoverageGap>,
}

/// The log of one topic partition, up to the instant up to which it was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenLog<'a> {
    /// What was seen of it.
    pub(crate) coverage: &'a Coverage,
    /// The configured instant at which its feed began.
    pub(crate) feed_began: Option<EventTime>,
    /// The instant up to which every record sent has been read.
    pub(crate) seen_through: EventTime,
}

impl Coverage {
    /// The time of the first record that was read.
    #[must_use]
    pub fn first_record(&self) -> Option<EventTime> {
        self.first_record
    }

    /// Where the log began when it was first read.
    #[must_use]
    pub fn beginning(&self) -> LogBeginning {
        self.beginning
    }

    /// The gaps that some window may still hold, ascending.
    #[must_use]
    pub fn gaps(&self) -> &[CoverageGap] {
        &self.gaps
    }

    /// A record of this time was read.
    #[inline]
    pub fn note_record(&mut self, time: EventTime) {
        if self.first_record.is_none() {
            self.first_record = Some(time);
            self.resolve_beginning();
        }
        self.last_record = Some(time);
    }

    /// Takes over where the log began. Only the first answer counts: later the log begins elsewhere, and what it held before was read.
    pub fn note_beginning(&mut self, beginning: LogBeginning) {
        if self.beginning == LogBeginning::Unknown {
            self.beginning = beginning;
            self.resolve_beginning();
        }
    }

    /// Records between a record of the time `from` and one of the time `to` were lost. Without a record before the loss the log begins only at
    /// `to`. The times may have any order, because producers set them.
    pub fn note_gap(&mut self, from: Option<EventTime>, to: EventTime) {
        match from.or(self.last_record) {
            Some(from) => self.add_gap(CoverageGap { from: from.min(to), to: from.max(to) }),
            None => {
                let known_since = if let LogBeginning::Since(since) = self.beginning { since.max(to) } else { to };
                self.beginning = LogBeginning::Since(known_since);
            }
        }
    }

    /// Forgets the gaps that lie before an instant, which every window has left behind.
    pub fn forget_before(&mut self, instant: EventTime) {
        self.gaps.retain(|gap| gap.to > instant);
    }

    /// The instant from which the log covers; `None` where only the beginning of the feed limits it.
    fn known_since(&self) -> Option<EventTime> {
        match self.beginning {
            LogBeginning::Unknown | LogBeginning::Whole => None,
            LogBeginning::FirstRecord => Some(EventTime::MAX),
            LogBeginning::Since(since) => Some(since),
        }
    }

    fn resolve_beginning(&mut self) {
        if let (LogBeginning::FirstRecord, Some(first)) = (self.beginning, self.first_record) {
            self.beginning = LogBeginning::Since(first);
        }
    }

    fn add_gap(&mut self, gap: CoverageGap) {
        if gap.from >= gap.to {
            return;
        }
        self.gaps.push(gap);
        self.gaps = merged(std::mem::take(&mut self.gaps));
        if self.gaps.len() > GAPS_MAX {
            let closest = (1..self.gaps.len()).min_by_key(|at| self.gaps[*at].from - self.gaps[at - 1].to);
            if let Some(at) = closest {
                self.gaps[at - 1].to = self.gaps[at].to;
                self.gaps.remove(at);
            }
        }
    }
}

/// The gaps in their order, with those that overlap or touch as one.
fn merged(mut gaps: Vec<CoverageGap>) -> Vec<CoverageGap> {
    gaps.sort_unstable();
    gaps.dedup_by(|later, earlier| {
        let joins = later.from <= earlier.to;
        if joins {
            earlier.to = earlier.to.max(later.to);
        }
        joins
    });
    gaps
}

/// The part of the time that all logs together cover.
#[derive(Clone, Debug)]
pub(crate) struct CoveredTime {
    /// The latest beginning of a log.
    from: EventTime,
    /// The earliest instant up to which a log was seen.
    to: EventTime,
    gaps: Vec<CoverageGap>,
}

impl CoveredTime {
    /// What these logs cover together at the instant `now`; `None` without a log.
    pub(crate) fn of<'a>(logs: impl Iterator<Item = SeenLog<'a>> + Clone, now: EventTime) -> Option<Self> {
        // A log that holds everything says nothing about the time before the feed began, and neither does a partition that never held a record. So
        // the first record of any log speaks for all of them.
        let first_record = logs.clone().filter_map(|log| log.coverage.first_record).min();
        let began = |log: &SeenLog<'_>| log.coverage.known_since().or(log.feed_began).or(first_record).unwrap_or(now);
        let from = logs.clone().map(|log| began(&log)).max()?;
        let to = logs.clone().map(|log| log.seen_through).min()?;
        Some(Self { from, to, gaps: merged(logs.flat_map(|log| log.coverage.gaps.iter().copied()).collect()) })
    }

    /// The latest beginning of a log; later than every event while one is not known.
    pub(crate) fn from(&self) -> EventTime {
        self.from
    }

    /// The covered share of `start..now`, 0 to 1.
    pub(crate) fn share(&self, start: EventTime, now: EventTime) -> f64 {
        let (from, to) = (self.from.max(start), self.to.min(now));
        let lost: i64 = self.gaps.iter().map(|gap| (gap.to.min(to) - gap.from.max(from)).0.max(0)).sum();
        let (seen, whole) = ((to - from).0 - lost, now - start);
        if whole <= Span(0) { 0.0 } else { (seen as f64 / whole.0 as f64).clamp(0.0, 1.0) }
    }

    /// The instant at which a window of this length is covered for good, if nothing else gets lost; `None` while a log's beginning is not known.
    pub(crate) fn complete_at(&self, range: Span) -> Option<EventTime> {
        let last_loss = self.gaps.last().map_or(EventTime::MIN, |gap| gap.to);
        (self.from < EventTime::MAX).then(|| self.from.max(last_loss) + range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const NOW: EventTime = EventTime(1_000);

    fn covered_share<'a>(logs: impl Iterator<Item = SeenLog<'a>> + Clone, start: EventTime, now: EventTime) -> Option<f64> {
        Some(CoveredTime::of(logs, now)?.share(start, now))
    }

    fn whole(first: i64) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.note_beginning(LogBeginning::Whole);
        coverage.note_record(EventTime(first));
        coverage
    }

    fn share(logs: &[&Coverage], feed_began: Option<i64>) -> f64 {
        let feed_began = feed_began.map(EventTime);
        let logs = logs.iter().map(|coverage| SeenLog { coverage, feed_began, seen_through: NOW });
        covered_share(logs, EventTime(0), NOW).unwrap()
    }

    #[test]
    fn a_whole_log_is_covered_since_the_first_record_of_any_log_or_since_its_feed_began() {
        let (old, young, mut quiet) = (whole(200), whole(900), Coverage::default());
        quiet.note_beginning(LogBeginning::Whole);
        assert_eq!(share(&[&young], None), 0.1);
        assert_eq!(share(&[&old, &young, &quiet], None), 0.8, "a new quiet partition blocks nothing");
        assert_eq!(share(&[&young], Some(-50)), 1.0, "the feed was quiet at first");
        assert_eq!(share(&[&old], Some(600)), 0.4);
        assert_eq!(share(&[&quiet], None), 0.0, "nothing is known");
    }

    #[test]
    fn a_log_that_was_cut_off_covers_from_its_first_remaining_record_whatever_is_configured() {
        let mut cut = Coverage::default();
        cut.note_beginning(LogBeginning::FirstRecord);
        assert_eq!(share(&[&cut, &whole(0)], Some(0)), 0.0, "its first record was not read yet");
        cut.note_record(EventTime(700));
        cut.note_record(EventTime(800));
        assert_eq!(share(&[&cut, &whole(0)], Some(0)), 0.3);
        cut.note_beginning(LogBeginning::Whole);
        assert_eq!(share(&[&cut], Some(0)), 0.3, "the first answer counts");
        let mut emptied = Coverage::default();
        emptied.note_beginning(LogBeginning::Since(EventTime(950)));
        emptied.note_record(EventTime(960));
        assert_eq!(share(&[&emptied], Some(0)), 0.05, "it was empty at the look");
    }

    #[test]
    fn a_loss_leaves_a_gap_until_every_window_has_passed_it() {
        let mut coverage = whole(0);
        coverage.note_record(EventTime(300));
        coverage.note_gap(None, EventTime(500));
        assert_eq!(share(&[&coverage], None), 0.8, "from the last record before to the first after");
        coverage.note_gap(Some(EventTime(700)), EventTime(600));
        assert_eq!(share(&[&coverage], None), 0.7, "producers' clocks may run backwards");
        coverage.forget_before(EventTime(500));
        assert_eq!(coverage.gaps(), [CoverageGap { from: EventTime(600), to: EventTime(700) }]);
        let mut unread = Coverage::default();
        unread.note_beginning(LogBeginning::Whole);
        unread.note_gap(None, EventTime(400));
        assert_eq!(share(&[&unread, &whole(0)], None), 0.6, "a log that lost its beginning begins later");
    }

    #[test]
    fn more_gaps_than_are_kept_become_fewer_and_never_smaller() {
        let (mut coverage, mut lost) = (whole(0), 0);
        for n in 0..GAPS_MAX as i64 * 2 {
            coverage.note_gap(Some(EventTime(n * 10)), EventTime(n * 10 + 2));
            lost += 2;
        }
        assert_eq!(coverage.gaps().len(), GAPS_MAX);
        assert!(share(&[&coverage], None) <= 1.0 - f64::from(lost) / 1_000.0);
    }

    #[test]
    fn it_comes_back_from_its_bytes() {
        let mut coverage = whole(5);
        coverage.note_gap(None, EventTime(50));
        let bytes = postcard::to_allocvec(&coverage).unwrap();
        assert_eq!(postcard::from_bytes::<Coverage>(&bytes).unwrap(), coverage);
        assert!(bytes.len() < 20, "{} bytes", bytes.len());
    }

    /// What one log of a random case went through.
    #[derive(Clone, Debug)]
    struct Case {
        beginning: u8,
        since: i64,
        records: Vec<i64>,
        gaps: Vec<(i64, i64)>,
        feed_began: Option<i64>,
        seen_through: i64,
    }

    fn case() -> impl Strategy<Value = Case> {
        let times = -20..120i64;
        (
            0..3u8,
            times.clone(),
            vec(times.clone(), 0..3),
            vec((times.clone(), times.clone()), 0..4),
            proptest::option::of(times),
            60..130i64,
        )
            .prop_map(|(beginning, since, records, gaps, feed_began, seen_through)| Case {
                beginning,
                since,
                records,
                gaps,
                feed_began,
                seen_through,
            })
    }

    fn coverage_of(case: &Case) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.note_beginning(
            [LogBeginning::Whole, LogBeginning::FirstRecord, LogBeginning::Since(EventTime(case.since))][usize::from(case.beginning)],
        );
        case.records.iter().for_each(|time| coverage.note_record(EventTime(*time)));
        case.gaps.iter().for_each(|(from, to)| coverage.note_gap(Some(EventTime(*from)), EventTime(*to)));
        coverage
    }

    /// Whether a log covers the millisecond `at`, said once more in the plainest way.
    fn covers(case: &Case, first_record: Option<i64>, now: i64, at: i64) -> bool {
        let begins = match (case.beginning, case.records.first()) {
            (0, _) => case.feed_began.or(first_record).unwrap_or(now),
            (1, None) => return false,
            (1, Some(first)) => *first,
            _ => case.since,
        };
        let is_lost = case.gaps.iter().any(|(one, other)| at >= *one.min(other) && at < *one.max(other));
        at >= begins && at < case.seen_through && !is_lost
    }

    proptest! {
        #[test]
        fn the_share_is_the_count_of_the_covered_milliseconds(cases in vec(case(), 1..4), start in 0..50i64, length in 1..60i64) {
            let now = start + length;
            let coverages: Vec<Coverage> = cases.iter().map(coverage_of).collect();
            let logs = cases.iter().zip(&coverages).map(|(case, coverage)| SeenLog {
                coverage,
                feed_began: case.feed_began.map(EventTime),
                seen_through: EventTime(case.seen_through),
            });
            let first_record = cases.iter().filter_map(|case| case.records.first().copied()).min();
            let covered = (start..now).filter(|at| cases.iter().all(|case| covers(case, first_record, now, *at))).count();
            prop_assert_eq!(covered_share(logs, EventTime(start), EventTime(now)), Some(covered as f64 / length as f64));
        }

        #[test]
        fn forgetting_what_windows_have_passed_changes_no_window(case in case(), start in 0..50i64) {
            let (mut coverage, now) = (coverage_of(&case), EventTime(100));
            let share = |coverage: &Coverage| {
                let log = SeenLog { coverage, feed_began: case.feed_began.map(EventTime), seen_through: EventTime(case.seen_through) };
                covered_share(std::iter::once(log), EventTime(start), now)
            };
            let before = share(&coverage);
            coverage.forget_before(EventTime(start));
            prop_assert_eq!(share(&coverage), before);
        }
    }
}
