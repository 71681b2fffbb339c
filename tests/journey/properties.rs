//! Random histories compared with the slow recomputation: in any order of arrival, and long ones whose past is forgotten.
//!
//! `CXPULSE_CASES` sets the number of cases; the long property runs one in twenty of them. The seed of a failure is kept in `proptest-regressions.txt`
//! beside this file. Every later run tries it first.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::facts::{Event, What, events};
use super::model::expected;
use super::world::{DAY, HOUR, STAGES, World};
use crate::exposition::Exposition as Scrape;

const WINDOWS: &str = r#"[
    { name = "1h", range = "1h", hop = "1m" },
    { name = "24h", range = "24h", hop = "15m" },
    { name = "7d", range = "7d", hop = "1h" },
    { name = "30d", range = "30d", hop = "6h" },
]"#;
/// The same windows, in the form that the model takes.
const WINDOWS_MS: [(&str, i64, i64); 4] = [("1h", HOUR, 60_000), ("24h", DAY, 900_000), ("7d", 7 * DAY, HOUR), ("30d", 30 * DAY, 6 * HOUR)];

fn world(windows: &str, lateness: &str) -> World {
    World::with(&[("journey.stages", STAGES), ("windows", windows)], lateness)
}

/// A configuration with one in `sparing` of the wanted cases.
fn configured(sparing: u32) -> ProptestConfig {
    let wanted = std::env::var_os("CXPULSE_CASES").map(|n| n.to_str().and_then(|n| n.parse().ok()).expect("CXPULSE_CASES is a number"));
    let persistence = FileFailurePersistence::Direct("tests/journey/proptest-regressions.txt");
    ProptestConfig {
        cases: wanted.unwrap_or(256u32).div_ceil(sparing),
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::default()
    }
}

/// Every expected series whose value differs.
fn faults(events: &[Event], now: i64, windows: &[(&str, i64, i64)], scrape: &Scrape) -> Vec<String> {
    let wrong = |(series, wanted): (&String, &Option<f64>)| {
        let got = scrape.value(series);
        let is_right = match (wanted, got) {
            (Some(wanted), Some(got)) => (wanted - got).abs() <= 1e-9 * wanted.abs().max(1.0),
            // A label set that was never seen is absent and counts as 0. One that was seen may have the value 0.
            (Some(wanted), None) => *wanted == 0.0,
            (None, Some(got)) => series.starts_with("cx_journey_transition_ratio") && got == 0.0,
            (None, None) => true,
        };
        (!is_right).then(|| format!("{series}: expected {wanted:?}, got {got:?}"))
    };
    expected(events, now, windows).iter().filter_map(wrong).collect()
}

proptest! {
    #![proptest_config(configured(1))]

    #[test]
    fn any_order_of_arrival_gives_what_a_recomputation_gives(
        happened in events(1..40, 3, 3 * DAY),
        order in prop::collection::vec(any::<u32>(), 40),
        looks in prop::collection::vec(0usize..40, 0..3),
        ahead in prop_oneof![Just(0), 0..HOUR, 0..12 * DAY],
    ) {
        let mut world = world(WINDOWS, "3000d");
        let mut arriving: Vec<(u32, &Event)> = order.iter().copied().zip(&happened).collect();
        arriving.sort_by_key(|(key, _)| *key);
        let mut now = i64::MIN;
        for (nth, (_, event)) in arriving.iter().enumerate() {
            event.give(&mut world);
            if looks.contains(&nth) {
                let seen: Vec<Event> = arriving[..=nth].iter().map(|(_, e)| (*e).clone()).collect();
                now = now.max(seen.iter().map(|e| e.at).max().unwrap_or(now));
                let found = faults(&seen, now, &WINDOWS_MS, &world.look(now));
                prop_assert!(found.is_empty(), "after {} events: {found:#?}", nth + 1);
            }
            if nth % 11 == 10 {
                world.hand_over();
            }
        }
        now = now.max(happened.iter().map(|e| e.at).max().unwrap_or(now) + ahead);
        let found = faults(&happened, now, &WINDOWS_MS, &world.look(now));
        prop_assert!(found.is_empty(), "{found:#?}");
    }
}

proptest! {
    // A case is twenty times as long as one of the other property.
    #![proptest_config(configured(20))]

    #[test]
    fn a_long_history_of_which_the_past_is_forgotten_gives_the_same(
        happened in events(300..600, 2, 8 * HOUR),
        swaps in prop::collection::vec(any::<bool>(), 600),
    ) {
        // The sums of an erased life stay when it is forgotten, so only the other test has erasures.
        let happened: Vec<Event> = happened.into_iter().filter(|e| e.what != What::Erased).collect();
        // The allowed lateness is one day. Neighbouring events arrive in reverse order, unless leaving out erasures has made a longer gap between them.
        let mut world = world(WINDOWS, "1d");
        let mut arriving: Vec<&Event> = happened.iter().collect();
        for at in (1..arriving.len()).step_by(2) {
            if swaps[at] && arriving[at].at - arriving[at - 1].at < DAY {
                arriving.swap(at - 1, at);
            }
        }
        let mut seen: Vec<Event> = Vec::new();
        let mut now = i64::MIN;
        for (nth, event) in arriving.iter().enumerate() {
            now = now.max(event.at);
            // `now` moves on, so that panes leave and the past is forgotten.
            if nth % 7 == 0 {
                world.look(now);
            }
            event.give(&mut world);
            seen.push((*event).clone());
            if nth % 150 == 149 {
                let found = faults(&seen, now, &WINDOWS_MS, &world.look(now));
                prop_assert!(found.is_empty(), "after {} events: {found:#?}", nth + 1);
            }
        }
        let found = faults(&seen, now + DAY, &WINDOWS_MS, &world.look(now + DAY));
        prop_assert!(found.is_empty(), "{found:#?}");
    }
}
