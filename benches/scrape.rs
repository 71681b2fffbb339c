//! Scrapes while the service reads a log from a real broker as fast as it can: how long one takes, and what share of the process's CPU time one each
//! second costs. Run it with `cargo bench --bench scrape`; `CXPULSE_BENCH_EVENTS` says how many events (2,000,000). Needs Java and the jars that
//! `tests/run.sh` brings.

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
#[path = "support/usage.rs"]
#[allow(dead_code, reason = "other benches use more of it")]
mod usage;
#[path = "support/workload.rs"]
#[allow(dead_code, reason = "other benches use more of it")]
mod workload;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::service::Service;
use usage::{child_of, cpu_of};
use workload::{Workload, median, setting};

const ROUNDS: usize = 5;
/// Between two scrapes, ten times as often as Prometheus does at most, so that what they cost stands out; each takes a snapshot of its own.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);
const RUN: &str = "snapshot_interval = \"10ms\"";

/// One reading of the whole log.
struct Reading {
    wall: f64,
    cpu: f64,
    /// How long each scrape took, in milliseconds.
    scrapes: Vec<f64>,
    series: usize,
}

fn main() {
    let workload = Workload::prepare(setting("CXPULSE_BENCH_EVENTS", 2_000_000));
    let (mut left_alone, mut scraped) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        left_alone.push(read_all(&workload, &format!("alone-{round}"), false));
        scraped.push(read_all(&workload, &format!("scraped-{round}"), true));
    }
    let mut times: Vec<f64> = scraped.iter().flat_map(|reading| reading.scrapes.iter().copied()).collect();
    times.sort_by(f64::total_cmp);
    assert!(!times.is_empty(), "there was time for scrapes");
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let rows = || left_alone.iter().zip(&scraped);
    let cost = median(rows().map(|(alone, scraped)| (scraped.cpu - alone.cpu) * 1e3 / scraped.scrapes.len() as f64));
    let cpu_per_second = median(left_alone.iter().map(|alone| alone.cpu / alone.wall));
    println!("{} scrapes with gzip while {} events are read, medians of {ROUNDS} alternated runs", times.len(), workload.events);
    println!(
        "series at the end of a run                           {:>10}",
        scraped.iter().map(|reading| reading.series).max().unwrap_or(0)
    );
    println!("scrape, p50                                          {:>10.1} ms", at(0.5));
    println!("scrape, p99                                          {:>10.1} ms (bar 50)", at(0.99));
    println!("CPU time of one scrape: collect, encode, send        {cost:>10.1} ms");
    println!("share of the process's CPU time, once a second       {:>10.2} % (bar 3)", cost / cpu_per_second / 10.0);
    let wall = median(rows().map(|(alone, scraped)| scraped.wall / alone.wall));
    println!("wall time with ten scrapes a second against none     {wall:>10.2}");
}

/// Starts the service and waits until it has read everything.
fn read_all(workload: &Workload, group: &str, is_scraped: bool) -> Reading {
    let begun = Instant::now();
    let service = Service::start(&workload.configuration(group, RUN));
    let process = child_of(std::process::id(), "cxpulse").expect("the service");
    let mut scrapes = Vec::new();
    let mut next_scrape = begun;
    while !service.is_ready() {
        assert!(begun.elapsed() < Duration::from_secs(600), "it does not catch up; its log:\n{}", service.log());
        let is_reading = service.log().contains("assigned");
        if is_scraped && is_reading && Instant::now() >= next_scrape {
            next_scrape = Instant::now() + SCRAPE_EVERY;
            let asked_at = Instant::now();
            scrape(&service);
            scrapes.push(asked_at.elapsed().as_secs_f64() * 1e3);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), cpu_of(process).as_secs_f64());
    Reading { wall, cpu, scrapes, series: service.scrape().samples().count() }
}

/// A scrape as Prometheus does it, compressed.
fn scrape(service: &Service) {
    let address = format!("127.0.0.1:{}", service.port());
    let mut stream = TcpStream::connect(&address).expect("the service listens");
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(200)]));
}
