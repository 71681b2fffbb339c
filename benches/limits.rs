//! A partition group under attack: for five minutes nothing but refused records beside good ones, then a million records of each other kind. Run it with
//! `cargo bench --bench limits`; `CXPULSE_BENCH_SECONDS` sets another time for refused records, and `CXPULSE_BENCH_EVENTS` another number of the others.
//!
//! It ends with an error where the resident memory leaves the announced budget, where less than 100,000 good records pass in a second of CPU time, or
//! where a counter is wrong.

#[path = "support/attack.rs"]
mod attack;

use std::time::Duration;

use attack::{Attack, Hostile};

/// The least number of good records for each second of CPU time.
const GOOD_A_SECOND_MIN: f64 = 100_000.0;
const MIB: f64 = 1_048_576.0;

fn main() {
    let variable = |name: &str, default: u64| std::env::var_os(name).and_then(|n| n.to_str()?.parse().ok()).unwrap_or(default);
    let (seconds, events) = (Duration::from_secs(variable("CXPULSE_BENCH_SECONDS", 300)), variable("CXPULSE_BENCH_EVENTS", 1_000_000));
    let mut attack = Attack::new(1);
    let budget = attack.budget();
    println!("budget {:.0} MiB", budget as f64 / MIB);
    println!(
        "{:<12}{:>12}{:>12}{:>16}{:>16}{:>14}{:>12}",
        "attack", "hostile", "good", "good/s of CPU", "slowest second", "resident MiB", "in use MiB"
    );
    let mut is_kept = true;
    for hostile in Hostile::ALL {
        let report = attack.run(hostile, |records, since| if hostile == Hostile::Invalid { since < seconds } else { records < events });
        println!(
            "{:<12}{:>12}{:>12}{:>16.0}{:>16.0}{:>14.0}{:>12.0}",
            format!("{hostile:?}"),
            report.records[0],
            report.records[1],
            report.good_a_second(),
            report.slowest,
            report.resident as f64 / MIB,
            report.in_use as f64 / MIB
        );
        is_kept &= report.resident <= budget && report.good_a_second() >= GOOD_A_SECOND_MIN;
    }
    attack.check_counters(&Hostile::ALL);
    println!("every record has its outcome, and every opened ticket is counted");
    assert!(is_kept, "the memory left the budget, or fewer than {GOOD_A_SECOND_MIN:.0} good records passed in a second");
}
