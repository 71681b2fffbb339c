//! What becomes of a new ticket: withdrawn, merged, solved by a bot or without a reply, or answered; and what happens before the first reply.
//!
//! Does not know the steps themselves: it draws and schedules them.

use super::contact::{ContactSlot, INCIDENT_TEAM};
use super::ticket::TicketStep;
use super::{Organisation, Step};
use crate::time::{EventTime, Span};

impl Organisation {
    /// Draws the fate of a ticket that a customer created.
    pub(super) fn plan_ticket(&mut self, slot: ContactSlot) {
        const FATES: [f64; 6] = [0.013, 0.005, 0.06, 0.03, 0.015, 0.877];
        let contact = &self.contacts[slot];
        let (id, customer) = (contact.id, contact.customer);
        let open_before = customer.and_then(|customer| self.customers[customer].open_ticket);
        match (self.chance.weighted(&FATES), open_before) {
            (0, _) => self.schedule_ticket(slot, 300.0, 1.0, TicketStep::Withdraw { spam: true }),
            (1, _) => self.schedule_ticket(slot, 1_200.0, 1.0, TicketStep::Withdraw { spam: false }),
            (2, Some(earlier)) => {
                let merged_at = self.desk_reply_at(slot, 0.3);
                self.schedule(merged_at, Step::Ticket(slot, TicketStep::Merge(earlier)));
            }
            (3, _) => {
                self.schedule_ticket(slot, 4.0, 0.5, TicketStep::Greet { by_bot: true });
                self.schedule_ticket(slot, 420.0, 0.9, TicketStep::Solve);
            }
            (4, _) => {
                let solved_at = self.desk_reply_at(slot, 0.4);
                self.schedule(solved_at, Step::Ticket(slot, TicketStep::Solve));
            }
            _ => {
                if let Some(customer) = customer {
                    self.customers[customer].open_ticket = Some(id);
                }
                self.plan_answer(slot);
            }
        }
    }

    fn plan_answer(&mut self, slot: ContactSlot) {
        if self.chance.happens(0.7) {
            let by_bot = self.chance.happens(0.4);
            self.schedule_ticket(slot, 2.5, 0.4, TicketStep::Greet { by_bot });
        }
        self.schedule_ticket(slot, 25.0, 0.7, TicketStep::Assign);
        let is_incident = self.contacts[slot].team == INCIDENT_TEAM && self.has_incident();
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
