//! Waits for the first response, held against the same hours of the last four weeks by the ages to which they come. A response that is late is a duration only
//! once it has come; that a ticket still waits shows at each age.
//!
//! Does not know the alerts.

use super::past_weeks::{EIGHT_HOURS, SAME_HOUR, WatchedSpan, alerting_set, by_channel_too, over_weeks};
use crate::metrics::ListedFamily;
use crate::monitoring::recorded_names::{RecordedNames, with_end};
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;

/// The spans over which waits are held against the past.
pub(in crate::monitoring) const SPANS: [&str; 3] = ["2h", "4h", "8h"];

/// The least number of waits that came to an age in the last weeks.
const PAST_MIN: u32 = 8;

/// The least variance of the number of tickets that still wait. Below it, that number is too small to be held against a normal distribution.
const VARIANCE_MIN: f64 = 1.5;

/// The square of the part by which the rates of responses differ from day to day.
const DAYS_DIFFER: f64 = 0.01;

/// The rules `:span` and `:past` of the waits and of those that go on, `:share_past`, `:variance_past` and `:z_past`. None where there is no window of an hour.
pub(super) fn rules(parameters: &RuleParameters, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let family = "cx_first_response_waits";
    let is_hourly = parameters.window("1h") == "1h" && parameters.baseline.has_offset();
    let Some(set) = alerting_set(listed, family).filter(|_| is_hourly) else { return Vec::new() };
    let suffix = by_channel_too(listed, set).suffix;
    let short = |name, ages| WatchedSpan { name, ages, ..EIGHT_HOURS };
    let spans = [short(SPANS[0], &["1h"][..]), short(SPANS[1], &["1h", "2h", "3h"][..]), EIGHT_HOURS];
    // Durations have the rule of eight hours.
    let mut rules: Vec<RecordingRule> = spans[..2].iter().map(|span| span.is_complete(span.name)).collect();
    let recorded = [names.of(family, suffix), names.of("cx_first_response_waits_unanswered", suffix)];
    for name in &recorded {
        rules.extend(spans.iter().map(|span| span.complete(name, span.name)));
        let then = |age: &str| format!("{} offset {age}", with_end(name, "span"));
        rules.push(RecordingRule::new(with_end(name, "past"), over_weeks("sum", SAME_HOUR, then)));
    }
    rules.extend(distance_from_past(&recorded));
    rules
}

/// By how many standard deviations more tickets still wait than usual, over all ages: the log-rank statistic (Mantel 1966). The waits that come to an age are
/// those that went on at the age before, so what becomes of them at one age does not follow from what did at another, and the variances add up. As there, the
/// variance is that of the share of both times together: the usual share alone is not known well enough where few waits came to an age.
fn distance_from_past([came, waiting]: &[String; 2]) -> [RecordingRule; 3] {
    let [now, past] = ["span", "past"].map(|end| with_end(came, end));
    let [waiting, waiting_past] = ["span", "past"].map(|end| with_end(waiting, end));
    let [share, variance, z] = ["share_past", "variance_past", "z_past"].map(|end| with_end(came, end));
    let usual = format!("({waiting_past} + 0.5) / ({past} + 1) and {past} >= {PAST_MIN}");
    let (both, going_on) = (format!("({now} + {past} + 1)"), format!("({waiting} + {waiting_past} + 0.5)"));
    let spread = format!("sum without (age) ({now} * {going_on} * ({both} - {going_on}) / {both} ^ 2 * (1 + {now} / {past}) and {share})");
    let more = format!("sum without (age) ({waiting} - {now} * {share})");
    let distance = format!("{more} / sqrt({variance} + {DAYS_DIFFER} * {variance} ^ 2) and {variance} >= {VARIANCE_MIN}");
    [RecordingRule::new(share, usual), RecordingRule::new(variance, spread), RecordingRule::new(z, distance)]
}
