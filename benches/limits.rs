//! Partition groups under attack, one for each core, as a service has them: for five minutes nothing but refused records beside good ones, then a million
//! records of each other kind. Run it with `cargo bench --bench limits`; `CXPULSE_BENCH_SECONDS` sets another time for refused records, and
//! `CXPULSE_BENCH_EVENTS` another number of the others.
//!
//! It ends with an error where the resident memory leaves the announced budget, where less than 100,000 good records pass in a second, or where a counter
//! is wrong.

#[path = "support/attack.rs"]
mod attack;

use std::time::{Duration, Instant};

use attack::{Attack, Hostile, Report};

/// The least number of good records in a second, by all groups together.
const GOOD_A_SECOND_MIN: f64 = 100_000.0;
const MIB: f64 = 1_048_576.0;

fn main() {
    let variable = |name: &str, default: u64| std::env::var_os(name).and_then(|n| n.to_str()?.parse().ok()).unwrap_or(default);
    let (seconds, events) = (Duration::from_secs(variable("CXPULSE_BENCH_SECONDS", 300)), variable("CXPULSE_BENCH_EVENTS", 1_000_000));
    let groups = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut attacks: Vec<Attack> = (0..groups).map(|_| Attack::new(1)).collect();
    let budget: u64 = attacks.iter().map(Attack::budget).sum();
    println!("{groups} groups, budget {:.0} MiB", budget as f64 / MIB);
    println!(
        "{:<12}{:>12}{:>12}{:>12}{:>16}{:>16}{:>14}{:>12}",
        "attack", "hostile", "good", "good/s", "good/s of CPU", "slowest second", "resident MiB", "in use MiB"
    );
    let mut is_kept = true;
    for hostile in Hostile::ALL {
        let goes_on = |records, since| if hostile == Hostile::Invalid { since < seconds } else { records < events };
        let begun = Instant::now();
        let reports: Vec<Report> = std::thread::scope(|scope| {
            let running: Vec<_> = attacks.iter_mut().map(|attack| scope.spawn(move || attack.run(hostile, goes_on))).collect();
            running.into_iter().map(|attack| attack.join().expect("an attack runs to its end")).collect()
        });
        let took = begun.elapsed().as_secs_f64();
        let sum = |of: fn(&Report) -> f64| reports.iter().map(of).sum::<f64>();
        let (good, resident) = (sum(|report| report.records[1] as f64), reports.iter().map(|report| report.resident).max());
        println!(
            "{:<12}{:>12}{:>12}{:>12.0}{:>16.0}{:>16.0}{:>14.0}{:>12.0}",
            format!("{hostile:?}"),
            sum(|report| report.records[0] as f64),
            good,
            good / took,
            sum(Report::good_a_second) / groups as f64,
            reports.iter().map(|report| report.slowest).fold(f64::INFINITY, f64::min),
            resident.unwrap_or_default() as f64 / MIB,
            reports.iter().map(|report| report.in_use).max().unwrap_or_default() as f64 / MIB
        );
        is_kept &= resident <= Some(budget) && good / took >= GOOD_A_SECOND_MIN;
    }
    attacks.iter_mut().for_each(|attack| attack.check_counters(&Hostile::ALL));
    println!("every record has its outcome, and every opened ticket is counted");
    assert!(is_kept, "the memory left the budget, or fewer than {GOOD_A_SECOND_MIN:.0} good records passed in a second");
}
