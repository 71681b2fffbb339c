//! What desks do with chats and calls: bots hand them over, messengers keep one id for ever, tools miss an acceptance or call an end an abandonment, and
//! tickets are made of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cxpulse::time::{EventTime, Span};

use super::month::{CHATS, SURVEYS, Seen, TICKETS, assert_share};

/// The sessions of all chats: from each start to the next.
static SESSIONS: LazyLock<Vec<Vec<&'static Seen>>> = LazyLock::new(|| CHATS.values().flat_map(|history| sessions(history)).collect());

/// The sessions of a history. A bot's message shortly before a start belongs to it.
fn sessions(history: &[Seen]) -> Vec<Vec<&Seen>> {
    let starts: Vec<EventTime> = history.iter().filter(|seen| seen.is("chat.started")).map(|seen| seen.time).collect();
    let session_of = |seen: &Seen| {
        let begun = |start: &&EventTime| **start - seen.time <= Span::seconds(2) && !is_end(seen) || **start <= seen.time;
        starts.iter().take_while(begun).count()
    };
    let mut sessions = vec![Vec::new(); starts.len() + 1];
    for seen in history {
        sessions[session_of(seen)].push(seen);
    }
    assert!(sessions[0].iter().all(|seen| starts.is_empty() && seen.text("author") == Some("bot")), "{:?}", sessions[0]);
    sessions.split_off(1)
}

fn is_end(seen: &Seen) -> bool {
    seen.is("chat.ended") || seen.is("chat.abandoned")
}

fn has(session: &[&Seen], name: &str) -> bool {
    session.iter().any(|seen| seen.is(name))
}

fn is_by_channel(session: &[&Seen], channel: &str) -> bool {
    session.iter().any(|seen| seen.text("channel") == Some(channel))
}

#[test]
fn bots_hand_chats_over_before_anybody_takes_them() {
    let chats: Vec<_> = SESSIONS.iter().filter(|session| is_by_channel(session, "chat")).collect();
    let mut handed_over = 0;
    for session in &chats {
        let Some(at) = session.iter().position(|seen| seen.is("chat.handoff")) else { continue };
        handed_over += 1;
        assert!(!session[..at].iter().any(|seen| seen.is("chat.accepted") || seen.is_reply()), "{session:?}");
        assert!(session[..at].iter().any(|seen| seen.text("author") == Some("bot")), "{session:?}");
    }
    assert_share("chats handed over", handed_over, chats.len(), 0.15, 0.3);
}

#[test]
fn messenger_threads_begin_again_under_their_id_after_they_ended() {
    let mut again = 0;
    for history in CHATS.values() {
        let sessions = sessions(history);
        again += sessions.len().saturating_sub(1);
        for pair in sessions.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let end = before.iter().find(|seen| is_end(seen)).expect("a chat ends before the next under its id");
            assert!(end.time <= after[0].time);
        }
    }
    assert_share("chats that begin again", again, SESSIONS.len(), 0.03, 0.12);
}

#[test]
fn some_agents_write_without_an_acceptance_and_some_ends_are_called_abandonments() {
    let talked: Vec<_> = SESSIONS.iter().filter(|session| session.iter().any(|seen| seen.is_reply())).collect();
    let unannounced = talked.iter().filter(|session| !has(session, "chat.accepted")).count();
    assert_share("without an acceptance", unannounced, talked.len(), 0.01, 0.05);
    let abandoned = talked.iter().filter(|session| has(session, "chat.abandoned")).count();
    assert_share("abandoned after an answer", abandoned, talked.len(), 0.01, 0.04);
    let waited = SESSIONS.iter().filter(|session| !has(session, "chat.accepted") && !session.iter().any(|seen| seen.is_reply()));
    let left = waited.filter(|session| has(session, "chat.abandoned")).count();
    assert_share("abandoned before an answer", left, SESSIONS.len(), 0.05, 0.15);
}

#[test]
fn tickets_are_made_from_chats_during_after_and_instead_of_them() {
    let mut kinds = BTreeMap::<&str, usize>::new();
    for session in SESSIONS.iter() {
        let Some(ticket) = session.iter().find_map(|seen| seen.text("ticket_id")) else { continue };
        let Some(created) = TICKETS.get(ticket).and_then(|history| history.iter().find(|seen| seen.is("ticket.created"))) else { continue };
        let Some(start) = session.iter().find(|seen| seen.is("chat.started")) else { continue };
        if created.time < start.time {
            *kinds.entry("about an older ticket").or_default() += 1;
            continue;
        }
        assert_eq!(created.key, start.key, "both in one partition");
        let end = session.iter().find(|seen| is_end(seen));
        assert!(end.is_none_or(|end| created.time - end.time <= Span::hours(1)), "{created:?} after {end:?}");
        let kind = match end {
            Some(end) if created.time < end.time => "record",
            Some(_) if session.iter().any(|seen| seen.is_reply() || seen.is("chat.accepted")) => "follow-up",
            Some(_) => "missed",
            None => "under way",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let of = SESSIONS.len();
    assert_share("records of chats", kinds["record"], of, 0.08, 0.14);
    assert_share("follow-ups", kinds["follow-up"], of, 0.03, 0.06);
    assert_share("missed chats", kinds["missed"], of, 0.02, 0.06);
    assert_share("chats about an older ticket", kinds["about an older ticket"], of, 0.001, 0.03);
}

#[test]
fn records_of_chats_are_solved_and_one_of_the_two_is_asked_about() {
    let (mut records, mut solved) = (0, 0);
    for history in TICKETS.values() {
        let Some(created) = history.iter().find(|seen| seen.is("ticket.created")) else { continue };
        if !matches!(created.text("channel"), Some("chat" | "phone")) {
            continue;
        }
        records += 1;
        let is_solved = |seen: &&Seen| seen.text("status") == Some("solved") || seen.text("status") == Some("closed");
        solved += usize::from(history.iter().any(|seen| is_solved(&seen)));
    }
    assert_share("records that are solved", solved, records, 0.98, 1.0);
    let asked = |id: &str| SURVEYS.iter().any(|seen| seen.is("survey.sent") && seen.text("ticket_id") == Some(id));
    let sample: Vec<_> = TICKETS.iter().filter(|(_, history)| history[0].text("channel") == Some("chat")).take(200).collect();
    let about_record = sample.iter().filter(|(id, _)| asked(id)).count();
    assert_share("surveys about the record", about_record, sample.len(), 0.2, 0.5);
}

#[test]
fn calls_have_numbers_that_the_survey_tool_keeps_as_texts() {
    let mut calls = 0;
    for (id, history) in CHATS.iter() {
        let is_call = history.iter().any(|seen| seen.text("channel") == Some("phone"));
        calls += usize::from(is_call);
        assert!(history.iter().all(|seen| seen.json["chat_id"].is_number() == is_call), "{id}: {:?}", history[0]);
    }
    assert_share("calls", calls, CHATS.len(), 0.25, 0.45);
    let named: Vec<_> = SURVEYS.iter().filter_map(|seen| seen.text("chat_id")).collect();
    let of_calls = named.iter().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(of_calls.filter(|id| CHATS.contains_key(**id)).count() > 5_000);
}
