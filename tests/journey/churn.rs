//! Churn, and churn by the last experience of customers.

use super::world::{DAY, HOUR, World};
use crate::exposition::Exposition as Scrape;

const START: i64 = 1_772_409_600_000;

fn by_experience(scrape: &Scrape, name: &str, metric: &str, experience: &str) -> Option<f64> {
    scrape.with_labels(&format!("cx_{name}_by_experience"), &[("metric", metric), ("experience", experience), ("window", "7d")])
}

/// 100 active; 12 cancel, 1 of them returns, 1 of them joined inside the window.
fn worked_base(world: &mut World) {
    for n in 0..100 {
        world.customer("active", &format!("C{n}"), START);
    }
    let inside = START + 20 * DAY;
    world.customer("subscribed", "N", inside);
    for n in 0..11 {
        world.customer("cancelled", &format!("C{n}"), inside + HOUR);
    }
    world.customer("cancelled", "N", inside + HOUR);
    world.customer("subscribed", "C10", inside + 2 * HOUR);
}

#[test]
fn of_a_hundred_customers_ten_churned() {
    let mut world = World::new();
    worked_base(&mut world);
    let scrape = world.look(START + 21 * DAY);
    let value = |name: &str| scrape.with_labels(&format!("cx_{name}"), &[("window", "7d")]);
    assert_eq!((value("customers_active_at_start"), value("customers_churned")), (Some(100.0), Some(10.0)));
    assert_eq!((value("churn_ratio"), value("retention_ratio"), value("customers_new")), (Some(0.1), Some(0.9), Some(1.0)));
    // There are no answers.
    assert_eq!(by_experience(&scrape, "churn_ratio", "csat", "none"), Some(0.1));
    assert_eq!(by_experience(&scrape, "customers_active_at_start", "csat", "good"), Some(0.0));
    assert_eq!(by_experience(&scrape, "churn_ratio", "csat", "good"), None);
}

#[test]
fn churn_goes_by_the_last_answer_before_the_cancellation_or_up_to_now() {
    let mut world = World::new();
    worked_base(&mut world);
    for n in 0..50 {
        world.answer(&format!("S{n}"), &format!("C{n}"), START + DAY, "csat", 5);
    }
    // Late answers: eight of the leavers were dissatisfied. One was satisfied after leaving, which is too late.
    for n in 0..8 {
        world.answer(&format!("R{n}"), &format!("C{n}"), START + 2 * DAY, "csat", 2);
    }
    world.answer("L", "C0", START + 20 * DAY + 2 * HOUR, "csat", 5);
    let scrape = world.look(START + 21 * DAY);
    let parts = |experience: &str| {
        let value = |name: &str| by_experience(&scrape, name, "csat", experience);
        (value("customers_active_at_start"), value("customers_churned"))
    };
    assert_eq!((parts("good"), parts("bad"), parts("none")), ((Some(42.0), Some(2.0)), (Some(8.0), Some(8.0)), (Some(50.0), Some(0.0))));
    assert_eq!(by_experience(&scrape, "churn_ratio", "csat", "bad"), Some(1.0));
    let (lower, upper) = cxpulse::metrics::statistics::wilson(8, 8).unwrap();
    assert!((by_experience(&scrape, "churn_ratio_lower", "csat", "bad").unwrap() - lower).abs() < 1e-12);
    assert!((by_experience(&scrape, "churn_ratio_upper", "csat", "bad").unwrap() - upper).abs() < 1e-12);
}

#[test]
fn passives_and_middling_effort_are_neither_good_nor_bad_and_nps_of_contacts_does_not_count() {
    let mut world = World::new();
    for customer in ["A", "B", "C", "D"] {
        world.customer("active", customer, START);
    }
    for (customer, nps, ces) in [("A", 9, 1), ("B", 8, 4), ("C", 6, 7)] {
        world.answer(&format!("N{customer}"), customer, START + HOUR, "nps", nps);
        world.answer(&format!("E{customer}"), customer, START + HOUR, "ces", ces);
    }
    let about_a_contact = r#""survey_id":"X","customer_id":"D","metric":"nps","score":0,"scope":"service""#;
    world.take("survey.responded", START + HOUR, about_a_contact);
    let scrape = world.look(START + 10 * DAY);
    for metric in ["nps", "ces"] {
        let at_start = |experience: &str| by_experience(&scrape, "customers_active_at_start", metric, experience);
        assert_eq!((at_start("good"), at_start("bad"), at_start("none")), (Some(1.0), Some(1.0), Some(2.0)), "{metric}");
    }
}

#[test]
fn a_rerated_and_a_withdrawn_answer_move_the_customer() {
    let mut world = World::new();
    world.customer("active", "A", START);
    world.take("ticket.created", START, r#""ticket_id":"T","customer_id":"A""#);
    let rate = |world: &mut World, at, score: i64| {
        world.take("survey.responded", at, &format!(r#""survey_id":"S","ticket_id":"T","metric":"csat","score":{score}"#));
    };
    let group = |world: &mut World, now| {
        let scrape = world.look(now);
        ["good", "bad", "none"].map(|e| by_experience(&scrape, "customers_active_at_start", "csat", e).unwrap())
    };
    rate(&mut world, START + HOUR, 5);
    assert_eq!(group(&mut world, START + 9 * DAY), [1.0, 0.0, 0.0]);
    rate(&mut world, START + 9 * DAY, 1);
    assert_eq!(group(&mut world, START + 9 * DAY), [0.0, 1.0, 0.0]);
    world.status("T", START + 10 * DAY, "spam");
    assert_eq!(group(&mut world, START + 10 * DAY), [0.0, 0.0, 1.0]);
}

#[test]
fn without_a_known_base_there_is_no_churn() {
    let mut world = World::new();
    world.customer("subscribed", "A", START);
    world.customer("cancelled", "A", START + HOUR);
    let scrape = world.look(START + DAY);
    assert_eq!(by_experience(&scrape, "customers_churned", "csat", "none"), None);
    assert_eq!(by_experience(&world.look(START + 8 * DAY), "customers_churned", "csat", "none"), Some(0.0));
}

/// The events of ten customers within ten days, in the order of their time.
fn comings_and_goings(now: i64) -> Vec<(&'static str, &'static str, i64)> {
    vec![
        ("cancelled", "A", now - 3 * DAY),
        ("cancelled", "B", now - 3 * DAY),
        ("cancelled", "C", now - 3 * DAY),
        ("subscribed", "B", now - 2 * DAY),
        ("subscribed", "J", now - 2 * DAY),
        ("cancelled", "D", now - HOUR),
        ("cancelled", "J", now - HOUR),
        ("subscribed", "C", now - HOUR),
    ]
}

fn trend(scrape: &Scrape, name: &str) -> Option<f64> {
    let metric = if name == "cx_trend" { vec![("metric", "churn")] } else { Vec::new() };
    scrape.with_labels(name, &[metric, vec![("baseline", "7d"), ("window", "24h")]].concat())
}

#[test]
fn the_trend_of_churn_compares_a_day_with_the_days_before_it() {
    let now = START + 20 * DAY;
    let mut orders: Vec<Vec<usize>> = vec![(0..8).collect(), (0..8).rev().collect()];
    orders.push(vec![4, 7, 0, 6, 3, 1, 5, 2]);
    for order in orders {
        let (mut world, events) = (World::new(), comings_and_goings(now));
        for customer in ["A", "B", "C", "D", "E", "F", "G", "H", "I", "K"] {
            world.customer("active", customer, START);
        }
        world.look(START + DAY);
        for (what, customer, at) in order.iter().map(|nth| &events[*nth]) {
            world.customer(what, customer, *at);
        }
        let scrape = world.look(now);
        // A and C were customers seven days ago, but not one day ago. D and J have left since then, and C came back too late.
        assert_eq!(trend(&scrape, "cx_customers_lost_before"), Some(2.0), "{order:?}");
        let difference = trend(&scrape, "cx_trend").unwrap();
        assert!((difference - (2.0 / 9.0 - 2.0 / 10.0)).abs() < 1e-12, "{difference} {order:?}");
        assert_eq!(scrape.with_labels("cx_customers_retained", &[("window", "24h")]), Some(7.0));
        // Two days later the start of the short window has moved on. The leavers of that hour are no customers at it, and the others are none at the
        // baseline's start.
        let scrape = world.look(now + 6 * DAY);
        assert_eq!(trend(&scrape, "cx_customers_lost_before"), Some(2.0), "D and J");
        let scrape = world.look(now + 9 * DAY);
        assert_eq!((trend(&scrape, "cx_customers_lost_before"), trend(&scrape, "cx_trend")), (Some(0.0), Some(0.0)));
    }
}

#[test]
fn there_is_no_trend_of_churn_before_the_baseline_is_known() {
    let mut world = World::new();
    world.customer("subscribed", "A", START);
    let scrape = world.look(START + 3 * DAY);
    assert_eq!((trend(&scrape, "cx_trend"), trend(&scrape, "cx_customers_lost_before")), (None, None));
    let scrape = world.look(START + 9 * DAY);
    assert_eq!((trend(&scrape, "cx_trend"), trend(&scrape, "cx_customers_lost_before")), (Some(0.0), Some(0.0)));
}
