//! The ledger: every record of a topic has exactly one outcome, so consumed = applied + duplicate + late + future + invalid + ignored at every
//! moment.

use std::collections::BTreeMap;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::record::Outcome;
use crate::event::{EventType, Kind, Reason};

/// The number of records by outcome, of one topic partition or of several added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Records handled.
    pub consumed: u64,
    /// Records whose event was applied.
    pub applied: u64,
    /// Copies of an event that was applied before.
    pub duplicate: u64,
    /// Events that came later than the allowed lateness.
    pub late: u64,
    /// Events too far ahead of their record's timestamp.
    pub future: u64,
    /// Refused records, by reason, in the order of [`Reason::ALL`].
    pub invalid: [u64; Reason::ALL.len()],
    /// Tombstones, and events of types that are turned off.
    pub ignored: u64,
    /// Applied events about a ticket or chat that had no opening at that moment, neither from a creation nor from a snapshot. They are among the
    /// applied ones.
    pub orphaned: u64,
    /// Applied events that changed nothing that is counted, by type. They are among the applied ones.
    pub without_effect: BTreeMap<&'static str, u64>,
}

impl Ledger {
    /// The ledger of a topic without records, in which every type of its kind is 0.
    pub(crate) fn of(kind: Kind) -> Self {
        Self { without_effect: kind.event_types().iter().map(|name| (*name, 0)).collect(), ..Self::default() }
    }

    /// Stores all counts, those by reason and by type with their names.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self { consumed, applied, duplicate, late, future, invalid, ignored, orphaned, without_effect } = self;
        out.put(&[*consumed, *applied, *duplicate, *late, *future, *ignored, *orphaned]);
        out.put(&Reason::ALL.iter().zip(invalid).map(|(reason, n)| (reason.name(), *n)).collect::<Vec<_>>());
        out.put(without_effect);
    }

    /// Restores all counts of a topic of a kind.
    pub(crate) fn restore(input: &mut StateReader<'_>, kind: Kind) -> Result<Self, RestoreError> {
        let [consumed, applied, duplicate, late, future, ignored, orphaned] = input.take()?;
        let mut ledger = Self { consumed, applied, duplicate, late, future, ignored, orphaned, ..Self::of(kind) };
        for (name, n) in input.take::<Vec<(&str, u64)>>()? {
            let at = Reason::ALL.iter().position(|reason| reason.name() == name);
            ledger.invalid[at.ok_or_else(|| unknown("reason", name))?] = n;
        }
        for (name, n) in input.take::<Vec<(&str, u64)>>()? {
            *ledger.without_effect.get_mut(name).ok_or_else(|| unknown("event type", name))? = n;
        }
        if ledger.is_balanced() { Ok(ledger) } else { Err(RestoreError::Malformed("its ledger does not balance".to_owned())) }
    }

    /// Counts one applied event that changed nothing.
    pub(crate) fn book_without_effect(&mut self, event_type: EventType) {
        *self.without_effect.entry(event_type.name()).or_default() += 1;
    }

    /// Counts one record with its outcome.
    pub(crate) fn book(&mut self, outcome: Outcome) {
        self.consumed += 1;
        let count = match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Duplicate => &mut self.duplicate,
            Outcome::Late => &mut self.late,
            Outcome::Future => &mut self.future,
            Outcome::Invalid(reason) => &mut self.invalid[reason as usize],
            Outcome::Ignored => &mut self.ignored,
        };
        *count += 1;
        debug_assert!(self.is_balanced(), "every record has one outcome");
    }

    /// Adds another ledger.
    pub(crate) fn add(&mut self, other: &Self) {
        self.consumed += other.consumed;
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.late += other.late;
        self.future += other.future;
        self.ignored += other.ignored;
        self.orphaned += other.orphaned;
        other.without_effect.iter().for_each(|(name, n)| *self.without_effect.entry(name).or_default() += n);
        self.invalid.iter_mut().zip(other.invalid).for_each(|(sum, n)| *sum += n);
    }

    /// Whether the outcomes add up to the records consumed.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let invalid: u64 = self.invalid.iter().sum();
        self.consumed == self.applied + self.duplicate + self.late + self.future + invalid + self.ignored
    }

    /// The outcomes by name, in the order in which the metric contract lists them.
    #[must_use]
    pub fn outcomes(&self) -> [(&'static str, u64); 6] {
        let invalid = self.invalid.iter().sum();
        let counts = [self.applied, self.duplicate, self.late, self.future, invalid, self.ignored];
        std::array::from_fn(|at| (Outcome::NAMES[at], counts[at]))
    }
}

fn unknown(kind: &str, name: &str) -> RestoreError {
    RestoreError::Unfitting(format!("it counts records of the {kind} `{name}`, which is not known"))
}
