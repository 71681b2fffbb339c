//! Comparisons of current values with a baseline: the same window a week ago in the history of Prometheus, or the longer window of the
//! product without the shorter one (`:rest`), which needs no history. Both give a z, so that a difference between few answers does not
//! count as a change.
//!
//! Does not know the alerts on them.

use std::collections::BTreeSet;

use crate::config::Configuration;
use crate::metrics::ListedFamily;
use crate::monitoring::formulas::{self, HELPERS};
use crate::monitoring::promql::{INSTALLATION, REPLICA_LABELS, Selector, bound, names_in, operand, share, two_proportions, with_selectors};
use crate::monitoring::recorded_names::RecordedNames;
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;
use crate::time::Span;

/// The proportions that alerts watch for a change, each with the age of the history of Prometheus that it is compared with.
const PROPORTIONS: [(&str, Span, &str); 5] = [
    ("cx_csat_ratio", Span::days(7), "7d"),
    ("cx_journey_conversion_ratio", Span::days(7), "7d"),
    ("cx_ces_high_effort_ratio", Span::days(7), "7d"),
    ("cx_chat_abandonment_ratio", Span::days(7), "7d"),
    ("cx_churn_ratio", Span::days(30), "30d"),
];

/// Further parts whose rest is needed, for quantiles and for the trends that are no proportions.
const MORE_PARTS: [&str; 7] = [
    "cx_first_response_seconds_bucket",
    "cx_first_response_seconds_count",
    "cx_resolution_seconds_bucket",
    "cx_resolution_seconds_count",
    "cx_nps_responses",
    "cx_ces_effort_points",
    "cx_ces_responses",
];

/// The families that are computed again from the rest, by the same formula as from the whole.
const FAMILIES_OF_REST: [&str; 4] = ["cx_csat_ratio_lower", "cx_csat_ratio_upper", "cx_nps_score", "cx_ces_effort_score"];

/// The counts of what is done in an hour, for the usual of that hour of the week.
const DONE: [&str; 3] = ["cx_tickets_first_responded", "cx_next_response_seconds_count", "cx_tickets_resolved"];

/// The end of the coming hour in each of the last four weeks.
const COMING_HOUR: [&str; 4] = ["6d23h", "13d23h", "20d23h", "27d23h"];

/// The spans for which a topic that has events may have none, before it counts as silent; the shorter the span, the more events it must usually have.
const SILENCES: [&str; 3] = ["30m", "2h", "6h"];

/// The age of the same span in each of the last four weeks.
const SAME_SPAN: [&str; 4] = ["7d", "14d", "21d", "28d"];

/// The durations that are watched for having become longer.
const SLOWER: [&str; 2] = ["first_response", "resolution"];

/// The variance of the share of durations within a bound beyond that of chance: days differ from each other by a standard deviation of 6 points.
const DAYS_DIFFER: f64 = 0.0036;

/// A short window and the longer one that it is compared with.
struct WindowPair<'a> {
    short: &'a str,
    long: &'a str,
}

impl WindowPair<'_> {
    fn labelled(&self, rule: RecordingRule) -> RecordingRule {
        rule.labelled("window", self.short).labelled("baseline", self.long)
    }

    fn matchers(&self) -> String {
        format!("window=\"{}\",baseline=\"{}\"", self.short, self.long)
    }

    fn short_matcher(&self) -> String {
        format!("window=\"{}\"", self.short)
    }
}

pub(super) fn rules(
    configuration: &Configuration,
    parameters: &RuleParameters,
    listed: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    // A change is watched overall and in each group of one dimension. The groups of several dimensions are too small.
    let watched: Vec<ListedFamily<'_>> = listed.iter().filter(|l| l.dimensions.len() <= 1).copied().collect();
    let mut rules = usual_events();
    if parameters.baseline.has_offset() {
        rules.extend(against_history(configuration, &watched, names));
        rules.extend(usual(parameters.window("1h"), &watched, names));
        rules.extend(slower(&[parameters.window("1h"), parameters.window("24h")], &watched, names));
    }
    let window = |at: usize| configuration.engine.windows[at].name.as_str();
    for trend in &configuration.engine.trends {
        let pair = WindowPair { short: window(trend.short), long: window(trend.baseline) };
        rules.extend(rests(&pair, &watched, names));
        rules.extend(against_rest(&pair, &watched, names));
        rules.extend(trends(&pair, names));
    }
    rules
}

/// The rules `:z_7d` and `:z_30d`. A window that is longer than the offset would be compared with a part of itself, so it has none.
fn against_history(configuration: &Configuration, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let windows = |offset: Span| {
        let fitting = configuration.engine.windows.iter().filter(|window| window.range <= offset);
        format!("window=~\"{}\"", fitting.map(|window| window.name.as_str()).collect::<Vec<_>>().join("|"))
    };
    let mut rules = Vec::new();
    for (family, offset, text) in PROPORTIONS {
        let (matcher, modifier, proportion) = (windows(offset), format!(" offset {text}"), formulas::proportion(family));
        for set in watched.iter().filter(|l| l.family.name == family) {
            let now = |template: &str| operand(&names.write_at(template, set.suffix, &matcher, ""));
            let then = |template: &str| operand(&names.write_at(template, set.suffix, &matcher, &modifier));
            let (part, whole) = (proportion.part, proportion.whole);
            let z = two_proportions((&now(part), &now(whole)), (&then(part), &then(whole)), "");
            rules.push(RecordingRule::new(with_end(&names.of(family, set.suffix), &format!("z_{text}")), z));
        }
    }
    let (matcher, text) = (windows(Span::days(7)), "cx_nps_score_adjusted");
    let now = |template: &str| names.write_at(template, "", &matcher, "");
    let then = |template: &str| operand(&names.write_at(template, "", &matcher, " offset 7d"));
    let variance = "cx_nps_score_variance";
    let z = format!("({} - {}) / sqrt({} + {})", now(text), then(text), now(variance), then(variance));
    rules.push(RecordingRule::new("cx:nps_score:z_7d".to_owned(), z));
    rules
}

/// The rules `:usual`: the mean of what was done in the coming hour of the week, over those of the last four weeks in which the window was
/// complete. A single week may have had a holiday in it.
fn usual(hour: &str, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for part in DONE {
        let stem = part.strip_suffix("_count").unwrap_or(part);
        for set in watched.iter().filter(|l| l.family.name == stem) {
            let week = |(week, offset): (usize, &&str)| {
                let then = names.write_at(part, set.suffix, &format!("window=\"{hour}\""), &format!(" offset {offset}"));
                let complete = format!("(cx:window_complete:bool offset {offset}) == 1");
                format!("label_replace({then} and on ({INSTALLATION}, window) {complete}, \"week\", \"{week}\", \"\", \"\")")
            };
            let weeks: Vec<String> = COMING_HOUR.iter().enumerate().map(week).collect();
            let mean = format!("avg without (week) ({})", weeks.join(" or "));
            rules.push(RecordingRule::new(with_end(&names.of(part, set.suffix), "usual"), mean));
        }
    }
    rules
}

/// The rules `cx:events:usual`: the mean number of records of a topic in the same span of the last four weeks. A week without a sample is left out, and
/// one without a record is not: a quiet topic must look quiet.
fn usual_events() -> Vec<RecordingRule> {
    let of_span = |span: &str| {
        let week = |(week, offset): (usize, &&str)| {
            let then = format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total[{span}] offset {offset}))");
            format!("label_replace({then}, \"week\", \"{week}\", \"\", \"\")")
        };
        let weeks: Vec<String> = SAME_SPAN.iter().enumerate().map(week).collect();
        RecordingRule::new("cx:events:usual".to_owned(), format!("avg without (week) ({})", weeks.join(" or "))).labelled("over", span)
    };
    SILENCES.map(of_span).into()
}

/// The rules `:past`: the durations of the same windows of the last four weeks, added up, as far as these windows were complete. And the rules `:z_past`:
/// by how many standard deviations a smaller share of the durations lies within a bound than then; the largest over the bounds within which three to
/// nine of ten lay. A few long durations do not move it, and a shift of all does.
fn slower(windows: &[&str], watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let matcher = format!("window=~\"{}\"", windows.join("|"));
    let is_watched = |set: &&ListedFamily<'_>| set.has_buckets && set.dimensions.iter().all(|dimension| dimension == "team");
    let mut rules = Vec::new();
    for measure in SLOWER {
        let [bucket, count] = ["bucket", "count"].map(|end| format!("cx_{measure}_seconds_{end}"));
        let family = format!("cx_{measure}_seconds");
        for set in watched.iter().filter(|l| l.family.name == family).filter(is_watched) {
            let past = |part: &str| with_end(&names.of(part, set.suffix), "past");
            for part in [&bucket, &count] {
                let week = |(week, offset): (usize, &&str)| {
                    let then = names.write_at(part, set.suffix, &matcher, &format!(" offset {offset}"));
                    let complete = format!("(cx:window_complete:bool offset {offset}) == 1");
                    format!("label_replace({then} and on ({INSTALLATION}, window) {complete}, \"week\", \"{week}\", \"\", \"\")")
                };
                let weeks: Vec<String> = SAME_SPAN.iter().enumerate().map(week).collect();
                rules.push(RecordingRule::new(past(part), format!("sum without (week) ({})", weeks.join(" or "))));
            }
            let now = |part: &str| names.write_at(part, set.suffix, &matcher, "");
            let share = |bucket: &str, count: &str| format!("({bucket} / ignoring (le) group_left () ({count} > 0))");
            let (then, now_share) = (share(&past(&bucket), &past(&count)), share(&now(&bucket), &now(&count)));
            let cases = format!("(1 / ({} > 0) + 1 / ({} > 0))", now(&count), past(&count));
            let error = format!("sqrt({then} * (1 - {then}) * ignoring (le) group_left () {cases} + {DAYS_DIFFER})");
            let z = format!("max without (le) (({then} - {now_share}) / {error} and {then} > 0.3 and {then} < 0.9)");
            rules.push(RecordingRule::new(format!("cx:{measure}_seconds{}:z_past", set.suffix), z));
        }
    }
    rules
}

/// The rules `:rest`: each part over the baseline window without the short one, and the families that are computed again from these parts.
fn rests(pair: &WindowPair<'_>, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut parts: BTreeSet<String> = MORE_PARTS.iter().map(|part| (*part).to_owned()).collect();
    for (family, _, _) in PROPORTIONS.iter().filter(|(family, _, _)| *family != "cx_churn_ratio") {
        let proportion = formulas::proportion(family);
        parts.extend([proportion.part, proportion.whole].into_iter().flat_map(names_in));
    }
    let mut rules = Vec::new();
    for part in &parts {
        let stem = ["_bucket", "_count"].iter().find_map(|end| part.strip_suffix(end)).unwrap_or(part);
        for set in watched.iter().filter(|l| l.family.name == stem && (l.has_buckets || !part.ends_with("_bucket"))) {
            let of = |window: &str| names.write_at(part, set.suffix, &format!("window=\"{window}\""), "");
            let rest = format!("{} - ignoring (window) {}", of(pair.long), of(pair.short));
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(part, set.suffix), "rest"), rest)));
        }
    }
    for (family, _, _) in PROPORTIONS.iter().filter(|(family, _, _)| *family != "cx_churn_ratio") {
        let proportion = formulas::proportion(family);
        for set in watched.iter().filter(|l| l.family.name == *family) {
            let rest = of_rest(&share(proportion.part, proportion.whole), set.suffix, pair, names);
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "rest"), rest)));
        }
    }
    let helpers = HELPERS.iter().filter(|(helper, _)| helper.starts_with("cx_nps")).map(|(name, template)| (*name, (*template).to_owned()));
    let again = FAMILIES_OF_REST.iter().filter_map(|family| Some((*family, formulas::of(family, &[])?)));
    rules.extend(helpers.chain(again).map(|(name, template)| {
        pair.labelled(RecordingRule::new(with_end(&names.of(name, ""), "rest"), of_rest(&template, "", pair, names)))
    }));
    for family in ["cx_first_response_p90_seconds", "cx_resolution_p90_seconds"] {
        for set in watched.iter().filter(|l| l.family.name == family && l.has_buckets) {
            let template = formulas::quantile(90, &family.replace("_p90_seconds", "_seconds_bucket"));
            let rest = of_rest(&template, set.suffix, pair, names);
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "rest"), rest)));
        }
    }
    rules
}

/// The rules `:z_trend`.
fn against_rest(pair: &WindowPair<'_>, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for (family, _, _) in PROPORTIONS.iter().filter(|(family, _, _)| *family != "cx_churn_ratio") {
        let proportion = formulas::proportion(family);
        for set in watched.iter().filter(|l| l.family.name == *family) {
            let now = |template: &str| operand(&names.write_at(template, set.suffix, &pair.short_matcher(), ""));
            let then = |template: &str| operand(&of_rest(template, set.suffix, pair, names));
            let (part, whole) = (proportion.part, proportion.whole);
            let z = two_proportions((&now(part), &now(whole)), (&then(part), &then(whole)), "ignoring (baseline) ");
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "z_trend"), z)));
        }
    }
    let now = |template: &str| names.write_at(template, "", &pair.short_matcher(), "");
    let difference =
        |template: &str, sign: char| format!("({} {sign} ignoring (baseline) {})", now(template), of_rest(template, "", pair, names));
    let z = format!("{} / sqrt{}", difference("cx_nps_score_adjusted", '-'), difference("cx_nps_score_variance", '+'));
    rules.push(pair.labelled(RecordingRule::new("cx:nps_score:z_trend".to_owned(), z)));
    rules
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

fn of_rest(template: &str, suffix: &str, pair: &WindowPair<'_>, names: &RecordedNames) -> String {
    with_selectors(template, |name| Selector {
        name: with_end(&names.of(name, suffix), "rest"),
        matchers: pair.matchers(),
        modifier: String::new(),
    })
}

/// The recorded name with another operation at its end.
fn with_end(recorded: &str, end: &str) -> String {
    let stem = recorded.rsplit_once(':').map_or(recorded, |(stem, _)| stem);
    format!("{stem}:{end}")
}
