//! Customers who write under a second address: the desk makes another record of the same person, and later merges the two.
//!
//! The feed keys by the person, whom its identity store knows at once, so that both records lie in one partition. Does not know what they write about.

use super::chance::pseudonym;
use super::contact::ContactSlot;
use super::customers::{CustomerIndex, Relationship};
use super::journey::CustomerStep;
use super::payload::{Id, PayloadValue};
use super::{Organisation, Step};
use crate::event::Kind;

/// The share of contacts that come from another address than the customer's known one: a private mailbox, or a new telephone number.
const SECOND_ADDRESS: f64 = 0.012;
/// The share of second records that somebody merges. The others stay unnoticed, which is why every customer base has duplicates.
const RECORDS_MERGED: f64 = 0.6;
/// The median time until a second record is merged, in seconds: it is found at the next contact, or by the day's clean-up.
const MERGED_AFTER_SECONDS: f64 = 86_400.0;

impl Organisation {
    /// Draws under which record of theirs a customer writes.
    pub(super) fn draw_address(&mut self, slot: ContactSlot, customer: CustomerIndex) {
        if !self.chance.happens(SECOND_ADDRESS) {
            return;
        }
        let second = match self.customers[customer].second {
            Some(second) => second,
            None => {
                let second = self.new_record_id();
                self.customers[customer].second = Some(second);
                if self.chance.happens(RECORDS_MERGED) {
                    let at = self.after(self.now, MERGED_AFTER_SECONDS, 1.0);
                    self.schedule(at, Step::Customer(customer, CustomerStep::MergeRecords));
                }
                second
            }
        };
        self.contacts[slot].customer_id = Some(second);
    }

    /// Merges the second record of a customer into the first, unless the customer has left meanwhile.
    pub(super) fn merge_records(&mut self, customer: CustomerIndex) {
        let person = &mut self.customers[customer];
        if person.relationship != Relationship::Active {
            return;
        }
        let Some(second) = person.second.take() else { return };
        let first = person.id;
        let members = [("customer_id", PayloadValue::Id(second)), ("into_customer_id", PayloadValue::Id(first))];
        self.emit(Kind::Customers, "customer.merged", first, &members);
    }

    /// The id of another record of a customer. It is drawn apart from the ids of the customers, which follow from their indices.
    fn new_record_id(&mut self) -> Id {
        self.things += 1;
        Id::Pseudonym('c', pseudonym(self.salt.rotate_left(41).wrapping_add(self.things)))
    }
}
