//! The cheapest call that takes records out of librdkafka: one record at a time from one queue, one at a time from a queue per partition, or many at a
//! time from those. Run it with `cargo bench --bench consume`; `CXPULSE_BENCH_EVENTS` sets the number of events (2,000,000).

#[path = "../tests/support"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support {
    pub(crate) mod broker;
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod ports;
    pub(crate) mod service;
    pub(crate) mod tools;
    pub(crate) mod topics;
}
#[path = "support/discard.rs"]
mod discard;
#[path = "support/usage.rs"]
#[allow(dead_code, reason = "other benches use more of it")]
mod usage;
#[path = "support/workload.rs"]
#[allow(dead_code, reason = "other benches use more of it")]
mod workload;

use discard::Path;
use workload::{Workload, median, setting};

const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == discard::ARGUMENT) {
        return discard::main(&arguments[1..]);
    }
    let workload = Workload::prepare(setting("CXPULSE_BENCH_EVENTS", 2_000_000));
    let extra = std::env::var_os("CXPULSE_BENCH_PROPERTIES").and_then(|text| text.into_string().ok()).unwrap_or_default();
    let variants: Vec<Vec<&str>> = extra.split(';').map(|variant| variant.split_whitespace().collect()).collect();
    // The first reader of a log warms the broker's cache.
    discard::run(&workload, Path::Poll, &[]);
    let mut rows: Vec<(Path, &Vec<&str>, Vec<discard::Took>)> =
        variants.iter().flat_map(|variant| Path::ALL.map(|path| (path, variant, Vec::new()))).collect();
    for _ in 0..ROUNDS {
        for (path, variant, took) in &mut rows {
            took.push(discard::run(&workload, *path, variant));
        }
    }
    println!(
        "{:<8}{:>10}{:>12}{:>16}{:>16}  (medians of {ROUNDS}, {} events)",
        "call", "wall s", "CPU s", "CPU ns/event", "broker CPU s", workload.events
    );
    for (path, variant, took) in &rows {
        let cpu = median(took.iter().map(|took| took.cpu));
        println!(
            "{:<8}{:>10.2}{:>12.2}{:>16.0}{:>16.2}  {}",
            path.name(),
            median(took.iter().map(|took| took.wall)),
            cpu,
            cpu * 1e9 / workload.events as f64,
            median(took.iter().map(|took| took.broker_cpu)),
            variant.join(" ")
        );
    }
}
