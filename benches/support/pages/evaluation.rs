//! From the records of an organisation to the episodes of the shipped alerts: the engine's samples as blocks, the recording rules pass by pass, then
//! every alert.
//!
//! Does not know incidents, nor which episode is right.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use cxpulse::command::replay::History;
use cxpulse::config::Configuration;
use cxpulse::metrics::FamilySelection;
use cxpulse::time::EventTime;

use super::episodes::{Episode, episodes};
use super::organisation::{DAY, Line, START};
use super::reads::Reads;
use super::server::{Series, Server, add_blocks};
use super::shipped::Shipped;

/// The seconds from one evaluation to the next.
pub(crate) const STEP: i64 = 300;

/// What must hold at every step, so that a condition need not be bridged over gaps.
const SETTLED: &str = "cx:windows_settled:bool == 1";

/// The means over an hour that the comparators watch, by team: answers and first responses.
pub(crate) const COMPARED: [&str; 2] = [
    "cx_csat_satisfied_responses_by_team{window=\"1h\"} / (cx_csat_responses_by_team{window=\"1h\"} > 0)",
    "cx_first_response_seconds_by_team_sum{window=\"1h\"} / ignoring (le) (cx_first_response_seconds_by_team_bucket{window=\"1h\",le=\"+Inf\"} > 0)",
];

/// An alert that fired.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) alert: String,
    pub(crate) is_of_organisation: bool,
    pub(crate) severity: String,
    /// The team, where the alert speaks of one.
    pub(crate) team: Option<String>,
    pub(crate) episode: Episode,
}

/// What one run of the organisation gave.
pub(crate) struct Evaluated {
    pub(crate) fired: Vec<Fired>,
    /// For each expression of the comparators: the values by team, at each step of the whole run.
    pub(crate) compared: Vec<BTreeMap<String, BTreeMap<i64, f64>>>,
}

/// The configuration of the made organisation: the default one with targets that quiet times keep.
pub(crate) fn configuration() -> Configuration {
    let targets = [
        ("targets.csat.value", "0.75"),
        ("targets.first_response.within", "8h"),
        ("targets.first_response.share", "0.7"),
        ("targets.chat_wait.within", "90s"),
        ("targets.chat_wait.share", "0.7"),
        ("targets.nps_service.value", "30"),
    ];
    let flags = targets.map(|(key, value)| (key.to_owned(), value.to_owned()));
    cxpulse::config::load(None, [], &flags).expect("a configuration without a fault").configuration
}

/// Evaluates the alerts, and the expressions of the comparators, over days of which the first `warm_days` only fill the windows. The blocks stay in a new
/// folder below `keep`, if there is one, so that a Prometheus over them can answer why an alert fired.
pub(crate) fn evaluate(shipped: &Shipped, compared: &[&str], lines: &[Line], warm_days: i64, days: i64, keep: Option<&Path>) -> Evaluated {
    let place = keep.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let mut folder = tempfile::Builder::new().prefix("cxpulse-pages-").tempdir_in(place).expect("the folder is writable");
    folder.disable_cleanup(keep.is_some());
    let (text, blocks) = (folder.path().join("samples.om"), folder.path().join("blocks"));
    let (begin, from, to) = (START.as_seconds() as i64, (START.0 + warm_days * DAY) / 1_000, (START.0 + days * DAY) / 1_000);
    let more: Vec<String> = compared.iter().map(|expression| (*expression).to_owned()).chain([SETTLED.to_owned()]).collect();
    let reads = shipped.reads(&more);
    write_samples(&reads, lines, days, &text);
    add_blocks(&text, &blocks);
    for pass in shipped.passes(&more) {
        let server = Server::over(&blocks);
        let mut out = BufWriter::new(std::fs::File::create(&text).expect("the folder is writable"));
        for rule in pass {
            let name = rule.record.as_deref().unwrap_or_default();
            server.query_range(&shipped.written_out(&rule.expr), begin, to, STEP, |series| {
                write_series(&mut out, &reads, name, &rule.labels, &series);
            });
        }
        out.write_all(b"# EOF\n").and_then(|()| out.flush()).expect("the disk has room");
        drop(server);
        add_blocks(&text, &blocks);
    }
    let server = Server::over(&blocks);
    assert_settled(&server, from, to);
    let fired = fired(shipped, &server, from, to);
    let compared = compared.iter().map(|expression| by_team(&server, expression, begin, to)).collect();
    Evaluated { fired, compared }
}

/// Without a gap in the values a condition is the same with and without its bridge over gaps.
fn assert_settled(server: &Server, from: i64, to: i64) {
    let mut settled = 0;
    server.query_range(SETTLED, from, to, STEP, |series| settled += series.values.len() as i64);
    assert_eq!(settled, (to - from) / STEP + 1, "the windows are settled at every step");
}

fn fired(shipped: &Shipped, server: &Server, from: i64, to: i64) -> Vec<Fired> {
    let mut fired = Vec::new();
    for rule in shipped.alerts.iter().filter(|rule| rule.alert.as_deref() != Some("CxWatchdog")) {
        let mut active: BTreeMap<BTreeMap<String, String>, Vec<i64>> = BTreeMap::new();
        server.query_range(&shipped.written_out(rule.condition_without_gaps()), from, to, STEP, |series| {
            let mut labels = series.metric;
            labels.remove("__name__");
            active.entry(labels).or_default().extend(series.values.iter().map(|(at, _)| *at as i64));
        });
        let (hold, keep) = rule.times_seconds();
        for (labels, instants) in active {
            let label = |name: &str| rule.labels.get(name).cloned().unwrap_or_default();
            fired.extend(episodes(&instants, from, to, STEP, hold, keep).into_iter().map(|episode| Fired {
                alert: rule.alert.clone().unwrap_or_default(),
                is_of_organisation: label("about") == "organisation",
                severity: label("severity"),
                team: labels.get("team").cloned(),
                episode,
            }));
        }
    }
    fired
}

fn by_team(server: &Server, expression: &str, from: i64, to: i64) -> BTreeMap<String, BTreeMap<i64, f64>> {
    let mut values: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    server.query_range(expression, from, to, STEP, |series| {
        let of_team = values.entry(series.metric.get("team").cloned().unwrap_or_default()).or_default();
        of_team.extend(series.values.iter().filter_map(|(at, value)| Some((*at as i64, value.parse().ok()?))));
    });
    values
}

/// Drives the engine through the records by their arrival, and writes what a Prometheus with one replica would have scraped.
fn write_samples(reads: &Reads, lines: &[Line], days: i64, text: &Path) {
    let configuration = configuration();
    let mut history = History::new(&configuration, FamilySelection::of(reads.families().iter().map(String::as_str)));
    let mut out = BufWriter::new(std::fs::File::create(text).expect("the folder is writable"));
    let mut lines = lines.iter().peekable();
    let mut scrape = Vec::new();
    for step in 0..=days * DAY / (STEP * 1_000) {
        let now = EventTime(START.0 + step * STEP * 1_000);
        while let Some(line) = lines.next_if(|line| line.arrives <= now) {
            history.take(line.topic, line.payload.as_bytes());
        }
        scrape.clear();
        history.write(now, &mut scrape).expect("memory takes all that is written to it");
        let scrape = std::str::from_utf8(&scrape).expect("the text is UTF-8");
        scrape.lines().filter(|line| reads.has(line)).for_each(|line| write_of_job(&mut out, line));
        writeln!(out, "up{{job=\"cxpulse\"}} 1 {}", now.as_seconds()).expect("the disk has room");
    }
    out.write_all(b"# EOF\n").and_then(|()| out.flush()).expect("the disk has room");
}

/// Writes a sample with the label that Prometheus gives its job.
fn write_of_job(out: &mut impl Write, sample: &str) {
    let written = match sample.split_once('{') {
        Some((name, rest)) => writeln!(out, "{name}{{job=\"cxpulse\",{rest}"),
        None => {
            let (name, rest) = sample.split_once(' ').expect("a sample has a value");
            writeln!(out, "{name}{{job=\"cxpulse\"}} {rest}")
        }
    };
    written.expect("the disk has room");
}

/// Writes the samples of a recorded series, if any later expression reads it.
fn write_series(out: &mut impl Write, reads: &Reads, name: &str, more: &BTreeMap<String, String>, series: &Series) {
    let own = series.metric.iter().filter(|(label, _)| *label != "__name__" && !more.contains_key(*label));
    let labels: Vec<String> = own.chain(more).map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let series_itself = format!("{name}{{{}}}", labels.join(","));
    if reads.has(&series_itself) {
        for (at, value) in &series.values {
            writeln!(out, "{series_itself} {value} {at}").expect("the disk has room");
        }
    }
}
