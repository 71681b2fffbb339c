//! Standing facts: the facts that were posted and not withdrawn, by subject, so that any value can be traced to its facts.
//!
//! They are kept only on request, because they grow with the log, while the panes add facts up and forget them. Each fact is noted as it is posted,
//! so its sums equal those of the panes. That includes facts that have left every window, and facts of tickets, surveys and customers that were
//! forgotten. Does not know ids except as keyed hashes, nor the names of families.

use rustc_hash::FxHashMap;

use crate::engine::terms::Fact;
use crate::event::{Contact, Key};
use crate::time::EventTime;

/// The subject of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A ticket or chat.
    Contact(Contact),
    /// A survey, by its id. The subject of an answer without an id is its ticket or chat.
    Survey(Key),
    /// An answer that names neither a survey nor a ticket or chat, by the identity of its event.
    Event(Key),
    /// A customer.
    Customer(Key),
}

/// A relationship NPS answer of a known customer that counts. Only the latest answer of each customer is a fact, but an evaluation of a period needs
/// the latest answer within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoyaltyAnswer {
    /// The customer who answered.
    pub customer: Key,
    /// When the answer was given.
    pub time: EventTime,
    /// Whether the customer is a promoter.
    pub is_promoter: bool,
    /// Whether the customer is a detractor.
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

    /// Removes the facts of a subject that no longer hold, and adds the facts that hold from now on.
    pub(super) fn exchange(&mut self, subject: Subject, gone: &[Fact], come: &[Fact]) {
        if gone.is_empty() && come.is_empty() {
            return;
        }
        let facts = self.facts.entry(subject).or_default();
        for fact in gone {
            // A withdrawn fact usually is among the latest. A fact that is not found belongs to a history that was forgotten, and is older than
            // every window.
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
