//! A broker that is killed or away for a minute, and a store that is: counting goes on or is taken up again, and nothing is lost, counted twice or busy.
//!
//! Each test has a broker of its own, because it would stop the others.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint_files::safe_records;
use super::twins::Twins;
use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::measured::measured;
use crate::support::service::{PATIENCE, Service};
use crate::support::tools::leave_out_without_tool;

const AWAY: Duration = Duration::from_secs(60);
/// How soon after the return of the broker records are counted again.
const RESUMES_WITHIN: Duration = Duration::from_secs(15);
/// The part of a core that a service may use that waits for its broker. A debug build is slower by a factor.
const CPU_MAX: f64 = if cfg!(debug_assertions) { 0.15 } else { 0.05 };
/// How much the memory of a service may grow that waits for its broker.
const GROWTH_MAX_KIB: u64 = 8 * 1_024;
const STATIC: &str = "\"group.instance.id\" = \"the-member\"";

#[test]
fn broker_killed_under_load_and_away_for_a_minute_costs_nothing_and_is_followed_again_within_15_seconds() {
    let mut broker = match Broker::start() {
        Ok(broker) => broker,
        Err(why) => return leave_out_without_tool(&why),
    };
    let mut twins = Twins::start(&broker, 4);
    let configuration = twins.configuration(STATIC, true);
    let late = configuration.replace("group-of-", "late-group-of-").replace("the-member", "the-late-member");
    let mut service = Service::start(&configuration);
    service.wait_until_ready();

    broker.kill();
    broker.launch();
    let mut resumed = vec![until_counted(&twins, &mut service)];
    twins.assert_same(&[&service], "after the broker was killed and started again");

    broker.kill();
    let away = Instant::now();
    // This one starts while no broker is there.
    let mut at_start = Service::start(&late);
    std::thread::sleep(Duration::from_secs(10));
    let before = [&service, &at_start].map(Use::of);
    while away.elapsed() < AWAY {
        for waiting in [&service, &at_start] {
            assert_eq!(waiting.ask("/-/ready").map(|answer| answer.status), Some(503), "{}", waiting.log());
            assert_eq!(waiting.ask("/-/healthy").map(|answer| answer.status), Some(200), "an outage is no illness");
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    let used = [&service, &at_start].map(Use::of);
    let cores = [0, 1].map(|at| used[at].cpu_seconds_since(&before[at]) / (used[at].at - before[at].at).as_secs_f64());
    let grown = [0, 1].map(|at| used[at].resident_kib.saturating_sub(before[at].resident_kib));
    assert!(cores.iter().all(|cores| *cores < CPU_MAX), "waiting took {cores:?} of a core");
    assert!(grown.iter().all(|grown| *grown < GROWTH_MAX_KIB), "waiting grew by {grown:?} KiB");
    broker.launch();
    resumed.push(until_counted(&twins, &mut service));
    resumed.push(until_counted(&twins, &mut at_start));
    at_start.wait_until_ready();
    for (member, when) in [(&service, "after a minute without a broker"), (&at_start, "started without a broker")] {
        twins.assert_same(&[member], when);
    }
    measured(&format!(
        "broker killed, and away for 60 s: counted again after {} s of its return; {} of a core and {grown:?} KiB more while it was away",
        resumed.iter().map(|resumed| format!("{:.1}", resumed.as_secs_f64())).collect::<Vec<_>>().join(", "),
        cores.map(|cores| format!("{cores:.3}")).join(" and ")
    ));
}

#[test]
fn store_away_for_a_minute_stops_no_counting_and_is_used_again_when_it_is_back() {
    let broker = match Broker::start() {
        Ok(broker) => broker,
        Err(why) => return leave_out_without_tool(&why),
    };
    let mut twins = Twins::start(&broker, 4);
    let configuration = twins.configuration(STATIC, true);
    let mut service = Service::start(&configuration);
    service.wait_until_ready();
    let store = twins.store.path().to_path_buf();
    service.wait_until("there are checkpoints", PATIENCE, |_| safe_records(&store) > 0);
    let away = Away::begin(&store);
    let begun = Instant::now();
    service.wait_until("it says so", PATIENCE, |service| {
        service.ask("/-/ready").is_some_and(|answer| answer.status == 503 && answer.body.contains("no checkpoint can be written"))
    });
    while begun.elapsed() < AWAY {
        twins.assert_same(&[&service], "without a store");
        std::thread::sleep(Duration::from_secs(3));
    }
    away.end();
    let returned = Instant::now();
    service.wait_until_ready();
    let took = returned.elapsed();
    let sent = twins.load.sent();
    service.wait_until("the state is safe again", PATIENCE, |_| safe_records(&store) >= sent);
    drop(service);
    twins.cut_logs();
    let mut service = Service::start(&configuration);
    service.wait_until_ready();
    twins.assert_same(&[&service], "restored from the store that was away");
    measured(&format!("store away for 60 s: every value equal meanwhile; ready again {:.1} s after its return", took.as_secs_f64()));
}

/// Returns when a service has counted what was sent until now, and is ready: how long that took.
fn until_counted(twins: &Twins, service: &mut Service) -> Duration {
    let (begun, sent) = (Instant::now(), twins.load.sent());
    service.wait_until("it counts again", RESUMES_WITHIN, |service| {
        let seen = service.ask("/metrics").map(|answer| Exposition::parse(&answer.body));
        seen.is_some_and(|seen| twins.topics.consumed(&seen) >= sent) && service.is_ready()
    });
    begun.elapsed()
}

/// What a process has used.
struct Use {
    at: Instant,
    /// In hundredths of a second, as Linux counts it for processes.
    cpu_ticks: u64,
    resident_kib: u64,
}

impl Use {
    fn of(service: &Service) -> Self {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", service.process())).expect("the process runs");
        let (stat, status) = (read("stat"), read("status"));
        // The name in parentheses may hold spaces; the times of user and system follow it as the 12th and 13th number.
        let after_name = stat.rsplit_once(')').expect("a name").1;
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line on memory");
        let resident_kib = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        Self { at: Instant::now(), cpu_ticks: ticks.sum(), resident_kib }
    }

    fn cpu_seconds_since(&self, before: &Self) -> f64 {
        (self.cpu_ticks - before.cpu_ticks) as f64 / 100.0
    }
}

/// A folder that was moved away, with a file in its place, so that nothing can be read or written there.
pub(super) struct Away {
    place: PathBuf,
    moved: PathBuf,
}

impl Away {
    pub(super) fn begin(place: &Path) -> Self {
        let moved = place.with_extension("away");
        std::fs::rename(place, &moved).expect("the folder moves");
        std::fs::write(place, "").expect("the place is free");
        Self { place: place.to_path_buf(), moved }
    }

    pub(super) fn end(self) {
        std::fs::remove_file(&self.place).expect("the file goes");
        std::fs::rename(&self.moved, &self.place).expect("the folder moves back");
    }
}
