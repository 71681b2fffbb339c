//! The transitions of a ticket or chat: how its next event, in order, changes its summary. These functions define the life cycle.
//!
//! Ticket snapshots are events as well, but they make no sample for the time before them. Known history takes precedence: a snapshot fills gaps in
//! the history, and ends the ticket if it says so. Of the values that only snapshots give, the latest holds.

use smallvec::SmallVec;

use super::summary::{Action, HistoryEvent, Mark, Opening, Solve, Stamp, Summary};
use super::targets::{note_end, note_holder, start_clock, stop_clock};
use crate::engine::terms::{CHANNEL, DimensionsId, Terms, TimedTarget};
use crate::event::{AssignReason, Author, ContactAction, CreatedBy, Key, Message, Status, TicketSnapshot};
use crate::time::{EventTime, Span};

/// The customer of the next event: the customer of the opening, which a second opening does not change.
pub(super) fn customer_at(summary: &Summary, entry: &HistoryEvent) -> Option<Key> {
    match summary.opened {
        // A creation takes precedence over the opening that a snapshot gave, and a further snapshot supplies a customer that the first one lacked.
        Some(opened) if opened.is_silent && !matches!(entry.action, Action::Event(ContactAction::Opened(_))) => {
            opened.customer.or_else(|| entry.told_customer())
        }
        Some(opened) if !opened.is_silent => opened.customer,
        Some(_) | None => entry.customer,
    }
}

/// Applies the next event. `inherited` holds the customer's dimensions at that time.
pub(super) fn step(summary: &mut Summary, entry: &HistoryEvent, inherited: DimensionsId, terms: &mut Terms) {
    let action = match &entry.action {
        Action::Event(action) => action,
        Action::SetCompleted(started) => return end_unless_named_since(summary, *started, entry, inherited, terms),
    };
    summary.named = Some(entry.order.time);
    summary.dimensions = terms.names.overlay(summary.dimensions, entry.dimensions);
    let credited = terms.names.overlay(inherited, summary.dimensions);
    summary.credited = credited;
    let mark = Mark { time: entry.order.time, dimensions: credited };
    match action {
        ContactAction::Opened(by) => open(summary, entry, mark, *by, terms),
        ContactAction::Message(message) => take_message(summary, mark, *message, terms),
        ContactAction::Status(status) => change_status(summary, mark, *status, terms),
        ContactAction::Merged => (summary.is_gone, summary.is_spam, summary.is_status_known) = (true, false, true),
        ContactAction::Escalated | ContactAction::Assigned(Some(AssignReason::Escalation)) => summary.escalated = Some(mark),
        ContactAction::Transferred | ContactAction::Assigned(Some(AssignReason::Transfer)) => summary.transferred = Some(mark),
        ContactAction::Assigned(_) => {}
        ContactAction::Snapshot(snapshot) => take_snapshot(summary, entry, mark, snapshot, terms),
        ContactAction::Accepted => accept(summary, mark, terms),
        ContactAction::Ended => summary.ended = summary.ended.or(Some(mark)),
        ContactAction::Abandoned => summary.abandoned = summary.abandoned.or(Some(mark)),
    }
    note_holder(summary, mark);
}

/// Applies a creation or start; only the first one counts.
fn open(summary: &mut Summary, entry: &HistoryEvent, mark: Mark, by: CreatedBy, terms: &Terms) {
    if summary.opened.is_some_and(|o| !o.is_silent) {
        return;
    }
    forget_snapshots_opening(summary);
    let (time, dimensions, customer) = (mark.time, mark.dimensions, entry.customer);
    summary.opened = Some(Opening { order: entry.order, time, dimensions, customer, is_silent: false });
    if by == CreatedBy::Customer {
        start_response(summary, time, mark, terms);
    }
    start_ending(summary, time, mark, terms);
    // Event times may place a status change before the creation.
    if summary.status.is_none_or(waits_on_agents) {
        summary.waiting_since = Some(time);
    }
}

/// Starts the first-response clock.
fn start_response(summary: &mut Summary, time: EventTime, mark: Mark, terms: &Terms) {
    summary.clock_start = Some(time);
    start_clock(summary, TimedTarget::FirstResponse, time, mark, terms);
}

/// Starts the clock that a ticket's solve or a chat's acceptance stops.
fn start_ending(summary: &mut Summary, time: EventTime, mark: Mark, terms: &Terms) {
    let target = if summary.is_chat { TimedTarget::ChatWait } else { TimedTarget::Resolution };
    start_clock(summary, target, time, mark, terms);
}

fn take_message(summary: &mut Summary, mark: Mark, message: Message, terms: &Terms) {
    match message.author {
        // An automated customer message, such as an out-of-office reply, starts no wait.
        Author::Customer if !message.automated => ask(summary, mark, terms),
        Author::Agent if message.public && !message.automated => reply(summary, mark, terms),
        Author::Bot | Author::Agent if message.public => automated_reply(summary, mark),
        // An automatic message of the help desk is a reply only if it is marked as automated, such as an acknowledgement.
        Author::System if message.public && message.automated => automated_reply(summary, mark),
        Author::Customer | Author::Agent | Author::Bot | Author::System => {}
    }
}

/// Applies a customer message: it starts the first-response clock or, after the first response, the wait for a further reply.
fn ask(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if summary.first_response.is_some() {
        summary.asked = summary.asked.or(Some(mark.time));
    } else if summary.clock_start.is_none() && summary.opened.is_some() {
        start_response(summary, mark.time, mark, terms);
    }
}

/// Applies a public human reply.
fn reply(summary: &mut Summary, mark: Mark, terms: &Terms) {
    let Some(start) = summary.clock_start else { return note_orphan(summary, mark.time) };
    summary.replies += 1;
    if summary.first_response.is_none() {
        summary.first_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
        stop_clock(summary, TimedTarget::FirstResponse, mark.time, terms);
    } else if let Some(asked) = summary.asked.take() {
        summary.next_responses.push(Stamp { mark, after: mark.time - asked, is_silent: false });
    }
}

/// Applies a public reply by a bot or a rule.
fn automated_reply(summary: &mut Summary, mark: Mark) {
    if let (Some(start), None) = (summary.clock_start, summary.automated_response) {
        summary.automated_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
    }
}

fn change_status(summary: &mut Summary, mark: Mark, status: Status, terms: &Terms) {
    (summary.is_gone, summary.is_spam) = (matches!(status, Status::Spam | Status::Deleted), status == Status::Spam);
    (summary.status, summary.is_status_known) = (Some(status), true);
    account_wait(summary, mark.time, status);
    match status {
        Status::Solved | Status::Closed => solve(summary, mark, terms),
        Status::New | Status::Open | Status::Pending | Status::OnHold => {
            if summary.is_solved {
                summary.reopens.push(mark);
                summary.was_reopened = true;
            }
            summary.is_solved = false;
        }
        Status::Spam | Status::Deleted => {}
    }
}

/// Applies a solve, unless the ticket is solved already.
fn solve(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if !summary.is_solved {
        let after = summary.opened.map(|opened| mark.time - opened.time);
        let waited = summary.opened.filter(|opened| !opened.is_silent).map(|_| summary.waited);
        let solve = Solve { mark, after, waited, is_silent: false };
        replace_solve(summary, solve);
        stop_clock(summary, TimedTarget::Resolution, mark.time, terms);
    }
    summary.is_solved = true;
}

/// Makes a solve the latest one; the first solve is kept beside it.
fn replace_solve(summary: &mut Summary, solve: Solve) {
    summary.earlier_solve = summary.earlier_solve.or(summary.solve);
    summary.solve = Some(solve);
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

/// Applies the acceptance of a chat. The acceptance of a call also is its first response.
fn accept(summary: &mut Summary, mark: Mark, terms: &Terms) {
    if summary.accepted.is_some() {
        return;
    }
    summary.accepted = Some(mark);
    let channel = terms.names.value(summary.dimensions, CHANNEL);
    if let (true, Some(start), None) = (terms.rules.is_call(channel), summary.clock_start, summary.first_response) {
        summary.first_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
        stop_clock(summary, TimedTarget::FirstResponse, mark.time, terms);
    }
}

/// Applies a snapshot of the ticket as it was at the mark's time.
fn take_snapshot(summary: &mut Summary, entry: &HistoryEvent, mark: Mark, snapshot: &TicketSnapshot, terms: &Terms) {
    match &mut summary.opened {
        None => open_silently(summary, entry, mark, snapshot.created, terms),
        Some(opened) if opened.is_silent => opened.customer = opened.customer.or(entry.customer),
        Some(_) => {}
    }
    if let (None, Some(first), Some(start)) = (summary.first_response, snapshot.first_response, summary.clock_start) {
        summary.first_response = Some(silent_reply(first, start, mark));
        summary.replies += 1;
    }
    // Before the first response the customer waits for that, which the first-response clock covers.
    summary.asked = match (summary.first_response, snapshot.awaiting_reply_since) {
        (Some(_), Some(since)) => summary.asked.or(Some(since)),
        (None, _) | (Some(_), None) => None,
    };
    take_snapshot_status(summary, mark, snapshot);
}

/// Ends an open ticket that was not named since `started`, when the full set of snapshots that began then is complete.
fn end_unless_named_since(summary: &mut Summary, started: EventTime, entry: &HistoryEvent, inherited: DimensionsId, terms: &mut Terms) {
    if summary.is_left_open_since(started) {
        let dimensions = terms.names.overlay(inherited, summary.dimensions);
        summary.status = Some(Status::Solved);
        account_wait(summary, entry.order.time, Status::Solved);
        end_silently(summary, Mark { time: entry.order.time, dimensions });
    }
}

/// Notes a reply that came before the creation was known.
fn note_orphan(summary: &mut Summary, at: EventTime) {
    if summary.opened.is_none() {
        summary.orphans.get_or_insert_default().0.push(at);
    }
}

/// Keeps the latest replies to a ticket whose creation is not known; returns the number of dropped ones.
pub(super) fn shorten_orphans(summary: &mut Summary, list_max: usize) -> usize {
    let Some(orphans) = &mut summary.orphans else { return 0 };
    let dropped = orphans.0.len().saturating_sub(list_max);
    orphans.0.drain(..dropped);
    dropped
}

/// Discards the opening that a snapshot gave, and all values measured from it, because the creation itself is known now.
fn forget_snapshots_opening(summary: &mut Summary) {
    summary.orphans = None;
    if summary.opened.is_none() {
        return;
    }
    (summary.opened, summary.clock_start, summary.waiting_since, summary.waited) = (None, None, None, Span(0));
    (summary.first_response, summary.automated_response, summary.asked, summary.replies) = (None, None, None, 0);
    summary.next_responses.clear();
    if let Some(solve) = &mut summary.solve {
        solve.after = None;
    }
    if let Some(solve) = &mut summary.earlier_solve {
        solve.after = None;
    }
    summary.clocks = None;
}

/// Takes the opening from a snapshot, without a sample, and counts the replies that came before it was known.
fn open_silently(summary: &mut Summary, entry: &HistoryEvent, mark: Mark, created: EventTime, terms: &Terms) {
    let (dimensions, customer) = (mark.dimensions, entry.customer);
    summary.opened = Some(Opening { order: entry.order, time: created, dimensions, customer, is_silent: true });
    start_response(summary, created, mark, terms);
    start_ending(summary, created, mark, terms);
    let orphans = summary.orphans.take().map(|orphans| orphans.0).unwrap_or_default();
    let replies: SmallVec<[EventTime; 2]> = orphans.into_iter().filter(|at| *at >= created).collect();
    summary.first_response = replies.first().map(|first| silent_reply(*first, created, mark));
    summary.replies = replies.len() as u32;
}

fn take_snapshot_status(summary: &mut Summary, mark: Mark, snapshot: &TicketSnapshot) {
    let status = snapshot.status;
    let is_end = matches!(status, Status::Solved | Status::Closed);
    let is_withdrawal = matches!(status, Status::Spam | Status::Deleted);
    let ends = (is_end && !summary.is_solved) || (is_withdrawal && !summary.is_gone);
    if summary.is_status_known && !ends {
        return;
    }
    if is_withdrawal || !summary.is_status_known {
        (summary.is_gone, summary.is_spam) = (is_withdrawal, status == Status::Spam);
    }
    (summary.status, summary.is_status_known) = (Some(status), false);
    account_wait(summary, mark.time, status);
    if is_end {
        end_silently(summary, Mark { time: snapshot.solved.unwrap_or(mark.time), ..mark });
    } else if summary.is_solved && !is_withdrawal {
        // The ticket had ended and is open again: the reopening event itself was lost.
        (summary.is_solved, summary.was_reopened) = (false, true);
    }
}

/// Ends the ticket without a sample; a sample that was already made is kept.
fn end_silently(summary: &mut Summary, mark: Mark) {
    if !summary.is_solved {
        let solve = Solve { mark, after: None, waited: None, is_silent: true };
        if summary.solve.is_none_or(|known| known.is_silent) {
            replace_solve(summary, solve);
        }
        note_end(summary, mark.time);
    }
    (summary.is_solved, summary.is_status_known) = (true, false);
}

/// A reply known from a snapshot, which makes no sample.
fn silent_reply(at: EventTime, start: EventTime, mark: Mark) -> Stamp {
    Stamp { mark: Mark { time: at, ..mark }, after: at - start, is_silent: true }
}

/// Whether a status is the agents' turn: the customer waits in `new`, `open` and `on_hold`, while `pending` is the customer's own turn.
fn waits_on_agents(status: Status) -> bool {
    matches!(status, Status::New | Status::Open | Status::OnHold)
}
