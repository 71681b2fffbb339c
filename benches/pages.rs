//! How often the shipped alerts are wrong, how many incidents they find, and how long that takes, beside what people use today and beside the bound.
//! Run it with `cargo bench --bench pages`; `benches/README.md` says how to run the whole. Needs `promtool` and `prometheus`.

#[allow(dead_code, unused_imports, reason = "the tests of its parts run in `tests/pages.rs`, which also uses other parts")]
#[path = "support/pages/mod.rs"]
mod pages;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use pages::comparators::{Comparator, Values};
use pages::evaluation::{COMPARED, Evaluated, Fired, evaluate};
use pages::incidents::{Incident, Kind, planned};
use pages::judgement::{bound_hours, is_eligible, judge, quantile};
use pages::organisation::{DAY, START, TEAMS, lines};
use pages::shipped::Shipped;

/// The seeds on which the numbers of the comparators are chosen. No table shows a run of them.
const CALIBRATION_SEED: u64 = 900;
const FIRST_PLANTED_SEED: u64 = 100;
const DAYS_OF_A_MONTH: f64 = 30.4;

/// The incidents of one team or of all: the kind, its hours, and whether it concerns all.
const KINDS: [(Kind, i64, bool); 30] = [
    (Kind::Csat(0.3), 24, false),
    (Kind::Response(4.0), 8, false),
    (Kind::Csat(0.2), 24, false),
    (Kind::Response(2.0), 72, false),
    (Kind::Csat(0.2), 168, false),
    (Kind::Response(2.0), 8, false),
    (Kind::Effort(0.2), 72, false),
    (Kind::ChatWait(5.0), 24, false),
    (Kind::Csat(0.1), 168, false),
    (Kind::Response(4.0), 72, false),
    (Kind::Csat(0.3), 168, false),
    (Kind::Unanswered, 24, false),
    (Kind::Csat(0.3), 6, false),
    (Kind::Response(1.5), 72, false),
    (Kind::Csat(0.2), 6, false),
    (Kind::Response(4.0), 2, false),
    (Kind::Csat(0.1), 24, false),
    (Kind::Response(1.5), 8, false),
    (Kind::Nps(0.25), 168, false),
    (Kind::Volume(2.0), 72, false),
    (Kind::Csat(0.1), 6, false),
    (Kind::Response(2.0), 2, false),
    (Kind::Drift(0.2), 336, false),
    (Kind::FeedStops, 3, true),
    (Kind::FeedBehind, 12, true),
    (Kind::FeedTwice, 6, true),
    (Kind::SurveysStop, 24, true),
    (Kind::Response(2.0), 8, true),
    (Kind::Volume(0.2), 24, true),
    (Kind::Response(4.0), 72, true),
];

/// The size of a run.
struct Size {
    first_seed: u64,
    quiet_seeds: u64,
    rounds: usize,
    warm_days: i64,
    days: i64,
}

/// What all runs gave.
struct Runs {
    size: Size,
    quiet: Vec<Evaluated>,
    calibration: Evaluated,
    planted: Vec<(Vec<Incident>, Evaluated)>,
}

fn main() {
    let text = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
    let number = |name: &str, usual: i64| {
        text(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not `{text}`")))
    };
    let warm_days = number("CXPULSE_BENCH_WARM_DAYS", 30);
    let size = Size {
        first_seed: number("CXPULSE_BENCH_FIRST_SEED", 1).unsigned_abs(),
        quiet_seeds: number("CXPULSE_BENCH_SEEDS", 1).unsigned_abs(),
        rounds: number("CXPULSE_BENCH_ROUNDS", 1) as usize,
        warm_days,
        days: warm_days + number("CXPULSE_BENCH_DAYS", 15),
    };
    let folder = text("CXPULSE_BENCH_RULES").map_or_else(|| PathBuf::from("deploy/prometheus"), PathBuf::from);
    let mut shipped = Shipped::read(&folder);
    let alerts = text("CXPULSE_BENCH_ALERTS").unwrap_or_default();
    shipped.keep_alerts(&alerts.split(',').filter(|name| !name.is_empty()).collect::<Vec<_>>());
    let keep = std::env::var_os("CXPULSE_BENCH_HISTORIES").map(PathBuf::from);
    let run = |seed: u64, incidents: Vec<Incident>| {
        let begun = Instant::now();
        let evaluated = evaluate(&shipped, &COMPARED, &lines(seed, size.days, &incidents), size.warm_days, size.days, keep.as_deref());
        eprintln!("seed {seed}, {} incidents, after {} s: {:?}", incidents.len(), begun.elapsed().as_secs(), counts(&evaluated));
        incidents.iter().for_each(|incident| eprintln!("seed {seed}: {}", line_of(incident, &evaluated)));
        evaluated.fired.iter().for_each(|one| eprintln!("seed {seed}: {}", line_of_episode(one)));
        (incidents, evaluated)
    };
    let (mut quiet, planted): (Vec<_>, Vec<_>) =
        side_by_side(plan(&size), run).into_iter().partition(|(incidents, _)| incidents.is_empty());
    let (_, calibration) = quiet.pop().expect("the calibration is run too");
    let quiet = quiet.into_iter().map(|(_, evaluated)| evaluated).collect();
    let runs = Runs { size, quiet, calibration, planted };
    print_quiet(&shipped, &runs);
    print_planted(&runs);
    print_eligible(&runs);
    print_comparators(&runs);
}

/// The seeds with their incidents. Quiet times, of which the last is the calibration, and times with incidents take turns, so that a run that is ended early
/// has said something of both.
fn plan(size: &Size) -> Vec<(u64, Vec<Incident>)> {
    let quiet: Vec<u64> = (size.first_seed..size.first_seed + size.quiet_seeds).chain([CALIBRATION_SEED]).collect();
    let turns = (0..quiet.len().max(size.rounds)).flat_map(|turn| {
        let planted = || (FIRST_PLANTED_SEED + size.first_seed - 1 + turn as u64, planned(&KINDS, size.warm_days, size.days, turn));
        let quiet = quiet.get(turn).map(|seed| (*seed, Vec::new()));
        quiet.into_iter().chain((turn < size.rounds).then(planted))
    });
    turns.collect()
}

/// Runs each seed with its incidents, as many at once as there are cores, and gives what they gave in their order.
fn side_by_side<T: Send>(runs: Vec<(u64, Vec<Incident>)>, run: impl Fn(u64, Vec<Incident>) -> T + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (count, open) = (runs.len(), Mutex::new(runs.into_iter().enumerate()));
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work = || {
            let next = || open.lock().expect("no run panics while it holds the lock").next();
            std::iter::from_fn(next).map(|(at, (seed, incidents))| (at, run(seed, incidents))).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..cores.min(count)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no run panics")).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, what)| what).collect()
}

/// How often each alert fired. A run takes minutes, and a later one may not end.
fn counts(evaluated: &Evaluated) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    evaluated.fired.iter().for_each(|one| *counts.entry(one.alert.as_str()).or_default() += 1);
    counts
}

/// What became of one incident. The whole table comes only after hours.
fn line_of(incident: &Incident, evaluated: &Evaluated) -> String {
    let (found, team) = (judge(incident, &evaluated.fired), incident.team.map_or("all", |team| TEAMS[team].0));
    let (delay, bound) = (text_of_hours(found.delay_hours), text_of_hours(bound_hours(incident)));
    format!("{} for {} h of {team}, bound {bound}: {delay}, besides {:?}", incident.kind.name(), incident.hours(), found.besides)
}

/// One episode of an alert, by the hours from the start of the history.
fn line_of_episode(one: &Fired) -> String {
    let hour = |at: i64| (at - START.0 / 1_000) as f64 / 3_600.0;
    let (alert, team, episode) = (&one.alert, one.team.as_deref().unwrap_or("all"), &one.episode);
    format!("{alert} of {team} fires from hour {:.1} to {:.1}", hour(episode.from), hour(episode.to))
}

/// Hours in a table. A bound is infinite where what comes within two weeks does not suffice.
fn text_of_hours(hours: Option<f64>) -> String {
    match hours {
        None => "-".to_owned(),
        Some(hours) if hours.is_finite() => format!("{hours:.1} h"),
        Some(_) => "over 14 d".to_owned(),
    }
}

fn print_quiet(shipped: &Shipped, runs: &Runs) {
    let months = runs.quiet.len() as f64 * (runs.size.days - runs.size.warm_days) as f64 / DAYS_OF_A_MONTH;
    println!("Quiet times: {months:.1} organisation-months of {} teams.", TEAMS.len());
    println!("| alert | severity | false episodes | a team-month | an organisation-month |\n|---|---|---|---|---|");
    let mut counts: Vec<(String, String, usize)> = Vec::new();
    for rule in &shipped.alerts {
        let name = rule.alert.clone().unwrap_or_default();
        if name != "CxWatchdog" && !counts.iter().any(|(known, ..)| *known == name) {
            let fired = runs.quiet.iter().flat_map(|run| &run.fired).filter(|one| one.alert == name).count();
            counts.push((name, rule.labels.get("severity").cloned().unwrap_or_default(), fired));
        }
    }
    for (name, severity, count) in &counts {
        println!("| {name} | {severity} | {count} | {:.2} | {:.2} |", *count as f64 / months / TEAMS.len() as f64, *count as f64 / months);
    }
    let pages = runs.quiet.iter().flat_map(|run| &run.fired).filter(|one| one.is_of_organisation && one.severity != "info").count();
    println!(
        "\nFalse pages about the organisation, all alerts of warning and above together: {:.2} an organisation-month.\n",
        pages as f64 / months
    );
}

fn print_planted(runs: &Runs) {
    println!(
        "Planted incidents. The bound is that of one false alarm a month for the organisation; an incident is eligible if the bound is at most half of its length."
    );
    println!(
        "| incident | for | of | planted | found | eligible | of these found | median delay | 90 % delay | median bound | other alerts |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (kind, hours, is_of_all) in KINDS {
        let is_it =
            |incident: &&Incident| incident.kind == kind && incident.hours() as i64 == hours && incident.team.is_none() == is_of_all;
        let mut besides: BTreeMap<String, usize> = BTreeMap::new();
        let (mut planted, mut eligible, mut eligible_found, mut delays, mut bounds) = (0, 0, 0, Vec::new(), Vec::new());
        for (incidents, evaluated) in &runs.planted {
            for incident in incidents.iter().filter(is_it) {
                let found = judge(incident, &evaluated.fired);
                planted += 1;
                eligible += usize::from(is_eligible(incident));
                eligible_found += usize::from(is_eligible(incident) && found.delay_hours.is_some());
                delays.extend(found.delay_hours);
                bounds.extend(bound_hours(incident));
                found.besides.into_iter().for_each(|(alert, count)| *besides.entry(alert).or_default() += count);
            }
        }
        if planted > 0 {
            let found = delays.len();
            let others: Vec<String> = besides.iter().map(|(alert, count)| format!("{alert} {count}")).collect();
            println!(
                "| {} | {hours} h | {} | {planted} | {found} | {eligible} | {eligible_found} | {} | {} | {} | {} |",
                kind.name(),
                if is_of_all { "all" } else { "one team" },
                text_of_hours(quantile(&mut delays, 0.5)),
                text_of_hours(quantile(&mut delays, 0.9)),
                text_of_hours(quantile(&mut bounds, 0.5)),
                if others.is_empty() { "-".to_owned() } else { others.join(", ") },
            );
        }
    }
}

/// What was found of the incidents that can be, and how late beside the bound.
fn print_eligible(runs: &Runs) {
    println!("\n| eligible incidents of | planted | found | median of delay by bound |\n|---|---|---|---|");
    let is_of_times = |kind: Kind| matches!(kind, Kind::Response(_) | Kind::ChatWait(_));
    for (name, of_times) in [("answers", false), ("times", true)] {
        let all = runs.planted.iter().flat_map(|(incidents, evaluated)| incidents.iter().map(move |incident| (incident, evaluated)));
        let eligible = all.filter(|(incident, _)| is_of_times(incident.kind) == of_times && is_eligible(incident));
        let delays: Vec<(Option<f64>, Option<f64>)> =
            eligible.map(|(incident, evaluated)| (judge(incident, &evaluated.fired).delay_hours, bound_hours(incident))).collect();
        let mut ratios: Vec<f64> = delays.iter().filter_map(|(delay, bound)| Some((*delay)? / (*bound)?)).collect();
        let ratio = quantile(&mut ratios, 0.5).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}"));
        println!("| {name} | {} | {} | {ratio} |", delays.len(), ratios.len());
    }
}

/// The comparators, each with its usual number and with the one that gives at most one false episode a month of the organisation in the calibration.
fn print_comparators(runs: &Runs) {
    println!(
        "\nWhat people use today, on the same values.\n| comparator | of | number | false episodes a team-month | found | median delay |\n|---|---|---|---|---|---|"
    );
    let months = (runs.size.days - runs.size.warm_days) as f64 / DAYS_OF_A_MONTH;
    let (from, to) = ((START.0 + runs.size.warm_days * DAY) / 1_000, (START.0 + runs.size.days * DAY) / 1_000);
    for (at, falls) in [(0, true), (1, false)] {
        for comparator in Comparator::ALL {
            let episodes = |values: &Values, number: f64| comparator.episodes(values, falls, number, from, to);
            let false_ones =
                |run: &Evaluated, number: f64| run.compared[at].values().map(|values| episodes(values, number).len()).sum::<usize>();
            let numbers = comparator.numbers(falls);
            let calibrated = numbers.iter().copied().find(|number| false_ones(&runs.calibration, *number) as f64 <= months.max(0.5));
            for (what, number) in [("usual", numbers.first().copied()), ("calibrated", calibrated)] {
                let Some(number) = number else { continue };
                let wrong: usize = runs.quiet.iter().map(|run| false_ones(run, number)).sum();
                let (mut planted, mut delays) = (0, Vec::new());
                for (incidents, evaluated) in &runs.planted {
                    for incident in incidents.iter().filter(|incident| is_compared(incident.kind, falls) && is_eligible(incident)) {
                        planted += 1;
                        let team = TEAMS[incident.team.unwrap_or_default()].0;
                        let begins = incident.from.0 / 1_000..=incident.to.0 / 1_000;
                        let found = evaluated.compared[at].get(team).map(|values| episodes(values, number)).unwrap_or_default();
                        delays.extend(
                            found
                                .iter()
                                .find(|episode| begins.contains(&episode.from))
                                .map(|one| (one.from - begins.start()) as f64 / 3_600.0),
                        );
                    }
                }
                println!(
                    "| {} | {} | {number:.2} ({what}) | {:.2} | {} of {planted} eligible | {} |",
                    comparator.name(),
                    if falls { "CSAT" } else { "first response" },
                    wrong as f64 / months / runs.quiet.len().max(1) as f64 / TEAMS.len() as f64,
                    delays.len(),
                    text_of_hours(quantile(&mut delays, 0.5)),
                );
            }
        }
    }
}

fn is_compared(kind: Kind, falls: bool) -> bool {
    if falls { matches!(kind, Kind::Csat(_)) } else { matches!(kind, Kind::Response(_)) }
}
