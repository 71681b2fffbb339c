//! The slow recomputation: from every standing fact with its opening, the four cells, the differences of the days, and the quantile of Student's t by
//! integration. It shares no code with the product but the words for a fact.

use std::collections::BTreeMap;

use cxpulse::engine::{Engine, FactValue};
use cxpulse::metrics::Explainer;

use crate::desk::DAY;

/// The dimensions of a change, each with its values.
pub(crate) type Marked<'a> = &'a [(&'a str, &'a [&'a str])];

/// One case: whether the change was for it, the number of its day from that of the change, and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) is_marked: bool,
    pub(crate) day: i64,
    pub(crate) value: f64,
}

/// An effect with its bounds, and the same one span earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowEffect {
    pub(crate) effect: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) placebo: Option<f64>,
}

/// The cases of each metric around a change at this time for these values of dimensions.
pub(crate) fn cases(engine: &Engine, dimensions: &[String], at: i64, marked: Marked<'_>) -> BTreeMap<&'static str, Vec<Case>> {
    let mut all: BTreeMap<&'static str, Vec<Case>> = BTreeMap::new();
    for fact in engine.standing_facts() {
        let Some(opened) = fact.opened else { continue };
        let (metric, value) = match (Explainer::family(&fact), fact.value) {
            ("cx_csat_responses", FactValue::Answer { is_good, .. }) => ("csat", f64::from(is_good)),
            ("cx_ces_responses", FactValue::Answer { is_bad, .. }) => ("high_effort", f64::from(is_bad)),
            ("cx_nps_responses", FactValue::Answer { is_good, is_bad, .. }) => ("nps", 100.0 * (f64::from(is_good) - f64::from(is_bad))),
            ("cx_first_response_seconds", FactValue::Duration(span)) => ("first_response", span.as_seconds().max(1.0).ln()),
            ("cx_resolution_seconds", FactValue::Duration(span)) => ("resolution", span.as_seconds().max(1.0).ln()),
            other => panic!("{other:?} has an opening"),
        };
        let value_of = |name: &str| fact.dimensions[dimensions.iter().position(|dimension| dimension == name).unwrap()];
        let is_marked = marked.iter().all(|(dimension, values)| values.contains(&value_of(dimension)));
        let day = opened.0.div_euclid(DAY) - at.div_euclid(DAY);
        all.entry(metric).or_default().push(Case { is_marked, day, value });
    }
    all
}

/// The effect over so many weeks; `None` where a cell has too few cases, or a side too few days.
pub(crate) fn effect(cases: &[Case], weeks: i64, has_earlier: bool) -> Option<SlowEffect> {
    let span = 7 * weeks;
    let (before, after) = (side(cases, -span, -1)?, side(cases, 1, span)?);
    let variance = before.variance + after.variance;
    if variance < 1e-12 {
        return None;
    }
    let welch = variance.powi(2) / (before.variance.powi(2) / (before.days - 1.0) + after.variance.powi(2) / (after.days - 1.0));
    let half = student_quantile(welch) * variance.sqrt();
    let effect = after.difference - before.difference;
    let earlier = if has_earlier { side(cases, -2 * span, -span - 1) } else { None };
    let placebo = earlier.map(|earlier| before.difference - earlier.difference);
    Some(SlowEffect { effect, lower: effect - half, upper: effect + half, placebo })
}

struct SlowSide {
    difference: f64,
    variance: f64,
    days: f64,
}

fn side(cases: &[Case], from: i64, to: i64) -> Option<SlowSide> {
    let of = |is_marked: bool| cases.iter().filter(move |case| case.is_marked == is_marked && (from..=to).contains(&case.day));
    let mean = |is_marked: bool| {
        let values: Vec<f64> = of(is_marked).map(|case| case.value).collect();
        (values.len() >= 30).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let (marked, others) = (mean(true)?, mean(false)?);
    let [many, few] = [true, false].map(|is_marked| of(is_marked).count() as f64);
    let mut days: BTreeMap<i64, f64> = BTreeMap::new();
    // Each case moves the mean of its group by its distance from that mean, divided by the cases of the group.
    for case in of(true) {
        *days.entry(case.day).or_default() += (case.value - marked) / many;
    }
    for case in of(false) {
        *days.entry(case.day).or_default() -= (case.value - others) / few;
    }
    let n = days.len() as f64;
    let variance = n / (n - 1.0) * days.values().map(|moved| moved.powi(2)).sum::<f64>();
    (n >= 4.0).then_some(SlowSide { difference: marked - others, variance, days: n })
}

/// The 97.5 % quantile of Student's t, by bisection over its integrated density.
pub(crate) fn student_quantile(degrees: f64) -> f64 {
    let density = |x: f64| (1.0 + x * x / degrees).powf(-(degrees + 1.0) / 2.0);
    // The tail by substitution of x = 1/y, so that both integrals are finite.
    let simpson = |f: &dyn Fn(f64) -> f64, from: f64, to: f64| {
        let (steps, mut sum) = (4_000, f(from) + f(to));
        let width = (to - from) / f64::from(steps);
        for step in 1..steps {
            sum += f(from + f64::from(step) * width) * if step % 2 == 0 { 2.0 } else { 4.0 };
        }
        sum * width / 3.0
    };
    let tail_from = |x: f64| simpson(&|y: f64| if y == 0.0 { 0.0 } else { density(1.0 / y) / (y * y) }, 0.0, 1.0 / x);
    let whole = 2.0 * (simpson(&density, 0.0, 1.0) + tail_from(1.0));
    let (mut low, mut high) = (1.0, 50.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if tail_from(middle) / whole > 0.025 { low = middle } else { high = middle }
    }
    low
}

#[test]
fn the_quantile_is_that_of_the_tables_and_the_products_is_close_to_it() {
    for (degrees, quantile) in [(4.0, 2.7764), (6.0, 2.4469), (13.0, 2.1604), (27.0, 2.0518)] {
        assert!((student_quantile(degrees) - quantile).abs() < 2e-4, "{degrees}: {}", student_quantile(degrees));
        let product = cxpulse::metrics::statistics::student(degrees);
        assert!((product / quantile - 1.0).abs() < 4e-4, "{degrees}: {product}");
    }
}
