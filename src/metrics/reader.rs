//! Reads a snapshot for one group and one window. The definitions of the families are written in terms of this.
//!
//! Does not know any family.

use crate::engine::read::{Amounts, AnswerSums, DurationsReading, GroupKey, KeyId, Label, Measure, Reading};
use crate::engine::{Snapshot, WindowState};
use crate::event::Scale;

/// A snapshot at one group and one window.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) group: &'a GroupKey,
    pub(super) window: usize,
}

impl<'a> Reader<'a> {
    /// A count of a measure without a label; 0 where there is none.
    pub(super) fn count(&self, measure: Measure) -> i64 {
        self.count_of(measure, Label::default())
    }

    /// A count of one label; 0 where there is none.
    pub(super) fn count_of(&self, measure: Measure, label: Label) -> i64 {
        match self.reading(measure, label) {
            Some(Reading::Count(n)) => *n,
            _ => 0,
        }
    }

    /// What customers are worth together, and their number; nothing where there is none.
    pub(super) fn amounts(&self, measure: Measure, label: Label) -> Amounts {
        match self.reading(measure, label) {
            Some(Reading::Amounts(amounts)) => **amounts,
            _ => Amounts::default(),
        }
    }

    /// The answers of each scale that has any.
    pub(super) fn by_scale(&self, measure: Measure) -> impl Iterator<Item = (Scale, &'a AnswerSums)> {
        let (snapshot, reader) = (self.snapshot, *self);
        snapshot.labels_of(measure).iter().filter_map(move |label| {
            let answers = reader.answers(measure, *label).filter(|a| a.count > 0)?;
            Some((snapshot.scales[label.0 as usize], answers))
        })
    }

    /// The answers of all scales together. Their points are then on no common scale.
    pub(super) fn all_answers(&self, measure: Measure) -> AnswerSums {
        let mut sum = AnswerSums::default();
        self.by_scale(measure).for_each(|(_, answers)| sum.merge(answers, 1));
        sum
    }

    /// The number of scales on which the whole, and not only this group, has answers.
    pub(super) fn scales_overall(&self, measure: Measure) -> usize {
        let (snapshot, window) = (self.snapshot, self.window);
        let has_answers = |label: &&Label| {
            let readings = snapshot.readings(measure, **label, KeyId::default());
            matches!(readings.and_then(|all| all.get(window)), Some(Reading::Answers(answers)) if answers.count > 0)
        };
        snapshot.labels_of(measure).iter().filter(has_answers).count()
    }

    /// The answers of one label.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kind of reading of a measure never changes")]
    pub(super) fn answers(&self, measure: Measure, label: Label) -> Option<&'a AnswerSums> {
        match self.reading(measure, label)? {
            Reading::Answers(answers) => Some(answers),
            _ => None,
        }
    }

    /// The distribution of durations of one label.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kind of reading of a measure never changes")]
    pub(super) fn durations(&self, measure: Measure, label: Label) -> Option<&'a DurationsReading> {
        match self.reading(measure, label)? {
            Reading::Durations(durations) => Some(durations),
            _ => None,
        }
    }

    /// The number of pairs, and rho (-1 to 1) where there are enough of them.
    pub(super) fn pairs(&self, measure: Measure, label: Label) -> (i64, Option<f64>) {
        match self.reading(measure, label) {
            Some(Reading::Pairs { count, rho }) => (*count, *rho),
            _ => (0, None),
        }
    }

    /// The oldest time in a set of waits, in seconds since 1970; `None` where the set is empty.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kind of reading of a measure never changes")]
    pub(super) fn oldest_seconds(&self, measure: Measure) -> Option<f64> {
        match self.reading(measure, Label::default())? {
            Reading::Oldest(time) => time.map(|t| t.as_seconds()),
            _ => None,
        }
    }

    /// The same group over another window.
    pub(super) fn at_window(self, window: usize) -> Self {
        Self { window, ..self }
    }

    /// The state of the window.
    pub(super) fn window(&self) -> &'a WindowState {
        &self.snapshot.windows[self.window]
    }

    /// A measure of the state of now has one reading, every other measure one for each window.
    fn reading(&self, measure: Measure, label: Label) -> Option<&'a Reading> {
        let readings = self.snapshot.readings(measure, label, self.group.id)?;
        if measure.is_state() { readings.first() } else { readings.get(self.window) }
    }
}
