//! The partitions of one membership whose next batch cannot be read: has each looked at, and passes the batch over or lets the partition wait.
//!
//! Also lets the client go on where reading stopped: after a batch that it could not read, it may have gone anywhere. Does not know how a batch is
//! looked at, nor the meaning of a record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::Offset;

use super::batch_probe::{BatchProbe, ProbeAnswer, ProbeRequest, Undecided};
use super::dead_letters::DeadLetters;
use super::failure::Failure;
use super::losses::{Loss, LossEnd, SkippedBatch};
use super::partition_progress::{Hold, PartitionProgress, STUCK_AFTER, TopicPartition};
use super::rebalance::GroupContext;
use super::sink::Sink;
use super::undecodable::{FetchAnswer, UndecodableBatches};
use super::worker_partitions::{WorkerPartitions, worker_of};
use crate::config::{KafkaSettings, Undecodable};

/// How often partitions that stand still are looked for.
const REVIEW_EVERY: Duration = Duration::from_secs(1);
/// After a look that decided nothing, the next one waits for so long.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How often a partition that waits, or one that stands still for another reason, is looked at.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long the client may take to go on at another offset.
const SEEK_WITHIN: Duration = Duration::from_secs(2);
/// At most one log line in this time.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// The looks at the partitions of one membership.
pub(super) struct UndecodablePartitions {
    settings: KafkaSettings,
    topics: Vec<String>,
    /// Where notices of what is passed over go.
    dead_letters: Option<Arc<DeadLetters>>,
    /// Started at the first look.
    probe: Option<BatchProbe>,
    looks: BTreeMap<TopicPartition, Look>,
    reviewed_at: Instant,
    logged_at: Option<Instant>,
    /// Batches since the last log line that got none.
    unlogged: u64,
}

/// The state of the looks at one partition.
#[derive(Clone, Copy, Debug)]
enum Look {
    Running,
    NotBefore(Instant),
}

impl UndecodablePartitions {
    pub(super) fn new(settings: &KafkaSettings, topics: Vec<String>, dead_letters: Option<Arc<DeadLetters>>) -> Self {
        Self {
            settings: settings.clone(),
            topics,
            dead_letters,
            probe: None,
            looks: BTreeMap::new(),
            reviewed_at: Instant::now(),
            logged_at: None,
            unlogged: 0,
        }
    }

    /// The assignment has changed: what was found before means nothing any more.
    pub(super) fn forget(&mut self) {
        self.looks.clear();
    }

    /// Takes the answers in, and has those partitions looked at from which something could not be read, or that stand still.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn review<S: Sink>(
        &mut self,
        workers: &[WorkerPartitions<S>],
        consumer: &BaseConsumer<GroupContext>,
        epoch: u64,
    ) -> Result<(), Failure> {
        let answers: Vec<ProbeAnswer> = self.probe.iter().flat_map(BatchProbe::answers).collect();
        for answer in answers.iter().filter(|answer| answer.request.epoch == epoch) {
            self.take_answer(workers, consumer, answer);
        }
        // Every flag is taken, so that no worker's is left for the next round.
        let is_new = workers.iter().fold(false, |is_new, worker| worker.take_undecodable() | is_new);
        let now = Instant::now();
        if !is_new && now.duration_since(self.reviewed_at) < REVIEW_EVERY {
            return Ok(());
        }
        self.reviewed_at = now;
        for worker in workers {
            for progress in worker.stop().progress() {
                if progress.hold().is_some() || progress.is_to_be_looked_at(now) {
                    self.look_at(progress, epoch, now)?;
                }
            }
        }
        Ok(())
    }

    fn look_at(&mut self, progress: &PartitionProgress, epoch: u64, now: Instant) -> Result<(), Failure> {
        let at = progress.at();
        if self.looks.get(&at).is_some_and(|look| match look {
            Look::Running => true,
            Look::NotBefore(instant) => now < *instant,
        }) {
            return Ok(());
        }
        if self.probe.is_none() {
            let probe = BatchProbe::start(self.settings.clone(), self.topics.clone());
            self.probe = Some(probe.map_err(|error| Failure::Client(format!("cannot start a thread: {error}")))?);
        }
        self.probe.iter().for_each(|probe| probe.ask(ProbeRequest { epoch, at, next_offset: progress.next_offset() }));
        self.looks.insert(at, Look::Running);
        Ok(())
    }

    fn take_answer<S: Sink>(&mut self, workers: &[WorkerPartitions<S>], consumer: &BaseConsumer<GroupContext>, answer: &ProbeAnswer) {
        let ProbeRequest { at, next_offset, .. } = answer.request;
        let now = Instant::now();
        let worker = &workers[worker_of(at.partition, workers.len())];
        let held = worker.stop().progress_of(at).map(|progress| progress.clone());
        let Some(progress) = held.filter(|progress| progress.next_offset() == next_offset) else {
            // It has moved meanwhile.
            self.looks.remove(&at);
            return;
        };
        let wait = match &answer.found {
            Err(Undecided::NoAnswer) => RETRY_AFTER,
            Err(Undecided::BrokerFails) => {
                let topic = &self.topics[at.topic];
                tracing::error!(
                    target: "cxpulse::kafka",
                    topic,
                    partition = at.partition,
                    offset = next_offset,
                    "the broker fails to read its log from this offset on, and does not say why; the partition waits until the broker can"
                );
                LOOK_AGAIN_AFTER
            }
            Ok(found) if found.batches.is_empty() => {
                // A partition that only stands still may be waiting for a large response, which a seek would throw away.
                let is_held = progress.hold().is_some();
                if (is_held || progress.is_still_for(STUCK_AFTER, now)) && self.go_on_at(consumer, at, next_offset) {
                    worker.stop().progress_of(at).into_iter().for_each(PartitionProgress::release);
                }
                if is_held { RETRY_AFTER } else { LOOK_AGAIN_AFTER }
            }
            Ok(found) if self.settings.undecodable == Undecodable::Pause => {
                self.pause(worker, at, &progress, found);
                LOOK_AGAIN_AFTER
            }
            Ok(found) => {
                self.pass_over(worker, consumer, at, found);
                RETRY_AFTER
            }
        };
        self.looks.insert(at, Look::NotBefore(now + wait));
    }

    fn pause<S: Sink>(&self, worker: &WorkerPartitions<S>, at: TopicPartition, progress: &PartitionProgress, found: &UndecodableBatches) {
        let Some((offsets, reason)) = found.batches.first().cloned() else { return };
        let hold = Hold::Paused { offsets: offsets.clone(), reason };
        if progress.hold() != Some(&hold) {
            tracing::error!(
                target: "cxpulse::kafka",
                topic = self.topics[at.topic],
                partition = at.partition,
                from = offsets.start,
                to = offsets.end,
                reason = reason.name(),
                "the records of a batch cannot be read; the partition waits, because `kafka.undecodable` is `pause`"
            );
        }
        worker.stop().progress_of(at).into_iter().for_each(|progress| progress.set_hold(hold.clone()));
    }

    fn pass_over<S: Sink>(
        &mut self,
        worker: &WorkerPartitions<S>,
        consumer: &BaseConsumer<GroupContext>,
        at: TopicPartition,
        found: &UndecodableBatches,
    ) {
        let Some(next) = found.batches.last().map(|(offsets, _)| offsets.end) else { return };
        let mut stopped = worker.stop();
        let Some(progress) = stopped.progress_of(at) else { return };
        // From here on nothing is taken until the client has gone on.
        progress.set_hold(Hold::Searching);
        let from_ms = progress.last_timestamp();
        drop(stopped);
        if !self.go_on_at(consumer, at, Some(next)) {
            return;
        }
        let to = match found.then {
            Some(FetchAnswer::Record(Some(timestamp))) => LossEnd::Record(timestamp),
            _ => LossEnd::Look(Instant::now()),
        };
        let batch = |(offsets, reason): &(std::ops::Range<i64>, _)| SkippedBatch {
            loss: Loss { offsets: offsets.clone(), from_ms, to },
            reason: *reason,
        };
        let batches: Vec<SkippedBatch> = found.batches.iter().map(batch).collect();
        // Before the batches count as handled, so that nothing is committed or stored beyond them without their notices.
        self.dead_letters.iter().for_each(|letters| batches.iter().for_each(|batch| letters.send_notice(at, batch)));
        let mut stopped = worker.stop();
        stopped.pass_over(at, &batches);
        stopped.progress_of(at).into_iter().for_each(PartitionProgress::release);
        drop(stopped);
        batches.iter().for_each(|batch| self.warn(at, batch));
    }

    fn warn(&mut self, at: TopicPartition, batch: &SkippedBatch) {
        if self.logged_at.is_some_and(|logged_at| logged_at.elapsed() < LINE_EVERY) {
            self.unlogged += 1;
            return;
        }
        self.logged_at = Some(Instant::now());
        tracing::warn!(
            target: "cxpulse::kafka",
            topic = self.topics[at.topic],
            partition = at.partition,
            from = batch.loss.offsets.start,
            to = batch.loss.offsets.end,
            reason = batch.reason.name(),
            unlogged_before = std::mem::take(&mut self.unlogged),
            "the records of a batch cannot be read and are passed over; windows over that time are incomplete"
        );
    }

    /// Lets the client go on at an offset, or at the start of the log. What it has fetched before comes no more.
    pub(super) fn go_on_at(&self, consumer: &BaseConsumer<GroupContext>, at: TopicPartition, offset: Option<i64>) -> bool {
        let topic = &self.topics[at.topic];
        let sought = consumer.seek(topic, at.partition, offset.map_or(Offset::Beginning, Offset::Offset), SEEK_WITHIN);
        if let Err(error) = &sought {
            tracing::warn!(target: "cxpulse::kafka", topic, partition = at.partition, %error, "the client does not go on at another offset yet");
        }
        sought.is_ok()
    }
}

/// Why nothing is taken from a partition whose next batch cannot be read, as a sentence for an operator.
pub(super) fn why_held(progress: &[PartitionProgress], topics: &[String]) -> Option<String> {
    let held: Vec<(&PartitionProgress, &Hold)> = progress.iter().filter_map(|progress| Some((progress, progress.hold()?))).collect();
    let paused = held.iter().find(|(_, hold)| matches!(hold, Hold::Paused { .. }));
    let (first, hold) = paused.or_else(|| held.first())?;
    let what = match hold {
        Hold::Searching => "the next batch could not be read and is looked at".to_owned(),
        Hold::Paused { offsets, reason } => format!(
            "the records at the offsets {} to {} cannot be read ({}); `kafka.undecodable = \"skip\"` passes over them",
            offsets.start,
            offsets.end - 1,
            reason.name()
        ),
    };
    let (topic, partition) = (&topics[first.at().topic], first.at().partition);
    Some(format!("{} partitions wait, the first is {topic}/{partition}: {what}", held.len()))
}
