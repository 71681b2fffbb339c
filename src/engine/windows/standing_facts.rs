//! Standing facts: the facts that were posted and not taken back, by subject, so that any number can be taken apart again.
//!
//! Kept only where they are asked for, because they grow with the log: the panes add facts up and forget them. Each is noted as it is posted, so
//! the sums are those of the panes, also of facts that have left every window and of tickets, surveys and customers that are no longer known. Does not
//! know ids, but as keyed hashes, nor the names of families.

use rustc_hash::FxHashMap;

use crate::engine::terms::Fact;
use crate::event::{Contact, Key};
use crate::time::EventTime;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A ticket or chat.
    Contact(Contact),
    /// A survey, by its id. An answer without one is about its ticket or chat.
    Survey(Key),
    /// An answer that names neither a survey nor a ticket or chat, by the identity of its event.
    Event(Key),
    /// A customer.
    Customer(Key),
}

/// A relationship NPS answer of a known customer that stands. Only the latest of each customer is a fact; a period asks for the latest inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoyaltyAnswer {
    /// The customer.
    pub customer: Key,
    /// When it was given.
    pub time: EventTime,
    /// Whether it is a promoter's.
    pub is_promoter: bool,
    /// Whether it is a detractor's.
    pub is_detractor: bool,
}

/// The standing facts of one partition group.
#[derive(Clone, Debug, Default)]
pub(crate) struct StandingFacts {
    facts: FxHashMap<Subject, Vec<Fact>>,
    /// The relationship answers, by their surveys.
    loyalty: FxHashMap<Subject, LoyaltyAnswer>,
}

impl StandingFacts {
    /// All facts, in no order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (Subject, &Fact)> {
        self.facts.iter().flat_map(|(subject, facts)| facts.iter().map(|fact| (*subject, fact)))
    }

    /// All relationship answers, in no order.
    pub(crate) fn loyalty_answers(&self) -> impl Iterator<Item = LoyaltyAnswer> {
        self.loyalty.values().copied()
    }

    /// Takes out the facts of a subject that no longer hold, and adds those that hold from now on.
    pub(super) fn exchange(&mut self, subject: Subject, gone: &[Fact], come: &[Fact]) {
        if gone.is_empty() && come.is_empty() {
            return;
        }
        let facts = self.facts.entry(subject).or_default();
        for fact in gone {
            // A fact that is taken back is among the latest more often than not. One that never stood under this subject can only be one whose
            // history was forgotten, which is older than every window.
            if let Some(at) = facts.iter().rposition(|known| known == fact) {
                facts.remove(at);
            }
        }
        facts.extend_from_slice(come);
    }

    /// Sets the relationship answer of a survey.
    pub(super) fn set_loyalty(&mut self, survey: Subject, answer: Option<LoyaltyAnswer>) {
        match answer {
            Some(answer) => drop(self.loyalty.insert(survey, answer)),
            None => drop(self.loyalty.remove(&survey)),
        }
    }
}
