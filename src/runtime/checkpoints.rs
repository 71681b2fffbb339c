//! The checkpoints of a running service: restores a partition group at its assignment, decides when one is due, and writes it on a thread of its own.
//!
//! One checkpoint is written at a time. A write that fails changes nothing: the one before stays, and the next try comes soon. Does not know the layout
//! of a checkpoint, nor which records follow it in the log.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock::wall_now;
use super::failure::ServiceFailure;
use super::service_view::ServiceView;
use super::settings_change::{SettingsChange, StateIdentity};
use crate::checkpoint::{CheckpointHeader, CheckpointKey, CheckpointStore, ObjectName, Operation, Pace, StoreFailure};
use crate::config::{CheckpointSettings, Configuration, OnMismatch};
use crate::engine::{Engine, PartitionGroup, StoredState, TopicIndex};
use crate::kafka::{LogIdentity, TopicPartition, session_timeout};
use crate::kill_point::KillPoint;
use crate::metrics::telemetry::RestoreResult;
use crate::time::{EventTime, Span};

/// How far the state of a checkpoint may be ahead of the wall clock: beyond it, one of the two clocks was wrong.
const AHEAD_MAX: Span = Span::minutes(2);
/// How long no further checkpoint is tried after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// How long the last checkpoints of the groups that a worker gives back may take together, if half of the session's time-out is not shorter: then
/// the group goes on without this member.
const LAST_WRITES_MAX: Duration = Duration::from_secs(5);
/// How long the store is not asked again after it did not answer: an assignment of many groups must not wait for each.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// A group that is given back gets a last checkpoint if it would lose more records of replay: Kafka replays about so many in a second.
const LAST_WRITE_RECORDS: u64 = 400_000;
/// After so many failures in a row the service is not ready.
const FAILURES_MAX: u32 = 3;

/// The state of one partition group, ready to be written.
pub(super) struct StoredGroup {
    header: CheckpointHeader,
    /// The bytes before the state: by what the logs are recognised.
    front: Vec<u8>,
    state: StoredState,
    /// [`GroupWrites::generation`] when the state was taken.
    generation: u32,
}

/// By what the logs of a partition group are recognised.
pub(super) type LogIdentities = Vec<(TopicPartition, LogIdentity)>;

/// The checkpoints of all partition groups of this process.
pub(super) struct Checkpoints {
    store: CheckpointStore,
    settings: CheckpointSettings,
    identity: StateIdentity,
    last_writes_max: Duration,
    topics: Vec<String>,
    view: Arc<ServiceView>,
    /// `None` ends the writing thread.
    writes: SyncSender<Option<StoredGroup>>,
    inbox: Mutex<Option<Receiver<Option<StoredGroup>>>>,
    written: Mutex<Written>,
}

/// What has been written so far.
#[derive(Default)]
struct Written {
    groups: BTreeMap<i32, GroupWrites>,
    is_writing: bool,
    not_before: Option<Instant>,
    /// Until when the store counts as away for restores.
    away_until: Option<Instant>,
    failures_in_a_row: u32,
    last_failure: String,
    /// The next offsets of the checkpoints that have become safe and are not committed yet.
    safe_offsets: Vec<(TopicPartition, i64)>,
}

/// The checkpoints of one partition group.
#[derive(Clone, Copy)]
struct GroupWrites {
    sequence: u64,
    /// The sum of the next offsets in the newest checkpoint; 0 if there is none.
    offset_sum: u64,
    /// When the newest checkpoint was safe, or when the group was assigned without one.
    since: Instant,
    /// The wall clock of the newest checkpoint; `None` without one.
    safe_at: Option<EventTime>,
    bytes: u64,
    /// Rises when the group is counted anew. A state of an earlier generation is of a log that is gone.
    generation: u32,
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
        let identity = StateIdentity::of(configuration);
        view.telemetry().set_fingerprint(identity.fingerprint());
        view.telemetry().checkpoints().set_interval(Span(i64::try_from(settings.interval.as_millis()).unwrap_or(i64::MAX)));
        let (writes, inbox) = sync_channel(1);
        Ok(Some(Self {
            store,
            settings,
            identity,
            last_writes_max: LAST_WRITES_MAX.min(session_timeout(&configuration.kafka) / 2),
            topics: configuration.topics.iter().map(|topic| topic.name.clone()).collect(),
            view: Arc::clone(view),
            writes,
            inbox: Mutex::new(Some(inbox)),
            written: Mutex::default(),
        }))
    }

    /// Checks that no group of these partitions would lose a part of its longest window because the settings have changed: its checkpoints were counted
    /// with other settings, and `loss` gives the part of its log that is gone.
    ///
    /// # Errors
    /// When one would, unless the configuration allows it, and when the store cannot be asked.
    pub(super) fn check_settings(&self, partitions: usize, loss: impl Fn(i32) -> Option<String>) -> Result<(), ServiceFailure> {
        if self.settings.on_mismatch == OnMismatch::Rebuild {
            return Ok(());
        }
        match self.identity.worst_change(&self.store, partitions, loss).map_err(of_store)? {
            Some(SettingsChange { partition, differences, loss: Some(loss) }) => Err(ServiceFailure::StateUnusable(format!(
                "the checkpoints of partition {partition} were counted with other settings, and {loss}: {differences}"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes what [`Self::write_later`] is given, until [`Self::end_writes`]. Called once, on a thread of its own.
    pub(super) fn write_all(&self) {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        for stored in inbox.into_iter().flatten().map_while(|stored| stored) {
            self.write(stored, None);
            self.written().is_writing = false;
        }
    }

    /// Ends [`Self::write_all`] after the write that is on its way, without waiting for it.
    pub(super) fn end_writes(&self) {
        // Nothing is in the channel: what is on its way is with the thread, which may also have panicked.
        drop(self.writes.try_send(None));
    }

    /// Restores a group from its newest checkpoint that can be used, unless the parked state of the engine has counted as much. Gives by what the logs of
    /// its topics are recognised, if a checkpoint was used.
    pub(super) fn restore(&self, engine: &mut Engine, partition: i32) -> Option<LogIdentities> {
        let (begun, parked) = (Instant::now(), engine.offset_sum(PartitionGroup(partition)));
        if parked.is_none() {
            self.written().groups.remove(&partition);
        }
        let (from_store, restored) = self.restore_beyond(engine, partition, parked).unwrap_or_else(|failure| {
            self.written().away_until = Some(Instant::now() + ASK_AGAIN_AFTER);
            self.note_failure(&failure, "cannot restore a partition group");
            (RestoreResult::Failed, None)
        });
        let begins = GroupWrites { sequence: 0, offset_sum: 0, since: begun, safe_at: None, bytes: 0, generation: 0, is_log_new: false };
        self.written().groups.entry(partition).or_insert(begins);
        let result = if parked.is_some() && restored.is_none() { RestoreResult::Resumed } else { from_store };
        if result == RestoreResult::Absent {
            self.warn_of_other_settings(partition);
        }
        self.view.telemetry().checkpoints().count_restore(result);
        self.view.telemetry().checkpoints().set_restore_seconds(begun.elapsed().as_secs_f64());
        restored
    }

    /// Restores a group from its newest checkpoint that can be used and has counted more than the parked state, if there is one.
    fn restore_beyond(
        &self,
        engine: &mut Engine,
        partition: i32,
        parked: Option<u64>,
    ) -> Result<(RestoreResult, Option<LogIdentities>), StoreFailure> {
        let key = self.identity.key(partition);
        if self.written().away_until.is_some_and(|until| Instant::now() < until) {
            return Ok((RestoreResult::Failed, None));
        }
        let newest = self.store.names(&key)?.first().map(|name| name.offset_sum);
        let (mut result, mut below) = (RestoreResult::Absent, u64::MAX);
        while newest.is_some_and(|newest| parked.is_none_or(|parked| newest > parked)) {
            let found = self.store.newest(&key, |header| self.judge(header, below, parked))?;
            for refused in &found.refused {
                self.view.telemetry().checkpoints().count_rejected(&refused.refusal);
                let (name, why) = (refused.name.to_string(), refused.refusal.to_string());
                tracing::warn!(target: "cxpulse::checkpoint", partition, name, why, "a checkpoint is not used");
                result = RestoreResult::Refused;
            }
            let Some(checkpoint) = found.checkpoint else { break };
            let (sum, bytes, created) = (checkpoint.header.offset_sum(), checkpoint.body.len() as u64, checkpoint.header.created);
            KillPoint::StateRead.pass();
            match self.restore_body(engine, partition, &checkpoint.body) {
                Ok(identities) => {
                    KillPoint::StateRestored.pass();
                    tracing::info!(target: "cxpulse::checkpoint", partition, %created, bytes, "restored");
                    let (sequence, since) = (checkpoint.header.sequence, Instant::now());
                    let writes =
                        GroupWrites { sequence, offset_sum: sum, since, safe_at: Some(created), bytes, generation: 0, is_log_new: false };
                    self.written().groups.insert(partition, writes);
                    return Ok((RestoreResult::Restored, Some(identities)));
                }
                Err(why) => {
                    tracing::error!(target: "cxpulse::checkpoint", partition, why, "a whole checkpoint cannot be read; please report this");
                    (result, below) = (RestoreResult::Refused, sum);
                }
            }
        }
        Ok((result, None))
    }

    /// A group is counted anew because its log is another one. What was kept of the log before is removed once a checkpoint of the new one is safe.
    pub(super) fn note_rebuilt(&self, partition: i32) {
        if let Some(writes) = self.written().groups.get_mut(&partition) {
            let generation = writes.generation + 1;
            *writes =
                GroupWrites { offset_sum: 0, since: Instant::now(), safe_at: None, bytes: 0, generation, is_log_new: true, ..*writes };
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
            records >= self.settings.records || (records > 0 && now.duration_since(writes.since) >= self.settings.interval)
        };
        let due = groups.iter().find(is_due).map(|(partition, _)| *partition);
        written.is_writing = due.is_some();
        due
    }

    /// The state of a group at an instant of the wall clock, to be written.
    pub(super) fn take(
        &self,
        engine: &mut Engine,
        partition: i32,
        identities: impl Iterator<Item = (TopicPartition, LogIdentity)>,
        created: EventTime,
    ) -> Option<StoredGroup> {
        let group = PartitionGroup(partition);
        let next_offset =
            |(topic, name): (usize, &String)| Some((name.clone(), engine.next_offset(group, TopicIndex(u8::try_from(topic).ok()?))?));
        let next_offsets: BTreeMap<String, i64> = self.topics.iter().enumerate().filter_map(next_offset).collect();
        let (sequence, generation) = self.written().groups.get(&partition).map_or((0, 0), |writes| (writes.sequence, writes.generation));
        let identities: Vec<(u8, LogIdentity)> =
            identities.filter_map(|(at, identity)| Some((u8::try_from(at.topic).ok()?, identity))).collect();
        let front = postcard::to_allocvec(&identities).ok()?;
        let state = engine.store(group)?;
        let header = CheckpointHeader {
            key: self.identity.key(partition),
            next_offsets,
            sequence: sequence + 1,
            created,
            event_time_max: engine.largest_event_time(),
            settings: self.identity.settings.pairs().clone(),
        };
        Some(StoredGroup { header, front, state, generation })
    }

    /// Gives a state to the writing thread.
    pub(super) fn write_later(&self, stored: Option<StoredGroup>) {
        if stored.is_none_or(|stored| self.writes.try_send(Some(stored)).is_err()) {
            self.written().is_writing = false;
        }
    }

    /// Until when the last checkpoints of the groups that are given back now may be written.
    pub(super) fn last_writes_deadline(&self) -> Instant {
        Instant::now() + self.last_writes_max
    }

    /// Writes the last checkpoint of a group that is given back, if much would have to be read again without it and there is time until the deadline.
    pub(super) fn write_last(
        &self,
        engine: &mut Engine,
        partition: i32,
        identities: impl Iterator<Item = (TopicPartition, LogIdentity)>,
        deadline: Instant,
    ) {
        let Some(sum) = engine.offset_sum(PartitionGroup(partition)) else { return };
        let Some(safe) = self.written().groups.get(&partition).map(|writes| writes.offset_sum) else { return };
        if sum.saturating_sub(safe) <= LAST_WRITE_RECORDS.min(self.settings.records) {
            return;
        }
        if Instant::now() >= deadline {
            let records = sum.saturating_sub(safe);
            tracing::warn!(target: "cxpulse::checkpoint", partition, records, "no time was left for the last checkpoint; its records are read again");
            return self.view.telemetry().checkpoints().count_failure(Operation::Write);
        }
        if let Some(stored) = self.take(engine, partition, identities, wall_now()) {
            self.write(stored, Some(deadline));
        }
    }

    /// The next offsets of the checkpoints that have become safe since the last call.
    pub(super) fn take_safe_offsets(&self) -> Vec<(TopicPartition, i64)> {
        std::mem::take(&mut self.written().safe_offsets)
    }

    /// Why the service is not ready: the store took nothing several times in a row.
    pub(super) fn objection(&self) -> Option<String> {
        let written = self.written();
        (written.failures_in_a_row >= FAILURES_MAX).then(|| format!("no checkpoint can be written: {}", written.last_failure))
    }

    fn write(&self, stored: StoredGroup, deadline: Option<Instant>) {
        let StoredGroup { header, front, state, generation } = stored;
        KillPoint::WriteBegun.pass();
        let body = match deadline {
            None => {
                let mut pace = Pace::beside_workers();
                state.into_bytes_in_pieces(front, move || pace.end_piece())
            }
            Some(_) => state.into_bytes(front),
        };
        let put = match deadline {
            None => self.store.put(&header, &body),
            Some(deadline) => self.store.put_within(&header, &body, deadline.saturating_duration_since(Instant::now())),
        };
        match put {
            Ok(report) => {
                let (partition, bytes, seconds) = (header.key.partition, report.bytes, report.duration.as_secs_f64());
                self.view.telemetry().checkpoints().set_write_seconds(seconds);
                tracing::debug!(target: "cxpulse::checkpoint", partition, bytes, seconds, "written");
                let is_log_new = self.note_written(&header, bytes, generation);
                KillPoint::Written.pass();
                let retired = if is_log_new { self.retire_all_but(&header.key, &report.name) } else { Ok(()) };
                if let Some(failure) = report.pruning_failure.or_else(|| retired.err()) {
                    self.note_failure(&failure, "cannot remove old checkpoints");
                }
            }
            Err(failure) => {
                let mut written = self.written();
                written.failures_in_a_row += 1;
                written.last_failure = failure.what();
                written.not_before = Some(Instant::now() + RETRY_AFTER.min(self.settings.interval));
                drop(written);
                self.note_failure(&failure, "cannot write a checkpoint");
            }
        }
    }

    /// Notes a checkpoint that is safe; returns whether it is the first of a new log. One of an earlier generation changes nothing.
    fn note_written(&self, header: &CheckpointHeader, bytes: u64, generation: u32) -> bool {
        let mut written = self.written();
        (written.failures_in_a_row, written.not_before) = (0, None);
        let partition = header.key.partition;
        let Some(writes) = written.groups.get_mut(&partition).filter(|writes| writes.generation == generation) else { return false };
        let is_log_new = writes.is_log_new;
        let (sequence, offset_sum) = (header.sequence, header.offset_sum());
        let (since, safe_at) = (Instant::now(), Some(header.created));
        *writes = GroupWrites { sequence, offset_sum, since, safe_at, bytes, generation, is_log_new: false };
        let offset_of = |(topic, name): (usize, &String)| Some((TopicPartition { partition, topic }, *header.next_offsets.get(name)?));
        written.safe_offsets.extend(self.topics.iter().enumerate().filter_map(offset_of));
        is_log_new
    }

    fn retire_all_but(&self, key: &CheckpointKey, kept: &ObjectName) -> Result<(), StoreFailure> {
        let mut names = self.store.names(key)?;
        names.retain(|name| name != kept);
        self.store.retire(key, &names)
    }

    /// Whether a checkpoint may be used now, else the reason.
    fn judge(&self, header: &CheckpointHeader, below: u64, parked: Option<u64>) -> Result<(), String> {
        let (ahead, sum) = (header.created - wall_now(), header.offset_sum());
        if ahead > AHEAD_MAX {
            return Err(format!("it was taken {ahead} ahead of the wall clock"));
        }
        if sum >= below {
            return Err("its state could not be read".to_owned());
        }
        if parked.is_some_and(|parked| sum <= parked) {
            return Err("this process still has a state that has counted as much".to_owned());
        }
        let unknown = header.next_offsets.keys().find(|topic| !self.topics.contains(topic));
        unknown.map_or(Ok(()), |topic| Err(format!("it has counted the topic `{topic}`, which is not configured")))
    }

    fn restore_body(&self, engine: &mut Engine, partition: i32, body: &[u8]) -> Result<LogIdentities, String> {
        let (identities, state) = postcard::take_from_bytes::<Vec<(u8, LogIdentity)>>(body).map_err(|error| error.to_string())?;
        engine.restore(PartitionGroup(partition), state).map_err(|error| error.to_string())?;
        let at = |(topic, identity)| (TopicPartition { partition, topic: usize::from(topic) }, identity);
        Ok(identities.into_iter().map(at).collect())
    }

    /// Says which settings keep earlier checkpoints from being used.
    fn warn_of_other_settings(&self, partition: i32) {
        // A store that does not answer now has been reported already, or is at the next write.
        for differences in self.identity.differences(&self.store, partition).unwrap_or_default() {
            tracing::warn!(
                target: "cxpulse::checkpoint",
                partition,
                differences,
                "a checkpoint was counted with other settings; the group is counted anew from the log"
            );
        }
    }

    fn show(&self, written: &Written, groups: &BTreeMap<i32, u64>) {
        let ages = groups.iter().filter_map(|(partition, sum)| Some((written.groups.get(partition)?, *sum)));
        let ages: Vec<(&GroupWrites, u64)> = ages.map(|(writes, sum)| (writes, sum.saturating_sub(writes.offset_sum))).collect();
        let telemetry = self.view.telemetry().checkpoints();
        telemetry.set_age_records(ages.iter().map(|(_, records)| records).sum());
        telemetry.set_bytes(ages.iter().map(|(writes, _)| writes.bytes).sum());
        // A group that has counted nothing since its checkpoint is safe now. One without a checkpoint is not safe since it began.
        let now = wall_now();
        let since = |writes: &GroupWrites| now - Span(i64::try_from(writes.since.elapsed().as_millis()).unwrap_or(i64::MAX));
        let safe = ages.iter().map(|(writes, records)| if *records == 0 { now } else { writes.safe_at.unwrap_or_else(|| since(writes)) });
        telemetry.set_last_success(safe.min());
    }

    fn note_failure(&self, failure: &StoreFailure, what: &str) {
        self.view.telemetry().checkpoints().count_failure(failure.operation);
        tracing::error!(target: "cxpulse::checkpoint", "{what}: {failure}");
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // A panic of another holder leaves plain numbers behind that are never half changed.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_store(failure: StoreFailure) -> ServiceFailure {
    ServiceFailure::Environment(failure.to_string())
}
