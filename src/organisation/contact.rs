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
/// The team that incidents affect.
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
    Withdrawn,
}

/// A ticket, chat or call.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub(super) id: Id,
    pub(super) customer: Option<CustomerIndex>,
    pub(super) channel: Channel,
    pub(super) team: u8,
    pub(super) priority: u8,
    pub(super) brand: u8,
    pub(super) agent: u8,
    pub(super) state: State,
    /// Whether it arrived during an incident.
    pub(super) in_incident: bool,
    /// The instant from which the customer waits for the first response.
    pub(super) clock_start: EventTime,
    /// The first response time, in seconds.
    pub(super) first_response_seconds: Option<f64>,
    /// The number of exchanges that follow the next reply.
    pub(super) rounds_left: u8,
    pub(super) rounds_done: u8,
    pub(super) transfers: u8,
    pub(super) reopens: u8,
    /// The number of scheduled steps. At 0 the contact is removed.
    pub(super) steps_due: u16,
}

impl Contact {
    /// The name of the member that carries this contact's id.
    pub(super) const fn member(&self) -> &'static str {
        if self.channel.is_live() { "chat_id" } else { "ticket_id" }
    }
}

/// The slot of a contact. A slot is used again after its contact was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) u32);

/// The contacts with scheduled steps.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    slots: Vec<Contact>,
    free: Vec<Slot>,
}

impl Contacts {
    pub(super) fn insert(&mut self, contact: Contact) -> Slot {
        if let Some(slot) = self.free.pop() {
            self[slot] = contact;
            return slot;
        }
        self.slots.push(contact);
        Slot(self.slots.len() as u32 - 1)
    }

    /// Frees the slot of a contact that has no scheduled step left.
    pub(super) fn forget_if_done(&mut self, slot: Slot) {
        if self[slot].steps_due == 0 {
            self.free.push(slot);
        }
    }
}

impl std::ops::Index<Slot> for Contacts {
    type Output = Contact;

    fn index(&self, slot: Slot) -> &Contact {
        &self.slots[slot.0 as usize]
    }
}

impl std::ops::IndexMut<Slot> for Contacts {
    fn index_mut(&mut self, slot: Slot) -> &mut Contact {
        &mut self.slots[slot.0 as usize]
    }
}
