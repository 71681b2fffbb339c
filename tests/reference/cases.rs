//! The worked numbers of the definitions and the mistakes that known products make, each through the whole product.
//!
//! Every case is also compared with the model, series by series.

use serde_json::{Value as Json, json};

use super::compare::{Act, Scenario};
use super::outcome::Arrival;
use super::product::{Exported, Product};
use super::series::Series;
use super::setup::setup;
use super::statistics::{fisher, newcombe};

/// A Monday at midnight UTC.
const BASE: i64 = 1_740_960_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// What the product exports some seconds after `BASE` when these events happened, given in seconds after `BASE`.
fn seen(events: &[(i64, Json)], now: i64) -> Seen {
    let topics = ["ticket", "chat", "survey", "customer"];
    let mut arrivals = Vec::new();
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|(at, _)| *at);
    for (n, (at, members)) in events.iter().enumerate() {
        let mut event = members.clone();
        event["id"] = format!("e{n}").into();
        event["time"] = ((BASE + at) * 1_000).into();
        let noun = event["type"].as_str().and_then(|what| what.split('.').next()).expect("a type");
        let topic = topics.iter().position(|t| *t == noun).expect("a known type");
        arrivals.push(Arrival { group: 0, topic, line: event.to_string().into_bytes(), record_time: None });
    }
    let mut acts: Vec<Act> = arrivals.iter().cloned().map(Act::Arrive).collect();
    let latest = events.iter().map(|(at, _)| *at).max().expect("an event");
    acts.push(Act::Look((now - latest) * 1_000));
    let agreed = Scenario { settings: setup(), groups: 1, settles: false, acts }.check();
    agreed.unwrap_or_else(|why| panic!("{why}"));
    let mut product = Product::new(&setup(), 1);
    for arrival in &arrivals {
        assert_eq!(product.take(arrival), "applied");
    }
    Seen(product.look((BASE + now) * 1_000))
}

struct Seen(Exported);

impl Seen {
    #[track_caller]
    fn is(&self, series: &str, want: f64) {
        let got = self.value(series);
        assert!(got.is_some_and(|got| (got - want).abs() <= 1e-9 * want.abs()), "{series}: {got:?}, not {want}");
    }

    #[track_caller]
    fn is_about(&self, series: &str, want: f64, within: f64) {
        let got = self.value(series);
        assert!(got.is_some_and(|got| (got - want).abs() <= within), "{series}: {got:?}, not {want}");
    }

    #[track_caller]
    fn lacks(&self, series: &str) {
        assert_eq!(self.value(series), None, "{series}");
    }

    fn value(&self, series: &str) -> Option<f64> {
        self.0.get(&Series::parse(series).expect("a series").0).copied()
    }
}

fn created(ticket: &str) -> Json {
    json!({"type": "ticket.created", "ticket_id": ticket})
}

fn status(ticket: &str, status: &str) -> Json {
    json!({"type": "ticket.status_changed", "ticket_id": ticket, "status": status})
}

fn says(ticket: &str, author: &str) -> Json {
    json!({"type": "ticket.message", "ticket_id": ticket, "author": author})
}

fn rated(survey: impl ToString, score: i64) -> Json {
    json!({"type": "survey.responded", "survey_id": survey.to_string(), "metric": "csat", "score": score})
}

fn with(mut event: Json, name: &str, value: impl Into<Json>) -> Json {
    event[name] = value.into();
    event
}

/// CSAT answers of which some are satisfied.
fn satisfied(good: usize, all: usize) -> Seen {
    let answers: Vec<_> = (0..all).map(|n| (n as i64, rated(n, if n < good { 5 } else { 2 }))).collect();
    seen(&answers, all as i64)
}

#[test]
fn wilson_intervals_are_the_worked_ones() {
    for (good, all, low, high) in [
        (8, 10, 0.490_162, 0.943_318),
        (0, 5, 0.0, 0.434_482),
        (5, 5, 0.565_518, 1.0),
        (1, 1, 0.206_549, 1.0),
        (90, 100, 0.825_634, 0.944_771),
        (450, 500, 0.870_578, 0.923_322),
    ] {
        let seen = satisfied(good, all);
        seen.is(r#"cx_csat_ratio{window="1h"}"#, good as f64 / all as f64);
        seen.is_about(r#"cx_csat_ratio_lower{window="1h"}"#, low, 1e-6);
        seen.is_about(r#"cx_csat_ratio_upper{window="1h"}"#, high, 1e-6);
    }
}

#[test]
fn newcombe_intervals_of_the_model_are_the_worked_ones() {
    for (a, b, difference, low, high) in [((90, 100), (80, 100), 0.1, 0.000_149, 0.199_474), ((9, 10), (8, 10), 0.1, -0.236_225, 0.420_536)]
    {
        let got = newcombe(a, b);
        for (got, want) in [(got.0, difference), (got.1, low), (got.2, high)] {
            assert!((got - want).abs() < 1e-6, "{got}, not {want}");
        }
    }
}

#[test]
fn trend_of_satisfaction_has_the_worked_newcombe_interval() {
    for (short, rest, low, high) in [((90, 100), (80, 100), 0.000_149, 0.199_474), ((9, 10), (8, 10), -0.236_225, 0.420_536)] {
        let answers = |(good, all): (usize, usize), name: &'static str, at: i64| {
            (0..all).map(move |n| (at, rated(format!("{name}{n}"), if n < good { 5 } else { 2 })))
        };
        let events: Vec<_> = answers(rest, "before", HOUR).chain(answers(short, "now", 10 * HOUR)).collect();
        let seen = seen(&events, 10 * HOUR + 60);
        let labels = r#"{baseline="24h",metric="csat",window="1h"}"#;
        seen.is_about(&format!("cx_trend{labels}"), 0.1, 1e-9);
        seen.is_about(&format!("cx_trend_lower{labels}"), low, 1e-6);
        seen.is_about(&format!("cx_trend_upper{labels}"), high, 1e-6);
    }
}

#[test]
fn nps_and_its_adjusted_interval_are_the_worked_ones() {
    for (promoters, passives, detractors, score, centre, margin) in
        [(5, 3, 2, 30.0, 23.077, 43.456), (1, 0, 0, 100.0, 25.0, 81.256), (0, 4, 0, 0.0, 0.0, 39.597), (10, 0, 0, 100.0, 76.923, 31.292)]
    {
        let scores = [(promoters, 9), (passives, 8), (detractors, 6)].into_iter().flat_map(|(n, score)| (0..n).map(move |_| score));
        let answer = |(n, score): (usize, i64)| {
            (n as i64, json!({"type": "survey.responded", "metric": "nps", "score": score, "customer_id": format!("C{n}")}))
        };
        let seen = seen(&scores.enumerate().map(answer).collect::<Vec<_>>(), 100);
        let bound = |x: f64| x.clamp(-100.0, 100.0);
        seen.is_about(r#"cx_nps_score{scope="experience",window="1h"}"#, score, 1e-9);
        // A bound may be exported as it is, or clamped to what an NPS can be.
        for (series, want) in [("lower", centre - margin), ("upper", centre + margin)] {
            let series = format!(r#"cx_nps_score_{series}{{scope="experience",window="1h"}}"#);
            let is_clamped = seen.value(&series).is_some_and(|x| x.abs() == 100.0);
            seen.is_about(&series, if is_clamped { bound(want) } else { want }, 1e-3);
        }
    }
}

#[test]
fn spearman_interval_is_the_worked_one() {
    for (n, low, high) in [(20, -0.7248, 0.0702), (100, -0.5584, -0.2135)] {
        let mut events = Vec::new();
        for (i, rank) in ranks_with_rho_of_minus_two_fifths(n).into_iter().enumerate() {
            let ticket = format!("T{i}");
            // Responses lie far enough apart that no bin ties them.
            let response = (10.0 * 1.04f64.powi(i as i32) * 10.0).round() as i64;
            let answer = with(with(with(rated(i, rank as i64), "ticket_id", ticket.as_str()), "scale_min", 0), "scale_max", n);
            events.extend([(0, created(&ticket)), (response, says(&ticket, "agent")), (response, answer)]);
        }
        let seen = seen(&events, DAY - 1);
        let labels = r#"{window="7d",x="first_response",y="csat"}"#;
        seen.is(&format!("cx_correlation_pairs{labels}"), n as f64);
        seen.is(&format!("cx_correlation{labels}"), -0.4);
        seen.is_about(&format!("cx_correlation_lower{labels}"), low, 1e-4);
        seen.is_about(&format!("cx_correlation_upper{labels}"), high, 1e-4);
        assert!((fisher(-0.4, n).0 - low).abs() < 1e-4, "the model's own");
    }
}

/// An order of `0..n` whose Spearman's rho with the order itself is exactly -0.4.
fn ranks_with_rho_of_minus_two_fifths(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).rev().collect();
    let spread = |order: &[usize]| order.iter().enumerate().map(|(i, r)| i.abs_diff(*r).pow(2)).sum::<usize>();
    // rho = 1 - 6 S / (n (n^2 - 1)); swapping neighbours a > b lowers S by 2 (a - b).
    let wanted = n * (n * n - 1) * 14 / 60;
    while spread(&order) > wanted {
        let room = (spread(&order) - wanted) / 2;
        let swaps = (0..n - 1).filter(|&i| order[i] > order[i + 1] && order[i] - order[i + 1] <= room);
        let best = swaps.max_by_key(|&i| order[i] - order[i + 1]).expect("a pair of neighbours");
        order.swap(best, best + 1);
    }
    assert_eq!(spread(&order), wanted);
    order
}

#[test]
fn churn_leaves_out_who_returned_and_who_joined_inside_the_window() {
    let customer = |what: &str, n: usize| json!({"type": format!("customer.{what}"), "customer_id": format!("K{n}")});
    let start = 31 * DAY;
    let mut events: Vec<_> = (0..100).map(|n| (0, customer("subscribed", n))).collect();
    events.push((start, customer("subscribed", 100)));
    events.extend((0..11).chain([100]).map(|n| (start + 60, customer("cancelled", n))));
    events.push((start + 90, customer("subscribed", 0)));
    let seen = seen(&events, start + 100);
    seen.is(r#"cx_customers_active_at_start{window="30d"}"#, 100.0);
    seen.is(r#"cx_customers_churned{window="30d"}"#, 10.0);
    seen.is(r#"cx_churn_ratio{window="30d"}"#, 0.1);
    seen.is(r#"cx_retention_ratio{window="30d"}"#, 0.9);
}

#[test]
fn value_at_risk_is_that_of_active_customers_whose_latest_answer_was_bad() {
    let customer = |what: &str, n: usize, value: Json| json!({"type": format!("customer.{what}"), "customer_id": format!("K{n}"), "segment": if n < 3 { "small" } else { "large" }, "value": value});
    let answer = |metric: &str, n: usize, score: i64| json!({"type": "survey.responded", "metric": metric, "customer_id": format!("K{n}"), "score": score, "direction": "ease"});
    let start = 31 * DAY;
    let mut events: Vec<_> = (0..5).map(|n| (0, customer("active", n, json!(10.25 * (n + 1) as f64)))).collect();
    events.extend([
        (0, customer("active", 5, Json::Null)),
        // A good answer after a bad one, a bad one after a good one, and a bad one that is too old for the shorter windows.
        (10, answer("csat", 0, 1)),
        (start, answer("csat", 0, 5)),
        (start, answer("csat", 1, 5)),
        (start + 1, answer("csat", 1, 2)),
        (start - 2 * DAY, answer("nps", 2, 6)),
        // Nobody knows what this one is worth.
        (start, answer("csat", 5, 1)),
        (start, answer("ces", 3, 1)),
        (start + 2, customer("subscribed", 3, json!(100))),
        // Who leaves is no longer at risk, and is lost with what was known then.
        (start, answer("ces", 4, 1)),
        (start + 3, customer("cancelled", 4, json!(0))),
        (start + 4, json!({"type": "customer.touchpoint", "customer_id": "K4", "journey_stage": "use", "value": 7})),
    ]);
    let seen = seen(&events, start + 100);
    seen.is("cx_customers_value", 10.25 + 20.5 + 30.75 + 100.0);
    seen.is("cx_customers_with_value", 4.0);
    seen.is("cx_customers_active", 5.0);
    seen.is(r#"cx_customers_value_by_segment{segment="small"}"#, 61.5);
    seen.is(r#"cx_customers_value_churned{window="30d"}"#, 51.25);
    seen.is(r#"cx_customers_with_value_churned{window="30d"}"#, 1.0);
    seen.is(r#"cx_customers_value_at_risk{metric="csat",window="1h"}"#, 20.5);
    seen.is(r#"cx_customers_value_at_risk{metric="csat",window="30d"}"#, 20.5);
    seen.is(r#"cx_customers_with_value_at_risk{metric="csat",window="30d"}"#, 1.0);
    seen.is(r#"cx_customers_value_at_risk{metric="nps_experience",window="24h"}"#, 0.0);
    seen.is(r#"cx_customers_value_at_risk{metric="nps_experience",window="7d"}"#, 30.75);
    seen.is(r#"cx_customers_value_at_risk{metric="ces",window="1h"}"#, 100.0);
    seen.is(r#"cx_customers_value_at_risk_by_segment{segment="large",metric="ces",window="1h"}"#, 100.0);
}

#[test]
fn what_customers_are_worth_is_absent_until_an_event_says_it() {
    let seen = seen(&[(0, json!({"type": "customer.active", "customer_id": "K"}))], 10);
    assert_eq!(seen.value("cx_customers_value"), None);
    assert_eq!(seen.value(r#"cx_customers_value_at_risk{metric="csat",window="1h"}"#), None);
    seen.is("cx_customers_active", 1.0);
}

#[test]
fn effort_is_turned_round_for_ease_and_lower_is_better() {
    let answer = |score: i64, direction: &str, max: i64| json!({"type": "survey.responded", "metric": "ces", "score": score, "direction": direction, "scale_min": 1, "scale_max": max});
    for (event, want) in [(answer(7, "ease", 7), 1.0), (answer(1, "ease", 7), 5.0), (answer(2, "effort", 5), 2.0)] {
        seen(&[(0, event)], 1).is(r#"cx_ces_effort_score{window="1h"}"#, want);
    }
}

#[test]
fn rating_again_replaces_the_answer() {
    let seen = seen(&[(0, rated("S", 5)), (10, rated("S", 2))], 20);
    seen.is(r#"cx_csat_responses{window="1h"}"#, 1.0);
    seen.is(r#"cx_csat_satisfied_responses{window="1h"}"#, 0.0);
    seen.is(r#"cx_csat_ratio{window="1h"}"#, 0.0);
}

#[test]
fn bots_and_private_notes_do_not_end_the_first_response_clock() {
    let note = with(says("T", "agent"), "public", false);
    let events = [(0, created("T")), (60, says("T", "bot")), (120, note), (600, says("T", "agent"))];
    seen(&events[..3], 590).is(r#"cx_first_response_seconds_count{window="1h"}"#, 0.0);
    let seen = seen(&events, 600);
    seen.is(r#"cx_first_response_seconds_count{window="1h"}"#, 1.0);
    seen.is(r#"cx_first_response_seconds_sum{window="1h"}"#, 600.0);
}

#[test]
fn solving_again_replaces_the_resolution_and_counts_the_ticket_once() {
    let events = [(0, created("T")), (HOUR, status("T", "solved")), (24 * HOUR, status("T", "open")), (25 * HOUR, status("T", "solved"))];
    let seen = seen(&events, 25 * HOUR);
    seen.is(r#"cx_first_resolution_seconds_sum{window="7d"}"#, 3_600.0);
    seen.is(r#"cx_resolution_seconds_sum{window="7d"}"#, 90_000.0);
    seen.is(r#"cx_resolution_seconds_count{window="7d"}"#, 1.0);
    seen.is(r#"cx_tickets_resolved{window="7d"}"#, 1.0);
    seen.is(r#"cx_tickets_reopened{window="7d"}"#, 1.0);
    seen.is(r#"cx_reopen_ratio{window="7d"}"#, 1.0);
}

#[test]
fn example_of_the_contract_gives_its_numbers() {
    let ticket = with(with(with(created("T1"), "customer_id", "C9"), "channel", "email"), "team", "billing");
    let answer = with(with(rated("S1", 5), "ticket_id", "T1"), "customer_id", "C9");
    let promoter = json!({"type": "survey.responded", "metric": "nps", "score": 9, "customer_id": "C9"});
    let events = [
        (0, ticket),
        (60, says("T1", "bot")),
        (600, says("T1", "agent")),
        (3_600, status("T1", "solved")),
        (7_200, answer),
        (9_000, promoter),
    ];
    let seen = seen(&events, 9_000);
    seen.is(r#"cx_first_response_seconds_sum{window="24h"}"#, 600.0);
    seen.is(r#"cx_resolution_seconds_sum{window="24h"}"#, 3_600.0);
    seen.is(r#"cx_csat_satisfied_responses_by_team_channel{channel="email",team="billing",window="24h"}"#, 1.0);
    seen.is(r#"cx_nps_responses{group="promoter",scope="experience",window="24h"}"#, 1.0);
}

#[test]
fn business_time_is_absent_where_no_hours_are_set() {
    let seen = seen(&[(0, created("T")), (60, says("T", "agent")), (70, status("T", "solved"))], 100);
    let business: Vec<_> = seen.0.keys().filter(|series| series.name.contains("business")).collect();
    assert!(business.is_empty(), "{business:?}");
}

#[test]
fn empty_window_counts_zero_and_has_no_ratio_mean_or_quantile() {
    let events = [(0, created("T")), (60, says("T", "agent")), (70, status("T", "solved")), (80, rated("S", 5))];
    let seen = seen(&events, 3 * HOUR);
    for series in ["cx_tickets_created", "cx_tickets_resolved", "cx_csat_responses", "cx_first_response_seconds_count"] {
        seen.is(&format!(r#"{series}{{window="24h"}}"#), 1.0);
        seen.is(&format!(r#"{series}{{window="1h"}}"#), 0.0);
    }
    for series in
        ["cx_csat_ratio", "cx_csat_ratio_lower", "cx_csat_mean_score", "cx_first_response_mean_seconds", "cx_resolution_p95_seconds"]
    {
        assert!(seen.value(&format!(r#"{series}{{window="24h"}}"#)).is_some(), "{series}");
        seen.lacks(&format!(r#"{series}{{window="1h"}}"#));
    }
    seen.lacks(r#"cx_reopen_ratio{window="1h"}"#);
    seen.lacks(r#"cx_chat_abandonment_ratio{window="24h"}"#);
}

#[test]
fn survey_response_ratio_takes_both_sides_from_the_surveys_sent_in_the_window() {
    let sent = |survey: &str| json!({"type": "survey.sent", "survey_id": survey, "metric": "csat"});
    // S1 was sent before the hour and answered within it; S2 was sent within it.
    let events = [(0, sent("S1")), (2 * HOUR, sent("S2")), (2 * HOUR + 60, rated("S1", 4))];
    let seen = seen(&events, 2 * HOUR + 120);
    seen.is(r#"cx_surveys_sent{metric="csat",window="1h"}"#, 1.0);
    seen.is(r#"cx_survey_response_ratio{metric="csat",window="1h"}"#, 0.0);
    seen.is(r#"cx_survey_response_ratio{metric="csat",window="24h"}"#, 0.5);
    seen.is(r#"cx_csat_responses{window="1h"}"#, 1.0);
}

#[test]
fn running_first_response_clock_is_no_sample() {
    let seen = seen(&[(0, created("T")), (10, created("T2")), (40, says("T2", "agent"))], 50 * 60);
    seen.is(r#"cx_first_response_seconds_count{window="1h"}"#, 1.0);
    seen.is(r#"cx_first_response_mean_seconds{window="1h"}"#, 30.0);
    seen.is("cx_backlog_unanswered_tickets", 1.0);
    seen.is("cx_backlog_oldest_unanswered_timestamp_seconds", BASE as f64);
}

#[test]
fn rating_again_moves_the_answer_to_its_new_team_and_date() {
    let first = with(rated("S", 5), "team", "a");
    let second = with(rated("S", 1), "team", "b");
    let seen = seen(&[(0, first), (3 * HOUR, second)], 3 * HOUR + 60);
    seen.is(r#"cx_csat_responses_by_team{team="b",window="1h"}"#, 1.0);
    seen.is(r#"cx_csat_responses{window="24h"}"#, 1.0);
    let old = seen.value(r#"cx_csat_responses_by_team{team="a",window="24h"}"#);
    assert!(old.is_none_or(|n| n == 0.0), "{old:?}");
}

#[test]
fn reply_at_the_instant_of_the_question_is_an_answer_after_zero_seconds() {
    let seen = seen(&[(0, created("T")), (0, says("T", "agent"))], 60);
    seen.is(r#"cx_first_response_seconds_count{window="1h"}"#, 1.0);
    seen.is(r#"cx_first_response_mean_seconds{window="1h"}"#, 0.0);
    seen.is(r#"cx_first_response_p50_seconds{window="1h"}"#, 0.0);
    seen.is("cx_backlog_unanswered_tickets", 0.0);
}

#[test]
fn overall_mean_weighs_tickets_and_not_teams() {
    let mut events = Vec::new();
    for (ticket, team, reply) in [("T1", "a", 100), ("T2", "b", 10), ("T3", "b", 10), ("T4", "b", 20)] {
        events.extend([(0, with(created(ticket), "team", team)), (reply, says(ticket, "agent"))]);
    }
    let seen = seen(&events, 200);
    seen.is(r#"cx_first_response_mean_seconds{window="1h"}"#, 35.0);
    seen.is(r#"cx_first_response_mean_seconds_by_team{team="a",window="1h"}"#, 100.0);
}

#[test]
fn windows_empty_themselves_without_traffic() {
    let mut product = Product::new(&setup(), 1);
    let line = json!({"id": "e", "type": "ticket.created", "time": BASE * 1_000, "ticket_id": "T"}).to_string().into_bytes();
    assert_eq!(product.take(&Arrival { group: 0, topic: 0, line, record_time: None }), "applied");
    for (later, want) in [(0, 1.0), (295, 1.0), (299, 1.0), (300, 0.0), (8 * DAY, 0.0)] {
        Seen(product.look((BASE + later) * 1_000)).is(r#"cx_tickets_created{window="5m"}"#, want);
    }
}

#[test]
fn window_holds_its_first_instant_and_leaves_out_its_end() {
    // At 01:00:00 the hour is [00:01, 01:01).
    let seen = |at: i64, now: i64| seen(&[(at, created("T"))], now).value(r#"cx_tickets_created{window="1h"}"#);
    assert_eq!(seen(60, HOUR), Some(1.0));
    assert_eq!(seen(59, HOUR), Some(0.0));
    assert_eq!(seen(HOUR, HOUR), Some(1.0));
    assert_eq!(seen(60, HOUR + 59), Some(1.0));
    assert_eq!(seen(60, HOUR + 60), Some(0.0));
}

#[test]
fn a_group_is_gone_when_its_label_sets_have_been_empty_for_the_longest_window_and_one_with_open_tickets_stays() {
    let by_team = |what: &str, team: &str| {
        let (name, labels) = what.split_once('{').unwrap_or((what, "}"));
        format!("{name}_by_team{{team=\"{team}\",{labels}").replace(",}", "}")
    };
    let of_team = |ticket: &str, team: &str| {
        let mut event = created(ticket);
        event["team"] = team.into();
        event
    };
    let events = [(0, of_team("T", "billing")), (HOUR, status("T", "solved")), (HOUR, of_team("U", "orders"))];
    let resolved = r#"cx_tickets_resolved{window="30d"}"#;
    let seen_at = |now| seen(&events, now);
    seen_at(29 * DAY).is(&by_team(resolved, "billing"), 1.0);
    seen_at(31 * DAY).is(&by_team(resolved, "billing"), 0.0);
    let gone = seen_at(61 * DAY);
    gone.lacks(&by_team(resolved, "billing"));
    gone.is(resolved, 0.0);
    gone.is(&by_team("cx_backlog_tickets", "orders"), 1.0);
    gone.lacks(&by_team(r#"cx_tickets_created{window="30d"}"#, "orders"));
}
