//! A disturbed service beside an undisturbed one: both read the same topics under load, each in a consumer group of its own, and must export the same.
//!
//! Before the disturbed one starts again, every log is cut to its oldest kept checkpoint, so that only a restore can give the values. Does not know the
//! disturbances.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use cxpulse::config::parse_span;
use cxpulse::metrics::{self, Merge};
use tempfile::TempDir;

use super::checkpoint_files::cut_logs;
use super::load::Load;
use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::exposition::{Exposition, canonical, family_of};
use crate::support::service::{PATIENCE, Service};

/// Targets and business hours, so that every family is exported.
pub(super) const SETTINGS: &str = include_str!("../../config/examples/targets.toml");

/// The series that may differ, by their beginning, each with the reason.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("process_", "memory, threads and time of one process"),
    ("cx_memory_", "the memory of one process, and the budget of one that writes checkpoints"),
    ("cx_checkpoint_", "the undisturbed service writes none"),
    ("cx_restore_seconds", "the undisturbed service restores nothing"),
    ("cx_build_info", "the fingerprint is that of checkpoints"),
    ("cx_config_last_reload_success_timestamp_seconds", "when this process read its configuration"),
    ("cx_events_total", "counts since the process started; the ledger counts since the state began"),
    ("cx_events_applied_total", "counts since the process started"),
    ("cx_events_invalid_total", "counts since the process started"),
    ("cx_event_delay_seconds", "how late this process was"),
    ("cx_collect_seconds", "how long this process took"),
    ("cx_kafka_rebalances_total", "the disturbance itself"),
    (
        "cx_state_entries{store=\"pane",
        "what was filled and emptied again is still kept, and is not stored; which that is, depends on how topics interleave",
    ),
    (
        "cx_series",
        "a label set is shown from its first fact on, although it may be withdrawn at once; whether there was one depends on how topics interleave",
    ),
    ("cx_target_by_", "the configured target, once for each label set that is shown (see cx_series)"),
    ("cx_ready", "a service that cannot write its checkpoints is not ready; tests wait for it themselves"),
    ("cx_events_orphaned_total", "whether a merge finds its customer depends on how topics interleave"),
    ("cx_events_without_effect_total", "an event is judged by what it finds, and what it finds depends on how topics interleave"),
    ("cx_log_lines_dropped_total", "the log of this process"),
];

/// The families whose merged value is another one than that of a single member, each with the reason.
const OF_ONE_MEMBER: &[(&str, &str)] =
    &[("cx_watermark_timestamp_seconds", "the smallest of all members, where one shows the largest of its partitions without lag")];

/// A comparison of fewer series than this shows nothing.
const SERIES_MIN: usize = 2_000;

/// How many values of the undisturbed service a moving value may lie between: a text that is scraped may be two seconds old.
const LOOKS_BACK: usize = 6;

/// How many events a second there are, unless a test says otherwise.
const EVENTS_PER_SECOND: f64 = 200.0;

/// How long two services may take to show the same after everything was read: values move with each hop, and a review comes every tenth of a second.
const SETTLE: Duration = Duration::from_secs(20);

/// The topics, the load, and the undisturbed service.
pub(super) struct Twins {
    servers: String,
    pub(super) topics: Topics,
    pub(super) load: Load,
    pub(super) reference: Service,
    /// Where the disturbed service keeps its checkpoints.
    pub(super) store: TempDir,
    /// By how much the covered time of a window may differ. Where no record follows a batch that cannot be read, its gap ends when a service looks.
    pub(super) coverage_slack: Duration,
}

/// What the undisturbed service showed before and after the disturbed one was looked at.
struct Look {
    before: BTreeMap<String, f64>,
    got: BTreeMap<String, f64>,
    after: BTreeMap<String, f64>,
}

/// What differs between two services.
struct Difference {
    count: usize,
    told: String,
}

impl Twins {
    /// Starts the load, of some hundred events a second, and the undisturbed service.
    pub(super) fn start(broker: &Broker, partitions: i32) -> Self {
        Self::start_at(broker, partitions, EVENTS_PER_SECOND)
    }

    /// The same with a load of this many events a second.
    pub(super) fn start_at(broker: &Broker, partitions: i32, events_per_second: f64) -> Self {
        let topics = Topics::create(broker, partitions);
        let load = Load::start(&broker.servers(), &topics, partitions, events_per_second);
        let off = "[checkpoint]\nurl = \"off\"\n";
        let text =
            topics.configuration(&broker.servers(), "snapshot_interval = \"10ms\"", "").replace("group-of-", "undisturbed-group-of-");
        let mut reference = Service::start(&format!("{SETTINGS}\n{text}\n{off}"));
        reference.wait_until_ready();
        Self {
            servers: broker.servers(),
            topics,
            load,
            reference,
            store: TempDir::new().expect("a temporary folder"),
            coverage_slack: Duration::ZERO,
        }
    }

    /// The configuration of a disturbed member with these lines in `[kafka.properties]`. Without checkpoints where `is_kept` says so.
    pub(super) fn configuration(&self, properties: &str, is_kept: bool) -> String {
        let kafka = format!("[kafka.properties]\n\"heartbeat.interval.ms\" = \"500\"\n{properties}\n");
        let text = self.topics.configuration(&self.servers, "snapshot_interval = \"10ms\"", &kafka);
        let checkpoint = if is_kept {
            format!("url = \"{}\"\nshared = true\ninterval = \"2s\"\n", self.store.path().display())
        } else {
            "url = \"off\"\n".to_owned()
        };
        format!("{SETTINGS}\n{text}\n[checkpoint]\n{checkpoint}")
    }

    /// Removes from the logs what the oldest kept checkpoints have counted, once the undisturbed service has read it. Gives how many records that are.
    pub(super) fn cut_logs(&mut self) -> u64 {
        let sent = self.load.sent();
        let topics = &self.topics;
        self.reference.wait_until("the undisturbed service has read", PATIENCE, |service| consumed(topics, service) >= sent);
        cut_logs(&self.servers, self.store.path())
    }

    /// Lets the load pause until these members together show what the undisturbed service shows, and every record has its outcome. The test fails if that
    /// does not come.
    pub(super) fn assert_same(&mut self, members: &[&Service], when: &str) {
        let difference = self.difference(members, SETTLE);
        if let Some(difference) = difference {
            let logs: Vec<String> = members.iter().map(|member| member.log()).collect();
            panic!("{when}: {difference}\nthe log:\n{}", logs.join("\nand\n"));
        }
    }

    /// What differs while the load pauses, at the end of this time; `None` as soon as nothing does.
    pub(super) fn difference(&mut self, members: &[&Service], limit: Duration) -> Option<String> {
        let sent = self.load.pause();
        let begun = Instant::now();
        // What differs in one look alone was on its way. The fewest differences say what is wrong.
        let mut fewest: Option<Difference> = None;
        let difference = loop {
            let difference = self.difference_now(members, sent);
            fewest = match (difference, fewest.take()) {
                (None, _) => break None,
                (Some(now), Some(before)) if before.count <= now.count => Some(before),
                (Some(now), _) => Some(now),
            };
            if begun.elapsed() > limit {
                break fewest.map(|fewest| fewest.told);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        self.load.go_on();
        difference
    }

    /// The same where so many deadlines pass that no look finds all values standing still: each series is to be once what the undisturbed service shows, or
    /// between two of its values of the last looks.
    pub(super) fn difference_of_each(&mut self, members: &[&Service], limit: Duration) -> Option<String> {
        let sent = self.load.pause();
        let begun = Instant::now();
        let (mut matched, mut shown) = (BTreeSet::new(), VecDeque::new());
        let difference = loop {
            let told = match self.look(members, sent) {
                Err(difference) => difference.told,
                Ok(Look { before, got, after }) => {
                    shown.extend([before, after.clone()]);
                    shown.drain(..shown.len().saturating_sub(LOOKS_BACK));
                    let is_matched = |name: &String| {
                        let got = got.get(name).copied().unwrap_or(0.0);
                        let expected = || shown.iter().map(|values| values.get(name).copied().unwrap_or(0.0));
                        let (least, most) =
                            expected().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), value| (l.min(value), m.max(value)));
                        let slack = coverage_slack(name, self.coverage_slack);
                        (least - slack..=most + slack).contains(&got) || expected().any(|value| is_same(value, got, members.len()))
                    };
                    let names: BTreeSet<&String> = after.keys().chain(got.keys()).collect();
                    matched.extend(names.iter().filter(|name| is_matched(name)).map(|name| (*name).clone()));
                    let left: Vec<&String> = names.into_iter().filter(|name| !matched.contains(*name)).collect();
                    if left.is_empty() {
                        break None;
                    }
                    differences(&left, &after, &got).told
                }
            };
            if begun.elapsed() > limit {
                break Some(told);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        self.load.go_on();
        difference
    }

    fn difference_now(&self, members: &[&Service], sent: u64) -> Option<Difference> {
        let Look { before, got, after } = match self.look(members, sent) {
            Ok(look) => look,
            Err(difference) => return Some(difference),
        };
        if before != after {
            return Some(Difference { count: usize::MAX - 1, told: "the undisturbed service does not stand still".to_owned() });
        }
        let names: BTreeSet<&String> = before.keys().chain(got.keys()).collect();
        let are_same = |name: &&String| match (before.get(*name), got.get(*name)) {
            (Some(expected), Some(got)) => is_same(*expected, *got, members.len()),
            _ => false,
        };
        let different: Vec<_> = names.into_iter().filter(|name| !are_same(name)).collect();
        (!different.is_empty()).then(|| differences(&different, &before, &got))
    }

    /// What both sides show now, if every record that was sent has its outcome on both.
    fn look(&self, members: &[&Service], sent: u64) -> Result<Look, Difference> {
        let scrape = |service: &Service| Exposition::parse(&service.ask("/metrics").map(|answer| answer.body).unwrap_or_default());
        let before = scrape(&self.reference);
        let seen: Vec<Exposition> = members.iter().map(|member| scrape(member)).collect();
        let after = scrape(&self.reference);
        let consumed = [self.topics.consumed(&after), seen.iter().map(|seen| self.topics.consumed(seen)).sum()];
        if consumed != [sent, sent] {
            return Err(Difference { count: usize::MAX, told: format!("of {sent} records the two have {consumed:?} outcomes") });
        }
        let (mut before, mut after) = (compared(&before), compared(&after));
        let got = match seen.as_slice() {
            [one] => compared(one),
            several => {
                let merges = merges();
                for values in [&mut before, &mut after] {
                    values.retain(|series, _| merges.contains_key(family_of(series)));
                }
                merge(&merges, several)
            }
        };
        if before.len() <= SERIES_MIN {
            return Err(Difference { count: usize::MAX, told: format!("only {} series are compared", before.len()) });
        }
        Ok(Look { before, got, after })
    }
}

/// The values of one process are the same to the last bit. A sum of several is rounded in another order.
fn is_same(expected: f64, got: f64, members: usize) -> bool {
    expected.to_bits() == got.to_bits() || (members > 1 && (expected - got).abs() <= 1e-9 * expected.abs())
}

/// By how much a series may differ: the coverage of a window by a time, in parts of the window; any other series not at all.
fn coverage_slack(series: &str, slack: Duration) -> f64 {
    let Some(labels) = series.strip_prefix("cx_window_coverage_ratio{window=\"") else { return 0.0 };
    let window = labels.split('"').next().and_then(parse_span).expect("a window is named by its length");
    slack.as_secs_f64() / window.as_seconds()
}

/// How the series of several members become one, by the name of the series; those that are computed again from parts are left out.
fn merges() -> BTreeMap<String, Merge> {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), SETTINGS).expect("the file is writable");
    let configuration = cxpulse::config::load(Some(file.path()), Vec::new(), &[]).unwrap_or_else(|why| panic!("{why}")).configuration;
    let exposition = metrics::Exposition::new(&configuration);
    let of_values =
        exposition.listed_families().into_iter().map(|listed| (listed.name(), listed.family.kind().to_owned(), listed.family.merge));
    let of_state =
        metrics::operational_families(&configuration).into_iter().filter_map(|family| Some((family.name, family.kind, family.merge?)));
    let of_family = |(name, kind, merge): (String, String, Merge)| {
        let ends: &[&str] = if kind == "histogram" { &["_bucket", "_count", "_sum"] } else { &[""] };
        ends.iter().map(move |end| (format!("{name}{end}"), merge)).collect::<Vec<_>>()
    };
    let all = of_values.chain(of_state).flat_map(of_family);
    all.filter(|(name, merge)| *merge != Merge::Derived && !OF_ONE_MEMBER.iter().any(|(own, _)| own == name)).collect()
}

fn merge(merges: &BTreeMap<String, Merge>, members: &[Exposition]) -> BTreeMap<String, f64> {
    let mut merged: BTreeMap<String, f64> = BTreeMap::new();
    for (series, value) in members.iter().flat_map(compared) {
        let Some(merge) = merges.get(family_of(&series)) else { continue };
        let of_two = |before: f64| match merge {
            Merge::Sum => before + value,
            Merge::Min => before.min(value),
            Merge::Max | Merge::Derived => before.max(value),
        };
        merged.entry(series).and_modify(|before| *before = of_two(*before)).or_insert(value);
    }
    merged
}

/// The number of records that have an outcome, 0 if the service does not answer.
fn consumed(topics: &Topics, service: &Service) -> u64 {
    service.ask("/metrics").map_or(0, |answer| topics.consumed(&Exposition::parse(&answer.body)))
}

/// The series that must be equal, with their values. A label set is shown from its first fact on, although the fact may be withdrawn at once; whether there
/// was one depends on how the topics interleave. So a value of 0 is as good as none.
fn compared(seen: &Exposition) -> BTreeMap<String, f64> {
    let is_compared = |series: &str| !MAY_DIFFER.iter().any(|(name, _)| series.starts_with(name));
    let seen = seen.samples().filter(|(series, value)| is_compared(series) && *value != 0.0);
    seen.map(|(series, value)| (canonical(series), value)).collect()
}

fn differences(different: &[&String], expected: &BTreeMap<String, f64>, got: &BTreeMap<String, f64>) -> Difference {
    // The windows of one family mostly differ together.
    let told = different.iter().filter(|name| !name.contains("window=") || name.contains("window=\"30d\"") || different.len() < 20);
    let first = told.take(60).map(|name| format!("  {name}: {:?} and not {:?}", got.get(*name), expected.get(*name)));
    let told = format!("{} series differ:\n{}", different.len(), first.collect::<Vec<_>>().join("\n"));
    Difference { count: different.len(), told }
}
