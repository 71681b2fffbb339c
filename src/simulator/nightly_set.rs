//! The nightly set of ticket snapshots: every ticket that is open or has changed since the night before, and then the end of the set.
//!
//! It tells the reader what a lost webhook did not. Does not know which events were lost.

use super::contact::{BRANDS, ContactSlot, PRIORITIES, State};
use super::payload::PayloadValue;
use super::ticket::TicketStep;
use super::{GeneratedEvent, Organisation, Step};
use crate::event::Kind;
use crate::time::{EventTime, Span};

/// The time of day at which a set begins. Exports run at night, when the desk has time for them.
const BEGINS_AT: Span = Span::hours(2);
/// How long the tickets of a set are named: help desks give a page of a hundred tickets every few seconds.
const NAMING_TAKES: Span = Span::minutes(10);
/// When the end of the set is sent, after its begin.
const ENDS_AFTER: Span = Span::minutes(11);

impl Organisation {
    /// Makes sure that the next set names a ticket.
    pub(super) fn name_in_next_set(&mut self, slot: ContactSlot) {
        let contact = &mut self.contacts[slot];
        if contact.is_in_next_set {
            return;
        }
        contact.is_in_next_set = true;
        let place = Span((contact.id.number() % NAMING_TAKES.0.unsigned_abs()) as i64);
        let at = self.next_set() + place;
        self.schedule(at, Step::Ticket(slot, TicketStep::Name));
    }

    /// Emits the snapshot of a ticket. An open ticket is in the set after this one too.
    pub(super) fn name_ticket(&mut self, slot: ContactSlot) {
        self.contacts[slot].is_in_next_set = false;
        let contact = &self.contacts[slot];
        // The export leaves deleted tickets out, and has no word for spam but that it is over.
        let status = match contact.status {
            "deleted" => return,
            "spam" => "closed",
            status => status,
        };
        let time = |time: Option<EventTime>| time.map_or(PayloadValue::Absent, PayloadValue::Time);
        let answered = if contact.first_response_at.is_none() { PayloadValue::Flag(false) } else { PayloadValue::Absent };
        let members = [
            ("created_time", PayloadValue::Time(contact.opened_at)),
            ("status", PayloadValue::Word(status)),
            ("first_response_time", time(contact.first_response_at)),
            ("solved_time", time(contact.solved_at)),
            ("awaiting_reply_since", time(contact.waits_since)),
            ("answered", answered),
            ("customer_id", self.customer_value(slot)),
            ("channel", PayloadValue::Word(contact.channel.name())),
            ("team", self.team_value(slot)),
            ("priority", PayloadValue::Word(PRIORITIES[usize::from(contact.priority)].0)),
            ("brand", PayloadValue::Word(BRANDS[usize::from(contact.brand)].0)),
        ];
        let is_open = matches!(contact.state, State::Open | State::Waiting);
        self.emit_contact(slot, Kind::Tickets, "ticket.snapshot", &members);
        if is_open {
            self.name_in_next_set(slot);
        }
    }

    /// Schedules the end of the next set.
    pub(super) fn schedule_end_of_set(&mut self) {
        let started = self.next_set();
        self.schedule(started + ENDS_AFTER, Step::EndSet { started });
    }

    /// Emits the end of a set to every partition.
    pub(super) fn end_set(&mut self, started: EventTime) {
        let key = self.new_id('n').to_string();
        for partition in 0..self.partitions {
            let payload = self.payloads.write("ticket.snapshot_completed", self.now, &[("started_time", PayloadValue::Time(started))]);
            self.ready.push_back(GeneratedEvent {
                kind: Kind::Tickets,
                name: "ticket.snapshot_completed",
                key: key.clone(),
                partition: Some(partition),
                time: self.now,
                payload,
            });
        }
        self.schedule_end_of_set();
    }

    fn next_set(&self) -> EventTime {
        self.calendar.next_time_of_day(self.now, BEGINS_AT)
    }
}
