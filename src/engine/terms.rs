//! The terms of one partition group: the settings, interned names, scales, bins and rules that its life cycles use, and the present instant.
//!
//! A life cycle depends on nothing else beside its own events. This room also holds the vocabulary that life cycles and windows share: measures,
//! facts and the order of events. Does not know any ticket, chat, survey or customer, nor any window total.

mod agreed_numbers;
mod bins;
mod business_hours;
mod correlated_pairs;
mod dated_case;
mod event_order;
mod fact;
mod measure;
mod names;
mod rules;
mod scales;
mod settings;
mod stored_label;
mod target_rules;
mod target_settings;
mod timed_targets;

use std::sync::Arc;

pub(crate) use agreed_numbers::{AgreedList, AgreedNumbers};
pub use bins::DurationBins;
pub(crate) use bins::LOG_PARTS;
pub use business_hours::BusinessHours;
pub(crate) use correlated_pairs::pair_label;
pub use correlated_pairs::{PAIRS, Side};
pub(crate) use dated_case::{DatedCase, day_of, start_of_day};
pub use dated_case::{DatedMetric, DaySum};
pub(crate) use event_order::EventOrder;
pub(crate) use fact::{Contribution, Fact, FactLabel, Facts, Vote, difference};
pub(crate) use measure::{Grouping, Label, Measure};
pub(crate) use names::{AgreedValues, DimensionsId, Names, ValueId, ValueNumber, tuples_max};
pub(crate) use rules::Rules;
pub(crate) use scales::{ScaleId, Scales};
pub use settings::*;
pub(crate) use stored_label::{LabelStore, StoredLabel};
pub(crate) use target_rules::{ClockTerms, TargetRules};
pub use target_settings::{Condition, Rule, Ruled, TargetPauses, TargetSettings, TimeTarget};
pub use timed_targets::{TimedTarget, UndecidedReason};
pub(crate) use timed_targets::{due_label, undecided_label, verdict_measures};

use crate::event::Scale;
use crate::time::EventTime;

/// The index of the dimension `channel`.
pub(crate) const CHANNEL: u8 = 0;
/// The index of the dimension `journey_stage`.
pub(crate) const JOURNEY_STAGE: u8 = 1;

/// Everything beside its own events that the life cycles of one partition group depend on.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) settings: Arc<EngineSettings>,
    pub(crate) names: Names,
    pub(crate) scales: Scales,
    pub(crate) bins: Arc<DurationBins>,
    pub(crate) rules: Rules,
    /// The instant at which the windows are evaluated.
    pub(crate) now: EventTime,
}

/// The names that the partition groups of a process share: the values and scales that have a number in the windows. Every group also has numbers of
/// its own, so that another process can read its state.
#[derive(Clone, Debug)]
pub(crate) struct AgreedNames {
    /// The values of each dimension.
    pub(crate) values: AgreedValues,
    /// The survey scales.
    pub(crate) scales: Arc<AgreedList<Scale>>,
}

impl Terms {
    /// The terms of a group without names.
    pub(crate) fn new(settings: &Arc<EngineSettings>, bins: &Arc<DurationBins>, agreed: &AgreedNames) -> Self {
        Self::with_names(Names::new(settings, &agreed.values), settings, bins, agreed)
    }

    /// The terms of a group with restored names.
    pub(crate) fn with_names(mut names: Names, settings: &Arc<EngineSettings>, bins: &Arc<DurationBins>, agreed: &AgreedNames) -> Self {
        let rules = Rules::new(settings, &mut names);
        Self {
            names,
            rules,
            scales: Scales::new(&agreed.scales),
            bins: Arc::clone(bins),
            settings: Arc::clone(settings),
            now: EventTime::MIN,
        }
    }

    /// Uses settings that differ in nothing that the state or the bins depend on.
    pub(crate) fn set_settings(&mut self, settings: &Arc<EngineSettings>) {
        self.rules = Rules::new(settings, &mut self.names);
        self.settings = Arc::clone(settings);
    }
}

impl AgreedNames {
    /// The shared names of a new process.
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        Self { values: names::agreed_values(settings), scales: Arc::default() }
    }

    /// The number of a value that the configuration names, or the number of `other` if the limit of values is reached.
    pub(crate) fn value(&self, settings: &EngineSettings, dimension: u8, text: &str) -> ValueNumber {
        let max = names::numbered_values_max(settings.dimensions[usize::from(dimension)].values_max);
        let number = self.values[usize::from(dimension)].number(text, max, || text.into());
        number.map_or(ValueNumber::OTHER, |number| ValueNumber(number as u16))
    }
}
