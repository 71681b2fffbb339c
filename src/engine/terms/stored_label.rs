//! The stored form of a label: in the numbers of its partition group, and with the scale itself, so that another process can read it.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::scales::SCALES_MAX;
use super::{CHANNEL, FactLabel, JOURNEY_STAGE, Label, Measure, Names, ScaleId, Scales, ValueId, ValueNumber};
use crate::event::Scale;

/// A label as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum StoredLabel {
    /// No label, or a number that means the same everywhere.
    Fixed(u32),
    /// A survey scale; `None` for all those beyond the limit of scales.
    Scale(Option<Scale>),
    /// A journey stage.
    Stage(ValueId),
    /// A journey stage and a channel.
    StageAndChannel(ValueId, ValueId),
    /// A move between two stages: from, to.
    Move(ValueId, ValueId),
    /// A journey stage and a survey scale.
    StageAndScale(ValueId, Option<Scale>),
}

/// Turns labels of this process into stored ones, for one partition group.
#[derive(Debug)]
pub(crate) struct LabelStore<'a> {
    stages: FxHashMap<ValueNumber, ValueId>,
    channels: FxHashMap<ValueNumber, ValueId>,
    scales: &'a [Scale],
}

impl<'a> LabelStore<'a> {
    /// For a group with these names, in a process with these scales in the order of their numbers.
    pub(crate) fn new(names: &Names, scales: &'a [Scale]) -> Self {
        Self { stages: names.ids_by_number(JOURNEY_STAGE), channels: names.ids_by_number(CHANNEL), scales }
    }

    /// The stored form of a measure's label; `None` if the group does not know one of its values.
    pub(crate) fn of(&self, measure: Measure, label: Label) -> Option<StoredLabel> {
        let stage = |number| self.stages.get(&ValueNumber(number)).copied();
        let scale = |number: u16| self.scales.get(usize::from(number)).filter(|_| usize::from(number) < SCALES_MAX - 1).copied();
        let (first, second) = label.split();
        Some(match StoredLabel::kind_of(measure) {
            LabelKind::Fixed => StoredLabel::Fixed(label.0),
            LabelKind::Scale => StoredLabel::Scale(scale(second)),
            LabelKind::Stage => StoredLabel::Stage(stage(second)?),
            LabelKind::StageAndChannel => StoredLabel::StageAndChannel(stage(first)?, self.channels.get(&ValueNumber(second)).copied()?),
            LabelKind::Move => StoredLabel::Move(stage(first)?, stage(second)?),
            LabelKind::StageAndScale => StoredLabel::StageAndScale(stage(first)?, scale(second)),
        })
    }
}

/// What the label of a measure consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LabelKind {
    Fixed,
    Scale,
    Stage,
    StageAndChannel,
    Move,
    StageAndScale,
}

impl StoredLabel {
    /// The label in the numbers of this process.
    pub(crate) fn label(self, names: &Names, scales: &mut Scales) -> Label {
        let mut id = |scale: Option<Scale>| scale.map_or(ScaleId(SCALES_MAX as u16 - 1), |scale| scales.id(scale));
        let label = match self {
            Self::Fixed(number) => FactLabel::Fixed(Label(number)),
            Self::Scale(scale) => FactLabel::Scale(id(scale)),
            Self::Stage(at) => FactLabel::Stage(at),
            Self::StageAndChannel(at, channel) => FactLabel::StageAndChannel(at, channel),
            Self::Move(from, to) => FactLabel::Move(from, to),
            Self::StageAndScale(at, scale) => FactLabel::StageAndScale(at, id(scale)),
        };
        label.number(names)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most measures have no label or a fixed one, and the others are listed")]
    const fn kind_of(measure: Measure) -> LabelKind {
        match measure {
            Measure::Csat | Measure::Ces => LabelKind::Scale,
            Measure::Touchpoints => LabelKind::StageAndChannel,
            Measure::JourneyTransitions => LabelKind::Move,
            Measure::JourneyEntered
            | Measure::JourneyAdvanced
            | Measure::JourneyDropped
            | Measure::JourneyStageTime
            | Measure::JourneyCustomers
            | Measure::StageContacts
            | Measure::StageRepeatContacts => LabelKind::Stage,
            Measure::StageCsat | Measure::StageCes => LabelKind::StageAndScale,
            _ => LabelKind::Fixed,
        }
    }
}
