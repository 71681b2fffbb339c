//! A simulation of the pure core, from one seed: records of a made organisation with faults among them, partition groups that come and go, crashes,
//! restores from old and new checkpoints, and jumps of the clock. After each disturbance the values must be those of an engine that was never disturbed,
//! to the last digit, and every record must have been counted once.
//!
//! `CXPULSE_SIMULATION_SEEDS` is the number of seeds, `CXPULSE_SIMULATION_SEED` the first of them; a failure names its seed.

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    #[allow(dead_code, reason = "shared with tests that may be left out")]
    pub(crate) mod left_out;
    pub(crate) mod measured;
    pub(crate) mod side_by_side;
}

use std::collections::BTreeMap;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, MergedEngines, PartitionGroup, Progress, RecordPlace, StoredState, TopicIndex};
use cxpulse::metrics::Exposition;
use cxpulse::simulator::GeneratedRecord;
use cxpulse::time::{EventTime, Span};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::engine_driver;
use support::left_out::variable;
use support::measured::measured;
use support::side_by_side::{begin, differing, group_of, lines, of_windows, records};

/// Each record that is read is a step, and so is each disturbance.
const RECORDS: usize = 5_000;
const GROUPS: i32 = 4;
/// The share of steps that are disturbances, out of 1,000.
const DISTURBED_PER_MILLE: u32 = 4;
/// The least number of restores of a seed.
const RESTORES_MIN: usize = 3;
const SEEDS_DEFAULT: u64 = 500;
/// The stores whose entries depend on how often values were read or the windows have moved, or count events of one process alone.
const WITHOUT_STORES: [&str; 3] = ["pane_cells", "panes", "surveys"];
/// A label set is counted from its first fact on, although that may be withdrawn at once; whether there was one depends on how the topics interleave.
const WITHOUT_FAMILY: &str = "cx_series ";

/// The records of one partition group in the order of their offsets; a record's offset is its index.
type Log = Vec<GeneratedRecord>;

/// A stored state and the offset after the last record in it.
#[derive(Clone)]
struct Checkpoint {
    state: Vec<u8>,
    next: usize,
}

/// One process: its engines, and how far each of its groups has been read.
struct Process {
    engines: Vec<Engine>,
    together: MergedEngines,
    next: [usize; GROUPS as usize],
    assigned: [bool; GROUPS as usize],
    /// The progress of reading, by group and topic.
    progress: BTreeMap<(usize, u8), Progress>,
}

/// The disturbed process, its store of checkpoints, and an undisturbed process beside it.
struct World {
    configuration: Configuration,
    exposition: Exposition,
    logs: Vec<Log>,
    disturbed: Process,
    undisturbed: Process,
    checkpoints: Vec<Vec<Checkpoint>>,
    /// The last state that was taken, not in bytes yet, and its bytes.
    late: Option<(StoredState, Vec<u8>)>,
    now: EventTime,
    restores: usize,
}

impl Process {
    fn new(configuration: &Configuration, engines: usize) -> Self {
        let first = engine_driver::engine_of(configuration, [], None);
        let together = MergedEngines::of(&first);
        let mut engines: Vec<Engine> = (1..engines).map(|_| first.beside()).collect();
        engines.push(first);
        Self { engines, together, next: [0; GROUPS as usize], assigned: [false; GROUPS as usize], progress: BTreeMap::new() }
    }

    fn engine(&mut self, group: usize) -> &mut Engine {
        let count = self.engines.len();
        &mut self.engines[group % count]
    }

    fn advance_to(&mut self, now: EventTime) {
        self.engines.iter_mut().for_each(|engine| engine.advance_to(now));
    }

    fn assign(&mut self, group: usize) {
        let id = PartitionGroup(group as i32);
        self.engine(group).assign(id);
        self.assigned[group] = true;
        for ((_, topic), progress) in
            self.progress.range((group, 0)..(group + 1, 0)).map(|(at, progress)| (*at, *progress)).collect::<Vec<_>>()
        {
            self.engine(group).set_progress(id, TopicIndex(topic), progress);
        }
    }

    fn revoke(&mut self, group: usize) {
        self.engine(group).revoke(PartitionGroup(group as i32));
        self.assigned[group] = false;
    }

    /// Reads a group's log up to an offset.
    fn read(&mut self, configuration: &Configuration, group: usize, log: &Log, until: usize) {
        for (offset, record) in log.iter().enumerate().take(until).skip(self.next[group]) {
            let (id, topic) = (PartitionGroup(group as i32), TopicIndex(record.kind as u8));
            let place = RecordPlace { group: id, topic, offset: offset as i64, record_time: Some(record.time) };
            let engine = self.engine(group);
            engine_driver::take(engine, configuration, place, record.payload.as_deref());
            // A topic that was read to its end lets histories be folded by the other topics alone, so that an event of a quiet topic can come too
            // late for its place. When it was at its end is no part of the log, so here every topic has more to come.
            let progress = Progress { at_end: false, seen_through: record.time };
            engine.set_progress(id, topic, progress);
            self.progress.insert((group, topic.0), progress);
        }
        self.next[group] = until.max(self.next[group]);
    }

    /// The lines of the exposition that follow from the records alone.
    fn shown(&mut self, exposition: &Exposition) -> Vec<String> {
        let mut engines: Vec<&mut Engine> = self.engines.iter_mut().collect();
        self.together.gather(&mut engines);
        let mut shown = lines(exposition, &self.together.snapshot(), &WITHOUT_STORES);
        shown.retain(|line| !line.starts_with(WITHOUT_FAMILY));
        shown
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let (configuration, begun) = (of_windows(2 + seed as usize % 4), begin());
        let mut logs: Vec<Log> = vec![Log::new(); GROUPS as usize];
        for record in records(seed, RECORDS, GROUPS) {
            logs[group_of(&record, GROUPS).0 as usize].push(record);
        }
        let mut world = Self {
            exposition: Exposition::new(&configuration),
            disturbed: Process::new(&configuration, 1 + seed as usize % 3),
            undisturbed: Process::new(&configuration, 1),
            checkpoints: vec![Vec::new(); GROUPS as usize],
            now: begun,
            late: None,
            restores: 0,
            configuration,
            logs,
        };
        world.advance_to(begun);
        for group in 0..GROUPS as usize {
            world.disturbed.assign(group);
            world.undisturbed.assign(group);
        }
        world
    }

    fn advance_to(&mut self, now: EventTime) {
        self.now = self.now.max(now);
        self.disturbed.advance_to(self.now);
        self.undisturbed.advance_to(self.now);
    }

    /// Reads the next record of a group that is assigned in both processes.
    fn read_next(&mut self, group: usize) {
        let (log, until) = (&self.logs[group], self.disturbed.next[group] + 1);
        if !self.disturbed.assigned[group] || until > log.len() {
            return;
        }
        // The clock follows the records, and is ahead of every event: the order in which held events are applied depends on when they were read.
        self.now = self.now.max(log[until - 1].time + Span::minutes(2));
        for process in [&mut self.disturbed, &mut self.undisturbed] {
            process.advance_to(self.now);
            process.read(&self.configuration, group, log, until);
        }
    }

    /// Stores a group's state. Of two equal states the bytes are the same, and a restored state is equal to the stored one.
    fn store(&mut self, group: usize) {
        let id = PartitionGroup(group as i32);
        let mut stored = || self.disturbed.engine(group).store(id).expect("the group is assigned or parked");
        let (state, late) = (stored().into_bytes(Vec::new()), stored());
        let next = self.disturbed.next[group];
        let mut other = engine_driver::engine_of(&self.configuration, [], None);
        other.restore(id, &state).expect("the state was just stored");
        let again = other.store(id).expect("the group is parked").into_bytes(Vec::new());
        let differs_at = state.iter().zip(&again).position(|(is, was)| is != was);
        let lengths = (state.len(), again.len());
        assert!(again == state, "a restored state has the bytes of the stored one: they differ at {differs_at:?} of {lengths:?} bytes");
        self.check_late();
        self.late = Some((late, state.clone()));
        self.checkpoints[group].push(Checkpoint { state, next });
    }

    /// A state that was put into bytes later, after further events, has the bytes of its own instant.
    fn check_late(&mut self) {
        if let Some((late, state)) = self.late.take() {
            assert!(late.into_bytes(Vec::new()) == state, "later events changed a state that was taken before them");
        }
    }

    /// Ends the process without a word, and starts another one with this number of engines. Each group is restored from a checkpoint, which may be an
    /// older one because the newest was torn, or is read from the beginning of its log if it has none.
    fn crash(&mut self, engines: usize, chance: &mut ChaCha8Rng) {
        let before = std::mem::replace(&mut self.disturbed, Process::new(&self.configuration, engines));
        for group in 0..GROUPS as usize {
            let torn = if chance.random_ratio(1, 4) { self.checkpoints[group].pop() } else { None };
            if let Some(Checkpoint { state, .. }) = torn {
                let cut = chance.random_range(0..state.len());
                let refused = self.disturbed.engine(group).restore(PartitionGroup(group as i32), &state[..cut]);
                assert!(refused.is_err(), "a state that was cut at {cut} of {} bytes is refused", state.len());
            }
            if let Some(Checkpoint { state, next }) = self.checkpoints[group].last() {
                self.disturbed.engine(group).restore(PartitionGroup(group as i32), state).expect("a whole state is restored");
                self.disturbed.next[group] = *next;
                self.restores += 1;
            }
        }
        self.disturbed.progress = before.progress;
        self.disturbed.advance_to(self.now);
        for group in 0..GROUPS as usize {
            self.disturbed.assign(group);
            self.disturbed.read(&self.configuration, group, &self.logs[group], before.next[group]);
            if !before.assigned[group] {
                self.disturbed.revoke(group);
            }
        }
    }

    /// Stores a group, and lets another member of the same number have it.
    fn move_group(&mut self, group: usize) {
        self.store(group);
        let Some(Checkpoint { state, .. }) = self.checkpoints[group].last() else { return };
        let was_assigned = self.disturbed.assigned[group];
        self.disturbed.revoke(group);
        self.disturbed.engine(group).restore(PartitionGroup(group as i32), state).expect("the state was just stored");
        self.restores += 1;
        if was_assigned {
            self.disturbed.assign(group);
        }
    }

    fn assign_all(&mut self) {
        for process in [&mut self.disturbed, &mut self.undisturbed] {
            (0..GROUPS as usize).for_each(|group| process.assign(group));
        }
    }

    fn disturb(&mut self, chance: &mut ChaCha8Rng) {
        let group = chance.random_range(0..GROUPS as usize);
        let kind = chance.random_range(0..10);
        match kind {
            0..=3 => self.store(group),
            4 => self.crash(chance.random_range(1..4), chance),
            5 => self.move_group(group),
            6 => [&mut self.disturbed, &mut self.undisturbed].into_iter().for_each(|process| process.revoke(group)),
            7 => self.assign_all(),
            8 => self.advance_to(self.now + Span(chance.random_range(0..Span::hours(30).0))),
            _ => {}
        }
        self.audit(&format!("disturbance {kind} of group {group}"));
    }

    /// Compares every value with the undisturbed process, and the ledger with the log.
    fn audit(&mut self, after: &str) {
        // What may be forgotten is forgotten when the windows move, and a replay moves them less often.
        self.advance_to(self.now + Span::minutes(1));
        let (is, should) = (self.disturbed.shown(&self.exposition), self.undisturbed.shown(&self.exposition));
        assert!(is == should, "after {after}: {:#?}", differing(&is, &should));
        let consumed: f64 = is
            .iter()
            .filter(|line| line.starts_with("cx_events_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        let read: usize =
            (0..GROUPS as usize).filter(|group| self.disturbed.assigned[*group]).map(|group| self.disturbed.next[group]).sum();
        assert_eq!(consumed, read as f64, "every record that was read has one outcome");
    }
}

fn simulate(seed: u64) -> usize {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut world = World::new(seed);
    for step in 0..RECORDS {
        if chance.random_ratio(DISTURBED_PER_MILLE, 1_000) {
            world.disturb(&mut chance);
        }
        let group = chance.random_range(0..GROUPS as usize);
        world.read_next(group);
        if step % 1_250 == 1_249 {
            world.store(group);
            world.crash(1 + step % 3, &mut chance);
            world.audit(&format!("a crash at step {step}"));
        }
    }
    world.assign_all();
    for group in 0..GROUPS as usize {
        while world.disturbed.next[group] < world.logs[group].len() {
            world.read_next(group);
        }
    }
    world.audit("everything");
    world.restores
}

/// The number in an environment variable, or the default where it is not set.
fn number(name: &str, default: u64) -> u64 {
    variable(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: `{text}`")))
}

#[test]
fn a_disturbed_process_shows_the_values_of_an_undisturbed_one() {
    let (first, count) = (number("CXPULSE_SIMULATION_SEED", 0), number("CXPULSE_SIMULATION_SEEDS", SEEDS_DEFAULT));
    let next = std::sync::atomic::AtomicU64::new(first);
    let restores = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..std::thread::available_parallelism().map_or(1, usize::from))
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if seed >= first + count {
                            return;
                        }
                        let restored = std::panic::catch_unwind(|| simulate(seed)).unwrap_or_else(|_| {
                            panic!("seed {seed} failed: CXPULSE_SIMULATION_SEED={seed} CXPULSE_SIMULATION_SEEDS=1 runs it alone")
                        });
                        assert!(restored >= RESTORES_MIN, "seed {seed} has only {restored} restores");
                        restores.fetch_add(restored, std::sync::atomic::Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for worker in workers {
            assert!(worker.join().is_ok(), "a seed failed: its message is above");
        }
    });
    measured(&format!("{count} seeds of {RECORDS} records, {} restores", restores.into_inner()));
}
