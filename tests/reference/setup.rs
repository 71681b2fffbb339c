//! Settings for the tests: the defaults of the product, spelled out, so that a test depends on no file.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use cxpulse::engine::{
    DurationBounds, EngineDimension, EngineSettings, EngineTopic, JourneySettings, Limits, TargetSettings, TrendSettings, WindowSettings,
};
use cxpulse::event::{Kind, Status};
use cxpulse::time::Span;

/// The settings of the product's engine, and of its decoder those that differ from case to case.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Windows, dimensions, grouping sets, targets, clocks.
    pub(crate) engine: EngineSettings,
    /// `feed` of each topic, by the index of the topic; empty: every topic lies in the one feed without a name.
    pub(crate) feeds: Vec<String>,
    /// The feeds that say `customer_ids = "own"`.
    pub(crate) own_customers: Vec<String>,
    /// `renames` of a dimension: what a value is called here.
    pub(crate) renames: BTreeMap<String, BTreeMap<String, String>>,
}

impl Setup {
    /// The feed of a topic.
    pub(crate) fn feed(&self, topic: usize) -> &str {
        self.feeds.get(topic).map_or("", String::as_str)
    }
}

impl From<EngineSettings> for Setup {
    fn from(engine: EngineSettings) -> Self {
        Self { engine, feeds: Vec::new(), own_customers: Vec::new(), renames: BTreeMap::new() }
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
        currency: None,
        health_weights: [0.3, 0.2, 0.3, 0.2],
        repeat_contact_within: Span::days(7),
        journey: JourneySettings::default(),
        ticket_retention: Span::days(365),
        customer_retention: Span::days(400),
        targets: targets(),
        new_matter_after: None,
        first_response_from_creation: false,
        wait_ages: vec![("30m".to_owned(), Span::minutes(30)), ("2h".to_owned(), Span::hours(2))],
        team_dimension: Some(dimension("team")),
        limits: Limits::default(),
        changes: Vec::new(),
    }
}

/// No target, and the default looks ahead.
pub(crate) fn targets() -> TargetSettings {
    let within = |text: &str, span| (text.to_owned(), span);
    let due_within = vec![within("15m", Span::minutes(15)), within("1h", Span::hours(1)), within("4h", Span::hours(4))];
    TargetSettings { due_within, ..TargetSettings::default() }
}

/// One topic of each kind.
pub(crate) fn topics(allowed_lateness: Span) -> Vec<EngineTopic> {
    Kind::ALL.iter().map(|&kind| EngineTopic { name: kind.name().to_owned(), kind, feed: 0, allowed_lateness, feed_began: None }).collect()
}

/// The statuses in which a clock may stand still, as the events spell them.
pub(crate) const PAUSES: [(Status, &str); 4] =
    [(Status::New, "new"), (Status::Open, "open"), (Status::Pending, "pending"), (Status::OnHold, "on_hold")];

/// The status that a pause names.
pub(crate) fn status(text: &str) -> Option<Status> {
    PAUSES.iter().find(|(_, name)| *name == text).map(|(status, _)| *status)
}
