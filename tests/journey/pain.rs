//! The pain index and its parts.

use super::world::{DAY, HOUR, STAGES, World, of_stage};
use crate::exposition::Exposition as Scrape;

const START: i64 = 1_772_409_600_000;

fn part(scrape: &Scrape, part: &str) -> Option<f64> {
    scrape.with_labels("cx_journey_pain_part", &[("journey_stage", "trial"), ("part", part), ("window", "7d")])
}

#[test]
fn the_index_is_the_weighted_mean_of_the_five_parts() {
    let mut world = World::new();
    // Two customers advance, after one day and after three, and one drops out. The median stay is one day; the target is two.
    for (customer, days) in [("A", 1), ("B", 3)] {
        world.touch(customer, START, "trial");
        world.touch(customer, START + days * DAY, "use");
    }
    world.take("customer.touchpoint", START + HOUR, r#""customer_id":"C","journey_stage":"trial","outcome":"abandoned""#);
    world.ticket("T1", "A", START + HOUR);
    world.ticket("T2", "A", START + 2 * HOUR);
    world.ticket("T3", "B", START + 2 * HOUR);
    for (survey, score) in [("S1", 5), ("S2", 4), ("S3", 3), ("S4", 1)] {
        world.answer(survey, "A", START + 3 * HOUR, "csat", score);
    }
    world.answer("S5", "B", START + 3 * HOUR, "ces", 4);
    // This happens in another stage, so it does not count here.
    world.answer("S6", "B", START + 3 * DAY + HOUR, "csat", 1);
    let scrape = world.look(START + 4 * DAY);
    assert_eq!(part(&scrape, "dropoff"), Some(1.0 / 3.0));
    assert_eq!(part(&scrape, "csat"), Some(0.5));
    assert_eq!(part(&scrape, "effort"), Some(0.5));
    assert_eq!(part(&scrape, "repeat_contacts"), Some(1.0 / 3.0));
    let dwell = part(&scrape, "dwell").unwrap();
    assert!((dwell - 0.25).abs() < 0.0025, "{dwell}");
    let index = of_stage(&scrape, "pain_index", "trial", "7d").unwrap();
    let expected = (3.0 / 3.0 + 3.0 * 0.5 + 2.0 * 0.5 + 1.0 / 3.0 + dwell) / 10.0;
    assert!((index - expected).abs() < 1e-12, "{index} {expected}");
    assert_eq!(of_stage(&scrape, "pain_weight_present_ratio", "trial", "7d"), Some(1.0));
    assert_eq!(scrape.value(r#"cx_journey_pain_weight{part="effort"}"#), Some(2.0));
    assert_eq!(of_stage(&scrape, "ces_effort_points", "trial", "7d"), Some(3.0));
    let target = |stage: &str| scrape.with_labels("cx_journey_dwell_target_seconds", &[("journey_stage", stage)]);
    assert_eq!((target("trial"), target("use")), (Some(2.0 * 86_400.0), None));
}

#[test]
fn below_three_fifths_of_the_weight_there_is_no_index_and_absent_parts_share_their_weight_out() {
    let mut world =
        World::with(&[("journey.stages", STAGES), ("journey.pain_weights.csat", "2"), ("journey.pain_weights.dwell", "2")], "1h");
    world.touch("A", START, "trial");
    world.ticket("T1", "A", START + HOUR);
    world.answer("S1", "A", START + 2 * HOUR, "csat", 1);
    world.answer("S2", "A", START + 2 * HOUR, "ces", 7);
    let scrape = world.look(START + DAY);
    assert_eq!(of_stage(&scrape, "pain_weight_present_ratio", "trial", "7d"), Some(0.5));
    assert_eq!(of_stage(&scrape, "pain_index", "trial", "7d"), None);
    assert_eq!((part(&scrape, "dropoff"), part(&scrape, "dwell"), part(&scrape, "repeat_contacts")), (None, None, Some(0.0)));
    world.touch("A", START + DAY, "awareness");
    let scrape = world.look(START + DAY);
    assert_eq!(of_stage(&scrape, "pain_weight_present_ratio", "trial", "7d"), Some(0.7), "now it is known how long they stayed");
    let dwell = part(&scrape, "dwell").unwrap();
    let index = of_stage(&scrape, "pain_index", "trial", "7d").unwrap();
    assert!((index - (2.0 + 2.0 + 2.0 * dwell) / 7.0).abs() < 1e-12, "{index}");
}
