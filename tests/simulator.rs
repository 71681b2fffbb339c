//! The synthetic organisation: its events are the same for a seed, in the order of their time, and of every type; and they show the relations that the
//! product exists to show.

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "support/engine_driver.rs"]
mod engine_driver;

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::config::Configuration;
use cxpulse::engine::{Outcome, RecordPlace, TopicIndex};
use cxpulse::event::{Decoded, Record, decode};
use cxpulse::simulator::{
    Fault, FaultInjector, GeneratedEvent, GeneratedRecord, IncidentSettings, Organisation, PlannedIncidents, Profile, Volume,
};
use cxpulse::time::{EventTime, Span};
use serde_json::Value;

mod simulator {
    mod chat_habits;
    mod delivery;
    mod month;
    mod survey_habits;
    mod ticket_habits;
}

/// Tuesday, 2026-03-03, 10:15 UTC.
const NOW: EventTime = EventTime(1_772_532_900_000);

/// The event types of the contract.
const TYPES: [&str; 25] = [
    "ticket.created",
    "ticket.message",
    "ticket.status_changed",
    "ticket.assigned",
    "ticket.escalated",
    "ticket.merged",
    "ticket.unmerged",
    "ticket.handoff",
    "ticket.snapshot",
    "ticket.snapshot_completed",
    "chat.started",
    "chat.accepted",
    "chat.message",
    "chat.transferred",
    "chat.handoff",
    "chat.ended",
    "chat.abandoned",
    "survey.sent",
    "survey.responded",
    "customer.active",
    "customer.subscribed",
    "customer.cancelled",
    "customer.merged",
    "customer.erased",
    "customer.touchpoint",
];

fn days(count: i64, seed: u64) -> impl Iterator<Item = GeneratedEvent> {
    let start = NOW - Span::days(count);
    Organisation::new(Profile::medium().busy_at(NOW), seed, start).take_while(|emitted| emitted.time < NOW)
}

fn json(emitted: &GeneratedEvent) -> Value {
    serde_json::from_slice(&emitted.payload).expect("the organisation writes JSON")
}

/// The text of an id, whether it is a text or a number.
fn id(value: &Value) -> Option<String> {
    let number = || value.as_u64().map(|number| number.to_string());
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned).or_else(number)
}

/// The id of the ticket or chat that an event is about.
fn about(event: &Value) -> Option<String> {
    let own = if event["type"].as_str()?.starts_with("chat.") { "chat_id" } else { "ticket_id" };
    id(&event[own]).or_else(|| id(&event["chat_id"]))
}

/// The wait of each contact for the first public human reply, since the hand-off by a bot where there is one, with its first CSAT score, by channel.
/// Scores are in thousandths.
fn waits_and_scores(events: impl Iterator<Item = GeneratedEvent>) -> BTreeMap<String, Vec<(i64, i64)>> {
    let mut open = BTreeMap::new();
    let mut waits = BTreeMap::new();
    let mut scores = BTreeMap::<String, Vec<(i64, i64)>>::new();
    for emitted in events {
        let event = json(&emitted);
        let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
        let Some(id) = about(&event) else { continue };
        match emitted.name {
            "ticket.handoff" | "chat.handoff" => {
                if let Some((opened, _)) = open.get_mut(&id) {
                    *opened = emitted.time;
                }
            }
            "ticket.created" | "chat.started" => drop(open.insert(id, (emitted.time, text("channel")))),
            "ticket.message" | "chat.message" if text("author") == "agent" && event["public"] != false => {
                if let Some((opened, channel)) = open.remove(&id) {
                    waits.insert(id, ((emitted.time - opened).0, channel));
                }
            }
            "survey.responded" if text("metric") == "csat" => {
                if let Some((wait, channel)) = waits.remove(&id) {
                    let score = event["score"].as_f64().expect("a score") * 1_000.0;
                    scores.entry(channel).or_default().push((wait, score as i64));
                }
            }
            _ => {}
        }
    }
    scores
}

#[test]
fn a_seed_gives_the_same_events_and_another_seed_others() {
    assert!(days(3, 7).eq(days(3, 7)));
    assert!(!days(3, 7).eq(days(3, 8)));
}

#[test]
fn ids_are_unique_also_across_two_starts() {
    let second = Organisation::new(Profile::medium().busy_at(NOW), 7, NOW).take(20_000);
    let mut ids = BTreeSet::new();
    for emitted in days(5, 7).chain(second) {
        let id = json(&emitted)["id"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "an id twice: {emitted:?}");
    }
}

#[test]
fn events_come_in_the_order_of_their_time_which_they_carry() {
    let mut latest = EventTime::MIN;
    for emitted in days(10, 1) {
        assert!(emitted.time >= latest);
        latest = emitted.time;
        assert_eq!(json(&emitted)["time"].as_str().unwrap(), emitted.time.to_string());
        assert_eq!(json(&emitted)["type"].as_str().unwrap(), emitted.name);
        assert!(emitted.name.starts_with(emitted.kind.name().trim_end_matches('s')));
    }
    assert!(NOW - latest < Span::minutes(2));
}

#[test]
fn every_type_of_the_contract_occurs() {
    let names: BTreeSet<_> = days(30, 1).map(|emitted| emitted.name).collect();
    assert_eq!(names, TYPES.into_iter().collect());
}

#[test]
fn what_belongs_together_has_one_key_which_is_an_id_of_the_customer_or_the_contact() {
    let mut keys = BTreeMap::new();
    for emitted in days(10, 1).filter(|emitted| emitted.partition.is_none()) {
        let event = json(&emitted);
        for member in ["ticket_id", "chat_id", "survey_id", "customer_id", "into_customer_id", "into_ticket_id"] {
            let Some(named) = id(&event[member]) else { continue };
            let key = keys.entry((member.trim_start_matches("into_"), named)).or_insert_with(|| emitted.key.clone());
            assert_eq!(*key, emitted.key, "under two keys: {event}");
        }
    }
    let own = |member, key: &String| keys.get(&(member, key.clone())) == Some(key);
    for key in keys.values() {
        assert!(["customer_id", "ticket_id", "chat_id"].into_iter().any(|member| own(member, key)), "{key} is nobody's id");
    }
}

#[test]
fn a_busy_morning_is_busy_whatever_the_real_time() {
    let now = NOW + Span::hours(77);
    let start = now - Span::days(8);
    let events = Organisation::new(Profile::medium().busy_at(now), 1, start).take_while(|emitted| emitted.time < now);
    let mut last_five_minutes = BTreeMap::<_, u32>::new();
    let mut count = 0;
    for emitted in events {
        count += 1;
        if now - emitted.time <= Span::minutes(5) {
            *last_five_minutes.entry(emitted.name).or_default() += 1;
        }
    }
    let recent: u32 = last_five_minutes.values().sum();
    assert!(f64::from(recent) > 3.0 * f64::from(count) / (8.0 * 24.0 * 12.0), "{recent} of {count}");
    for name in ["ticket.created", "ticket.message", "chat.accepted", "chat.ended", "survey.sent", "survey.responded"] {
        assert!(last_five_minutes.get(name).is_some_and(|&count| count >= 3), "{name}: {last_five_minutes:?}");
    }
}

#[test]
fn satisfaction_falls_with_response_time() {
    for (channel, mut pairs) in waits_and_scores(days(30, 1)) {
        pairs.sort_unstable();
        let third = pairs.len() / 3;
        let mean = |part: &[(i64, i64)]| part.iter().map(|(_, score)| *score as f64).sum::<f64>() / part.len() as f64;
        let (fast, slow) = (mean(&pairs[..third]), mean(&pairs[2 * third..]));
        assert!(third > 100 && fast > slow + 300.0, "{channel}: {fast} after the fast replies, {slow} after the slow");
    }
}

#[test]
fn an_incident_brings_contacts_and_slow_replies_and_then_bad_scores() {
    let incident = PlannedIncidents { first: NOW, every: Span::days(9), length: Span::minutes(30), team: None };
    let hour_from_now = |incidents: IncidentSettings| {
        let profile = Profile { incidents, ..Profile::medium().busy_at(NOW) };
        let start = NOW - Span::days(2);
        let events: Vec<_> = Organisation::new(profile, 3, start)
            .take_while(|emitted| emitted.time < NOW + Span::hours(1))
            .skip_while(|emitted| emitted.time < NOW)
            .collect();
        let opened = events.iter().filter(|emitted| ["ticket.created", "chat.started"].contains(&emitted.name)).count();
        let chats = waits_and_scores(events.into_iter()).remove("chat").unwrap_or_default();
        let mean = |of: fn(&(i64, i64)) -> i64| chats.iter().map(|pair| of(pair) as f64).sum::<f64>() / chats.len() as f64;
        (opened, mean(|(wait, _)| *wait), mean(|(_, score)| *score))
    };
    let calm = hour_from_now(IncidentSettings { random_per_week: 0.0, random_until: NOW, planned: None });
    let struck = hour_from_now(IncidentSettings { random_per_week: 0.0, random_until: NOW, planned: Some(incident) });
    assert!(struck.0 as f64 > 1.4 * calm.0 as f64, "contacts: {calm:?} became {struck:?}");
    assert!(struck.1 > 3.0 * calm.1, "waits: {calm:?} became {struck:?}");
    assert!(struck.2 < calm.2 - 500.0, "scores: {calm:?} became {struck:?}");
}

#[test]
fn an_incident_of_one_team_leaves_the_others_alone() {
    let half_an_hour = |planned: Option<PlannedIncidents>| {
        let incidents = IncidentSettings { random_per_week: 0.0, random_until: NOW, planned };
        let profile = Profile { incidents, ..Profile::medium().busy_at(NOW) };
        let events = Organisation::new(profile, 3, NOW - Span::days(2))
            .take_while(|emitted| emitted.time < NOW + Span::minutes(30))
            .skip_while(|emitted| emitted.time < NOW);
        // Of each team the contacts opened, the chats accepted, and those of them that waited for more than a minute.
        let mut teams: BTreeMap<String, [u32; 3]> = BTreeMap::new();
        let mut waiting: BTreeMap<String, (String, EventTime)> = BTreeMap::new();
        for emitted in events.filter(|emitted| ["ticket.created", "chat.started", "chat.accepted"].contains(&emitted.name)) {
            let (event, at) = (json(&emitted), emitted.time);
            let (team, chat) = (event["team"].as_str().unwrap_or_default().to_owned(), about(&event).unwrap());
            if let Some((team, since)) = waiting.remove(&chat).filter(|_| emitted.name == "chat.accepted") {
                let counts = teams.entry(team).or_default();
                counts[1] += 1;
                counts[2] += u32::from(at - since > Span::minutes(1));
            } else if emitted.name != "chat.accepted" {
                teams.entry(team.clone()).or_default()[0] += 1;
                waiting.insert(chat, (team, at));
            }
        }
        teams
    };
    let incident = PlannedIncidents { first: NOW, every: Span::days(9), length: Span::minutes(30), team: Some("billing") };
    let (calm, struck) = (half_an_hour(None), half_an_hour(Some(incident)));
    for team in ["accounts", "billing", "onboarding", "technical"] {
        let ([opened_calm, ..], [opened, accepted, late]) = (calm[team], struck[team]);
        if team == "billing" {
            assert!(opened > 3 * opened_calm && 2 * late > accepted, "{team}: {calm:?} became {struck:?}");
        } else {
            assert!(opened < 2 * opened_calm && 4 * late < accepted, "{team}: {calm:?} became {struck:?}");
        }
    }
}

#[test]
fn a_fixed_rate_is_kept_from_the_first_seconds_on() {
    let profile = Profile::sized(Volume::EventsPerSecond(500.0)).busy_at(NOW);
    let mut per_ten_seconds = [0_u32; 12];
    for emitted in Organisation::new(profile, 1, NOW).take_while(|emitted| emitted.time < NOW + Span::minutes(2)) {
        if emitted.name != "customer.active" {
            per_ten_seconds[(emitted.time - NOW).0 as usize / 10_000] += 1;
        }
    }
    for (tens, count) in per_ten_seconds.into_iter().enumerate().skip(1) {
        assert!((4_000..6_000).contains(&count), "{count} events in the ten seconds from {tens}0 s on: {per_ten_seconds:?}");
    }
}

#[test]
fn faults_are_of_every_kind_and_leave_the_sound_events_as_they_were() {
    let records: Vec<GeneratedRecord> = FaultInjector::new(days(4, 1), 0.05, 9).collect();
    let mut sound: Vec<_> = records.iter().filter(|record| record.fault.is_none()).map(|record| record.payload.clone().unwrap()).collect();
    let mut original: Vec<_> = days(4, 1).map(|emitted| emitted.payload).collect();
    assert!(sound != original, "some events are held back");
    sound.sort();
    original.sort();
    assert!(sound == original);
    let outcomes: BTreeSet<_> = records.iter().map(GeneratedRecord::outcome).collect();
    assert_eq!(outcomes, BTreeSet::from(["applied", "duplicate", "late", "future", "invalid", "ignored"]));
    let reasons: BTreeSet<_> = records
        .iter()
        .filter_map(|record| match record.fault {
            Some(Fault::Invalid(reason)) => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 13, "{reasons:?}");
}

#[test]
fn every_record_has_the_outcome_that_the_feed_expects() {
    let configuration = Configuration::default();
    let mut engine = engine_driver::engine_of(&configuration, [engine_driver::GROUP], None);
    for (offset, record) in FaultInjector::new(days(12, 2), 0.05, 4).enumerate() {
        let topic = configuration.topics.iter().position(|topic| topic.kind == record.kind).unwrap();
        let offset = offset as i64;
        let input = Record { payload: record.payload.as_deref(), timestamp: Some(record.time), offset, ..Record::default() };
        let decoded = decode(input, &configuration.topics[topic], &configuration.decode);
        if let (None, Decoded::Event(event)) = (record.fault, &decoded) {
            assert_eq!(event.time, record.time);
        }
        let place = RecordPlace { group: engine_driver::GROUP, topic: TopicIndex(topic as u8), offset, record_time: Some(record.time) };
        let outcome = engine.handle(place, &decoded);
        let text = || record.payload.as_deref().map(String::from_utf8_lossy);
        assert_eq!(outcome.name(), record.outcome(), "{:?} of {:?}: {outcome:?}", text(), record.fault);
        if let (Outcome::Invalid(reason), Some(Fault::Invalid(expected))) = (outcome, record.fault) {
            assert_eq!(reason, expected, "{:?}", text());
        }
    }
}
