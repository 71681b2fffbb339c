//! What a metric family is: one entry of the catalogue.

use super::families::targets;
use super::reader::Reader;
use crate::engine::read::{FEELINGS, Label, METRICS, Measure, Stage, Status, score_text};
use crate::engine::{PAIRS, PainWeights, Snapshot};

/// A family before grouping sets: its name is the overall one.
pub struct Family {
    /// The overall name; grouping sets add `_by_...`.
    pub name: String,
    /// What it is, in a sentence or two.
    pub help: String,
    /// Whether windows apply.
    pub is_windowed: bool,
    /// Whether this configuration has it; where not, it is in the catalogue but never exported.
    pub is_configured: bool,
    /// Which grouping sets it exists for.
    pub sets: Sets,
    /// Its own labels beside those of the grouping set and the window.
    pub labels: Labels,
    /// How replicas merge.
    pub merge: Merge,
    /// The measures whose having been seen makes a label set exist; every known one exists where there are none.
    pub(super) seen_by: Vec<Measure>,
    pub(super) read: Read,
}

/// Which grouping sets a family exists for, beside the overall value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sets {
    /// Every configured set.
    All,
    /// Sets of one dimension.
    OneDimension,
    /// None.
    Overall,
    /// The sets over customer dimensions.
    Customer,
    /// Both; a set of contacts and one of customers over the same dimensions are one family.
    Every,
}

/// A family's own labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// None.
    None,
    /// `metric`: csat, nps, ces.
    Metric,
    /// `scope`: service, experience.
    Scope,
    /// `scope` and `group`.
    ScopeAndGroup,
    /// `score`.
    Score,
    /// `x` and `y`.
    Pair,
    /// `journey_stage` and `channel`.
    StageAndChannel,
    /// `status`.
    Status,
    /// `metric` and `experience`.
    Experience,
    /// `journey_stage`: those configured and those seen.
    Stage,
    /// `journey_stage`: those configured.
    ConfiguredStage,
    /// `journey_stage` and `part`.
    StagePart,
    /// `part`.
    PainPart,
    /// `from` and `to`.
    Transition,
    /// `metric` and `baseline`, for the configured trends.
    Trend,
    /// `baseline` and `window`, for the configured trends.
    Baseline,
    /// `metric`: what a target can be set for.
    Target,
    /// `part`: a part of the health index.
    HealthPart,
}

/// How the series of several replicas become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Add them.
    Sum,
    /// Take the smallest.
    Min,
    /// Take the largest.
    Max,
    /// Compute it again from the merged parts; this series speaks for one instance's partitions.
    Derived,
}

pub(super) type ReadValue = Box<dyn Fn(&Reader<'_>, &Variant) -> Option<f64> + Send + Sync>;

/// How a family is read.
pub(super) enum Read {
    /// A gauge.
    Value(ReadValue),
    /// A histogram of durations.
    Histogram(Measure),
}

/// One combination of a family's own labels.
#[derive(Clone, Debug, Default)]
pub(super) struct Variant {
    /// The label of the measure.
    pub(super) label: Label,
    /// The place among the variants of the same label, such as the NPS group.
    pub(super) part: usize,
    /// Names and values as exported.
    pub(super) texts: Vec<(&'static str, String)>,
}

impl Labels {
    /// The combinations to export: all that are known in advance, and of the others those that were seen.
    pub(super) fn variants(self, snapshot: &Snapshot) -> Vec<Variant> {
        let one =
            |label: u32, name: &'static str, text: &str| Variant { label: Label(label), part: 0, texts: vec![(name, text.to_owned())] };
        match self {
            Self::None => vec![Variant::default()],
            Self::Metric => ["csat", "nps", "ces"].iter().zip(0..).map(|(text, at)| one(at, "metric", text)).collect(),
            Self::Scope => ["service", "experience"].iter().zip(0..).map(|(text, at)| one(at, "scope", text)).collect(),
            Self::ScopeAndGroup => scopes_and_groups(),
            Self::Target => targets::variants(),
            Self::Score => snapshot.labels_of(Measure::CsatScores).iter().map(|l| one(l.0, "score", &score_text(*l))).collect(),
            Self::Pair => {
                let pair = |(at, (x, y)): (usize, &(crate::engine::Side, crate::engine::Side))| Variant {
                    label: Label(at as u32),
                    part: 0,
                    texts: vec![("x", x.name().to_owned()), ("y", y.name().to_owned())],
                };
                PAIRS.iter().enumerate().map(pair).collect()
            }
            Self::StageAndChannel => {
                let texts = |(label, stage, channel): &(Label, String, String)| Variant {
                    label: *label,
                    part: 0,
                    texts: vec![("journey_stage", stage.clone()), ("channel", channel.clone())],
                };
                snapshot.touchpoints.iter().map(texts).collect()
            }
            Self::Trend => super::families::trend::variants(snapshot),
            Self::Baseline => super::families::trend::baselines(snapshot),
            Self::HealthPart => super::families::health::variants(),
            Self::Status => {
                let statuses = [(Status::New, "new"), (Status::Open, "open"), (Status::Pending, "pending"), (Status::OnHold, "on_hold")];
                statuses.iter().map(|(status, text)| one(*status as u32, "status", text)).collect()
            }
            Self::Experience => metrics_and_experiences(),
            Self::Stage => snapshot.stages.iter().map(|s| one(s.label.0, "journey_stage", &s.text)).collect(),
            Self::ConfiguredStage => {
                let configured = snapshot.stages.iter().filter(|s| s.place.is_some());
                configured.map(|s| one(s.label.0, "journey_stage", &s.text)).collect()
            }
            Self::StagePart => stages_and_parts(snapshot),
            Self::PainPart => PainWeights::PARTS.iter().enumerate().map(|(part, text)| Variant { part, ..one(0, "part", text) }).collect(),
            Self::Transition => {
                let texts = |(label, from, to): &(Label, String, String)| Variant {
                    label: *label,
                    part: 0,
                    texts: vec![("from", from.clone()), ("to", to.clone())],
                };
                snapshot.transitions.iter().map(texts).collect()
            }
        }
    }
}

fn scopes_and_groups() -> Vec<Variant> {
    let mut variants = Vec::new();
    for (label, scope) in (0..).zip(["service", "experience"]) {
        for (part, group) in ["promoter", "passive", "detractor"].into_iter().enumerate() {
            let texts = vec![("scope", scope.to_owned()), ("group", group.to_owned())];
            variants.push(Variant { label: Label(label), part, texts });
        }
    }
    variants
}

fn metrics_and_experiences() -> Vec<Variant> {
    let pairs = METRICS.iter().flat_map(|metric| FEELINGS.iter().map(move |experience| (*metric, *experience)));
    let variant = |(label, (metric, experience)): (u32, (&str, &str))| Variant {
        label: Label(label),
        part: 0,
        texts: vec![("metric", metric.to_owned()), ("experience", experience.to_owned())],
    };
    (0..).zip(pairs).map(variant).collect()
}

fn stages_and_parts(snapshot: &Snapshot) -> Vec<Variant> {
    let variant = |stage: &Stage, part: usize| Variant {
        label: stage.label,
        part,
        texts: vec![("journey_stage", stage.text.clone()), ("part", PainWeights::PARTS[part].to_owned())],
    };
    snapshot.stages.iter().flat_map(|stage| (0..PainWeights::PARTS.len()).map(move |part| variant(stage, part))).collect()
}

impl Family {
    /// A count of things: additive, 0 where nothing is in the window.
    pub(super) fn count(name: &str, help: &str, measure: Measure) -> Self {
        Self::value(name, help, &[measure], move |reader, variant| Some(reader.count_of(measure, variant.label) as f64)).merged(Merge::Sum)
    }

    /// A derived value, absent where `read` gives none.
    pub(super) fn value(
        name: &str,
        help: &str,
        seen_by: &[Measure],
        read: impl Fn(&Reader<'_>, &Variant) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            is_windowed: true,
            is_configured: true,
            sets: Sets::All,
            labels: Labels::None,
            merge: Merge::Derived,
            seen_by: seen_by.to_vec(),
            read: Read::Value(Box::new(read)),
        }
    }

    pub(super) fn merged(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }

    pub(super) fn labelled(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    pub(super) fn over(self, sets: Sets) -> Self {
        Self { sets, ..self }
    }

    /// Exported only where the configuration asks for it.
    pub(super) fn only_if(self, is_configured: bool) -> Self {
        Self { is_configured, ..self }
    }

    /// State as of now, without a window.
    pub(super) fn of_now(self) -> Self {
        Self { is_windowed: false, ..self }
    }

    /// The Prometheus type.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.read {
            Read::Value(_) => "gauge",
            Read::Histogram(_) => "histogram",
        }
    }
}
