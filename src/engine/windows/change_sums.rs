//! The day sums around each marked change of the engine: those of the contacts that it was for, and those of all others.
//!
//! They are kept beside the day sums of the groups, so that a reading need not look at every group key. They are made anew from them when a group comes or
//! goes, when the list of changes is another, and on each new day. Does not know weeks, nor how the two sides are compared.

use std::sync::Arc;

use super::day_sums::DaySums;
use super::keys::{BundleId, Keys};
use crate::engine::terms::{ComparedChange, DatedCase, DatedMetric, DaySum, EngineSettings, day_of};
use crate::time::{EventTime, Span};

/// The most weeks that are compared before and after a change.
pub(crate) const CHANGE_WEEKS_MAX: i32 = 4;
/// The days before now, beside the allowed lateness, of which sums are kept: twice the longest span before a change, and once after it.
const DAYS_KEPT: i32 = 3 * 7 * CHANGE_WEEKS_MAX;
/// The most changes of which sums are kept: the latest ones.
const CHANGES_MAX: usize = 8;
/// The first and the last day of the sums of a change, counted from its own.
const FIRST: i32 = -2 * 7 * CHANGE_WEEKS_MAX;
const LAST: i32 = 7 * CHANGE_WEEKS_MAX;
const DAYS: usize = (LAST - FIRST + 1) as usize;
const METRICS: usize = DatedMetric::ALL.len();

/// The sums around the latest changes of one engine, or of several.
#[derive(Debug, Default)]
pub(crate) struct ChangeSums {
    changes: Vec<SumsOfChange>,
    /// The day of now.
    today: i32,
    /// The first day of which sums are of use.
    oldest: i32,
    /// The first day that no group has dropped.
    kept_from: i32,
    /// Whether the sums must be made anew.
    is_stale: bool,
}

/// The sums around one change.
#[derive(Clone, Debug)]
pub(crate) struct SumsOfChange {
    /// The name of the change.
    pub(crate) name: Arc<str>,
    /// Its day.
    pub(crate) day: i32,
    /// Its place in the settings.
    place: usize,
    /// Whether a bundle is that of a contact that the change was for, where that is known already.
    is_marked: Vec<Option<bool>>,
    /// By metric, by side and by day.
    sums: Vec<DaySum>,
}

impl ChangeSums {
    /// Moves to an instant.
    pub(super) fn advance_to(&mut self, now: EventTime, settings: &EngineSettings) {
        let today = day_of(now);
        if self.today != today {
            (self.today, self.oldest, self.is_stale) = (today, oldest_kept(today, settings), true);
        }
    }

    /// The first day of which sums are of use.
    pub(super) fn oldest(&self) -> i32 {
        self.oldest
    }

    /// Notes that the sums are no longer those of the groups.
    pub(super) fn note_stale(&mut self) {
        self.is_stale = true;
    }

    /// Adds a case that a group has added to its day (`sign` 1), or subtracts it (`sign` -1).
    #[inline]
    pub(super) fn apply(&mut self, case: DatedCase, bundle: BundleId, sign: i64, keys: &mut Keys, settings: &EngineSettings) {
        // Sums that are made anew before the next reading need not be kept up to date.
        if self.is_stale {
            return;
        }
        for change in &mut self.changes {
            change.apply(case.day, bundle, case.metric, DaySum { cases: 1, sum: case.value }, sign, keys, settings);
        }
    }

    /// Brings the sums up to date with the day sums of all assigned groups, which drop the days that are too old.
    pub(super) fn settle<'a>(&mut self, groups: impl Iterator<Item = &'a mut DaySums>, keys: &mut Keys, settings: &EngineSettings) {
        let oldest = self.oldest;
        let groups: Vec<&DaySums> = groups
            .map(|group| {
                group.forget_before(oldest);
                &*group
            })
            .collect();
        self.kept_from = groups.iter().map(|group| group.kept_from()).fold(oldest, i32::max);
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        self.changes = latest(oldest..self.today, settings);
        for change in &mut self.changes {
            for (day, bundle, metric, sum) in groups.iter().flat_map(|group| group.all()) {
                change.apply(day, bundle, metric, sum, 1, keys, settings);
            }
        }
    }

    /// Takes the sums of several settled engines together, which must be on the same day and have the same changes.
    pub(super) fn hold_sums_of<'a>(&mut self, mut engines: impl Iterator<Item = &'a Self>) {
        let Some(first) = engines.next() else {
            self.changes.clear();
            return;
        };
        (self.changes, self.today, self.kept_from) = (first.changes.clone(), first.today, first.kept_from);
        for other in engines {
            self.kept_from = self.kept_from.max(other.kept_from);
            for (change, other) in self.changes.iter_mut().zip(&other.changes) {
                change.sums.iter_mut().zip(&other.sums).for_each(|(sum, other)| sum.merge(*other, 1));
            }
        }
    }

    /// The latest changes, the latest first.
    pub(crate) fn changes(&self) -> &[SumsOfChange] {
        &self.changes
    }

    /// The day of now.
    pub(crate) fn today(&self) -> i32 {
        self.today
    }

    /// The first day of which every group has kept all sums.
    pub(crate) fn kept_from(&self) -> i32 {
        self.kept_from
    }
}

impl SumsOfChange {
    #[expect(clippy::too_many_arguments, reason = "a sum with its place, and what tells its side")]
    fn apply(
        &mut self,
        day: i32,
        bundle: BundleId,
        metric: DatedMetric,
        sum: DaySum,
        sign: i64,
        keys: &mut Keys,
        settings: &EngineSettings,
    ) {
        let day = day.saturating_sub(self.day);
        if !(FIRST..=LAST).contains(&day) {
            return;
        }
        let is_marked = self.is_marked(bundle, keys, settings);
        self.sums[place(metric, is_marked, day)].merge(sum, sign);
    }

    fn is_marked(&mut self, bundle: BundleId, keys: &mut Keys, settings: &EngineSettings) -> bool {
        let at = bundle.0 as usize;
        if self.is_marked.len() <= at {
            self.is_marked.resize(at + 1, None);
        }
        *self.is_marked[at].get_or_insert_with(|| {
            // The values of a new bundle may be younger than the copy that this engine has of the texts.
            keys.catch_up();
            let mut conditions = settings.changes[self.place].conditions.iter();
            conditions.all(|condition| {
                keys.value_in(bundle, condition.dimension).is_some_and(|value| condition.values.iter().any(|named| named == value))
            })
        })
    }

    /// The sum of a day, counted from that of the change, of the contacts that the change was for or of all others.
    pub(crate) fn sum(&self, metric: DatedMetric, is_marked: bool, day: i32) -> DaySum {
        if (FIRST..=LAST).contains(&day) { self.sums[place(metric, is_marked, day)] } else { DaySum::default() }
    }
}

fn place(metric: DatedMetric, is_marked: bool, day: i32) -> usize {
    (metric as usize * 2 + usize::from(is_marked)) * DAYS + (day - FIRST) as usize
}

/// The oldest day of which sums are still of use.
fn oldest_kept(today: i32, settings: &EngineSettings) -> i32 {
    let lateness = settings.topics.iter().map(|topic| topic.allowed_lateness).max().unwrap_or_default();
    let days = (lateness.0 + Span::days(1).0 - 1).div_euclid(Span::days(1).0);
    today.saturating_sub(DAYS_KEPT).saturating_sub(days.clamp(0, i32::MAX.into()) as i32)
}

/// The latest changes that have others beside them, and of which some day after them can be seen, the latest first and without sums.
fn latest(days: std::ops::Range<i32>, settings: &EngineSettings) -> Vec<SumsOfChange> {
    let is_compared =
        |change: &&ComparedChange| !change.conditions.is_empty() && change.unknown_dimension(&settings.grouping_sets).is_none();
    let places = settings.changes.iter().enumerate().filter(|(_, change)| is_compared(change) && days.contains(&day_of(change.at)));
    let mut latest: Vec<(usize, &ComparedChange)> = places.collect();
    latest.sort_by_key(|(place, change)| (std::cmp::Reverse(change.at), *place));
    latest.truncate(CHANGES_MAX);
    let of = |(place, change): (usize, &ComparedChange)| SumsOfChange {
        name: change.name.as_str().into(),
        day: day_of(change.at),
        place,
        is_marked: Vec::new(),
        sums: vec![DaySum::default(); METRICS * 2 * DAYS],
    };
    latest.into_iter().map(of).collect()
}
