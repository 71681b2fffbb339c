//! Members that join and leave under load: together they show what one shows, and no partition is shown by two.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::checkpoint_files::oldest_records;
use super::twins::Twins;
use crate::support::broker::Broker;
use crate::support::exposition::{Exposition, label};
use crate::support::measured::measured;
use crate::support::service::{PATIENCE, Service, ask_port};

const PARTITIONS: i32 = 6;
const ROUNDS: usize = 5;
/// How often all members are scraped.
const SCRAPE_EVERY: Duration = Duration::from_millis(250);
const RESTORES: &str = "cx_checkpoint_restores_total";

#[test]
fn members_that_join_and_leave_show_together_what_one_shows_and_no_partition_twice() {
    let Some(broker) = Broker::shared() else { return };
    let begun = Instant::now();
    let mut twins = Twins::start(&broker, PARTITIONS);
    let configuration = twins.configuration("\"session.timeout.ms\" = \"6000\"", true);
    let watch = Watch::start();
    let mut rounds = Rounds { twins: &mut twins, configuration, watch: &watch, members: Vec::new(), absent: 0 };
    rounds.join();
    rounds.settle("alone");
    rounds.wait_for_checkpoints();
    for round in 0..ROUNDS {
        for count in [2, 3] {
            let resumed = rounds.restores("resumed");
            rounds.join();
            rounds.settle(&format!("round {round}, {count} members"));
            assert!(rounds.restores("resumed") > resumed, "a group that came back to its member went on from the state that it still had");
        }
        rounds.leave_one();
        rounds.leave_one();
        rounds.settle(&format!("round {round}, alone again"));
    }
    // A storm: members come and go before the group has settled.
    for _ in 0..2 {
        for _ in 0..3 {
            rounds.join();
            std::thread::sleep(Duration::from_millis(300));
        }
        rounds.leave_one();
        rounds.leave_one();
        rounds.leave_one();
    }
    rounds.settle("after a storm of joins");
    let absent = rounds.absent + rounds.restores("absent");
    assert_eq!(absent, PARTITIONS as u64, "only the first start began without a state");
    drop(rounds);
    let scrapes = watch.end();
    measured(&format!(
        "{ROUNDS} rounds of 1, 2, 3 and 1 members and a storm of joins in {} s: every added value equal; {scrapes} rounds of scrapes without a partition shown twice",
        begun.elapsed().as_secs()
    ));
}

/// The members of the disturbed group, the oldest first.
struct Rounds<'a> {
    twins: &'a mut Twins,
    configuration: String,
    watch: &'a Watch,
    members: Vec<Service>,
    /// How many groups began without a state in members that have left.
    absent: u64,
}

impl Rounds<'_> {
    fn join(&mut self) {
        self.members.push(Service::start(&self.configuration));
        self.watch.look_at(&self.members);
    }

    /// Waits until every group can be restored: what would lose less than a second of replay is handed over without a checkpoint.
    fn wait_for_checkpoints(&mut self) {
        let store = self.twins.store.path().to_path_buf();
        let sent = self.twins.load.sent();
        self.members[0].wait_until("every group has a checkpoint", PATIENCE, |_| oldest_records(&store) >= sent);
    }

    /// The newest member leaves.
    fn leave_one(&mut self) {
        let member = self.members.pop().expect("a member");
        self.absent += restores(&member, "absent");
        assert!(member.terminate().0.success());
    }

    /// Waits until all members have partitions and are ready, and compares; then the logs are cut, so that whoever takes over must restore.
    fn settle(&mut self, when: &str) {
        let begun = Instant::now();
        self.watch.look_at(&self.members);
        while !self.members.iter().all(|member| member.is_ready() && !assigned(&scraped(member.port())).is_empty()) {
            let log = || self.members.iter().map(Service::log).collect::<Vec<_>>().join("\nand\n");
            assert!(begun.elapsed() < PATIENCE, "{when}: the members do not settle; their logs:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.twins.assert_same(&self.members.iter().collect::<Vec<_>>(), when);
        self.twins.cut_logs();
        for member in &self.members {
            assert_eq!((restores(member, "refused"), restores(member, "failed")), (0, 0), "{when}: {}", member.log());
        }
    }

    fn restores(&self, result: &str) -> u64 {
        self.members.iter().map(|member| restores(member, result)).sum()
    }
}

fn restores(member: &Service, result: &str) -> u64 {
    scraped(member.port()).with_labels(RESTORES, &[("result", result)]).map_or(0, |count| count as u64)
}

/// A thread that scrapes all members again and again, and notes what two of them show at once.
struct Watch {
    state: Arc<Watched>,
    thread: JoinHandle<u64>,
}

#[derive(Default)]
struct Watched {
    ports: Mutex<Vec<u16>>,
    is_over: AtomicBool,
    faults: Mutex<Vec<String>>,
}

impl Watch {
    fn start() -> Self {
        let state = Arc::new(Watched::default());
        let told = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let mut rounds = 0;
            while !told.is_over.load(Ordering::Relaxed) {
                let ports = told.ports.lock().expect("no panic").clone();
                let found = faults(&ports);
                told.faults.lock().expect("no panic").extend(found);
                rounds += 1;
                std::thread::sleep(SCRAPE_EVERY);
            }
            rounds
        });
        Self { state, thread }
    }

    fn look_at(&self, members: &[Service]) {
        *self.state.ports.lock().expect("no panic") = members.iter().map(Service::port).collect();
    }

    /// Ends it, and gives how many rounds of scrapes there were. The test fails if one of them has found something.
    fn end(self) -> u64 {
        self.state.is_over.store(true, Ordering::Relaxed);
        let rounds = self.thread.join().expect("the scrapes do not fail");
        let faults = self.state.faults.lock().expect("no panic");
        assert!(faults.is_empty(), "{} faults, such as {:?}", faults.len(), faults.iter().take(5).collect::<Vec<_>>());
        rounds
    }
}

/// What is wrong with the values of these members at one time. All are scraped twice, so that each scrape of one lies between two scrapes of another: a
/// partition that one shows both times and another shows in between is shown twice.
fn faults(ports: &[u16]) -> Vec<String> {
    let [first, second] = [(); 2].map(|()| ports.iter().map(|port| scraped(*port)).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for (member, (before, after)) in first.iter().zip(&second).enumerate() {
        let kept: BTreeSet<String> = assigned(before).intersection(&assigned(after)).cloned().collect();
        for (other, between) in first.iter().enumerate().skip(member + 1).chain(second.iter().enumerate().take(member)) {
            let twice: Vec<_> = assigned(between).intersection(&kept).cloned().collect();
            if !twice.is_empty() {
                faults.push(format!("members {member} and {other} both show {twice:?}"));
            }
        }
    }
    faults
}

fn scraped(port: u16) -> Exposition {
    Exposition::parse(&ask_port(port, "/metrics").map(|answer| answer.body).unwrap_or_default())
}

/// The topic partitions that a member shows as its own.
fn assigned(seen: &Exposition) -> BTreeSet<String> {
    let shown = seen.family("cx_kafka_partition_assigned").filter(|(_, value)| *value == 1.0);
    shown.map(|(series, _)| format!("{}/{}", label(series, "topic").unwrap_or(""), label(series, "partition").unwrap_or(""))).collect()
}
