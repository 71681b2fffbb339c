//! What real desks do with tickets, rule by rule: each kind with siblings, and rules that meet. Worked out by hand.

use serde_json::json;

use super::desk::{BASE, DAY, Event, HOUR, MINUTE, created, on_ticket, says, seen, status, with_targets};
use super::setup::setup;
use cxpulse::event::Status;

fn told(at: i64, status: &str, more: serde_json::Value) -> Event {
    let mut members = json!({"created_time": BASE * 1_000, "status": status});
    members.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    on_ticket(at, "ticket.snapshot", members)
}

fn moved(at: i64, team: &str, reason: Option<&str>) -> Event {
    on_ticket(at, "ticket.assigned", json!({"team": team, "reason": reason}))
}

fn instant(seconds: i64) -> i64 {
    (BASE + seconds) * 1_000
}

#[test]
fn merge_and_spam_are_two_marks() {
    let merged = on_ticket(60, "ticket.merged", json!({"into_ticket_id": "U"}));
    let unmerged = on_ticket(180, "ticket.unmerged", json!({}));
    for spam_at in [30, 90] {
        let events = [created(0), status(spam_at, "spam"), merged.clone(), unmerged.clone(), status(240, "open")];
        seen(&setup(), &events[..4], 200).is("cx_tickets_created", 0.0).is("cx_backlog_tickets", 0.0);
        seen(&setup(), &events, 300).is("cx_tickets_created", 1.0).is("cx_backlog_tickets", 1.0);
    }
    // A status on what is merged away shows after the unmerging only; a nightly set says the same every night.
    let closed = [created(0), merged, told(90, "closed", json!({})), told(120, "closed", json!({}))];
    seen(&setup(), &closed, 150).is("cx_tickets_created", 0.0).is("cx_tickets_resolved", 0.0);
    let back = [closed.to_vec(), vec![unmerged]].concat();
    seen(&setup(), &back, 200).is("cx_tickets_created", 1.0).is("cx_backlog_tickets", 0.0).is("cx_tickets_resolved", 0.0);
}

#[test]
fn lost_solve_is_repaired_without_a_sample_and_the_next_solve_is_one() {
    let events = [
        created(0),
        told(HOUR, "solved", json!({})),
        told(2 * HOUR, "solved", json!({})),
        status(3 * HOUR, "open"),
        status(4 * HOUR, "solved"),
    ];
    seen(&setup(), &events[..3], 3 * HOUR).is("cx_backlog_tickets", 0.0).is("cx_tickets_resolved", 0.0);
    // The reopening is an event, so it is counted. A solve that only a snapshot knows was the first.
    seen(&setup(), &events, 5 * HOUR)
        .is("cx_tickets_reopened", 1.0)
        .is("cx_resolution_seconds_sum", 14_400.0)
        .is("cx_first_resolution_seconds_count", 0.0);
}

#[test]
fn lost_reopening_is_repaired_with_the_wait_that_the_help_desk_knows() {
    let waiting = "cx_backlog_oldest_awaiting_reply_timestamp_seconds";
    let events = [
        created(0),
        says(60, "agent"),
        status(HOUR, "solved"),
        told(3 * HOUR, "open", json!({"awaiting_reply_since": instant(2 * HOUR)})),
        told(4 * HOUR, "open", json!({"awaiting_reply_since": instant(2 * HOUR)})),
        says(5 * HOUR, "agent"),
        status(6 * HOUR, "solved"),
    ];
    let open = seen(&setup(), &events[..5], 4 * HOUR);
    open.is("cx_backlog_tickets", 1.0).is("cx_tickets_reopened", 0.0).is("cx_backlog_awaiting_reply_tickets", 1.0);
    open.is(waiting, (BASE + 2 * HOUR) as f64).is("cx_resolution_seconds_sum", 3_600.0);
    // Answered three hours after the wait began; the later solve replaces the resolution.
    seen(&setup(), &events, 7 * HOUR)
        .is("cx_next_response_seconds_sum", 10_800.0)
        .is("cx_resolution_seconds_sum", 21_600.0)
        .is("cx_tickets_resolved", 1.0)
        .is("cx_reopen_ratio", 0.0);
}

#[test]
fn snapshot_fills_an_answer_without_a_sample() {
    for known in [json!({"first_response_time": instant(30)}), json!({"answered": true})] {
        let events = [created(0), told(HOUR, "open", known), says(2 * HOUR, "customer"), says(3 * HOUR, "agent")];
        seen(&setup(), &events[..2], HOUR).is("cx_backlog_unanswered_tickets", 0.0);
        seen(&setup(), &events, 4 * HOUR)
            .is("cx_first_response_seconds_count", 0.0)
            .is("cx_tickets_first_responded", 0.0)
            .is("cx_next_response_seconds_sum", 3_600.0);
    }
    // Known from snapshots alone, it says in vain that nobody answered where a reply is known.
    let replied = [says(60, "agent"), told(HOUR, "open", json!({"answered": false}))];
    seen(&setup(), &replied, HOUR).is("cx_backlog_tickets", 1.0).is("cx_backlog_unanswered_tickets", 0.0);
}

#[test]
fn handoff_moves_no_clock_that_stands_and_starts_one_that_did_not_run() {
    let handoff = |at| on_ticket(at, "ticket.handoff", json!({}));
    // Behind the reply it is counted only.
    seen(&setup(), &[created(0), says(60, "agent"), handoff(120)], 200).is("cx_first_response_seconds_sum", 60.0).is("cx_handoffs", 1.0);
    // After a solve before any reply the next hand-off is a first one again.
    let again = [created(0), handoff(60), status(120, "solved"), status(180, "open"), handoff(240), says(300, "agent")];
    seen(&setup(), &again, 400).is("cx_first_response_seconds_sum", 60.0).is("cx_handoffs", 1.0);
    // A repeated solve is none.
    let once = [created(0), status(60, "solved"), handoff(120), status(180, "solved"), handoff(240), says(300, "agent")];
    seen(&setup(), &once, 400).is("cx_first_response_seconds_sum", 180.0);
    // The system created it, so no clock ran.
    let by_system = [on_ticket(0, "ticket.created", json!({"created_by": "system"})), handoff(100), says(160, "agent")];
    seen(&setup(), &by_system, 200).is("cx_first_response_seconds_sum", 60.0);
}

#[test]
fn thanks_asks_for_nothing_and_a_reopening_waits_from_its_own_instant() {
    let waiting = "cx_backlog_awaiting_reply_tickets";
    let events = [
        created(0),
        says(60, "agent"),
        says(120, "customer"),
        status(180, "solved"),
        says(DAY, "customer"),
        status(DAY + HOUR, "open"),
        says(DAY + HOUR + 300, "agent"),
    ];
    seen(&setup(), &events[..5], DAY + 60).is(waiting, 0.0);
    seen(&setup(), &events[..6], DAY + HOUR).is(waiting, 1.0);
    seen(&setup(), &events, DAY + 2 * HOUR).is("cx_next_response_seconds_sum", 300.0).is("cx_next_response_seconds_count", 1.0);
    // Where the customer did not write since the solve, the reopening waits for nobody.
    let silent = [events[..4].to_vec(), vec![status(DAY, "open")]].concat();
    seen(&setup(), &silent, DAY).is(waiting, 0.0);
    // A reply on the solved ticket settles what the customer wrote there.
    let settled = [events[..5].to_vec(), vec![says(DAY + 60, "agent"), status(DAY + 120, "open")]].concat();
    seen(&setup(), &settled, DAY + 120).is(waiting, 0.0).is("cx_next_response_seconds_count", 0.0);
}

#[test]
fn withdrawal_forgets_a_wait_and_an_automated_message_starts_none() {
    let waiting = "cx_backlog_awaiting_reply_tickets";
    let asked = [created(0), says(60, "agent"), says(120, "customer")];
    seen(&setup(), &asked, 150).is(waiting, 1.0);
    let deleted = [asked.to_vec(), vec![status(180, "deleted"), status(240, "open"), says(300, "agent")]].concat();
    seen(&setup(), &deleted[..5], 250).is("cx_backlog_tickets", 1.0).is(waiting, 0.0);
    seen(&setup(), &deleted, 350).is("cx_next_response_seconds_count", 0.0);
    let away = [created(0), says(60, "agent"), on_ticket(120, "ticket.message", json!({"author": "customer", "automated": true}))];
    seen(&setup(), &away, 150).is(waiting, 0.0);
}

#[test]
fn wait_that_ends_without_a_reply_is_undecided_and_the_next_one_has_a_verdict_again() {
    let undecided = |reason: &str| format!("cx_target_undecided{{target=\"next_response\",reason=\"{reason}\"}}");
    let events = [
        created(0),
        says(60, "agent"),
        says(HOUR, "customer"),
        status(HOUR + 10 * MINUTE, "spam"),
        status(2 * HOUR, "open"),
        says(3 * HOUR, "customer"),
        says(3 * HOUR + 30 * MINUTE, "agent"),
    ];
    seen(&with_targets(), &events, 5 * HOUR)
        .is(&undecided("withdrawn"), 1.0)
        .is(&undecided("ended_without_reply"), 0.0)
        .is("cx_next_response_within_target", 1.0)
        .is("cx_next_response_target_decided", 1.0);
}

#[test]
fn miss_is_credited_to_the_values_at_the_deadline() {
    let decided = |by: &str| format!("cx_first_response_target_decided_by_{by}");
    let events = [created(0), moved(30 * MINUTE, "b", None), moved(2 * HOUR, "c", None), says(3 * HOUR, "agent")];
    seen(&with_targets(), &events, 4 * HOUR)
        .is(&decided(r#"team{team="b"}"#), 1.0)
        .is(&decided(r#"team{team="a"}"#), 0.0)
        .is(&decided(r#"team{team="c"}"#), 0.0)
        .is(r#"cx_first_response_seconds_count_by_team{team="c"}"#, 0.0);
    // Moved exactly at the deadline: that has happened by then.
    let at_it = [created(0), moved(HOUR, "b", None)];
    seen(&with_targets(), &at_it, 2 * HOUR).is(&decided(r#"team{team="b"}"#), 1.0);
}

#[test]
fn pauses_of_responses_hold_their_clocks_too() {
    let mut paused = with_targets();
    paused.targets.pauses.first_response = vec![Status::OnHold];
    paused.targets.pauses.next_response = vec![Status::Pending];
    // Twenty minutes on hold: the reply after 70 minutes took 50 of the 60.
    let held = [created(0), status(10 * MINUTE, "on_hold"), status(30 * MINUTE, "open"), says(70 * MINUTE, "agent")];
    seen(&paused, &held, 2 * HOUR).is("cx_first_response_within_target", 1.0).is("cx_first_response_seconds_sum", 4_200.0);
    seen(&with_targets(), &held, 2 * HOUR).is("cx_first_response_within_target", 0.0);
    // A pause of another clock does not hold this one.
    let pending = [created(0), status(10 * MINUTE, "pending"), status(30 * MINUTE, "open"), says(70 * MINUTE, "agent")];
    seen(&paused, &pending, 2 * HOUR).is("cx_first_response_within_target", 0.0);
    let asked = [created(0), says(60, "agent"), says(HOUR, "customer"), status(HOUR + 10 * MINUTE, "pending")];
    seen(&paused, &asked, 9 * HOUR)
        .is("cx_next_response_target_decided", 0.0)
        .is(r#"cx_backlog_past_target_tickets{target="next_response"}"#, 0.0)
        .is("cx_backlog_awaiting_reply_tickets", 1.0);
}

#[test]
fn move_between_known_teams_is_a_transfer_unless_a_rule_made_it() {
    let transferred = |events: &[Event]| {
        let all = [vec![created(0)], events.to_vec(), vec![status(HOUR, "solved")]].concat();
        seen(&setup(), &all, 2 * HOUR)
    };
    transferred(&[moved(60, "b", None)]).is(r#"cx_tickets_transferred_by_team{team="b"}"#, 1.0).is("cx_transfer_ratio", 1.0);
    transferred(&[moved(60, "b", Some("escalation"))]).is("cx_tickets_transferred", 1.0).is("cx_tickets_escalated", 1.0);
    transferred(&[moved(60, "b", Some("auto"))]).is("cx_tickets_transferred", 0.0).lacks("cx_transfer_ratio");
    transferred(&[moved(60, "a", None)]).is("cx_tickets_transferred", 0.0);
    // Said in so many words, also to the same team. A ticket counts once, at its latest move.
    transferred(&[moved(60, "a", Some("transfer"))]).is("cx_tickets_transferred", 1.0);
    transferred(&[moved(60, "b", None), moved(120, "c", None)])
        .is("cx_tickets_transferred", 1.0)
        .is(r#"cx_tickets_transferred_by_team{team="c"}"#, 1.0);
    // Taken away and given to another: two moves, neither between known teams.
    transferred(&[moved(60, "", None), moved(120, "b", None)]).is("cx_tickets_transferred", 0.0);
}

#[test]
fn shares_of_what_was_never_seen_are_absent_and_not_0() {
    let plain = [created(0), status(60, "solved")];
    let none = seen(&setup(), &plain, 120);
    none.lacks("cx_escalation_ratio").lacks("cx_transfer_ratio").is("cx_reopen_ratio", 0.0).is("cx_tickets_resolved_escalated", 0.0);
    // Another ticket's escalation, even a withdrawn one's, makes the 0 known.
    let mut others = plain.to_vec();
    others.push((70, "ticket.created", "other", json!({})));
    others.push((80, "ticket.escalated", "other", json!({})));
    others.push((90, "ticket.status_changed", "other", json!({"status": "spam"})));
    seen(&setup(), &others, 120).is("cx_escalation_ratio", 0.0).is("cx_tickets_escalated", 0.0).lacks("cx_transfer_ratio");
}

#[test]
fn one_instant_has_an_order_whatever_the_order_of_the_log() {
    // At one instant: created, asked, answered, moved, solved. The solve finds the new team and a reply.
    let mut events = vec![status(0, "solved"), moved(0, "b", None), says(0, "agent"), says(0, "customer"), created(0)];
    for _ in 0..5 {
        events.rotate_left(1);
        seen(&setup(), &events, 60)
            .is(r#"cx_tickets_resolved_by_team{team="b"}"#, 1.0)
            .is(r#"cx_first_response_seconds_count"#, 1.0)
            .is("cx_tickets_solved_without_response", 0.0)
            .is("cx_tickets_transferred", 1.0)
            .is("cx_first_contact_resolved", 1.0);
    }
}

/// An event so many milliseconds after its second.
fn later(mut event: Event, millis: i64) -> Event {
    event.3["time"] = json!((BASE + event.0) * 1_000 + millis);
    event
}

#[test]
fn reply_up_to_two_seconds_after_a_solve_was_before_it() {
    let replied = |millis: i64| {
        let events = [created(0), status(60, "solved"), later(says(60 + millis / 1_000, "agent"), millis % 1_000)];
        seen(&setup(), &events, 120)
    };
    replied(2_000).is("cx_first_response_seconds_sum", 60.0);
    replied(2_001).is("cx_first_response_seconds_sum", 62.001);
    // Neither a note nor a bot has last words.
    let note = [created(0), status(60, "solved"), on_ticket(61, "ticket.message", json!({"author": "agent", "public": false}))];
    seen(&setup(), &note, 120).is("cx_tickets_solved_without_response", 1.0);
}

#[test]
fn what_lies_up_to_two_seconds_before_the_creation_counts_as_at_it() {
    let replied = |millis: i64| {
        let events = [created(60), later(says(57, "agent"), 3_000 - millis)];
        seen(&setup(), &events, 120)
    };
    replied(2_000).is("cx_first_response_seconds_count", 1.0).is("cx_first_response_seconds_sum", 0.0);
    replied(2_001).is("cx_first_response_seconds_count", 0.0).is("cx_backlog_unanswered_tickets", 1.0);
    // What was moved stands among what happened at that instant: the question of the instant comes before the reply, and so starts the clock.
    let by_system = |at| on_ticket(at, "ticket.created", json!({"created_by": "system"}));
    let moved = [later(says(59, "agent"), 200), by_system(60), says(60, "customer")];
    seen(&setup(), &moved, 120).is("cx_first_response_seconds_count", 1.0).is("cx_backlog_unanswered_tickets", 0.0);
}

#[test]
fn bots_and_automated_messages_are_no_first_author() {
    let opened = on_ticket(0, "ticket.created", json!({"created_by": "first_author"}));
    let automated = on_ticket(30, "ticket.message", json!({"author": "customer", "automated": true}));
    let events = [opened.clone(), automated, says(60, "customer"), says(120, "agent")];
    seen(&setup(), &events, 200).is("cx_first_response_seconds_sum", 120.0);
    // A bot that writes first created it, and is no customer: the clock runs from the customer's first message.
    let by_bot = [opened, says(30, "bot"), says(60, "customer"), says(120, "agent")];
    seen(&setup(), &by_bot, 200).is("cx_first_response_seconds_sum", 60.0);
}

#[test]
fn new_matter_begins_only_where_the_customer_wrote_since_the_solve() {
    let mut matters = setup();
    matters.new_matter_after = Some(cxpulse::time::Span::days(1));
    let solved = [created(0), says(60, "agent"), status(120, "solved")];
    // The help desk reopened it itself: the same matter, however late.
    let by_desk = [solved.to_vec(), vec![status(3 * DAY, "open")]].concat();
    seen(&matters, &by_desk, 4 * DAY).is("cx_tickets_created", 1.0).is("cx_tickets_reopened", 1.0);
    // What the customer wrote was answered before it was reopened.
    let answered = [solved.to_vec(), vec![says(2 * DAY, "customer"), says(2 * DAY + 60, "agent"), status(3 * DAY, "open")]].concat();
    seen(&matters, &answered, 4 * DAY).is("cx_tickets_created", 1.0).is("cx_tickets_reopened", 1.0);
    let anew = [solved.to_vec(), vec![says(2 * DAY, "customer"), status(3 * DAY, "open"), says(3 * DAY + 300, "agent")]].concat();
    seen(&matters, &anew, 4 * DAY).is("cx_tickets_created", 2.0).is("cx_tickets_reopened", 0.0).is("cx_first_response_seconds_sum", 360.0);
}

#[test]
fn creation_that_is_told_twice_moves_nothing_that_lies_before_the_second_telling() {
    let events = |from: usize| {
        let all = [
            on_ticket(0, "ticket.snapshot", json!({"created_time": BASE * 1_000, "status": "open"})),
            created(60),
            on_ticket(120, "ticket.assigned", json!({"team": null})),
            created(121),
        ];
        all[from..].to_vec()
    };
    for from in [0, 1] {
        seen(&setup(), &events(from), 200).is("cx_backlog_without_team_tickets", 0.0).is(r#"cx_backlog_tickets_by_team{team="a"}"#, 1.0);
    }
}
