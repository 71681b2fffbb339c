//! The engine: a pure state machine for stages 3 to 5 of the seven through which an event passes. It admits each event once, keeps life cycles,
//! derives facts, adds them up in panes and rolling windows, and takes snapshots.
//!
//! It has four rooms: `terms` (the settings and vocabulary of life cycles), `lives` (tickets, chats, surveys, customers), `windows` (slots, cells,
//! panes, totals) and `reading` (snapshots). It knows no JSON, no Kafka, no metric text and no clock: `now` is an argument of
//! [`Engine::advance_to`].

mod codec;
mod coverage;
mod lives;
mod memory_budget;
mod partition;
mod reading;
mod record;
mod shared_map;
mod stored_group;
mod terms;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use codec::{RestoreError, StoredState};
pub use coverage::{Coverage, CoverageGap, LogBeginning};
pub use lives::Ledger;
pub use memory_budget::*;
pub use reading::{
    ChangeDays, ChangeMark, ChangePeriod, ComparedDay, FactValue, MergedEngines, Snapshot, StandingFact, TopicSnapshot, WindowState,
};
pub use record::{Outcome, PartitionGroup, Progress, RecordPlace, TopicIndex};
pub use stored_group::{STATE_LAYOUT_VERSION, STATE_MEANING_VERSION};
pub use terms::*;
pub use windows::{LoyaltyAnswer, Subject};

/// The names with which the metric catalogue reads a snapshot.
pub(crate) mod read {
    pub(crate) use super::lives::{ANSWER_KINDS, EverSeen, FEELINGS, METRICS, POINT, score_text};
    pub(crate) use super::reading::{DurationsReading, GroupKey, JourneyStage, Reading, bounds_of};
    pub(crate) use super::terms::{Label, Measure, due_label, undecided_label, verdict_measures};
    pub(crate) use super::windows::{Amounts, AnswerSums, KeyId};
    pub(crate) use crate::event::Status;
}

use self::lives::AdmittedEvent;
use self::partition::GroupState;
use self::reading::{GroupsReport, standing_fact, take};
use self::terms::{EventOrder, Terms};
use self::windows::{Outbox, StandingFacts, Windows};
use crate::event::Decoded;
use crate::time::EventTime;

/// What the caller promises: the message of an `expect` that fails if the caller does not keep the promise.
const ASSIGNED: &str = "records come from assigned partition groups only";

/// The number of admitted events that are applied together, unless values are read or time moves before. The code that judges a record and the code
/// that applies an event do not both fit a processor's instruction cache, so doing each many times in a row takes half the time.
const TAKEN_AT_ONCE: usize = 128;

/// The state machine over all partition groups of this process.
#[derive(Debug)]
pub struct Engine {
    windows: Windows,
    bins: Arc<DurationBins>,
    assigned: AssignedGroups,
    parked: BTreeMap<PartitionGroup, GroupState>,
    /// The admitted events that are not applied yet, in their order. [`Self::snapshot`] and every method that moves time apply them first.
    /// [`Self::standing_facts`] and [`Self::loyalty_answers`] do not.
    admitted: Vec<(PartitionGroup, AdmittedEvent)>,
    /// The instant past which now does not follow the admitted events; `None` if it does not follow them at all.
    follow_until: Option<EventTime>,
    /// Whether the facts themselves are kept, beside the sums.
    keeps_facts: bool,
}

impl Engine {
    /// An engine without partition groups.
    #[must_use]
    pub fn new(settings: Arc<EngineSettings>) -> Self {
        Self::of(Windows::new(&settings))
    }

    /// A further engine, for other partition groups. [`MergedEngines`] can add its values to those of this engine.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::of(self.windows.beside())
    }

    fn of(windows: Windows) -> Self {
        Self {
            bins: Arc::new(windows.settings.duration_bins()),
            windows,
            assigned: AssignedGroups::default(),
            parked: BTreeMap::new(),
            admitted: Vec::new(),
            follow_until: None,
            keeps_facts: false,
        }
    }

    /// Goes on with the targets, the limits of entries and the marked changes of other settings, from the next event on. All other settings stay, also the limits of label
    /// sets, because the tables have their sizes already. The state is then the one that an engine with the other settings would restore.
    ///
    /// # Panics
    /// If the open hours of a schedule or the times of `due_within` differ, because running clocks and entries refer to them by number.
    pub fn change_settings(&mut self, new: &EngineSettings) {
        self.take_in();
        let mut settings = EngineSettings::clone(&self.windows.settings);
        assert!(settings.targets.is_compatible(&new.targets), "running clocks refer to the hours and times of before");
        let Limits { cells_max, cells_per_family_max, .. } = settings.limits;
        settings.limits = Limits { cells_max, cells_per_family_max, ..new.limits.clone() };
        settings.targets = new.targets.clone();
        settings.changes.clone_from(&new.changes);
        self.windows.set_settings(Arc::new(settings));
        for group in self.assigned.0.values_mut().chain(self.parked.values_mut()) {
            group.set_settings(&self.windows.settings);
        }
    }

    /// From now on keeps every fact beside the sums, so that any value can be traced to its facts: see [`Self::standing_facts`].
    ///
    /// # Panics
    /// If a partition group was assigned before, because its earlier facts would be missing.
    pub fn keep_standing_facts(&mut self) {
        assert!(self.assigned.0.is_empty() && self.parked.is_empty(), "facts are kept from the first event on");
        self.keeps_facts = true;
    }

    /// Assigns a partition group: resumes its state if it is parked, else creates an empty one.
    pub fn assign(&mut self, group: PartitionGroup) {
        if self.assigned.0.contains_key(&group) {
            return;
        }
        self.take_in();
        let mut state = self.parked.remove(&group).unwrap_or_else(|| self.new_group());
        state.lives.terms.now = self.windows.now;
        self.windows.catch_up(&mut state.panes);
        self.windows.merge(&state.panes, 1);
        self.windows.reach(&mut state.panes);
        self.assigned.0.insert(group, state);
        self.assigned.change(&mut self.windows, |groups| {
            groups.get_mut(&group).expect(ASSIGNED).release_held();
        });
    }

    /// Removes a partition group's contribution from every value, and parks its state.
    pub fn revoke(&mut self, group: PartitionGroup) {
        self.take_in();
        if let Some(mut state) = self.assigned.0.remove(&group) {
            self.windows.flush(&mut state.panes);
            self.windows.merge(&state.panes, -1);
            self.windows.note_revoked();
            state.topics.iter_mut().for_each(|topic| topic.progress = None);
            self.parked.insert(group, state);
        }
    }

    /// Forgets all that was handled of an assigned partition group, which stays assigned and begins anew.
    pub fn rebuild(&mut self, group: PartitionGroup) {
        if self.assigned.0.contains_key(&group) {
            self.revoke(group);
            self.parked.remove(&group);
            self.assign(group);
        }
    }

    /// The next offset to read for a topic of an assigned or parked group; `None` if none of its records was handled yet.
    #[must_use]
    pub fn next_offset(&self, group: PartitionGroup, topic: TopicIndex) -> Option<i64> {
        let state = self.assigned.0.get(&group).or_else(|| self.parked.get(&group))?;
        state.topics[usize::from(topic.0)].next_offset
    }

    /// Handles one record of an assigned group and returns its outcome.
    ///
    /// # Panics
    /// If the group is not assigned, or if the offset is not greater than the earlier ones. Both are mistakes of the caller.
    pub fn handle(&mut self, place: RecordPlace, decoded: &Decoded<'_>) -> Outcome {
        let group = self.assigned.0.get_mut(&place.group).expect(ASSIGNED);
        let (outcome, admitted) = group.judge(place, decoded);
        if let Some(admitted) = admitted {
            self.admitted.push((place.group, admitted));
            if self.admitted.len() >= TAKEN_AT_ONCE {
                self.take_in();
            }
        }
        outcome
    }

    /// Notes that a group was not read from the start of its logs, so that its backlog is incomplete until a full set of ticket snapshots has been
    /// read.
    pub fn mark_incomplete(&mut self, group: PartitionGroup) {
        self.take_in();
        if let Some(state) = self.assigned.0.get_mut(&group) {
            state.mark_incomplete();
        }
    }

    /// Makes now follow the times of the admitted events, but never past `limit`. So no event up to `limit` is held. `None` ends this.
    pub fn follow_events_until(&mut self, limit: Option<EventTime>) {
        self.take_in();
        self.follow_until = limit;
    }

    /// Notes how far a topic of an assigned group has been read. Does nothing if the group is not assigned.
    pub fn set_progress(&mut self, group: PartitionGroup, topic: TopicIndex, progress: Progress) {
        if let Some(state) = self.assigned.0.get_mut(&group) {
            state.topics[usize::from(topic.0)].progress = Some(progress);
        }
    }

    /// Notes where the log of a topic of an assigned group began when it was first read. Only the first call for a topic counts. Until then coverage
    /// takes the log for whole.
    pub fn note_log_beginning(&mut self, group: PartitionGroup, topic: TopicIndex, beginning: LogBeginning) {
        if let Some(state) = self.assigned.0.get_mut(&group) {
            state.topics[usize::from(topic.0)].coverage.note_beginning(beginning);
        }
    }

    /// Notes that no record of a topic of an assigned group below this offset will be handled any more.
    pub fn pass_over(&mut self, group: PartitionGroup, topic: TopicIndex, next_offset: i64) {
        if let Some(state) = self.assigned.0.get_mut(&group) {
            let topic = &mut state.topics[usize::from(topic.0)];
            topic.next_offset = topic.next_offset.max(Some(next_offset));
        }
    }

    /// Notes that records of a topic of an assigned group were lost: those between a record of the time `from` and one of the time `to`. Where the
    /// time of the record before is not given, it is that of the last record handled.
    pub fn note_gap(&mut self, group: PartitionGroup, topic: TopicIndex, from: Option<EventTime>, to: EventTime) {
        let longest = self.windows.settings.windows.iter().map(|window| window.range).max();
        let passed = longest.map_or(EventTime::MIN, |longest| self.windows.now - longest);
        if let Some(state) = self.assigned.0.get_mut(&group) {
            let coverage = &mut state.topics[usize::from(topic.0)].coverage;
            coverage.forget_before(passed);
            coverage.note_gap(from, to);
        }
    }

    /// What has been seen of the log of a topic of an assigned or parked group; `None` where the group is neither.
    #[must_use]
    pub fn coverage(&self, group: PartitionGroup, topic: TopicIndex) -> Option<&Coverage> {
        let state = self.assigned.0.get(&group).or_else(|| self.parked.get(&group))?;
        Some(&state.topics[usize::from(topic.0)].coverage)
    }

    /// Applies the admitted events. If `now` is later than before, moves the windows to it, applies the events that were held until then, and frees
    /// the places of expired series when that is due. If a window moved, also folds histories.
    pub fn advance_to(&mut self, now: EventTime) {
        self.take_in();
        if now <= self.windows.now {
            return;
        }
        if self.move_to(now) {
            self.settle_groups();
        }
        self.free_if_due();
    }

    /// The largest event time admitted in any assigned group.
    #[must_use]
    pub fn largest_event_time(&self) -> Option<EventTime> {
        self.assigned.0.values().filter_map(|g| g.lives.largest_event_time).max()
    }

    /// All values as of now, immutable.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        self.settle();
        let (groups, parked): (Vec<_>, Vec<_>) = (self.assigned.groups().collect(), self.parked.values().collect());
        take(&self.windows, &self.bins, GroupsReport::of(&[&self.windows], &groups, &parked))
    }

    /// Brings the totals up to date with all posted facts. Every reading does this; a caller that expects a reading can do it in advance.
    pub fn settle(&mut self) {
        self.take_in();
        self.assigned.0.values_mut().for_each(|group| self.windows.flush(&mut group.panes));
        if self.windows.must_hide_series() {
            self.expire_series(false);
        }
        self.windows.catch_up_numbers();
        self.windows.settle_changes(self.assigned.0.values_mut().map(|group| &mut group.panes));
        self.windows.find_oldest(self.assigned.0.values().map(|group| &group.panes));
    }

    /// Every fact in an assigned group that was posted and not withdrawn, in no order. For each measure and window the facts add up to the exported
    /// value. A label set that found no place under the limit of cells has facts here but no value. Empty unless [`Self::keep_standing_facts`] was
    /// called. Call [`Self::settle`] before, because admitted events that are not applied yet have no facts.
    pub fn standing_facts(&self) -> impl Iterator<Item = StandingFact<'_>> {
        self.assigned.groups().flat_map(|group| {
            let facts = group.outbox.standing().into_iter().flat_map(StandingFacts::facts);
            facts.map(|(subject, fact)| standing_fact(subject, fact, &group.lives.terms.names, &self.windows))
        })
    }

    /// Every relationship NPS answer of a known customer that counts, in no order. Empty unless [`Self::keep_standing_facts`] was called. Call
    /// [`Self::settle`] before.
    pub fn loyalty_answers(&self) -> impl Iterator<Item = LoyaltyAnswer> {
        self.assigned.groups().flat_map(|group| {
            let answers = group.outbox.standing().into_iter().flat_map(StandingFacts::loyalty_answers);
            // At one instant answers come before the events of customers.
            let current = |answer: &LoyaltyAnswer| group.lives.current_customer(answer.customer, EventOrder::MIN.at(answer.time));
            answers.map(move |answer| LoyaltyAnswer { customer: current(&answer), ..answer })
        })
    }

    fn new_group(&self) -> GroupState {
        let terms = Terms::new(&self.windows.settings, &self.bins, self.windows.agreed_names());
        GroupState::new(terms, self.windows.panes(), Outbox::new(self.keeps_facts))
    }

    /// Applies the events that were admitted since the last call.
    fn take_in(&mut self) {
        let admitted = std::mem::take(&mut self.admitted);
        let (mut rest, mut moved) = (admitted.as_slice(), false);
        while let Some((_, first)) = rest.first() {
            let Some(limit) = self.follow_until else {
                self.take_in_run(rest);
                break;
            };
            // Label sets free their places at certain instants of `now`, which here follows the event times. So the list is cut into runs at these
            // instants, and it does not matter which events happen to be in one list.
            let follow_to = first.order.time.min(limit);
            if follow_to >= self.windows.next_freeing() {
                moved |= self.move_to(follow_to);
                self.free_if_due();
            }
            let next_freeing = self.windows.next_freeing();
            let crosses = |(_, admitted): &(PartitionGroup, AdmittedEvent)| admitted.order.time.min(limit) >= next_freeing;
            let length = 1 + rest[1..].iter().position(crosses).unwrap_or(rest.len() - 1);
            let (run, others) = rest.split_at(length);
            moved |= self.take_in_run(run);
            rest = others;
        }
        // Histories are folded only after all events of the list have been applied. The watermarks already reflect the whole list, so a history that
        // is folded earlier could be folded past an event of the list that is still to be applied.
        if moved {
            self.settle_groups();
        }
        self.admitted = admitted;
        self.admitted.clear();
    }

    /// Applies a run of admitted events; returns whether a window moved.
    fn take_in_run(&mut self, run: &[(PartitionGroup, AdmittedEvent)]) -> bool {
        let latest = run.iter().map(|(_, admitted)| admitted.order.time).max();
        let follow_to = self.follow_until.and_then(|limit| latest.map(|latest| latest.min(limit))).filter(|now| *now > self.windows.now);
        let moved = follow_to.is_some_and(|now| self.move_to(now));
        self.assigned.change(&mut self.windows, |groups| {
            // The memory of each event's ticket or chat is fetched for all events before the first is applied, because these fetches do not depend
            // on each other and so overlap.
            for (group, admitted) in run {
                std::hint::black_box(groups.get(group).map(|group| group.lives.touch_memory(admitted)));
            }
            for (group, admitted) in run {
                groups.get_mut(group).expect(ASSIGNED).take_in(admitted);
            }
        });
        moved
    }

    /// Moves now, and applies the events that were held until then; returns whether a window moved.
    fn move_to(&mut self, now: EventTime) -> bool {
        let moved = self.windows.advance_to(now);
        for group in self.assigned.0.values_mut() {
            group.lives.terms.now = now;
            self.windows.reach(&mut group.panes);
        }
        self.assigned.change(&mut self.windows, |groups| groups.values_mut().for_each(GroupState::release_held));
        moved
    }

    fn settle_groups(&mut self) {
        self.assigned.change(&mut self.windows, |groups| groups.values_mut().for_each(GroupState::settle));
    }

    fn free_if_due(&mut self) {
        if self.windows.must_free_series() {
            self.assigned.0.values_mut().for_each(|group| self.windows.sort(&mut group.panes));
            self.expire_series(true);
        }
    }

    fn expire_series(&mut self, frees: bool) {
        let assigned = self.assigned.0.values_mut().map(|group| &mut group.panes);
        self.windows.expire(assigned, self.parked.values_mut().map(|group| &mut group.panes), frees);
    }
}

/// The assigned partition groups.
#[derive(Debug, Default)]
struct AssignedGroups(BTreeMap<PartitionGroup, GroupState>);

impl AssignedGroups {
    fn groups(&self) -> impl Iterator<Item = &GroupState> {
        self.0.values()
    }

    /// Changes groups, and posts every fact that follows from the change. This is the only place where facts reach the windows.
    fn change(&mut self, windows: &mut Windows, change: impl FnOnce(&mut BTreeMap<PartitionGroup, GroupState>)) {
        change(&mut self.0);
        for group in self.0.values_mut() {
            windows.post(&mut group.outbox, &mut group.panes, &group.lives.terms.names, &group.lives.terms.bins);
        }
    }
}
