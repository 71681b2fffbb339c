//! Who has a ticket, chat or call: assigned by a rule, transferred to another team, sent back to the pile, escalated.
//!
//! Does not know when that happens.

use super::Organisation;
use super::contact::{ContactSlot, TEAMS};
use super::payload::PayloadValue;
use super::ticket::TicketStep;
use crate::event::Kind;

/// The share of new tickets without a team: mail to the general address. A rule gives them one soon.
const TEAMLESS: f64 = 0.05;
/// The share of new tickets that come in for the wrong team, because the customer chose the wrong subject in the form. A rule moves them.
const MISROUTED: f64 = 0.07;
/// The share of the assignments by a rule that name the team only, as for a round robin that picks the person later.
const RULE_NAMES_TEAM_ONLY: f64 = 0.4;
/// The share of transfers that say that they are one. Most help desks report no reason: only the change of the team shows it.
const TRANSFER_SAID: f64 = 0.5;
/// The share of transfers in which an agent first takes the team away, as for a ticket that nobody feels responsible for.
const SENT_BACK: f64 = 0.12;

impl Organisation {
    /// Draws the team that a new ticket names.
    pub(super) fn draw_named_team(&mut self, slot: ContactSlot) {
        let team = self.contacts[slot].team;
        self.contacts[slot].named_team = match self.chance.weighted(&[TEAMLESS, MISROUTED, 1.0 - TEAMLESS - MISROUTED]) {
            0 => None,
            1 => Some((team + 1) % TEAMS.len() as u8),
            _ => Some(team),
        };
    }

    /// A rule assigns a ticket to the team that does the work.
    pub(super) fn assign_by_rule(&mut self, slot: ContactSlot) {
        let team = self.contacts[slot].team;
        self.contacts[slot].named_team = Some(team);
        let agent = if self.chance.happens(RULE_NAMES_TEAM_ONLY) { PayloadValue::Null } else { self.agent_value(slot) };
        self.emit_assigned(slot, agent, Some("auto"));
    }

    /// Transfers a ticket to another team, which then replies; or sends it back to the pile, where another team finds it.
    pub(super) fn transfer_ticket(&mut self, slot: ContactSlot) {
        if self.chance.happens(SENT_BACK) {
            self.contacts[slot].named_team = None;
            self.emit_assigned(slot, PayloadValue::Null, None);
            self.schedule_ticket(slot, 1_200.0, 0.8, TicketStep::PickUp);
            return;
        }
        self.move_to_another_team(slot);
        let reason = self.transfer_reason();
        self.emit_assigned(slot, self.agent_value(slot), reason);
        self.schedule_reply(slot, 0.8);
    }

    /// Another team takes a ticket that has none, and then replies.
    pub(super) fn pick_up(&mut self, slot: ContactSlot) {
        self.move_to_another_team(slot);
        self.emit_assigned(slot, self.agent_value(slot), None);
        self.schedule_reply(slot, 0.8);
    }

    /// Transfers a chat or call to another team.
    pub(super) fn emit_chat_transfer(&mut self, slot: ContactSlot) {
        self.move_to_another_team(slot);
        let reason = self.transfer_reason();
        let members = [
            ("team", self.team_value(slot)),
            ("agent_id", self.agent_value(slot)),
            ("reason", reason.map_or(PayloadValue::Absent, PayloadValue::Word)),
        ];
        self.emit_contact(slot, Kind::Chats, "chat.transferred", &members);
    }

    /// Escalates a ticket. An agent then replies.
    pub(super) fn escalate(&mut self, slot: ContactSlot) {
        if self.chance.happens(0.7) {
            self.emit_contact(slot, Kind::Tickets, "ticket.escalated", &[("tier", PayloadValue::Word("2"))]);
        } else {
            self.emit_assigned(slot, self.agent_value(slot), Some("escalation"));
        }
        self.schedule_reply(slot, 0.7);
    }

    /// The team that the events name, null if there is none.
    pub(super) fn team_value(&self, slot: ContactSlot) -> PayloadValue<'static> {
        self.contacts[slot].named_team.map_or(PayloadValue::Null, |team| PayloadValue::Word(TEAMS[usize::from(team)].0))
    }

    fn transfer_reason(&mut self) -> Option<&'static str> {
        self.chance.happens(TRANSFER_SAID).then_some("transfer")
    }

    fn move_to_another_team(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        contact.transfers += 1;
        contact.team = (contact.team + 1 + (contact.id.number() % 3) as u8) % TEAMS.len() as u8;
        contact.named_team = Some(contact.team);
    }

    fn emit_assigned(&mut self, slot: ContactSlot, agent: PayloadValue<'_>, reason: Option<&str>) {
        let reason = reason.map_or(PayloadValue::Absent, PayloadValue::Word);
        let members = [("team", self.team_value(slot)), ("agent_id", agent), ("reason", reason)];
        self.emit_contact(slot, Kind::Tickets, "ticket.assigned", &members);
    }
}
