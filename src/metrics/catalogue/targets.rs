//! Targets: the configured values, the share of the decided contacts that met them, and the gap between each value and its target.

use std::sync::Arc;

use super::{ces, customers, due, nps};
use crate::engine::read::{AnswerSums, Label, Measure, undecided_label, verdict_measures};
use crate::engine::{EngineSettings, Ruled, TargetSettings, TimedTarget, UndecidedReason};
use crate::event::Scope;
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics;

/// A metric for which a target can be set. A response time has two targets: its length in seconds, and the share of the decided contacts
/// that must meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetMetric {
    Seconds(TimedTarget),
    Attainment(TimedTarget),
    Csat,
    NpsService,
    NpsExperience,
    Ces,
    Churn,
}

/// The verdicts of a target that a reply or an acceptance meets.
const ON_A_REPLY: &str = "met when the clock stopped in time, missed when the deadline passed";

/// The verdicts of a target that a solve meets.
const ON_A_SOLVE: &str =
    "met if the ticket is solved at its deadline (and, until then, provisionally while it is solved), missed if it is open then";

/// `target` and `reason`: the reasons of every time that has a target.
const TARGET_AND_REASON: OwnLabels = OwnLabels::new(&["target", "reason"], |snapshot| {
    let of_time = |time: &TimedTarget| {
        let time = *time;
        UndecidedReason::ALL.map(|reason| Variant::of_label(undecided_label(time, reason), &[time.name(), reason.name()]))
    };
    snapshot.timed_targets.iter().flat_map(of_time).collect()
});

/// `metric`: every metric; the part is its place in [`TargetMetric::ALL`].
const METRIC: OwnLabels = OwnLabels::new(&["metric"], |_| Variant::of_parts(TargetMetric::ALL.map(TargetMetric::name)));

pub(in crate::metrics) fn families(settings: &EngineSettings) -> Vec<Family> {
    let mut families = Vec::new();
    for time in TimedTarget::ALL {
        let is_configured = settings.targets.of_time(time).is_configured();
        families.extend(attainment(time).map(|family| family.only_if(is_configured)));
    }
    let reopened = Family::count(
        "cx_resolution_within_target_reopened",
        "Of cx_resolution_within_target, those that were reopened since; a reopening takes no verdict back.",
        Measure::ResolutionWithinReopened,
    );
    families.push(reopened.only_if(settings.targets.resolution.is_configured()));
    families.push(undecided().only_if(settings.targets.times().next().is_some()));
    families.extend(due::families(&settings.targets));
    let has_response = settings.targets.first_response.is_configured();
    for (side, set, measure) in [
        ("within", "within their first-response target", Measure::CsatWithinTarget),
        ("beyond", "beyond their first-response target or never", Measure::CsatBeyondTarget),
    ] {
        families.extend(csat_by_target(side, set, measure).into_iter().map(|family| family.only_if(has_response)));
    }
    families.extend(of_every_metric(settings));
    families
}

/// The counts and the share of the cases that met the target of a time.
fn attainment(time: TimedTarget) -> [Family; 5] {
    let name = time.name();
    let (plural, verdict) = match time {
        TimedTarget::FirstResponse => ("first responses", ON_A_REPLY),
        TimedTarget::NextResponse => ("next responses", ON_A_REPLY),
        TimedTarget::Resolution => ("resolutions", ON_A_SOLVE),
        TimedTarget::ChatWait => ("chat waits", ON_A_REPLY),
    };
    let (within, decided) = verdict_measures(time);
    let ratio = Family::proportion(
        &format!("cx_{name}_attainment_ratio"),
        &format!("Share of the {plural} decided in the window that met their target."),
        &[decided],
        move |reader, _| Some((reader.count(within), reader.count(decided))),
    );
    let met = Family::value(
        &format!("cx_{name}_within_target"),
        &format!("Of cx_{name}_target_decided, those that met the target."),
        &[decided],
        move |reader, _| Some(reader.count(within) as f64),
    );
    let all = format!("{plural} whose target was decided in the window: {verdict}; a running clock is not decided.");
    let decided = Family::count(&format!("cx_{name}_target_decided"), &capitalised(&all), decided);
    let [share, lower, upper] = ratio;
    [met.merged(Merge::Sum), decided, share, lower, upper]
}

/// The verdicts that never came: without them, tickets that are solved silently or merged away would hide a miss.
fn undecided() -> Family {
    let help = "Clocks of a target that ended in the window before their deadline and without a verdict, by reason: ended_without_reply (solved, \
                closed or ended without a reply) or withdrawn (spam, deleted or merged away).";
    Family::count("cx_target_undecided", help, Measure::TargetUndecided).labelled(TARGET_AND_REASON)
}

/// CSAT of the contacts whose first-response target was met, or was missed. The latest answer about each contact counts, at the later of
/// the times of the answer and of the decision.
fn csat_by_target(side: &str, set: &str, measure: Measure) -> Vec<Family> {
    let answers = move |reader: &Reader<'_>| reader.answers(measure, Label::default()).cloned().unwrap_or_default();
    let count = |name: String, help: String, pick: fn(&AnswerSums) -> i64| {
        Family::value(&name, &help, &[measure], move |reader, _| Some(pick(&answers(reader)) as f64)).merged(Merge::Sum)
    };
    let about = format!("about contacts that were answered {set}; the latest answer of each ticket or chat counts");
    let responses = format!("cx_csat_responses_{side}_first_response_target");
    let satisfied = format!("cx_csat_satisfied_responses_{side}_first_response_target");
    let mut families = vec![
        count(responses, format!("CSAT answers {about}."), |answers| answers.count),
        count(satisfied, format!("Satisfied CSAT answers {about}."), |answers| answers.good),
    ];
    families.extend(Family::proportion(
        &format!("cx_csat_ratio_{side}_first_response_target"),
        &format!("Satisfied share of the CSAT answers {about}."),
        &[measure],
        move |reader, _| {
            let answers = answers(reader);
            Some((answers.good, answers.count))
        },
    ));
    families.into_iter().map(|family| family.over(GroupingSets::Overall)).collect()
}

/// `cx_target` and `cx_target_gap`, for sets of contact dimensions and of customer dimensions alike.
fn of_every_metric(settings: &EngineSettings) -> [Family; 2] {
    let targets = Arc::new(Targets::new(settings));
    let for_gap = Arc::clone(&targets);
    let target = Family::value(
        "cx_target",
        "Configured target: seconds for times, the share that must meet them for ..._attainment, otherwise in the unit of the metric. For a group: \
         the target of the first rule that matches the values of the group.",
        &[],
        move |reader, variant| targets.of(TargetMetric::ALL[variant.part], reader),
    );
    let gap = Family::value(
        "cx_target_gap",
        "Value less target, and for effort and churn target less value, so that a positive gap is always good. For times: attainment less the \
         required share.",
        &[],
        move |reader, variant| {
            let metric = TargetMetric::ALL[variant.part];
            let target = for_gap.of(metric, reader)?;
            let gap = metric.value(reader)? - target;
            Some(if matches!(metric, TargetMetric::Ces | TargetMetric::Churn) { -gap } else { gap })
        },
    );
    [target.merged(Merge::Max).of_now(), gap].map(|family| family.labelled(METRIC).over(GroupingSets::Every))
}

/// The configured targets, and the dimensions of the grouping sets that they are looked up with.
pub(super) struct Targets {
    settings: TargetSettings,
    /// The dimensions of each set: the sets of contact dimensions before those of customer dimensions.
    sets: Vec<Vec<u8>>,
    contact_sets: usize,
}

impl Targets {
    pub(super) fn new(settings: &EngineSettings) -> Self {
        let sets = settings.grouping_sets.iter().chain(&settings.customer_grouping_sets).cloned().collect();
        Self { settings: settings.targets.clone(), sets, contact_sets: settings.grouping_sets.len() }
    }

    /// The target of a metric for the group of the reader; `None` where no rule sets one. Churn has groups of customers only, and every
    /// other metric has groups of contacts only.
    pub(super) fn of(&self, metric: TargetMetric, reader: &Reader<'_>) -> Option<f64> {
        let group = reader.group;
        if group.set.is_some_and(|set| (set >= self.contact_sets) != (metric == TargetMetric::Churn)) {
            return None;
        }
        let dimensions = group.set.map_or(&[][..], |set| &self.sets[set]);
        let time_target = |time: TimedTarget| self.settings.of_time(time).of_group(dimensions, &group.texts);
        let value = |ruled: &Ruled<f64>| ruled.of_group(dimensions, &group.texts).copied();
        match metric {
            TargetMetric::Seconds(time) => time_target(time).map(|target| target.within.as_seconds()),
            TargetMetric::Attainment(time) => time_target(time).map(|target| target.share),
            TargetMetric::Csat => value(&self.settings.csat),
            TargetMetric::NpsService => value(&self.settings.nps_service),
            TargetMetric::NpsExperience => value(&self.settings.nps_experience),
            TargetMetric::Ces => value(&self.settings.ces),
            TargetMetric::Churn => value(&self.settings.churn),
        }
    }

    /// The customers with the values of a group of contacts, where the same dimensions are a grouping set of customers too; of the whole, the whole.
    pub(super) fn customers_of<'a>(&self, reader: &Reader<'a>) -> Option<Reader<'a>> {
        let Some(set) = reader.group.set.filter(|set| *set < self.contact_sets) else { return Some(*reader) };
        let customers = (self.contact_sets..self.sets.len()).find(|other| self.sets[*other] == self.sets[set])?;
        let keys = &reader.snapshot.keys;
        let at = keys.binary_search_by(|key| (key.set, &key.texts).cmp(&(Some(customers), &reader.group.texts))).ok()?;
        Some(Reader { group: &keys[at], ..*reader })
    }
}

impl TargetMetric {
    /// Every metric, in the order of the exposition.
    const ALL: [Self; 13] = [
        Self::Seconds(TimedTarget::FirstResponse),
        Self::Attainment(TimedTarget::FirstResponse),
        Self::Seconds(TimedTarget::NextResponse),
        Self::Attainment(TimedTarget::NextResponse),
        Self::Seconds(TimedTarget::Resolution),
        Self::Attainment(TimedTarget::Resolution),
        Self::Seconds(TimedTarget::ChatWait),
        Self::Attainment(TimedTarget::ChatWait),
        Self::Csat,
        Self::NpsService,
        Self::NpsExperience,
        Self::Ces,
        Self::Churn,
    ];

    /// The value of the label `metric`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Seconds(time) => time.name(),
            Self::Attainment(TimedTarget::FirstResponse) => "first_response_attainment",
            Self::Attainment(TimedTarget::NextResponse) => "next_response_attainment",
            Self::Attainment(TimedTarget::Resolution) => "resolution_attainment",
            Self::Attainment(TimedTarget::ChatWait) => "chat_wait_attainment",
            Self::Csat => "csat",
            Self::NpsService => "nps_service",
            Self::NpsExperience => "nps_experience",
            Self::Ces => "ces",
            Self::Churn => "churn",
        }
    }

    /// The value that is compared with the target. A length in seconds has none: its attainment is compared instead.
    pub(super) fn value(self, reader: &Reader<'_>) -> Option<f64> {
        let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
        match self {
            Self::Seconds(_) => None,
            Self::Attainment(time) => {
                let (within, decided) = verdict_measures(time);
                share(reader.count(within), reader.count(decided))
            }
            Self::Csat => {
                let answers = reader.all_answers(Measure::Csat);
                share(answers.good, answers.count)
            }
            Self::NpsService => nps_score(reader, Scope::Service),
            Self::NpsExperience => nps_score(reader, Scope::Experience),
            Self::Ces => ces::effort_score(reader),
            Self::Churn => customers::churn(reader),
        }
    }
}

fn nps_score(reader: &Reader<'_>, scope: Scope) -> Option<f64> {
    let answers = reader.answers(Measure::Nps, nps::label_of(scope))?;
    statistics::nps(answers.good, answers.bad, answers.count).map(|(score, _, _)| score)
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}
