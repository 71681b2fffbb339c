//! The service reads a log to its end from a real broker, compared with a bare consumer with the same settings that discards every record, and with
//! decode and engine alone over the same events. Run it with `cargo bench --bench end_to_end`; `CXPULSE_BENCH_EVENTS` sets the number of events
//! (1,000,000). Needs Java and the jars that `tests/run.sh` installs.

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
#[path = "support/core.rs"]
mod core;
#[path = "support/discard.rs"]
mod discard;
#[path = "support/usage.rs"]
#[allow(dead_code, reason = "other benches use more of it")]
mod usage;
#[path = "support/workload.rs"]
mod workload;

use std::time::{Duration, Instant};

use discard::{Path, Took};
use support::service::Service;
use usage::{child_of, cpu_of, machine_cpu, own_cpu, peak_mebibytes};
use workload::{PARTITIONS, Workload, median, setting};

const ROUNDS: usize = 5;
/// The number of cores that the target for the wall time assumes.
const CORES: f64 = 2.0;
/// The interval at which the bench asks the service whether it has caught up. The service itself checks ten times a second.
const ASK_EVERY: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == discard::ARGUMENT) {
        return discard::main(&arguments[1..]);
    }
    let events = setting("CXPULSE_BENCH_EVENTS", 1_000_000);
    let run = std::env::var_os("CXPULSE_BENCH_RUN").and_then(|run| run.into_string().ok()).unwrap_or_default().replace(';', "\n");
    let workload = Workload::prepare(events);
    let made = core::Made::events(events);
    // The first reader of a log warms the broker's cache.
    discard::run(&workload, Path::Group, &[]);
    let (mut bare, mut service, mut core, mut at_once) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut others, mut peak) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        bare.push(discard::run(&workload, Path::Group, &[]));
        let (machine_before, own_before) = (machine_cpu(), own_cpu());
        let (took, mebibytes) = catch_up(&workload, round, &run);
        let (machine, own) = ((machine_cpu() - machine_before).as_secs_f64(), (own_cpu() - own_before).as_secs_f64());
        others.push((machine - own - took.cpu - took.broker_cpu).max(0.0));
        service.push(took);
        peak = peak.max(mebibytes);
        core.push(made.cpu_seconds());
        at_once.push(made.cpu_seconds_at_once(CORES as i32, PARTITIONS));
    }
    let of = |rows: &[Took], figure: fn(&Took) -> f64| median(rows.iter().map(figure));
    let (core, at_once) = (median(core), median(at_once));
    println!(
        "medians of {ROUNDS} alternated runs, {events} events of {} bytes over 3 topics with 6 partitions each",
        made.bytes_per_event()
    );
    println!("{:<26}{:>10}{:>10}{:>14}{:>16}{:>14}", "", "wall s", "CPU s", "CPU ns/event", "broker CPU s", "events/s");
    let row = |name: &str, wall: f64, cpu: f64, broker: f64| {
        let per_event = cpu * 1e9 / events as f64;
        println!("{name:<26}{wall:>10.2}{cpu:>10.2}{per_event:>14.0}{broker:>16.2}{:>14.0}", events as f64 / wall);
    };
    row("bare consumer", of(&bare, |t| t.wall), of(&bare, |t| t.cpu), of(&bare, |t| t.broker_cpu));
    row("decode and engine alone", core, core, 0.0);
    row("the same on two threads", at_once / CORES, at_once, 0.0);
    row("cxpulse run", of(&service, |t| t.wall), of(&service, |t| t.cpu), of(&service, |t| t.broker_cpu));
    println!();
    let pairs = || bare.iter().zip(&service);
    let ideal = |bare: &Took, took: &Took, cores: f64| bare.wall.max((took.cpu + took.broker_cpu) / cores);
    let ratio = |what: &str, ratio: f64, bar: &str| println!("{what:<84}{ratio:>6.2} {bar}");
    ratio("CPU / (CPU of the bare consumer + decode and engine)", median(pairs().map(|(b, t)| t.cpu / (b.cpu + core))), "(bar 1.15)");
    // Two threads at the same time slow each other down, which is a property of the machine.
    ratio("the same with decode and engine on two threads at one time", median(pairs().map(|(b, t)| t.cpu / (b.cpu + at_once))), "");
    let wall = median(pairs().map(|(b, t)| t.wall / ideal(b, t, CORES)));
    ratio("wall / max(wall of the bare consumer, (client + broker CPU) / 2 cores)", wall, "(bar 1.15)");
    // On a shared machine the service cannot use the CPU time that other processes take.
    let left = |took: &Took, others: f64| (CORES - others / took.wall).max(CORES / 10.0);
    let rows = || pairs().zip(&others);
    let wall = median(rows().map(|((b, t), others)| t.wall / ideal(b, t, left(t, *others))));
    ratio("the same with the cores that other processes of this machine left", wall, "");
    ratio("cores that they left", median(rows().map(|((_, t), others)| left(t, *others))), "");
    println!("most memory resident: {peak} MiB");
}

/// Starts the service in a group of its own and waits until it has read everything.
fn catch_up(workload: &Workload, round: usize, run: &str) -> (Took, u64) {
    let broker = workload.broker_process();
    let broker_before = cpu_of(broker);
    let begun = Instant::now();
    let service = Service::start(&workload.configuration(&format!("service-{round}"), run));
    let process = child_of(std::process::id(), "cxpulse").expect("the service");
    while !service.is_ready() {
        assert!(begun.elapsed() < Duration::from_secs(600), "it does not catch up; its log:\n{}", service.log());
        std::thread::sleep(ASK_EVERY);
    }
    let wall = begun.elapsed().as_secs_f64();
    let took = Took { wall, cpu: cpu_of(process).as_secs_f64(), broker_cpu: (cpu_of(broker) - broker_before).as_secs_f64() };
    let seen: f64 = service.scrape().family("cx_ledger_records").map(|(_, count)| count).sum();
    assert_eq!(seen as u64, workload.events, "every record has an outcome; the log:\n{}", service.log());
    (took, peak_mebibytes(process))
}
