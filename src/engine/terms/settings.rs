//! What the engine is told by the configuration.

use super::{DurationBins, TargetSettings};
use crate::event::{Kind, Scale};
use crate::time::{EventTime, Span};

/// Everything that the engine depends on beside events and `now`.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The input topics, in configured order; a `TopicIndex` points into it.
    pub topics: Vec<EngineTopic>,
    /// The names of the dimensions, as in the decoder's settings: `channel` is 0, `journey_stage` is 1.
    pub dimensions: Vec<EngineDimension>,
    /// The windows, shortest first.
    pub windows: Vec<WindowSettings>,
    /// The grouping sets beside the overall value, each a list of dimension indices in configured order.
    pub grouping_sets: Vec<Vec<u8>>,
    /// The grouping sets of customer counts, over customer dimensions only.
    pub customer_grouping_sets: Vec<Vec<u8>>,
    /// The channels whose chats are telephone calls: accepted is also first response. Default `phone`.
    pub call_channels: Vec<String>,
    /// What counts as satisfied where the default (top two boxes) does not hold: scale and lowest satisfied score in millionths.
    pub csat_satisfied_from: Vec<(Scale, i64)>,
    /// Bounds of the exported histograms, ascending, inclusive.
    pub duration_bounds: DurationBounds,
    /// Exported quantiles in percent, such as 50, 90, 95.
    pub quantiles_percent: Vec<u8>,
    /// Abandons shorter than this are left out of the abandonment ratio. Default 5 s.
    pub chat_abandon_min: Span,
    /// A chat without an end counts as ended after so long without an event. `None`, from a configured `0s`, for never: the default.
    pub chat_idle_end: Option<Span>,
    /// A contact at most this long after another of the same customer is a repeat. Default 7 d.
    pub repeat_contact_within: Span,
    /// The customer journey.
    pub journey: JourneySettings,
    /// Short window and baseline window of each trend, by index. The short one is the shorter.
    pub trends: Vec<TrendSettings>,
    /// Weights of the parts of the health index: speed, quality, perception, outcome.
    pub health_weights: [f64; 4],
    /// How long ended tickets and chats stay known after their last event. Default 365 d.
    pub ticket_retention: Span,
    /// How long cancelled customers stay known. Default 400 d.
    pub customer_retention: Span,
    /// Targets and business hours.
    pub targets: TargetSettings,
    /// What is kept at most, per partition group.
    pub limits: Limits,
}

impl EngineSettings {
    /// The length of the longest window.
    pub(crate) fn longest_range(&self) -> Span {
        self.windows.iter().map(|w| w.range).max().unwrap_or_default()
    }

    /// The histogram mapping with every configured bound among its edges.
    pub(crate) fn duration_bins(&self) -> DurationBins {
        let bounds = &self.duration_bounds;
        DurationBins::new(bounds.response.iter().chain(&bounds.resolution).chain(&bounds.chat).map(|bound| bound.0))
    }
}

/// One input topic, as the engine sees it.
#[derive(Clone, Debug)]
pub struct EngineTopic {
    /// The label `topic`.
    pub name: String,
    /// Its kind decides the order of events at one instant.
    pub kind: Kind,
    /// How far behind its watermark an event may be.
    pub allowed_lateness: Span,
}

/// One dimension, as the engine sees it.
#[derive(Clone, Debug)]
pub struct EngineDimension {
    /// The label name.
    pub name: String,
    /// Whether it describes the customer (else the contact).
    pub of_customer: bool,
    /// Distinct values beyond this become `other`.
    pub values_max: usize,
}

/// One window: at `T` it covers `[E - range, E)` with `E = (floor(T / hop) + 1) * hop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// The label `window`, spelled as configured.
    pub name: String,
    /// Its length; a multiple of `hop`.
    pub range: Span,
    /// Its step.
    pub hop: Span,
}

impl WindowSettings {
    /// When the window's start first lies after an instant.
    pub(crate) fn leaves(&self, time: EventTime) -> EventTime {
        EventTime((time + self.range).slice(self.hop) * self.hop.0)
    }
}

/// One trend: a short window against a baseline window without the short one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendSettings {
    /// The index of the short window.
    pub short: usize,
    /// The index of the baseline window; greater.
    pub baseline: usize,
}

/// Bounds of the exported histograms by what is timed.
#[derive(Clone, Debug)]
pub struct DurationBounds {
    /// First and next response.
    pub response: Vec<Span>,
    /// Resolution, first resolution, requester wait.
    pub resolution: Vec<Span>,
    /// Chat wait and chat duration.
    pub chat: Vec<Span>,
}

/// The stages of the customer journey, and what makes one painful.
#[derive(Clone, Debug, Default)]
pub struct JourneySettings {
    /// The stages in their order; without any, nobody advances or drops out, and stages are shown as they are seen.
    pub stages: Vec<StageSettings>,
    /// How much each part counts in the pain index.
    pub pain_weights: PainWeights,
}

/// One stage of the customer journey.
#[derive(Clone, Debug)]
pub struct StageSettings {
    /// The value of `journey_stage`, as events have it after renames.
    pub name: String,
    /// Without a touchpoint of any kind for this long, a customer has dropped out of the stage.
    pub idle_timeout: Span,
    /// How long half of the customers should need at most until they move on.
    pub dwell_target: Option<Span>,
}

/// The weights of the pain index: 0 leaves a part out, and only their relation matters.
#[derive(Clone, Debug, PartialEq)]
pub struct PainWeights {
    /// Share of the customers who dropped out.
    pub dropoff: f64,
    /// Share of dissatisfied CSAT answers given in the stage.
    pub csat: f64,
    /// Mean effort of the CES answers given in the stage.
    pub effort: f64,
    /// Share of repeats among the contacts in the stage.
    pub repeat_contacts: f64,
    /// Median time in the stage against its `dwell_target`.
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

/// What is kept at most, each per partition group; at the bound ended entries leave first, counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Tickets and chats. Default 2,000,000.
    pub contacts_max: usize,
    /// Customers. Default 2,000,000.
    pub customers_max: usize,
    /// Surveys. Default 2,000,000.
    pub surveys_max: usize,
    /// Remembered event identities per topic partition. Default 4,000,000.
    pub identities_max: usize,
    /// Events that lie ahead of now; the first of more are counted a little early. Default 1,000,000.
    pub held_max: usize,
    /// Events in one history. Default 4,096.
    pub history_max: usize,
    /// Series cells in total. Default 200,000.
    pub cells_max: usize,
    /// Series cells of one measure in one grouping set. Default 20,000.
    pub cells_per_family_max: usize,
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
        }
    }
}
