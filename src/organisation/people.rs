//! The customers: who they are, how often they write, and how they feel.
//!
//! Does not know tickets or chats beyond the last one each customer had.

use super::chance::{Chance, pseudonym};
use super::contact::Channel;
use super::line::Id;
use crate::time::{EventTime, Span};

/// The segments and their shares.
pub(super) const SEGMENTS: [(&str, f64); 3] = [("consumer", 0.7), ("business", 0.24), ("enterprise", 0.06)];
/// The stages of the journey, in order.
pub(super) const STAGES: [&str; 5] = ["awareness", "trial", "onboarding", "use", "renewal"];

/// The index of a customer; customers are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CustomerIndex(pub(super) u32);

/// One customer.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) id: Id,
    pub(super) segment: u8,
    pub(super) stage: u8,
    pub(super) standing: Standing,
    /// The channel that the customer mostly writes on.
    pub(super) habit: Channel,
    /// How the customer feels about the company, on the scale of CSAT.
    pub(super) mood: f32,
    /// Contacts that followed one another within a week.
    pub(super) recent_contacts: u8,
    pub(super) last_contact: EventTime,
    /// The latest ticket, while it is open: another one about the same may be merged into it.
    pub(super) open_ticket: Option<Id>,
}

/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not a customer yet.
    Prospect,
    /// A customer.
    Active,
    /// Left.
    Gone,
}

/// All customers, the most frequent writers first.
#[derive(Debug)]
pub(super) struct People {
    all: Vec<Customer>,
    salt: u64,
}

impl People {
    /// `count` active customers.
    pub(super) fn new(count: u32, salt: u64, chance: &mut Chance) -> Self {
        let mut people = Self { all: Vec::with_capacity(count as usize + count as usize / 8), salt };
        for _ in 0..count {
            let stage = [2, 3, 4][chance.weighted(&[0.06, 0.82, 0.12])];
            people.add(stage, Standing::Active, chance);
        }
        people
    }

    /// One more customer.
    pub(super) fn add(&mut self, stage: u8, standing: Standing, chance: &mut Chance) -> CustomerIndex {
        let index = CustomerIndex(self.all.len() as u32);
        self.all.push(Customer {
            id: Id('c', pseudonym(self.salt ^ u64::from(index.0))),
            segment: chance.weighted(&SEGMENTS.map(|(_, share)| share)) as u8,
            stage,
            standing,
            habit: Channel::pick(chance),
            mood: (3.9 + 0.5 * chance.normal()).clamp(1.0, 5.0) as f32,
            recent_contacts: 0,
            last_contact: EventTime::MIN,
            open_ticket: None,
        });
        index
    }

    /// A customer who writes now: few write often, many seldom, and newcomers more than others. `None` for who is not known.
    pub(super) fn pick_writer(&self, chance: &mut Chance) -> Option<CustomerIndex> {
        for _ in 0..8 {
            let count = self.all.len();
            let index = if chance.happens(0.07) {
                count - 1 - chance.below(count.min(300))
            } else {
                ((count as f64 * chance.unit().powf(1.9)) as usize).min(count - 1)
            };
            if self.all[index].standing == Standing::Active {
                return Some(CustomerIndex(index as u32));
            }
        }
        None
    }

    /// Any active customer, all alike.
    pub(super) fn pick_any(&self, chance: &mut Chance) -> Option<CustomerIndex> {
        let index = chance.below(self.all.len());
        (self.all[index].standing == Standing::Active).then_some(CustomerIndex(index as u32))
    }

    /// Notes a contact: those within a week of the one before are about the same, mostly.
    pub(super) fn note_contact(&mut self, index: CustomerIndex, at: EventTime) {
        let customer = &mut self[index];
        let is_repeat = at - customer.last_contact <= Span::days(7);
        customer.recent_contacts = if is_repeat { customer.recent_contacts.saturating_add(1) } else { 1 };
        customer.last_contact = at;
    }
}

impl std::ops::Index<CustomerIndex> for People {
    type Output = Customer;

    fn index(&self, index: CustomerIndex) -> &Customer {
        &self.all[index.0 as usize]
    }
}

impl std::ops::IndexMut<CustomerIndex> for People {
    fn index_mut(&mut self, index: CustomerIndex) -> &mut Customer {
        &mut self.all[index.0 as usize]
    }
}
