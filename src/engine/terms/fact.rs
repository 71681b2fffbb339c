//! Facts: the contributions of tickets, chats, surveys and customers to the windows, as plain values that can be compared.
//!
//! An event changes a history. The facts before and after are compared, and their difference is posted: lost facts are subtracted, new ones added.
//! So no kind of correction needs code of its own.

use smallvec::SmallVec;

use super::{CHANNEL, DimensionsId, JOURNEY_STAGE, Label, Measure, Names, ScaleId, ValueId};
use crate::time::EventTime;

/// The value that one fact adds to its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contribution {
    /// A number of things; negative if a count falls.
    Count(i64),
    /// A duration in milliseconds, and its bin.
    Duration(i64, u16),
    /// A survey answer.
    Vote(Vote),
    /// One pair of a correlation: the bins or ranks of its two sides.
    Pair(u32, u32),
    /// The start of a wait, for measures that give the oldest one.
    Since(EventTime),
    /// A number of customers, and what they are worth together in millionths of the currency's unit; negative if both fall.
    Amount(i64, i64),
}

/// One survey answer, as cells add it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    /// The score in millionths of a point.
    pub(crate) score: i64,
    /// When the ticket or chat was opened that the answer is about; [`EventTime::MIN`] where that is not known or does not matter.
    pub(crate) opened: EventTime,
    /// CSAT: satisfied. NPS: promoter. CES: low effort.
    pub(crate) good: bool,
    /// NPS: detractor. CES: high effort. Never for CSAT.
    pub(crate) bad: bool,
}

/// The label of a fact in the numbers of its partition group. The windows know it as a [`Label`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FactLabel {
    /// The measure has no label.
    #[default]
    None,
    /// A number that means the same everywhere, such as the number of a metric or a status.
    Fixed(Label),
    /// A survey scale.
    Scale(ScaleId),
    /// A journey stage.
    Stage(ValueId),
    /// A journey stage and a channel.
    StageAndChannel(ValueId, ValueId),
    /// A move between two stages: from, to.
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

/// One contribution to the windows, or to the present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The measure that the fact belongs to.
    pub(crate) measure: Measure,
    /// The label that distinguishes it from other facts of the measure.
    pub(crate) label: FactLabel,
    /// The dimensions that the fact is credited to.
    pub(crate) dimensions: DimensionsId,
    /// The instant that decides the pane. For a state it is the instant from which the state counts.
    pub(crate) time: EventTime,
    /// The value that the fact adds.
    pub(crate) value: Contribution,
}

/// The facts of one ticket or chat, survey or customer.
pub(crate) type Facts = SmallVec<[Fact; 16]>;

impl Fact {
    /// A fact that counts one, without a label.
    pub(crate) fn one(measure: Measure, time: EventTime, dimensions: DimensionsId) -> Self {
        Self { measure, label: FactLabel::None, dimensions, time, value: Contribution::Count(1) }
    }

    /// The same fact with a label.
    pub(crate) fn labelled(self, label: FactLabel) -> Self {
        Self { label, ..self }
    }

    /// The same fact with a label that means the same everywhere.
    pub(crate) fn numbered(self, label: u32) -> Self {
        self.labelled(FactLabel::Fixed(Label(label)))
    }
}

/// Reduces two lists of facts to their difference: `before` keeps the facts to be subtracted, and `after` the facts to be added.
pub(crate) fn difference(before: &mut Facts, after: &mut Facts) {
    // Equal facts usually have equal positions in the lists, so the common start and the common end are skipped first.
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
