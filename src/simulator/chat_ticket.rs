//! Tickets made from chats and calls: the record that the desk keeps of one, the work that is left after it, and the message that nobody took.
//!
//! A chat names such a ticket, unless it is about an older one. Does not know the steps of a chat, nor those of a ticket after its creation.

use super::channel::Channel;
use super::contact::{Asking, ContactSlot, Origin, SimulatedContact, State};
use super::ticket::TicketStep;
use super::{Organisation, Step};
use crate::time::Span;

/// The share of accepted chats and calls of which the desk keeps a ticket as the record from the acceptance on: the tool of one of several groups does it.
const RECORDED: f64 = 0.12;
/// The share of chats and calls after which an agent has work left, and makes a ticket for it.
const FOLLOWED_UP: f64 = 0.05;
/// The share of abandoned chats and calls that become a ticket, because the customer left a message.
const MISSED_TAKEN_UP: f64 = 0.35;
/// The share of the recorded chats and calls about whose ticket the survey asks; about the others it asks as about a chat.
const SURVEY_ABOUT_RECORD: f64 = 0.5;
/// The contract counts a ticket as made from a chat up to an hour after the chat; agents write down within minutes what is left to do.
const WRITTEN_DOWN_MAX: Span = Span::minutes(50);

impl Organisation {
    /// Draws whether the desk keeps a ticket as the record of a chat that is accepted now.
    pub(super) fn draw_record(&mut self, chat: ContactSlot) {
        if self.contacts[chat].named_ticket.is_some() || !self.chance.happens(RECORDED) {
            return;
        }
        let ticket = self.new_chat_ticket(chat, Origin::ChatRecord, self.contacts[chat].channel, "system");
        self.contacts[chat].record = Some(ticket);
        self.schedule_late(Step::Ticket(ticket, TicketStep::Announce));
    }

    /// Draws whether a ticket follows from a chat that ends now.
    pub(super) fn draw_follow_up(&mut self, chat: ContactSlot) {
        if self.chance.happens(FOLLOWED_UP) {
            let ticket = self.new_chat_ticket(chat, Origin::FollowUp, Channel::Web, "agent");
            self.announce_after(ticket, 90.0);
        }
    }

    /// Draws whether a ticket follows from a chat that is abandoned now, before anybody took it.
    pub(super) fn draw_missed(&mut self, chat: ContactSlot) {
        if self.chance.happens(MISSED_TAKEN_UP) {
            let ticket = self.new_chat_ticket(chat, Origin::MissedChat, Channel::Web, "customer");
            self.announce_after(ticket, 20.0);
        }
    }

    /// Solves the record of a chat that ends now. A survey follows about one of the two.
    pub(super) fn settle_record(&mut self, chat: ContactSlot) {
        let Some(record) = self.contacts[chat].record else { return };
        let SimulatedContact { clock_start, first_response_at, rounds_done, transfers, .. } = self.contacts[chat];
        let asks_about_record = self.chance.happens(SURVEY_ABOUT_RECORD);
        let silent = if asks_about_record { chat } else { record };
        self.contacts[silent].asking = Asking::ByTheOther;
        let ticket = &mut self.contacts[record];
        (ticket.clock_start, ticket.first_response_at, ticket.rounds_done, ticket.transfers) =
            (clock_start, first_response_at, rounds_done, transfers);
        self.schedule_ticket(record, 40.0, 0.8, TicketStep::Solve);
    }

    /// A ticket from a chat, in the chat's partition. The chat's next event names it, unless the chat has named another before.
    fn new_chat_ticket(&mut self, chat: ContactSlot, origin: Origin, channel: Channel, created_by: &'static str) -> ContactSlot {
        let id = self.new_id('t');
        let of = self.contacts[chat].clone();
        self.contacts[chat].named_ticket.get_or_insert(id);
        self.contacts.insert(SimulatedContact {
            id,
            channel,
            is_ticket: true,
            origin,
            created_by,
            state: State::Open,
            status: "open",
            first_response_at: None,
            waits_since: None,
            named_ticket: None,
            record: None,
            rounds_done: 0,
            transfers: 0,
            steps_due: 0,
            ..of
        })
    }

    fn announce_after(&mut self, ticket: ContactSlot, median_seconds: f64) {
        let at = self.after(self.now, median_seconds, 0.7).min(self.now + WRITTEN_DOWN_MAX);
        self.schedule(at, Step::Ticket(ticket, TicketStep::Announce));
    }
}
