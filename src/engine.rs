//! The pure state machine: once-only, life cycles, facts, panes and rolling windows, snapshots (hops 3 to 5 of the way of an event).
//!
//! Knows no JSON, no Kafka, no metric text and no clock: `now` is an argument of [`Engine::advance_to`].

mod accounts;
mod aggregate;
mod budget;
mod cells;
mod contact;
mod correlation;
mod customer;
mod dormant;
mod expiry;
mod fact;
mod gate;
mod group;
mod intake;
mod ledger;
mod names;
mod numbers;
mod order;
mod panes;
mod promises;
mod scales;
mod schedule;
mod settings;
mod snapshot;
mod standing;
mod sums;
mod survey;
mod targets;
mod together;
mod totals;
mod view;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use aggregate::DurationClasses;
pub use budget::*;
pub use correlation::{PAIRS, Side};
pub use ledger::Ledger;
pub use schedule::Schedule;
pub use settings::*;
pub use snapshot::{Snapshot, TopicSnapshot, WindowState};
pub use standing::{FactValue, LoyaltyAnswer, StandingFact, Subject};
pub use targets::{Condition, Rule, Ruled, TargetSettings, TimeTarget};
pub use together::Together;

/// What the catalogue reads a snapshot with.
pub(crate) mod read {
    pub(crate) use super::aggregate::Answers;
    pub(crate) use super::customer::{FEELINGS, METRICS};
    pub(crate) use super::fact::{Label, Measure};
    pub(crate) use super::names::KeyId;
    pub(crate) use super::snapshot::{DurationsReading, GroupKey, Reading, Stage, bounds_of};
    pub(crate) use super::survey::{POINT, score_text};
    pub(crate) use crate::event::Status;
}

use self::contact::Setting;
use self::group::{Arrived, Group};
use self::names::{DimensionsId, Names};
use self::promises::Promises;
use self::snapshot::GroupsState;
use self::view::View;
use crate::event::{Decoded, DimensionValues, Reason};
use crate::time::{EventTime, Span};

/// The dimension `channel`.
pub(crate) const CHANNEL: u8 = 0;
/// The dimension `journey_stage`.
pub(crate) const JOURNEY_STAGE: u8 = 1;

/// Partition number `i` of all input topics together: the unit of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionGroup(pub i32);

/// The index of a topic in [`EngineSettings::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIndex(pub u8);

/// Where a record lay.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its partition's group.
    pub group: PartitionGroup,
    /// Its topic.
    pub topic: TopicIndex,
    /// Its offset; greater than that of every record handled before it from the same group and topic.
    pub offset: i64,
    /// The record's own timestamp: what lies more than two minutes ahead of it is `future`. `None` for files: nothing is.
    pub record_time: Option<EventTime>,
}

/// What became of a record; every record has exactly one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Counted.
    Applied,
    /// The same source and id within the deduplication horizon.
    Duplicate,
    /// Older than the allowed lateness.
    Late,
    /// More than the tolerance ahead of the record's own timestamp.
    Future,
    /// Refused.
    Invalid(Reason),
    /// A tombstone, or an event that the configuration turns off.
    Ignored,
}

impl Outcome {
    /// The values of the label `outcome`, in the order of the contract.
    pub const NAMES: [&'static str; 6] = ["applied", "duplicate", "late", "future", "invalid", "ignored"];

    /// The value of the label `outcome`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// The place of the name in [`Self::NAMES`]; every reason for `Invalid` has the same one.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Applied => 0,
            Self::Duplicate => 1,
            Self::Late => 2,
            Self::Future => 3,
            Self::Invalid(_) => 4,
            Self::Ignored => 5,
        }
    }
}

/// How far the shell has read one topic of a group.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whether nothing is left to read now.
    pub at_end: bool,
    /// Up to which instant everything sent has been read: the wall clock of the last fetch at the log end, or the last record's timestamp
    /// while there is lag.
    pub seen_through: EventTime,
}

/// The state machine over all partition groups of this process.
#[derive(Debug)]
pub struct Engine {
    view: View,
    rules: Rules,
    assigned: BTreeMap<PartitionGroup, Group>,
    parked: BTreeMap<PartitionGroup, Group>,
    /// Applied events that are not taken in yet, in their order. Nothing that looks at values or moves time sees any here.
    arrived: Vec<(PartitionGroup, Arrived)>,
    /// While catching up: how far now follows the applied events.
    follow_until: Option<EventTime>,
}

impl Engine {
    /// An engine without partition groups.
    #[must_use]
    pub fn new(settings: Arc<EngineSettings>) -> Self {
        Self::of(View::new(settings))
    }

    /// A further engine, for other partition groups, whose values [`Together`] can add to those of this one.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::of(self.view.beside())
    }

    fn of(mut view: View) -> Self {
        let rules = Rules::new(&mut view);
        Self { view, rules, assigned: BTreeMap::new(), parked: BTreeMap::new(), arrived: Vec::new(), follow_until: None }
    }

    /// Takes a partition group in: resumes it if it is parked, else creates it empty.
    pub fn assign(&mut self, group: PartitionGroup) {
        if self.assigned.contains_key(&group) {
            return;
        }
        self.take_in();
        let mut state = self.parked.remove(&group).unwrap_or_else(|| Group::new(&self.view.settings, self.view.panes()));
        self.view.catch_up(&mut state.panes);
        self.view.merge(&state.panes, 1);
        self.view.reach(&mut state.panes);
        state.release_held(&mut self.view, &self.rules);
        self.assigned.insert(group, state);
    }

    /// Takes a partition group's contribution out of every value and parks its state.
    pub fn revoke(&mut self, group: PartitionGroup) {
        self.take_in();
        if let Some(mut state) = self.assigned.remove(&group) {
            self.view.tell(&mut state.panes);
            self.view.merge(&state.panes, -1);
            // What only this group's state held up may have expired long ago.
            self.view.expiry.has_old = true;
            state.topics.iter_mut().for_each(|topic| topic.progress = None);
            self.parked.insert(group, state);
        }
    }

    /// The next offset to read for a topic of a group that is assigned or parked; `None` where nothing of it was handled yet.
    #[must_use]
    pub fn next_offset(&self, group: PartitionGroup, topic: TopicIndex) -> Option<i64> {
        let state = self.assigned.get(&group).or_else(|| self.parked.get(&group))?;
        state.topics[usize::from(topic.0)].next_offset
    }

    /// Handles one record of an assigned group and gives its outcome.
    ///
    /// # Panics
    /// When the group is not assigned, or the offset is not above those before it: the caller's mistake.
    pub fn handle(&mut self, place: Place, decoded: &Decoded<'_>) -> Outcome {
        let group = self.assigned.get_mut(&place.group).expect(intake::ASSIGNED);
        let (outcome, arrived) = group.judge(place, decoded, &mut self.view);
        if let Some(arrived) = arrived {
            self.arrived.push((place.group, arrived));
            self.take_in_if_many();
        }
        outcome
    }

    /// Notes that a group was not read from its logs' start, so that its backlog is not whole until a full set of ticket snapshots was read.
    pub fn mark_incomplete(&mut self, group: PartitionGroup) {
        self.take_in();
        if let Some(state) = self.assigned.get_mut(&group) {
            state.is_history_complete = false;
        }
    }

    /// Lets now follow the applied events, but not beyond `limit`: while catching up, nothing is then held. `None` ends it.
    pub fn follow_events_until(&mut self, limit: Option<EventTime>) {
        self.take_in();
        self.follow_until = limit;
    }

    /// Notes how far a topic of an assigned group has been read; nothing when the group is not assigned.
    pub fn set_progress(&mut self, group: PartitionGroup, topic: TopicIndex, progress: Progress) {
        if let Some(state) = self.assigned.get_mut(&group) {
            state.topics[usize::from(topic.0)].progress = Some(progress);
        }
    }

    /// Moves the windows to `now`, applies events that were held until then, and lets histories settle; an earlier instant is ignored.
    pub fn advance_to(&mut self, now: EventTime) {
        self.take_in();
        if now <= self.view.now {
            return;
        }
        if self.move_to(now) {
            self.settle_groups();
        }
        self.free_if_due();
    }

    /// The largest event time applied in any assigned group.
    #[must_use]
    pub fn largest_event_time(&self) -> Option<EventTime> {
        self.assigned.values().filter_map(|g| g.largest_event_time).max()
    }

    /// All values as of now, immutable.
    #[must_use]
    pub fn snapshot(&mut self) -> Snapshot {
        self.settle();
        let groups: Vec<&Group> = self.assigned.values().collect();
        snapshot::take(&self.view, &self.rules, GroupsState::of(&[&self.view], &groups))
    }

    /// Brings the totals up to date with all that was posted, as every look does. Who expects one can have it done before.
    pub fn settle(&mut self) {
        self.take_in();
        self.assigned.values_mut().for_each(|group| self.view.tell(&mut group.panes));
        if self.view.must_hide() {
            self.expire(false);
        }
        self.view.cells.catch_up();
        self.view.find_oldest(self.assigned.values().map(|group| &group.panes));
    }

    fn expire(&mut self, frees: bool) {
        let assigned = self.assigned.values_mut().map(|group| &mut group.panes);
        self.view.expire(assigned, self.parked.values_mut().map(|group| &mut group.panes), frees);
    }
}

/// What the life cycles are told by the configuration, in numbers.
#[derive(Debug)]
pub(crate) struct Rules {
    call_channels: Vec<u16>,
    chat_dimensions: DimensionsId,
    /// The configured stages in their order, with their time-outs.
    stages: Vec<(u16, Span)>,
    promises: Promises,
    /// Whether any grouping set or target asks for a customer's dimension, so that contacts must inherit it.
    inherits_from_customer: bool,
}

impl Rules {
    fn new(view: &mut View) -> Self {
        let settings = Arc::clone(&view.settings);
        let of_customer = |d: &u8| settings.dimensions[usize::from(*d)].of_customer;
        let names = &mut view.names;
        let chat = DimensionValues::from_iter([(CHANNEL, "chat".into())]);
        Self {
            call_channels: settings.call_channels.iter().map(|channel| names.value_named(CHANNEL, channel)).collect(),
            chat_dimensions: names.intern(&chat),
            stages: settings.journey.stages.iter().map(|s| (names.value_named(JOURNEY_STAGE, &s.name), s.idle_timeout)).collect(),
            inherits_from_customer: settings.grouping_sets.iter().flatten().any(of_customer)
                || settings.targets.asks_for(|d| of_customer(&d)),
            promises: Promises::new(&settings.targets, names),
        }
    }

    /// The place and the time-out of a stage; `None` where it is not configured.
    fn stage(&self, stage: u16) -> Option<(usize, Span)> {
        let place = self.stages.iter().position(|(s, _)| *s == stage)?;
        Some((place, self.stages[place].1))
    }

    fn setting<'a>(&'a self, names: &'a mut Names) -> Setting<'a> {
        Setting { names, call_channels: &self.call_channels, chat_dimensions: self.chat_dimensions, promises: &self.promises }
    }
}
