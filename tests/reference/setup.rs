//! Settings for the tests: the defaults of the product, spelled out, so that a test depends on no file.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use cxpulse::engine::{
    DurationBounds, EngineDimension, EngineSettings, EngineTopic, JourneySettings, Limits, Ruled, TargetSettings, TimeTarget,
    TrendSettings, WindowSettings,
};
use cxpulse::event::Kind;
use cxpulse::time::Span;

/// What the model is set up with: the product's settings, and beside them those that only the model knows so far.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Windows, dimensions, grouping sets, targets.
    pub(crate) engine: EngineSettings,
    /// What real desks need.
    pub(crate) desk: Desk,
}

/// The settings of section 9 of the definitions.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    /// `feed` of each topic, by the index of the topic; empty: every topic lies in the one feed without a name.
    pub(crate) feeds: Vec<String>,
    /// The feeds that say `customer_ids = "own"`.
    pub(crate) own_customers: Vec<String>,
    /// `tickets.new_matter_after`.
    pub(crate) new_matter_after: Option<Span>,
    /// `first_response.from = "creation"`: no hand-off moves a clock.
    pub(crate) clock_from_creation: bool,
    /// `[targets.next_response]`.
    pub(crate) next_response: Ruled<TimeTarget>,
    /// `pauses` of the target of first response.
    pub(crate) first_response_pauses: Vec<String>,
    /// `pauses` of the target of next response.
    pub(crate) next_response_pauses: Vec<String>,
    /// `pauses` of the target of resolution.
    pub(crate) resolution_pauses: Vec<String>,
    /// `renames` of a dimension: what a value is called here.
    pub(crate) renames: BTreeMap<String, BTreeMap<String, String>>,
    /// How soon a ticket must fall due to be counted as due soon, with the spelling of the label `within`.
    pub(crate) due_within: Vec<(String, Span)>,
}

impl Default for Desk {
    fn default() -> Self {
        let within = |text: &str, span| (text.to_owned(), span);
        Self {
            feeds: Vec::new(),
            own_customers: Vec::new(),
            new_matter_after: None,
            clock_from_creation: false,
            next_response: Ruled::default(),
            first_response_pauses: Vec::new(),
            next_response_pauses: Vec::new(),
            resolution_pauses: Vec::new(),
            renames: BTreeMap::new(),
            due_within: vec![within("15m", Span::minutes(15)), within("1h", Span::hours(1)), within("4h", Span::hours(4))],
        }
    }
}

impl Desk {
    /// The feed of a topic.
    pub(crate) fn feed(&self, topic: usize) -> &str {
        self.feeds.get(topic).map_or("", String::as_str)
    }
}

impl From<EngineSettings> for Setup {
    fn from(engine: EngineSettings) -> Self {
        Self { engine, desk: Desk::default() }
    }
}

impl Deref for Setup {
    type Target = EngineSettings;

    fn deref(&self) -> &EngineSettings {
        &self.engine
    }
}

impl DerefMut for Setup {
    fn deref_mut(&mut self) -> &mut EngineSettings {
        &mut self.engine
    }
}

/// The dimensions in their order with whether they describe the customer.
pub(crate) const DIMENSIONS: [(&str, bool); 6] =
    [("channel", false), ("journey_stage", true), ("team", false), ("priority", false), ("brand", false), ("segment", true)];

/// The index of a dimension.
pub(crate) fn dimension(name: &str) -> u8 {
    DIMENSIONS.iter().position(|(d, _)| *d == name).expect("one of the dimensions") as u8
}

/// The product's defaults with nothing of section 9 configured.
pub(crate) fn setup() -> Setup {
    settings().into()
}

/// The product's defaults: five windows, four grouping sets, one hour of lateness.
pub(crate) fn settings() -> EngineSettings {
    let window = |name: &str, range, hop| WindowSettings { name: name.to_owned(), range, hop };
    let (channel, team, segment) = (dimension("channel"), dimension("team"), dimension("segment"));
    EngineSettings {
        topics: topics(Span::hours(1)),
        dimensions: DIMENSIONS
            .iter()
            .map(|&(name, of_customer)| EngineDimension { name: name.to_owned(), of_customer, values_max: 200 })
            .collect(),
        windows: vec![
            window("5m", Span::minutes(5), Span::seconds(5)),
            window("1h", Span::hours(1), Span::minutes(1)),
            window("24h", Span::hours(24), Span::minutes(15)),
            window("7d", Span::days(7), Span::hours(1)),
            window("30d", Span::days(30), Span::hours(6)),
        ],
        grouping_sets: vec![vec![channel], vec![team], vec![team, channel]],
        customer_grouping_sets: vec![vec![segment]],
        call_channels: vec!["phone".to_owned()],
        csat_satisfied_from: Vec::new(),
        duration_bounds: DurationBounds {
            response: [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400].map(Span::seconds).to_vec(),
            resolution: [60, 600, 3_600, 28_800, 86_400, 604_800, 7_776_000].map(Span::seconds).to_vec(),
            chat: [1, 5, 20, 60, 300, 1_800].map(Span::seconds).to_vec(),
        },
        quantiles_percent: vec![50, 90, 95],
        chat_abandon_min: Span::seconds(5),
        chat_idle_end: None,
        trends: vec![TrendSettings { short: 1, baseline: 2 }, TrendSettings { short: 2, baseline: 3 }],
        health_weights: [0.3, 0.2, 0.3, 0.2],
        repeat_contact_within: Span::days(7),
        journey: JourneySettings::default(),
        ticket_retention: Span::days(365),
        customer_retention: Span::days(400),
        targets: TargetSettings::default(),
        limits: Limits::default(),
    }
}

/// One topic of each kind.
pub(crate) fn topics(allowed_lateness: Span) -> Vec<EngineTopic> {
    Kind::ALL.iter().map(|&kind| EngineTopic { name: kind.name().to_owned(), kind, allowed_lateness }).collect()
}
