//! What becomes of a new ticket: withdrawn, merged, solved by a bot or without a reply, or answered; and what happens before the first reply.
//!
//! Does not know the steps themselves: it draws and schedules them.

use super::channel::Channel;
use super::contact::{ContactSlot, INCIDENT_TEAM, Origin};
use super::incident::Incident;
use super::ticket::TicketStep;
use super::{Organisation, Step};
use crate::time::{EventTime, Span};

/// Who creates a ticket outside social media, and how often: most often the customer, sometimes an agent for a customer, or a monitoring system.
const CREATORS: [(&str, f64); 3] = [("customer", 0.93), ("agent", 0.045), ("system", 0.025)];
/// The word of a feed that does not know who created a ticket: of social media it only has the messages.
const FIRST_AUTHOR: &str = "first_author";
/// The share of the tickets of social media that begin with a message by the desk, which answers a public post.
const ADDRESSED_BY_AGENT: f64 = 0.08;
/// The fates of a ticket by a customer, and their shares: mail filters stop most spam before the desk, and bots solve what is asked most.
const FATES: [(Fate, f64); 5] =
    [(Fate::Spam, 0.013), (Fate::Deleted, 0.005), (Fate::SolvedByBot, 0.03), (Fate::SolvedInSilence, 0.015), (Fate::Answered, 0.937)];
/// The share of the other tickets that an agent merges where the customer has an open one: a second mail is often about the same matter.
const MERGED_INTO_OPEN: f64 = 0.35;

/// What becomes of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Spam,
    Deleted,
    SolvedByBot,
    SolvedInSilence,
    Answered,
}

impl Organisation {
    /// Draws who creates a ticket by the feed.
    pub(super) fn draw_creator(&mut self, slot: ContactSlot) -> &'static str {
        if self.contacts[slot].channel == Channel::Social {
            return FIRST_AUTHOR;
        }
        CREATORS[self.chance.weighted(&CREATORS.map(|(_, share)| share))].0
    }

    /// Plans what follows the creation of a ticket.
    pub(super) fn plan_ticket(&mut self, slot: ContactSlot) {
        let contact = &self.contacts[slot];
        match (contact.origin, contact.created_by) {
            // It lasts as long as its chat.
            (Origin::ChatRecord, _) => {}
            (Origin::FollowUp, _) => self.schedule_reply(slot, 0.5),
            (Origin::MissedChat, _) => self.plan_people(slot),
            (Origin::Written, "customer") => self.draw_fate(slot),
            (Origin::Written, FIRST_AUTHOR) if !self.chance.happens(ADDRESSED_BY_AGENT) => {
                self.schedule_ticket(slot, 0.5, 0.5, TicketStep::Urge);
                self.draw_fate(slot);
            }
            (Origin::Written, creator) => {
                if creator == FIRST_AUTHOR {
                    self.schedule_ticket(slot, 0.5, 0.5, TicketStep::Address);
                }
                self.schedule_ticket(slot, 600.0, 1.0, TicketStep::Ask);
            }
        }
    }

    /// Draws the fate of a ticket that a customer created.
    fn draw_fate(&mut self, slot: ContactSlot) {
        let contact = &self.contacts[slot];
        let (id, customer) = (contact.id, contact.customer);
        let open_before = customer.and_then(|customer| self.customers[customer].open_ticket);
        let (fate, _) = FATES[self.chance.weighted(&FATES.map(|(_, share)| share))];
        match (fate, open_before) {
            (Fate::Spam, _) => self.schedule_ticket(slot, 300.0, 1.0, TicketStep::Withdraw { spam: true }),
            (Fate::Deleted, _) => self.schedule_ticket(slot, 1_200.0, 1.0, TicketStep::Withdraw { spam: false }),
            (Fate::Answered, Some(earlier)) if self.chance.happens(MERGED_INTO_OPEN) => {
                let merged_at = self.desk_reply_at(slot, 0.3);
                self.schedule(merged_at, Step::Ticket(slot, TicketStep::Merge(earlier)));
            }
            (Fate::SolvedByBot, _) => {
                self.schedule_ticket(slot, 4.0, 0.5, TicketStep::Greet { by_bot: true });
                self.schedule_ticket(slot, 420.0, 0.9, TicketStep::Solve);
            }
            (Fate::SolvedInSilence, _) => {
                let solved_at = self.desk_reply_at(slot, 0.4);
                self.schedule(solved_at, Step::Ticket(slot, TicketStep::Solve));
            }
            (Fate::Answered, _) => {
                if let Some(customer) = customer {
                    self.customers[customer].open_ticket = Some(id);
                }
                if !self.greet_ticket(slot) {
                    self.plan_people(slot);
                }
            }
        }
    }

    /// Draws what people do with a ticket up to the first reply.
    pub(super) fn plan_people(&mut self, slot: ContactSlot) {
        self.schedule_ticket(slot, 25.0, 0.7, TicketStep::Assign);
        let team = self.contacts[slot].team;
        let is_incident = match self.incident() {
            Some(Incident::General) => team == INCIDENT_TEAM,
            Some(Incident::OfTeam(affected)) => team == affected,
            None => false,
        };
        let (transfer, escalation) = if is_incident { (0.06, 0.16) } else { (0.1, 0.08) };
        let at = self.desk_reply_at(slot, 1.0);
        let before = |part: f64, from: EventTime| from + Span(((at - from).0 as f64 * part) as i64);
        if self.chance.happens(0.1) {
            let part = self.chance.between(0.3, 0.95);
            self.schedule(before(part, self.now), Step::Ticket(slot, TicketStep::Note));
        }
        if (at - self.now).0 > Span::hours(2).0 && self.chance.happens(0.15) {
            self.schedule(before(0.7, self.now), Step::Ticket(slot, TicketStep::Urge));
        }
        let part = self.chance.between(0.3, 0.8);
        let kind = self.chance.weighted(&[transfer, escalation, 1.0 - transfer - escalation]);
        match kind {
            0 => self.schedule(before(part, self.now), Step::Ticket(slot, TicketStep::Transfer)),
            1 => self.schedule(before(part, self.now), Step::Ticket(slot, TicketStep::Escalate)),
            _ => self.schedule(at, Step::Ticket(slot, TicketStep::Reply)),
        }
    }
}
