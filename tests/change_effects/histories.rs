//! Random histories in any order of arrival, with corrections and withdrawals, over several engines with rebalances and a restore between: the day sums
//! are always those of the standing facts of a single engine that was not disturbed.

use std::collections::BTreeMap;

use cxpulse::engine::PartitionGroup;
use cxpulse::time::Span;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::desk::{DAY, Desk, HOUR, MINUTE, MONDAY, Sent, configured, effects};
use crate::slow::{self, Marked};

const GROUPS: i32 = 4;
/// 2026-03-30, four weeks after [`MONDAY`].
const CHANGE: i64 = MONDAY + 28 * DAY + 15 * HOUR;
const CHANGES: &str = "[{ name = \"a\", at = \"2026-03-30T15:00:00Z\", where = { team = [\"billing\", \"orders\"], channel = \"email\" } }, \
     { name = \"b\", at = \"2026-03-30T15:00:00Z\", where = { team = \"billing\" } }, { name = \"all\", at = \"2026-03-30T15:00:00Z\" }]";
const NOW: i64 = MONDAY + 46 * DAY + HOUR;

/// What becomes of one ticket.
#[derive(Clone, Debug)]
struct Plan {
    opened: i64,
    team: usize,
    channel: usize,
    answers: Vec<(usize, i64)>,
    moved_to: Option<usize>,
    is_reopened: bool,
    withdrawn: Option<bool>,
    is_chat: bool,
}

const TEAMS: [&str; 3] = ["billing", "orders", "returns"];
const CHANNELS: [&str; 2] = ["email", "web"];

fn plan() -> impl Strategy<Value = Plan> {
    let of = (0..45 * 24 * 60_i64, 0..3_usize, 0..2_usize, prop::collection::vec((0..3_usize, 0..11_i64), 0..4));
    let then = (
        prop::option::weighted(0.2, 0..3_usize),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.1, any::<bool>()),
        prop::bool::weighted(0.2),
    );
    (of, then).prop_map(|((minutes, team, channel, answers), (moved_to, is_reopened, withdrawn, is_chat))| Plan {
        opened: MONDAY + minutes * MINUTE,
        team,
        channel,
        answers,
        moved_to,
        is_reopened,
        withdrawn,
        is_chat,
    })
}

/// The events of a ticket or chat, in their order.
fn events(number: usize, plan: &Plan) -> Vec<Sent> {
    let (group, mut at) = ((number % GROUPS as usize) as i32, plan.opened);
    let mut sent = Vec::new();
    let mut send = |minutes: i64, event: Json| {
        at += minutes * MINUTE;
        sent.push(Sent { group, at, event });
    };
    let (noun, id) = if plan.is_chat { ("chat_id", format!("C{number}")) } else { ("ticket_id", format!("T{number}")) };
    let event = |what: &str, more: &[(&str, Json)]| {
        let mut event = json!({"type": what, noun: id});
        more.iter().for_each(|(member, value)| event[*member] = value.clone());
        event
    };
    let (team, channel) = (json!(TEAMS[plan.team]), json!(CHANNELS[plan.channel]));
    if plan.is_chat {
        send(0, event("chat.started", &[("team", team), ("channel", channel)]));
        send(2, event("chat.accepted", &[]));
        send(1, event("chat.message", &[("author", "agent".into())]));
        send(30, event("chat.ended", &[]));
    } else {
        send(0, event("ticket.created", &[("team", team), ("channel", channel)]));
        if let Some(to) = plan.moved_to {
            send(5, event("ticket.assigned", &[("team", json!(TEAMS[to]))]));
        }
        send(7 + (number % 50) as i64, event("ticket.message", &[("author", "agent".into())]));
        send(60, event("ticket.status_changed", &[("status", "solved".into())]));
        if plan.is_reopened {
            send(60, event("ticket.status_changed", &[("status", "open".into())]));
            send(90, event("ticket.status_changed", &[("status", "solved".into())]));
        }
    }
    for (metric, score) in &plan.answers {
        let (metric, score) = [("csat", 1 + score % 5), ("ces", 1 + score % 5), ("nps", *score)][*metric];
        send(
            120,
            event(
                "survey.responded",
                &[("metric", metric.into()), ("score", score.into()), ("survey_id", format!("S{number}{metric}").into())],
            ),
        );
    }
    if let Some(is_spam) = plan.withdrawn.filter(|_| !plan.is_chat) {
        send(200, event("ticket.status_changed", &[("status", if is_spam { "spam" } else { "deleted" }.into())]));
    }
    sent
}

/// The day sums of a change by metric, group and day: the cases and the sum of their values.
type Days = BTreeMap<(String, bool, i64), (f64, f64)>;

fn days_of_facts(desk: &Desk, marked: Marked<'_>, weeks: i64) -> Days {
    let dimensions: Vec<String> = desk.configuration.engine.dimensions.iter().map(|dimension| dimension.name.clone()).collect();
    let mut days = Days::new();
    for (metric, cases) in slow::cases(&desk.engines[0], &dimensions, CHANGE, marked) {
        for case in cases.iter().filter(|case| case.day != 0 && (-14 * weeks..=7 * weeks).contains(&case.day)) {
            let (n, sum) = days.entry((metric.to_owned(), case.is_marked, case.day)).or_default();
            (*n, *sum) = (*n + 1.0, *sum + case.value);
        }
    }
    days
}

fn days_of_exposition(seen: &[(String, f64)], change: &str) -> Days {
    let mut days = Days::new();
    for (series, value) in seen.iter().filter(|(series, _)| series.contains(&format!("change=\"{change}\""))) {
        let label = |name: &str| series.split_once(&format!("{name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap().to_owned());
        let Some(day) = label("day") else { continue };
        let entry = days.entry((label("metric").unwrap(), label("group").unwrap() == "marked", day.parse().unwrap())).or_default();
        if series.starts_with("cx_change_day_cases") { entry.0 = *value } else { entry.1 = *value }
    }
    days
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn day_sums_are_those_of_the_facts_whatever_comes_in_which_order_and_wherever(
        plans in prop::collection::vec(plan(), 20..160),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40),
        engines in 1..4_usize,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..GROUPS, 0..3_u8), 0..5),
    ) {
        let configuration = configured(CHANGES, Span::days(120));
        let mut arrivals: Vec<Sent> = plans.iter().enumerate().flat_map(|(number, plan)| events(number, plan)).filter(|sent| sent.at <= NOW).collect();
        arrivals.sort_by_key(|sent| sent.at);
        // A first record on the first day, before all others, so that every day is covered from then on.
        arrivals.insert(0, Sent { group: 0, at: MONDAY - DAY, event: json!({"type": "ticket.created", "ticket_id": "first"}) });
        for (number, sent) in arrivals.iter_mut().enumerate() {
            sent.event["id"] = format!("e{number}").into();
        }
        let in_order = arrivals.clone();
        for (a, b) in &swaps {
            let length = arrivals.len();
            arrivals.swap(a.index(length - 1) + 1, b.index(length - 1) + 1);
        }
        let mut alone = Desk::new(configuration.clone(), 1, GROUPS, true);
        for sent in &in_order {
            alone.take(sent);
        }
        let mut several = Desk::new(configuration.clone(), engines, GROUPS, false);
        for (at, sent) in arrivals.iter().enumerate() {
            for (_, group, what) in cuts.iter().filter(|(cut, ..)| cut.index(arrivals.len()) == at) {
                disturb(&mut several, *group, *what, sent.at.min(NOW));
            }
            several.take(sent);
        }
        let (one, all) = (effects(&alone.look(NOW)), effects(&several.look(NOW)));
        prop_assert_eq!(&one, &all);
        prop_assert!(!one.iter().any(|(series, _)| series.contains("change=\"all\"")));
        let changes: [(&str, Marked<'_>); 2] =
            [("a", &[("team", &["billing", "orders"]), ("channel", &["email"])]), ("b", &[("team", &["billing"])])];
        for (change, marked) in changes {
            let (slow, shown) = (days_of_facts(&alone, marked, 2), days_of_exposition(&all, change));
            prop_assert_eq!(slow.keys().collect::<Vec<_>>(), shown.keys().collect::<Vec<_>>());
            for (key, (n, sum)) in &slow {
                let (shown_n, shown_sum) = shown[key];
                let close = if key.0.contains("re") { 0.01 * n } else { 1e-9 };
                prop_assert!(*n == shown_n && (sum - shown_sum).abs() <= close, "{key:?}: {n} {sum}, shown {shown_n} {shown_sum}");
            }
        }
    }
}

/// Takes a group away and brings it back, from memory or from its stored bytes; or looks at the values.
fn disturb(desk: &mut Desk, group: i32, what: u8, now: i64) {
    let of = PartitionGroup(group);
    match what {
        0 => drop(desk.look(now - 20 * DAY)),
        1 => {
            desk.engine(group).revoke(of);
            desk.assign(group);
        }
        _ => {
            let bytes = desk.engine(group).store(of).unwrap().into_bytes(Vec::new());
            desk.engine(group).revoke(of);
            desk.engine(group).restore(of, &bytes).unwrap();
            desk.assign(group);
        }
    }
}
