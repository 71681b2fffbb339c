//! The same hours of the last four weeks in the history of Prometheus, as what is usual at this hour of the week, and how far the present lies from it.
//!
//! Does not know the alerts.

use crate::metrics::ListedFamily;
use crate::monitoring::promql::{INSTALLATION, REPLICA_LABELS, divergence_of_counts, operand};
use crate::monitoring::recorded_names::{RecordedNames, with_end};
use crate::monitoring::recording_rule::RecordingRule;
use crate::monitoring::rule_parameters::RuleParameters;

/// The counts of what is done in an hour, for the usual of that hour of the week.
const DONE: [&str; 3] = ["cx_tickets_first_responded", "cx_next_response_seconds_count", "cx_tickets_resolved"];

/// The end of the coming hour in each of the last four weeks.
const COMING_HOUR: [&str; 4] = ["6d23h", "13d23h", "20d23h", "27d23h"];

/// The spans for which a topic that has events may have none, before it counts as silent; the shorter the span, the more events it must usually have.
const SILENCES: [&str; 3] = ["30m", "2h", "6h"];

/// The age of the same hour of the week in each of the last four weeks.
pub(super) const SAME_HOUR: [&str; 4] = ["7d", "14d", "21d", "28d"];

/// Eight hours, added up from windows that lie one after the other.
pub(super) const EIGHT_HOURS: WatchedSpan =
    WatchedSpan { name: "8h", part: "1h", ages: &["1h", "2h", "3h", "4h", "5h", "6h", "7h"], cases_min: 8, days_differ: 0.02 };

/// The spans over which durations are held against the past: a shorter one shows a sharp change soon, a longer one a small change at all.
const SPANS: [WatchedSpan; 4] = [
    WatchedSpan { name: "1h", part: "1h", ages: &[], cases_min: 10, days_differ: 0.0144 },
    EIGHT_HOURS,
    WatchedSpan { name: "24h", part: "24h", ages: &[], cases_min: 10, days_differ: 0.0144 },
    WatchedSpan { name: "3d", part: "24h", ages: &["1d", "2d"], cases_min: 10, days_differ: 0.006 },
];

/// The dimension whose values differ in what a usual duration is.
const CHANNEL: &str = "channel";

/// The record of the least number of durations, by window.
const CASES_MIN: &str = "cx:span:cases_min";

/// The least number of durations in the spans of the past together: their spread is not known from fewer.
const PAST_CASES_MIN: u32 = 10;

/// The record of the variance of days, by window.
const DAYS_DIFFER: &str = "cx:span:days_differ";

/// The record of whether a span is complete, by window.
const SPAN_COMPLETE: &str = "cx:span_complete:bool";

/// The states of the backlog that are held against what is usual. A busy day makes more tickets wait, and this is no slow work; that more tickets are open
/// is a burden whatever the reason.
const BACKLOG: [WatchedBacklog; 3] = [
    WatchedBacklog { family: "cx_backlog_unanswered_tickets", days_differ: 0.02, grows_with_traffic: true },
    WatchedBacklog { family: "cx_backlog_unanswered_past_target_tickets", days_differ: 0.09, grows_with_traffic: true },
    WatchedBacklog { family: "cx_backlog_tickets", days_differ: 0.02, grows_with_traffic: false },
];

/// A state of the backlog that is held against what is usual.
struct WatchedBacklog {
    family: &'static str,
    /// The square of the part by which its days differ from each other.
    days_differ: f64,
    /// Whether as many more are expected as more tickets came.
    grows_with_traffic: bool,
}

/// A span of time that is held against the same spans of the last weeks.
pub(super) struct WatchedSpan {
    /// The value of the label `window`.
    pub(super) name: &'static str,
    /// The window of the product that is its newest part.
    pub(super) part: &'static str,
    /// How long ago its other parts ended.
    pub(super) ages: &'static [&'static str],
    /// The least number of durations in it.
    pub(super) cases_min: u32,
    /// The variance of the mean logarithm of such a span beyond that of chance: days differ from each other by about an eighth.
    pub(super) days_differ: f64,
}

impl WatchedSpan {
    /// The rule of whether all windows that make up the span are complete.
    pub(super) fn is_complete(&self, window: &str) -> RecordingRule {
        let all = operand(&self.added_up("cx:window_complete:bool", window));
        RecordingRule::new(SPAN_COMPLETE.to_owned(), format!("{all} == bool {}", self.ages.len() + 1)).labelled("window", window)
    }

    /// The rule `:span` of a recorded series: its sum over the span, absent as long as that is not complete.
    pub(super) fn complete(&self, recorded: &str, window: &str) -> RecordingRule {
        let sum = operand(&self.added_up(recorded, window));
        let expression = format!("{sum} and on ({INSTALLATION}) {SPAN_COMPLETE}{{window=\"{window}\"}} == 1");
        RecordingRule::new(with_end(recorded, "span"), expression).labelled("window", window)
    }

    /// The sum of a recorded series over the windows that make up the span. One that is a window itself has the name of that.
    fn added_up(&self, recorded: &str, window: &str) -> String {
        let part = if self.ages.is_empty() { window } else { self.part };
        let now = format!("{recorded}{{window=\"{part}\"}}");
        let before = self.ages.iter().map(|age| format!("{now} offset {age}"));
        std::iter::once(now.clone()).chain(before).collect::<Vec<_>>().join(" + ")
    }
}

/// The rules of the grouping sets that are watched, and for durations of others of `listed` too.
pub(super) fn rules(
    parameters: &RuleParameters,
    watched: &[ListedFamily<'_>],
    listed: &[ListedFamily<'_>],
    names: &RecordedNames,
) -> Vec<RecordingRule> {
    let mut rules = usual_events();
    if parameters.baseline.has_offset() {
        rules.extend(done(parameters.window("1h"), watched, names));
        rules.extend(slower(parameters, listed, names));
        rules.extend(backlog(parameters, watched, names));
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

/// The rules of the durations that are watched, channel by channel: a chat is answered within a minute and an e-mail within an hour, so the mean of both
/// tells more of how many of each there are than of how quickly they are answered.
fn slower(parameters: &RuleParameters, listed: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    // A window that has another length in its place has no parts of an hour or a day.
    let is_made = |span: &&WatchedSpan| span.ages.is_empty() || parameters.window(span.part) == span.part;
    let spans: Vec<(&WatchedSpan, &str)> = SPANS.iter().filter(is_made).map(|span| (span, parameters.window(span.name))).collect();
    let constants = |(span, window): &(&WatchedSpan, &str)| {
        let constant =
            |name: &str, number: String| RecordingRule::new(name.to_owned(), format!("vector({number})")).labelled("window", window);
        [span.is_complete(window), constant(CASES_MIN, span.cases_min.to_string()), constant(DAYS_DIFFER, span.days_differ.to_string())]
    };
    let mut rules: Vec<RecordingRule> = spans.iter().flat_map(constants).collect();
    for measure in ["first_response", "resolution"] {
        let family = format!("cx_{measure}_logarithms");
        if let Some(set) = alerting_set(listed, &family) {
            let suffix = by_channel_too(listed, set).suffix;
            rules.extend(Durations { measure, suffix, names }.held_against_past(&spans));
        }
    }
    rules
}

/// The durations of a grouping set, which are held against the past.
struct Durations<'a> {
    measure: &'static str,
    suffix: &'a str,
    names: &'a RecordedNames,
}

impl Durations<'_> {
    /// The rules `:span`, what each span holds as far as it is complete; `:past`, the same of the last four weeks, added up; `:ratio_past`, how many times as
    /// long the durations are; and `:z_past`.
    fn held_against_past(&self, spans: &[(&WatchedSpan, &str)]) -> Vec<RecordingRule> {
        let parts = ["seconds_count", "logarithms", "squared_logarithms"]
            .map(|part| self.names.of(&format!("cx_{}_{part}", self.measure), self.suffix));
        let mut rules = Vec::new();
        for recorded in &parts {
            rules.extend(spans.iter().map(|(span, window)| span.complete(recorded, window)));
            let then = |age: &str| format!("{} offset {age}", with_end(recorded, "span"));
            rules.push(RecordingRule::new(with_end(recorded, "past"), over_weeks("sum", SAME_HOUR, then)));
        }
        rules.extend(self.distance_from_past(&parts));
        rules
    }

    /// By how many standard deviations the mean logarithm is larger than in the past. A few long durations do not move it, and a shift of all does. The spread
    /// itself is known from the past alone: where that is small, chance makes distances (Student's t) that a normal distribution hardly has, so the distance
    /// t is taken as t / sqrt(1 + t^2 / 2n) for n durations of the past, which is nearly normal (Wallace 1959, to the first order).
    fn distance_from_past(&self, parts: &[String; 3]) -> [RecordingRule; 2] {
        let [count, logs, _] = parts.each_ref().map(|part| with_end(part, "span"));
        let [past, past_logs, past_squares] = parts.each_ref().map(|part| with_end(part, "past"));
        let then = format!("{past_logs} / ({past} > 0)");
        let stem = format!("cx:{}_seconds{}", self.measure, self.suffix);
        let ratio = format!("{stem}:ratio_past");
        let variance = format!("clamp_min({past_squares} / {past} - ({then}) ^ 2, 0)");
        let distance = format!("ln({ratio})");
        let of_small = format!("{distance} ^ 2 / (2 * {past})");
        let error = format!("sqrt({variance} * (1 / ({count} > 0) + 1 / {past}) + {of_small} + on (window) group_left () {DAYS_DIFFER})");
        let enough = format!("and {count} >= on (window) group_left () {CASES_MIN} and {past} >= {PAST_CASES_MIN}");
        let z = format!("{distance} / {error} {enough}");
        let longer = format!("exp({logs} / ({count} > 0) - {then})");
        [RecordingRule::new(ratio, longer), RecordingRule::new(format!("{stem}:z_past"), z)]
    }
}

/// The rules `:usual` of the waiting tickets and `:weeks`, of how many weeks it is the mean; `:expected`; and `:z_usual`: by how many standard deviations
/// more tickets wait than is expected. When more tickets came in over some hours than usually do, as many more are expected to wait, so that a busy day does
/// not count as slow work.
fn backlog(parameters: &RuleParameters, watched: &[ListedFamily<'_>], names: &RecordedNames) -> Vec<RecordingRule> {
    // A window that has another length in the place of the hour has no eight hours.
    let is_hourly = parameters.window(EIGHT_HOURS.part) == EIGHT_HOURS.part;
    let (created, window) = ("cx_tickets_created", if is_hourly { EIGHT_HOURS.name } else { parameters.window("24h") });
    let matcher = format!("window=\"{window}\"");
    let mut rules = Vec::new();
    if let Some(set) = alerting_set(watched, created) {
        let recorded = names.of(created, set.suffix);
        let span = with_end(&recorded, "span");
        if is_hourly {
            rules.push(EIGHT_HOURS.complete(&recorded, window));
        }
        let then = |age: &str| match is_hourly {
            true => format!("{span}{{{matcher}}} offset {age}"),
            false => format!("{recorded}{{{matcher}}} offset {age} {}", complete_then(age)),
        };
        rules.push(RecordingRule::new(with_end(&recorded, "usual"), over_weeks("avg", SAME_HOUR, then)));
    }
    for WatchedBacklog { family, days_differ, grows_with_traffic } in BACKLOG {
        let whole = || watched.iter().find(|l| l.family.name == family && l.dimensions.is_empty());
        if let Some(set) = if grows_with_traffic { alerting_set(watched, family) } else { whole() } {
            let now = names.of(family, set.suffix);
            let [usual, weeks, expected, z] = ["usual", "weeks", "expected", "z_usual"].map(|end| with_end(&now, end));
            let owned = |age: &str| format!("and on ({INSTALLATION}) (cx:partitions_owned:bool offset {age}) == 1");
            let then = |age: &str| format!("{now} offset {age} {}", owned(age));
            rules.push(RecordingRule::new(usual.clone(), over_weeks("avg", SAME_HOUR, then)));
            rules.push(RecordingRule::new(weeks.clone(), over_weeks("count", SAME_HOUR, then)));
            if !grows_with_traffic {
                rules.push(RecordingRule::new(z, divergence_of_counts(&now, &usual, &weeks, days_differ)));
                continue;
            }
            let came = names.of(created, set.suffix);
            let now_came = if is_hourly { with_end(&came, "span") } else { came.clone() };
            let traffic = format!("(({now_came}{{{matcher}}} + 3) / ({}{{{matcher}}} + 3))", with_end(&came, "usual"));
            rules.push(RecordingRule::new(expected.clone(), format!("{usual} * ignoring (window) {traffic}")));
            rules.push(RecordingRule::new(z, divergence_of_counts(&now, &expected, &weeks, days_differ)));
        }
    }
    rules
}

/// An aggregation over an expression at each of four ages.
pub(super) fn over_weeks(aggregation: &str, ages: [&str; 4], at: impl Fn(&str) -> String) -> String {
    let week = |(week, age): (usize, &str)| format!("label_replace({}, \"week\", \"{week}\", \"\", \"\")", at(age));
    let weeks: Vec<String> = ages.into_iter().enumerate().map(week).collect();
    format!("{aggregation} without (week) ({})", weeks.join(" or "))
}

/// The condition that the window was complete at that age.
fn complete_then(age: &str) -> String {
    format!("and on ({INSTALLATION}, window) (cx:window_complete:bool offset {age}) == 1")
}

/// The grouping set on which alerts look for slow work: the teams or, where they are no grouping set, the whole.
pub(super) fn alerting_set<'a, 'b>(watched: &'a [ListedFamily<'b>], family: &str) -> Option<&'a ListedFamily<'b>> {
    let sets = || watched.iter().filter(|l| l.family.name == family).filter(is_of_team_or_all);
    sets().find(|set| !set.dimensions.is_empty()).or_else(|| sets().next())
}

/// The grouping set of the same family with the channel beside the dimensions of `set`; `set` itself where there is none.
pub(super) fn by_channel_too<'a, 'b>(listed: &'a [ListedFamily<'b>], set: &'a ListedFamily<'b>) -> &'a ListedFamily<'b> {
    let is_it = |other: &&ListedFamily<'_>| {
        other.family.name == set.family.name
            && other.dimensions.len() == set.dimensions.len() + 1
            && other.dimensions.iter().all(|dimension| dimension == CHANNEL || set.dimensions.contains(dimension))
    };
    listed.iter().find(is_it).unwrap_or(set)
}

/// Whether a grouping set is the whole or the teams, which are watched for slow work.
pub(super) fn is_of_team_or_all(set: &&ListedFamily<'_>) -> bool {
    set.dimensions.iter().all(|dimension| dimension == "team")
}
