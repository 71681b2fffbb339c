//! The door of the windows, through which a changed life posts the difference of its facts.
//!
//! A door is opened for one event of one partition group, or for the folding of its histories. So no fact is posted without the time from which a
//! state counts. Posted facts wait in the group's outbox until the engine moves them on. The slots of many facts are then looked up together.

use super::standing_facts::{LoyaltyAnswer, StandingFacts, Subject};
use crate::engine::terms::{Fact, Facts, difference};
use crate::time::EventTime;

/// A fact on its way to the windows, whose slot is not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingFact {
    pub(super) fact: Fact,
    /// 1 if the fact is added, -1 if it is subtracted.
    pub(super) sign: i8,
    /// The time of the door, from which a state counts, because a state has no time of its own.
    pub(super) applied_at: EventTime,
}

/// The facts of one partition group that wait for [`super::Windows::post`].
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pending: Vec<PendingFact>,
    /// All facts that were posted and not withdrawn; only if the engine keeps them.
    standing: Option<Box<StandingFacts>>,
}

/// The door, opened for one event or for the folding of histories.
#[derive(Debug)]
pub(crate) struct Door<'a> {
    outbox: &'a mut Outbox,
    applied_at: EventTime,
}

impl Outbox {
    /// An outbox, which also keeps the facts themselves if `keeps_facts`.
    pub(crate) fn new(keeps_facts: bool) -> Self {
        Self { pending: Vec::new(), standing: keeps_facts.then(Box::default) }
    }

    /// Opens the door for an event at the given time, or for the folding of histories, at the largest event time of the group.
    pub(crate) fn door(&mut self, applied_at: EventTime) -> Door<'_> {
        Door { outbox: self, applied_at }
    }

    /// The facts that were posted and not withdrawn, if they are kept.
    pub(crate) fn standing(&self) -> Option<&StandingFacts> {
        self.standing.as_deref()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Removes the pending facts and returns them.
    pub(super) fn take(&mut self) -> Vec<PendingFact> {
        std::mem::take(&mut self.pending)
    }

    /// Returns the memory of an emptied list, for the next facts.
    pub(super) fn reuse(&mut self, mut emptied: Vec<PendingFact>) {
        emptied.clear();
        self.pending = emptied;
    }
}

impl Door<'_> {
    /// Posts the difference of two lists of facts about one subject.
    pub(crate) fn post_difference(&mut self, subject: Subject, mut before: Facts, mut after: Facts) -> bool {
        difference(&mut before, &mut after);
        self.post(subject, &before, &after);
        !(before.is_empty() && after.is_empty())
    }

    /// Posts facts that no longer hold and facts that hold from now on.
    pub(crate) fn post(&mut self, subject: Subject, gone: &[Fact], come: &[Fact]) {
        if let Some(standing) = &mut self.outbox.standing {
            standing.exchange(subject, gone, come);
        }
        self.push(gone, -1);
        self.push(come, 1);
    }

    /// Notes a survey's relationship answer, or that it has none. `answer` is called only if facts are kept.
    pub(crate) fn note_loyalty(&mut self, survey: Subject, answer: impl FnOnce() -> Option<LoyaltyAnswer>) {
        if let Some(standing) = &mut self.outbox.standing {
            standing.set_loyalty(survey, answer());
        }
    }

    fn push(&mut self, facts: &[Fact], sign: i8) {
        let applied_at = self.applied_at;
        self.outbox.pending.extend(facts.iter().map(|fact| PendingFact { fact: *fact, sign, applied_at }));
    }
}
