//! Facts: what the life of a ticket, chat, survey or customer contributes to the windows, as plain values that can be compared.
//!
//! An event changes a history; the facts before and after are compared, and the difference is posted as subtract and add. So corrections of
//! every kind need no code of their own.

use smallvec::SmallVec;

use super::{CHANNEL, DimensionsId, JOURNEY_STAGE, Label, Measure, Names, ScaleId, ValueId};
use crate::time::EventTime;

/// What one fact adds to its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contribution {
    /// So many of a thing; negative where a count falls.
    Count(i64),
    /// A length of time in milliseconds and its bin.
    Duration(i64, u16),
    /// A survey answer.
    Vote(Vote),
    /// One pair of a correlation: the bins of two ranks.
    Pair(u32, u32),
    /// A member of a set whose oldest is asked for.
    Since(EventTime),
}

/// One survey answer, ready to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    /// The score in millionths.
    pub(crate) score: i64,
    /// CSAT: satisfied; NPS: promoter; CES: low effort.
    pub(crate) good: bool,
    /// NPS: detractor; CES: high effort.
    pub(crate) bad: bool,
}

/// The label of a fact in the numbers of its partition group; the windows know it as a [`Label`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FactLabel {
    /// The measure has no label.
    #[default]
    None,
    /// A number that means the same everywhere, such as that of a metric or a status.
    Fixed(Label),
    /// A survey scale.
    Scale(ScaleId),
    /// A journey stage.
    Stage(ValueId),
    /// A journey stage and a channel.
    StageAndChannel(ValueId, ValueId),
    /// The stages from and to.
    Move(ValueId, ValueId),
    /// A journey stage and a survey scale.
    StageAndScale(ValueId, ScaleId),
}

impl FactLabel {
    /// The label in the numbers of this process.
    pub(crate) fn number(self, names: &Names) -> Label {
        let stage = |value| names.number(JOURNEY_STAGE, value).0;
        match self {
            Self::None => Label::default(),
            Self::Fixed(label) => label,
            Self::Scale(scale) => Label(u32::from(scale.0)),
            Self::Stage(at) => Label(u32::from(stage(at))),
            Self::StageAndChannel(at, channel) => Label::of_two(stage(at), names.number(CHANNEL, channel).0),
            Self::Move(from, to) => Label::of_two(stage(from), stage(to)),
            Self::StageAndScale(at, scale) => Label::of_two(stage(at), scale.0),
        }
    }
}

/// One contribution to the windows, or to the state of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// What it is about.
    pub(crate) measure: Measure,
    /// Its label.
    pub(crate) label: FactLabel,
    /// The dimensions it is credited to.
    pub(crate) dimensions: DimensionsId,
    /// The instant whose pane it lies in; not read for state.
    pub(crate) time: EventTime,
    /// What it adds.
    pub(crate) value: Contribution,
}

/// The facts of one entity.
pub(crate) type Facts = SmallVec<[Fact; 16]>;

impl Fact {
    /// One of a thing at an instant.
    pub(crate) fn one(measure: Measure, time: EventTime, dimensions: DimensionsId) -> Self {
        Self { measure, label: FactLabel::None, dimensions, time, value: Contribution::Count(1) }
    }

    /// The same with a label.
    pub(crate) fn labelled(self, label: FactLabel) -> Self {
        Self { label, ..self }
    }

    /// The same with a label that means the same everywhere.
    pub(crate) fn numbered(self, label: u32) -> Self {
        self.labelled(FactLabel::Fixed(Label(label)))
    }
}

/// The difference of two lists of facts: what is only in `before` (to be subtracted) and what is only in `after` (to be added).
pub(crate) fn difference(before: &mut Facts, after: &mut Facts) {
    // Equal facts stand at equal places more often than not, so the common start and the common end are skipped first.
    let same = before.iter().zip(after.iter()).take_while(|(b, a)| b == a).count();
    before.drain(..same);
    after.drain(..same);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(b, a)| b == a).count();
    before.truncate(before.len() - same);
    after.truncate(after.len() - same);
    before.retain(|fact| match after.iter().position(|a| a == fact) {
        Some(at) => {
            after.swap_remove(at);
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_keeps_only_what_changed_and_counts_repeats() {
        let fact = |ms| Fact::one(Measure::TicketsReopened, EventTime(ms), DimensionsId::default());
        let mut before: Facts = [fact(1), fact(2), fact(2)].into_iter().collect();
        let mut after: Facts = [fact(1), fact(2), fact(3)].into_iter().collect();
        difference(&mut before, &mut after);
        assert_eq!((before.to_vec(), after.to_vec()), (vec![fact(2)], vec![fact(3)]));
    }
}
