//! One event of a ticket or chat, in its order, onto the summary: the definitions of the life cycle.

use super::{Action, Entry, Mark, Opening, Solve, Stamp, Summary};
use crate::engine::names::{DimensionsId, Names};
use crate::engine::promises::{Promise, Promises};
use crate::event::{AssignReason, Author, ContactAction, CreatedBy, Key, Message, Status};
use crate::time::{EventTime, Span};

/// What stepping needs to know beside the summary and the event.
pub(crate) struct Setting<'a> {
    pub(crate) names: &'a mut Names,
    /// Channels whose chats are telephone calls, by value number.
    pub(crate) call_channels: &'a [u16],
    /// The dimensions that a chat starts with: channel `chat`.
    pub(crate) chat_dimensions: DimensionsId,
    /// Targets and business hours.
    pub(crate) promises: &'a Promises,
}

impl Setting<'_> {
    /// The dimensions that a ticket or chat has before its first event.
    pub(super) fn first_dimensions(&self, is_chat: bool) -> DimensionsId {
        if is_chat { self.chat_dimensions } else { DimensionsId::default() }
    }
}

impl Summary {
    /// The summary before the first event.
    pub(crate) fn before(is_chat: bool, setting: &Setting<'_>) -> Self {
        Self { is_chat, dimensions: setting.first_dimensions(is_chat), ..Self::default() }
    }

    /// The customer of the next event: the one of the opening, which a second opening does not change.
    pub(crate) fn customer_at(&self, entry: &Entry) -> Option<Key> {
        match self.opened {
            // A creation wins over a snapshot that told of it, and a further snapshot fills what that one lacked.
            Some(opened) if opened.is_silent && !matches!(entry.action, Action::Event(ContactAction::Opened(_))) => {
                opened.customer.or_else(|| entry.told_customer())
            }
            Some(opened) if !opened.is_silent => opened.customer,
            Some(_) | None => entry.customer,
        }
    }

    /// Takes the next event in; `inherited` are the customer's dimensions at that time.
    pub(crate) fn step(&mut self, entry: &Entry, inherited: DimensionsId, setting: &mut Setting<'_>) {
        let action = match &entry.action {
            Action::Event(action) => action,
            Action::SetCompleted(started) => return self.end_unless_named_since(*started, entry, inherited, setting),
        };
        self.named = Some(entry.order.time);
        self.dimensions = setting.names.overlay(self.dimensions, entry.dimensions);
        let credited = setting.names.overlay(inherited, self.dimensions);
        self.credited = credited;
        let mark = Mark { time: entry.order.time, dimensions: credited };
        match action {
            ContactAction::Opened(by) => self.open(entry, mark, *by, setting),
            ContactAction::Message(message) => self.message(mark, *message, setting),
            ContactAction::Status(status) => self.status(mark, *status, setting),
            ContactAction::Merged => (self.is_gone, self.is_spam, self.is_status_known) = (true, false, true),
            ContactAction::Escalated | ContactAction::Assigned(Some(AssignReason::Escalation)) => self.escalated = Some(mark),
            ContactAction::Transferred | ContactAction::Assigned(Some(AssignReason::Transfer)) => self.transferred = Some(mark),
            ContactAction::Assigned(_) => {}
            ContactAction::Snapshot(snapshot) => self.snapshot(entry, mark, snapshot, setting),
            ContactAction::Accepted => self.accept(mark, setting),
            ContactAction::Ended => self.ended = self.ended.or(Some(mark)),
            ContactAction::Abandoned => self.abandoned = self.abandoned.or(Some(mark)),
        }
        self.note_holder(mark);
    }

    fn open(&mut self, entry: &Entry, mark: Mark, by: CreatedBy, setting: &Setting<'_>) {
        if self.opened.is_some_and(|o| !o.is_silent) {
            return;
        }
        self.forget_snapshots_opening();
        let (time, dimensions, customer) = (mark.time, mark.dimensions, entry.customer);
        self.opened = Some(Opening { order: entry.order, time, dimensions, customer, is_silent: false });
        if by == CreatedBy::Customer {
            self.start_response(time, mark, setting);
        }
        self.start_ending(time, mark, setting);
        // A status may have been set before the creation, by the times that the events say.
        if self.status.is_none_or(waits_on_agents) {
            self.waiting_since = Some(time);
        }
    }

    /// Starts the first-response clock.
    pub(super) fn start_response(&mut self, time: EventTime, mark: Mark, setting: &Setting<'_>) {
        self.clock_start = Some(time);
        self.start_clock(Promise::FirstResponse, time, mark, setting);
    }

    /// Starts the clock that a ticket's solve or a chat's acceptance stops.
    pub(super) fn start_ending(&mut self, time: EventTime, mark: Mark, setting: &Setting<'_>) {
        let promise = if self.is_chat { Promise::ChatWait } else { Promise::Resolution };
        self.start_clock(promise, time, mark, setting);
    }

    fn message(&mut self, mark: Mark, message: Message, setting: &Setting<'_>) {
        match message.author {
            // An automated customer message, such as an out-of-office reply, starts no wait.
            Author::Customer if !message.automated => self.ask(mark, setting),
            Author::Agent if message.public && !message.automated => self.reply(mark, setting),
            Author::Bot | Author::Agent if message.public => self.automated_reply(mark),
            // What the help desk sends by itself is a reply only where it is said to be one, such as an acknowledgement.
            Author::System if message.public && message.automated => self.automated_reply(mark),
            Author::Customer | Author::Agent | Author::Bot | Author::System => {}
        }
    }

    fn ask(&mut self, mark: Mark, setting: &Setting<'_>) {
        if self.first_response.is_some() {
            self.asked = self.asked.or(Some(mark.time));
        } else if self.clock_start.is_none() && self.opened.is_some() {
            self.start_response(mark.time, mark, setting);
        }
    }

    fn reply(&mut self, mark: Mark, setting: &Setting<'_>) {
        let Some(start) = self.clock_start else { return self.note_orphan(mark.time) };
        self.replies += 1;
        if self.first_response.is_none() {
            self.first_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
            self.stop_clock(Promise::FirstResponse, mark.time, setting);
        } else if let Some(asked) = self.asked.take() {
            self.next_responses.push(Stamp { mark, after: mark.time - asked, is_silent: false });
        }
    }

    fn automated_reply(&mut self, mark: Mark) {
        if let (Some(start), None) = (self.clock_start, self.automated_response) {
            self.automated_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
        }
    }

    fn status(&mut self, mark: Mark, status: Status, setting: &Setting<'_>) {
        (self.is_gone, self.is_spam) = (matches!(status, Status::Spam | Status::Deleted), status == Status::Spam);
        (self.status, self.is_status_known) = (Some(status), true);
        self.account_wait(mark.time, status);
        match status {
            Status::Solved | Status::Closed => self.solve(mark, setting),
            Status::New | Status::Open | Status::Pending | Status::OnHold => {
                if self.is_solved {
                    self.reopens.push(mark);
                    self.was_reopened = true;
                }
                self.is_solved = false;
            }
            Status::Spam | Status::Deleted => {}
        }
    }

    fn solve(&mut self, mark: Mark, setting: &Setting<'_>) {
        if !self.is_solved {
            let after = self.opened.map(|opened| mark.time - opened.time);
            let waited = self.opened.filter(|opened| !opened.is_silent).map(|_| self.waited);
            let solve = Solve { mark, after, waited, is_silent: false };
            self.replace_solve(solve);
            self.stop_clock(Promise::Resolution, mark.time, setting);
        }
        self.is_solved = true;
    }

    /// The first one is kept beside the latest.
    pub(super) fn replace_solve(&mut self, solve: Solve) {
        self.earlier_solve = self.earlier_solve.or(self.solve);
        self.solve = Some(solve);
    }

    pub(super) fn account_wait(&mut self, time: EventTime, status: Status) {
        if let Some(since) = self.waiting_since.take() {
            self.waited = Span(self.waited.0 + (time - since).0);
        }
        if self.opened.is_some() && waits_on_agents(status) {
            self.waiting_since = Some(time);
        }
    }

    fn accept(&mut self, mark: Mark, setting: &Setting<'_>) {
        if self.accepted.is_some() {
            return;
        }
        self.accepted = Some(mark);
        let channel = setting.names.value(self.dimensions, crate::engine::CHANNEL);
        if let (true, Some(start), None) = (setting.call_channels.contains(&channel), self.clock_start, self.first_response) {
            self.first_response = Some(Stamp { mark, after: mark.time - start, is_silent: false });
            self.stop_clock(Promise::FirstResponse, mark.time, setting);
        }
    }
}

/// The customer waits in `new`, `open` and `on_hold`; `pending` is the customer's own turn.
fn waits_on_agents(status: Status) -> bool {
    matches!(status, Status::New | Status::Open | Status::OnHold)
}
