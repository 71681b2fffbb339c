//! The longer window of the product without the shorter one (`:rest`), which is a baseline that needs no history in Prometheus, and the trends against it.
//!
//! Does not know whether a difference is more than chance, nor the alerts.

use std::collections::BTreeSet;

use crate::config::Configuration;
use crate::metrics::ListedFamily;
use crate::monitoring::formulas::{self, HELPERS};
use crate::monitoring::promql::{Selector, bound, names_in, operand, share, with_selectors};
use crate::monitoring::recorded_names::{RecordedNames, with_end};
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;

/// The proportions that alerts watch for a change against the rest of a longer window.
pub(super) const PROPORTIONS: [&str; 4] =
    ["cx_csat_ratio", "cx_journey_conversion_ratio", "cx_ces_high_effort_ratio", "cx_chat_abandonment_ratio"];

/// Further parts whose rest the trends need, for quantiles and for what is no proportion.
const MORE_PARTS: [&str; 5] = [
    "cx_first_response_seconds_bucket",
    "cx_first_response_seconds_count",
    "cx_resolution_seconds_bucket",
    "cx_resolution_seconds_count",
    "cx_ces_effort_points",
];

/// The families that are computed again from the rest, by the same formula as from the whole.
const FAMILIES_OF_REST: [&str; 4] = ["cx_csat_ratio_lower", "cx_csat_ratio_upper", "cx_nps_score", "cx_ces_effort_score"];

/// A short window and the longer one that it is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct WindowPair<'a> {
    pub(super) short: &'a str,
    pub(super) long: &'a str,
}

impl WindowPair<'_> {
    pub(super) fn labelled(&self, rule: RecordingRule) -> RecordingRule {
        rule.labelled("window", self.short).labelled("baseline", self.long)
    }

    pub(super) fn matchers(&self) -> String {
        format!("window=\"{}\",baseline=\"{}\"", self.short, self.long)
    }

    pub(super) fn short_matcher(&self) -> String {
        format!("window=\"{}\"", self.short)
    }
}

pub(super) fn rules(
    configuration: &Configuration,
    parameters: &RuleParameters,
    watched: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let window = |at: usize| configuration.engine.windows[at].name.as_str();
    let pair = |(short, long)| WindowPair { short, long };
    let of_trends: Vec<_> = configuration.engine.trends.iter().map(|trend| pair((window(trend.short), window(trend.baseline)))).collect();
    let of_alerts = parameters.watched_pairs(configuration).into_iter().map(pair).filter(|pair| !of_trends.contains(pair));
    let mut rules = Vec::new();
    for pair in of_trends.iter().copied().chain(of_alerts) {
        rules.extend(rests(&pair, watched, names));
    }
    for pair in &of_trends {
        rules.extend(rests_of_trends(pair, watched, names));
        rules.extend(trends(pair, names));
    }
    rules
}

/// The rules `:rest` of the shares and scores that are watched for a change: each part over the baseline window without the short one, and the families that
/// are computed again from these parts.
fn rests(pair: &WindowPair<'_>, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut parts = BTreeSet::from(["cx_nps_responses".to_owned()]);
    for family in PROPORTIONS {
        let proportion = formulas::proportion(family);
        parts.extend([proportion.part, proportion.whole].into_iter().flat_map(names_in));
    }
    let mut rules = rests_of_parts(&parts, pair, watched, names);
    for family in PROPORTIONS {
        let proportion = formulas::proportion(family);
        for set in watched.iter().filter(|l| l.family.name == family) {
            let rest = of_rest(&share(proportion.part, proportion.whole), set.suffix, pair, names);
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "rest"), rest)));
        }
    }
    let helpers = HELPERS.iter().filter(|(helper, _)| helper.starts_with("cx_nps")).map(|(name, template)| (*name, (*template).to_owned()));
    rules.extend(helpers.map(|(name, template)| computed_again(name, &template, pair, names)));
    rules
}

/// The rules `:rest` that only the trends read: the durations, and the scores with the bounds of CSAT.
fn rests_of_trends(pair: &WindowPair<'_>, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let parts = MORE_PARTS.iter().map(|part| (*part).to_owned()).collect();
    let mut rules = rests_of_parts(&parts, pair, watched, names);
    let again = FAMILIES_OF_REST.iter().filter_map(|family| Some((*family, formulas::of(family, &[])?)));
    rules.extend(again.map(|(name, template)| computed_again(name, &template, pair, names)));
    for family in ["cx_first_response_p90_seconds", "cx_resolution_p90_seconds"] {
        for set in watched.iter().filter(|l| l.family.name == family && l.has_buckets) {
            let template = formulas::quantile(90, &family.replace("_p90_seconds", "_seconds_bucket"));
            let rest = of_rest(&template, set.suffix, pair, names);
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "rest"), rest)));
        }
    }
    rules
}

fn rests_of_parts(
    parts: &BTreeSet<String>,
    pair: &WindowPair<'_>,
    watched: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for part in parts {
        let stem = ["_bucket", "_count"].iter().find_map(|end| part.strip_suffix(end)).unwrap_or(part);
        for set in watched.iter().filter(|l| l.family.name == stem && (l.has_buckets || !part.ends_with("_bucket"))) {
            let of = |window: &str| names.write_at(part, set.suffix, &format!("window=\"{window}\""), "");
            let rest = format!("{} - ignoring (window) {}", of(pair.long), of(pair.short));
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(part, set.suffix), "rest"), rest)));
        }
    }
    rules
}

/// The rule of an overall family that is computed again from the rest.
fn computed_again(family: &str, template: &str, pair: &WindowPair<'_>, names: &RecordedNames) -> RecordingRule {
    pair.labelled(RecordingRule::new(with_end(&names.of(family, ""), "rest"), of_rest(template, "", pair, names)))
}

/// The rules of `cx_trend` and its bounds, which repeat `metrics::catalogue::trend` in PromQL. There are none for the bounds of the effort,
/// whose squares have no recorded rest, and churn has no bounds.
fn trends(pair: &WindowPair<'_>, names: &RecordedNames) -> Vec<RecordingRule> {
    let now = |template: &str| names.write_at(template, "", &pair.short_matcher(), "");
    let rest = |template: &str| of_rest(template, "", pair, names);
    let less = |template: &str| format!("{} - ignoring (baseline) {}", now(template), operand(&rest(template)));
    // As in the catalogue, neither a difference nor its bounds lie beyond what two values can be apart.
    let rule = |family: &str, metric: &str, expression: String| {
        let expression = match metric {
            "csat" | "churn" => format!("clamp({expression}, -1, 1)"),
            "nps_service" | "nps_experience" => format!("clamp({expression}, -200, 200)"),
            _ => expression,
        };
        pair.labelled(RecordingRule::new(names.of(family, ""), expression).labelled("metric", metric))
    };
    let mut rules = vec![rule("cx_trend", "csat", less("cx_csat_ratio")), rule("cx_trend", "ces", less("cx_ces_effort_score"))];
    for (metric, family) in [("first_response", "cx_first_response_seconds_bucket"), ("resolution", "cx_resolution_seconds_bucket")] {
        let median = formulas::quantile(50, family);
        rules.push(rule("cx_trend", metric, format!("({}) - ignoring (baseline) ({})", now(&median), rest(&median))));
    }
    let at_start = names.write_at("cx_customers_active_at_start", "", &format!("window=\"{}\"", pair.long), "");
    let lost = names.write_at("cx_customers_lost_before", "", &pair.matchers(), "");
    let before = format!("({lost} / ignoring (window, baseline) ({at_start} > 0))");
    rules.push(rule("cx_trend", "churn", format!("{} - {before}", now("cx_churn_ratio"))));
    // Newcombe's interval: each bound takes one side of the Wilson interval of the first proportion and the other side of that of the
    // second.
    for (family, side, of_now, of_rest) in [("cx_trend_lower", '-', "lower", "upper"), ("cx_trend_upper", '+', "upper", "lower")] {
        let off = |text: &str, bound: &str| format!("({} - {}) ^ 2", bound_selector(text, bound), text);
        let near = off(&now("cx_csat_ratio"), of_now);
        let far = off(&rest("cx_csat_ratio"), of_rest);
        let csat = format!("{} {side} sqrt({near} + ignoring (baseline) {far})", less("cx_csat_ratio"));
        rules.push(rule(family, "csat", csat));
    }
    for scope in ["service", "experience"] {
        let of_scope = |template: &str| format!("{template}{{scope=\"{scope}\"}}");
        let metric = format!("nps_{scope}");
        let difference = less(&of_scope("cx_nps_score"));
        let variance = of_scope("cx_nps_score_variance");
        let error = format!("sqrt({} + ignoring (baseline) {})", now(&variance), rest(&variance));
        rules.push(rule("cx_trend", &metric, format!("sum without (scope) ({difference})")));
        for (family, side) in [("cx_trend_lower", '-'), ("cx_trend_upper", '+')] {
            rules.push(rule(family, &metric, format!("sum without (scope) ({})", bound(&difference, side, &error))));
        }
    }
    rules
}

/// The selector of a bound of the CSAT ratio, made from the selector of the ratio.
fn bound_selector(ratio: &str, bound: &str) -> String {
    ratio.replacen("cx:csat_ratio:", &format!("cx:csat_ratio_{bound}:"), 1)
}

/// The template over the rest of the longer window.
pub(super) fn of_rest(template: &str, suffix: &str, pair: &WindowPair<'_>, names: &RecordedNames) -> String {
    with_selectors(template, |name| Selector {
        name: with_end(&names.of(name, suffix), "rest"),
        matchers: pair.matchers(),
        modifier: String::new(),
    })
}
