//! What moved: the change of each ratio, mean and score from the baseline to the short window, and what each value of one dimension contributed.

use super::ces;
use super::nps;
use crate::engine::read::{AnswerSums, Label, Measure, POINT, verdict_measures};
use crate::engine::{Snapshot, TimedTarget};
use crate::event::{Scope, SurveyMetric};
use crate::metrics::decomposition::{Sides, Sums, decompose};
use crate::metrics::family::{Family, GroupingSets, OwnLabels, SetReader, Variant};
use crate::metrics::reader::Reader;

/// A number whose change is taken apart: a mean of parts that add up.
pub(crate) struct Moving {
    /// The value of the label `metric`.
    pub(crate) metric: &'static str,
    /// The family of the number.
    pub(crate) family: &'static str,
    /// The family's own label and its value, where the number is one of several.
    pub(crate) own: Option<(&'static str, &'static str)>,
    sums: fn(&Reader<'_>) -> Option<Sums>,
}

/// The values of the label `part`: of a group its rate and its mix, overall the whole change.
const PARTS: [&str; 3] = ["rate", "mix", "whole"];

/// All numbers, in the order of the exposition.
pub(crate) const MOVING: [Moving; 30] = [
    mean("first_response_mean", "cx_first_response_mean_seconds", |r| seconds(r, Measure::FirstResponse)),
    mean("automated_first_response_mean", "cx_automated_first_response_mean_seconds", |r| seconds(r, Measure::AutomatedFirstResponse)),
    mean("next_response_mean", "cx_next_response_mean_seconds", |r| seconds(r, Measure::NextResponse)),
    mean("resolution_mean", "cx_resolution_mean_seconds", |r| seconds(r, Measure::Resolution)),
    mean("first_resolution_mean", "cx_first_resolution_mean_seconds", |r| seconds(r, Measure::FirstResolution)),
    mean("requester_wait_mean", "cx_requester_wait_mean_seconds", |r| seconds(r, Measure::RequesterWait)),
    mean("chat_wait_mean", "cx_chat_wait_mean_seconds", |r| seconds(r, Measure::ChatWait)),
    mean("chat_duration_mean", "cx_chat_duration_mean_seconds", |r| seconds(r, Measure::ChatDuration)),
    mean("first_response_business_mean", "cx_first_response_business_mean_seconds", |r| seconds(r, Measure::FirstResponseBusiness)),
    mean("resolution_business_mean", "cx_resolution_business_mean_seconds", |r| seconds(r, Measure::ResolutionBusiness)),
    mean("reopen", "cx_reopen_ratio", |r| of_resolved(r, Measure::TicketsResolvedReopened)),
    mean("escalation", "cx_escalation_ratio", |r| {
        r.snapshot.ever_seen.escalation.then(|| of_resolved(r, Measure::TicketsResolvedEscalated)).flatten()
    }),
    mean("transfer", "cx_transfer_ratio", |r| {
        r.snapshot.ever_seen.transfer.then(|| of_resolved(r, Measure::TicketsResolvedTransferred)).flatten()
    }),
    mean("first_contact_resolution", "cx_first_contact_resolution_ratio", |r| of_resolved(r, Measure::FirstContactResolved)),
    mean("chat_abandonment", "cx_chat_abandonment_ratio", |r| {
        let abandoned = r.count(Measure::ChatsAbandonedLate);
        counts(abandoned, abandoned + r.count(Measure::ChatsAccepted))
    }),
    mean("csat", "cx_csat_ratio", |r| answers(&r.all_answers(Measure::Csat), |a| a.good as f64)),
    mean("csat_mean_score", "cx_csat_mean_score", csat_points),
    of("survey_response_csat", "cx_survey_response_ratio", ("metric", "csat"), |r| answered(r, SurveyMetric::Csat)),
    of("survey_response_nps", "cx_survey_response_ratio", ("metric", "nps"), |r| answered(r, SurveyMetric::Nps)),
    of("survey_response_ces", "cx_survey_response_ratio", ("metric", "ces"), |r| answered(r, SurveyMetric::Ces)),
    of("nps_service", "cx_nps_score", ("scope", "service"), |r| net_promoters(r, Scope::Service)),
    of("nps_experience", "cx_nps_score", ("scope", "experience"), |r| net_promoters(r, Scope::Experience)),
    mean("ces", "cx_ces_effort_score", efforts),
    mean("ces_low_effort", "cx_ces_low_effort_ratio", |r| answers(&r.all_answers(Measure::Ces), |a| a.good as f64)),
    mean("ces_high_effort", "cx_ces_high_effort_ratio", |r| answers(&r.all_answers(Measure::Ces), |a| a.bad as f64)),
    mean("repeat_contact", "cx_repeat_contact_ratio", |r| counts(r.count(Measure::RepeatContacts), r.count(Measure::Contacts))),
    mean("first_response_attainment", "cx_first_response_attainment_ratio", |r| attained(r, TimedTarget::FirstResponse)),
    mean("next_response_attainment", "cx_next_response_attainment_ratio", |r| attained(r, TimedTarget::NextResponse)),
    mean("resolution_attainment", "cx_resolution_attainment_ratio", |r| attained(r, TimedTarget::Resolution)),
    mean("chat_wait_attainment", "cx_chat_wait_attainment_ratio", |r| attained(r, TimedTarget::ChatWait)),
];

/// `metric`, `part` and `baseline`. The label is the index of the baseline window; the part of the variant says metric and part together.
const METRIC_PART_AND_BASELINE: OwnLabels = OwnLabels::new(&["metric", "part", "baseline"], |snapshot| {
    let mut baselines: Vec<usize> = snapshot.trends.iter().map(|trend| trend.baseline).collect();
    baselines.sort_unstable();
    baselines.dedup();
    let mut variants = Vec::new();
    for baseline in baselines {
        for (at, moving) in MOVING.iter().enumerate() {
            variants.extend(PARTS.iter().enumerate().map(|(part, name)| {
                let values = [moving.metric, name, &snapshot.windows[baseline].settings.name];
                Variant { part: at * PARTS.len() + part, ..Variant::of_label(Label(baseline as u32), &values) }
            }));
        }
    }
    variants
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let help = "What moved: the change of a mean, share or score from the baseline window without the short one to the short window (label window), \
                in its own unit. Overall the part is whole: the change itself. By one dimension it is taken apart: rate is mean weight times change of \
                rate, mix is change of weight times (mean rate less mean overall rate), and the weight of a value is its share of the cases. A value \
                with cases on one side only has no rate. Values of fewer than privacy.min_group_size cases on a side are other. The parts of one \
                dimension add up to the whole; never add them up across dimensions.";
    let family = Family::of_sets("cx_contribution", help, contributions);
    vec![family.labelled(METRIC_PART_AND_BASELINE).over(GroupingSets::OneDimension)]
}

/// The contributions of one metric and part over the window of the reader, by the values of the set; overall the change under no value. Nothing where
/// the window is not compared with the baseline.
fn contributions(set: &SetReader<'_>, variant: &Variant) -> Vec<(Option<String>, f64)> {
    let baseline = variant.label.0 as usize;
    if !is_compared(set.overall.snapshot, set.overall.window, baseline) {
        return Vec::new();
    }
    let sums = MOVING[variant.part / PARTS.len()].sums;
    let sides = |reader: &Reader<'_>| Some(Sides::of_windows(sums(reader)?, sums(&reader.at_window(baseline))?));
    let Some(whole) = sides(&set.overall) else { return Vec::new() };
    let part = PARTS[variant.part % PARTS.len()];
    if set.keys.is_empty() {
        return whole.change().filter(|_| part == "whole").map(|change| (None, change)).into_iter().collect();
    }
    if part == "whole" {
        return Vec::new();
    }
    let groups = set.keys.iter().filter_map(|group| {
        let value = group.texts.first()?.as_str();
        Some((value, sides(&Reader { group, ..set.overall })?))
    });
    let parts = decompose(whole, groups, set.cases_min);
    let of_part = parts.into_iter().filter_map(|found| {
        let value = if part == "rate" { found.rate? } else { found.mix };
        Some((Some(found.value.to_owned()), value))
    });
    of_part.collect()
}

fn is_compared(snapshot: &Snapshot, window: usize, baseline: usize) -> bool {
    snapshot.trends.iter().any(|trend| (trend.short, trend.baseline) == (window, baseline))
}

const fn mean(metric: &'static str, family: &'static str, sums: fn(&Reader<'_>) -> Option<Sums>) -> Moving {
    Moving { metric, family, own: None, sums }
}

const fn of(
    metric: &'static str,
    family: &'static str,
    own: (&'static str, &'static str),
    sums: fn(&Reader<'_>) -> Option<Sums>,
) -> Moving {
    Moving { metric, family, own: Some(own), sums }
}

fn counts(part: i64, whole: i64) -> Option<Sums> {
    Some(Sums { points: part as f64, cases: whole as f64 })
}

fn seconds(reader: &Reader<'_>, measure: Measure) -> Option<Sums> {
    let sums = |points, count: i64| Some(Sums { points, cases: count as f64 });
    reader.durations(measure, Label::default()).map_or_else(|| sums(0.0, 0), |d| sums(d.sum_seconds, d.count))
}

fn of_resolved(reader: &Reader<'_>, part: Measure) -> Option<Sums> {
    counts(reader.count(part), reader.count(Measure::TicketsResolved))
}

fn attained(reader: &Reader<'_>, time: TimedTarget) -> Option<Sums> {
    let (within, decided) = verdict_measures(time);
    counts(reader.count(within), reader.count(decided))
}

fn answers(answers: &AnswerSums, points: fn(&AnswerSums) -> f64) -> Option<Sums> {
    Some(Sums { points: points(answers), cases: answers.count as f64 })
}

/// Absent where the whole of the window has answers on several scales, which have no common mean.
fn csat_points(reader: &Reader<'_>) -> Option<Sums> {
    let all = Some(reader.all_answers(Measure::Csat)).filter(|_| reader.scales_overall(Measure::Csat) <= 1)?;
    answers(&all, |a| a.points as f64 / POINT as f64)
}

fn answered(reader: &Reader<'_>, metric: SurveyMetric) -> Option<Sums> {
    let label = Label(metric as u32);
    let sides = || counts(reader.count_of(Measure::SurveysAnswered, label), reader.count_of(Measure::SurveysSent, label));
    reader.snapshot.ever_seen.matched[metric as usize].then(sides).flatten()
}

fn net_promoters(reader: &Reader<'_>, scope: Scope) -> Option<Sums> {
    let all = reader.answers(Measure::Nps, nps::label_of(scope)).cloned().unwrap_or_default();
    answers(&all, |a| 100.0 * (a.good - a.bad) as f64)
}

/// The sum of the efforts on the scale of 1 to 5.
fn efforts(reader: &Reader<'_>) -> Option<Sums> {
    let count = reader.all_answers(Measure::Ces).count as f64;
    Some(Sums { points: ces::effort_score(reader).unwrap_or(0.0) * count, cases: count })
}
