//! Reading a snapshot for one group key and one window: what the definitions of families are written in.

use crate::engine::read::{Answers, DurationsReading, GroupKey, Label, Measure, Reading};
use crate::engine::{Snapshot, WindowState};
use crate::event::Scale;

/// A snapshot at one group key and one window.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) group: &'a GroupKey,
    pub(super) window: usize,
}

impl<'a> Reader<'a> {
    /// A count without a label of its own.
    pub(super) fn count(&self, measure: Measure) -> i64 {
        self.count_of(measure, Label::default())
    }

    /// A count with a label.
    pub(super) fn count_of(&self, measure: Measure, label: Label) -> i64 {
        match self.reading(measure, label) {
            Some(Reading::Count(n)) => *n,
            _ => 0,
        }
    }

    /// The answers of each scale that has any, so that scales can be told apart.
    pub(super) fn by_scale(&self, measure: Measure) -> impl Iterator<Item = (Scale, &'a Answers)> {
        let (snapshot, reader) = (self.snapshot, *self);
        snapshot.labels_of(measure).iter().filter_map(move |label| {
            let answers = reader.answers(measure, *label).filter(|a| a.count > 0)?;
            Some((snapshot.scales[label.0 as usize], answers))
        })
    }

    /// The answers of all scales together, whose points are then on no scale.
    pub(super) fn all_answers(&self, measure: Measure) -> Answers {
        let mut sum = Answers::default();
        self.by_scale(measure).for_each(|(_, answers)| sum.merge(answers, 1));
        sum
    }

    /// The answers of one label.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a measure has one kind of reading for life")]
    pub(super) fn answers(&self, measure: Measure, label: Label) -> Option<&'a Answers> {
        match self.reading(measure, label)? {
            Reading::Answers(answers) => Some(answers),
            _ => None,
        }
    }

    /// A distribution.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a measure has one kind of reading for life")]
    pub(super) fn durations(&self, measure: Measure, label: Label) -> Option<&'a DurationsReading> {
        match self.reading(measure, label)? {
            Reading::Durations(durations) => Some(durations),
            _ => None,
        }
    }

    /// Number of pairs, and rho where there is one.
    pub(super) fn pairs(&self, measure: Measure, label: Label) -> (i64, Option<f64>) {
        match self.reading(measure, label) {
            Some(Reading::Pairs { count, rho }) => (*count, *rho),
            _ => (0, None),
        }
    }

    /// The oldest of a set, in seconds since 1970.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a measure has one kind of reading for life")]
    pub(super) fn oldest_seconds(&self, measure: Measure) -> Option<f64> {
        match self.reading(measure, Label::default())? {
            Reading::Oldest(time) => time.map(|t| t.as_seconds()),
            _ => None,
        }
    }

    /// The same key over another window.
    pub(super) fn at_window(self, window: usize) -> Self {
        Self { window, ..self }
    }

    /// The window itself.
    pub(super) fn window(&self) -> &'a WindowState {
        &self.snapshot.windows[self.window]
    }

    /// A state has one reading; everything else one a window.
    fn reading(&self, measure: Measure, label: Label) -> Option<&'a Reading> {
        let readings = self.snapshot.readings(measure, label, self.group.id)?;
        if measure.is_state() { readings.first() } else { readings.get(self.window) }
    }
}
