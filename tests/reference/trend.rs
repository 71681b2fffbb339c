//! Trends: a short window against the part of the baseline window before it.

use super::model::Past;
use super::series::{Series, Value};
use super::sheet::Values;
use super::statistics::{Z, nearest_rank, newcombe};
use super::survey::Answer;

/// A difference with its bounds, where it has any.
type Trend = (f64, Option<(f64, f64)>);

/// What lies in the short window, and what in the rest of the baseline.
struct Parts<V> {
    short: Vec<V>,
    rest: Vec<V>,
}

/// The series of every configured trend.
pub(crate) fn values(past: &Past<'_>, now: i64) -> Values {
    let mut out = Values::default();
    for trend in &past.world.setup.trends {
        let [short, baseline] = [trend.short, trend.baseline].map(|window| &past.world.setup.windows[window]);
        let start = |window: &cxpulse::engine::WindowSettings| (now.div_euclid(window.hop.0) + 1) * window.hop.0 - window.range.0;
        let (from, turn) = (start(baseline), start(short));
        let mut put = |family: &str, metric: Option<&str>, value: Value| {
            let labels = [("baseline", baseline.name.as_str()), ("window", short.name.as_str())];
            out.insert(Series::new(family.to_owned(), metric.map(|metric| ("metric", metric)).into_iter().chain(labels)), value);
        };
        let nps = |scope: &str| net_promoters(&apart(scoped(past, scope), from, turn));
        for (metric, trend) in [
            ("csat", satisfied(past, from, turn)),
            ("nps_service", nps("service")),
            ("nps_experience", nps("experience")),
            ("ces", effort(past, from, turn)),
            ("churn", churn(past, from, turn)),
        ] {
            let bounds = trend.and_then(|trend| trend.1);
            let real = |value: Option<f64>| value.map_or(Value::Absent, Value::Real);
            put("cx_trend", Some(metric), real(trend.map(|trend| trend.0)));
            put("cx_trend_lower", Some(metric), real(bounds.map(|bounds| bounds.0)));
            put("cx_trend_upper", Some(metric), real(bounds.map(|bounds| bounds.1)));
        }
        let first = past.contacts().filter_map(|c| c.first_response.as_ref()).map(|s| (s.at, s.value));
        let solved = past.tickets.iter().filter_map(|t| t.solve()).filter_map(|s| Some((s.at, s.value?)));
        for (metric, samples) in [("first_response", first.collect::<Vec<_>>()), ("resolution", solved.collect())] {
            put("cx_trend", Some(metric), medians(apart(samples.into_iter().filter(|(_, ms)| *ms >= 0).collect(), from, turn)));
        }
        let is_known = past.customers.base_is_known(from);
        let lost = || past.customers.all.values().filter(|c| c.was_active(from) && !c.was_active(turn)).count() as i64;
        put("cx_customers_lost_before", None, if is_known { Value::Count(lost()) } else { Value::Absent });
    }
    out
}

fn apart<V>(samples: Vec<(i64, V)>, from: i64, turn: i64) -> Parts<V> {
    let mut parts = Parts { short: Vec::new(), rest: Vec::new() };
    for (at, value) in samples {
        if at >= turn {
            parts.short.push(value);
        } else if at >= from {
            parts.rest.push(value);
        }
    }
    parts
}

fn satisfied(past: &Past<'_>, from: i64, turn: i64) -> Option<Trend> {
    let parts = apart(past.answers("csat").into_iter().map(|a| (a.at, a.is_satisfied(&past.world))).collect(), from, turn);
    let share = |part: &[bool]| (part.iter().filter(|good| **good).count() as i64, part.len() as i64);
    let (short, rest) = (share(&parts.short), share(&parts.rest));
    (short.1 > 0 && rest.1 > 0).then(|| newcombe(short, rest)).map(|(difference, low, high)| (difference, Some((low, high))))
}

/// The scores of a scope, for the relationship the latest of each customer.
fn scoped(past: &Past<'_>, scope: &str) -> Vec<(i64, i64)> {
    let mut answers: Vec<&Answer> = past.answers("nps").into_iter().filter(|a| a.scope == scope).collect();
    if scope == "experience" {
        let all = answers.clone();
        answers
            .retain(|a| a.customer.is_none() || all.iter().rfind(|b| b.customer == a.customer).is_some_and(|last| last.place == a.place));
    }
    answers.iter().map(|a| (a.at, a.score / 1_000_000)).collect()
}

fn net_promoters(parts: &Parts<i64>) -> Option<Trend> {
    let counts = |part: &[i64]| {
        let count = |low: i64, high: i64| part.iter().filter(|score| (low..=high).contains(*score)).count() as f64;
        (count(9, 10), count(0, 6), part.len() as f64)
    };
    let score = |(p, d, n): (f64, f64, f64)| 100.0 * (p - d) / n;
    // One promoter, one passive and one detractor added.
    let variance = |(p, d, n): (f64, f64, f64)| {
        let (p, d, n) = ((p + 1.0) / (n + 3.0), (d + 1.0) / (n + 3.0), n + 3.0);
        10_000.0 * (p + d - (p - d) * (p - d)) / n
    };
    let (short, rest) = (counts(&parts.short), counts(&parts.rest));
    let difference = score(short) - score(rest);
    let half = Z * (variance(short) + variance(rest)).sqrt();
    // No difference of two scores is beyond 200.
    let bounds = ((difference - half).max(-200.0), (difference + half).min(200.0));
    (short.2 > 0.0 && rest.2 > 0.0).then_some((difference, Some(bounds)))
}

fn effort(past: &Past<'_>, from: i64, turn: i64) -> Option<Trend> {
    let effort = |a: &&Answer| (a.at, 1.0 + 4.0 * a.rank_value());
    let parts = apart(past.answers("ces").iter().map(effort).collect(), from, turn);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let error = |part: &[f64]| {
        let squares: f64 = part.iter().map(|x| (x - mean(part)).powi(2)).sum();
        squares / (part.len() as f64 - 1.0) / part.len() as f64
    };
    let difference = mean(&parts.short) - mean(&parts.rest);
    let half = Z * (error(&parts.short) + error(&parts.rest)).sqrt();
    let has_bounds = parts.short.len() > 1 && parts.rest.len() > 1;
    let trend = (difference, has_bounds.then_some((difference - half, difference + half)));
    (!parts.short.is_empty() && !parts.rest.is_empty()).then_some(trend)
}

fn medians(mut parts: Parts<i64>) -> Value {
    if parts.short.is_empty() || parts.rest.is_empty() {
        return Value::Absent;
    }
    let mut median = |part: fn(&mut Parts<i64>) -> &mut Vec<i64>| {
        let values = part(&mut parts);
        values.sort_unstable();
        values[nearest_rank(values.len(), 50)] as f64 / 1_000.0
    };
    let (short, rest) = (median(|p| &mut p.short), median(|p| &mut p.rest));
    // Each median is at most 1 % off.
    Value::Near { want: short - rest, within: 0.010_001 * (short + rest) }
}

/// Churn from the short window's start on, less churn from the baseline's start up to it.
fn churn(past: &Past<'_>, from: i64, turn: i64) -> Option<Trend> {
    let all = || past.customers.all.values();
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    let gone = all().filter(|c| c.was_active(turn) && !c.is_active()).count();
    let lost = all().filter(|c| c.was_active(from) && !c.was_active(turn)).count();
    let short = share(gone, all().filter(|c| c.was_active(turn)).count())?;
    let rest = share(lost, all().filter(|c| c.was_active(from)).count())?;
    past.customers.base_is_known(from).then_some((short - rest, None))
}
