//! How the desk's webhooks reach the feed: most at once and in order, some in another order, some stamped by a slower server, and a few never.
//!
//! Does not know why an event happens. The desk's own state is right in every case; `nightly_set` repairs what was lost.

use super::contact::{ContactSlot, State};
use super::payload::PayloadValue;
use super::ticket::TicketStep;
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::Span;

/// The share of status changes whose webhook never arrives. Help desks give up after a few attempts; a receiver that is down for two hours a month loses
/// about this many.
const STATUS_LOST: f64 = 0.003;
/// The share of creations whose webhook never arrives. A desk queues creations longer than updates.
const CREATION_LOST: f64 = 0.001;
/// The share of creations that another server stamps than the first message: two queues that are read side by side differ by a second or two at times.
const CREATION_LATE: f64 = 0.02;
/// The share of replies with a status whose status webhook comes first at the same instant. The two webhooks of one action have no order.
const STATUS_FIRST: f64 = 0.25;
/// The share of replies with a status whose message is stamped after the status, because its server first stores the text.
const REPLY_LATE: f64 = 0.05;
/// The contract counts an event up to 2 s before the creation, or a reply up to 2 s after the solve, as part of it.
const LATE_MAX: Span = Span::seconds(2);

impl Organisation {
    /// Draws whether the creation of a ticket or chat is stamped later than its first message.
    pub(super) fn is_creation_late(&mut self) -> bool {
        self.chance.happens(CREATION_LATE)
    }

    /// Schedules a step for the instant with which a slower server stamps what happens now.
    pub(super) fn schedule_late(&mut self, step: Step) {
        let at = self.now + Span(self.chance.between(100.0, LATE_MAX.0 as f64) as i64);
        self.schedule(at, step);
    }

    /// Draws whether the webhook of a creation is lost.
    pub(super) fn is_creation_lost(&mut self) -> bool {
        self.chance.happens(CREATION_LOST)
    }

    /// Emits the reply of an agent and the status that the agent sets with it, which the desk reports by two webhooks.
    pub(super) fn emit_reply(&mut self, slot: ContactSlot, status: Option<(&'static str, State)>) {
        let Some((status, state)) = status else {
            self.emit_message(slot, "agent", None, None);
            return;
        };
        match self.chance.weighted(&[1.0 - STATUS_FIRST - REPLY_LATE, STATUS_FIRST, REPLY_LATE]) {
            0 => {
                self.emit_message(slot, "agent", None, None);
                self.set_status(slot, status, state);
            }
            1 => {
                self.set_status(slot, status, state);
                self.emit_message(slot, "agent", None, None);
            }
            _ => {
                self.set_status(slot, status, state);
                self.schedule_late(Step::Ticket(slot, TicketStep::LateReply));
            }
        }
    }

    /// Emits the status of a ticket, unless the webhook is lost.
    pub(super) fn emit_status(&mut self, slot: ContactSlot) {
        let contact = &self.contacts[slot];
        let status = contact.status;
        if contact.state != State::Withdrawn && self.chance.happens(STATUS_LOST) {
            return;
        }
        self.emit_contact(slot, Kind::Tickets, "ticket.status_changed", &[("status", PayloadValue::Word(status))]);
    }
}
