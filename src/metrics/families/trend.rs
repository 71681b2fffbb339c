//! A short window against a baseline window without it: the two share no answer, so their difference has an interval.

use super::customers::{self, active_at_start, is_base_known};
use crate::engine::read::{Answers, Label, Measure};
use crate::engine::{Snapshot, TrendSettings};
use crate::event::{Scale, Scope};
use crate::metrics::family::{Family, Labels, Merge, Sets, Variant};
use crate::metrics::reader::Reader;
use crate::metrics::statistics::{Z, newcombe};

/// What is compared, by the value of the label `metric`.
const METRICS: [&str; 7] = ["csat", "nps_service", "nps_experience", "ces", "first_response", "resolution", "churn"];

/// Value and bounds.
type Trend = (f64, Option<(f64, f64)>);

pub(in crate::metrics) fn families() -> Vec<Family> {
    let help = "Short window (label window) less the baseline window without it: csat as a ratio (Newcombe bounds), nps in points, ces on the scale of 1 to 5, \
                first_response and resolution as seconds between medians (no bounds), churn as a ratio (no bounds; the baseline's up to the short window's start).";
    let seen = [Measure::Csat];
    let bound = |side: &str| format!("{side} bound of the 95 % interval of cx_trend.");
    let families = [
        Family::value("cx_trend", help, &seen, |r, v| trend(r, v).map(|t| t.0)),
        Family::value("cx_trend_lower", &bound("Lower"), &seen, |r, v| trend(r, v)?.1.map(|b| b.0)),
        Family::value("cx_trend_upper", &bound("Upper"), &seen, |r, v| trend(r, v)?.1.map(|b| b.1)),
    ];
    let lost = "Customers at the start of the baseline window who were none at the start of the short one (label window): what cx_trend of churn is made of, beside \
                cx_customers_churned and cx_customers_active_at_start.";
    let lost = Family::value("cx_customers_lost_before", lost, &[Measure::CustomersLostBefore], |r, v| {
        let trend = &r.snapshot.trends[v.part];
        let is_known = is_base_known(&r.at_window(trend.baseline));
        is_known.then(|| r.count_of(Measure::CustomersLostBefore, v.label) as f64)
    });
    let mut families: Vec<Family> = families.into_iter().map(|family| family.labelled(Labels::Trend)).collect();
    families.push(lost.of_now().labelled(Labels::Baseline).merged(Merge::Sum));
    families.into_iter().map(|family| family.over(Sets::Overall)).collect()
}

/// One variant a trend; the label is its number.
pub(in crate::metrics) fn baselines(snapshot: &Snapshot) -> Vec<Variant> {
    let variant = |(part, trend): (usize, &TrendSettings)| Variant {
        label: Label(part as u32),
        part,
        texts: [("baseline", trend.baseline), ("window", trend.short)]
            .map(|(name, window)| (name, snapshot.windows[window].settings.name.clone()))
            .to_vec(),
    };
    snapshot.trends.iter().enumerate().map(variant).collect()
}

/// One variant a metric and baseline window; the label is the baseline's index.
pub(in crate::metrics) fn variants(snapshot: &Snapshot) -> Vec<Variant> {
    let mut baselines: Vec<usize> = snapshot.trends.iter().map(|trend| trend.baseline).collect();
    baselines.sort_unstable();
    baselines.dedup();
    let variant = |part: usize, baseline: usize| Variant {
        label: Label(baseline as u32),
        part,
        texts: vec![("metric", METRICS[part].to_owned()), ("baseline", snapshot.windows[baseline].settings.name.clone())],
    };
    baselines.into_iter().flat_map(|baseline| (0..METRICS.len()).map(move |part| variant(part, baseline))).collect()
}

fn trend(reader: &Reader<'_>, variant: &Variant) -> Option<Trend> {
    let baseline = variant.label.0 as usize;
    let number = reader.snapshot.trends.iter().position(|t| (t.short, t.baseline) == (reader.window, baseline))?;
    let long = reader.at_window(baseline);
    match METRICS[variant.part] {
        "csat" => {
            let (short, rest) = apart(reader.all_answers(Measure::Csat), long.all_answers(Measure::Csat));
            newcombe((short.good, short.count), (rest.good, rest.count)).map(|(d, lower, upper)| (d, Some((lower, upper))))
        }
        "nps_service" => nps(reader, &long, Scope::Service),
        "nps_experience" => nps(reader, &long, Scope::Experience),
        "ces" => effort(reader, &long),
        "churn" => churn(reader, &long, Label(number as u32)).map(|difference| (difference, None)),
        metric => {
            let measure = if metric == "first_response" { Measure::FirstResponse } else { Measure::Resolution };
            let medians = reader.snapshot.medians.iter().find(|m| m.measure == measure && m.trend == reader.snapshot.trends[number])?;
            Some((medians.seconds.0 - medians.seconds.1, None))
        }
    }
}

/// The short window, and the baseline without it.
fn apart(short: Answers, mut long: Answers) -> (Answers, Answers) {
    long.merge(&short, -1);
    (short, long)
}

/// Churn over the short window less churn from the baseline's start to the short window's.
fn churn(reader: &Reader<'_>, long: &Reader<'_>, trend: Label) -> Option<f64> {
    let base = Some(active_at_start(long)).filter(|base| is_base_known(long) && *base > 0)?;
    Some(customers::churn(reader)? - reader.count_of(Measure::CustomersLostBefore, trend) as f64 / base as f64)
}

/// The difference of the scores, with the variances of the adjusted scores (one answer of each group added).
fn nps(reader: &Reader<'_>, long: &Reader<'_>, scope: Scope) -> Option<Trend> {
    let answers = |r: &Reader<'_>| r.answers(Measure::Nps, Label(scope as u32)).cloned().unwrap_or_default();
    let (short, rest) = apart(answers(reader), answers(long));
    let score = |a: &Answers| (a.count > 0).then(|| 100.0 * (a.good - a.bad) as f64 / a.count as f64);
    let variance = |a: &Answers| {
        let n = (a.count + 3) as f64;
        let adjusted = 100.0 * (a.good - a.bad) as f64 / n;
        (1e4 * (a.good + a.bad + 2) as f64 / n - adjusted * adjusted) / n
    };
    let difference = score(&short)? - score(&rest)?;
    let half = Z * (variance(&short) + variance(&rest)).sqrt();
    Some((difference, Some((difference - half, difference + half))))
}

/// The difference of the effort scores; bounds where both sides have at least two answers.
fn effort(reader: &Reader<'_>, long: &Reader<'_>) -> Option<Trend> {
    let short = Efforts::of(reader);
    let rest = Efforts::of(long).without(&short);
    let difference = 4.0 * (short.mean()? - rest.mean()?);
    let bounds = short.error_squared().zip(rest.error_squared()).map(|(a, b)| {
        let half = 4.0 * Z * (a + b).sqrt();
        (difference - half, difference + half)
    });
    Some((difference, bounds))
}

/// Efforts between 0 and 1, as answers by scale: whole numbers, so that nothing is lost where large sums nearly cancel.
struct Efforts(Vec<(Scale, Answers)>);

impl Efforts {
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
        let sum: f64 = self.0.iter().map(|(scale, answers)| answers.points as f64 / span(*scale)).sum();
        (self.count() > 0.0).then(|| sum / self.count())
    }

    /// The squared standard error of the mean: what the answers of each scale differ among themselves, and what the scales do.
    fn error_squared(&self) -> Option<f64> {
        let (n, mean) = (self.count(), self.mean()?);
        let of_scale = |(scale, answers): &(Scale, Answers)| {
            let count = answers.count as f64;
            let within = (i128::from(answers.count) * answers.squares - answers.points * answers.points) as f64 / count;
            let between = answers.points as f64 / span(*scale) / count - mean;
            within / (span(*scale) * span(*scale)) + count * between * between
        };
        (n > 1.0).then(|| self.0.iter().map(of_scale).sum::<f64>() / (n - 1.0) / n)
    }
}

fn span(scale: Scale) -> f64 {
    (scale.max - scale.min) as f64
}
