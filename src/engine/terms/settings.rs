//! The settings of the engine, compiled from the configuration.

use super::{Condition, DurationBins, EventOrder, TargetSettings};
use crate::event::{Kind, Scale};
use crate::time::{EventTime, Span};

/// Everything that the engine's results depend on beside the events and `now`.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The input topics in configured order; a `TopicIndex` is an index into this list.
    pub topics: Vec<EngineTopic>,
    /// The dimensions in the order of the decoder's settings: `channel` is 0, `journey_stage` is 1.
    pub dimensions: Vec<EngineDimension>,
    /// The windows, shortest first.
    pub windows: Vec<WindowSettings>,
    /// The grouping sets beside the overall value, each as a list of dimension indices in configured order.
    pub grouping_sets: Vec<Vec<u8>>,
    /// The grouping sets of customer counts, which contain customer dimensions only.
    pub customer_grouping_sets: Vec<Vec<u8>>,
    /// The channels whose chats are telephone calls, where acceptance is the first response as well. Default `phone`.
    pub call_channels: Vec<String>,
    /// The scales for which the default of two satisfied top points does not hold, each with its lowest satisfied score in millionths of a point.
    pub csat_satisfied_from: Vec<(Scale, i64)>,
    /// The bounds of the exported histograms, ascending and inclusive.
    pub duration_bounds: DurationBounds,
    /// The exported quantiles in percent, such as 50, 90 and 95.
    pub quantiles_percent: Vec<u8>,
    /// Chats abandoned sooner than this after their start are left out of the abandonment ratio. Default 5 s.
    pub chat_abandon_min: Span,
    /// A chat without an end counts as ended after this time without an event. `None` (configured as `0s`, the default) means never.
    pub chat_idle_end: Option<Span>,
    /// A reopening by a customer's message more than so long after the solve begins a new ticket under the same id. `None` for never: the default.
    pub new_matter_after: Option<Span>,
    /// Whether the first-response clock stays at the creation or start when a bot hands over to people.
    pub first_response_from_creation: bool,
    /// The ages at which it is counted which tickets still wait for their first response: each with its spelling, which is the value of a label; ascending.
    pub wait_ages: Vec<(String, Span)>,
    /// The index of the dimension `team`, if there is one: a change of it is a transfer.
    pub team_dimension: Option<u8>,
    /// A contact is a repeat if it comes at most this long after another contact of the same customer. Default 7 d.
    pub repeat_contact_within: Span,
    /// The customer journey.
    pub journey: JourneySettings,
    /// The short window and the baseline window of each trend, by index. The short window is the shorter one.
    pub trends: Vec<TrendSettings>,
    /// The code of the currency in which customers' values are given, as it is shown. `None` if it is not configured.
    pub currency: Option<String>,
    /// The weights of the health index's parts: speed, quality, perception, outcome.
    pub health_weights: [f64; 4],
    /// How long ended tickets and chats are remembered after their last event. Default 365 d.
    pub ticket_retention: Span,
    /// How long cancelled customers are remembered after their last event. Default 400 d.
    pub customer_retention: Span,
    /// The targets and business hours.
    pub targets: TargetSettings,
    /// The limits of the number of kept entries, per partition group.
    pub limits: Limits,
    /// What somebody has changed in the organisation, in the order of the file. It is compared with the days before, and shapes no other number.
    pub changes: Vec<ComparedChange>,
}

impl EngineSettings {
    /// The length of the longest window.
    pub(crate) fn longest_range(&self) -> Span {
        self.windows.iter().map(|w| w.range).max().unwrap_or_default()
    }

    /// The largest number of events in all histories of a group that a late event may still precede: as many as there are remembered identities.
    pub(crate) fn unfolded_events_max(&self) -> usize {
        self.limits.identities_max.saturating_mul(self.topics.len())
    }

    /// The feed of the topic from which an event came.
    pub(crate) fn feed_of(&self, order: EventOrder) -> u8 {
        self.topics.get(order.topic()).map_or(0, |topic| topic.feed)
    }

    /// The mapping of durations to bins, with every configured bound among its edges.
    pub(crate) fn duration_bins(&self) -> DurationBins {
        let bounds = &self.duration_bounds;
        DurationBins::new(bounds.response.iter().chain(&bounds.resolution).chain(&bounds.chat).map(|bound| bound.0))
    }
}

/// The most marked changes of the configuration, and of events. More than one a week for a year; every scrape, dashboard and alert reads the whole list.
pub const MARKED_CHANGES_MAX: usize = 64;

/// What somebody has changed in the organisation, as the engine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedChange {
    /// Its name.
    pub name: String,
    /// When it was changed.
    pub at: EventTime,
    /// The contacts for which it was changed; without conditions, all of them.
    pub conditions: Vec<Condition>,
}

impl ComparedChange {
    /// A dimension of its conditions that no grouping set has, so that its contacts cannot be told from others; `None` where they can.
    #[must_use]
    pub fn unknown_dimension(&self, grouping_sets: &[Vec<u8>]) -> Option<u8> {
        self.conditions
            .iter()
            .map(|condition| condition.dimension)
            .find(|dimension| !grouping_sets.iter().any(|set| set.contains(dimension)))
    }
}

/// One input topic, as the engine sees it.
#[derive(Clone, Debug)]
pub struct EngineTopic {
    /// The value of the label `topic`.
    pub name: String,
    /// The kind, which decides the order of events at one instant.
    pub kind: Kind,
    /// The number of the feed that the topic belongs to, below 64. A full set of ticket snapshots speaks for the tickets of its own feed.
    pub feed: u8,
    /// How far behind the topic's watermark an event may be.
    pub allowed_lateness: Span,
    /// When the feed began, if it is known: before it there was nothing to send.
    pub feed_began: Option<EventTime>,
}

/// One dimension, as the engine sees it.
#[derive(Clone, Debug)]
pub struct EngineDimension {
    /// The name of the label.
    pub name: String,
    /// Whether the dimension describes the customer (else the contact).
    pub of_customer: bool,
    /// The largest number of distinct values; further values become `other`.
    pub values_max: usize,
}

/// One window. At the instant `T` it covers `[E - range, E)` with `E = (floor(T / hop) + 1) * hop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// The value of the label `window`, spelled as configured.
    pub name: String,
    /// The window's length, a multiple of `hop`.
    pub range: Span,
    /// The window's step.
    pub hop: Span,
}

impl WindowSettings {
    /// The instant at which the window's start first lies after `time`.
    pub(crate) fn leaves(&self, time: EventTime) -> EventTime {
        EventTime((time + self.range).slice(self.hop) * self.hop.0)
    }
}

/// One trend: a short window compared with the rest of a baseline window, without the short window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendSettings {
    /// The index of the short window.
    pub short: usize,
    /// The index of the baseline window, greater than `short`.
    pub baseline: usize,
}

/// The bounds of the exported histograms, by the duration that is measured.
#[derive(Clone, Debug)]
pub struct DurationBounds {
    /// The first and the next response.
    pub response: Vec<Span>,
    /// The resolution, the first resolution and the requester's wait.
    pub resolution: Vec<Span>,
    /// The chat wait and the chat duration.
    pub chat: Vec<Span>,
}

/// The stages of the customer journey, and the weights of their pain index.
#[derive(Clone, Debug, Default)]
pub struct JourneySettings {
    /// The stages in their order. If none are configured, no customer advances or drops out, and the stages named by events are shown.
    pub stages: Vec<StageSettings>,
    /// The weights of the pain index's parts.
    pub pain_weights: PainWeights,
}

/// One stage of the customer journey.
#[derive(Clone, Debug)]
pub struct StageSettings {
    /// The value of the dimension `journey_stage`, after renames.
    pub name: String,
    /// A customer who has no touchpoint of any kind for this long has dropped out of the stage.
    pub idle_timeout: Span,
    /// The target for the median time in the stage before customers move on.
    pub dwell_target: Option<Span>,
}

/// The weights of the pain index. A weight of 0 leaves its part out; only the ratios of the weights matter.
#[derive(Clone, Debug, PartialEq)]
pub struct PainWeights {
    /// The share of customers who dropped out of the stage.
    pub dropoff: f64,
    /// The share of dissatisfied CSAT answers among those given in the stage.
    pub csat: f64,
    /// The mean effort of the CES answers given in the stage.
    pub effort: f64,
    /// The share of repeat contacts among the contacts in the stage.
    pub repeat_contacts: f64,
    /// The median time in the stage relative to its `dwell_target`.
    pub dwell: f64,
}

impl PainWeights {
    /// The parts in the order of the fields, as the label `part` spells them.
    pub const PARTS: [&str; 5] = ["dropoff", "csat", "effort", "repeat_contacts", "dwell"];

    /// The weights in the order of [`Self::PARTS`].
    #[must_use]
    pub const fn in_order(&self) -> [f64; 5] {
        [self.dropoff, self.csat, self.effort, self.repeat_contacts, self.dwell]
    }
}

impl Default for PainWeights {
    fn default() -> Self {
        Self { dropoff: 3.0, csat: 3.0, effort: 2.0, repeat_contacts: 1.0, dwell: 1.0 }
    }
}

/// Limits of the number of kept entries, each per partition group. At a limit entries that have ended leave first, and departures are counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Tickets and chats. Default 2,000,000.
    pub contacts_max: usize,
    /// Customers. Default 2,000,000.
    pub customers_max: usize,
    /// Surveys. Default 2,000,000.
    pub surveys_max: usize,
    /// Remembered event identities, per topic partition; and as many events of tickets and chats that a late one may still precede, of all topics of a group
    /// together. Default 4,000,000.
    pub identities_max: usize,
    /// Events that lie ahead of now. If there are more, the earliest are applied a little early. Default 1,000,000.
    pub held_max: usize,
    /// Events in one history. Default 4,096.
    pub history_max: usize,
    /// Series cells in total. Default 200,000.
    pub cells_max: usize,
    /// Series cells of one measure in one grouping set. Default 20,000.
    pub cells_per_family_max: usize,
    /// Sums of answers and durations by the day on which their contact opened, from which the effects of marked changes are computed. Beyond it the oldest day
    /// leaves, and effects are compared over fewer weeks. Default 100,000.
    pub day_sums_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            contacts_max: 2_000_000,
            customers_max: 2_000_000,
            surveys_max: 2_000_000,
            identities_max: 4_000_000,
            held_max: 1_000_000,
            history_max: 4_096,
            cells_max: 200_000,
            cells_per_family_max: 20_000,
            day_sums_max: 100_000,
        }
    }
}
