//! The steps of a chat or call: it waits, is accepted or abandoned, messages are exchanged, it is transferred, it ends.
//!
//! Does not know queues: `arrivals` says how long it waits.

use super::channel::Channel;
use super::contact::{BRANDS, ContactSlot, PRIORITIES, TEAMS};
use super::payload::PayloadValue;
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::Span;

/// A step of a chat or call.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChatStep {
    /// The bot greets the customer.
    Greet,
    /// An agent joins.
    Accept,
    /// The customer gives up.
    Abandon,
    /// The agent writes. This many exchanges follow.
    Say(u8),
    /// The customer writes. The agent answers, and this many exchanges follow.
    Ask(u8),
    /// It is transferred to another team. This many exchanges follow.
    Transfer(u8),
    /// It ends.
    End,
}

impl Organisation {
    /// Begins the chat or call of a new contact.
    pub(super) fn open_chat(&mut self, slot: ContactSlot) {
        let contact = &self.contacts[slot];
        let channel = contact.channel;
        let about = contact.customer.and_then(|customer| self.customers[customer].open_ticket);
        let about = if self.chance.happens(0.3) { about.map_or(PayloadValue::Absent, PayloadValue::Id) } else { PayloadValue::Absent };
        let contact = &self.contacts[slot];
        let members = [
            ("customer_id", self.customer_value(contact.customer)),
            ("channel", PayloadValue::Word(channel.name())),
            ("team", PayloadValue::Word(TEAMS[usize::from(contact.team)].0)),
            ("priority", PayloadValue::Word(PRIORITIES[usize::from(contact.priority)].0)),
            ("brand", PayloadValue::Word(BRANDS[usize::from(contact.brand)].0)),
            ("ticket_id", about),
        ];
        self.emit_contact(slot, Kind::Chats, "chat.started", &members);
        if self.chance.happens(0.015) {
            let at = self.now + Span(self.chance.between(800.0, 4_500.0) as i64);
            self.schedule(at, Step::Chat(slot, ChatStep::Abandon));
            return;
        }
        if channel == Channel::Chat && self.chance.happens(0.5) {
            self.schedule_chat(slot, 1.2, 0.3, ChatStep::Greet);
        }
        let (after_ms, step) = match self.live_wait_ms(slot) {
            Ok(wait_ms) => (wait_ms, ChatStep::Accept),
            Err(patience_ms) => (patience_ms, ChatStep::Abandon),
        };
        self.schedule(self.now + Span(after_ms as i64), Step::Chat(slot, step));
    }

    pub(super) fn take_chat_step(&mut self, slot: ContactSlot, step: ChatStep) {
        match step {
            ChatStep::Greet => self.emit_chat_message(slot, "bot"),
            ChatStep::Accept => self.accept(slot),
            ChatStep::Abandon => {
                self.emit_contact(slot, Kind::Chats, "chat.abandoned", &[]);
                self.note_abandoned(slot);
            }
            ChatStep::Say(left) => {
                self.note_first_response(slot);
                self.contacts[slot].rounds_done = self.contacts[slot].rounds_done.saturating_add(1);
                self.emit_chat_message(slot, "agent");
                match left.checked_sub(1) {
                    None => self.schedule_chat(slot, 15.0, 0.6, ChatStep::End),
                    Some(left) => self.schedule_chat(slot, 25.0, 0.7, ChatStep::Ask(left)),
                }
            }
            ChatStep::Ask(left) => {
                self.emit_chat_message(slot, "customer");
                if self.chance.happens(0.03) {
                    self.schedule_chat(slot, 20.0, 0.5, ChatStep::Transfer(left));
                } else {
                    self.schedule_chat(slot, 28.0, 0.7, ChatStep::Say(left));
                }
            }
            ChatStep::Transfer(left) => self.transfer_chat(slot, left),
            ChatStep::End => {
                self.emit_contact(slot, Kind::Chats, "chat.ended", &[]);
                self.plan_surveys(slot, 20.0, 0.6);
                if self.chance.happens(0.05) {
                    self.open_follow_up(slot);
                }
            }
        }
    }

    fn accept(&mut self, slot: ContactSlot) {
        let agent = self.agent_value(slot);
        self.emit_contact(slot, Kind::Chats, "chat.accepted", &[("agent_id", agent)]);
        if self.contacts[slot].channel == Channel::Chat {
            let exchanges = 1 + self.chance.weighted(&[0.2, 0.28, 0.22, 0.15, 0.1, 0.05]) as u8;
            self.schedule_chat(slot, 7.0, 0.5, ChatStep::Say(exchanges));
        } else {
            self.note_first_response(slot);
            if self.chance.happens(0.09) {
                self.schedule_chat(slot, 90.0, 0.5, ChatStep::Transfer(0));
            } else {
                self.schedule_chat(slot, 270.0, 0.6, ChatStep::End);
            }
        }
    }

    fn transfer_chat(&mut self, slot: ContactSlot, left: u8) {
        self.move_to_another_team(slot);
        let contact = &self.contacts[slot];
        let members = [("team", PayloadValue::Word(TEAMS[usize::from(contact.team)].0)), ("agent_id", self.agent_value(slot))];
        let is_chat = self.contacts[slot].channel == Channel::Chat;
        self.emit_contact(slot, Kind::Chats, "chat.transferred", &members);
        if is_chat {
            self.schedule_chat(slot, 35.0, 0.6, ChatStep::Say(left));
        } else {
            self.schedule_chat(slot, 240.0, 0.6, ChatStep::End);
        }
    }

    fn emit_chat_message(&mut self, slot: ContactSlot, author: &str) {
        let agent = if author == "agent" { self.agent_value(slot) } else { PayloadValue::Absent };
        self.emit_contact(slot, Kind::Chats, "chat.message", &[("author", PayloadValue::Word(author)), ("agent_id", agent)]);
    }

    fn schedule_chat(&mut self, slot: ContactSlot, median_seconds: f64, sigma: f64, step: ChatStep) {
        let at = self.after(self.now, median_seconds, sigma);
        self.schedule(at, Step::Chat(slot, step));
    }
}
