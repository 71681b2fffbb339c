//! The steps of a chat or call: it waits, is accepted or abandoned, messages are exchanged, it is transferred, it ends.
//!
//! Does not know queues, nor the tickets made from a chat: `arrivals` says how long it waits, `chat_ticket` makes the tickets.

use super::channel::Channel;
use super::contact::{BRANDS, ContactSlot, PRIORITIES};
use super::payload::PayloadValue;
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::Span;

/// The share of chats in which the tool does not say that the agent joined. The app on the telephone of an agent is such a tool.
const UNANNOUNCED: f64 = 0.03;
/// The share of accepted chats whose end the tool calls abandoned, because the customer closed the window first.
const CLOSED_BY_CUSTOMER: f64 = 0.02;
/// The share of chats of customers with an open ticket that are about this ticket.
const ABOUT_OPEN_TICKET: f64 = 0.3;
/// The share of chats and calls that end in the first seconds: a wrong number, a window opened by mistake.
const BY_MISTAKE: f64 = 0.015;

/// A step of a chat or call.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChatStep {
    /// The tool starts it, later than the bot's first message.
    Start,
    /// The bot greets the customer.
    Greet,
    /// The customer says to the bot what the matter is.
    TellBot,
    /// The bot hands it over to people.
    HandOver,
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
        self.enter_thread(slot);
        let open = self.contacts[slot].customer.and_then(|customer| self.customers[customer].open_ticket);
        self.contacts[slot].named_ticket = open.filter(|_| self.chance.happens(ABOUT_OPEN_TICKET));
        if self.contacts[slot].channel == Channel::Chat && self.is_creation_late() {
            self.emit_chat_message(slot, "bot");
            self.schedule_late(Step::Chat(slot, ChatStep::Start));
        } else {
            self.start_chat(slot);
        }
    }

    pub(super) fn take_chat_step(&mut self, slot: ContactSlot, step: ChatStep) {
        match step {
            ChatStep::Start => self.start_chat(slot),
            ChatStep::Greet => self.emit_chat_message(slot, "bot"),
            ChatStep::TellBot => self.tell_bot(slot),
            ChatStep::HandOver => self.hand_over_chat(slot),
            ChatStep::Accept => self.accept(slot),
            ChatStep::Abandon => {
                self.draw_missed(slot);
                self.emit_chat_end(slot, "chat.abandoned");
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
                self.draw_follow_up(slot);
                let is_chat = self.contacts[slot].channel == Channel::Chat;
                let closed_by_customer = is_chat && self.chance.happens(CLOSED_BY_CUSTOMER);
                self.emit_chat_end(slot, if closed_by_customer { "chat.abandoned" } else { "chat.ended" });
                self.settle_record(slot);
                self.plan_surveys(slot, 20.0, 0.6);
            }
        }
    }

    /// The customer waits for an agent from now on.
    pub(super) fn queue_chat(&mut self, slot: ContactSlot) {
        let (after_ms, step) = match self.live_wait_ms(slot) {
            Ok(wait_ms) => (wait_ms, ChatStep::Accept),
            Err(patience_ms) => (patience_ms, ChatStep::Abandon),
        };
        self.schedule(self.now + Span(after_ms as i64), Step::Chat(slot, step));
    }

    pub(super) fn emit_chat_message(&mut self, slot: ContactSlot, author: &str) {
        let agent = if author == "agent" { self.agent_value(slot) } else { PayloadValue::Absent };
        self.emit_contact(slot, Kind::Chats, "chat.message", &[("author", PayloadValue::Word(author)), ("agent_id", agent)]);
    }

    pub(super) fn schedule_chat(&mut self, slot: ContactSlot, median_seconds: f64, sigma: f64, step: ChatStep) {
        let at = self.after(self.now, median_seconds, sigma);
        self.schedule(at, Step::Chat(slot, step));
    }

    /// Gives a chat through a messenger the id of the customer's conversation. While a chat goes on in it, the customer writes on the website instead.
    fn enter_thread(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        let Some(customer) = contact.customer.filter(|_| contact.channel == Channel::Chat) else { return };
        if let Some(thread) = self.customers[customer].thread.as_mut().filter(|thread| !thread.is_busy) {
            thread.is_busy = true;
            contact.id = thread.id;
        }
    }

    fn start_chat(&mut self, slot: ContactSlot) {
        self.contacts[slot].clock_start = self.now;
        let contact = &self.contacts[slot];
        let members = [
            ("customer_id", self.customer_value(slot)),
            ("channel", PayloadValue::Word(contact.channel.name())),
            ("team", self.team_value(slot)),
            ("priority", PayloadValue::Word(PRIORITIES[usize::from(contact.priority)].0)),
            ("brand", PayloadValue::Word(BRANDS[usize::from(contact.brand)].0)),
            // The chat tool always writes this member.
            ("ticket_id", contact.named_ticket.map_or(PayloadValue::Null, PayloadValue::Id)),
        ];
        let is_chat = contact.channel == Channel::Chat;
        self.emit_contact(slot, Kind::Chats, "chat.started", &members);
        if self.chance.happens(BY_MISTAKE) {
            let at = self.now + Span(self.chance.between(800.0, 4_500.0) as i64);
            self.schedule(at, Step::Chat(slot, ChatStep::Abandon));
        } else if !is_chat || !self.greet_chat(slot) {
            self.queue_chat(slot);
        }
    }

    fn accept(&mut self, slot: ContactSlot) {
        let is_chat = self.contacts[slot].channel == Channel::Chat;
        if !is_chat || !self.chance.happens(UNANNOUNCED) {
            self.draw_record(slot);
            let members = [("agent_id", self.agent_value(slot)), ("ticket_id", self.named_ticket(slot))];
            self.emit_contact(slot, Kind::Chats, "chat.accepted", &members);
        }
        if is_chat {
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
        self.emit_chat_transfer(slot);
        if self.contacts[slot].channel == Channel::Chat {
            self.schedule_chat(slot, 35.0, 0.6, ChatStep::Say(left));
        } else {
            self.schedule_chat(slot, 240.0, 0.6, ChatStep::End);
        }
    }

    /// Emits the end of a chat. The customer's conversation is free for the next one.
    fn emit_chat_end(&mut self, slot: ContactSlot, name: &'static str) {
        let contact = &self.contacts[slot];
        let id = contact.id;
        if let Some(customer) = contact.customer
            && let Some(thread) = self.customers[customer].thread.as_mut().filter(|thread| thread.id == id)
        {
            thread.is_busy = false;
        }
        self.emit_contact(slot, Kind::Chats, name, &[("ticket_id", self.named_ticket(slot))]);
    }

    /// The ticket that the events of a chat name, if there is one.
    fn named_ticket(&self, slot: ContactSlot) -> PayloadValue<'static> {
        self.contacts[slot].named_ticket.map_or(PayloadValue::Absent, PayloadValue::Id)
    }
}
