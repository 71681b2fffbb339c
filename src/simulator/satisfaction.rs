//! The satisfaction of customers with a contact, and the mood that it leaves them in.
//!
//! Satisfaction falls with the first response time relative to the wait that customers expect on the channel. Does not know surveys.

use super::Organisation;
use super::contact::ContactSlot;

impl Organisation {
    /// The expected satisfaction with a contact, on the scale from 1 to 5.
    pub(super) fn satisfaction(&self, slot: ContactSlot) -> f64 {
        let contact = &self.contacts[slot];
        let expected = contact.channel.expected_wait_seconds();
        let waited = contact.first_response_seconds().unwrap_or(expected);
        let slowness = (waited / expected).ln().clamp(-1.5, 3.5);
        let trouble = if contact.in_incident { 0.6 } else { 0.0 };
        4.15 - trouble - 0.5 * slowness - 0.3 * f64::from(contact.transfers) - 0.5 * f64::from(contact.reopens)
    }

    /// Lowers the mood of a customer who gave up, as a long wait does. No survey follows.
    pub(super) fn note_abandoned(&mut self, slot: ContactSlot) {
        self.settle_mood(slot, 2.2);
    }

    /// Moves the customer's mood towards the satisfaction with a contact, and draws from the mood whether the customer leaves.
    pub(super) fn settle_mood(&mut self, slot: ContactSlot, felt: f64) {
        let Some(customer) = self.contacts[slot].customer else { return };
        let person = &mut self.customers[customer];
        person.mood = (f64::from(person.mood) * 0.8 + felt * 0.2).clamp(1.0, 5.0) as f32;
        let leaves = 0.003 * (1.6 * (4.0 - f64::from(person.mood))).exp();
        if self.chance.happens(leaves.min(0.2)) {
            self.plan_leaving(customer);
        }
    }
}
