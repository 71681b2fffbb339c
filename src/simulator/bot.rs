//! The bot: it greets customers, and hands many of them over to people before anybody answers.
//!
//! Does not know queues: `ticket_plan` and `chat` say what people do after a hand-off.

use super::contact::ContactSlot;
use super::ticket::TicketStep;
use super::{ChatStep, Organisation};
use crate::event::Kind;

/// The share of written contacts that get an automated reply: most desks confirm what they received.
const TICKET_GREETED: f64 = 0.7;
/// The share of the automated replies to tickets that a bot writes. The others are plain confirmations by the system.
const GREETED_BY_BOT: f64 = 0.4;
/// The share of the tickets greeted by a bot that it hands over after asking for the matter; the others it leaves in the queue without a word.
const TICKET_HANDED_OVER: f64 = 0.6;
/// The share of chats that a bot greets.
const CHAT_GREETED: f64 = 0.5;
/// The share of the chats greeted by a bot that it hands over after a question. In the others it only says hello.
const CHAT_HANDED_OVER: f64 = 0.45;

impl Organisation {
    /// Sends the automated reply to a new ticket, if any. Returns whether a bot has it, and will hand it over.
    pub(super) fn greet_ticket(&mut self, slot: ContactSlot) -> bool {
        if !self.chance.happens(TICKET_GREETED) {
            return false;
        }
        let by_bot = self.chance.happens(GREETED_BY_BOT);
        self.schedule_ticket(slot, 2.5, 0.4, TicketStep::Greet { by_bot });
        let hands_over = by_bot && self.chance.happens(TICKET_HANDED_OVER);
        if hands_over {
            self.schedule_ticket(slot, 70.0, 0.6, TicketStep::HandOver);
        }
        hands_over
    }

    /// The bot hands a ticket over to the team that it found to be right.
    pub(super) fn hand_over_ticket(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        contact.named_team = Some(contact.team);
        contact.clock_start = self.now;
        let team = self.team_value(slot);
        self.emit_contact(slot, Kind::Tickets, "ticket.handoff", &[("team", team)]);
        self.plan_people(slot);
    }

    /// Greets a new chat, if a bot is there. Returns whether the bot has it, and will hand it over.
    pub(super) fn greet_chat(&mut self, slot: ContactSlot) -> bool {
        if !self.chance.happens(CHAT_GREETED) {
            return false;
        }
        self.schedule_chat(slot, 1.2, 0.3, ChatStep::Greet);
        let hands_over = self.chance.happens(CHAT_HANDED_OVER);
        if hands_over {
            self.schedule_chat(slot, 14.0, 0.5, ChatStep::TellBot);
        }
        hands_over
    }

    /// The customer says to the bot what the matter is, and the bot does not know an answer.
    pub(super) fn tell_bot(&mut self, slot: ContactSlot) {
        self.emit_chat_message(slot, "customer");
        self.schedule_chat(slot, 9.0, 0.4, ChatStep::HandOver);
    }

    /// The bot hands a chat over to people, for whom the customer waits from now on.
    pub(super) fn hand_over_chat(&mut self, slot: ContactSlot) {
        self.contacts[slot].clock_start = self.now;
        self.emit_contact(slot, Kind::Chats, "chat.handoff", &[]);
        self.queue_chat(slot);
    }
}
