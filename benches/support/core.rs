//! Decode and engine alone, on one thread or several at once, over events like those that a workload holds.

use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::Arc;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{Kind, Record, decode};
use cxpulse::organisation::{Emitted, Organisation, Profile};
use cxpulse::time::{EventTime, Span};

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

/// Made events in memory.
pub(crate) struct Made {
    events: Vec<Emitted>,
}

impl Made {
    /// So many events of thirty days, as the generator makes them.
    pub(crate) fn events(count: u64) -> Self {
        let begun = NOW - Span::days(30);
        let profile = Profile::medium().busy_at(NOW).sized_for(count, begun, NOW);
        let made = Organisation::new(profile, 1, begun).filter(|emitted| emitted.kind != Kind::Customers);
        Self { events: made.take(usize::try_from(count).expect("as many as memory holds")).collect() }
    }

    /// How long a payload is.
    pub(crate) fn bytes_per_event(&self) -> usize {
        self.events.iter().map(|emitted| emitted.payload.len()).sum::<usize>() / self.events.len().max(1)
    }

    /// CPU time of one thread to decode and count all of them as one partition group.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.counted(1, |_| true)
    }

    /// CPU time of several threads at once, each for its share of so many partition groups, as the service does it: threads that run at one time
    /// share caches and whatever else a machine has only once.
    pub(crate) fn cpu_seconds_at_once(&self, threads: i32, groups: i32) -> f64 {
        std::thread::scope(|scope| {
            let count = |thread| move || self.counted(groups, |group| group % threads == thread);
            let counting: Vec<_> = (0..threads).map(|thread| scope.spawn(count(thread))).collect();
            counting.into_iter().map(|thread| thread.join().expect("it counts")).sum()
        })
    }

    /// CPU time of this thread to decode and count the events of its own among so many partition groups.
    fn counted(&self, groups: i32, is_own: impl Fn(i32) -> bool) -> f64 {
        let configuration = Configuration::default();
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        for group in (0..groups).filter(|group| is_own(*group)).map(PartitionGroup) {
            engine.assign(group);
            for topic in 0..configuration.topics.len() as u8 {
                engine.set_progress(group, TopicIndex(topic), Progress { at_end: false, seen_through: NOW });
            }
        }
        engine.follow_events_until(Some(EventTime::MAX));
        let before = thread_cpu_seconds();
        for (line, emitted) in self.events.iter().enumerate() {
            let group = if groups == 1 { 0 } else { group_of(emitted, groups) };
            if !is_own(group) {
                continue;
            }
            let topic = &configuration.topics[emitted.kind as usize];
            let record = Record { payload: Some(&emitted.payload), offset: line as i64, ..Record::default() };
            let decoded = decode(record, topic, &configuration.decode);
            let place =
                RecordPlace { group: PartitionGroup(group), topic: TopicIndex(emitted.kind as u8), offset: line as i64, record_time: None };
            black_box(engine.handle(place, &decoded));
        }
        black_box(engine.snapshot());
        thread_cpu_seconds() - before
    }
}

/// The partition group of an event, by its key.
fn group_of(emitted: &Emitted, groups: i32) -> i32 {
    (rustc_hash::FxBuildHasher.hash_one(&emitted.key) % u64::from(groups.unsigned_abs())) as i32
}

/// The time that this thread has run, in seconds.
fn thread_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with scheduler statistics");
    let nanoseconds: u64 = text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
    nanoseconds as f64 / 1e9
}
