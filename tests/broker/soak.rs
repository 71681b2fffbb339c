//! Three replicas under steady load through one fault after another, beside a service that nothing disturbs: no value differs in the end of any fault, no
//! refused record is copied more than once again, and no process takes memory that its state does not account for.
//!
//! Left out unless it is asked for, because it is meant to take half an hour. Does not know how the two sides are compared.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cxpulse::engine::{
    CELL_BYTES, CONTACT_BYTES, CUSTOMER_BYTES, HELD_EVENT_BYTES, SHOWN_CELL_BYTES, SURVEY_BYTES, TUPLE_BYTES, UNSETTLED_EVENT_BYTES,
};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::dead_letters::copies;
use super::set_up::now_ms;
use super::storage_outages::Away;
use super::twins::Twins;
use crate::support::batches::{produce, zstd_bomb};
use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::left_out::{leave_out, variable};
use crate::support::measured::measured;
use crate::support::service::{Service, ask_port};
use crate::support::tools::leave_out_without_tool;
use crate::support::topics::{Producer, create_topics};

const PARTITIONS: i32 = 6;
const REPLICAS: usize = 3;
const EVENTS_PER_SECOND: f64 = 2_000.0;
/// How many faults there are at most: one every 90 seconds of half an hour.
const FAULTS: u32 = 20;
/// The least time from one fault to the next.
const BETWEEN_MIN: Duration = Duration::from_secs(20);
/// How long the replicas may take to be ready again, which after a batch that cannot be read is half a minute for each start.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long the values may take to be equal once all records are sent.
const SAME_WITHIN: Duration = Duration::from_secs(60);
/// The records of a burst of invalid ones.
const BURST: u32 = 3_000;
/// By how much the ends of one gap may differ between two services, where no record follows the batch yet.
const GAP_END_SLACK: Duration = Duration::from_secs(1);
/// How often the memory is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(2);
/// The part of the soak after which a process has warmed up, and the part for which it must be seen after that.
const WARM_UP_PART: f64 = 0.2;
const WATCHED_PART: f64 = 0.3;
/// By how much the memory of a warm process may grow beyond what its state accounts for.
const GROWTH_MAX_MIB: i64 = 16;
/// A shorter soak says what the processes took, and does not judge it: an allocator keeps what the first restores and rebalances needed for a moment.
const JUDGED_FROM: Duration = Duration::from_secs(15 * 60);
/// Of so many samples in a row the one with the least memory counts: a checkpoint that is being written takes some for a moment.
const LEAST_OF: usize = 20;
/// The interval of the checkpoints, in which there are samples without one.
const CHECKPOINT_INTERVAL: &str = "interval = \"15s\"";
/// The windows of the default configuration, each of which holds the cells of a label set.
const WINDOWS: u64 = 5;

/// What happens to the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// A replica is killed, and another one starts.
    Killed,
    /// A replica is asked to end, and another one starts.
    Ended,
    /// A replica stands still for some seconds, which may be longer than its session.
    Frozen,
    /// The broker is killed and comes back after some seconds.
    BrokerKilled,
    /// The store of the checkpoints is away for some seconds.
    StoreAway,
    /// Many records are refused, and a replica is killed while they are copied.
    RefusedRecords,
    /// A batch comes that cannot be unpacked.
    UndecodableBatch,
}

const ALL: [Fault; 7] =
    [Fault::Killed, Fault::Ended, Fault::Frozen, Fault::BrokerKilled, Fault::StoreAway, Fault::RefusedRecords, Fault::UndecodableBatch];

/// Everything together.
struct Soak {
    replicas: Vec<Service>,
    twins: Twins,
    configuration: String,
    broker: Broker,
    letters: String,
    chance: ChaCha8Rng,
    /// How many records were sent that are refused.
    refused: u32,
    happened: BTreeMap<Fault, u32>,
    memory: Memory,
}

#[test]
fn soak_through_faults_shows_what_an_undisturbed_service_shows_and_takes_no_memory_beyond_its_state() {
    let Some(minutes) = variable("TESTS_SOAK_MINUTES") else {
        return leave_out("it is meant to take half an hour; TESTS_SOAK_MINUTES says how long");
    };
    let minutes: u64 = minutes.parse().expect("TESTS_SOAK_MINUTES is a number");
    let broker = match Broker::start() {
        Ok(broker) => broker,
        Err(why) => return leave_out_without_tool(&why),
    };
    let seed: u64 = variable("TESTS_SEED").map_or_else(rand::random, |text| text.parse().expect("TESTS_SEED is a number"));
    let lasts = Duration::from_secs(60 * minutes);
    let mut soak = Soak::start(broker, seed);
    soak.settle(&format!("before the first fault (TESTS_SEED={seed})"));
    let (begun, mut left) = (Instant::now(), Vec::new());
    for fault in 0..FAULTS {
        let due = begun + (lasts / FAULTS).max(BETWEEN_MIN) * fault;
        soak.let_run_until(due.max(Instant::now() + SAMPLE_EVERY));
        if begun.elapsed() >= lasts {
            break;
        }
        // Every fault comes once before any comes again.
        if left.is_empty() {
            left = ALL.to_vec();
            left.shuffle(&mut soak.chance);
        }
        let drawn = left.pop().expect("it was filled");
        soak.twins.cut_logs();
        soak.happen(drawn);
        soak.settle(&format!("after {drawn:?}, the fault {fault} (TESTS_SEED={seed})"));
    }
    soak.let_run_until(begun + lasts);
    soak.settle(&format!("in the end (TESTS_SEED={seed})"));
    let memory = soak.memory.of_those_that_lasted();
    println!("MiB of the processes that lasted: {memory:?}");
    let again = soak.assert_copies();
    if lasts >= JUDGED_FROM {
        assert!(!memory.is_empty(), "no process was seen for long enough");
        assert!(
            memory.iter().all(|seen| seen.grown_mib() <= GROWTH_MAX_MIB),
            "memory beyond the state has grown: {memory:?} (TESTS_SEED={seed})"
        );
    }
    measured(&format!(
        "soak of {minutes} minutes at {EVENTS_PER_SECOND} events per second with {REPLICAS} replicas (TESTS_SEED={seed}): {:?}, {} records, every value equal; \
         {again} of {} refused records copied once again, none more often; MiB of the processes that lasted: {memory:?}",
        soak.happened,
        soak.twins.load.sent(),
        soak.refused
    ));
}

impl Soak {
    /// Starts the load, the undisturbed service and the replicas.
    fn start(broker: Broker, seed: u64) -> Self {
        let twins = Twins::start_at(&broker, PARTITIONS, EVENTS_PER_SECOND);
        let letters = format!("letters-of-{}", twins.topics.tickets);
        create_topics(&broker.servers(), &[&letters], PARTITIONS);
        let configuration = twins.configuration("\"session.timeout.ms\" = \"6000\"", true);
        assert!(configuration.contains("interval = \"2s\""), "{configuration}");
        let configuration = configuration.replace("interval = \"2s\"", CHECKPOINT_INTERVAL);
        let configuration = format!("{configuration}\n[dead_letters]\ntopic = \"{letters}\"\n");
        let replicas = (0..REPLICAS).map(|_| Service::start(&configuration)).collect();
        let memory = Memory { begun: Instant::now(), samples: BTreeMap::new() };
        let chance = ChaCha8Rng::seed_from_u64(seed);
        Self { replicas, twins, configuration, broker, letters, chance, refused: 0, happened: BTreeMap::new(), memory }
    }

    /// Waits until all replicas are ready with partitions and the logs can be cut, and compares.
    fn settle(&mut self, when: &str) {
        let begun = Instant::now();
        let is_settled = |replica: &Service| {
            let has_partitions = ask_port(replica.port(), "/metrics")
                .is_some_and(|answer| Exposition::parse(&answer.body).family("cx_kafka_partitions_assigned").any(|(_, count)| count > 0.0));
            has_partitions && replica.is_ready()
        };
        while !self.replicas.iter().chain([&self.twins.reference]).all(is_settled) {
            assert!(begun.elapsed() < READY_WITHIN, "{when}: the replicas do not settle; their logs:\n{}", self.logs());
            self.look_at_memory();
            std::thread::sleep(SAMPLE_EVERY);
        }
        let ready = begun.elapsed();
        let difference = self.twins.difference_of_each(&self.replicas.iter().collect::<Vec<_>>(), SAME_WITHIN);
        assert!(difference.is_none(), "{when}: {}\nthe logs:\n{}", difference.unwrap_or_default(), self.logs());
        println!("{when}: ready after {:.1} s, the same after {:.1} s", ready.as_secs_f64(), begun.elapsed().as_secs_f64());
        self.look_at_memory();
    }

    /// Looks at the memory until an instant.
    fn let_run_until(&mut self, instant: Instant) {
        loop {
            self.look_at_memory();
            let left = instant.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(SAMPLE_EVERY));
        }
    }

    fn look_at_memory(&mut self) {
        for service in self.replicas.iter().chain([&self.twins.reference]) {
            self.memory.sample(service);
        }
    }

    fn happen(&mut self, fault: Fault) {
        *self.happened.entry(fault).or_default() += 1;
        match fault {
            Fault::Killed => self.replace(drop),
            Fault::Ended => self.replace(|replica| {
                let (status, after) = replica.terminate();
                assert!(status.success(), "a replica ends with {status} after {:.1} s", after.as_secs_f64());
            }),
            Fault::Frozen => {
                let (replica, seconds) = (self.chance.random_range(0..REPLICAS), self.chance.random_range(2..15));
                self.replicas[replica].pause();
                std::thread::sleep(Duration::from_secs(seconds));
                self.replicas[replica].resume();
            }
            Fault::BrokerKilled => {
                self.broker.kill();
                self.wait_some_seconds();
                self.broker.launch();
            }
            Fault::StoreAway => {
                let away = Away::begin(self.twins.store.path());
                self.wait_some_seconds();
                away.end();
            }
            Fault::RefusedRecords => {
                let (producer, now) = (Producer::new(&self.broker.servers()), now_ms());
                for number in self.refused..self.refused + BURST {
                    let event = format!(r#"{{"id":"refused-{number}","type":"ticket.juggled"}}"#);
                    producer.send_keyed(&self.twins.topics.tickets, &number.to_string(), now, &event);
                }
                self.refused += BURST;
                producer.flush();
                self.twins.load.add_sent(u64::from(BURST));
                std::thread::sleep(Duration::from_millis(self.chance.random_range(0..1_000)));
                self.replace(drop);
            }
            Fault::UndecodableBatch => {
                let partition = self.chance.random_range(0..PARTITIONS);
                let bomb = zstd_bomb(now_ms(), 40 << 20);
                assert_eq!(produce(&self.broker.servers(), &self.twins.topics.tickets, partition, &bomb).0, 0);
                self.twins.coverage_slack += GAP_END_SLACK;
            }
        }
    }

    /// Takes a replica away, and starts another one.
    fn replace(&mut self, end: impl FnOnce(Service)) {
        let replica = self.chance.random_range(0..REPLICAS);
        end(self.replicas.remove(replica));
        self.replicas.push(Service::start(&self.configuration));
    }

    fn wait_some_seconds(&mut self) {
        std::thread::sleep(Duration::from_millis(self.chance.random_range(0..10_000)));
    }

    /// Every refused record was copied once, or once more where a replica was killed. Gives how many were copied twice.
    fn assert_copies(&self) -> usize {
        let copies = copies(&self.broker, &self.letters);
        assert_eq!(copies.len(), self.refused as usize, "every refused record has a copy, and no other record has one");
        let most = copies.values().max().copied().unwrap_or(0);
        assert!(most <= 2, "a record was copied {most} times");
        copies.values().filter(|count| **count == 2).count()
    }

    fn logs(&self) -> String {
        self.replicas.iter().map(Service::log).collect::<Vec<_>>().join("\nand\n")
    }
}

/// What each process had in use, and what its state accounts for.
struct Memory {
    begun: Instant,
    /// By the number of the process.
    samples: BTreeMap<u32, Vec<Sample>>,
}

#[derive(Clone, Copy)]
struct Sample {
    /// Since the begin.
    at: Duration,
    taken_bytes: i64,
    accounted_bytes: i64,
}

/// What a process took when it was warm and in the end, in MiB: in all, and what its state accounts for.
#[derive(Clone, Copy, Debug)]
struct Taken {
    warm: (i64, i64),
    end: (i64, i64),
}

impl Taken {
    fn grown_mib(&self) -> i64 {
        (self.end.0 - self.end.1) - (self.warm.0 - self.warm.1)
    }
}

impl Memory {
    /// A process that does not answer is left out, and so is one that catches up: it exports nothing about its state.
    fn sample(&mut self, service: &Service) {
        let Some(answer) = service.ask("/metrics") else { return };
        let seen = Exposition::parse(&answer.body);
        let Some((accounted_bytes, in_use)) = accounted_bytes(&seen).zip(seen.value("cx_memory_in_use_bytes")) else { return };
        let sample = Sample { at: self.begun.elapsed(), taken_bytes: in_use as i64, accounted_bytes };
        self.samples.entry(service.process()).or_default().push(sample);
    }

    /// Of each process that was seen for long enough after it had warmed up, the least of its first samples and of its last ones.
    fn of_those_that_lasted(&self) -> Vec<Taken> {
        let lasted = self.begun.elapsed();
        let taken = |samples: &Vec<Sample>| {
            let warm_at = samples[0].at + lasted.mul_f64(WARM_UP_PART);
            let warm: Vec<Sample> = samples.iter().filter(|sample| sample.at >= warm_at).copied().collect();
            let (first, last) = warm.first().zip(warm.last())?;
            let is_seen = last.at - first.at >= lasted.mul_f64(WATCHED_PART) && warm.len() >= 2 * LEAST_OF;
            is_seen.then(|| Taken { warm: least(&warm[..LEAST_OF]), end: least(&warm[warm.len() - LEAST_OF..]) })
        };
        self.samples.values().filter_map(taken).collect()
    }
}

/// The bytes that the state of a service accounts for, by the numbers of its entries; `None` where it exports none.
fn accounted_bytes(seen: &Exposition) -> Option<i64> {
    seen.with_labels("cx_state_entries", &[("store", "identities")])?;
    let entries = |store: &str| seen.with_labels("cx_state_entries", &[("store", store)]).map_or(0, |count| count as u64);
    let of_stores = [
        ("contacts", CONTACT_BYTES),
        ("customers", CUSTOMER_BYTES),
        ("surveys", SURVEY_BYTES),
        ("identities", UNSETTLED_EVENT_BYTES),
        ("held", HELD_EVENT_BYTES),
        // The bytes of an entry of a pane, whose list may have grown to twice its length.
        ("pane_cells", 24),
    ];
    let label_sets = seen.count("cx_series") * (TUPLE_BYTES + WINDOWS * (CELL_BYTES + SHOWN_CELL_BYTES));
    let bytes = of_stores.iter().map(|(store, bytes)| entries(store) * bytes).sum::<u64>() + label_sets;
    Some(i64::try_from(bytes).expect("less than the memory of any machine"))
}

/// What was taken and what was accounted for, in MiB, where the most was accounted for of what was taken.
fn least(samples: &[Sample]) -> (i64, i64) {
    let found = samples.iter().min_by_key(|sample| sample.taken_bytes - sample.accounted_bytes).expect("there are samples");
    (found.taken_bytes >> 20, found.accounted_bytes >> 20)
}
