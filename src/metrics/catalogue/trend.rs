//! Trends: a short window against a baseline window without the short one. The two parts share no answer, so their difference has an
//! interval.

use super::ces;
use super::customers::{self, active_at_start, is_base_known};
use super::nps;
use crate::engine::read::{AnswerSums, Label, Measure};
use crate::engine::{Snapshot, TrendSettings};
use crate::event::{Scale, Scope};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics::{CONFIDENCE_PERCENT, Z, newcombe};

/// The metrics that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrendMetric {
    Csat,
    NpsService,
    NpsExperience,
    Ces,
    FirstResponse,
    Resolution,
    Churn,
}

/// The difference between the short window and the rest, and the bounds of its interval where it has one.
type Trend = (f64, Option<(f64, f64)>);

/// `metric` and `baseline`: every metric for each baseline window. The label is the index of the baseline window, the part the place of the
/// metric.
const METRIC_AND_BASELINE: OwnLabels = OwnLabels::new(&["metric", "baseline"], |snapshot| {
    let mut baselines: Vec<usize> = snapshot.trends.iter().map(|trend| trend.baseline).collect();
    baselines.sort_unstable();
    baselines.dedup();
    let mut variants = Vec::new();
    for baseline in baselines {
        let variant = |(part, metric): (usize, &TrendMetric)| {
            let values = [metric.name(), window_name(snapshot, baseline)];
            Variant { part, ..Variant::of_label(Label(baseline as u32), &values) }
        };
        variants.extend(TrendMetric::ALL.iter().enumerate().map(variant));
    }
    variants
});

/// `baseline` and `window`: the configured trends. Label and part are the place of the trend.
const BASELINE_AND_WINDOW: OwnLabels = OwnLabels::new(&["baseline", "window"], |snapshot| {
    let variant = |(part, trend): (usize, &TrendSettings)| {
        let values = [window_name(snapshot, trend.baseline), window_name(snapshot, trend.short)];
        Variant { part, ..Variant::of_label(Label(part as u32), &values) }
    };
    snapshot.trends.iter().enumerate().map(variant).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let help = "Value of the short window (label window) less the value of the baseline window without it: csat as a ratio (Newcombe bounds), nps in \
                points, ces on the scale of 1 to 5, first_response and resolution as seconds between medians (no bounds), churn as a ratio (no \
                bounds; the baseline counts up to the start of the short window). Values and bounds of shares lie within -1..1, those of nps within \
                -200..200.";
    let seen = [Measure::Csat];
    let bound = |side: &str| format!("{side} bound of the {CONFIDENCE_PERCENT} % interval of cx_trend.");
    let differences = [
        Family::value("cx_trend", help, &seen, |reader, variant| trend(reader, variant).map(|(difference, _)| difference)),
        Family::value("cx_trend_lower", &bound("Lower"), &seen, |reader, variant| trend(reader, variant)?.1.map(|(lower, _)| lower)),
        Family::value("cx_trend_upper", &bound("Upper"), &seen, |reader, variant| trend(reader, variant)?.1.map(|(_, upper)| upper)),
    ];
    let mut families: Vec<Family> = differences.into_iter().map(|family| family.labelled(METRIC_AND_BASELINE)).collect();
    families.push(lost_before());
    families.into_iter().map(|family| family.over(GroupingSets::Overall)).collect()
}

/// The count from which, beside the exported counts of customers, the trend of churn is made.
fn lost_before() -> Family {
    let help = "Customers at the start of the baseline window who were no longer customers at the start of the short one (label window). With \
                cx_customers_churned and cx_customers_active_at_start it gives cx_trend for the metric churn.";
    Family::value("cx_customers_lost_before", help, &[Measure::CustomersLostBefore], |reader, variant| {
        let trend = &reader.snapshot.trends[variant.part];
        let is_known = is_base_known(&reader.at_window(trend.baseline));
        is_known.then(|| reader.count_of(Measure::CustomersLostBefore, variant.label) as f64)
    })
    .of_now()
    .labelled(BASELINE_AND_WINDOW)
    .merged(Merge::Sum)
}

impl TrendMetric {
    const ALL: [Self; 7] =
        [Self::Csat, Self::NpsService, Self::NpsExperience, Self::Ces, Self::FirstResponse, Self::Resolution, Self::Churn];

    /// The value of the label `metric`.
    const fn name(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::NpsService => "nps_service",
            Self::NpsExperience => "nps_experience",
            Self::Ces => "ces",
            Self::FirstResponse => "first_response",
            Self::Resolution => "resolution",
            Self::Churn => "churn",
        }
    }

    /// The furthest that two values can lie apart; `None` where they have no limit.
    const fn furthest(self) -> Option<f64> {
        match self {
            Self::Csat | Self::Churn => Some(1.0),
            Self::NpsService | Self::NpsExperience => Some(200.0),
            Self::Ces | Self::FirstResponse | Self::Resolution => None,
        }
    }
}

fn trend(short: &Reader<'_>, variant: &Variant) -> Option<Trend> {
    let baseline = variant.label.0 as usize;
    let number = short.snapshot.trends.iter().position(|trend| (trend.short, trend.baseline) == (short.window, baseline))?;
    let long = short.at_window(baseline);
    let metric = TrendMetric::ALL[variant.part];
    let found = match metric {
        TrendMetric::Csat => {
            let (short, rest) = apart(short.all_answers(Measure::Csat), long.all_answers(Measure::Csat));
            newcombe((short.good, short.count), (rest.good, rest.count))
                .map(|(difference, lower, upper)| (difference, Some((lower, upper))))
        }
        TrendMetric::NpsService => nps_trend(short, &long, Scope::Service),
        TrendMetric::NpsExperience => nps_trend(short, &long, Scope::Experience),
        TrendMetric::Ces => effort_trend(short, &long),
        TrendMetric::FirstResponse => medians(short, number, Measure::FirstResponse),
        TrendMetric::Resolution => medians(short, number, Measure::Resolution),
        TrendMetric::Churn => churn(short, &long, Label(number as u32)).map(|difference| (difference, None)),
    };
    let (difference, bounds) = found?;
    let within = |value: f64| metric.furthest().map_or(value, |furthest| value.clamp(-furthest, furthest));
    Some((within(difference), bounds.map(|(lower, upper)| (within(lower), within(upper)))))
}

/// The answers of the short window, and those of the baseline window without them.
fn apart(short: AnswerSums, mut long: AnswerSums) -> (AnswerSums, AnswerSums) {
    long.merge(&short, -1);
    (short, long)
}

/// The difference between the two medians, in seconds.
fn medians(reader: &Reader<'_>, number: usize, measure: Measure) -> Option<Trend> {
    let snapshot = reader.snapshot;
    let medians = snapshot.medians.iter().find(|medians| medians.measure == measure && medians.trend == snapshot.trends[number])?;
    Some((medians.seconds.0 - medians.seconds.1, None))
}

/// Churn over the short window, less churn from the start of the baseline window to the start of the short one.
fn churn(short: &Reader<'_>, long: &Reader<'_>, trend: Label) -> Option<f64> {
    let base = Some(active_at_start(long)).filter(|base| is_base_known(long) && *base > 0)?;
    Some(customers::churn(short)? - short.count_of(Measure::CustomersLostBefore, trend) as f64 / base as f64)
}

/// The difference between the scores. Its interval uses the variances of the adjusted scores, in which one answer is added to each group.
fn nps_trend(short: &Reader<'_>, long: &Reader<'_>, scope: Scope) -> Option<Trend> {
    let answers = |reader: &Reader<'_>| reader.answers(Measure::Nps, nps::label_of(scope)).cloned().unwrap_or_default();
    let (short, rest) = apart(answers(short), answers(long));
    let score = |a: &AnswerSums| (a.count > 0).then(|| 100.0 * (a.good - a.bad) as f64 / a.count as f64);
    let variance = |a: &AnswerSums| {
        let n = (a.count + 3) as f64;
        let adjusted = 100.0 * (a.good - a.bad) as f64 / n;
        (1e4 * (a.good + a.bad + 2) as f64 / n - adjusted * adjusted) / n
    };
    let difference = score(&short)? - score(&rest)?;
    let half = Z * (variance(&short) + variance(&rest)).sqrt();
    Some((difference, Some((difference - half, difference + half))))
}

/// The difference between the effort scores; it has bounds where both sides have at least two answers.
fn effort_trend(short: &Reader<'_>, long: &Reader<'_>) -> Option<Trend> {
    let short = EffortsByScale::of(short);
    let rest = EffortsByScale::of(long).without(&short);
    let difference = 4.0 * (short.mean()? - rest.mean()?);
    let bounds = short.error_squared().zip(rest.error_squared()).map(|(a, b)| {
        let half = 4.0 * Z * (a + b).sqrt();
        (difference - half, difference + half)
    });
    Some((difference, bounds))
}

/// Efforts between 0 and 1, kept as the answers of each scale. These are whole numbers, so nothing is lost where large sums nearly cancel.
struct EffortsByScale(Vec<(Scale, AnswerSums)>);

impl EffortsByScale {
    fn of(reader: &Reader<'_>) -> Self {
        Self(reader.by_scale(Measure::Ces).map(|(scale, answers)| (scale, answers.clone())).collect())
    }

    fn without(mut self, other: &Self) -> Self {
        for (scale, answers) in &mut self.0 {
            if let Some((_, gone)) = other.0.iter().find(|(s, _)| s == scale) {
                answers.merge(gone, -1);
            }
        }
        self.0.retain(|(_, answers)| answers.count > 0);
        self
    }

    fn count(&self) -> f64 {
        self.0.iter().map(|(_, answers)| answers.count as f64).sum()
    }

    fn mean(&self) -> Option<f64> {
        let sum: f64 = self.0.iter().map(|(scale, answers)| answers.points as f64 / ces::span(*scale)).sum();
        (self.count() > 0.0).then(|| sum / self.count())
    }

    /// The squared standard error of the mean, from the variance within each scale and the variance between the scales.
    fn error_squared(&self) -> Option<f64> {
        let (n, mean) = (self.count(), self.mean()?);
        let of_scale = |(scale, answers): &(Scale, AnswerSums)| {
            let (count, span) = (answers.count as f64, ces::span(*scale));
            let within = (i128::from(answers.count) * answers.squares - answers.points * answers.points) as f64 / count;
            let between = answers.points as f64 / span / count - mean;
            within / (span * span) + count * between * between
        };
        (n > 1.0).then(|| self.0.iter().map(of_scale).sum::<f64>() / (n - 1.0) / n)
    }
}

fn window_name(snapshot: &Snapshot, window: usize) -> &str {
    &snapshot.windows[window].settings.name
}
