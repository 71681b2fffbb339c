//! The cost of checkpoints: how long a partition group stops for one, how long writing and restoring one take, and the bytes of a ticket in it. Run it
//! with `cargo bench --bench checkpoint`; `CXPULSE_BENCH_TICKETS` sets the number of tickets (1 million by default).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, CheckpointStore, Fingerprint, Pace, StoreLocation, StoreOptions};
use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Outcome, StoredState};
use cxpulse::time::{EventTime, Span};
use engine_driver::{EngineDriver, GROUP};

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../tests/support/engine_driver.rs"]
mod engine_driver;

/// 2026-03-01, 00:00 UTC.
const START: EventTime = EventTime(1_772_323_200_000);
/// The tickets come within this time, so that all are retained at its end.
const LENGTH: Span = Span::days(28);
/// With four channels there are 1,000 label sets of team and channel.
const TEAMS: i64 = 250;
const CHANNELS: [&str; 4] = ["email", "chat", "phone", "social"];
/// How often each figure is taken; the median is printed.
const ROUNDS: usize = 5;
/// The load and the interval for which the share of CPU time is computed: a checkpoint every five minutes.
const INTERVAL: Duration = Duration::from_secs(300);
/// The turns of the group that follow a checkpoint: two seconds at 2,000 events/s.
const TURNS: i64 = 40;
const EVENTS_OF_A_TURN: i64 = 100;
/// The tickets of these events lie far apart, so that each changes another part of the state. No number of tickets is a multiple of this prime.
const STRIDE: i64 = 7_919;

#[expect(clippy::disallowed_methods, reason = "the number of tickets is no configuration of the product")]
fn main() {
    let tickets: i64 = std::env::var("CXPULSE_BENCH_TICKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut desk = Desk::with_tickets(tickets);
    let beside = Beside::start();
    let quiet = beside.turns_during(|| std::thread::sleep(Duration::from_secs(3)));
    let folder = tempfile::tempdir().expect("a folder for checkpoints");
    let location = StoreLocation::parse(folder.path().to_str().expect("a path in UTF-8")).expect("a folder is a location");
    let store = CheckpointStore::open(&location, StoreOptions::default()).expect("the folder opens");
    let mut figures = Figures::default();
    let mut busy = Turns::default();
    for round in 0..ROUNDS {
        let state = figures.stop(&mut desk, tickets);
        let turns = beside.turns_during(|| figures.write(&desk, &store, state, round));
        busy.lengths.extend(turns.lengths);
        busy.cpu.extend(turns.cpu);
    }
    (0..ROUNDS).for_each(|_| figures.restore(&desk.driver.configuration, &store));
    figures.print(tickets, [&quiet, &busy]);
}

/// A partition group with many retained tickets.
struct Desk {
    driver: EngineDriver,
}

/// The figures of all rounds, in seconds.
#[derive(Default)]
struct Figures {
    stopped: Vec<f64>,
    /// The turns of the group without a checkpoint, and those that follow one.
    turns: [Vec<f64>; 2],
    written: Vec<f64>,
    cpu: Vec<f64>,
    restored: Vec<f64>,
    body_bytes: usize,
    object_bytes: u64,
}

/// The lengths of turns and the CPU time that each took, in seconds.
#[derive(Default)]
struct Turns {
    lengths: Vec<f64>,
    cpu: Vec<f64>,
}

/// Another worker, which counts events in turns of about a millisecond meanwhile.
struct Beside {
    is_over: Arc<AtomicBool>,
    turns: Arc<std::sync::Mutex<Turns>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Desk {
    fn with_tickets(tickets: i64) -> Self {
        let mut configuration = Configuration::default();
        configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::hours(1));
        configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = 10_000);
        configuration.engine.limits.contacts_max = configuration.engine.limits.contacts_max.max(usize::try_from(tickets).unwrap_or(0) + 1);
        let mut desk = Self { driver: EngineDriver::at_end(configuration, START) };
        let step = LENGTH.0 / tickets;
        for n in 0..tickets {
            desk.ticket(n, START + Span(n * step));
        }
        desk.driver.engine.advance_to(START + LENGTH + Span::hours(2));
        drop(desk.driver.engine.snapshot());
        desk
    }

    fn ticket(&mut self, n: i64, time: EventTime) {
        let (team, channel) = (n % TEAMS, CHANNELS[usize::try_from(n / TEAMS).unwrap_or(0) % CHANNELS.len()]);
        let customer = n / 5;
        let members = format!(r#""ticket_id":"T{n}","customer_id":"C{customer}","channel":"{channel}","team":"team {team}""#);
        self.take(time, "ticket.created", &members);
        self.take(time + Span(600_000), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
        self.take(time + Span(3_600_000), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
    }

    /// The length of each of some turns of events about tickets all over the state, in seconds.
    fn turns(&mut self, tickets: i64) -> Vec<f64> {
        let turn = |_| {
            let begun = Instant::now();
            for _ in 0..EVENTS_OF_A_TURN {
                let n = (self.driver.offset * STRIDE) % tickets;
                self.take(START + LENGTH + Span::hours(1), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
            }
            self.driver.engine.settle();
            begun.elapsed().as_secs_f64()
        };
        (0..TURNS).map(turn).collect()
    }

    fn take(&mut self, time: EventTime, kind: &str, members: &str) {
        let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, self.driver.offset, time.0);
        assert_eq!(self.driver.take(0, text.as_bytes()), Outcome::Applied);
    }
}

impl Figures {
    /// Takes a state, and lets the group go on while all of it is still to be written.
    fn stop(&mut self, desk: &mut Desk, tickets: i64) -> StoredState {
        self.turns[0].extend(desk.turns(tickets));
        let begun = Instant::now();
        let state = desk.driver.engine.store(GROUP).expect("the group is assigned");
        self.stopped.push(begun.elapsed().as_secs_f64());
        self.turns[1].extend(desk.turns(tickets));
        state
    }

    fn write(&mut self, desk: &Desk, store: &CheckpointStore, state: StoredState, round: usize) {
        let (cpu, begun) = (ThreadTime::now(), Instant::now());
        let mut pace = Pace::beside_workers();
        let body = state.into_bytes_in_pieces(Vec::new(), move || pace.end_piece());
        let header = CheckpointHeader {
            key: key(),
            next_offsets: [("tickets".to_owned(), desk.driver.offset + i64::try_from(round).unwrap_or(0))].into(),
            sequence: round as u64 + 1,
            created: START + LENGTH,
            event_time_max: None,
            settings: Default::default(),
        };
        let report = store.put(&header, &body).expect("the checkpoint is written");
        self.written.push(begun.elapsed().as_secs_f64());
        self.cpu.push(cpu.elapsed().as_secs_f64());
        (self.body_bytes, self.object_bytes) = (body.len(), report.bytes);
    }

    fn restore(&mut self, configuration: &Configuration, store: &CheckpointStore) {
        let begun = Instant::now();
        let found = store.newest(&key(), |_| Ok(())).expect("the store answers").checkpoint.expect("a checkpoint was written");
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        engine.restore(GROUP, &found.body).expect("it can be read");
        engine.assign(GROUP);
        self.restored.push(begun.elapsed().as_secs_f64());
    }

    fn print(&self, tickets: i64, [quiet, busy]: [&Turns; 2]) {
        let cpu = median(&self.cpu) + median(&self.stopped);
        let [without, after] = &self.turns;
        println!("retained tickets                                   {tickets:>12}");
        println!("the group stops for a checkpoint                   {:>12.1} ms", 1e3 * median(&self.stopped));
        let copies = (after.iter().sum::<f64>() - without.iter().sum::<f64>()) / ROUNDS as f64;
        println!("its next {} events take longer, for copies       {:>12.1} ms", TURNS * EVENTS_OF_A_TURN, 1e3 * copies);
        let longest = [without, after].map(|turns| 1e3 * quantile(turns, 1.0));
        println!("its longest turn without one, and after one        {:>12.1} {:>12.1} ms", longest[0], longest[1]);
        println!("until the checkpoint is safe                       {:>12.1} ms", 1e3 * median(&self.written));
        println!("CPU time of a checkpoint                           {:>12.1} ms", 1e3 * cpu);
        println!("its share of one core, one in five minutes         {:>12.2} %", 100.0 * cpu / INTERVAL.as_secs_f64());
        println!("read, checked, restored and assigned               {:>12.1} ms", 1e3 * median(&self.restored));
        println!("bytes of the state, of the object                  {:>12} {:>12}", self.body_bytes, self.object_bytes);
        println!(
            "bytes of a ticket in the state, in the object      {:>12.1} {:>12.1}",
            per(self.body_bytes as u64, tickets),
            per(self.object_bytes, tickets)
        );
        println!(
            "median turn of another worker, alone and meanwhile {:>12.2} {:>12.2} ms",
            1e3 * median(&quiet.lengths),
            1e3 * median(&busy.lengths)
        );
        println!(
            "p99 turn of another worker, alone and meanwhile    {:>12.2} {:>12.2} ms",
            1e3 * p99(&quiet.lengths),
            1e3 * p99(&busy.lengths)
        );
        println!("p99 of the CPU time of these turns                 {:>12.2} {:>12.2} ms", 1e3 * p99(&quiet.cpu), 1e3 * p99(&busy.cpu));
    }
}

impl Beside {
    fn start() -> Self {
        let (is_over, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::Mutex::new(Turns::default())));
        let (ends, counted) = (Arc::clone(&is_over), Arc::clone(&turns));
        let work = move || {
            let mut desk = Desk::with_tickets(10_000);
            let mut n = 10_000;
            while !ends.load(Ordering::Relaxed) {
                let (cpu, begun) = (ThreadTime::now(), Instant::now());
                for _ in 0..150 {
                    desk.ticket(n, START + LENGTH + Span(n * 10));
                    n += 1;
                }
                desk.driver.engine.settle();
                let mut counted = counted.lock().expect("no panic");
                counted.lengths.push(begun.elapsed().as_secs_f64());
                counted.cpu.push(cpu.elapsed().as_secs_f64());
                drop(counted);
                // Half of the time it waits for records, as a worker does that has caught up.
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        Self { is_over, turns, thread: Some(std::thread::spawn(work)) }
    }

    /// The turns while something else is done.
    fn turns_during(&self, work: impl FnOnce()) -> Turns {
        // It has begun once there are turns.
        while self.turns.lock().expect("no panic").lengths.len() < 10 {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(std::mem::take(&mut *self.turns.lock().expect("no panic")));
        work();
        std::mem::take(&mut *self.turns.lock().expect("no panic"))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

fn key() -> CheckpointKey {
    CheckpointKey { group: "bench".to_owned(), fingerprint: Fingerprint([7; 32]), partition: 0 }
}

fn per(bytes: u64, tickets: i64) -> f64 {
    bytes as f64 / tickets as f64
}

fn median(seconds: &[f64]) -> f64 {
    quantile(seconds, 0.5)
}

fn p99(seconds: &[f64]) -> f64 {
    quantile(seconds, 0.99)
}

fn quantile(seconds: &[f64], q: f64) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() as f64 * q) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
