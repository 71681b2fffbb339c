//! The same hours of the last four weeks in the history of Prometheus, as what is usual at this hour of the week, and how far the present lies from it.
//!
//! Does not know the alerts.

use super::baselines::with_end;
use crate::metrics::ListedFamily;
use crate::monitoring::promql::{INSTALLATION, REPLICA_LABELS, spread_of_count};
use crate::monitoring::recorded_names::RecordedNames;
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;

/// The counts of what is done in an hour, for the usual of that hour of the week.
const DONE: [&str; 3] = ["cx_tickets_first_responded", "cx_next_response_seconds_count", "cx_tickets_resolved"];

/// The end of the coming hour in each of the last four weeks.
const COMING_HOUR: [&str; 4] = ["6d23h", "13d23h", "20d23h", "27d23h"];

/// The spans for which a topic that has events may have none, before it counts as silent; the shorter the span, the more events it must usually have.
const SILENCES: [&str; 3] = ["30m", "2h", "6h"];

/// The age of the same hour of the week in each of the last four weeks.
const SAME_HOUR: [&str; 4] = ["7d", "14d", "21d", "28d"];

/// The durations that are watched for having become longer.
const SLOWER: [&str; 2] = ["first_response", "resolution"];

/// The variance of the share of durations within a bound beyond that of chance: days differ from each other by a standard deviation of 4.5 points.
const DAYS_DIFFER: f64 = 0.002;

/// The states of the backlog that are held against what is usual, each with the square of the part by which its days differ from each other.
const BACKLOG: [(&str, f64); 2] = [("cx_backlog_unanswered_tickets", 0.02), ("cx_backlog_unanswered_past_target_tickets", 0.09)];

pub(super) fn rules(parameters: &RuleParameters, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut rules = usual_events();
    if parameters.baseline.has_offset() {
        let (hour, day) = (parameters.window("1h"), parameters.window("24h"));
        rules.extend(done(hour, watched, names));
        rules.extend(slower(&[hour, day], watched, names));
        rules.extend(backlog(day, watched, names));
    }
    rules
}

/// The rules `:usual` of what is done in the coming hour of the week: the mean over those of the last four weeks in which the window was complete. A single
/// week may have had a holiday in it.
fn done(hour: &str, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let mut rules = Vec::new();
    for part in DONE {
        let stem = part.strip_suffix("_count").unwrap_or(part);
        for set in watched.iter().filter(|l| l.family.name == stem) {
            let then = |age: &str| names.write_at(part, set.suffix, &format!("window=\"{hour}\""), &format!(" offset {age}"));
            let mean = over_weeks("avg", COMING_HOUR, |age| format!("{} {}", then(age), complete_then(age)));
            rules.push(RecordingRule::new(with_end(&names.of(part, set.suffix), "usual"), mean));
        }
    }
    rules
}

/// The rules `cx:events:usual`: the mean number of records of a topic in the same span of the last four weeks. A week without a sample is left out, and
/// one without a record is not: a quiet topic must look quiet.
fn usual_events() -> Vec<RecordingRule> {
    let of_span = |span: &str| {
        let then = |age: &str| format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total[{span}] offset {age}))");
        RecordingRule::new("cx:events:usual".to_owned(), over_weeks("avg", SAME_HOUR, then)).labelled("over", span)
    };
    SILENCES.map(of_span).into()
}

/// The rules `:past`: the durations of the same windows of the last four weeks, added up, as far as these windows were complete. And the rules `:z_past`:
/// by how many standard deviations a smaller share of the durations lies within a bound than then; the largest over the bounds within which three to
/// nine of ten lay. A few long durations do not move it, and a shift of all does.
fn slower(windows: &[&str], watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let matcher = format!("window=~\"{}\"", windows.join("|"));
    let mut rules = Vec::new();
    for measure in SLOWER {
        let [bucket, count] = ["bucket", "count"].map(|end| format!("cx_{measure}_seconds_{end}"));
        let family = format!("cx_{measure}_seconds");
        for set in watched.iter().filter(|l| l.family.name == family).filter(is_of_team_or_all).filter(|l| l.has_buckets) {
            let past = |part: &str| with_end(&names.of(part, set.suffix), "past");
            for part in [&bucket, &count] {
                let then = |age: &str| names.write_at(part, set.suffix, &matcher, &format!(" offset {age}"));
                let sum = over_weeks("sum", SAME_HOUR, |age| format!("{} {}", then(age), complete_then(age)));
                rules.push(RecordingRule::new(past(part), sum));
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

/// The rules `:usual` of the waiting tickets, `:expected`, and `:z_usual`: by how many standard deviations more tickets wait than is expected. When more
/// tickets came in over a day than usually do, as many more are expected to wait, so that a busy day does not count as slow work.
fn backlog(day: &str, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    let (created, matcher) = ("cx_tickets_created", format!("window=\"{day}\""));
    let mut rules = Vec::new();
    for set in watched.iter().filter(|l| l.family.name == created).filter(is_of_team_or_all) {
        let then = |age: &str| names.write_at(created, set.suffix, &matcher, &format!(" offset {age}"));
        let mean = over_weeks("avg", SAME_HOUR, |age| format!("{} {}", then(age), complete_then(age)));
        rules.push(RecordingRule::new(with_end(&names.of(created, set.suffix), "usual"), mean));
    }
    for (family, days_differ) in BACKLOG {
        for set in watched.iter().filter(|l| l.family.name == family).filter(is_of_team_or_all) {
            let now = names.of(family, set.suffix);
            let [usual, expected, z] = ["usual", "expected", "z_usual"].map(|end| with_end(&now, end));
            let owned = |age: &str| format!("and on ({INSTALLATION}) (cx:partitions_owned:bool offset {age}) == 1");
            let mean = over_weeks("avg", SAME_HOUR, |age| format!("{now} offset {age} {}", owned(age)));
            rules.push(RecordingRule::new(usual.clone(), mean));
            let came = names.write_at(created, set.suffix, &matcher, "");
            let usually_came = with_end(&names.of(created, set.suffix), "usual");
            let traffic = format!("(({came} + 3) / ({usually_came}{{{matcher}}} + 3))");
            rules.push(RecordingRule::new(expected.clone(), format!("{usual} * ignoring (window) {traffic}")));
            rules.push(RecordingRule::new(z, format!("({now} - {expected}) / {}", spread_of_count(&expected, days_differ))));
        }
    }
    rules
}

/// An aggregation over an expression at each of four ages.
fn over_weeks(aggregation: &str, ages: [&str; 4], at: impl Fn(&str) -> String) -> String {
    let week = |(week, age): (usize, &str)| format!("label_replace({}, \"week\", \"{week}\", \"\", \"\")", at(age));
    let weeks: Vec<String> = ages.into_iter().enumerate().map(week).collect();
    format!("{aggregation} without (week) ({})", weeks.join(" or "))
}

/// The condition that the window was complete at that age.
fn complete_then(age: &str) -> String {
    format!("and on ({INSTALLATION}, window) (cx:window_complete:bool offset {age}) == 1")
}

/// Whether a grouping set is the whole or the teams, which are watched for slow work.
pub(super) fn is_of_team_or_all(set: &&ListedFamily<'_>) -> bool {
    set.dimensions.iter().all(|dimension| dimension == "team")
}
