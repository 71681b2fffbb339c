//! Erased customers: the sums stay, and a later event makes a new customer.

use super::world::{DAY, HOUR, World, customers_in, of_stage};
use crate::exposition::Exposition as Scrape;

const START: i64 = 1_772_409_600_000;

fn value(scrape: &Scrape, name: &str) -> Option<f64> {
    scrape.with_labels(name, &[("window", "30d")])
}

/// The events of one customer who is erased, in the order of their time.
fn events() -> Vec<(&'static str, i64, String)> {
    let a = |more: &str| format!(r#""customer_id":"A"{more}"#);
    vec![
        ("customer.subscribed", 0, a(r#","journey_stage":"use","segment":"gold""#)),
        ("ticket.created", HOUR, a(r#","ticket_id":"T1","channel":"email""#)),
        ("ticket.created", 2 * HOUR, a(r#","ticket_id":"T2","channel":"web""#)),
        ("survey.responded", 3 * HOUR, a(r#","survey_id":"S1","metric":"nps","score":3"#)),
        ("customer.cancelled", 4 * HOUR, a("")),
        ("customer.erased", DAY, a("")),
        ("ticket.status_changed", DAY + HOUR, r#""ticket_id":"T2","status":"deleted""#.to_owned()),
        ("ticket.created", 2 * DAY, a(r#","ticket_id":"T3","channel":"web""#)),
        ("customer.subscribed", 3 * DAY, a(r#","journey_stage":"trial""#)),
        ("survey.responded", 3 * DAY + HOUR, a(r#","survey_id":"S2","metric":"nps","score":10"#)),
        ("ticket.status_changed", 3 * DAY + 2 * HOUR, r#""ticket_id":"T2","status":"open""#.to_owned()),
        ("ticket.status_changed", 3 * DAY + 3 * HOUR, r#""ticket_id":"T1","status":"spam""#.to_owned()),
    ]
}

fn look_at_the_end(order: impl Iterator<Item = usize>) -> Scrape {
    let (mut world, events) = (World::new(), events());
    // Another customer, so that the base is known.
    world.customer("active", "B", START);
    world.look(START + 4 * DAY);
    for at in order {
        let (what, after, members) = &events[at];
        world.take(what, START + after, members);
    }
    world.look(START + 4 * DAY)
}

#[test]
fn the_sums_stay_and_a_later_event_is_a_new_customers() {
    let scrape = look_at_the_end(0..events().len());
    assert_eq!(value(&scrape, "cx_customers_new"), Some(2.0), "the second subscription is a first one");
    assert_eq!(scrape.value("cx_customers_active"), Some(2.0));
    assert_eq!(value(&scrape, "cx_contacts"), Some(2.0), "the withdrawn ticket of the erased customer is taken out, once");
    assert_eq!(value(&scrape, "cx_repeat_contacts"), Some(0.0), "T3 is the new customer's first");
    let nps = |group: &str| scrape.with_labels("cx_nps_responses", &[("scope", "experience"), ("group", group), ("window", "30d")]);
    assert_eq!((nps("detractor"), nps("promoter")), (Some(1.0), Some(1.0)), "each life has its latest answer");
    assert_eq!(of_stage(&scrape, "dropped", "use", "30d"), Some(1.0));
    assert_eq!((customers_in(&scrape, "use"), customers_in(&scrape, "trial")), (Some(0.0), Some(1.0)));
    assert_eq!(scrape.with_labels("cx_journey_transitions", &[("from", "use"), ("to", "trial"), ("window", "30d")]), None);
}

#[test]
fn an_erasure_that_comes_early_or_late_makes_no_difference() {
    let count = events().len();
    let first: Vec<_> = look_at_the_end(0..count).samples().map(|(s, v)| (s.to_owned(), v)).collect();
    let orders: [Vec<usize>; 3] = [
        (0..count).rev().collect(),
        std::iter::once(5).chain((0..count).filter(|at| *at != 5)).collect(),
        (0..count).filter(|at| *at != 5).chain([5]).collect(),
    ];
    for order in orders {
        let scrape = look_at_the_end(order.iter().copied());
        for (series, expected) in &first {
            // The order decides how many records named a ticket before it was known, and so it also decides the ledger.
            if series.starts_with("cx_journey")
                || series.starts_with("cx_c")
                || series.starts_with("cx_nps")
                || series.starts_with("cx_repeat")
            {
                assert_eq!(scrape.value(series).unwrap_or(0.0), *expected, "{series} in the order {order:?}");
            }
        }
    }
}

#[test]
fn who_is_erased_while_in_a_stage_drops_out_of_it_by_being_idle() {
    let mut world = World::new();
    world.touch("A", START, "trial");
    world.customer("erased", "A", START + DAY);
    assert_eq!(customers_in(&world.look(START + 2 * DAY), "trial"), Some(1.0));
    let scrape = world.look(START + 5 * DAY);
    assert_eq!((customers_in(&scrape, "trial"), of_stage(&scrape, "dropped", "trial", "7d")), (Some(0.0), Some(1.0)));
}

#[test]
fn an_erased_life_is_forgotten_when_nothing_can_correct_it_any_more() {
    let mut world = World::with(&[("journey.stages", super::world::STAGES)], "1h");
    let stored = |scrape: &Scrape| scrape.value(r#"cx_state_entries{store="customers"}"#);
    for n in 0..20 {
        world.touch(&format!("A{n}"), START + n, "trial");
        world.customer("erased", &format!("A{n}"), START + HOUR + n);
    }
    let scrape = world.look(START + DAY);
    assert_eq!(stored(&scrape), Some(20.0));
    // The events of another customer move the time of the group.
    for day in 1..60 {
        world.touch("B", START + day * DAY, "use");
        world.look(START + day * DAY);
    }
    let scrape = world.look(START + 60 * DAY);
    assert_eq!(stored(&scrape), Some(1.0), "B alone");
    assert_eq!(customers_in(&scrape, "trial"), Some(0.0));
}
