//! The state of a ticket, chat or call for as long as a step of it is scheduled; the teams, priorities and brands.
//!
//! Does not know the steps: they are in `ticket`, `chat` and `survey`.

use super::channel::Channel;
use super::customers::CustomerIndex;
use super::payload::Id;
use crate::time::EventTime;

/// The teams, each with its share of the contacts and its relative handling time.
pub(super) const TEAMS: [(&str, f64, f64); 4] =
    [("billing", 0.29, 0.85), ("technical", 0.36, 1.3), ("accounts", 0.22, 0.8), ("onboarding", 0.13, 1.0)];
/// The team that an incident of all teams affects most.
pub(super) const INCIDENT_TEAM: u8 = 1;
/// The priorities, each with its share of the contacts and its wait relative to a normal one.
pub(super) const PRIORITIES: [(&str, f64, f64); 4] =
    [("low", 0.18, 1.5), ("normal", 0.55, 1.0), ("high", 0.2, 0.55), ("urgent", 0.07, 0.3)];
/// The brands, each with its share of the contacts.
pub(super) const BRANDS: [(&str, f64); 2] = [("north", 0.72), ("south", 0.28)];
/// The number of agents in each team.
pub(super) const AGENTS: usize = 14;

/// The state of a ticket, as far as its next steps depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Waiting,
    Solved,
    /// Spam, deleted, or merged into another ticket.
    Withdrawn,
}

/// How a ticket came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The customer wrote, or the desk wrote to the customer.
    Written,
    /// The desk keeps it as the record of a chat or call that is going on.
    ChatRecord,
    /// An agent made it after a chat or call, with work that is left to do.
    FollowUp,
    /// The desk made it from a chat or call that nobody took.
    MissedChat,
}

/// Whether a survey about a contact is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    ToCome,
    /// It was sent, or drawn that none is.
    Done,
    /// Of a chat and its record, the other one asks.
    ByTheOther,
}

/// A ticket, chat or call.
#[derive(Clone, Debug)]
pub(super) struct SimulatedContact {
    pub(super) id: Id,
    /// The key of all its records.
    pub(super) key: Id,
    pub(super) customer: Option<CustomerIndex>,
    /// The identity under which the customer wrote.
    pub(super) customer_id: Option<Id>,
    pub(super) channel: Channel,
    /// Whether it is a ticket; otherwise it is a chat or call.
    pub(super) is_ticket: bool,
    pub(super) origin: Origin,
    pub(super) created_by: &'static str,
    /// The team whose agents do the work.
    pub(super) team: u8,
    /// The team that the events name, if it has one by them.
    pub(super) named_team: Option<u8>,
    pub(super) priority: u8,
    pub(super) brand: u8,
    pub(super) agent: u8,
    pub(super) state: State,
    /// The status of a ticket as the desk has it, also where the event was lost.
    pub(super) status: &'static str,
    /// Whether it arrived during an incident that concerns its team.
    pub(super) in_incident: bool,
    /// When a ticket was created.
    pub(super) opened_at: EventTime,
    /// The instant from which the customer waits for the first response.
    pub(super) clock_start: EventTime,
    pub(super) first_response_at: Option<EventTime>,
    /// The instant of the first customer message that nobody has answered.
    pub(super) waits_since: Option<EventTime>,
    pub(super) solved_at: Option<EventTime>,
    /// Whether the next nightly set names it.
    pub(super) is_in_next_set: bool,
    /// The first ticket that the events of a chat name.
    pub(super) named_ticket: Option<Id>,
    /// The ticket that the desk keeps as the record of this chat. It is open as long as the chat goes on.
    pub(super) record: Option<ContactSlot>,
    pub(super) asking: Asking,
    /// The number of exchanges that follow the next reply.
    pub(super) rounds_left: u8,
    pub(super) rounds_done: u8,
    pub(super) transfers: u8,
    pub(super) reopens: u8,
    /// The number of scheduled steps. At 0 the contact is removed.
    pub(super) steps_due: u16,
}

impl SimulatedContact {
    /// The name of the member that carries this contact's id.
    pub(super) const fn member(&self) -> &'static str {
        if self.is_ticket { "ticket_id" } else { "chat_id" }
    }

    /// The first response time, in seconds.
    pub(super) fn first_response_seconds(&self) -> Option<f64> {
        self.first_response_at.map(|at| (at - self.clock_start).as_seconds())
    }
}

/// The slot of a contact. A slot is used again after its contact was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContactSlot(pub(super) u32);

/// The contacts with scheduled steps.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    slots: Vec<SimulatedContact>,
    free: Vec<ContactSlot>,
}

impl Contacts {
    pub(super) fn insert(&mut self, contact: SimulatedContact) -> ContactSlot {
        if let Some(slot) = self.free.pop() {
            self[slot] = contact;
            return slot;
        }
        self.slots.push(contact);
        ContactSlot(self.slots.len() as u32 - 1)
    }

    /// Frees the slot of a contact that has no scheduled step left.
    pub(super) fn forget_if_done(&mut self, slot: ContactSlot) {
        if self[slot].steps_due == 0 {
            self.free.push(slot);
        }
    }
}

impl std::ops::Index<ContactSlot> for Contacts {
    type Output = SimulatedContact;

    fn index(&self, slot: ContactSlot) -> &SimulatedContact {
        &self.slots[slot.0 as usize]
    }
}

impl std::ops::IndexMut<ContactSlot> for Contacts {
    fn index_mut(&mut self, slot: ContactSlot) -> &mut SimulatedContact {
        &mut self.slots[slot.0 as usize]
    }
}
