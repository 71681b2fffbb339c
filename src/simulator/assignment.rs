//! Who has a ticket, chat or call: assigned by a rule, transferred to another team, escalated.
//!
//! Does not know when that happens.

use super::Organisation;
use super::contact::{ContactSlot, TEAMS};
use super::payload::PayloadValue;
use crate::event::Kind;

impl Organisation {
    /// Transfers a ticket to another team, which then replies.
    pub(super) fn transfer_ticket(&mut self, slot: ContactSlot) {
        self.move_to_another_team(slot);
        self.emit_assigned(slot, "transfer");
        self.schedule_reply(slot, 0.8);
    }

    /// Escalates a ticket. An agent then replies.
    pub(super) fn escalate(&mut self, slot: ContactSlot) {
        if self.chance.happens(0.7) {
            self.emit_contact(slot, Kind::Tickets, "ticket.escalated", &[("tier", PayloadValue::Word("2"))]);
        } else {
            self.emit_assigned(slot, "escalation");
        }
        self.schedule_reply(slot, 0.7);
    }

    /// Notes that another team has the contact from now on.
    pub(super) fn move_to_another_team(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        contact.transfers += 1;
        contact.team = (contact.team + 1 + (contact.id.1 % 3) as u8) % TEAMS.len() as u8;
    }

    pub(super) fn emit_assigned(&mut self, slot: ContactSlot, reason: &str) {
        let team = TEAMS[usize::from(self.contacts[slot].team)].0;
        let members = [("team", PayloadValue::Word(team)), ("agent_id", self.agent_value(slot)), ("reason", PayloadValue::Word(reason))];
        self.emit_contact(slot, Kind::Tickets, "ticket.assigned", &members);
    }
}
