//! Tickets merged into an earlier one of the same customer: the desk closes the one that was merged away, and sometimes takes the merge back.
//!
//! Does not know which tickets are merged: `ticket_plan` draws it.

use super::contact::{ContactSlot, State};
use super::payload::{Id, PayloadValue};
use super::ticket::TicketStep;
use super::{Organisation, Step};
use crate::event::Kind;

/// The share of merges whose closing comes at the same instant; otherwise it is stamped a moment later. Both are one action of the desk.
const CLOSED_AT_ONCE: f64 = 0.6;
/// The share of merges that are taken back, because the two tickets were about different matters after all.
const UNMERGED: f64 = 0.05;
/// The median time until a merge is taken back, in seconds: the agent of the other ticket notices it.
const UNMERGED_AFTER_SECONDS: f64 = 5_400.0;

impl Organisation {
    /// Merges a ticket into an earlier one. The desk then closes it.
    pub(super) fn merge(&mut self, slot: ContactSlot, into: Id) {
        self.contacts[slot].state = State::Withdrawn;
        self.emit_contact(slot, Kind::Tickets, "ticket.merged", &[("into_ticket_id", PayloadValue::Id(into))]);
        if self.chance.happens(CLOSED_AT_ONCE) {
            self.close_merged(slot);
        } else {
            self.schedule_late(Step::Ticket(slot, TicketStep::CloseMerged));
        }
        if self.chance.happens(UNMERGED) {
            self.schedule_ticket(slot, UNMERGED_AFTER_SECONDS, 0.7, TicketStep::Unmerge);
        }
    }

    pub(super) fn close_merged(&mut self, slot: ContactSlot) {
        self.set_status(slot, "closed", State::Withdrawn);
    }

    /// Takes a merge back: the ticket is open again, and an agent replies.
    pub(super) fn unmerge(&mut self, slot: ContactSlot) {
        self.emit_contact(slot, Kind::Tickets, "ticket.unmerged", &[]);
        self.set_status(slot, "open", State::Open);
        self.schedule_reply(slot, 0.8);
    }
}
