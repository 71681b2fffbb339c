//! Three replicas in a real Prometheus with the shipped rules, beside a single process on the same logs: what is recorded is the same, and what a service
//! shows that has not read everything makes no alert.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::checkpoint_files::oldest_records;
use super::set_up::now_ms;
use super::shipped_rules::rule_files;
use super::twins::{SETTINGS, Twins};
use crate::support::broker::Broker;
use crate::support::measured::measured;
use crate::support::prometheus::Prometheus;
use crate::support::service::{PATIENCE, Service};

const PARTITIONS: i32 = 6;
/// How often Prometheus scrapes and evaluates: five services with some thousand series each share the machine with it.
const INTERVAL_SECONDS: u32 = 3;
/// How long a change may take to pass a scrape and the stages of rules on a busy machine.
const RECORDED_WITHIN: Duration = Duration::from_secs(60);
/// How long a record that is computed from records needs to follow them.
const STAGES_SECONDS: u64 = 6 * INTERVAL_SECONDS as u64;
/// By how many seconds the record of a replica may be older or newer than that of the single process: a scrape and the stages of
/// rules, which a busy Prometheus evaluates late.
const APART_SECONDS: u64 = 6 * INTERVAL_SECONDS as u64;
/// What rounding may leave of a sum of some hundred million seconds or points when all its parts are taken away.
const REST_OF_SUM: f64 = 1e-6;
/// The same for a difference of two numbers of the size of a score.
const REST_OF_DIFFERENCE: f64 = 1e-12;

/// The records that may differ, by the beginning of their names, each with the reason.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("cx:checkpoint_", "the single process writes none"),
    ("cx:collect_seconds", "how long a process took"),
    ("cx:event", "counts since a process started"),
    ("cx:correlation_weight", "the weights of pooled correlations: the pairs of each replica less 3"),
    ("cx:state_entries", "each partition group keeps panes and identities of its own"),
    ("cx:state_limit", "counts since a process started"),
    ("cx:target_by_", "the configured target, once for each label set that is shown"),
    ("cx:kafka_lag", "records that are on their way"),
    ("cx:series", "each process has label sets of its own"),
    ("cx:windows_settled", "it is 0 for half a minute after a window was not whole, and a single process takes part in no rebalance"),
    ("cx:watermark", "the smallest of all members, where a single process shows the largest of those without lag"),
];

type Series = BTreeMap<String, BTreeMap<u64, f64>>;

#[test]
fn what_prometheus_records_of_three_replicas_is_what_it_records_of_one_process() {
    let Some(broker) = Broker::shared() else { return };
    let mut twins = Twins::start(&broker, PARTITIONS);
    let configuration = twins.configuration("\"session.timeout.ms\" = \"6000\"", true);
    let mut replicas: Vec<Service> = (0..3).map(|_| Service::start(&configuration)).collect();
    for replica in &mut replicas {
        replica.wait_until("it has partitions and is ready", PATIENCE, |replica| {
            replica.is_ready() && (1..PARTITIONS as u64).contains(&owned(replica))
        });
    }
    twins.assert_same(&replicas.iter().collect::<Vec<_>>(), "three replicas");
    // The checkpoints of the first seconds lie within the history: cut there, a log would still reach back over 30 days.
    let store = twins.store.path().to_path_buf();
    let begun_with = twins.load.sent();
    replicas[0].wait_until("each kept checkpoint has counted the history", PATIENCE, |_| oldest_records(&store) >= begun_with);
    twins.cut_logs();
    // This one finds logs that have lost their beginning.
    let cut = twins.configuration("", false).replace("group-of-", "cut-group-of-");
    let mut cut = Service::start(&cut);
    let ports: Vec<u16> = replicas.iter().map(Service::port).collect();
    let jobs: [(&str, &[u16]); 3] = [("replicas", &ports), ("single", &[twins.reference.port()]), ("cut", &[cut.port()])];
    let Some(prometheus) = Prometheus::start_jobs(&jobs, &rule_files(SETTINGS), INTERVAL_SECONDS) else { return };
    cut.wait_until_ready();
    twins.load.pause();

    let recorded = wait_until_same(&prometheus, "before a rebalance");
    let begun = Instant::now();
    let leaves = replicas.pop().expect("three replicas");
    assert!(leaves.terminate().0.success());
    for replica in &mut replicas {
        replica.wait_until("it has the others' partitions and is ready", PATIENCE, |replica| {
            replica.is_ready() && owned(replica) == PARTITIONS as u64 / 2
        });
    }
    wait_until_same(&prometheus, "after a rebalance");
    let (complete, incomplete) = compare_while_complete(&prometheus, begun.elapsed().as_secs() + 2);
    // A rebalance may fall between two scrapes; then nothing of it is to be seen.
    assert!(complete > 10_000, "only {complete} values were compared, and {incomplete} while not complete");

    let is_complete = |job: &str| {
        let samples = prometheus.query(&format!("cx:window_complete:bool{{job=\"{job}\",window=\"30d\"}}"));
        samples.first().map(|(_, value)| *value)
    };
    assert_eq!((is_complete("single"), is_complete("replicas"), is_complete("cut")), (Some(1.0), Some(1.0), Some(0.0)));
    let seconds = begun.elapsed().as_secs() + 30;
    let fired = |job: &str| alerts(&prometheus, job, seconds);
    let (single, of_replicas, of_cut) = (fired("single"), fired("replicas"), fired("cut"));
    assert!(!lasting(&single).is_empty(), "some alert about the organisation fires, or this shows nothing");
    assert_eq!(of_cut, BTreeMap::new(), "what is not whole fires nothing");
    let only_in = |one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>| -> Vec<String> {
        lasting(one).into_iter().filter(|alert| !other.contains_key(alert)).collect()
    };
    let differing = (only_in(&of_replicas, &single), only_in(&single, &of_replicas));
    assert_eq!(differing, (Vec::new(), Vec::new()), "a rebalance fires nothing, and hides nothing");
    assert_eq!(prometheus.faulty_rules(), Vec::<String>::new());
    measured(&format!(
        "{recorded} recorded series of three replicas equal those of one process before and after a rebalance, and {complete} values of its seconds while complete ({incomplete} were not); {} alerts the same, 0 of logs without their beginning",
        lasting(&single).len()
    ));
}

/// How many partitions of a topic a replica reads.
fn owned(replica: &Service) -> u64 {
    let seen = replica.scrape();
    seen.family("cx_kafka_partitions_assigned").map(|(_, count)| count as u64).max().unwrap_or(0)
}

/// Waits until each newest record of the replicas has been the same as that of the single process: what is on its way differs once, and not again and
/// again. Gives their number.
fn wait_until_same(prometheus: &Prometheus, when: &str) -> usize {
    let begun = Instant::now();
    let mut matched: BTreeSet<String> = BTreeSet::new();
    loop {
        let [replicas, single] = ["replicas", "single"].map(|job| newest(prometheus, job));
        let all = || replicas.keys().chain(single.keys());
        matched.extend(all().filter(|name| same(name, replicas.get(*name), single.get(*name))).cloned());
        let left: BTreeSet<&String> = all().filter(|name| !matched.contains(*name)).collect();
        // Records of records come some evaluations later.
        if left.is_empty() && begun.elapsed() > Duration::from_secs(5 * u64::from(INTERVAL_SECONDS)) {
            assert!(single.len() > 10_000, "only {} records", single.len());
            return single.len();
        }
        if begun.elapsed() > RECORDED_WITHIN {
            let told = left.iter().take(30).map(|name| format!("  {name}: {:?} and not {:?}", replicas.get(*name), single.get(*name)));
            panic!("{when}: {} of {} records differ:\n{}", left.len(), single.len(), told.collect::<Vec<_>>().join("\n"));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Compares the last seconds one by one, where a window of the replicas counts as complete. Gives how many values were compared, and how many were not.
fn compare_while_complete(prometheus: &Prometheus, seconds: u64) -> (usize, usize) {
    let now = now_ms() as u64 / 1_000;
    let complete: BTreeMap<String, BTreeMap<u64, f64>> = prometheus
        .look_back("cx:window_complete:bool{job=\"replicas\"}", seconds, now)
        .into_iter()
        .map(|(labels, points)| (labels["window"].clone(), points))
        .collect();
    let (replicas, single) = (past(prometheus, "replicas", seconds, now), past(prometheus, "single", seconds + APART_SECONDS, now));
    let (mut compared, mut left_out, mut faults) = (0, 0, Vec::new());
    for (name, points) in &replicas {
        // What has no window is the state of now, and as whole as any window.
        let window = crate::support::exposition::label(name, "window").unwrap_or("5m");
        for (second, value) in points {
            // What is computed from records follows them, and so the guard, by as many evaluations as it has stages.
            let since = second - if is_merged_at_once(name) { 0 } else { STAGES_SECONDS };
            let guard = complete.get(window).map(|complete| complete.range(since..=*second));
            if guard.is_none_or(|mut guard| guard.any(|(_, complete)| *complete != 1.0)) || !complete[window].contains_key(second) {
                left_out += 1;
                continue;
            }
            compared += 1;
            // Deadlines pass meanwhile, and the replicas are not scraped at one instant: a value lies between those of the single process.
            let around = single.get(name).map(|points| points.range(second - APART_SECONDS..=second + APART_SECONDS));
            let around: Vec<f64> = around.into_iter().flatten().map(|(_, expected)| *expected).collect();
            let (least, most) = around.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), at| (least.min(*at), most.max(*at)));
            let is_between =
                (least..=most).contains(value) || same(name, Some(value), Some(&least)) || same(name, Some(value), Some(&most));
            let is_no_number = value.is_nan() && around.iter().any(|at| at.is_nan());
            let is_none = around.is_empty() && same(name, Some(value), None);
            if !(is_between || is_no_number || is_none) {
                faults.push(format!("{name} at {second}: {value}"));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {compared} values are wrong while they count as complete, such as {:#?}",
        faults.len(),
        &faults[..faults.len().min(20)]
    );
    (compared, left_out)
}

/// Whether a record is made from the exposed series and not from other records.
fn is_merged_at_once(name: &str) -> bool {
    let kind = name.split('{').next().and_then(|name| name.rsplit(':').next());
    kind.is_some_and(|kind| ["sum", "min", "max"].contains(&kind))
}

/// The newest records of a job.
fn newest(prometheus: &Prometheus, job: &str) -> BTreeMap<String, f64> {
    let samples = prometheus.query(&format!("{{__name__=~\"cx:.+\",job=\"{job}\"}}"));
    samples.into_iter().filter_map(|(labels, value)| Some((name_of(labels)?, value))).collect()
}

/// The records of a job in the last seconds.
fn past(prometheus: &Prometheus, job: &str, seconds: u64, now: u64) -> Series {
    let series = prometheus.look_back(&format!("{{__name__=~\"cx:.+\",job=\"{job}\"}}"), seconds, now);
    series.into_iter().filter_map(|(labels, points)| Some((name_of(labels)?, points))).collect()
}

/// The alerts about the organisation that fired in the last seconds, each with its labels but the job, and for how many seconds.
fn alerts(prometheus: &Prometheus, job: &str, seconds: u64) -> BTreeMap<String, u64> {
    let now = now_ms() as u64 / 1_000;
    let fired = prometheus.look_back(&format!("ALERTS{{job=\"{job}\",about=\"organisation\",alertstate=\"firing\"}}"), seconds, now);
    fired.into_iter().map(|(labels, points)| (shown(labels), points.len() as u64)).collect()
}

/// The alerts that fired for longer than records need to follow each other. The shipped alerts wait for a minute at least, these for nothing: a scrape that
/// one rule has seen and its guard has not makes an alert of an evaluation.
fn lasting(alerts: &BTreeMap<String, u64>) -> Vec<String> {
    alerts.iter().filter(|(_, seconds)| **seconds > STAGES_SECONDS).map(|(alert, _)| alert.clone()).collect()
}

/// A record's name and labels, the job left out; `None` if it may differ.
fn name_of(labels: BTreeMap<String, String>) -> Option<String> {
    // Correlations of several replicas are pooled, as METRICS.md says: no sum gives that of the whole.
    let name = &labels["__name__"];
    // A part of a change that is 0 but for rounding is any number.
    let has_no_one_value = name.ends_with(":pooled") || name.ends_with(":share_of_change");
    let may_differ = has_no_one_value || MAY_DIFFER.iter().any(|(beginning, _)| name.starts_with(beginning));
    (!may_differ).then(|| shown(labels))
}

fn shown(labels: BTreeMap<String, String>) -> String {
    let others = labels.iter().filter(|(name, _)| !["__name__", "job"].contains(&name.as_str()));
    let others: Vec<String> = others.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{}{{{}}}", labels.get("__name__").map_or("", String::as_str), others.join(","))
}

/// Whether two values of a record are the same but for the order in which a sum was rounded. A count of 0 of a label set is as good as none, and so is
/// what is divided by it.
fn same(name: &str, one: Option<&f64>, other: Option<&f64>) -> bool {
    // What is left of a sum when all its named parts are taken away is a rounding error beside 0, and so is the gap between a value and a target that it meets.
    // The root of a likelihood ratio makes such an error of 1e-14 one of 1e-7.
    let is_root = name.contains(":z_rest{") || name.contains(":z_30d{");
    let rest = if name.starts_with("cx:contribution") || is_root { REST_OF_SUM } else { REST_OF_DIFFERENCE };
    match (one, other) {
        (Some(one), Some(other)) => one == other || (one - other).abs() <= rest.max(1e-9 * one.abs()) || (one.is_nan() && other.is_nan()),
        (Some(one), None) | (None, Some(one)) => one.abs() <= rest || one.is_nan(),
        (None, None) => true,
    }
}
