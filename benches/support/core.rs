//! Decode and engine alone, on one thread or on several at once, over events like those of a workload.

use std::hash::BuildHasher;
use std::hint::black_box;

use cxpulse::config::Configuration;
use cxpulse::engine::{PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::Kind;
use cxpulse::simulator::{GeneratedEvent, Organisation, Profile};
use cxpulse::time::{EventTime, Span};

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../../tests/support/engine_driver.rs"]
mod engine_driver;

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

/// Generated events in memory.
pub(crate) struct Made {
    events: Vec<GeneratedEvent>,
}

impl Made {
    /// This many events of thirty days, as the generator makes them.
    pub(crate) fn events(count: u64) -> Self {
        let begun = NOW - Span::days(30);
        let profile = Profile::medium().busy_at(NOW).sized_for(count, begun, NOW);
        let made = Organisation::new(profile, 1, begun).filter(|emitted| emitted.kind != Kind::Customers);
        Self { events: made.take(usize::try_from(count).expect("as many as memory holds")).collect() }
    }

    /// The mean length of a payload.
    pub(crate) fn bytes_per_event(&self) -> usize {
        self.events.iter().map(|emitted| emitted.payload.len()).sum::<usize>() / self.events.len().max(1)
    }

    /// CPU time of one thread to decode and count all of them as one partition group.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.counted(1, |_| true)
    }

    /// CPU time of several threads at once, each with its share of the partition groups, as in the service. Threads that run at the same time share
    /// caches and every other resource that the machine has only once.
    pub(crate) fn cpu_seconds_at_once(&self, threads: i32, groups: i32) -> f64 {
        std::thread::scope(|scope| {
            let count = |thread| move || self.counted(groups, |group| group % threads == thread);
            let counting: Vec<_> = (0..threads).map(|thread| scope.spawn(count(thread))).collect();
            counting.into_iter().map(|thread| thread.join().expect("it counts")).sum()
        })
    }

    /// CPU time of this thread to decode and count the events of its own partition groups.
    fn counted(&self, groups: i32, is_own: impl Fn(i32) -> bool) -> f64 {
        let configuration = Configuration::default();
        let own = (0..groups).filter(|group| is_own(*group)).map(PartitionGroup);
        let mut engine = engine_driver::engine_of(&configuration, own, Some(Progress { at_end: false, seen_through: NOW }));
        engine.follow_events_until(Some(EventTime::MAX));
        let before = thread_cpu_seconds();
        for (line, emitted) in self.events.iter().enumerate() {
            // What names a partition is meant for each of them, and was made for one.
            let by_key = || if groups == 1 { 0 } else { group_of(emitted, groups) };
            let to = if emitted.partition.is_some() { 0..groups } else { by_key()..by_key() + 1 };
            for group in to.filter(|group| is_own(*group)).map(PartitionGroup) {
                let place = RecordPlace { group, topic: TopicIndex(emitted.kind as u8), offset: line as i64, record_time: None };
                black_box(engine_driver::take(&mut engine, &configuration, place, Some(&emitted.payload)));
            }
        }
        black_box(engine.snapshot());
        thread_cpu_seconds() - before
    }
}

/// The partition group of an event, by its key.
fn group_of(emitted: &GeneratedEvent, groups: i32) -> i32 {
    (rustc_hash::FxBuildHasher.hash_one(&emitted.key) % u64::from(groups.unsigned_abs())) as i32
}

/// The CPU time of this thread so far, in seconds.
fn thread_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with scheduler statistics");
    let nanoseconds: u64 = text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
    nanoseconds as f64 / 1e9
}
