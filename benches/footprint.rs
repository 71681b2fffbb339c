//! Resident memory after a month of traffic: five million events of 500,000 tickets and 100,000 customers over 1,000 label sets with all default
//! windows. Run it with `cargo bench --bench footprint`; `CXPULSE_EVENTS` sets another number of events.

#[allow(dead_code, reason = "shared with benches that use other parts of it")]
#[path = "support/traffic.rs"]
mod traffic;

use std::time::Instant;

use cxpulse::time::Span;
use traffic::{EVENTS_OF_A_TICKET, Traffic, TrafficEngine, configuration};

const MIB: f64 = 1_048_576.0;

/// The resident memory of this process in bytes: the current and the largest.
fn resident() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells what a process holds");
    let of = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("the line is there");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number of KiB") * 1_024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}

fn main() {
    let events: u64 = std::env::var_os("CXPULSE_EVENTS").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(5_000_000);
    let tickets = events / EVENTS_OF_A_TICKET;
    let traffic = Traffic { tickets, customers: tickets / 5, label_sets: 1_000, over: Span::days(30), delay_max: Span(0) };
    let begun = Instant::now();
    let mut engine = TrafficEngine::new(configuration(&[]));
    for (n, line) in (1..).zip(traffic.lines()) {
        engine.take(&line);
        // A snapshot now and then, as scrapes cause them during catch-up.
        if n % 200_000 == 0 {
            drop(engine.engine().snapshot());
        }
    }
    let snapshot = engine.engine().snapshot();
    let (now, most) = resident();
    println!("{events} events of {tickets} tickets and {} customers in {:.0} s", tickets / 5, begun.elapsed().as_secs_f64());
    for (store, n) in &snapshot.entries {
        println!("  {store:<12}{n:>12}");
    }
    println!("  resident {:>10.0} MiB, at the most {:.0} MiB", now / MIB, most / MIB);
}
