//! `[run]` and `[log]`: how the service starts, evaluates windows and writes logs.
//!
//! Does not know how the parts act on these settings.

use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::duration::within;
use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::value::{chosen, number_within, shown};
use super::{Clock, LogSettings, RunSettings, Start};
use crate::time::Span;

/// More workers than this would have hardly any partitions each.
const WORKERS_MAX: i64 = 64;

pub(super) fn run(mut section: Section<'_>) -> RunSettings {
    let start = choice(&mut section, "start", [("beginning", Start::Beginning), ("time", Start::Time)]);
    let clock = choice(&mut section, "clock", [("wall", Clock::Wall), ("event", Clock::Event)]);
    let workers = usize::try_from(section.checked("workers", 0, number_within(0, WORKERS_MAX))).unwrap_or_default();
    let interval = section.checked("snapshot_interval", Span(250), within(Span(10), Span::minutes(1)));
    if clock == Clock::Event && start == Start::Time {
        let what = "`time` leaves events out, but `clock = \"event\"` is for reading everything from the first offset";
        section
            .complain("start", complaint(ProblemKind::StartContradictsClock, what, "use `start = \"beginning\"`, or `clock = \"wall\"`"));
    }
    section.finish();
    let workers = if workers == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { workers };
    RunSettings { start, clock, workers, snapshot_interval: Duration::from_millis(interval.0.unsigned_abs()) }
}

/// The value of a key with a closed set of words, of which the first is the default.
fn choice<T: Copy, const N: usize>(section: &mut Section<'_>, key: &'static str, choices: [(&'static str, T); N]) -> T {
    let Some(word) = section.value::<String>(key) else { return choices[0].1 };
    chosen(&word, &choices).unwrap_or_else(|complaint| {
        section.complain(key, complaint);
        choices[0].1
    })
}

pub(super) fn log(mut section: Section<'_>) -> LogSettings {
    let filter = section.checked("filter", "info".to_owned(), |filter: &String| match EnvFilter::builder().parse(filter) {
        Ok(_) if !filter.trim().is_empty() => Ok(()),
        _ => {
            let what = format!("`{}` is no filter; allowed are levels (`error`, `warn`, `info`, `debug`, `trace`, `off`) and `module=level`, with commas between", shown(filter));
            Err(complaint(ProblemKind::BadFilter, what, "write such as `info` or `info,cxpulse::kafka=debug`"))
        }
    });
    let json = section.or("json", false);
    section.finish();
    LogSettings { filter, json }
}
