//! Scrapes while the service reads a log from a real broker as fast as it can: the time of a scrape, and the share of the process's CPU time that one
//! scrape per second costs. Run it with `cargo bench --bench scrape`; `CXPULSE_BENCH_EVENTS` sets the number of events (2,000,000). Needs Java and the
//! jars that `tests/run.sh` installs.

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

use flate2::read::GzDecoder;
use support::exposition::Exposition;
use support::service::Service;
use usage::{child_of, cpu_by_thread, cpu_of};
use workload::{Workload, median, setting};

const ROUNDS: usize = 5;
/// The time between two scrapes: a tenth of the shortest interval that Prometheus uses.
const SCRAPE_EVERY: Duration = Duration::from_millis(100);

/// One reading of the whole log.
struct Reading {
    wall: f64,
    cpu: f64,
    /// CPU time of all threads except the workers' and the Kafka clients'. Scrapes cause it, or it would be spent without them too.
    beside: f64,
    scrapes: Vec<Scrape>,
    series: usize,
}

/// One scrape.
struct Scrape {
    milliseconds: f64,
    answer: Vec<u8>,
}

fn main() {
    let workload = Workload::prepare(setting("CXPULSE_BENCH_EVENTS", 2_000_000));
    let (mut left_alone, mut scraped) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        left_alone.push(read_all(&workload, &format!("alone-{round}"), false));
        scraped.push(read_all(&workload, &format!("scraped-{round}"), true));
    }
    let scrapes = || scraped.iter().flat_map(|reading| &reading.scrapes);
    let times = Sorted::of(scrapes().map(|scrape| scrape.milliseconds));
    let ages = Sorted::of(scraped.iter().flat_map(Reading::ages));
    let rows = || left_alone.iter().zip(&scraped);
    let cost = median(rows().map(|(alone, scraped)| (scraped.beside - alone.beside) * 1e3 / scraped.snapshots()));
    let cpu_per_second = median(left_alone.iter().map(|alone| alone.cpu / alone.wall));
    let [wall, cpu]: [fn(&Reading) -> f64; 2] = [|reading| reading.wall, |reading| reading.cpu];
    let [wall, cpu] = [wall, cpu].map(|of| median(rows().map(|(alone, scraped)| of(scraped) / of(alone))));
    println!("{} scrapes with gzip while {} events are read, {ROUNDS} alternated runs", scrapes().count(), workload.events);
    let row = |what: &str, figure: f64, unit: &str| println!("{what:<56}{figure:>9.2} {unit}");
    row("series at the end of a run", scraped.iter().map(|reading| reading.series).max().unwrap_or(0) as f64, "");
    row("scrape, p50", times.at(0.5), "ms");
    row("scrape, p99", times.at(0.99), "ms (bar 50)");
    row("scrape, longest", times.at(1.0), "ms");
    row("age of what a scrape shows, p50", ages.at(0.5), "s");
    row("age of what a scrape shows, p99", ages.at(0.99), "s");
    row("new snapshots in a second, each for several scrapes", median(scraped.iter().map(|r| r.snapshots() / r.wall)), "");
    row("CPU time of a new one: collect, encode, send", cost, "ms");
    row("its share of the process's CPU time, once a second", cost / cpu_per_second / 10.0, "% (bar 3)");
    row("CPU time of the process, scraped against left alone", cpu, "");
    row("wall time, scraped against left alone", wall, "");
}

/// Figures in ascending order.
struct Sorted(Vec<f64>);

impl Sorted {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        assert!(!figures.is_empty(), "there was time for scrapes");
        Self(figures)
    }

    /// The quantile by nearest rank.
    fn at(&self, share: f64) -> f64 {
        self.0[((self.0.len() as f64 * share).ceil() as usize).clamp(1, self.0.len()) - 1]
    }
}

impl Reading {
    /// The number of snapshots, which each response tells.
    fn snapshots(&self) -> f64 {
        let number = |scrape: &Scrape| {
            let head = String::from_utf8_lossy(scrape.head()).to_ascii_lowercase();
            head.lines().find_map(|line| line.strip_prefix("cxpulse-snapshot: ")?.trim().parse::<f64>().ok())
        };
        self.scrapes.iter().filter_map(number).fold(1.0, f64::max)
    }

    /// The age of the values of each scrape, in seconds: the records that were counted by then but not shown, divided by the records counted per second.
    fn ages(&self) -> Vec<f64> {
        let sum = |exposition: &Exposition, family| exposition.family(family).map(|(_, count)| count).sum::<f64>();
        let expositions: Vec<Exposition> = self.scrapes.iter().map(Scrape::exposition).collect();
        let counted: f64 = expositions.iter().map(|exposition| sum(exposition, "cx_events_total")).fold(0.0, f64::max);
        let missing = |exposition| sum(exposition, "cx_events_total") - sum(exposition, "cx_ledger_records");
        expositions.iter().map(|exposition| missing(exposition).max(0.0) * self.wall / counted.max(1.0)).collect()
    }
}

impl Scrape {
    /// A compressed scrape, as Prometheus does it.
    fn of(service: &Service) -> Self {
        let address = format!("127.0.0.1:{}", service.port());
        let asked_at = Instant::now();
        let mut stream = TcpStream::connect(&address).expect("the service listens");
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let milliseconds = asked_at.elapsed().as_secs_f64() * 1e3;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(200)]));
        Self { milliseconds, answer }
    }

    fn head(&self) -> &[u8] {
        &self.answer[..self.end_of_head()]
    }

    fn exposition(&self) -> Exposition {
        let mut text = String::new();
        GzDecoder::new(&self.answer[self.end_of_head() + 4..]).read_to_string(&mut text).expect("gzip");
        Exposition::parse(&text)
    }

    fn end_of_head(&self) -> usize {
        self.answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head")
    }
}

/// Starts the service and waits until it has read everything.
fn read_all(workload: &Workload, group: &str, is_scraped: bool) -> Reading {
    let begun = Instant::now();
    let service = Service::start(&workload.configuration(group, ""));
    let process = child_of(std::process::id(), "cxpulse").expect("the service");
    let mut scrapes = Vec::new();
    let mut next_scrape = begun;
    let mut is_reading = false;
    while !service.is_ready() {
        assert!(begun.elapsed() < Duration::from_secs(600), "it does not catch up; its log:\n{}", service.log());
        is_reading = is_reading || service.log().contains("assigned");
        if is_scraped && is_reading && Instant::now() >= next_scrape {
            next_scrape = Instant::now() + SCRAPE_EVERY;
            scrapes.push(Scrape::of(&service));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), cpu_of(process).as_secs_f64());
    let is_beside = |name: &str| !name.starts_with("cxpulse-worker") && !name.starts_with("rdk:");
    let beside = cpu_by_thread(process).iter().filter(|(name, _)| is_beside(name)).map(|(_, cpu)| cpu.as_secs_f64()).sum();
    Reading { wall, cpu, beside, scrapes, series: service.scrape().samples().count() }
}
