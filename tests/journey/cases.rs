//! Worked cases of the journey.

use super::world::{DAY, HOUR, World, customers_in, of_stage};

/// A Monday.
const START: i64 = 1_772_409_600_000;

#[test]
fn who_is_idle_drops_out_when_the_time_out_has_passed_and_not_before() {
    let mut world = World::new();
    world.touch("A", START, "trial");
    let before = world.look(START + 5 * DAY - 1);
    assert_eq!(of_stage(&before, "dropped", "trial", "30d"), Some(0.0));
    assert_eq!(customers_in(&before, "trial"), Some(1.0));
    let after = world.look(START + 5 * DAY);
    assert_eq!(of_stage(&after, "dropped", "trial", "30d"), Some(1.0));
    assert_eq!(of_stage(&after, "dropped", "trial", "5m"), Some(1.0), "it lies at the time-out, not at the last touchpoint");
    assert_eq!(of_stage(&after, "dropoff_ratio", "trial", "30d"), Some(1.0));
    assert_eq!(customers_in(&after, "trial"), Some(0.0));
    let later = world.look(START + 40 * DAY);
    assert_eq!(of_stage(&later, "dropped", "trial", "30d"), Some(0.0), "windows move on without an event");
    assert_eq!(of_stage(&later, "dropoff_ratio", "trial", "30d"), None);
}

#[test]
fn a_ticket_an_answer_and_a_touchpoint_each_put_the_drop_off_and_a_return_takes_it_back() {
    let mut world = World::new();
    world.touch("A", START, "trial");
    assert_eq!(of_stage(&world.look(START + 5 * DAY), "dropped", "trial", "30d"), Some(1.0));
    world.ticket("T1", "A", START + 6 * DAY);
    let back = world.look(START + 6 * DAY);
    assert_eq!((of_stage(&back, "dropped", "trial", "30d"), customers_in(&back, "trial")), (Some(0.0), Some(1.0)));
    world.answer("S1", "A", START + 8 * DAY, "csat", 5);
    assert_eq!(of_stage(&world.look(START + 12 * DAY), "dropped", "trial", "30d"), Some(0.0), "the answer came after the ticket");
    assert_eq!(of_stage(&world.look(START + 13 * DAY), "dropped", "trial", "30d"), Some(1.0));
    // The ticket was spam, and the answer was not about it, so nothing changes. Without the answer the touchpoint would be the last event.
    world.status("T1", START + 13 * DAY, "spam");
    assert_eq!(of_stage(&world.look(START + 13 * DAY), "dropped", "trial", "30d"), Some(1.0));
    world.touch("A", START + 14 * DAY, "use");
    let moved = world.look(START + 14 * DAY);
    assert_eq!(of_stage(&moved, "dropped", "trial", "30d"), Some(0.0));
    assert_eq!(of_stage(&moved, "advanced", "trial", "30d"), Some(1.0));
    assert_eq!(of_stage(&moved, "stage_seconds_sum", "trial", "30d"), Some(14.0 * 86_400.0));
}

#[test]
fn a_withdrawn_ticket_no_longer_keeps_a_customer_in_the_stage() {
    let mut world = World::new();
    world.touch("A", START, "awareness");
    world.ticket("T1", "A", START + DAY);
    assert_eq!(of_stage(&world.look(START + 2 * DAY + HOUR), "dropped", "awareness", "24h"), Some(0.0));
    world.status("T1", START + 2 * DAY + HOUR, "deleted");
    let scrape = world.look(START + 2 * DAY + 2 * HOUR);
    assert_eq!(of_stage(&scrape, "dropped", "awareness", "24h"), Some(1.0));
    assert_eq!(of_stage(&scrape, "contacts", "awareness", "7d"), Some(0.0));
}

#[test]
fn an_abandoned_touchpoint_drops_at_once_until_the_customer_comes_again() {
    let mut world = World::new();
    world.take("customer.touchpoint", START, r#""customer_id":"A","journey_stage":"trial","outcome":"abandoned""#);
    let scrape = world.look(START);
    assert_eq!((of_stage(&scrape, "entered", "trial", "1h"), of_stage(&scrape, "dropped", "trial", "1h")), (Some(1.0), Some(1.0)));
    assert_eq!(customers_in(&scrape, "trial"), Some(0.0));
    world.ticket("T1", "A", START + HOUR);
    let scrape = world.look(START + HOUR);
    assert_eq!((of_stage(&scrape, "dropped", "trial", "24h"), customers_in(&scrape, "trial")), (Some(0.0), Some(1.0)));
}

#[test]
fn a_cancellation_after_an_abandoned_touchpoint_leaves_the_drop_at_the_touchpoint() {
    let mut world = World::new();
    world.customer("subscribed", "A", START - DAY);
    world.take("customer.touchpoint", START, r#""customer_id":"A","journey_stage":"trial","outcome":"abandoned""#);
    world.customer("cancelled", "A", START + DAY);
    let scrape = world.look(START + DAY);
    assert_eq!((of_stage(&scrape, "dropped", "trial", "7d"), of_stage(&scrape, "dropped", "trial", "1h")), (Some(1.0), Some(0.0)));
}

#[test]
fn a_cancellation_drops_out_of_its_stage_until_the_customer_subscribes_again() {
    let mut world = World::new();
    world.take("customer.subscribed", START, r#""customer_id":"A","journey_stage":"use""#);
    world.customer("cancelled", "A", START + DAY);
    world.ticket("T1", "A", START + 2 * DAY);
    world.touch("A", START + 3 * DAY, "use");
    let scrape = world.look(START + 3 * DAY);
    assert_eq!(
        (of_stage(&scrape, "dropped", "use", "30d"), customers_in(&scrape, "use")),
        (Some(1.0), Some(0.0)),
        "a question is no return"
    );
    assert_eq!(of_stage(&world.look(START + 20 * DAY), "dropped", "use", "30d"), Some(1.0), "once, and not for being idle too");
    world.customer("subscribed", "A", START + 21 * DAY);
    let back = world.look(START + 21 * DAY);
    assert_eq!((of_stage(&back, "dropped", "use", "30d"), customers_in(&back, "use")), (Some(0.0), Some(1.0)));
}

#[test]
fn who_cancelled_does_not_advance_but_may_begin_the_journey_again() {
    let mut world = World::new();
    world.take("customer.subscribed", START, r#""customer_id":"A","journey_stage":"use""#);
    world.customer("cancelled", "A", START + DAY);
    world.touch("A", START + 2 * DAY, "renewal");
    let scrape = world.look(START + 2 * DAY);
    assert_eq!((of_stage(&scrape, "advanced", "use", "30d"), of_stage(&scrape, "dropped", "use", "30d")), (Some(0.0), Some(1.0)));
    assert_eq!(customers_in(&scrape, "renewal"), Some(1.0));
    assert_eq!(of_stage(&world.look(START + 5 * DAY), "dropped", "renewal", "30d"), Some(1.0));
}

#[test]
fn shares_of_moves_conversion_and_time_in_the_stage() {
    let mut world = World::new();
    for (customer, to, days) in [("A", "use", 1), ("B", "use", 3), ("C", "awareness", 2), ("D", "renewal", 4)] {
        world.touch(customer, START, "trial");
        world.touch(customer, START + days * DAY, to);
    }
    world.touch("E", START + DAY, "trial");
    world.touch("E", START + DAY + HOUR, "trial");
    let scrape = world.look(START + 6 * DAY + HOUR);
    let moves = |to: &str, name: &str| {
        scrape.with_labels(&format!("cx_journey_transition{name}"), &[("from", "trial"), ("to", to), ("window", "7d")])
    };
    assert_eq!((moves("use", "s"), moves("use", "_ratio")), (Some(2.0), Some(0.5)));
    assert_eq!((moves("awareness", "_ratio"), moves("renewal", "_ratio"), moves("trial", "s")), (Some(0.25), Some(0.25), None));
    assert_eq!((of_stage(&scrape, "advanced", "trial", "7d"), of_stage(&scrape, "dropped", "trial", "7d")), (Some(3.0), Some(1.0)));
    assert_eq!(of_stage(&scrape, "conversion_ratio", "trial", "7d"), Some(0.75), "going back is neither");
    assert_eq!(of_stage(&scrape, "dropoff_ratio", "trial", "7d"), Some(0.25));
    let lower = of_stage(&scrape, "conversion_ratio_lower", "trial", "7d").unwrap();
    assert!((lower - cxpulse::metrics::statistics::wilson(3, 4).unwrap().0).abs() < 1e-12);
    assert_eq!(of_stage(&scrape, "entered", "trial", "7d"), Some(5.0), "staying is not entering");
    assert_eq!(of_stage(&scrape, "stage_seconds_count", "trial", "7d"), Some(4.0));
    assert_eq!(of_stage(&scrape, "stage_mean_seconds", "trial", "7d"), Some(2.5 * 86_400.0));
    let median = of_stage(&scrape, "stage_p50_seconds", "trial", "7d").unwrap();
    assert!((median / (2.0 * 86_400.0) - 1.0).abs() < 0.01, "{median}");
}

#[test]
fn coming_in_again_enters_again() {
    let mut world = World::new();
    for (day, stage) in ["trial", "use", "trial", "use"].iter().enumerate() {
        world.touch("A", START + day as i64 * DAY, stage);
    }
    let scrape = world.look(START + 4 * DAY);
    assert_eq!((of_stage(&scrape, "entered", "trial", "7d"), of_stage(&scrape, "advanced", "trial", "7d")), (Some(2.0), Some(2.0)));
    assert_eq!(customers_in(&scrape, "use"), Some(1.0));
}

#[test]
fn who_is_loaded_as_a_customer_has_not_entered_and_their_time_in_the_stage_is_not_known() {
    let mut world = World::new();
    world.take("customer.active", START, r#""customer_id":"A","journey_stage":"use""#);
    world.touch("A", START + DAY, "renewal");
    let scrape = world.look(START + DAY);
    assert_eq!(of_stage(&scrape, "entered", "use", "7d"), Some(0.0));
    assert_eq!(of_stage(&scrape, "stage_seconds_count", "use", "7d"), Some(0.0));
    assert_eq!((of_stage(&scrape, "advanced", "use", "7d"), of_stage(&scrape, "entered", "renewal", "7d")), (Some(1.0), Some(1.0)));
}

#[test]
fn without_configured_stages_what_is_seen_is_shown_and_nobody_advances_or_drops() {
    let mut world = World::with(&[], "1h");
    world.touch("A", START, "trial");
    world.touch("A", START + HOUR, "use");
    let scrape = world.look(START + 20 * DAY);
    assert_eq!((of_stage(&scrape, "entered", "trial", "30d"), customers_in(&scrape, "use")), (Some(1.0), Some(1.0)));
    assert_eq!(scrape.with_labels("cx_journey_transitions", &[("from", "trial"), ("to", "use"), ("window", "30d")]), Some(1.0));
    assert_eq!(of_stage(&scrape, "stage_mean_seconds", "trial", "30d"), Some(3_600.0));
    for family in ["advanced", "dropped", "conversion_ratio", "dropoff_ratio", "pain_index"] {
        assert_eq!(scrape.family(&format!("cx_journey_{family}")).count(), 0, "{family}");
    }
}

#[test]
fn a_stage_that_comes_late_for_its_time_moves_what_happened_since_into_it() {
    let mut world = World::new();
    world.touch("A", START, "awareness");
    world.ticket("T1", "A", START + 2 * HOUR);
    world.answer("S1", "A", START + 3 * HOUR, "csat", 1);
    world.touch("A", START + 4 * HOUR, "use");
    assert_eq!(of_stage(&world.look(START + 5 * HOUR), "contacts", "awareness", "24h"), Some(1.0));
    world.touch("A", START + HOUR, "trial");
    let scrape = world.look(START + 5 * HOUR);
    assert_eq!((of_stage(&scrape, "contacts", "awareness", "24h"), of_stage(&scrape, "contacts", "trial", "24h")), (Some(0.0), Some(1.0)));
    assert_eq!(of_stage(&scrape, "csat_responses", "trial", "24h"), Some(1.0));
    assert_eq!(of_stage(&scrape, "stage_seconds_sum", "awareness", "24h"), Some(3_600.0));
    assert_eq!(of_stage(&scrape, "stage_seconds_sum", "trial", "24h"), Some(3.0 * 3_600.0));
    let direct = scrape.with_labels("cx_journey_transitions", &[("from", "awareness"), ("to", "use"), ("window", "24h")]);
    assert_eq!(direct, Some(0.0), "a label set once seen stays");
}

#[test]
fn a_group_that_comes_back_has_the_drops_that_passed_meanwhile() {
    let mut world = World::new();
    world.touch("A", START, "trial");
    world.look(START + DAY);
    world.hand_over();
    let scrape = world.look(START + 6 * DAY);
    assert_eq!((of_stage(&scrape, "dropped", "trial", "7d"), customers_in(&scrape, "trial")), (Some(1.0), Some(0.0)));
    world.hand_over();
    let scrape = world.look(START + 6 * DAY + 1);
    assert_eq!((of_stage(&scrape, "dropped", "trial", "7d"), customers_in(&scrape, "trial")), (Some(1.0), Some(0.0)));
}
