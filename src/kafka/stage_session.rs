//! A stage between topics: takes records, lets them be mapped, and sends the results and commits the offsets in one transaction.
//!
//! A record's results and its offset become visible together or not at all, so whatever ends this process, each result stands once in the topic (for a
//! reader of committed records). Any error of a transaction ends the session: what was not committed is taken again by the next one. Does not know how
//! records are mapped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::failure::Failure;
use super::properties;
use super::stage_client::{PartitionCounts, StageContext};
use super::stage_record::{RawRecord, StageRecord};
use crate::config::KafkaSettings;

/// The most records of one transaction.
const RECORDS_MAX: usize = 1_000;
/// How long a transaction collects records after the first one.
const COLLECT_WITHIN: Duration = Duration::from_millis(100);
/// How long one poll waits.
const POLL_WITHIN: Duration = Duration::from_millis(50);
/// How long a step of a transaction may take.
const STEP_WITHIN: Duration = Duration::from_secs(20);
/// The pause before a new session after an error.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Maps the records of a stage.
pub trait RawRecordMapper {
    /// Maps one record, and appends the results.
    fn map(&mut self, record: RawRecord<'_>, results: &mut Vec<StageRecord>);

    /// The records since the last call are committed, or will be taken again.
    fn settled(&mut self, is_committed: bool);
}

/// What others see of a stage.
#[derive(Debug, Default)]
pub struct StageStatus {
    /// Whether the stage has its transactional id and its group.
    pub is_ready: AtomicBool,
    /// Set by others to end the stage.
    pub is_stopping: AtomicBool,
}

/// Runs a stage until it is stopped. Waits for brokers that are away.
///
/// # Errors
/// When the settings are refused, the cluster refuses the client, or another process took over the transactional id.
pub fn run_stage(
    settings: &KafkaSettings,
    inputs: &[String],
    transactional_id: &str,
    mapper: &mut impl RawRecordMapper,
    status: &StageStatus,
) -> Result<(), Failure> {
    while !status.is_stopping.load(Ordering::Relaxed) {
        let ended = Session::open(settings, inputs, transactional_id).and_then(|mut session| {
            status.is_ready.store(true, Ordering::Relaxed);
            session.run(mapper, status)
        });
        status.is_ready.store(false, Ordering::Relaxed);
        match ended {
            Ok(()) => return Ok(()),
            Err(SessionEnd::Failed(failure)) => return Err(failure),
            Err(SessionEnd::Again(why)) => {
                mapper.settled(false);
                tracing::warn!(target: "cxpulse::kafka", "the stage begins again at the last committed offsets: {why}");
                let begun = Instant::now();
                while begun.elapsed() < RESTART_AFTER && !status.is_stopping.load(Ordering::Relaxed) {
                    std::thread::sleep(POLL_WITHIN);
                }
            }
        }
    }
    Ok(())
}

/// Why a session ended.
enum SessionEnd {
    /// For good.
    Failed(Failure),
    /// A new session may do better.
    Again(String),
}

impl From<Failure> for SessionEnd {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

struct Session {
    consumer: BaseConsumer<StageContext>,
    producer: ThreadedProducer<StageContext>,
    partition_counts: PartitionCounts,
}

/// The records that were mapped and are not committed yet.
#[derive(Default)]
struct Pending {
    results: Vec<StageRecord>,
    /// The next offset of each partition.
    next: BTreeMap<(String, i32), i64>,
    records: usize,
}

impl Session {
    fn open(settings: &KafkaSettings, inputs: &[String], transactional_id: &str) -> Result<Self, SessionEnd> {
        let mut config = properties::stage_producer(settings)?;
        // The open transaction of a process that was killed hides later records from readers for so long at most.
        properties::set_where_absent(&mut config, &[("transaction.timeout.ms", "15000")]);
        config.set("transactional.id", transactional_id);
        let producer: ThreadedProducer<StageContext> = properties::create(&config, StageContext::new(settings), &settings.properties)?;
        producer.init_transactions(STEP_WITHIN).map_err(|error| end_of(&error, producer.context()))?;
        let mut config = properties::group_consumer(settings)?;
        config.set("isolation.level", "read_committed");
        // The name that the process keeps makes it the same member after a restart, so that it goes on at once.
        config.set("group.instance.id", transactional_id).set("session.timeout.ms", "10000");
        let consumer: BaseConsumer<StageContext> = properties::create(&config, StageContext::new(settings), &settings.properties)?;
        let names: Vec<&str> = inputs.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| end_of(&error, consumer.context()))?;
        Ok(Self { consumer, producer, partition_counts: PartitionCounts::default() })
    }

    fn run(&mut self, mapper: &mut impl RawRecordMapper, status: &StageStatus) -> Result<(), SessionEnd> {
        while !status.is_stopping.load(Ordering::Relaxed) {
            let pending = self.collect(mapper)?;
            if pending.records > 0 {
                self.commit(&pending).inspect_err(|_| {
                    // The transaction may be beyond that already; the next session's own begin ends it in any case.
                    drop(self.producer.abort_transaction(STEP_WITHIN));
                })?;
                mapper.settled(true);
            }
        }
        Ok(())
    }

    /// Takes records and maps them, until there are many or the first one is some time ago.
    fn collect(&self, mapper: &mut impl RawRecordMapper) -> Result<Pending, SessionEnd> {
        let mut pending = Pending::default();
        let mut begun = Instant::now();
        while pending.records < RECORDS_MAX && begun.elapsed() < COLLECT_WITHIN {
            let polled = self.consumer.poll(POLL_WITHIN);
            // After a change every partition goes on at its committed offset, so what was mapped before comes again, here or elsewhere.
            if self.consumer.context().take_assignment_change() && pending.records > 0 {
                mapper.settled(false);
                pending = Pending::default();
            }
            match polled {
                None => {
                    if let Some(refusal) = self.consumer.context().errors.take_refusal() {
                        return Err(Failure::Refused(refusal).into());
                    }
                }
                Some(Err(error)) => self.consumer.context().errors.note_in_place_of_record(&error)?,
                Some(Ok(message)) => {
                    if pending.records == 0 {
                        begun = Instant::now();
                    }
                    pending.records += 1;
                    pending.next.insert((message.topic().to_owned(), message.partition()), message.offset() + 1);
                    mapper.map(RawRecord::of(&message), &mut pending.results);
                }
            }
        }
        Ok(pending)
    }

    /// Sends the results and commits the offsets in one transaction.
    fn commit(&mut self, pending: &Pending) -> Result<(), SessionEnd> {
        self.producer.begin_transaction().map_err(|error| end_of(&error, self.producer.context()))?;
        for result in &pending.results {
            let partitions = if result.is_for_every_partition { self.partitions(&result.topic)? } else { 0 };
            match partitions {
                0 => self.send(result, None)?,
                count => (0..count).try_for_each(|partition| self.send(result, Some(partition)))?,
            }
        }
        let mut offsets = TopicPartitionList::new();
        for ((topic, partition), next) in &pending.next {
            offsets
                .add_partition_offset(topic, *partition, Offset::Offset(*next))
                .map_err(|error| end_of(&error, self.producer.context()))?;
        }
        let group = self.consumer.group_metadata().ok_or_else(|| SessionEnd::Again("the group is not joined".to_owned()))?;
        let sent = self.producer.send_offsets_to_transaction(&offsets, &group, STEP_WITHIN);
        sent.and_then(|()| self.producer.commit_transaction(STEP_WITHIN)).map_err(|error| end_of(&error, self.producer.context()))
    }

    fn send(&self, result: &StageRecord, partition: Option<i32>) -> Result<(), SessionEnd> {
        let mut record = result.base_record(partition);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    std::thread::sleep(Duration::from_millis(5));
                    record = back;
                }
                Err((error, _)) => return Err(end_of(&error, self.producer.context())),
            }
        }
    }

    fn partitions(&mut self, topic: &str) -> Result<i32, SessionEnd> {
        self.partition_counts.of(self.producer.client(), topic).map_err(SessionEnd::Again)
    }
}

/// How an error of a step ends the session.
fn end_of(error: &KafkaError, context: &StageContext) -> SessionEnd {
    let code = if let KafkaError::Transaction(inner) = error { Some(inner.code()) } else { error.rdkafka_error_code() };
    if let Some(refusal) = context.errors.take_refusal() {
        return SessionEnd::Failed(Failure::Refused(refusal));
    }
    if matches!(code, Some(RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced)) {
        return SessionEnd::Failed(Failure::Fatal("another process has the same `instance` and group, and took over".to_owned()));
    }
    SessionEnd::Again(code.map_or_else(|| "a step of a transaction failed".to_owned(), |code| code.to_string()))
}
