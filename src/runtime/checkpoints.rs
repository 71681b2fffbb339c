//! The checkpoints of a running service: restores a partition group at its assignment, decides when one is due, and writes it on a thread of its own.
//!
//! One checkpoint is written at a time. A write that fails changes nothing: the one before stays, and the next try comes soon. Does not know the layout
//! of a checkpoint, nor which records follow it in the log.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock::wall_now;
use super::failure::ServiceFailure;
use super::service_view::ServiceView;
use crate::checkpoint::{CheckpointHeader, CheckpointKey, CheckpointStore, Listed, ObjectName, StateSettings, StateVersions, StoreFailure};
use crate::config::{CheckpointSettings, Configuration, OnMismatch};
use crate::engine::{Engine, PartitionGroup, STATE_LAYOUT_VERSION, STATE_MEANING_VERSION, TopicIndex};
use crate::kafka::{LogIdentity, TopicPartition};
use crate::metrics::telemetry::RestoreResult;
use crate::time::{EventTime, Span};

/// How far the state of a checkpoint may be ahead of the wall clock: beyond it, one of the two clocks was wrong.
const AHEAD_MAX: Span = Span::minutes(2);
/// How long no further checkpoint is tried after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// How long a group that is given back may take for its last checkpoint.
const LAST_WRITE_MAX: Duration = Duration::from_secs(4);
/// A group that is given back gets a last checkpoint if it would lose more records of replay: Kafka replays about so many in a second.
const LAST_WRITE_RECORDS: u64 = 400_000;
/// After so many failures in a row the service is not ready.
const FAILURES_MAX: u32 = 3;

/// The state of one partition group, ready to be written.
pub(super) struct StoredGroup {
    header: CheckpointHeader,
    body: Vec<u8>,
}

/// The checkpoints of all partition groups of this process.
pub(super) struct Checkpoints {
    store: CheckpointStore,
    settings: CheckpointSettings,
    state_settings: StateSettings,
    consumer_group: String,
    topics: Vec<String>,
    view: Arc<ServiceView>,
    writes: SyncSender<StoredGroup>,
    inbox: Mutex<Option<Receiver<StoredGroup>>>,
    written: Mutex<Written>,
}

/// What has been written so far.
#[derive(Default)]
struct Written {
    groups: BTreeMap<i32, GroupWrites>,
    is_writing: bool,
    not_before: Option<Instant>,
    failures_in_a_row: u32,
    last_failure: String,
}

/// The checkpoints of one partition group.
#[derive(Clone, Copy)]
struct GroupWrites {
    sequence: u64,
    /// The sum of the next offsets in the newest checkpoint; 0 if there is none.
    offset_sum: u64,
    /// When the newest checkpoint was taken, or when the group was assigned without one.
    taken_at: Instant,
    /// The wall clock of the newest checkpoint; `None` without one.
    safe_at: Option<EventTime>,
    bytes: u64,
    /// The checkpoints before the next one were counted from a log that is gone.
    is_log_new: bool,
}

impl Checkpoints {
    /// Opens the store of a configuration; `None` where checkpoints are turned off.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub(super) fn open(configuration: &Configuration, view: &Arc<ServiceView>) -> Result<Option<Self>, ServiceFailure> {
        let settings = configuration.checkpoint.clone();
        let Some(location) = &settings.url else { return Ok(None) };
        let store = CheckpointStore::open(location, settings.store.clone()).map_err(of_store)?;
        store.check_writable().map_err(of_store)?;
        let versions = StateVersions { layout: STATE_LAYOUT_VERSION, meaning: STATE_MEANING_VERSION };
        let state_settings = StateSettings::new(versions, &configuration.decode, &configuration.topics, &configuration.engine);
        view.telemetry().set_fingerprint(state_settings.fingerprint());
        view.telemetry().checkpoints().set_interval(Span(i64::try_from(settings.interval.as_millis()).unwrap_or(i64::MAX)));
        let (writes, inbox) = sync_channel(1);
        Ok(Some(Self {
            store,
            settings,
            state_settings,
            consumer_group: configuration.kafka.group_id.clone(),
            topics: configuration.topics.iter().map(|topic| topic.name.clone()).collect(),
            view: Arc::clone(view),
            writes,
            inbox: Mutex::new(Some(inbox)),
            written: Mutex::default(),
        }))
    }

    /// Checks that no group of these partitions would lose a part of its longest window because the settings have changed: its checkpoints were counted
    /// with other settings, and `is_log_whole` says that its log has lost records.
    ///
    /// # Errors
    /// When one would, unless the configuration allows it.
    pub(super) fn check_settings(&self, partitions: usize, is_log_whole: impl Fn(i32) -> Option<bool>) -> Result<(), ServiceFailure> {
        if self.settings.on_mismatch == OnMismatch::Rebuild {
            return Ok(());
        }
        let (fingerprint, listed) = (self.state_settings.fingerprint(), self.store.list().map_err(of_store)?);
        for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
            // The names suffice: what cannot be used of them is refused at the assignment.
            let has_own = listed.iter().any(|listed| {
                listed.partition() == partition
                    && listed.fingerprint() == fingerprint
                    && listed.group_folder() == self.consumer_group.replace('/', "%2F")
            });
            let differences = if has_own { Vec::new() } else { self.differences(partition) };
            if let Some(first) = differences.first()
                && is_log_whole(partition) == Some(false)
            {
                return Err(ServiceFailure::StateUnusable(format!(
                    "the checkpoints of partition {partition} were counted with other settings, and its log no longer holds its first records: {first}"
                )));
            }
        }
        Ok(())
    }

    /// Writes what [`Self::write_later`] is given, until this value is the last one that holds the sender. Called once, on a thread of its own.
    pub(super) fn write_all(&self) {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        for stored in inbox.into_iter().flatten() {
            if stored.header.key.partition < 0 {
                return;
            }
            self.write(&stored, None);
        }
    }

    /// Ends [`Self::write_all`] after the writes that are on their way.
    pub(super) fn end_writes(&self) {
        let header = CheckpointHeader {
            key: self.key(-1),
            next_offsets: BTreeMap::new(),
            sequence: 0,
            created: EventTime(0),
            event_time_max: None,
            settings: BTreeMap::new(),
        };
        // The thread may have ended already, because it panicked.
        drop(self.writes.send(StoredGroup { header, body: Vec::new() }));
    }

    /// Restores a group from its newest checkpoint that can be used, unless the parked state of the engine has counted more. Gives by what the logs of
    /// its topics are recognised, if a checkpoint was used.
    pub(super) fn restore(&self, engine: &mut Engine, partition: i32) -> Option<Vec<(TopicPartition, LogIdentity)>> {
        let (begun, group) = (Instant::now(), PartitionGroup(partition));
        let parked = engine.offset_sum(group);
        let mut below = u64::MAX;
        let (mut result, mut restored) = (if parked.is_some() { RestoreResult::Resumed } else { RestoreResult::Absent }, None);
        let mut writes = GroupWrites { sequence: 0, offset_sum: 0, taken_at: begun, safe_at: None, bytes: 0, is_log_new: false };
        loop {
            let found = self.store.newest(&self.key(partition), |header| self.judge(header, below));
            let found = match found {
                Ok(found) => found,
                Err(failure) => {
                    self.note_failure(&failure, "cannot restore a partition group");
                    result = if parked.is_some() { RestoreResult::Resumed } else { RestoreResult::Failed };
                    break;
                }
            };
            for refused in &found.refused {
                self.view.telemetry().checkpoints().count_rejected(&refused.refusal);
                let (name, why) = (refused.name.to_string(), refused.refusal.to_string());
                tracing::warn!(target: "cxpulse::checkpoint", partition, name, why, "a checkpoint is not used");
                result = if parked.is_some() { RestoreResult::Resumed } else { RestoreResult::Refused };
            }
            let Some(checkpoint) = found.checkpoint else { break };
            let sum = checkpoint.header.offset_sum();
            writes.sequence = writes.sequence.max(checkpoint.header.sequence);
            writes.bytes = checkpoint.body.len() as u64;
            if parked.is_some_and(|parked| parked >= sum) {
                (writes.offset_sum, writes.safe_at) = (sum, Some(checkpoint.header.created));
                break;
            }
            match self.restore_body(engine, partition, &checkpoint.body) {
                Ok(identities) => {
                    let created = checkpoint.header.created;
                    let seconds = begun.elapsed().as_secs_f64();
                    tracing::info!(target: "cxpulse::checkpoint", partition, %created, bytes = writes.bytes, seconds, "restored");
                    (writes.offset_sum, writes.safe_at) = (sum, Some(created));
                    (result, restored) = (RestoreResult::Restored, Some(identities));
                    break;
                }
                Err(why) => {
                    tracing::error!(target: "cxpulse::checkpoint", partition, why, "a whole checkpoint cannot be read; please report this");
                    below = sum;
                    result = if parked.is_some() { RestoreResult::Resumed } else { RestoreResult::Refused };
                }
            }
        }
        if result == RestoreResult::Absent {
            self.warn_of_other_settings(partition);
        }
        self.view.telemetry().checkpoints().count_restore(result);
        self.view.telemetry().checkpoints().set_restore_seconds(begun.elapsed().as_secs_f64());
        self.written().groups.insert(partition, writes);
        restored
    }

    /// A group is counted anew because its log is another one. What was kept of the log before is removed once a checkpoint of the new one is safe.
    pub(super) fn note_rebuilt(&self, partition: i32) {
        if let Some(writes) = self.written().groups.get_mut(&partition) {
            *writes = GroupWrites { offset_sum: 0, taken_at: Instant::now(), safe_at: None, bytes: 0, is_log_new: true, ..*writes };
        }
    }

    /// The first of these groups for which a checkpoint is due, given the sum of the next offsets of each; `None` while one is being written.
    pub(super) fn due(&self, groups: &BTreeMap<i32, u64>, now: Instant) -> Option<i32> {
        let mut written = self.written();
        written.groups.retain(|partition, _| groups.contains_key(partition));
        self.show(&written, groups);
        if written.is_writing || written.not_before.is_some_and(|instant| now < instant) {
            return None;
        }
        let is_due = |(partition, sum): &(&i32, &u64)| {
            let Some(writes) = written.groups.get(partition) else { return false };
            let records = sum.saturating_sub(writes.offset_sum);
            records >= self.settings.records || (records > 0 && now.duration_since(writes.taken_at) >= self.settings.interval)
        };
        let due = groups.iter().find(is_due).map(|(partition, _)| *partition);
        written.is_writing = due.is_some();
        due
    }

    /// The state of a group, to be written.
    pub(super) fn take(
        &self,
        engine: &mut Engine,
        partition: i32,
        identities: impl Iterator<Item = (TopicPartition, LogIdentity)>,
    ) -> Option<StoredGroup> {
        let group = PartitionGroup(partition);
        let next_offset =
            |(topic, name): (usize, &String)| Some((name.clone(), engine.next_offset(group, TopicIndex(u8::try_from(topic).ok()?))?));
        let next_offsets: BTreeMap<String, i64> = self.topics.iter().enumerate().filter_map(next_offset).collect();
        let sequence = self.written().groups.get(&partition).map_or(0, |writes| writes.sequence) + 1;
        let identities: Vec<(u8, LogIdentity)> =
            identities.filter_map(|(at, identity)| Some((u8::try_from(at.topic).ok()?, identity))).collect();
        let mut body = postcard::to_allocvec(&identities).ok()?;
        body.extend(engine.store(group)?);
        let header = CheckpointHeader {
            key: self.key(partition),
            next_offsets,
            sequence,
            created: wall_now(),
            event_time_max: engine.largest_event_time(),
            settings: self.state_settings.pairs().clone(),
        };
        Some(StoredGroup { header, body })
    }

    /// Gives a state to the writing thread.
    pub(super) fn write_later(&self, stored: Option<StoredGroup>) {
        let Some(stored) = stored else {
            self.written().is_writing = false;
            return;
        };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.writes.try_send(stored) {
            self.written().is_writing = false;
        }
    }

    /// Writes the last checkpoint of a group that is given back, if much would have to be read again without it.
    pub(super) fn write_last(&self, engine: &mut Engine, partition: i32, identities: impl Iterator<Item = (TopicPartition, LogIdentity)>) {
        let Some(sum) = engine.offset_sum(PartitionGroup(partition)) else { return };
        let Some(safe) = self.written().groups.get(&partition).map(|writes| writes.offset_sum) else { return };
        if sum.saturating_sub(safe) <= LAST_WRITE_RECORDS.min(self.settings.records) {
            return;
        }
        if let Some(stored) = self.take(engine, partition, identities) {
            self.write(&stored, Some(LAST_WRITE_MAX));
        }
    }

    /// Why the service is not ready: the store took nothing several times in a row.
    pub(super) fn objection(&self) -> Option<String> {
        let written = self.written();
        (written.failures_in_a_row >= FAILURES_MAX).then(|| format!("no checkpoint can be written: {}", written.last_failure))
    }

    fn write(&self, stored: &StoredGroup, time_max: Option<Duration>) {
        let StoredGroup { header, body } = stored;
        let put = time_max.map_or_else(|| self.store.put(header, body), |time_max| self.store.put_within(header, body, time_max));
        let mut written = self.written();
        written.is_writing = false;
        match put {
            Ok(report) => {
                (written.failures_in_a_row, written.not_before) = (0, None);
                let (partition, bytes, seconds) = (header.key.partition, report.bytes, report.duration.as_secs_f64());
                let mut is_log_new = false;
                if let Some(writes) = written.groups.get_mut(&partition) {
                    is_log_new = writes.is_log_new;
                    *writes = GroupWrites {
                        sequence: header.sequence,
                        offset_sum: header.offset_sum(),
                        taken_at: Instant::now(),
                        safe_at: Some(header.created),
                        bytes,
                        is_log_new: false,
                    };
                }
                self.view.telemetry().checkpoints().set_write_seconds(seconds);
                tracing::debug!(target: "cxpulse::checkpoint", partition, bytes, seconds, "written");
                drop(written);
                let retired = if is_log_new { self.retire_all_but(&header.key, &report.name) } else { Ok(()) };
                if let Some(failure) = report.pruning_failure.or_else(|| retired.err()) {
                    self.note_failure(&failure, "cannot remove old checkpoints");
                }
            }
            Err(failure) => {
                written.failures_in_a_row += 1;
                written.last_failure = failure.what();
                written.not_before = Some(Instant::now() + RETRY_AFTER.min(self.settings.interval));
                drop(written);
                self.note_failure(&failure, "cannot write a checkpoint");
            }
        }
    }

    fn retire_all_but(&self, key: &CheckpointKey, kept: &ObjectName) -> Result<(), StoreFailure> {
        let is_old =
            |listed: &Listed| listed.fingerprint() == key.fingerprint && listed.partition() == key.partition && listed.name() != kept;
        let listed = self.store.list()?;
        let of_group =
            |listed: &&Listed| is_old(listed) && matches!(self.store.header(listed), Ok(Ok(header)) if header.key.group == key.group);
        let names: Vec<ObjectName> = listed.iter().filter(of_group).map(|listed| listed.name().clone()).collect();
        self.store.retire(key, &names)
    }

    /// Whether a checkpoint may be used now, else the reason.
    fn judge(&self, header: &CheckpointHeader, below: u64) -> Result<(), String> {
        let ahead = header.created - wall_now();
        if ahead > AHEAD_MAX {
            return Err(format!("it was taken {ahead} ahead of the wall clock"));
        }
        if header.offset_sum() >= below {
            return Err("its state could not be read".to_owned());
        }
        let unknown = header.next_offsets.keys().find(|topic| !self.topics.contains(topic));
        unknown.map_or(Ok(()), |topic| Err(format!("it has counted the topic `{topic}`, which is not configured")))
    }

    fn restore_body(&self, engine: &mut Engine, partition: i32, body: &[u8]) -> Result<Vec<(TopicPartition, LogIdentity)>, String> {
        let (identities, state) = postcard::take_from_bytes::<Vec<(u8, LogIdentity)>>(body).map_err(|error| error.to_string())?;
        engine.restore(PartitionGroup(partition), state).map_err(|error| error.to_string())?;
        let at = |(topic, identity)| (TopicPartition { partition, topic: usize::from(topic) }, identity);
        Ok(identities.into_iter().map(at).collect())
    }

    /// Says which settings keep earlier checkpoints from being used.
    fn warn_of_other_settings(&self, partition: i32) {
        for differences in self.differences(partition) {
            tracing::warn!(
                target: "cxpulse::checkpoint",
                partition,
                differences,
                "a checkpoint was counted with other settings; the group is counted anew from the log"
            );
        }
    }

    /// In what the settings differ from those of each other checkpoint of a group.
    fn differences(&self, partition: i32) -> Vec<String> {
        let others = self.store.other_fingerprints(&self.key(partition)).unwrap_or_default();
        let differences = |header: CheckpointHeader| {
            let differences = self.state_settings.differences_from(&StateSettings::of_header(header.settings));
            differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        others.into_iter().filter_map(|other| other.header.ok()).map(differences).collect()
    }

    fn show(&self, written: &Written, groups: &BTreeMap<i32, u64>) {
        let ages = groups.iter().filter_map(|(partition, sum)| Some((written.groups.get(partition)?, *sum)));
        let ages: Vec<(&GroupWrites, u64)> = ages.map(|(writes, sum)| (writes, sum.saturating_sub(writes.offset_sum))).collect();
        let telemetry = self.view.telemetry().checkpoints();
        telemetry.set_age_records(ages.iter().map(|(_, records)| records).sum());
        telemetry.set_bytes(ages.iter().map(|(writes, _)| writes.bytes).sum());
        // A group that has counted nothing since its checkpoint is safe now. One without a checkpoint is not safe since it began.
        let now = wall_now();
        let since = |writes: &GroupWrites| now - Span(i64::try_from(writes.taken_at.elapsed().as_millis()).unwrap_or(i64::MAX));
        let safe = ages.iter().map(|(writes, records)| if *records == 0 { now } else { writes.safe_at.unwrap_or_else(|| since(writes)) });
        telemetry.set_last_success(safe.min());
    }

    fn note_failure(&self, failure: &StoreFailure, what: &str) {
        self.view.telemetry().checkpoints().count_failure(failure.operation);
        tracing::error!(target: "cxpulse::checkpoint", "{what}: {failure}");
    }

    fn key(&self, partition: i32) -> CheckpointKey {
        CheckpointKey { group: self.consumer_group.clone(), fingerprint: self.state_settings.fingerprint(), partition }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // A panic of another holder leaves plain numbers behind that are never half changed.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_store(failure: StoreFailure) -> ServiceFailure {
    ServiceFailure::Environment(failure.to_string())
}
