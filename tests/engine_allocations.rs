//! Heap allocations of decoder and engine per event, once names and cells are known: two at most, on average.
#![expect(unsafe_code, reason = "an allocator that counts can only be put in by an unsafe implementation")]

#[path = "support/measured.rs"]
mod measured;
#[allow(dead_code, reason = "shared with benches that use other parts of it")]
#[path = "../benches/support/traffic.rs"]
mod traffic;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cxpulse::time::Span;
use measured::measured;
use traffic::{Line, Traffic, TrafficEngine, configuration};

/// The system's allocator, with a count of the allocations of each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn an_event_takes_two_allocations_at_most_once_its_names_are_known() {
    for delay_max in [Span(0), Span::minutes(45)] {
        let traffic = Traffic { tickets: 12_000, customers: 2_400, label_sets: 66, over: Span::days(2), delay_max };
        let lines: Vec<Line> = traffic.lines().collect();
        let (warm_up, steady) = lines.split_at(lines.len() / 2);
        let mut engine = TrafficEngine::new(configuration(&[]));
        warm_up.iter().for_each(|line| engine.take(line));
        let before = COUNT.get();
        steady.iter().for_each(|line| engine.take(line));
        let each = (COUNT.get() - before) as f64 / steady.len() as f64;
        measured(&format!("{each:.2} allocations an event with delays of up to {delay_max}"));
        assert!(each <= 2.0, "{each:.2} allocations an event with delays of up to {delay_max}");
        assert!(each > 0.05, "histories are kept on the heap, so a count of nothing means that nothing is counted");
    }
}
