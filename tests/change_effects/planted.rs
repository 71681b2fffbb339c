//! A made desk in which the answers of one team become better from a day on: the effect is found, its interval covers it, and one span earlier there is none.

use cxpulse::time::Span;
use serde_json::json;

use crate::desk::{DAY, Desk, HOUR, MINUTE, MONDAY, Sent, configured, effects};
use crate::slow;

/// 2026-04-06T10:00:00Z, five weeks after [`MONDAY`].
const CHANGE: i64 = MONDAY + 35 * DAY + 10 * HOUR;
pub(crate) const MARKED: &str = "[{ name = \"new macros\", at = \"2026-04-06T10:00:00Z\", where = { team = \"billing\" } }]";

/// A sequence of numbers from 0 to 1 that looks drawn, from a seed.
pub(crate) struct Drawn(pub(crate) u64);

impl Drawn {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// The events of so many days with 60 tickets a day. From the change on, `more` of the answers of billing are good and its first responses take `shorter` of
/// the time. Every fifth day is a bad one for everybody.
pub(crate) fn desk_of(days: i64, seed: u64, more: f64, shorter: f64) -> Vec<Sent> {
    let mut drawn = Drawn(seed);
    let mut sent = Vec::new();
    for ticket in 0..days * 60 {
        let opened = MONDAY + ticket * DAY / 60 + (drawn.next() * 10.0) as i64 * MINUTE;
        let team = ["billing", "orders", "returns"][(drawn.next() * 3.0) as usize];
        let is_after = team == "billing" && opened > CHANGE;
        let is_bad_day = (opened / DAY) % 5 == 0;
        let good = 0.7 + if is_after { more } else { 0.0 } - if is_bad_day { 0.2 } else { 0.0 };
        let minutes = (10.0 + 50.0 * drawn.next()) * if is_after { shorter } else { 1.0 } * if is_bad_day { 2.0 } else { 1.0 };
        let replied = opened + (minutes * 60_000.0) as i64;
        let score = if drawn.next() < good { 5 } else { 2 };
        let id = format!("T{ticket}");
        let mut send = |at, event| sent.push(Sent { group: (ticket % 3) as i32, at, event });
        send(opened, json!({"type": "ticket.created", "ticket_id": id, "team": team, "channel": "email"}));
        send(replied, json!({"type": "ticket.message", "ticket_id": id, "author": "agent"}));
        send(replied + HOUR, json!({"type": "ticket.status_changed", "ticket_id": id, "status": "solved"}));
        send(replied + 5 * HOUR, json!({"type": "survey.responded", "metric": "csat", "score": score, "ticket_id": id}));
    }
    sent.sort_by_key(|sent| sent.at);
    sent
}

fn seen(events: &[Sent], now: i64) -> crate::support::exposition::Exposition {
    let mut desk = Desk::new(configured(MARKED, Span::days(1)), 1, 3, false);
    for sent in events.iter().filter(|sent| sent.at <= now) {
        assert_eq!(desk.take(sent), "applied");
    }
    desk.look(now)
}

fn value(seen: &crate::support::exposition::Exposition, family: &str, metric: &str) -> Option<f64> {
    seen.value(&format!("{family}{{change=\"new macros\",metric=\"{metric}\"}}"))
}

#[test]
fn a_planted_effect_is_found_within_its_interval_and_there_is_none_one_span_earlier() {
    let (mut covered, mut sum, mut placebos) = (0, 0.0, 0.0);
    const SEEDS: u64 = 8;
    for seed in 0..SEEDS {
        let seen = seen(&desk_of(70, seed, 0.1, 0.5), MONDAY + 69 * DAY);
        let [effect, lower, upper] = ["", "_lower", "_upper"].map(|end| value(&seen, &format!("cx_change_effect{end}"), "csat").unwrap());
        covered += i32::from((lower..=upper).contains(&0.1));
        sum += effect;
        assert_eq!(seen.value("cx_change_weeks{change=\"new macros\",part=\"effect\"}"), Some(4.0));
        let speed = value(&seen, "cx_change_effect", "first_response").unwrap();
        assert!((speed - 0.5_f64.ln()).abs() < 0.1, "half of the time: {speed}");
        let none = value(&seen, "cx_change_effect", "resolution").unwrap();
        assert!((-0.4..0.0).contains(&none), "an hour of work stays: {none}");
        assert_eq!(value(&seen, "cx_change_effect_placebo", "csat"), None, "five weeks are no eight");
        let earlier = self::seen(&desk_of(70, seed, 0.1, 0.5), CHANGE - 10 * HOUR + 17 * DAY);
        assert_eq!(earlier.value("cx_change_weeks{change=\"new macros\",part=\"placebo\"}"), Some(2.0));
        placebos += value(&earlier, "cx_change_effect_placebo", "csat").unwrap();
        let placebo = value(&earlier, "cx_change_effect_placebo", "first_response").unwrap();
        assert!(placebo.abs() < 0.15, "nothing was changed there: {placebo}");
    }
    assert!(covered >= 7, "{covered} of {SEEDS} intervals of 95 % cover what was planted");
    assert!((sum / SEEDS as f64 - 0.1).abs() < 0.02, "{}", sum / SEEDS as f64);
    assert!((placebos / SEEDS as f64).abs() < 0.03, "{}", placebos / SEEDS as f64);
}

#[test]
fn an_effect_comes_a_day_after_its_first_week_and_goes_when_the_days_before_it_do() {
    let events = desk_of(50, 3, 0.1, 0.5);
    let day = CHANGE - 10 * HOUR;
    for (days, weeks) in [
        (0, None),
        (1, Some(0.0)),
        (8, Some(0.0)),
        (9, Some(1.0)),
        (15, Some(1.0)),
        (16, Some(2.0)),
        (30, Some(4.0)),
        (63, Some(3.0)),
        (77, Some(1.0)),
        (78, Some(1.0)),
        (79, Some(0.0)),
        (86, None),
    ] {
        let seen = seen(&events, day + days * DAY);
        assert_eq!(seen.value("cx_change_weeks{change=\"new macros\",part=\"effect\"}"), weeks, "{days} days");
        assert_eq!(value(&seen, "cx_change_effect", "csat").is_some(), weeks.is_some_and(|weeks| weeks > 0.0), "{days} days");
    }
    assert_eq!(seen(&events, day + 9 * DAY - 1).value("cx_change_weeks{change=\"new macros\",part=\"effect\"}"), Some(0.0));
}

#[test]
fn there_is_no_effect_without_others_or_with_few_answers_or_while_logs_are_read() {
    let events = desk_of(56, 5, 0.1, 0.5);
    let now = MONDAY + 56 * DAY;
    let shown = |changes: &str, events: &[Sent]| {
        let mut desk = Desk::new(configured(changes, Span::days(1)), 1, 3, false);
        for sent in events.iter().filter(|sent| sent.at <= now) {
            desk.take(sent);
        }
        effects(&desk.look(now))
    };
    assert!(!shown(MARKED, &events).is_empty());
    assert!(shown(&MARKED.replace(", where = { team = \"billing\" }", ""), &events).is_empty(), "nobody was left out");
    assert!(shown(&MARKED.replace("team", "priority"), &events).is_empty(), "no grouping set has the priority");
    let has_effect = |shown: &[(String, f64)]| shown.iter().any(|(series, _)| series.starts_with("cx_change_effect{"));
    let nobody = shown(&MARKED.replace("billing", "nobody"), &events);
    assert!(!has_effect(&nobody), "{nobody:?}");
    let few: Vec<Sent> = events.iter().filter(|sent| sent.event["ticket_id"].as_str().unwrap().ends_with("00")).cloned().collect();
    assert!(!has_effect(&shown(MARKED, &few)));
    let mut desk = Desk::new(configured(MARKED, Span::days(1)), 1, 3, false);
    for sent in events.iter().filter(|sent| sent.at <= now) {
        desk.take(sent);
    }
    let mut text = String::new();
    let exposition = cxpulse::metrics::Exposition::new(&desk.configuration);
    exposition.render(&desk.snapshot(now).without_values(), &mut text);
    assert!(!text.contains("cx_change_effect{") && !text.contains("cx_change_day"));
    assert!(text.contains("cx_change_weeks{change=\"new macros\",part=\"effect\"} 0\n"), "several replicas then show none either");
}

#[test]
fn the_effects_of_a_made_desk_are_those_of_its_facts() {
    let events = desk_of(70, 8, 0.1, 0.5);
    let now = MONDAY + 52 * DAY + 7 * HOUR;
    let mut desk = Desk::new(configured(MARKED, Span::days(1)), 1, 3, true);
    for sent in events.iter().filter(|sent| sent.at <= now) {
        desk.take(sent);
    }
    let seen = desk.look(now);
    let dimensions: Vec<String> = desk.configuration.engine.dimensions.iter().map(|dimension| dimension.name.clone()).collect();
    let cases = slow::cases(&desk.engines[0], &dimensions, CHANGE, &[("team", &["billing"])]);
    for metric in ["csat", "first_response", "resolution"] {
        let slow = slow::effect(&cases[metric], 2, true).unwrap();
        // A logarithm is that of the middle of a bin, which is off by less than 0.01 either way.
        let close = if metric == "csat" { 1e-9 } else { 0.01 };
        let close_to = |end: &str, wanted: f64| {
            let got = value(&seen, &format!("cx_change_effect{end}"), metric).unwrap();
            assert!((got - wanted).abs() <= close + 4e-4 * (slow.upper - slow.lower), "{metric}{end}: {got}, not {wanted}");
        };
        close_to("", slow.effect);
        close_to("_lower", slow.lower);
        close_to("_upper", slow.upper);
        close_to("_placebo", slow.placebo.unwrap());
    }
    assert_eq!(value(&seen, "cx_change_effect", "nps"), None);
}
