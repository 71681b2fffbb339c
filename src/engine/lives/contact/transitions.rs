//! The transitions of a ticket or chat: how its next event, in order, changes its summary. These are the definitions of the life cycle.
//!
//! Ticket snapshots are among the events. A snapshot says what the help desk knows at its time: it fills gaps of the history, and where its status
//! differs from the history's, the status changes at that instant without a sample. Does not know the order of events.

use super::marks::{Action, HistoryEvent, Mark, Opening, Solve, Stamp};
use super::summary::{Answered, Summary};
use super::targets::{
    end_clocks, found_solved, note_holder, pass_deadlines, reopen_clock, solve_clock, start_clock, stop_clock, void_response,
    withdraw_clock,
};
use crate::engine::terms::{CHANNEL, DimensionsId, EventOrder, Terms, TimedTarget, UndecidedReason};
use crate::event::{AssignReason, Author, ContactAction, CreatedBy, Key, Message, Status, TicketSnapshot};
use crate::time::{EventTime, Span};

/// How long after a message of a chat a ticket may be created from it.
const HEARD_FOR: Span = Span::hours(24);

/// The customer of the next event: the one of the opening, which a second opening does not change; a snapshot fills a missing one.
pub(super) fn customer_at(summary: &Summary, event: &HistoryEvent) -> Option<Key> {
    match summary.opened {
        Some(_) => summary.customer().or_else(|| event.customer.filter(|_| is_snapshot(event))),
        None => event.customer,
    }
}

/// Applies the next event, which counts at `order`. `inherited` is the customer's dimensions then. Gives the summary of the matter that ends, where a
/// new one begins under the same ticket.
pub(super) fn step(
    summary: &mut Summary,
    event: &HistoryEvent,
    order: EventOrder,
    inherited: DimensionsId,
    terms: &mut Terms,
) -> Option<Box<Summary>> {
    end_idle(summary, order.time, terms);
    pass_deadlines(summary, order.time);
    let action = match &event.action {
        Action::Event(action) => action,
        Action::SetCompleted(started) => {
            end_unless_named_since(summary, *started, order.time, inherited, terms);
            return None;
        }
    };
    let before = summary.dimensions;
    summary.named = Some(if summary.is_chat { order.time } else { event.order.time });
    summary.named_ticket = summary.named_ticket.or(event.ticket);
    summary.dimensions = terms.names.overlay(summary.dimensions, event.dimensions);
    summary.credited = terms.names.overlay(inherited, summary.dimensions);
    let mark = Mark { time: order.time, dimensions: summary.credited };
    let mut ended = None;
    match action {
        ContactAction::Opened(by) => open(summary, event, order, mark, *by, terms),
        ContactAction::Message(message) => take_message(summary, mark, *message, terms),
        ContactAction::Status(status) => ended = change_status(summary, order, mark, *status, terms),
        ContactAction::Merged => merge_away(summary, mark),
        ContactAction::Unmerged => unmerge(summary),
        ContactAction::Handoff => hand_off(summary, mark, terms),
        ContactAction::Escalated => summary.escalated = Some(mark),
        ContactAction::Assigned(reason) => assign(summary, mark, *reason, moves_team(before, event.dimensions, terms)),
        ContactAction::Snapshot(snapshot) => take_snapshot(summary, event, order, mark, snapshot, terms),
        ContactAction::Accepted => accept(summary, mark, true, terms),
        ContactAction::Ended => end_chat(summary, mark, true, terms),
        ContactAction::Abandoned => end_chat(summary, mark, false, terms),
    }
    note_holder(summary, mark, terms);
    ended
}

fn is_snapshot(event: &HistoryEvent) -> bool {
    matches!(event.action, Action::Event(ContactAction::Snapshot(_)))
}

fn open(summary: &mut Summary, event: &HistoryEvent, order: EventOrder, mark: Mark, by: CreatedBy, terms: &Terms) {
    if summary.opened.is_some() {
        return;
    }
    let (time, dimensions) = (order.time, mark.dimensions);
    summary.opened = Some(Opening { order, time, dimensions, customer: event.customer, is_silent: false });
    begin(summary, mark, by, terms);
}

/// Begins a ticket, a chat or a new matter at an instant.
fn begin(summary: &mut Summary, mark: Mark, by: CreatedBy, terms: &Terms) {
    let time = mark.time;
    if summary.is_chat {
        summary.heard.push((time, time + HEARD_FOR));
    }
    if summary.is_answered_by_chat() {
        summary.answered = Answered::Yes;
    }
    start_ending(summary, time, mark, terms);
    match by {
        CreatedBy::Customer => start_response(summary, time, mark, terms),
        // The target's clock runs already, in case the author turns out to be the customer.
        CreatedBy::FirstAuthor if summary.answered == Answered::No => {
            summary.awaits_author = true;
            start_clock(summary, TimedTarget::FirstResponse, time, mark, terms);
        }
        CreatedBy::FirstAuthor | CreatedBy::Agent | CreatedBy::System => {}
    }
    // A status may have been set before the creation, by the times that the events say.
    if summary.status.is_none_or(waits_on_agents) {
        summary.waiting_since = Some(time);
    }
}

/// Starts the first-response clock, unless the contact counts as answered.
fn start_response(summary: &mut Summary, time: EventTime, mark: Mark, terms: &Terms) {
    if summary.answered != Answered::No {
        return;
    }
    summary.automated_from = summary.automated_from.or(Some(time));
    restart_response(summary, time, mark, terms);
}

fn restart_response(summary: &mut Summary, time: EventTime, mark: Mark, terms: &Terms) {
    summary.clock_start = Some(time);
    start_clock(summary, TimedTarget::FirstResponse, time, mark, terms);
}

/// Starts the clock that a ticket's solve or a chat's acceptance stops.
fn start_ending(summary: &mut Summary, time: EventTime, mark: Mark, terms: &Terms) {
    let target = if summary.is_chat { TimedTarget::ChatWait } else { TimedTarget::Resolution };
    start_clock(summary, target, time, mark, terms);
}

fn take_message(summary: &mut Summary, mark: Mark, message: Message, terms: &Terms) {
    hear(summary, mark.time);
    if summary.awaits_author && message.public && !message.automated {
        find_author(summary, message.author);
    }
    match message.author {
        // An automated customer message, such as an out-of-office reply, starts no wait.
        Author::Customer if !message.automated => ask(summary, mark, terms),
        Author::Agent if message.public && !message.automated => reply(summary, mark, terms),
        Author::Bot | Author::Agent if message.public => automated_reply(summary, mark),
        // A message of the help desk itself is a reply only where the event says so, such as an acknowledgement.
        Author::System if message.public && message.automated => automated_reply(summary, mark),
        Author::Customer | Author::Agent | Author::Bot | Author::System => {}
    }
}

/// The author of the first public message has created the ticket.
fn find_author(summary: &mut Summary, author: Author) {
    summary.awaits_author = false;
    if author == Author::Customer && summary.answered == Answered::No {
        let created = summary.opened.map(|opened| opened.time);
        summary.automated_from = created;
        summary.clock_start = summary.clock_start.or(created);
    } else if summary.clock_start.is_none() {
        void_response(summary);
    }
}

/// Notes that a chat was heard.
fn hear(summary: &mut Summary, at: EventTime) {
    if !summary.is_chat {
        return;
    }
    match summary.heard.last_mut() {
        Some((_, until)) if at <= *until => *until = (*until).max(at + HEARD_FOR),
        Some(_) | None => summary.heard.push((at, at + HEARD_FOR)),
    }
}

fn ask(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if summary.is_over() {
        summary.wrote_since_solve = true;
    } else {
        start_wait(summary, mark, terms);
    }
}

/// A customer waits from now on, if not longer already. Where it is not known whether anybody has answered, nobody can tell.
fn start_wait(summary: &mut Summary, mark: Mark, terms: &Terms) {
    match summary.answered {
        Answered::Yes => await_reply(summary, mark.time, mark, terms),
        Answered::No if summary.opened.is_some() => {
            summary.automated_from = summary.automated_from.or(Some(mark.time));
            if summary.clock_start.is_none() {
                restart_response(summary, mark.time, mark, terms);
            }
        }
        Answered::No | Answered::Unknown => {}
    }
}

/// Starts a wait for a further response, unless one runs.
fn await_reply(summary: &mut Summary, since: EventTime, known: Mark, terms: &Terms) {
    if summary.asked.is_none() {
        summary.asked = Some(since);
        start_clock(summary, TimedTarget::NextResponse, since, known, terms);
    }
}

fn reply(summary: &mut Summary, mark: Mark, terms: &Terms) {
    summary.last_reply = Some(mark.time);
    summary.wrote_since_solve = false;
    if summary.is_chat && summary.opened.is_some() {
        accept(summary, mark, false, terms);
    }
    match (summary.answered, summary.clock_start) {
        (Answered::No, Some(start)) => respond(summary, start, mark, terms),
        (Answered::Unknown, _) => (summary.answered, summary.has_gaps) = (Answered::Yes, true),
        (Answered::No, None) => return,
        (Answered::Yes, _) => {
            if let Some(asked) = summary.asked.take() {
                summary.next_responses.push(Stamp { mark, after: mark.time - asked });
                stop_clock(summary, TimedTarget::NextResponse, mark, terms);
            }
        }
    }
    summary.replies += 1;
}

/// The first response.
fn respond(summary: &mut Summary, start: EventTime, mark: Mark, terms: &Terms) {
    summary.answered = Answered::Yes;
    summary.first_response = Some(Stamp { mark, after: mark.time - start });
    stop_clock(summary, TimedTarget::FirstResponse, mark, terms);
}

fn automated_reply(summary: &mut Summary, mark: Mark) {
    if let (Some(start), None) = (summary.automated_from, summary.automated_response) {
        summary.automated_response = Some(Stamp { mark, after: mark.time - start });
    }
}

/// A bot hands over to people: the customer waits for them from here on.
fn hand_off(summary: &mut Summary, mark: Mark, terms: &Terms) {
    summary.handoff = summary.handoff.or(Some(mark));
    let is_known = summary.opened.is_some_and(|opened| !opened.is_silent || summary.clock_start.is_some());
    let waits = is_known && summary.answered == Answered::No && summary.accepted.is_none() && !summary.is_handed;
    if !waits || terms.settings.first_response_from_creation {
        return;
    }
    summary.is_handed = true;
    restart_response(summary, mark.time, mark, terms);
    if summary.is_chat {
        start_ending(summary, mark.time, mark, terms);
    }
}

fn assign(summary: &mut Summary, mark: Mark, reason: Option<AssignReason>, moves: bool) {
    if reason == Some(AssignReason::Escalation) {
        summary.escalated = Some(mark);
    }
    if reason == Some(AssignReason::Transfer) || (moves && reason != Some(AssignReason::Auto)) {
        summary.transferred = Some(mark);
    }
}

/// Whether an event moves a contact from one known team to another.
fn moves_team(before: DimensionsId, named: DimensionsId, terms: &Terms) -> bool {
    let Some(team) = terms.settings.team_dimension.filter(|team| terms.names.is_set(named, *team)) else { return false };
    let (old, new) = (terms.names.value(before, team), terms.names.value(named, team));
    old != new && old.is_known() && new.is_known()
}

fn change_status(summary: &mut Summary, order: EventOrder, mark: Mark, status: Status, terms: &Terms) -> Option<Box<Summary>> {
    let is_end = is_end(status);
    // A help desk closes what is spam or deleted; that brings nothing back.
    if summary.is_withdrawn && is_end {
        return None;
    }
    set_status(summary, mark, status);
    match status {
        Status::Solved | Status::Closed => solve(summary, mark, terms),
        Status::Spam | Status::Deleted => forget_wait(summary, mark, UndecidedReason::Withdrawn),
        Status::New | Status::Open | Status::Pending | Status::OnHold if summary.is_solved => return reopen(summary, order, mark, terms),
        Status::New | Status::Open | Status::Pending | Status::OnHold => {}
    }
    None
}

/// Sets the status, and withdraws the ticket or brings it back.
fn set_status(summary: &mut Summary, mark: Mark, status: Status) {
    let was_gone = summary.is_gone();
    (summary.is_withdrawn, summary.is_spam) = (matches!(status, Status::Spam | Status::Deleted), status == Status::Spam);
    summary.status = Some(status);
    account_wait(summary, mark.time, status);
    note_withdrawal(summary, mark, was_gone);
}

fn merge_away(summary: &mut Summary, mark: Mark) {
    let was_gone = summary.is_gone();
    summary.is_merged = true;
    forget_wait(summary, mark, UndecidedReason::Withdrawn);
    note_withdrawal(summary, mark, was_gone);
}

fn unmerge(summary: &mut Summary) {
    let was_gone = summary.is_gone();
    summary.is_merged = false;
    if was_gone && !summary.is_gone() {
        withdraw_clock(summary, None);
    }
}

/// Tells the resolution clock where the ticket was withdrawn or came back.
fn note_withdrawal(summary: &mut Summary, mark: Mark, was_gone: bool) {
    if summary.is_gone() != was_gone {
        withdraw_clock(summary, (!was_gone).then_some(mark));
    }
}

/// Ends the waits of the customer, because the matter has ended.
fn forget_wait(summary: &mut Summary, mark: Mark, reason: UndecidedReason) {
    (summary.asked, summary.wrote_since_solve) = (None, false);
    end_clocks(summary, mark, reason);
}

/// Applies a solve or close. A repeated one only forgets a message that the customer wrote since.
fn solve(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if !summary.is_solved {
        let after = summary.opened.map(|opened| mark.time - opened.time);
        let waited = summary.opened.filter(|opened| !opened.is_silent).map(|_| summary.waited);
        summary.earlier_solve = summary.earlier_solve.or(summary.solve);
        summary.solve = Some(Solve { mark, after, waited });
        solve_clock(summary, mark, true, terms);
        summary.settlements.push(Mark { time: mark.time, dimensions: summary.dimensions });
    }
    settle(summary, mark, terms);
}

/// The ticket is solved from now on. A hand-off may start the clock anew then, if nobody has replied.
fn settle(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if !summary.is_solved {
        // Nothing else asks for it, and a settled ticket should stay small.
        summary.solved_at = terms.settings.new_matter_after.map(|_| mark.time);
        summary.was_solved_beneath = summary.is_gone();
        summary.is_handed &= summary.answered != Answered::No;
    }
    summary.is_solved = true;
    forget_wait(summary, mark, UndecidedReason::EndedWithoutReply);
}

/// Applies a reopening, or begins a new matter where it came too late. Gives the matter that ends then.
fn reopen(summary: &mut Summary, order: EventOrder, mark: Mark, terms: &Terms) -> Option<Box<Summary>> {
    let is_late = terms.settings.new_matter_after.zip(summary.solved_at).is_some_and(|(after, solved)| solved + after < mark.time);
    if is_late && summary.wrote_since_solve && !summary.is_merged {
        return Some(begin_new_matter(summary, order, mark, terms));
    }
    summary.reopens.push(mark);
    summary.was_reopened = true;
    reopen_clock(summary, true);
    wait_again(summary, mark, None, terms);
    None
}

/// The ticket is open again: a message that the customer wrote since the solve waits from now on.
fn wait_again(summary: &mut Summary, mark: Mark, since: Option<EventTime>, terms: &Terms) {
    summary.is_solved = false;
    let wrote = std::mem::take(&mut summary.wrote_since_solve);
    match since {
        Some(since) if summary.answered == Answered::Yes => await_reply(summary, since, mark, terms),
        Some(_) | None if wrote => start_wait(summary, mark, terms),
        Some(_) | None => {}
    }
}

/// Begins a new ticket under the same id, created by the customer at the reopening; gives the summary of the one before.
fn begin_new_matter(summary: &mut Summary, order: EventOrder, mark: Mark, terms: &Terms) -> Box<Summary> {
    let customer = summary.customer();
    let next = Summary {
        began: order,
        named: summary.named,
        dimensions: summary.dimensions,
        credited: summary.credited,
        status: summary.status,
        opened: Some(Opening { order, time: mark.time, dimensions: mark.dimensions, customer, is_silent: false }),
        ..Summary::default()
    };
    let mut ended = Box::new(std::mem::replace(summary, next));
    // The matter before stays as it was solved.
    ended.status = Some(Status::Solved);
    ended.waiting_since = None;
    begin(summary, mark, CreatedBy::Customer, terms);
    ended
}

/// Adds the wait that a status change ends to the customer's waiting time, and starts a new wait if the new status is the agents' turn.
fn account_wait(summary: &mut Summary, time: EventTime, status: Status) {
    if let Some(since) = summary.waiting_since.take() {
        summary.waited = Span(summary.waited.0 + (time - since).0);
    }
    if summary.opened.is_some() && waits_on_agents(status) {
        summary.waiting_since = Some(time);
    }
}

/// Applies the acceptance of a chat: said by an event (`is_said`), or by a person's message. The acceptance of a call also is its first response.
fn accept(summary: &mut Summary, mark: Mark, is_said: bool, terms: &Terms) {
    if summary.accepted.is_some() || summary.is_over() {
        return;
    }
    summary.accepted = Some(mark);
    stop_clock(summary, TimedTarget::ChatWait, mark, terms);
    let is_call = is_said && terms.rules.is_call(terms.names.value(summary.dimensions, CHANNEL));
    if let (true, Some(start), Answered::No) = (is_call, summary.clock_start, summary.answered) {
        respond(summary, start, mark, terms);
    }
}

/// Ends a chat that had no event for too long before an instant.
fn end_idle(summary: &mut Summary, now: EventTime, terms: &Terms) {
    let idle_end = summary.idle_end(&terms.settings);
    let is_running = summary.is_chat && summary.opened.is_some() && summary.over_at().is_none();
    if let Some(end) = idle_end.filter(|end| is_running && *end < now) {
        pass_deadlines(summary, end);
        let mark = Mark { time: end, dimensions: summary.credited };
        summary.idle_ended = Some(mark);
        forget_wait(summary, mark, UndecidedReason::EndedWithoutReply);
    }
}

/// Ends a session of a chat, the first time. An abandonment after the acceptance is an end like any other.
fn end_chat(summary: &mut Summary, mark: Mark, is_ended: bool, terms: &Terms) {
    if summary.over_at().is_some() {
        return;
    }
    summary.ended_unanswered = summary.answered == Answered::No;
    if is_ended || summary.accepted.is_some() {
        summary.ended = Some(mark);
    } else {
        summary.abandoned = Some(mark);
        let wait = summary.clock_start.filter(|_| summary.opened.is_some()).map(|start| mark.time - start);
        summary.was_abandoned_soon = wait.is_some_and(|wait| wait < terms.settings.chat_abandon_min);
    }
    summary.settlements.push(Mark { time: mark.time, dimensions: summary.dimensions });
    forget_wait(summary, mark, UndecidedReason::EndedWithoutReply);
}

/// Applies a snapshot of the ticket as it was at the mark's time.
fn take_snapshot(summary: &mut Summary, event: &HistoryEvent, order: EventOrder, mark: Mark, snapshot: &TicketSnapshot, terms: &Terms) {
    if summary.opened.is_none() {
        open_silently(summary, event, order, mark, snapshot, terms);
    } else if summary.customer().is_none() {
        summary.told_customer = event.customer.map(|customer| (order, customer));
    }
    if (snapshot.first_response.is_some() || snapshot.answered == Some(true)) && summary.answered != Answered::Yes {
        (summary.answered, summary.has_gaps) = (Answered::Yes, true);
        void_response(summary);
    }
    let is_newer = |since: EventTime| summary.last_reply.is_none_or(|reply| reply < since);
    let since = snapshot.awaiting_reply_since.filter(|since| is_newer(*since));
    take_snapshot_status(summary, mark, snapshot, since, terms);
    take_snapshot_wait(summary, mark, snapshot, since, terms);
}

/// Fills the wait that the history lacks: since when the customer waits, or that nobody has ever answered.
fn take_snapshot_wait(summary: &mut Summary, mark: Mark, snapshot: &TicketSnapshot, since: Option<EventTime>, terms: &Terms) {
    let Some(opened) = summary.opened else { return };
    let is_unanswered = summary.answered != Answered::Yes && summary.clock_start.is_none();
    let was_never_answered = snapshot.answered == Some(false) && opened.is_silent && summary.last_reply.is_none();
    match since.filter(|_| !summary.is_solved && !summary.is_withdrawn) {
        Some(since) if summary.answered == Answered::Yes => await_reply(summary, since, mark, terms),
        Some(since) if is_unanswered => learn_unanswered(summary, since, mark, terms),
        None if is_unanswered && was_never_answered => {
            learn_unanswered(summary, snapshot.awaiting_reply_since.unwrap_or(opened.time), mark, terms);
        }
        Some(_) | None => {}
    }
}

/// Starts the first-response clock of a ticket of which it was not known whether anybody had answered.
fn learn_unanswered(summary: &mut Summary, since: EventTime, mark: Mark, terms: &Terms) {
    summary.answered = Answered::No;
    start_response(summary, since, mark, terms);
}

/// Takes the opening from a snapshot, without a sample.
fn open_silently(summary: &mut Summary, event: &HistoryEvent, order: EventOrder, mark: Mark, snapshot: &TicketSnapshot, terms: &Terms) {
    let (time, dimensions) = (snapshot.created, mark.dimensions);
    summary.opened = Some(Opening { order, time, dimensions, customer: event.customer, is_silent: true });
    summary.has_gaps = true;
    summary.answered = if summary.is_answered_by_chat() { Answered::Yes } else { Answered::Unknown };
    let is_end = is_end(snapshot.status);
    let is_told = !(summary.is_withdrawn && is_end);
    if is_told {
        // The time before the snapshot counts as spent in its status.
        summary.status = Some(snapshot.status);
    }
    start_ending(summary, snapshot.created, mark, terms);
    if is_told && is_end {
        found_solved(summary);
    }
}

fn take_snapshot_status(summary: &mut Summary, mark: Mark, snapshot: &TicketSnapshot, since: Option<EventTime>, terms: &Terms) {
    let status = snapshot.status;
    let is_end = is_end(status);
    if summary.is_withdrawn && is_end {
        return;
    }
    let was_withdrawn = summary.is_withdrawn;
    set_status(summary, mark, status);
    summary.was_solved_unseen |= summary.solve.is_none() && (is_end || snapshot.solved.is_some());
    match status {
        Status::Solved | Status::Closed => end_silently(summary, mark, terms),
        Status::New | Status::Open | Status::Pending | Status::OnHold if summary.is_solved => {
            // The reopening event itself was lost.
            reopen_clock(summary, false);
            wait_again(summary, mark, since, terms);
        }
        Status::Spam | Status::Deleted if !was_withdrawn => forget_wait(summary, mark, UndecidedReason::Withdrawn),
        Status::New | Status::Open | Status::Pending | Status::OnHold | Status::Spam | Status::Deleted => {}
    }
}

/// Ends an open ticket that was not named since `started`, when the full set of snapshots that began then is complete.
fn end_unless_named_since(summary: &mut Summary, started: EventTime, at: EventTime, inherited: DimensionsId, terms: &mut Terms) {
    if summary.is_left_open_since(started) {
        let mark = Mark { time: at, dimensions: terms.names.overlay(inherited, summary.dimensions) };
        set_status(summary, mark, Status::Solved);
        summary.was_solved_unseen |= summary.solve.is_none();
        end_silently(summary, mark, terms);
        note_holder(summary, mark, terms);
    }
}

/// Ends the ticket without a sample; a sample that was already made is kept.
fn end_silently(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if !summary.is_solved {
        solve_clock(summary, mark, false, terms);
        settle(summary, mark, terms);
    }
}

/// Whether a status ends a ticket.
fn is_end(status: Status) -> bool {
    matches!(status, Status::Solved | Status::Closed)
}

/// The customer waits in `new`, `open` and `on_hold`; in `pending` it is the customer's own turn.
fn waits_on_agents(status: Status) -> bool {
    matches!(status, Status::New | Status::Open | Status::OnHold)
}
