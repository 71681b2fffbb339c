//! Targets: what they are, the share of decided contacts that met them, and how far each value is from its own.

use std::sync::Arc;

use super::{customers, effort, proportion};
use crate::engine::read::{Answers, Label, Measure};
use crate::engine::{EngineSettings, Ruled, TargetSettings, TimeTarget};
use crate::event::Scope;
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics;

/// What a target can be set for. Times come twice: their length in seconds, and the share of the decided ones that must meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Seconds(Time),
    Attainment(Time),
    Csat,
    NpsService,
    NpsExperience,
    Ces,
    Churn,
}

/// A promise of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    FirstResponse,
    Resolution,
    ChatWait,
}

const METRICS: [(&str, Metric); 11] = [
    ("first_response", Metric::Seconds(Time::FirstResponse)),
    ("first_response_attainment", Metric::Attainment(Time::FirstResponse)),
    ("resolution", Metric::Seconds(Time::Resolution)),
    ("resolution_attainment", Metric::Attainment(Time::Resolution)),
    ("chat_wait", Metric::Seconds(Time::ChatWait)),
    ("chat_wait_attainment", Metric::Attainment(Time::ChatWait)),
    ("csat", Metric::Csat),
    ("nps_service", Metric::NpsService),
    ("nps_experience", Metric::NpsExperience),
    ("ces", Metric::Ces),
    ("churn", Metric::Churn),
];

/// The variants of the label `metric`; `part` is the place in [`METRICS`].
pub(in crate::metrics) fn variants() -> Vec<Variant> {
    let variant = |(part, (name, _)): (usize, &(&'static str, Metric))| Variant {
        label: Label::default(),
        part,
        texts: vec![("metric", (*name).to_owned())],
    };
    METRICS.iter().enumerate().map(variant).collect()
}

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = Vec::new();
    for (time, name, what) in [
        (Time::FirstResponse, "first_response", "first responses"),
        (Time::Resolution, "resolution", "resolutions"),
        (Time::ChatWait, "chat_wait", "chat waits"),
    ] {
        let is_configured = time.of(&settings.targets).is_configured();
        families.extend(attainment(time, name, what).map(|family| family.only_if(is_configured)));
    }
    let has_response = settings.targets.first_response.is_configured();
    families.push(
        Family::count(
            "cx_backlog_unanswered_past_target_tickets",
            "Open tickets without a first response that are past its target.",
            Measure::BacklogUnansweredPastTarget,
        )
        .of_now()
        .only_if(has_response),
    );
    for (side, measure) in [("within", Measure::CsatWithinTarget), ("beyond", Measure::CsatBeyondTarget)] {
        families.extend(csat(side, measure).into_iter().map(|family| family.only_if(has_response)));
    }
    families.extend(of_every_metric(settings));
    families
}

/// Counts and share of one promise of time.
fn attainment(time: Time, name: &str, what: &str) -> [Family; 5] {
    let (within, decided) = time.measures();
    let ratio = proportion(
        &format!("cx_{name}_attainment_ratio"),
        &format!("Share of the {what} decided in the window that met their target."),
        &[decided],
        move |r, _| Some((r.count(within), r.count(decided))),
    );
    let met = Family::value(
        &format!("cx_{name}_within_target"),
        &format!("Of cx_{name}_target_decided: those that met the target."),
        &[decided],
        move |r, _| Some(r.count(within) as f64),
    );
    let all = format!(
        "{what} whose target was decided in the window: met when it stopped in time, missed at the deadline; never running clocks."
    );
    let decided = Family::count(&format!("cx_{name}_target_decided"), &capitalised(&all), decided);
    let [share, lower, upper] = ratio;
    [met.merged(Merge::Sum), decided, share, lower, upper]
}

/// CSAT of the contacts whose first-response target was met, or was missed: the latest answer of each, at the later of answer and decision.
fn csat(side: &str, measure: Measure) -> Vec<Family> {
    let answers = move |r: &Reader<'_>| r.answers(measure, Label::default()).cloned().unwrap_or_default();
    let count = |name: String, help: String, pick: fn(&Answers) -> i64| {
        Family::value(&name, &help, &[measure], move |r, _| Some(pick(&answers(r)) as f64)).merged(Merge::Sum)
    };
    let of = format!("contacts answered {side} their first-response target, the latest of each ticket or chat");
    let mut families = vec![
        count(format!("cx_csat_responses_{side}_first_response_target"), format!("CSAT answers about {of}."), |a| a.count),
        count(format!("cx_csat_satisfied_responses_{side}_first_response_target"), format!("Satisfied CSAT answers about {of}."), |a| {
            a.good
        }),
    ];
    families.extend(proportion(
        &format!("cx_csat_ratio_{side}_first_response_target"),
        &format!("Satisfied share of the CSAT answers about {of}."),
        &[measure],
        move |r, _| {
            let answers = answers(r);
            Some((answers.good, answers.count))
        },
    ));
    families.into_iter().map(|family| family.over(Sets::Overall)).collect()
}

/// `cx_target` and `cx_target_gap`, for sets of contacts and of customers alike.
fn of_every_metric(settings: &EngineSettings) -> [Family; 2] {
    let targets = Arc::new(Targets::new(settings));
    let for_gap = Arc::clone(&targets);
    let target = Family::value(
        "cx_target",
        "Configured target: seconds for times, the share that must meet them for ..._attainment, else in the metric's own unit. By group: that \
         of the first rule which the group's values fulfil.",
        &[],
        move |r, v| targets.of(METRICS[v.part].1, r),
    );
    let gap = Family::value(
        "cx_target_gap",
        "Value less target, for effort and churn target less value: positive is good. Of times: attainment less the required share.",
        &[],
        move |r, v| {
            let metric = METRICS[v.part].1;
            let target = for_gap.of(metric, r)?;
            let gap = metric.value(r)? - target;
            Some(if matches!(metric, Metric::Ces | Metric::Churn) { -gap } else { gap })
        },
    );
    [target.merged(Merge::Max).of_now(), gap].map(|family| family.labelled(Labels::Target).over(Sets::Every))
}

/// The targets and what the grouping sets are made of.
pub(super) struct Targets {
    settings: TargetSettings,
    /// The dimensions of each set, contact sets before customer sets.
    sets: Vec<Vec<u8>>,
    contact_sets: usize,
}

impl Targets {
    pub(super) fn new(settings: &EngineSettings) -> Self {
        let sets = settings.grouping_sets.iter().chain(&settings.customer_grouping_sets).cloned().collect();
        Self { settings: settings.targets.clone(), sets, contact_sets: settings.grouping_sets.len() }
    }

    /// The target of a metric for the reader's group; churn is counted by customers' sets alone, everything else by those of contacts.
    pub(super) fn of(&self, metric: Metric, reader: &Reader<'_>) -> Option<f64> {
        let group = reader.group;
        if group.set.is_some_and(|set| (set >= self.contact_sets) != (metric == Metric::Churn)) {
            return None;
        }
        let dimensions = group.set.map_or(&[][..], |set| &self.sets[set]);
        let value = |ruled: &Ruled<f64>| ruled.of_group(dimensions, &group.texts).copied();
        match metric {
            Metric::Seconds(time) => time.of(&self.settings).of_group(dimensions, &group.texts).map(|t| t.within.as_seconds()),
            Metric::Attainment(time) => time.of(&self.settings).of_group(dimensions, &group.texts).map(|t| t.share),
            Metric::Csat => value(&self.settings.csat),
            Metric::NpsService => value(&self.settings.nps_service),
            Metric::NpsExperience => value(&self.settings.nps_experience),
            Metric::Ces => value(&self.settings.ces),
            Metric::Churn => value(&self.settings.churn),
        }
    }
}

impl Metric {
    /// What the target is held against; none for lengths of time, which attainment speaks for.
    pub(super) fn value(self, reader: &Reader<'_>) -> Option<f64> {
        let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
        match self {
            Self::Seconds(_) => None,
            Self::Attainment(time) => {
                let (within, decided) = time.measures();
                share(reader.count(within), reader.count(decided))
            }
            Self::Csat => {
                let answers = reader.all_answers(Measure::Csat);
                share(answers.good, answers.count)
            }
            Self::NpsService => nps(reader, Scope::Service),
            Self::NpsExperience => nps(reader, Scope::Experience),
            Self::Ces => effort::effort(reader),
            Self::Churn => customers::churn(reader),
        }
    }
}

impl Time {
    fn of(self, settings: &TargetSettings) -> &Ruled<TimeTarget> {
        match self {
            Self::FirstResponse => &settings.first_response,
            Self::Resolution => &settings.resolution,
            Self::ChatWait => &settings.chat_wait,
        }
    }

    /// Those that met the target, and all that are decided.
    const fn measures(self) -> (Measure, Measure) {
        match self {
            Self::FirstResponse => (Measure::FirstResponseWithin, Measure::FirstResponseDecided),
            Self::Resolution => (Measure::ResolutionWithin, Measure::ResolutionDecided),
            Self::ChatWait => (Measure::ChatWaitWithin, Measure::ChatWaitDecided),
        }
    }
}

fn nps(reader: &Reader<'_>, scope: Scope) -> Option<f64> {
    let answers = reader.answers(Measure::Nps, Label(scope as u32))?;
    statistics::nps(answers.good, answers.bad, answers.count).map(|(score, _, _)| score)
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}
