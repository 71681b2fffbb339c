//! What is known about a ticket, chat or call while something is still to happen to it.
//!
//! Does not know how it goes on: that is `ticket`, `chat` and `survey`.

use super::chance::Chance;
use super::line::Id;
use super::people::CustomerIndex;
use crate::time::EventTime;

/// The teams with their share of the contacts, and how long each takes compared with the others.
pub(super) const TEAMS: [(&str, f64, f64); 4] =
    [("billing", 0.29, 0.85), ("technical", 0.36, 1.3), ("accounts", 0.22, 0.8), ("onboarding", 0.13, 1.0)];
/// The team that incidents fall upon.
pub(super) const INCIDENT_TEAM: u8 = 1;
/// The priorities with their shares, and how far each waits compared with a normal one.
pub(super) const PRIORITIES: [(&str, f64, f64); 4] =
    [("low", 0.18, 1.5), ("normal", 0.55, 1.0), ("high", 0.2, 0.55), ("urgent", 0.07, 0.3)];
/// The brands and their shares.
pub(super) const BRANDS: [(&str, f64); 2] = [("north", 0.72), ("south", 0.28)];
/// Agents in each team.
pub(super) const AGENTS: usize = 14;

/// How a contact comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Email,
    Web,
    Social,
    Chat,
    Phone,
}

impl Channel {
    /// Every channel with its share of the contacts in open hours.
    pub(super) const ALL: [(Self, f64); 5] =
        [(Self::Email, 0.33), (Self::Web, 0.16), (Self::Social, 0.07), (Self::Chat, 0.28), (Self::Phone, 0.16)];

    /// One in proportion to its share.
    pub(super) fn pick(chance: &mut Chance) -> Self {
        Self::ALL[chance.weighted(&Self::ALL.map(|(_, share)| share))].0
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Web => "web",
            Self::Social => "social",
            Self::Chat => "chat",
            Self::Phone => "phone",
        }
    }

    /// A chat or a call: someone has to be there at once.
    pub(super) const fn is_live(self) -> bool {
        matches!(self, Self::Chat | Self::Phone)
    }

    /// What people expect to wait for a first response, in seconds.
    pub(super) const fn expected_wait_seconds(self) -> f64 {
        match self {
            Self::Email | Self::Web => 2_400.0,
            Self::Social => 1_500.0,
            Self::Chat => 60.0,
            Self::Phone => 75.0,
        }
    }
}

/// A ticket's state as far as the flow needs it.
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
    /// It came in while something was broken.
    pub(super) is_struck: bool,
    /// Since when the customer waits for the first response.
    pub(super) clock_start: EventTime,
    /// The first response, in seconds.
    pub(super) first_response_seconds: Option<f64>,
    /// Exchanges still to come after the next reply.
    pub(super) rounds_left: u8,
    pub(super) rounds_done: u8,
    pub(super) transfers: u8,
    pub(super) reopens: u8,
    /// Steps that are due; at 0 the contact is forgotten.
    pub(super) steps_due: u16,
}

impl Contact {
    /// The member that carries this contact's id.
    pub(super) const fn member(&self) -> &'static str {
        if self.channel.is_live() { "chat_id" } else { "ticket_id" }
    }
}

/// Where a contact lies; places are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) u32);

/// The contacts to which something is still to happen.
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

    /// Frees the place of a contact to which nothing more happens.
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
