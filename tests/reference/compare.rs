//! Lays what the product exports beside what the model expects, and says the differences so that a person can act on them.

use cxpulse::engine::{Ruled, TimeTarget};
use cxpulse::event::Status;
use rustc_hash::FxHashSet;

use super::model;
use super::outcome::{Arrival, judge};
use super::product::{Exported, Product};
use super::series::{Series, Value};
use super::setup::{DIMENSIONS, Setup};
use super::sheet::Values;

const SHOWN_MAX: usize = 12;

/// One thing that is done to the product.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A record arrives.
    Arrive(Arrival),
    /// The clock stands this many milliseconds after the latest event (or where it stands, if that is later), and the metrics are read.
    Look(i64),
    /// A partition group is taken away and given back.
    HandOver(i32),
}

/// What happens to a product with its settings.
#[derive(Clone)]
pub(crate) struct Scenario {
    /// Windows, grouping sets, lateness.
    pub(crate) settings: Setup,
    /// How many partition groups there are.
    pub(crate) groups: i32,
    /// Whether every log is read to its end at every moment.
    pub(crate) settles: bool,
    /// What is done, in order.
    pub(crate) acts: Vec<Act>,
}

impl Scenario {
    /// Runs the product and the model side by side; an error names every difference at the first look that has one.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut product = Product::new(&self.settings, self.groups);
        let mut arrivals: Vec<Arrival> = Vec::new();
        let mut outcomes = Vec::new();
        let mut now = i64::MIN;
        for (done, act) in self.acts.iter().enumerate() {
            match act {
                Act::Arrive(arrival) => {
                    outcomes.push(product.take(arrival));
                    if self.settles {
                        product.reach_ends(self.groups);
                    }
                    arrivals.push(arrival.clone());
                }
                Act::HandOver(group) => product.hand_over(*group),
                Act::Look(ahead) => {
                    let judged = judge(&arrivals, &self.settings, i64::MAX);
                    let wrong = judged.outcomes.iter().zip(&outcomes).position(|(want, got)| want != got);
                    if let Some(record) = wrong {
                        let fault = format!("record {}: expected {}, got {}", record + 1, judged.outcomes[record], outcomes[record]);
                        return Err(self.told(&[fault], now, done));
                    }
                    let Some(latest) = judged.applied.iter().map(|event| event.time).max() else { continue };
                    now = now.max(latest + ahead);
                    let expected = model::values(&arrivals, &self.settings, now);
                    let exported = product.look(now);
                    let mut faults = differences(&expected, &exported);
                    if self.has_all_expired(latest, now) {
                        faults.extend(standing(&expected, &exported));
                    }
                    if !faults.is_empty() {
                        return Err(self.told(&faults, now, done));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether everything that happened has left the longest window for as long as that is, so that no group may stand any more but for what it
    /// holds now. Where something may come to pass later by itself, such as a deadline, this is not known.
    fn has_all_expired(&self, latest: i64, now: i64) -> bool {
        let settings = &self.settings;
        let longest = settings.windows.iter().max_by_key(|window| window.range).expect("there is a window");
        let targets = &settings.targets;
        let has_deadlines = [&targets.first_response, &targets.resolution, &targets.chat_wait, &settings.targets.next_response]
            .iter()
            .any(|target| target.is_configured());
        let stands_still = !has_deadlines && settings.journey.stages.is_empty() && settings.chat_idle_end.is_none();
        stands_still && now >= latest + 2 * longest.range.0
    }

    /// What a failing scenario says when every act is left out that it can fail without.
    pub(crate) fn least_failing(mut self) -> String {
        let mut told = self.check().expect_err("it fails");
        let mut at = 0;
        while at < self.acts.len() {
            let fewer = Self { acts: [&self.acts[..at], &self.acts[at + 1..]].concat(), ..self.clone() };
            match fewer.check() {
                Ok(()) => at += 1,
                Err(why) => (self, told, at) = (fewer, why, 0),
            }
        }
        told
    }

    /// The targets of time with their pauses, and the settings of clocks.
    fn told_targets(&self) -> Vec<String> {
        let (settings, targets) = (&self.settings, &self.settings.targets);
        let time = |name: &str, target: &Ruled<TimeTarget>, pauses: &[Status]| {
            let within: Vec<String> = target.rules.iter().map(|rule| rule.value.within.to_string()).collect();
            (!within.is_empty()).then(|| format!("target {name}: {} with pauses {pauses:?}", within.join(", ")))
        };
        let mut out: Vec<String> = [
            time("first_response", &targets.first_response, &targets.pauses.first_response),
            time("next_response", &targets.next_response, &targets.pauses.next_response),
            time("resolution", &targets.resolution, &targets.pauses.resolution),
            time("chat_wait", &targets.chat_wait, &[]),
        ]
        .into_iter()
        .flatten()
        .collect();
        out.extend(settings.new_matter_after.map(|after| format!("a new matter after {after}")));
        out.extend(settings.first_response_from_creation.then(|| "clocks start at the creation".to_owned()));
        out
    }

    /// The differences, the settings that matter and what was done, ready to be pasted.
    fn told(&self, faults: &[String], now: i64, done: usize) -> String {
        let mut out = vec![format!("{} differ at {now}:", faults.len())];
        out.extend(faults.iter().take(SHOWN_MAX).map(|fault| format!("  {fault}")));
        for window in &self.settings.windows {
            let end = (now.div_euclid(window.hop.0) + 1) * window.hop.0;
            out.push(format!("window {} (hop {}): {} .. {end}", window.name, window.hop, end - window.range.0));
        }
        let lateness: Vec<String> = self.settings.topics.iter().map(|t| format!("{} {}", t.name, t.allowed_lateness)).collect();
        out.extend(self.told_targets());
        let reading = if self.settles { "every log is read to its end" } else { "every log may hold more" };
        out.push(format!("allowed lateness: {}; {reading}", lateness.join(", ")));
        out.extend(self.acts[..=done].iter().map(|act| match act {
            Act::Arrive(a) => {
                let topic = &self.settings.topics[a.topic].name;
                let own = a.record_time.map(|own| format!(" with timestamp {own}")).unwrap_or_default();
                format!("group {} {topic}{own}: {}", a.group, String::from_utf8_lossy(&a.line))
            }
            Act::Look(ahead) => format!("look {ahead} ms after the latest event"),
            Act::HandOver(group) => format!("revoke and assign group {group}"),
        }));
        out.join("\n")
    }
}

/// Every series that is not as expected, and every one of the expected families that nobody expects.
pub(crate) fn differences(expected: &Values, exported: &Exported) -> Vec<String> {
    let is_absent = |(series, value): &(&Series, &Value)| matches!(value, Value::Absent) && was_seen_for_a_while(series, exported);
    let held = expected.iter().filter(|known| !is_absent(known));
    let mut out: Vec<String> = held.filter_map(|(series, value)| value.fault(series, exported.get(series).copied())).collect();
    let bases: FxHashSet<&str> = expected.keys().map(Series::base).map(stem).collect();
    for (series, got) in exported {
        // `tests/journey.rs` lays quantiles and buckets of the time in a stage beside a model of its own.
        let is_ours = bases.contains(stem(series.base())) && !series.name.starts_with("cx_journey_stage_");
        let may_stand = *got == 0.0 && Value::Count(0).fault(series, None).is_none();
        if is_ours && !expected.contains_key(series) && !may_stand {
            out.push(format!("{series}: nobody expects it, got {got}"));
        }
    }
    out.sort_unstable();
    out
}

/// Whether a share that is absent until something was ever seen is there because it was seen, and a late event has undone it since.
fn was_seen_for_a_while(series: &Series, exported: &Exported) -> bool {
    let shares = [
        ("cx_escalation_ratio", "cx_escalation_ever_seen"),
        ("cx_transfer_ratio", "cx_transfer_ever_seen"),
        ("cx_survey_response_ratio", "cx_survey_answer_ever_seen"),
    ];
    let seen = shares.iter().find(|(share, _)| series.name.starts_with(share)).map(|(_, seen)| *seen);
    exported
        .iter()
        .any(|(known, value)| Some(known.name.as_str()) == seen && *value == 1.0 && known.label("metric") == series.label("metric"))
}

/// Families with facts that may lie ahead of now. Such a fact keeps its series until long after its own time, also one that was withdrawn.
const AHEAD: [&str; 2] = ["cx_first_response_waits", "cx_chats_idle_ended"];

/// The series of groups of which nothing but 0 is expected.
fn standing(expected: &Values, exported: &Exported) -> Vec<String> {
    let holds = |value: &Value| value.number().is_some_and(|number| number != 0.0);
    let holding: FxHashSet<Vec<(&str, &str)>> =
        expected.iter().filter(|(_, value)| holds(value)).filter_map(|(series, _)| group(series)).collect();
    let lies_ahead = |series: &Series| AHEAD.iter().any(|family| series.name.starts_with(family));
    let stands = exported.iter().filter(|(series, _)| !lies_ahead(series) && group(series).is_some_and(|group| !holding.contains(&group)));
    stands.map(|(series, got)| format!("{series}: has expired, got {got}")).collect()
}

/// The dimensions by which a series is grouped, with their values.
fn group(series: &Series) -> Option<Vec<(&str, &str)>> {
    let dimensions = DIMENSIONS.iter().filter_map(|(name, _)| Some((*name, series.label(name)?)));
    let group: Vec<_> = dimensions.collect();
    (series.name.contains("_by_") && !group.is_empty()).then_some(group)
}

/// A family's name without a histogram's suffix.
fn stem(name: &str) -> &str {
    ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}
