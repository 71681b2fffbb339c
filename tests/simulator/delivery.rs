//! How the events of the desk arrive: nightly sets, events that were lost and are repaired by them, creations that are stamped late, two webhooks of one
//! action in either order, members without a value, and two records of one customer.

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::event::Kind;
use cxpulse::simulator::{Organisation, Profile};
use cxpulse::time::{EventTime, Span};

use super::month::{CHATS, SURVEYS, Seen, TICKETS, assert_share, of_kind};
use crate::{NOW, id, json};

fn is_open(status: &str) -> bool {
    ["new", "open", "pending", "on_hold"].contains(&status)
}

fn snapshots() -> impl Iterator<Item = &'static Seen> {
    TICKETS.values().flatten().filter(|seen| seen.is("ticket.snapshot"))
}

#[test]
fn every_night_a_set_names_the_open_tickets_and_then_ends() {
    let ends: Vec<Seen> = of_kind(Kind::Tickets).filter(|seen| seen.is("ticket.snapshot_completed")).collect();
    assert_eq!(ends.len(), 30);
    for end in &ends {
        let started = end.instant("started_time").expect("a set begins");
        assert_eq!(started.0.rem_euclid(Span::days(1).0), Span::hours(2).0, "at two at night: {end:?}");
        assert!((Span::minutes(10)..=Span::minutes(15)).contains(&(end.time - started)));
    }
    let set_of = |at: EventTime| at.0.div_euclid(Span::days(1).0);
    let begun_and_ended: Vec<(EventTime, EventTime)> =
        ends.iter().filter_map(|end| Some((end.instant("started_time")?, end.time))).collect();
    for history in TICKETS.values() {
        let named: Vec<&Seen> = history.iter().filter(|seen| seen.is("ticket.snapshot")).collect();
        for seen in &named {
            assert!(begun_and_ended.iter().any(|(begun, ended)| (*begun..=*ended).contains(&seen.time)), "outside of a set: {seen:?}");
        }
        for pair in named.windows(2) {
            assert!(set_of(pair[0].time) < set_of(pair[1].time), "twice in a set: {pair:?}");
        }
        let last = named.last().filter(|seen| NOW - seen.time > Span::hours(25));
        assert!(last.is_none_or(|last| !is_open(last.text("status").unwrap())), "left out of the next set: {last:?}");
    }
    let events: usize = TICKETS.values().map(Vec::len).sum();
    assert_share("snapshots", snapshots().count(), events, 0.1, 0.3);
}

#[test]
fn the_end_of_a_set_goes_to_every_partition() {
    let profile = Profile { partitions: 4, ..Profile::medium().busy_at(NOW) };
    let mut partitions = BTreeMap::<EventTime, BTreeSet<i32>>::new();
    for emitted in Organisation::new(profile, 1, NOW - Span::days(3)).take_while(|emitted| emitted.time < NOW) {
        assert_eq!(emitted.partition.is_some(), emitted.name == "ticket.snapshot_completed");
        if let Some(partition) = emitted.partition {
            assert!(partitions.entry(emitted.time).or_default().insert(partition), "twice: {}", json(&emitted));
        }
    }
    assert_eq!(partitions.len(), 3);
    assert!(partitions.values().all(|set| *set == BTreeSet::from([0, 1, 2, 3])), "{partitions:?}");
}

#[test]
fn snapshots_repair_the_events_that_were_lost() {
    let (mut repaired, mut statuses, mut without_creation) = (0, 0, 0);
    for history in TICKETS.values() {
        let mut known = "open";
        let mut is_merged = false;
        for seen in history {
            if seen.is("ticket.status_changed") {
                statuses += 1;
                known = seen.text("status").unwrap();
            } else if seen.is("ticket.merged") {
                is_merged = true;
            } else if seen.is("ticket.snapshot") {
                let now = seen.text("status").unwrap();
                repaired += usize::from(!is_merged && is_open(now) != is_open(known));
                known = now;
            }
        }
        without_creation += usize::from(!history.iter().any(|seen| seen.is("ticket.created")));
    }
    assert_share("repaired statuses", repaired, statuses, 0.0003, 0.003);
    assert_share("tickets without a creation", without_creation, TICKETS.len(), 0.0003, 0.003);
}

#[test]
fn snapshots_say_what_the_desk_knows() {
    let mut said = BTreeMap::<&str, usize>::new();
    for seen in snapshots() {
        let created = seen.instant("created_time").expect("a snapshot says when the ticket was created");
        for member in ["first_response_time", "solved_time", "awaiting_reply_since"] {
            let Some(at) = seen.instant(member) else { continue };
            assert!(created - Span::seconds(2) <= at && at <= seen.time, "{member}: {seen:?}");
            *said.entry(member).or_default() += 1;
        }
        let is_answered = seen.instant("first_response_time").is_some();
        assert_eq!(seen.json.get("answered").is_some(), !is_answered, "{seen:?}");
        *said.entry("answered").or_default() += usize::from(!is_answered);
        assert!(seen.instant("solved_time").is_none() || !is_open(seen.text("status").unwrap()), "{seen:?}");
    }
    assert!(said.len() == 4 && said.values().all(|count| *count > 500), "{said:?}");
}

#[test]
fn some_creations_and_starts_are_stamped_later_than_the_first_message() {
    for (what, histories, opening, from, to) in
        [("tickets", &*TICKETS, "ticket.created", 0.01, 0.03), ("chats", &*CHATS, "chat.started", 0.004, 0.02)]
    {
        let mut late = 0;
        for history in histories.values() {
            let Some(at) = history.iter().position(|seen| seen.is(opening)) else { continue };
            if at > 0 {
                assert!(history[at].time - history[0].time <= Span::seconds(2), "{:?}", history[at]);
                late += 1;
            }
        }
        assert_share(what, late, histories.len(), from, to);
    }
}

#[test]
fn the_two_webhooks_of_a_reply_come_in_either_order_and_at_one_instant_or_not() {
    let (mut message_first, mut status_first, mut message_late) = (0, 0, 0);
    for pair in TICKETS.values().flat_map(|history| history.windows(2)) {
        let is_status = |seen: &Seen| ["solved", "pending", "on_hold"].into_iter().any(|status| seen.sets(status));
        match (pair[1].time - pair[0].time, pair[0].is_reply(), is_status(&pair[0])) {
            (Span(0), true, _) if is_status(&pair[1]) => message_first += 1,
            (Span(0), _, true) if pair[1].is_reply() => status_first += 1,
            (gap, _, true) if pair[1].is_reply() && gap <= Span::seconds(2) => message_late += 1,
            _ => {}
        }
    }
    let of = message_first + status_first + message_late;
    assert_share("messages first", message_first, of, 0.6, 0.8);
    assert_share("statuses first", status_first, of, 0.2, 0.3);
    assert_share("messages up to two seconds later", message_late, of, 0.03, 0.08);
}

#[test]
fn members_without_a_value_are_null_or_empty() {
    let nulls = TICKETS.values().chain(CHATS.values()).flatten();
    let nulls = nulls.filter(|seen| seen.json.as_object().unwrap().values().any(serde_json::Value::is_null)).count();
    assert!((10_000..100_000).contains(&nulls), "{nulls} events with a null");
    let sent: Vec<&Seen> = SURVEYS.iter().filter(|seen| seen.is("survey.sent")).collect();
    let empty = sent.iter().filter(|seen| seen.text("customer_id") == Some("")).count();
    assert_share("surveys to nobody known", empty, sent.len(), 0.02, 0.08);
}

#[test]
fn second_records_of_a_customer_are_merged_into_the_first_in_its_partition() {
    let writers: BTreeMap<String, &str> = TICKETS
        .values()
        .chain(CHATS.values())
        .flatten()
        .filter_map(|seen| Some((id(&seen.json["customer_id"])?, seen.key.as_str())))
        .collect();
    let merges: Vec<Seen> = of_kind(Kind::Customers).filter(|seen| seen.is("customer.merged")).collect();
    for merge in &merges {
        assert_eq!(merge.text("into_customer_id"), Some(merge.key.as_str()));
        let second = merge.text("customer_id").unwrap();
        assert_ne!(second, merge.key);
        assert_eq!(writers.get(second), Some(&merge.key.as_str()), "a record that nobody wrote under: {merge:?}");
    }
    assert!((200..800).contains(&merges.len()), "{} merges of customers", merges.len());
}
