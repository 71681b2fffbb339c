//! Targets come to the same values in any order of arrival and however `now` moves.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::desk::{DAY, Desk, HOUR, MINUTE, OFFICE, berlin, chat, created, rated, says, status, with};

fn text() -> String {
    format!(
        r#"{OFFICE}
[[schedule_rules]]
schedule = "office"
where = {{ team = "a" }}
[targets.first_response]
within = "2h"
overrides = [{{ where = {{ segment = "gold" }}, within = "30m", clock = "calendar" }}]
[targets.resolution]
within = "6h"
[targets.chat_wait]
within = "10m"
"#
    )
}

fn event() -> impl Strategy<Value = (i64, Json)> {
    let name = || prop::sample::select(vec!["1", "2", "3"]);
    let team = || prop::sample::select(vec!["a", "b"]);
    let statuses = vec!["solved", "open", "pending", "spam", "deleted", "closed"];
    let ticket = prop_oneof![
        3 => (name(), team()).prop_map(|(ticket, team)| with(with(created(ticket), "team", team), "customer_id", "c")),
        3 => (name(), team()).prop_map(|(ticket, team)| with(says(ticket, "agent"), "team", team)),
        1 => name().prop_map(|ticket| says(ticket, "customer")),
        3 => (name(), prop::sample::select(statuses)).prop_map(|(ticket, to)| status(ticket, to)),
        1 => (name(), team()).prop_map(|(ticket, team)|
            with(json!({"type": "ticket.assigned", "ticket_id": ticket, "reason": "transfer"}), "team", team)),
        1 => (name(), 1..=5_i64).prop_map(|(ticket, score)| rated(ticket, score)),
        1 => (name(), prop::sample::select(vec!["started", "accepted", "abandoned", "ended"])).prop_map(|(name, what)| chat(name, what)),
        1 => prop::sample::select(vec!["gold", "tin"]).prop_map(|segment|
            json!({"type": "customer.subscribed", "customer_id": "c", "segment": segment})),
    ];
    // Friday and the following days. Times repeat, so that some events happen at one instant.
    (0..80_i64, ticket).prop_map(|(hours, event)| (berlin("2026-05-08T12:00") + hours * HOUR / 2, event))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn targets_are_a_function_of_what_happened(
        events in prop::collection::vec(event(), 1..30),
        keys in prop::collection::vec(any::<u32>(), 30),
        looks in prop::collection::vec(0..60_i64, 0..4),
    ) {
        // The instants are distinct, because events at one instant keep the order of their log.
        let events: Vec<_> = events.iter().enumerate().map(|(n, (at, event))| (at + n as i64, with(event.clone(), "id", &format!("i{n}")))).collect();
        let start = berlin("2026-05-08T12:00");
        let end = start + 3 * DAY;
        let mut in_order = events.clone();
        in_order.sort_by_key(|(at, _)| *at);
        let wanted = Desk::new(&text()).with(&in_order).look(end);

        let mut shuffled: Vec<_> = events.iter().zip(&keys).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let mut desk = Desk::new(&text());
        let mut looks: Vec<i64> = looks.iter().map(|hours| start + hours * HOUR).collect();
        looks.sort_unstable();
        let step = shuffled.len() / (looks.len() + 1) + 1;
        for (n, ((at, event), _)) in shuffled.into_iter().enumerate() {
            if n % step == 0 && n > 0 {
                desk.look(looks[n / step - 1]);
            }
            desk.take(*at, event);
        }
        let got = desk.look(end);
        prop_assert!(got.difference(&wanted).is_empty(), "{:#?}", got.difference(&wanted));
    }

    #[test]
    fn counts_of_targets_add_up(events in prop::collection::vec(event(), 1..30)) {
        let mut events = events;
        events.sort_by_key(|(at, _)| *at);
        let now = berlin("2026-05-08T12:00") + 2 * DAY + MINUTE;
        let seen = Desk::new(&text()).with(&events).look(now);
        for what in ["first_response", "resolution", "chat_wait"] {
            let value = |name: &str| seen.value(&format!("cx_{what}_{name}{{window=\"30d\"}}")).unwrap_or(0.0);
            let (within, decided) = (value("within_target"), value("target_decided"));
            prop_assert!(0.0 <= within && within <= decided && decided <= 6.0, "{what}: {within} of {decided}");
            let by_team: f64 = seen.named(&format!("cx_{what}_target_decided_by_team{{")).iter()
                .filter(|series| series.contains("window=\"30d\"")).filter_map(|series| seen.value(series)).sum();
            prop_assert_eq!(by_team, decided);
        }
        let past = seen.value("cx_backlog_unanswered_past_target_tickets").unwrap_or(0.0);
        prop_assert!(past <= seen.value("cx_backlog_unanswered_tickets").unwrap_or(0.0));
    }
}
