//! What the help desk tells beside the events: snapshots of a ticket, and full sets of them that do not name it.
//!
//! Nothing here makes a sample for what lies before it. Known history wins: a snapshot fills what it lacks and ends what it says is ended; of
//! what is known from snapshots alone, the latest holds.

use smallvec::SmallVec;

use super::step::Setting;
use super::{Entry, Mark, Opening, Solve, Stamp, Summary};
use crate::engine::names::DimensionsId;
use crate::event::{Status, TicketSnapshot};
use crate::time::{EventTime, Span};

impl Summary {
    /// A snapshot of the ticket at the mark's time.
    pub(super) fn snapshot(&mut self, entry: &Entry, mark: Mark, snapshot: &TicketSnapshot, setting: &Setting<'_>) {
        match &mut self.opened {
            None => self.open_silently(entry, mark, snapshot.created, setting),
            Some(opened) if opened.is_silent => opened.customer = opened.customer.or(entry.customer),
            Some(_) => {}
        }
        if let (None, Some(first), Some(start)) = (self.first_response, snapshot.first_response, self.clock_start) {
            self.first_response = Some(silent_reply(first, start, mark));
            self.replies += 1;
        }
        // Without a first response the customer waits for that, which is the other clock.
        self.asked = match (self.first_response, snapshot.awaiting_reply_since) {
            (Some(_), Some(since)) => self.asked.or(Some(since)),
            (None, _) | (Some(_), None) => None,
        };
        self.take_status(mark, snapshot);
    }

    /// A full set has been sent that began at `started`: an open ticket that was not named since is no longer open.
    pub(super) fn end_unless_named_since(&mut self, started: EventTime, entry: &Entry, inherited: DimensionsId, setting: &mut Setting<'_>) {
        if self.is_left_open_since(started) {
            let dimensions = setting.names.overlay(inherited, self.dimensions);
            self.status = Some(Status::Solved);
            self.account_wait(entry.order.time, Status::Solved);
            self.end_silently(Mark { time: entry.order.time, dimensions });
        }
    }

    /// Whether it is in the backlog: its creation is known, and it is neither solved nor withdrawn.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some() && !self.is_solved && !self.is_gone
    }

    /// Whether a full set that came after everything and began at `started` would end it.
    pub(crate) fn is_left_open_since(&self, started: EventTime) -> bool {
        self.is_open() && self.named.is_none_or(|named| named < started)
    }

    /// Notes a reply before anything told of the creation.
    pub(super) fn note_orphan(&mut self, at: EventTime) {
        if self.opened.is_none() {
            self.orphans.get_or_insert_default().0.push(at);
        }
    }

    /// Keeps the latest of the replies whose ticket's creation is not known; gives how many are dropped.
    pub(super) fn shorten_orphans(&mut self, list_max: usize) -> usize {
        let Some(orphans) = &mut self.orphans else { return 0 };
        let dropped = orphans.0.len().saturating_sub(list_max);
        orphans.0.drain(..dropped);
        dropped
    }

    /// The creation itself is known now, so what was counted from the one that a snapshot told of never was.
    pub(super) fn forget_snapshots_opening(&mut self) {
        self.orphans = None;
        if self.opened.is_none() {
            return;
        }
        (self.opened, self.clock_start, self.waiting_since, self.waited) = (None, None, None, Span(0));
        (self.first_response, self.automated_response, self.asked, self.replies) = (None, None, None, 0);
        self.next_responses.clear();
        if let Some(solve) = &mut self.solve {
            solve.after = None;
        }
        if let Some(solve) = &mut self.earlier_solve {
            solve.after = None;
        }
        self.clocks = None;
    }

    fn open_silently(&mut self, entry: &Entry, mark: Mark, created: EventTime, setting: &Setting<'_>) {
        let (dimensions, customer) = (mark.dimensions, entry.customer);
        self.opened = Some(Opening { order: entry.order, time: created, dimensions, customer, is_silent: true });
        self.start_response(created, mark, setting);
        self.start_ending(created, mark, setting);
        let orphans = self.orphans.take().map(|orphans| orphans.0).unwrap_or_default();
        let replies: SmallVec<[EventTime; 2]> = orphans.into_iter().filter(|at| *at >= created).collect();
        self.first_response = replies.first().map(|first| silent_reply(*first, created, mark));
        self.replies = replies.len() as u32;
    }

    fn take_status(&mut self, mark: Mark, snapshot: &TicketSnapshot) {
        let status = snapshot.status;
        let is_end = matches!(status, Status::Solved | Status::Closed);
        let is_withdrawal = matches!(status, Status::Spam | Status::Deleted);
        let ends = (is_end && !self.is_solved) || (is_withdrawal && !self.is_gone);
        if self.is_status_known && !ends {
            return;
        }
        if is_withdrawal || !self.is_status_known {
            (self.is_gone, self.is_spam) = (is_withdrawal, status == Status::Spam);
        }
        (self.status, self.is_status_known) = (Some(status), false);
        self.account_wait(mark.time, status);
        if is_end {
            self.end_silently(Mark { time: snapshot.solved.unwrap_or(mark.time), ..mark });
        } else if self.is_solved && !is_withdrawal {
            // What was said to be ended is open: the reopening itself was lost.
            (self.is_solved, self.was_reopened) = (false, true);
        }
    }

    /// Ends it without a sample; one that was made stands.
    fn end_silently(&mut self, mark: Mark) {
        if !self.is_solved {
            let solve = Solve { mark, after: None, waited: None, is_silent: true };
            if self.solve.is_none_or(|known| known.is_silent) {
                self.replace_solve(solve);
            }
            self.note_end(mark.time);
        }
        (self.is_solved, self.is_status_known) = (true, false);
    }
}

/// A reply that makes no sample.
fn silent_reply(at: EventTime, start: EventTime, mark: Mark) -> Stamp {
    Stamp { mark: Mark { time: at, ..mark }, after: at - start, is_silent: true }
}
