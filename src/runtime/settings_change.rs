//! The meaning of changed settings for the checkpoints that were counted before the change: a partition group is counted anew from its log, which must
//! reach back over the longest window. The start of a service and `cxpulse check --connect` ask the same.
//!
//! Does not know which settings there are, nor how a state is counted.

use super::clock::wall_now;
use super::failure::ServiceFailure;
use crate::checkpoint::{CheckpointHeader, CheckpointKey, CheckpointStore, Fingerprint, StateSettings, StateVersions, StoreFailure};
use crate::config::{Configuration, OnMismatch};
use crate::engine::{STATE_LAYOUT_VERSION, STATE_MEANING_VERSION};
use crate::kafka::{Cluster, Finding, FindingSeverity, Lookup, LookupError, TopicPartition};
use crate::time::EventTime;

/// By what the checkpoints of one configuration are found and compared.
#[derive(Clone, Debug)]
pub(super) struct StateIdentity {
    pub(super) settings: StateSettings,
    fingerprint: Fingerprint,
    consumer_group: String,
}

/// A partition group of which only checkpoints with other settings lie in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingsChange {
    pub(super) partition: i32,
    /// The settings that differ, with both values.
    pub(super) differences: String,
    /// The part of the log that is gone although a window still reaches over it, as a sentence; `None` if the log reaches back far enough.
    pub(super) loss: Option<String>,
}

impl StateIdentity {
    pub(super) fn of(configuration: &Configuration) -> Self {
        let versions = StateVersions { layout: STATE_LAYOUT_VERSION, meaning: STATE_MEANING_VERSION };
        let settings = StateSettings::new(versions, &configuration.decode, &configuration.topics, &configuration.engine);
        let fingerprint = settings.fingerprint();
        Self { settings, fingerprint, consumer_group: configuration.kafka.group_id.clone() }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn key(&self, partition: i32) -> CheckpointKey {
        CheckpointKey { group: self.consumer_group.clone(), fingerprint: self.fingerprint, partition }
    }

    /// In what the settings differ from those of each other checkpoint of a group.
    pub(super) fn differences(&self, store: &CheckpointStore, partition: i32) -> Result<Vec<String>, StoreFailure> {
        let others = store.other_fingerprints(&self.key(partition))?;
        let differences = |header: CheckpointHeader| {
            let differences = self.settings.differences_from(&StateSettings::of_header(header.settings));
            differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        Ok(others.into_iter().filter_map(|other| other.header.ok()).map(differences).collect())
    }

    /// The first of these partitions, from 0 on, of which only checkpoints with other settings lie in the store and the log has lost a part that a
    /// window still reaches over; else the first one with other settings. `None` if there is none.
    pub(super) fn worst_change(
        &self,
        store: &CheckpointStore,
        partitions: usize,
        loss: impl Fn(i32) -> Option<String>,
    ) -> Result<Option<SettingsChange>, StoreFailure> {
        let mut harmless = None;
        for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
            // The names suffice: what cannot be used of them is refused at the assignment.
            if !store.names(&self.key(partition))?.is_empty() {
                continue;
            }
            let Some(differences) = self.differences(store, partition)?.into_iter().next() else { continue };
            let change = SettingsChange { partition, differences, loss: loss(partition) };
            if change.loss.is_some() {
                return Ok(Some(change));
            }
            harmless.get_or_insert(change);
        }
        Ok(harmless)
    }
}

/// The part of the logs of a partition group that is gone although it lies within the longest window, as a sentence; `None` if nothing is missing.
/// Each topic of the group is asked for its records before `since`: where there are some, the log reaches back far enough.
///
/// # Errors
/// When the brokers do not answer.
pub(super) fn loss_of(cluster: &Cluster, configuration: &Configuration, partition: i32) -> Result<Option<String>, LookupError> {
    let logs: Vec<TopicPartition> = (0..configuration.topics.len()).map(|topic| TopicPartition { partition, topic }).collect();
    let since = longest_reach(configuration, wall_now());
    let cut: Vec<_> = cluster.logs(&logs)?.into_iter().filter(|(_, offsets)| offsets.start > 0).collect();
    let reached = cluster.offsets_at(since.0, &cut.iter().map(|(at, _)| *at).collect::<Vec<_>>())?;
    let lost = cut.into_iter().find(|(at, offsets)| reached.iter().any(|(known, offset)| known == at && *offset <= offsets.start));
    Ok(lost.map(|(at, offsets)| {
        let topic = &configuration.topics[at.topic].name;
        format!(
            "{topic}/{partition} no longer holds its first {} records, and {} are left to count",
            offsets.start,
            offsets.end - offsets.start
        )
    }))
}

/// What would be missing of the longest window if the state were counted with this configuration from now on, as a sentence; `None` if nothing would.
/// Nothing is missing of a partition that has a checkpoint with these settings, nor where the log reaches back far enough.
///
/// # Errors
/// When the brokers or the store of checkpoints do not answer.
pub fn recount_loss(configuration: &Configuration) -> Result<Option<String>, ServiceFailure> {
    let names = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
    let cluster = Cluster::new(&configuration.kafka, names)?;
    let partitions = cluster.partition_counts().map_err(of_lookup)?.first().copied().unwrap_or(0);
    let options = &configuration.checkpoint.store;
    // A folder that does not exist holds no checkpoints.
    let store = configuration.checkpoint.url.as_ref().and_then(|location| CheckpointStore::open_existing(location, options.clone()).ok());
    let identity = StateIdentity::of(configuration);
    for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
        let own = store.as_ref().map_or(Ok(Vec::new()), |store| store.names(&identity.key(partition)));
        if own.map_err(|failure| ServiceFailure::Environment(failure.to_string()))?.is_empty()
            && let Some(loss) = loss_of(&cluster, configuration, partition).map_err(of_lookup)?
        {
            return Ok(Some(loss));
        }
    }
    Ok(None)
}

/// What a start with this configuration would do with the checkpoints in its store, for `cxpulse check --connect`. Nothing where the settings are those of
/// the checkpoints, and where checkpoints are turned off.
#[must_use]
pub fn predict_settings_change(configuration: &Configuration) -> Vec<Finding> {
    let Some(location) = &configuration.checkpoint.url else { return Vec::new() };
    let finding =
        |severity, what: String, hint: &str| Finding { severity, place: format!("checkpoints in {location}"), what, hint: hint.to_owned() };
    // A folder that does not exist holds no checkpoints.
    let Ok(store) = CheckpointStore::open_existing(location, configuration.checkpoint.store.clone()) else { return Vec::new() };
    let names = configuration.topics.iter().map(|topic| topic.name.clone()).collect();
    let Ok(cluster) = Cluster::new(&configuration.kafka, names) else { return Vec::new() };
    let Ok(counts) = cluster.partition_counts() else { return Vec::new() };
    let loss = |partition| loss_of(&cluster, configuration, partition).ok().flatten();
    let change = match StateIdentity::of(configuration).worst_change(&store, counts.first().copied().unwrap_or(0), loss) {
        Ok(change) => change,
        Err(failure) => return vec![finding(FindingSeverity::Error, failure.to_string(), "")],
    };
    let Some(SettingsChange { partition, differences, loss }) = change else { return Vec::new() };
    let changed = format!("those of partition {partition} were counted with other settings ({differences})");
    vec![match (loss, configuration.checkpoint.on_mismatch) {
        (None, _) => finding(
            FindingSeverity::Warning,
            format!("{changed}; a start counts the partitions anew from their logs, which reach back far enough"),
            "",
        ),
        (Some(loss), OnMismatch::Rebuild) => finding(
            FindingSeverity::Warning,
            format!("{changed}, and {loss}: a start counts that rest, and windows that reach further back are incomplete"),
            "undo the change of these settings to keep the state",
        ),
        (Some(loss), OnMismatch::Refuse) => finding(
            FindingSeverity::Error,
            format!("{changed}, and {loss}: a start ends with exit code 4"),
            "undo the change of these settings, or set `checkpoint.on_mismatch = \"rebuild\"` to count the rest of the log anew",
        ),
    }]
}

fn of_lookup(error: LookupError) -> ServiceFailure {
    ServiceFailure::Environment(format!("what the logs hold cannot be found out: {error}"))
}

/// The instant before which no window of `now` reaches, late events included.
pub(super) fn longest_reach(configuration: &Configuration, now: EventTime) -> EventTime {
    let window = configuration.engine.windows.iter().map(|window| window.range).max().unwrap_or_default();
    let lateness = configuration.topics.iter().map(|topic| topic.allowed_lateness).max().unwrap_or_default();
    now - window - lateness
}
