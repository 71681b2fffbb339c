//! Standing facts: what is posted and not taken back, by what it is about, so that any number can be taken apart again.
//!
//! Kept only where asked for, because it grows with the log: the panes add facts up and forget them. What is posted is noted as it is posted, so
//! the sums are those of the panes, also of what has left every window and of tickets, surveys and customers that are no longer known. Does not
//! know ids, but as keyed hashes, nor the names of families.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Engine;
use super::aggregate::Value;
use super::fact::{Fact, Label, Measure};
use super::panes::Panes;
use super::settings::WindowSettings;
use super::survey::{SurveyId, SurveyIdentity};
use super::view::View;
use super::window::ring_of;
use crate::event::{Contact, Key};
use crate::time::{EventTime, Span};

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

/// A fact that stands.
#[derive(Clone, Debug)]
pub struct StandingFact<'a> {
    /// What it is about.
    pub subject: Subject,
    /// What it counts.
    pub(crate) measure: Measure,
    /// The measure's own label.
    pub(crate) label: Label,
    /// The values of all configured dimensions, in their order; `unknown` where there is none.
    pub dimensions: SmallVec<[&'a str; 8]>,
    /// The event time that decides in which windows it counts; `None` for state of now that has none.
    pub time: Option<EventTime>,
    /// What it adds.
    pub value: FactValue,
    /// The windows that it counts in now.
    pub windows: &'a [WindowSettings],
    /// Whether it is state and counts now.
    pub is_state_now: bool,
}

/// What a fact adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// So many of a thing; negative where a count falls.
    Count(i64),
    /// A length of time.
    Duration(Span),
    /// A survey answer.
    Answer {
        /// CSAT, NPS: the score. CES: the effort above the least of its scale. In millionths of a point.
        points: i64,
        /// CSAT: satisfied; NPS: promoter; CES: low effort.
        is_good: bool,
        /// NPS: detractor; CES: high effort.
        is_bad: bool,
    },
    /// One pair of a correlation.
    Pair,
    /// Waiting since then.
    Since(EventTime),
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
pub(crate) struct Standing {
    facts: FxHashMap<Subject, Vec<Fact>>,
    loyalty: FxHashMap<SurveyId, LoyaltyAnswer>,
}

impl Subject {
    /// What the facts of a survey are about.
    pub(crate) const fn of_survey(id: SurveyId) -> Self {
        match id.identity {
            SurveyIdentity::Named(key) => Self::Survey(key),
            SurveyIdentity::About(contact) => Self::Contact(contact),
            SurveyIdentity::Event(key) => Self::Event(key),
        }
    }
}

impl Panes {
    /// Keeps the facts that are posted from now on.
    pub(crate) fn keep_standing(&mut self) {
        self.standing = Some(Box::default());
    }

    /// Notes what is posted about something: facts that stand no longer, and facts that stand from now on.
    pub(crate) fn note_standing(&mut self, subject: Subject, gone: &[Fact], come: &[Fact]) {
        let Some(standing) = &mut self.standing else { return };
        if gone.is_empty() && come.is_empty() {
            return;
        }
        let facts = standing.facts.entry(subject).or_default();
        for fact in gone {
            // What is taken back is among the latest more often than not. A fact that never stood under this subject can only be one whose
            // history was forgotten, which is older than every window.
            if let Some(at) = facts.iter().rposition(|known| known == fact) {
                facts.remove(at);
            }
        }
        facts.extend_from_slice(come);
    }

    /// Notes the relationship answer of a survey, or that it has none; `answer` is asked only where facts are kept.
    pub(crate) fn note_loyalty(&mut self, id: SurveyId, answer: impl FnOnce() -> Option<LoyaltyAnswer>) {
        let Some(standing) = &mut self.standing else { return };
        match answer() {
            Some(answer) => {
                standing.loyalty.insert(id, answer);
            }
            None => {
                standing.loyalty.remove(&id);
            }
        }
    }
}

impl Engine {
    /// Keeps every fact that stands, for [`Self::standing_facts`]. It takes memory that grows with the log.
    ///
    /// # Panics
    /// When a group is assigned already: its earlier facts would be missing.
    pub fn keep_standing_facts(&mut self) {
        assert!(self.assigned.is_empty() && self.parked.is_empty(), "facts are kept from the first event on");
        self.view.keeps_standing = true;
    }

    /// Every fact that stands in an assigned group, in no order: of a measure those that count in a window add up to its value there. None unless
    /// [`Self::keep_standing_facts`] asked for them; beyond the limit of cells, more than the values hold.
    pub fn standing_facts(&self) -> impl Iterator<Item = StandingFact<'_>> {
        let facts = self.standing().flat_map(|standing| &standing.facts);
        facts.flat_map(|(subject, facts)| facts.iter().map(|fact| of_fact(*subject, fact, &self.view)))
    }

    /// Every relationship NPS answer of a known customer that stands, in no order; kept like the facts.
    pub fn loyalty_answers(&self) -> impl Iterator<Item = LoyaltyAnswer> {
        self.standing().flat_map(|standing| standing.loyalty.values().copied())
    }

    fn standing(&self) -> impl Iterator<Item = &Standing> {
        self.assigned.values().filter_map(|group| group.panes.standing.as_deref())
    }
}

fn of_fact<'a>(subject: Subject, fact: &Fact, view: &'a View) -> StandingFact<'a> {
    let is_reached = fact.time <= view.now;
    let is_state = fact.measure.is_state();
    let ring = ring_of(view.starts(), fact.time).filter(|_| is_reached && !is_state);
    StandingFact {
        subject,
        measure: fact.measure,
        label: fact.label,
        dimensions: view.names.texts_of(fact.dimensions),
        time: (fact.time > EventTime::MIN).then_some(fact.time),
        value: match fact.value {
            Value::Count(n) => FactValue::Count(n),
            Value::Duration(ms, _) => FactValue::Duration(Span(ms)),
            Value::Vote(vote) => FactValue::Answer { points: vote.score, is_good: vote.good, is_bad: vote.bad },
            Value::Pair(..) => FactValue::Pair,
            Value::Since(time) => FactValue::Since(time),
        },
        windows: ring.map_or(&[], |ring| &view.settings.windows[ring..]),
        is_state_now: is_state && is_reached,
    }
}
