//! The steps of a ticket: greeted, assigned, answered, transferred, asked again, solved, reopened, closed, or withdrawn.
//!
//! Does not know queues, satisfaction or fates: `arrivals` says when an agent replies, `survey` plans the surveys about a solved ticket, and
//! `ticket_plan` draws what becomes of a new one.

use super::channel::Channel;
use super::contact::{BRANDS, ContactSlot, PRIORITIES, State, TEAMS};
use super::payload::{Id, PayloadValue};
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::{EventTime, Span};

/// A step of a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) enum TicketStep {
    /// The system or the bot sends an automated reply.
    Greet { by_bot: bool },
    /// A rule assigns it to an agent.
    Assign,
    /// An agent writes a note that the customer does not see.
    Note,
    /// It is transferred to another team, which then replies.
    Transfer,
    /// It is escalated, and an agent then replies.
    Escalate,
    /// An agent replies to the customer.
    Reply,
    /// The customer writes, and an agent will reply.
    Ask,
    /// The customer writes again before the reply.
    Urge,
    /// The customer's mailbox sends an out-of-office reply.
    OutOfOffice,
    /// The system or an agent solves it without a message.
    Solve,
    /// The customer is not satisfied and reopens it.
    Reopen,
    /// It is marked as spam or deleted.
    Withdraw { spam: bool },
    /// It is merged into an earlier ticket of the customer about the same problem.
    Merge(Id),
    /// It is closed for good.
    Close,
}

impl Organisation {
    /// Creates the ticket of a new contact.
    pub(super) fn open_ticket(&mut self, slot: ContactSlot) {
        let created_by = ["customer", "agent", "system"][self.chance.weighted(&[0.93, 0.045, 0.025])];
        self.emit_created(slot, created_by);
        if created_by == "customer" {
            self.plan_ticket(slot);
        } else {
            let asks_at = self.after(self.now, 600.0, 1.0);
            self.schedule(asks_at, Step::Ticket(slot, TicketStep::Ask));
        }
    }

    /// An agent creates a ticket to follow up on a chat or call.
    pub(super) fn open_follow_up(&mut self, chat: ContactSlot) {
        let of = self.contacts[chat].clone();
        let slot = self.new_contact(Channel::Web, of.customer, of.team, of.priority);
        self.contacts[slot].brand = of.brand;
        self.emit_created(slot, "agent");
        let solved_at = self.desk_reply_at(slot, 0.5);
        self.schedule(solved_at, Step::Ticket(slot, TicketStep::Reply));
    }

    pub(super) fn take_ticket_step(&mut self, slot: ContactSlot, step: TicketStep) {
        if self.contacts[slot].state == State::Withdrawn {
            return;
        }
        match step {
            TicketStep::Greet { by_bot } => {
                let author = if by_bot { "bot" } else { "system" };
                self.emit_message(slot, author, None, Some(true));
            }
            TicketStep::Assign => self.emit_assigned(slot, "auto"),
            TicketStep::Note => self.emit_message(slot, "agent", Some(false), None),
            TicketStep::Transfer => self.transfer_ticket(slot),
            TicketStep::Escalate => self.escalate(slot),
            TicketStep::Reply => self.reply(slot),
            TicketStep::Ask => {
                self.emit_message(slot, "customer", None, None);
                self.note_customer_waits(slot);
                self.schedule_reply(slot, 0.5);
            }
            TicketStep::Urge => self.emit_message(slot, "customer", None, None),
            TicketStep::OutOfOffice => self.emit_message(slot, "customer", None, Some(true)),
            TicketStep::Solve => self.solve(slot),
            TicketStep::Reopen => {
                self.contacts[slot].reopens += 1;
                self.emit_message(slot, "customer", None, None);
                self.set_status(slot, "open", State::Open);
                self.schedule_reply(slot, 0.6);
            }
            TicketStep::Withdraw { spam } => self.set_status(slot, if spam { "spam" } else { "deleted" }, State::Withdrawn),
            TicketStep::Merge(into) => {
                self.contacts[slot].state = State::Withdrawn;
                self.emit_contact(slot, Kind::Tickets, "ticket.merged", &[("into_ticket_id", PayloadValue::Id(into))]);
            }
            TicketStep::Close => self.set_status(slot, "closed", State::Solved),
        }
    }

    fn emit_created(&mut self, slot: ContactSlot, created_by: &str) {
        let contact = &self.contacts[slot];
        let members = [
            ("customer_id", self.customer_value(contact.customer)),
            ("channel", PayloadValue::Word(contact.channel.name())),
            ("team", PayloadValue::Word(TEAMS[usize::from(contact.team)].0)),
            ("priority", PayloadValue::Word(PRIORITIES[usize::from(contact.priority)].0)),
            ("brand", PayloadValue::Word(BRANDS[usize::from(contact.brand)].0)),
            ("created_by", if created_by == "customer" { PayloadValue::Absent } else { PayloadValue::Word(created_by) }),
        ];
        self.emit_contact(slot, Kind::Tickets, "ticket.created", &members);
    }

    /// An agent replies, and the ticket is solved or waits for its next step.
    fn reply(&mut self, slot: ContactSlot) {
        self.note_first_response(slot);
        self.emit_message(slot, "agent", None, None);
        let contact = &mut self.contacts[slot];
        contact.rounds_done = contact.rounds_done.saturating_add(1);
        if contact.rounds_left == 0 || contact.reopens > 0 {
            self.solve(slot);
            return;
        }
        contact.rounds_left -= 1;
        match self.chance.weighted(&[0.75, 0.08, 0.17]) {
            0 => self.set_status(slot, "pending", State::Waiting),
            1 => self.set_status(slot, "on_hold", State::Waiting),
            _ => {}
        }
        if self.chance.happens(0.04) {
            self.schedule_ticket(slot, 20.0, 0.6, TicketStep::OutOfOffice);
        }
        if self.chance.happens(0.1) {
            self.schedule(self.now + Span::hours(48), Step::Ticket(slot, TicketStep::Solve));
        } else {
            self.schedule_ticket(slot, 1_500.0, 1.3, TicketStep::Ask);
        }
    }

    pub(super) fn solve(&mut self, slot: ContactSlot) {
        self.set_status(slot, "solved", State::Solved);
        let id = self.contacts[slot].id;
        if let Some(customer) = self.contacts[slot].customer
            && self.customers[customer].open_ticket == Some(id)
        {
            self.customers[customer].open_ticket = None;
        }
        self.plan_surveys(slot, 360.0, 0.8);
        let reopen = if self.contacts[slot].reopens > 1 { 0.0 } else { 0.045 + 0.05 * (4.2 - self.satisfaction(slot)).max(0.0) };
        if self.chance.happens(reopen) {
            self.schedule_ticket(slot, 3_000.0, 1.2, TicketStep::Reopen);
        } else {
            self.schedule(self.now + Span::hours(96), Step::Ticket(slot, TicketStep::Close));
        }
    }

    /// Starts the first-response clock of a ticket that the customer did not create. Sets a ticket that waited for the customer to open.
    fn note_customer_waits(&mut self, slot: ContactSlot) {
        let now = self.now;
        let contact = &mut self.contacts[slot];
        if contact.rounds_done == 0 {
            contact.clock_start = now;
        }
        if contact.state == State::Waiting {
            self.set_status(slot, "open", State::Open);
        }
    }

    pub(super) fn note_first_response(&mut self, slot: ContactSlot) {
        let now = self.now;
        let contact = &mut self.contacts[slot];
        contact.first_response_seconds.get_or_insert((now - contact.clock_start).as_seconds());
    }

    fn set_status(&mut self, slot: ContactSlot, status: &str, state: State) {
        self.contacts[slot].state = state;
        self.emit_contact(slot, Kind::Tickets, "ticket.status_changed", &[("status", PayloadValue::Word(status))]);
    }

    pub(super) fn emit_message(&mut self, slot: ContactSlot, author: &str, public: Option<bool>, automated: Option<bool>) {
        let flag = |value: Option<bool>| value.map_or(PayloadValue::Absent, PayloadValue::Flag);
        let agent = if author == "agent" { self.agent_value(slot) } else { PayloadValue::Absent };
        let members =
            [("author", PayloadValue::Word(author)), ("public", flag(public)), ("automated", flag(automated)), ("agent_id", agent)];
        self.emit_contact(slot, Kind::Tickets, "ticket.message", &members);
    }

    pub(super) fn schedule_reply(&mut self, slot: ContactSlot, part: f64) {
        let at = self.desk_reply_at(slot, part);
        self.schedule(at, Step::Ticket(slot, TicketStep::Reply));
    }

    pub(super) fn schedule_ticket(&mut self, slot: ContactSlot, median_seconds: f64, sigma: f64, step: TicketStep) {
        let at = self.after(self.now, median_seconds, sigma);
        self.schedule(at, Step::Ticket(slot, step));
    }

    /// Draws an instant after another, at a log-normal distance with this median.
    pub(super) fn after(&mut self, from: EventTime, median_seconds: f64, sigma: f64) -> EventTime {
        from + Span((self.chance.around(median_seconds, sigma) * 1_000.0) as i64 + 1)
    }
}
