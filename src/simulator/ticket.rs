//! The steps of a ticket: created, greeted, assigned, answered, asked again, solved, thanked for, reopened, closed, or withdrawn.
//!
//! Does not know queues, satisfaction or fates: `arrivals` says when an agent replies, `survey` plans the surveys about a solved ticket, and
//! `ticket_plan` draws what becomes of a new one.

use super::channel::Channel;
use super::contact::{BRANDS, ContactSlot, PRIORITIES, State, TEAMS};
use super::payload::{Id, PayloadValue};
use super::{Organisation, Step};
use crate::event::Kind;
use crate::time::{EventTime, Span};

/// The share of solves after which the customer writes once more to say thanks: an eighth of the mail in public data sets of support.
const THANKED: f64 = 0.12;
/// The share of these messages with which the desk's automation reopens the ticket. An agent solves it again without a reply.
const REOPENED_BY_THANKS: f64 = 0.2;

/// A step of a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) enum TicketStep {
    /// The desk creates it, later than the customer's first message or the chat from which it comes.
    Announce,
    /// The system or the bot sends an automated reply.
    Greet { by_bot: bool },
    /// The bot hands it over to people.
    HandOver,
    /// A rule assigns it to a team, and most often to an agent.
    Assign,
    /// An agent writes a note that the customer does not see.
    Note,
    /// It is transferred to another team, which then replies.
    Transfer,
    /// A team takes it after it was sent back, and then replies.
    PickUp,
    /// It is escalated, and an agent then replies.
    Escalate,
    /// An agent writes to a customer who did not write before.
    Address,
    /// An agent replies to the customer.
    Reply,
    /// The message of a reply that was given before reaches the feed.
    LateReply,
    /// The customer writes, and an agent will reply.
    Ask,
    /// The customer writes while a reply is due.
    Urge,
    /// The customer's mailbox sends an out-of-office reply.
    OutOfOffice,
    /// The system or an agent solves it without a message.
    Solve,
    /// The customer says thanks.
    Thank,
    /// The customer is not satisfied and reopens it.
    Reopen,
    /// It is marked as spam or deleted.
    Withdraw { spam: bool },
    /// It is merged into an earlier ticket of the customer about the same problem.
    Merge(Id),
    /// The desk closes it after it was merged.
    CloseMerged,
    /// The merge is taken back.
    Unmerge,
    /// It is closed for good.
    Close,
    /// The nightly set names it.
    Name,
}

impl TicketStep {
    /// Whether the step is taken also where the ticket was withdrawn.
    const fn is_beyond_withdrawal(self) -> bool {
        matches!(self, Self::CloseMerged | Self::Unmerge | Self::Name)
    }
}

impl Organisation {
    /// Begins the ticket of a new contact.
    pub(super) fn open_ticket(&mut self, slot: ContactSlot) {
        self.draw_named_team(slot);
        self.contacts[slot].created_by = self.draw_creator(slot);
        if self.contacts[slot].created_by == "customer" && self.is_creation_late() {
            self.emit_customer_message(slot);
            self.schedule_late(Step::Ticket(slot, TicketStep::Announce));
        } else {
            self.announce(slot);
        }
    }

    pub(super) fn take_ticket_step(&mut self, slot: ContactSlot, step: TicketStep) {
        if self.contacts[slot].state == State::Withdrawn && !step.is_beyond_withdrawal() {
            return;
        }
        match step {
            TicketStep::Announce => self.announce(slot),
            TicketStep::Greet { by_bot } => {
                let author = if by_bot { "bot" } else { "system" };
                self.emit_message(slot, author, None, Some(true));
            }
            TicketStep::HandOver => self.hand_over_ticket(slot),
            TicketStep::Assign => self.assign_by_rule(slot),
            TicketStep::Note => self.emit_message(slot, "agent", Some(false), None),
            TicketStep::Transfer => self.transfer_ticket(slot),
            TicketStep::PickUp => self.pick_up(slot),
            TicketStep::Escalate => self.escalate(slot),
            TicketStep::Address | TicketStep::LateReply => self.emit_message(slot, "agent", None, None),
            TicketStep::Reply => self.reply(slot),
            TicketStep::Ask => {
                self.emit_customer_message(slot);
                self.note_customer_waits(slot);
                self.schedule_reply(slot, 0.5);
            }
            TicketStep::Urge => self.emit_customer_message(slot),
            TicketStep::OutOfOffice => self.emit_message(slot, "customer", None, Some(true)),
            TicketStep::Solve => {
                self.set_status(slot, "solved", State::Solved);
                self.follow_solve(slot);
            }
            TicketStep::Thank => self.thank(slot),
            TicketStep::Reopen => {
                self.contacts[slot].reopens += 1;
                self.emit_customer_message(slot);
                self.set_status(slot, "open", State::Open);
                self.contacts[slot].waits_since = Some(self.now);
                self.schedule_reply(slot, 0.6);
            }
            TicketStep::Withdraw { spam } => self.set_status(slot, if spam { "spam" } else { "deleted" }, State::Withdrawn),
            TicketStep::Merge(into) => self.merge(slot, into),
            TicketStep::CloseMerged => self.close_merged(slot),
            TicketStep::Unmerge => self.unmerge(slot),
            TicketStep::Close => {
                if self.contacts[slot].status == "solved" {
                    self.set_status(slot, "closed", State::Solved);
                }
            }
            TicketStep::Name => self.name_ticket(slot),
        }
    }

    /// The desk creates the ticket; what becomes of it depends on how it came about.
    fn announce(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        contact.opened_at = self.now;
        contact.clock_start = self.now;
        if !self.is_creation_lost() {
            self.emit_created(slot);
        }
        self.name_in_next_set(slot);
        self.plan_ticket(slot);
    }

    fn emit_created(&mut self, slot: ContactSlot) {
        let contact = &self.contacts[slot];
        let created_by = match contact.created_by {
            // The form on the website writes every member. It says nothing of a creator, since that is always the customer.
            "customer" if contact.channel == Channel::Web => PayloadValue::Null,
            "customer" => PayloadValue::Absent,
            creator => PayloadValue::Word(creator),
        };
        let team = contact.named_team.map_or(PayloadValue::Absent, |team| PayloadValue::Word(TEAMS[usize::from(team)].0));
        let members = [
            ("customer_id", self.customer_value(slot)),
            ("channel", PayloadValue::Word(contact.channel.name())),
            ("team", team),
            ("priority", PayloadValue::Word(PRIORITIES[usize::from(contact.priority)].0)),
            ("brand", PayloadValue::Word(BRANDS[usize::from(contact.brand)].0)),
            ("created_by", created_by),
        ];
        self.emit_contact(slot, Kind::Tickets, "ticket.created", &members);
    }

    /// An agent replies, and the ticket is solved or waits for its next step.
    fn reply(&mut self, slot: ContactSlot) {
        self.note_first_response(slot);
        let contact = &mut self.contacts[slot];
        contact.rounds_done = contact.rounds_done.saturating_add(1);
        if contact.rounds_left == 0 || contact.reopens > 0 {
            self.emit_reply(slot, Some(("solved", State::Solved)));
            self.follow_solve(slot);
            return;
        }
        contact.rounds_left -= 1;
        let status = [Some(("pending", State::Waiting)), Some(("on_hold", State::Waiting)), None];
        let status = status[self.chance.weighted(&[0.75, 0.08, 0.17])];
        self.emit_reply(slot, status);
        if self.chance.happens(0.04) {
            self.schedule_ticket(slot, 20.0, 0.6, TicketStep::OutOfOffice);
        }
        if self.chance.happens(0.1) {
            self.schedule(self.now + Span::hours(48), Step::Ticket(slot, TicketStep::Solve));
        } else {
            self.schedule_ticket(slot, 1_500.0, 1.3, TicketStep::Ask);
        }
    }

    /// Plans what follows a solve: surveys, thanks, and a reopening or the closing.
    fn follow_solve(&mut self, slot: ContactSlot) {
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
            return;
        }
        self.schedule(self.now + Span::hours(96), Step::Ticket(slot, TicketStep::Close));
        if self.chance.happens(THANKED) {
            self.schedule_ticket(slot, 900.0, 1.0, TicketStep::Thank);
        }
    }

    /// The customer says thanks, and the desk's automation may take it for a question.
    fn thank(&mut self, slot: ContactSlot) {
        self.emit_customer_message(slot);
        if self.contacts[slot].status == "solved" && self.chance.happens(REOPENED_BY_THANKS) {
            self.set_status(slot, "open", State::Open);
            self.schedule_ticket(slot, 600.0, 0.8, TicketStep::Solve);
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
        contact.first_response_at.get_or_insert(now);
        contact.waits_since = None;
    }

    /// Sets the status of a ticket in the desk, and reports it.
    pub(super) fn set_status(&mut self, slot: ContactSlot, status: &'static str, state: State) {
        let now = self.now;
        let contact = &mut self.contacts[slot];
        (contact.state, contact.status) = (state, status);
        match status {
            "solved" => contact.solved_at = Some(now),
            "closed" => contact.solved_at = contact.solved_at.or(Some(now)),
            _ => contact.solved_at = None,
        }
        if matches!(state, State::Solved | State::Withdrawn) {
            contact.waits_since = None;
        }
        self.name_in_next_set(slot);
        self.emit_status(slot);
    }

    fn emit_customer_message(&mut self, slot: ContactSlot) {
        let now = self.now;
        let contact = &mut self.contacts[slot];
        if contact.state != State::Solved {
            contact.waits_since.get_or_insert(now);
        }
        self.emit_message(slot, "customer", None, None);
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
