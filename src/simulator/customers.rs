//! The customers: their segments and journey stages, how often they write, and their moods.
//!
//! Does not know contacts, except the time of each customer's latest one and the id of an open ticket.

use super::chance::{Chance, pseudonym};
use super::channel::Channel;
use super::payload::Id;
use crate::time::{EventTime, Span};

/// The segments, each with its share of the customers.
pub(super) const SEGMENTS: [(&str, f64); 3] = [("consumer", 0.7), ("business", 0.24), ("enterprise", 0.06)];
/// The least revenue of a month in each segment, in tenths; the largest is fifty times as much.
const LEAST_REVENUE_TENTHS: [f64; 3] = [49.0, 490.0, 9_900.0];
/// The share of the customers whose chats come through a messenger: website chats still outnumber WhatsApp and its like by far.
const MESSENGER_USERS: f64 = 0.2;
/// The journey stages in their order.
pub(super) const STAGES: [&str; 5] = ["awareness", "trial", "onboarding", "use", "renewal"];

/// The index of a customer. Customers are never removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CustomerIndex(pub(super) u32);

/// One customer.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) id: Id,
    pub(super) segment: u8,
    pub(super) stage: u8,
    pub(super) relationship: Relationship,
    /// The revenue of a month, in tenths.
    pub(super) revenue_tenths: i64,
    /// The channel that the customer uses most.
    pub(super) habit: Channel,
    /// The customer's satisfaction with the company, on the scale of CSAT from 1 to 5.
    pub(super) mood: f32,
    /// The number of latest contacts of which each followed the one before within a week.
    pub(super) recent_contacts: u8,
    pub(super) last_contact: EventTime,
    /// The latest ticket while it is open. A later ticket may be merged into it.
    pub(super) open_ticket: Option<Id>,
    /// The conversation of a customer who writes through a messenger.
    pub(super) thread: Option<Thread>,
    /// The id of a second record of the same person, until the two are merged.
    pub(super) second: Option<Id>,
}

/// A conversation in a messenger: it has one id for ever, and a chat begins in it whenever the customer writes again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    pub(super) id: Id,
    /// Whether a chat is going on in it.
    pub(super) is_busy: bool,
}

/// The relationship between a customer and the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relationship {
    /// Not a customer yet.
    Prospect,
    /// A customer.
    Active,
    /// Left.
    Gone,
}

/// All customers. Those with a low index write most often.
#[derive(Debug)]
pub(super) struct SimulatedCustomers {
    all: Vec<Customer>,
    salt: u64,
}

impl SimulatedCustomers {
    /// Makes `count` active customers.
    pub(super) fn new(count: u32, salt: u64, chance: &mut Chance) -> Self {
        let mut customers = Self { all: Vec::with_capacity(count as usize + count as usize / 8), salt };
        for _ in 0..count {
            let stage = [2, 3, 4][chance.weighted(&[0.06, 0.82, 0.12])];
            customers.add(stage, Relationship::Active, chance);
        }
        customers
    }

    /// Adds a customer.
    pub(super) fn add(&mut self, stage: u8, relationship: Relationship, chance: &mut Chance) -> CustomerIndex {
        let index = CustomerIndex(self.all.len() as u32);
        let number = pseudonym(self.salt ^ u64::from(index.0));
        let segment = chance.weighted(&SEGMENTS.map(|(_, share)| share)) as u8;
        let thread = Id::Pseudonym('h', pseudonym(self.salt.rotate_left(29) ^ u64::from(index.0)));
        self.all.push(Customer {
            id: Id::Pseudonym('c', number),
            segment,
            stage,
            relationship,
            revenue_tenths: first_revenue(segment, number),
            habit: Channel::pick(chance),
            mood: (3.9 + 0.5 * chance.normal()).clamp(1.0, 5.0) as f32,
            recent_contacts: 0,
            last_contact: EventTime::MIN,
            open_ticket: None,
            thread: chance.happens(MESSENGER_USERS).then_some(Thread { id: thread, is_busy: false }),
            second: None,
        });
        index
    }

    /// Draws the active customer who writes now. A few customers write often and many seldom; new customers write more often than others. `None` if
    /// eight draws find no active customer; the contact then has no known customer.
    pub(super) fn pick_writer(&self, chance: &mut Chance) -> Option<CustomerIndex> {
        for _ in 0..8 {
            let count = self.all.len();
            let index = if chance.happens(0.07) {
                count - 1 - chance.below(count.min(300))
            } else {
                ((count as f64 * chance.unit().powf(1.9)) as usize).min(count - 1)
            };
            if self.all[index].relationship == Relationship::Active {
                return Some(CustomerIndex(index as u32));
            }
        }
        None
    }

    /// Draws one of all customers with the same probability. `None` if that customer is not active.
    pub(super) fn pick_any(&self, chance: &mut Chance) -> Option<CustomerIndex> {
        let index = chance.below(self.all.len());
        (self.all[index].relationship == Relationship::Active).then_some(CustomerIndex(index as u32))
    }

    /// Records a contact. A contact within a week of the one before usually concerns the same problem, so it raises `recent_contacts`.
    pub(super) fn note_contact(&mut self, index: CustomerIndex, at: EventTime) {
        let customer = &mut self[index];
        let is_repeat = at - customer.last_contact <= Span::days(7);
        customer.recent_contacts = if is_repeat { customer.recent_contacts.saturating_add(1) } else { 1 };
        customer.last_contact = at;
    }
}

/// The revenue of a customer's first month, in tenths. Few customers pay much. It follows from the customer's number, so no chance is drawn for it.
fn first_revenue(segment: u8, number: u64) -> i64 {
    let place = (number % 1_000) as f64 / 1_000.0;
    (LEAST_REVENUE_TENTHS[usize::from(segment)] * 50f64.powf(place * place)).round() as i64
}

impl std::ops::Index<CustomerIndex> for SimulatedCustomers {
    type Output = Customer;

    fn index(&self, index: CustomerIndex) -> &Customer {
        &self.all[index.0 as usize]
    }
}

impl std::ops::IndexMut<CustomerIndex> for SimulatedCustomers {
    fn index_mut(&mut self, index: CustomerIndex) -> &mut Customer {
        &mut self.all[index.0 as usize]
    }
}
