//! The rules of the life cycles, compiled from the configuration into the numbers of one partition group's names.

use super::target_rules::TargetRules;
use super::{CHANNEL, DimensionsId, EngineSettings, JOURNEY_STAGE, Names, ValueId};
use crate::event::DimensionValues;
use crate::time::Span;

/// The compiled rules of the life cycles.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The channels whose chats are telephone calls.
    call_channels: Vec<ValueId>,
    /// The dimensions that every chat starts with: channel `chat`.
    chat_dimensions: DimensionsId,
    /// The configured journey stages in their order, each with its idle time-out.
    stages: Vec<(ValueId, Span)>,
    /// The targets and business hours.
    pub(crate) targets: TargetRules,
    /// Whether any grouping set or target uses a customer dimension, so that contacts must inherit it.
    pub(crate) inherits_from_customer: bool,
}

impl Rules {
    pub(super) fn new(settings: &EngineSettings, names: &mut Names) -> Self {
        let of_customer = |d: &u8| settings.dimensions[usize::from(*d)].of_customer;
        let chat = DimensionValues::from_iter([(CHANNEL, "chat".into())]);
        Self {
            call_channels: settings.call_channels.iter().map(|channel| names.value_named(CHANNEL, channel)).collect(),
            chat_dimensions: names.intern(&chat),
            stages: settings.journey.stages.iter().map(|s| (names.value_named(JOURNEY_STAGE, &s.name), s.idle_timeout)).collect(),
            inherits_from_customer: settings.grouping_sets.iter().flatten().any(of_customer)
                || settings.targets.asks_for(|d| of_customer(&d)),
            targets: TargetRules::new(&settings.targets, names),
        }
    }

    /// The dimensions of a ticket or chat before its first event.
    pub(crate) fn first_dimensions(&self, is_chat: bool) -> DimensionsId {
        if is_chat { self.chat_dimensions } else { DimensionsId::default() }
    }

    /// Whether chats of a channel are telephone calls.
    pub(crate) fn is_call(&self, channel: ValueId) -> bool {
        self.call_channels.contains(&channel)
    }

    /// The index of a stage among the configured ones, and its idle time-out; `None` if it is not configured.
    pub(crate) fn stage(&self, stage: ValueId) -> Option<(usize, Span)> {
        let place = self.stages.iter().position(|(s, _)| *s == stage)?;
        Some((place, self.stages[place].1))
    }

    /// The longest idle time-out of the configured stages; zero if there are none.
    pub(crate) fn longest_stage_timeout(&self) -> Span {
        self.stages.iter().map(|(_, timeout)| *timeout).max().unwrap_or(Span(0))
    }
}
