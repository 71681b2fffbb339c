//! What desks do with tickets: they merge them, hand them over, send them around, get thanks for them, and do not always know who created them.

use std::collections::BTreeMap;

use cxpulse::time::Span;

use super::month::{Seen, TICKETS, assert_share};
use crate::NOW;

/// The place in a history at which the ticket was merged into another.
fn merged_at(history: &[Seen]) -> Option<usize> {
    history.iter().position(|seen| seen.is("ticket.merged"))
}

fn created() -> usize {
    TICKETS.values().flatten().filter(|seen| seen.is("ticket.created")).count()
}

#[test]
fn merged_tickets_are_closed_by_the_desk_and_named_closed_at_night() {
    let (mut merged, mut named) = (0, 0);
    for history in TICKETS.values() {
        let Some(at) = merged_at(history) else { continue };
        let (merge, after) = (&history[at], &history[at + 1..]);
        assert!(TICKETS.contains_key(merge.text("into_ticket_id").unwrap()), "merged into nothing: {merge:?}");
        if NOW - merge.time < Span::hours(25) || after.iter().any(|seen| seen.is("ticket.unmerged")) {
            continue;
        }
        merged += 1;
        let closed = after.iter().find(|seen| seen.sets("closed")).expect("the desk closes what it merged");
        assert!(closed.time - merge.time <= Span::seconds(2));
        let night = after.iter().find(|seen| seen.is("ticket.snapshot")).expect("the next set names it");
        assert!(night.text("status") == Some("closed") && night.time - merge.time <= Span::hours(25), "{night:?}");
        named += 1;
    }
    assert_eq!(merged, named);
    assert_share("merged tickets", merged, created(), 0.005, 0.02);
}

#[test]
fn some_merges_are_taken_back_and_the_ticket_is_answered() {
    let mut answered = 0;
    let unmerged: Vec<_> = TICKETS.values().filter(|history| history.iter().any(|seen| seen.is("ticket.unmerged"))).collect();
    for history in &unmerged {
        let merged = merged_at(history).expect("merged before");
        let unmerged = history.iter().position(|seen| seen.is("ticket.unmerged")).unwrap();
        assert!(merged < unmerged);
        answered += usize::from(history[unmerged..].iter().any(Seen::is_reply));
    }
    assert!((5..60).contains(&unmerged.len()) && answered + 3 >= unmerged.len(), "{answered} of {} are answered", unmerged.len());
}

#[test]
fn bots_hand_tickets_over_before_people_answer() {
    let mut handed_over = 0;
    for history in TICKETS.values() {
        let Some(at) = history.iter().position(|seen| seen.is("ticket.handoff")) else { continue };
        handed_over += 1;
        assert!(!history[..at].iter().any(Seen::is_reply), "a reply before the hand-off: {:?}", history[at]);
        assert!(history[at].text("team").is_some());
        assert_eq!(history.iter().filter(|seen| seen.is("ticket.handoff")).count(), 1);
    }
    assert_share("tickets handed over", handed_over, created(), 0.08, 0.2);
}

#[test]
fn customers_say_thanks_after_a_solve_and_some_tickets_open_again_for_it() {
    let (mut solved, mut thanked, mut reopened_without_reply, mut reopened) = (0, 0, 0, 0);
    for history in TICKETS.values() {
        for (at, solve) in history.iter().enumerate().filter(|(_, seen)| seen.sets("solved")) {
            solved += 1;
            let after: Vec<&Seen> = history[at + 1..].iter().take_while(|seen| !seen.sets("solved")).collect();
            let opened = after.iter().position(|seen| seen.sets("open"));
            let replied = after.iter().any(|seen| seen.is_reply() && seen.time - solve.time > Span::seconds(2));
            reopened += usize::from(opened.is_some());
            let wrote = after.iter().any(|seen| seen.is_by_customer());
            thanked += usize::from(wrote && !replied);
            let is_solved_again = history[at + 1..].iter().any(|seen| seen.sets("solved"));
            reopened_without_reply += usize::from(opened.is_some() && wrote && !replied && is_solved_again);
        }
    }
    assert_share("solves that are thanked for", thanked, solved, 0.08, 0.16);
    assert_share("reopenings by thanks", reopened_without_reply, solved, 0.01, 0.04);
    assert_share("reopenings", reopened, solved, 0.04, 0.15);
}

#[test]
fn creators_are_customers_agents_systems_and_whoever_writes_first() {
    let mut creators = BTreeMap::<String, usize>::new();
    let (mut by_agent, mut first_authors) = (0, 0);
    for history in TICKETS.values() {
        let Some(created) = history.iter().find(|seen| seen.is("ticket.created")) else { continue };
        *creators.entry(created.json["created_by"].to_string()).or_default() += 1;
        assert_eq!(created.text("channel") == Some("social"), created.text("created_by") == Some("first_author"));
        if created.text("created_by") == Some("first_author") {
            let first = history.iter().find(|seen| seen.is_reply() || seen.is_by_customer());
            first_authors += usize::from(first.is_some());
            by_agent += usize::from(first.is_some_and(Seen::is_reply));
        }
    }
    let created = created();
    for (creator, from, to) in [("\"first_author\"", 0.05, 0.15), ("\"agent\"", 0.04, 0.1), ("\"system\"", 0.04, 0.12), ("null", 0.6, 0.85)]
    {
        assert_share(creator, creators[creator], created, from, to);
    }
    assert_share("first authors who are agents", by_agent, first_authors, 0.04, 0.12);
}

#[test]
fn teams_change_by_rule_by_transfer_with_and_without_a_word_and_are_taken_away() {
    let (mut routed, mut said, mut silent, mut taken, mut picked_up, mut named_late) = (0, 0, 0, 0, 0, 0);
    for history in TICKETS.values() {
        let mut team: Option<&str> = None;
        let mut was_taken = false;
        for seen in history {
            if seen.is("ticket.created") {
                team = seen.text("team");
                named_late += usize::from(team.is_none());
            } else if seen.is("ticket.handoff") {
                team = seen.text("team");
            } else if seen.is("ticket.assigned") {
                let now = seen.text("team");
                let is_move = team.is_some() && now.is_some() && team != now;
                match seen.text("reason") {
                    Some("auto") => routed += usize::from(is_move),
                    Some("transfer") => said += 1,
                    None => silent += usize::from(is_move),
                    Some(reason) => assert_eq!(reason, "escalation"),
                }
                taken += usize::from(team.is_some() && seen.json.get("team").is_some_and(serde_json::Value::is_null));
                picked_up += usize::from(was_taken && now.is_some());
                was_taken = now.is_none();
                team = now;
            }
        }
    }
    let created = created();
    assert_share("created without a team", named_late, created, 0.03, 0.07);
    assert_share("moved by a rule", routed, created, 0.03, 0.1);
    assert_share("transfers with a word", said, created, 0.02, 0.06);
    assert_share("transfers without a word", silent, created, 0.02, 0.06);
    assert_share("teams taken away", taken, created, 0.004, 0.02);
    assert_share("teams that take those", picked_up, taken, 0.9, 1.1);
}
