//! Memory that a restore takes on one thread, and that another thread frees, goes back to the system when it is asked to, as at the end of an assignment.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "support/measured.rs"]
mod measured;
#[allow(dead_code, reason = "shared with benches that use other parts of it")]
#[path = "../benches/support/traffic.rs"]
mod traffic;

use std::sync::Arc;

use cxpulse::engine::{Engine, PartitionGroup};
use cxpulse::runtime::give_back_freed_memory;
use cxpulse::time::Span;
use measured::measured;
use traffic::{Traffic, TrafficEngine, configuration};

const GROUP: PartitionGroup = PartitionGroup(0);
const RESTORES: usize = 4;

/// The anonymous resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells what a process holds");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("the line is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// There is one test only, because the memory is that of the process.
#[test]
fn restores_in_turn_leave_nothing_behind() {
    let mut settings = configuration(&[]);
    // Nothing settles, so that the state is large.
    settings.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = Span::days(3));
    let engine_settings = Arc::new(settings.engine.clone());
    let traffic = Traffic { tickets: 10_000, customers: 2_000, label_sets: 66, over: Span::hours(12), delay_max: Span(0) };
    let mut counted = TrafficEngine::new(settings);
    traffic.lines().for_each(|line| counted.take(&line));
    let state: Arc<[u8]> = counted.engine().store(GROUP).expect("the group is assigned").into_bytes(Vec::new()).into();
    let once = resident();
    let mut before: Box<dyn Send> = Box::new(counted);
    for _ in 0..RESTORES {
        let (state, engine_settings) = (Arc::clone(&state), Arc::clone(&engine_settings));
        let restored = std::thread::spawn(move || {
            let mut engine = Engine::new(engine_settings);
            engine.restore(GROUP, &state).expect("it was just stored");
            // As at a rebalance, the former state goes once there is another one.
            drop(before);
            engine
        });
        before = Box::new(restored.join().expect("no panic"));
    }
    let most = resident();
    give_back_freed_memory();
    let kept = resident();
    drop(before);
    measured(&format!(
        "a state takes {once} KiB, {most} KiB after {RESTORES} restores in turn, and {kept} KiB after the freed memory was given back"
    ));
    assert!(kept <= once + once / 4, "a state takes {once} KiB, and {kept} KiB are kept after {RESTORES} restores");
    assert!(most > once + once / 4, "the allocator kept nothing, so this shows nothing: {most} KiB");
}
