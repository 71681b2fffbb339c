//! The settings with which a membership of the consumer group begins. Does not know the client.

use std::sync::Arc;

use super::dead_letters::DeadLetters;
use crate::config::KafkaSettings;
use crate::time::EventTime;

/// The settings of a session.
#[derive(Clone)]
pub struct SessionSettings {
    /// Brokers, consumer group and client properties.
    pub kafka: KafkaSettings,
    /// The topics in configured order, each with the place where reading begins if the sink gives no next offset.
    pub topics: Vec<(String, StartAt)>,
    /// Where copies of refused records go.
    pub dead_letters: Option<Arc<DeadLetters>>,
}

/// The place in a log where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first offset.
    Beginning,
    /// The first record at or after this instant, by record timestamp.
    Time(EventTime),
}
