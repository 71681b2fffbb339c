//! By how many standard deviations a share or a score has changed, or lies below its target (`:z_rest`, `:z_30d` and `:z_target`).
//!
//! Shares are compared by the signed root of the likelihood ratio: twice the number of cases times the divergence of the share now from the share that was to
//! be expected. It holds for few cases too, where a difference divided by its standard error is too large too often. Days differ by more than chance, so
//! each variance has a part that more cases do not make smaller, and longer windows do.
//!
//! Does not know which z an alert needs.

use super::baselines::{PROPORTIONS, WindowPair, of_rest};
use super::past_weeks::{by_channel_too, is_of_team_or_all};
use crate::config::Configuration;
use crate::metrics::{DAYS_DIFFER, DAYS_DIFFER_IN_TIME, ListedFamily};
use crate::monitoring::formulas::{self, Proportion};
use crate::monitoring::promql::{INSTALLATION, ShareOfCases, distance_below, divergence, operand};
use crate::monitoring::recorded_names::{RecordedNames, with_end};
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;
use crate::time::Span;

/// The shares that have targets, each with the windows over which it is held to them and the variance of a day.
const TARGETS: [(&str, &str, &[&str], f64); 5] = [
    ("cx_csat_ratio", "csat", &["24h", "7d"], DAYS_DIFFER),
    ("cx_first_response_attainment_ratio", "first_response_attainment", &["24h"], DAYS_DIFFER_IN_TIME),
    ("cx_next_response_attainment_ratio", "next_response_attainment", &["24h"], DAYS_DIFFER_IN_TIME),
    ("cx_resolution_attainment_ratio", "resolution_attainment", &["24h"], DAYS_DIFFER_IN_TIME),
    ("cx_chat_wait_attainment_ratio", "chat_wait_attainment", &["5m"], DAYS_DIFFER_IN_TIME),
];

/// The shares that are watched in the whole and in each team, so that one cause must not alert twice.
const OF_ALL_AND_OF_TEAMS: [&str; 2] = ["cx_csat_ratio", "cx_ces_high_effort_ratio"];

/// The rules of the grouping sets that are watched, and for the channels of each team those of others of `listed`.
pub(super) fn rules(
    configuration: &Configuration,
    parameters: &RuleParameters,
    watched: &[ListedFamily<'_>],
    listed: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let mut rules = against_targets(configuration, parameters, watched, names);
    for (short, long) in parameters.watched_pairs(configuration) {
        let pair = WindowPair { short, long };
        rules.extend(against_rest(configuration, &pair, watched, names));
        rules.extend(by_channel(&pair, listed, names));
    }
    if parameters.baseline.has_offset() {
        rules.push(churn(configuration, names));
    }
    rules
}

/// The rules `:z_rest`, against the longer window without the short one; and `:share_of_change`: which part of the change of the whole is that of each team.
fn against_rest(
    configuration: &Configuration,
    pair: &WindowPair<'_>,
    watched: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for family in PROPORTIONS {
        let whole = formulas::proportion(family).whole;
        for set in watched.iter().filter(|l| l.family.name == family) {
            let now = |template: &str| operand(&names.write_at(template, set.suffix, &pair.short_matcher(), ""));
            let rest = |template: &str| operand(&of_rest(template, set.suffix, pair, names));
            let (now, before) =
                (ShareOfCases { share: now(family), cases: now(whole) }, ShareOfCases { share: rest(family), cases: rest(whole) });
            let z = divergence(&now, &before, of_window(configuration, pair.short, DAYS_DIFFER), "ignoring (baseline) ");
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "z_rest"), z)));
        }
    }
    for family in OF_ALL_AND_OF_TEAMS {
        for set in watched.iter().filter(|l| l.family.name == family && l.suffix == "_by_team") {
            let change = |suffix: &str| {
                let now = |template: &str| operand(&names.write_at(template, suffix, &pair.short_matcher(), ""));
                let rest = operand(&of_rest(family, suffix, pair, names));
                format!("({} * ({} - ignoring (baseline) {rest}))", now(formulas::proportion(family).whole), now(family))
            };
            let part = format!("{} / on ({INSTALLATION}) group_left () {}", change(set.suffix), change(""));
            rules.push(pair.labelled(RecordingRule::new(with_end(&names.of(family, set.suffix), "share_of_change"), part)));
        }
    }
    let now = |template: &str| names.write_at(template, "", &pair.short_matcher(), "");
    let difference =
        |template: &str, sign: char| format!("({} {sign} ignoring (baseline) {})", now(template), of_rest(template, "", pair, names));
    let z = format!("{} / sqrt{}", difference("cx_nps_score_adjusted", '-'), difference("cx_nps_score_variance", '+'));
    rules.push(pair.labelled(RecordingRule::new("cx:nps_score:z_rest".to_owned(), z)));
    rules
}

/// The rules `:beyond_rest` of the channels of each team: how many more cases of the share there are than the share of the rest would give; fewer are
/// negative. The channels of a team add up to its change and to what other numbers in each channel make of it.
fn by_channel(pair: &WindowPair<'_>, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let of = |family: &'static str| {
        let team = listed.iter().find(|l| l.family.name == family && l.suffix == "_by_team")?;
        let channels = by_channel_too(listed, team).suffix;
        let Proportion { part, whole, .. } = formulas::proportion(family);
        let over = |template: &str, window: &str| operand(&names.write_at(template, channels, &format!("window=\"{window}\""), ""));
        let (part_now, whole_now) = (over(part, pair.short), over(whole, pair.short));
        let less = |template: &str, now: &str| format!("({} - ignoring (window) {now})", over(template, pair.long));
        let share = format!("{} / ({} > 0)", less(part, &part_now), less(whole, &whole_now));
        let beyond = format!("{part_now} - ignoring (window) {whole_now} * ignoring (window) ({share})");
        (channels != team.suffix).then(|| pair.labelled(RecordingRule::new(with_end(&names.of(family, channels), "beyond_rest"), beyond)))
    };
    OF_ALL_AND_OF_TEAMS.into_iter().filter_map(of).collect()
}

/// The rules `:z_target`; negative below the target.
fn against_targets(
    configuration: &Configuration,
    parameters: &RuleParameters,
    watched: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for (family, metric, windows, days_differ) in TARGETS {
        for window in windows.iter().map(|window| parameters.window(window)) {
            for set in watched.iter().filter(|l| l.family.name == family).filter(is_of_team_or_all) {
                let of = |template: &str| operand(&names.write_at(template, set.suffix, &format!("window=\"{window}\""), ""));
                let now = ShareOfCases { share: of(family), cases: of(formulas::proportion(family).whole) };
                let target = format!("{}{{metric=\"{metric}\"}}", names.of("cx_target", set.suffix));
                let z = distance_below(
                    &now,
                    &target,
                    of_window(configuration, window, days_differ),
                    "ignoring (window, metric) group_left () ",
                );
                rules.push(RecordingRule::new(with_end(&names.of(family, set.suffix), "z_target"), z).labelled("window", window));
            }
        }
    }
    rules
}

/// The rule `cx:churn_ratio:z_30d`. No window of the product is longer than a month, so the month before comes from the history of Prometheus.
fn churn(configuration: &Configuration, names: &RecordedNames) -> RecordingRule {
    let windows = configuration.engine.windows.iter().filter(|window| window.range <= Span::days(30));
    let matcher = format!("window=~\"{}\"", windows.map(|window| window.name.as_str()).collect::<Vec<_>>().join("|"));
    let (family, whole) = ("cx_churn_ratio", formulas::proportion("cx_churn_ratio").whole);
    let at = |template: &str, modifier: &str| operand(&names.write_at(template, "", &matcher, modifier));
    let [now, then] = ["", " offset 30d"].map(|age| ShareOfCases { share: at(family, age), cases: at(whole, age) });
    RecordingRule::new("cx:churn_ratio:z_30d".to_owned(), divergence(&now, &then, of_window(configuration, "30d", DAYS_DIFFER), ""))
}

/// The variance of a window, of which each day has this variance. A window shorter than a day has that of a day.
fn of_window(configuration: &Configuration, window: &str, of_day: f64) -> f64 {
    let named = configuration.engine.windows.iter().find(|settings| settings.name == window);
    let days = named.map_or(1.0, |settings| settings.range.0 as f64 / Span::days(1).0 as f64);
    of_day / days.max(1.0)
}
