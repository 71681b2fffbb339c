//! Ratios within one run: decode and engine compared with bare typed `serde_json`, ten windows with one, and ten thousand label sets with ten. The
//! figures are medians of five alternated runs, in CPU time of one thread. Run it with `cargo bench --bench ratios`.

#[path = "support/bare.rs"]
mod bare;
#[allow(dead_code, reason = "shared with benches that use other parts of it")]
#[path = "support/traffic.rs"]
mod traffic;

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use cxpulse::time::Span;

use bare::Bare;
use traffic::{Line, Traffic, TrafficEngine, configuration};

const RUNS: usize = 5;
/// Ten windows from five minutes to thirty days. The five default windows are among them.
const TEN: [(&str, &str); 10] = [
    ("5m", "5s"),
    ("15m", "15s"),
    ("1h", "1m"),
    ("4h", "5m"),
    ("12h", "15m"),
    ("24h", "15m"),
    ("3d", "1h"),
    ("7d", "1h"),
    ("14d", "6h"),
    ("30d", "6h"),
];

/// A function that is timed over the same lines as the others.
struct Contender<'a> {
    name: String,
    run: Box<dyn Fn() + 'a>,
    events: usize,
    times: Vec<Duration>,
}

impl<'a> Contender<'a> {
    fn new(name: &str, lines: &'a [Line], run: impl Fn(&[Line]) + 'a) -> Self {
        Self { name: name.to_owned(), events: lines.len(), run: Box::new(move || run(lines)), times: Vec::new() }
    }

    /// The median of all runs, in nanoseconds per event.
    fn median(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times[self.times.len() / 2].as_nanos() as f64 / self.events as f64
    }
}

/// Runs all contenders in turn, five times. Prints the cost of an event in each, and its ratio to the first.
fn compare(title: &str, mut contenders: Vec<Contender<'_>>) {
    for _ in 0..RUNS {
        for contender in &mut contenders {
            let begun = ThreadTime::now();
            (contender.run)();
            contender.times.push(begun.elapsed());
        }
    }
    println!("\n{title}");
    let first = contenders[0].median();
    for contender in &mut contenders {
        let each = contender.median();
        println!("  {:<44}{each:>9.0} ns an event{:>9.0} k events/s{:>8.2} x", contender.name, 1e6 / each, each / first);
    }
}

fn bare(lines: &[Line]) {
    for line in lines {
        black_box(serde_json::from_slice::<Bare<'_, i64>>(line.payload.as_bytes()).expect("the lines are valid"));
    }
}

fn handled(windows: &'static [(&'static str, &'static str)]) -> impl Fn(&[Line]) {
    move |lines| {
        let mut engine = TrafficEngine::new(configuration(windows));
        lines.iter().for_each(|line| engine.take(line));
        black_box(engine.engine().snapshot());
    }
}

fn decoded(lines: &[Line]) {
    let engine = TrafficEngine::new(configuration(&[]));
    lines.iter().for_each(|line| engine.decode_only(line));
}

fn main() {
    let of = |tickets: u64, label_sets: u64, delay_max: Span| -> Vec<Line> {
        Traffic { tickets, customers: tickets / 5, label_sets, over: Span::days(2), delay_max }.lines().collect()
    };
    let lines = of(30_000, 66, Span(0));
    let bytes: usize = lines.iter().map(|line| line.payload.len()).sum();
    println!("{} events of {} bytes on average", lines.len(), bytes / lines.len());
    compare(
        "decode and engine, default windows and grouping sets, beside bare serde_json",
        vec![
            Contender::new("bare typed serde_json", &lines, bare),
            Contender::new("decode", &lines, decoded),
            Contender::new("decode and engine", &lines, handled(&[])),
        ],
    );
    for (name, delay) in [("in order", Span(0)), ("delays of 0 to 45 minutes", Span::minutes(45))] {
        let lines = of(30_000, 66, delay);
        compare(
            &format!("windows, {name}: decode and engine"),
            vec![
                Contender::new("1 window, of 30 days", &lines, handled(&TEN[9..])),
                Contender::new("1 window, of 5 minutes", &lines, handled(&TEN[..1])),
                Contender::new("5 windows, the default ones", &lines, handled(&[])),
                Contender::new("10 windows", &lines, handled(&TEN)),
                Contender::new("decode alone", &lines, decoded),
            ],
        );
    }
    // A million events, so that each label set has many: otherwise its cost at the first event would dominate.
    let [few, many, most] = [10, 1_000, 10_000].map(|sets| of(100_000, sets, Span(0)));
    compare(
        "label sets, a million events: decode and engine",
        vec![
            Contender::new("10", &few, handled(&[])),
            Contender::new("1,000", &many, handled(&[])),
            Contender::new("10,000", &most, handled(&[])),
            Contender::new("decode alone", &few, decoded),
        ],
    );
}
