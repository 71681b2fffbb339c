//! Looks whether the next batch of a partition can be read, and where those end that cannot. A thread with a client of its own for each look, beside the
//! consumer group, which does not notice.
//!
//! The client fetches one batch at a time, so that each answer speaks of one batch. Does not know what becomes of the answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client_context::{ClientPart, ContextOf};
use super::fetch_queue::{FetchQueue, Fetched, fetched_end};
use super::partition_progress::TopicPartition;
use super::properties;
use super::undecodable::{BatchSearch, FetchAnswer, UndecodableBatches, UndecodableReason};
use crate::config::KafkaSettings;

/// How long the answer to one fetch may take. One batch of 8 MiB takes 22 s at 3 Mbit/s.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a whole look may take. What was found by then is the answer.
const LOOK_WITHIN: Duration = Duration::from_secs(60);
/// So many answers that hold nothing that can be read are no accident.
const EMPTY_ANSWERS: u64 = 3;
/// How long a batch of an unknown format is given: the client passes over it without a word.
const FORMAT_AFTER: Duration = Duration::from_millis(300);
/// After so many failures of the broker at one offset the look ends, so that other partitions need not wait for theirs.
const BROKER_FAILURES: u32 = 3;
const POLL_WITHIN: Duration = Duration::from_millis(10);

/// A partition whose next batch is to be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeRequest {
    /// The number of the assignment.
    pub(super) epoch: u64,
    pub(super) at: TopicPartition,
    /// The next offset to read; `None` for the start of the log.
    pub(super) next_offset: Option<i64>,
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct ProbeAnswer {
    pub(super) request: ProbeRequest,
    pub(super) found: Result<UndecodableBatches, Undecided>,
}

/// Why a look decided nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    /// No answer came in time.
    NoAnswer,
    /// The broker itself fails there, and does not say why. Nothing is passed over then: where its log can be read again is not known.
    BrokerFails,
}

/// The handle of the thread. Dropping it ends the thread.
pub(super) struct BatchProbe {
    requests: Option<Sender<ProbeRequest>>,
    answers: Receiver<ProbeAnswer>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BatchProbe {
    /// Starts the thread.
    pub(super) fn start(settings: KafkaSettings, topics: Vec<String>) -> std::io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<ProbeRequest>();
        let (outbox, answers) = mpsc::channel();
        let is_ending = Arc::new(AtomicBool::new(false));
        let probe = Probe { settings, topics, is_ending: Arc::clone(&is_ending) };
        let run = move || {
            for request in inbox {
                let found = probe.look(request);
                if probe.is_ending.load(Ordering::Relaxed) || outbox.send(ProbeAnswer { request, found }).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("cxpulse-probe".to_owned()).spawn(run)?;
        Ok(Self { requests: Some(requests), answers, is_ending, thread: Some(thread) })
    }

    /// Asks for a look. Requests are answered one after the other.
    pub(super) fn ask(&self, request: ProbeRequest) {
        // The thread ends before this handle only when it panicked; the partition then stays where it is, and shows as stuck.
        if self.requests.as_ref().is_none_or(|requests| requests.send(request).is_err()) {
            tracing::error!(target: "cxpulse::kafka", "the search for undecodable batches has ended");
        }
    }

    /// The answers since the last call.
    pub(super) fn answers(&self) -> impl Iterator<Item = ProbeAnswer> {
        self.answers.try_iter()
    }
}

impl Drop for BatchProbe {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(target: "cxpulse::kafka", "the search for undecodable batches panicked");
        }
    }
}

struct Probe {
    settings: KafkaSettings,
    topics: Vec<String>,
    is_ending: Arc<AtomicBool>,
}

impl Probe {
    /// Looks at one partition.
    fn look(&self, request: ProbeRequest) -> Result<UndecodableBatches, Undecided> {
        let consumer = Arc::new(self.client().ok_or(Undecided::NoAnswer)?);
        let (topic, partition) = (self.topics[request.at.topic].as_str(), request.at.partition);
        let (start, end) = consumer.fetch_watermarks(topic, partition, ANSWER_WITHIN / 6).map_err(|_late| Undecided::NoAnswer)?;
        let from = request.next_offset.unwrap_or(start);
        if from < start || from >= end {
            // The records left the log, or there are none.
            return Ok(UndecodableBatches { batches: Vec::new(), then: None });
        }
        let queue = FetchQueue::of(&consumer, topic, partition).ok_or(Undecided::NoAnswer)?;
        let mut partition = ProbedPartition { probe: self, consumer: &consumer, queue, topic, partition, is_assigned: false, log_end: end };
        let mut search = BatchSearch::new(from, end);
        let deadline = Instant::now() + LOOK_WITHIN;
        while let Some(offset) = search.next_question() {
            let answer = partition.fetch(offset, search.is_of_unknown_format());
            match if Instant::now() < deadline { answer } else { Err(Undecided::NoAnswer) } {
                Ok(answer) => search.take(answer),
                Err(undecided) => {
                    // A batch whose end is known is passed over; the next look goes on from there.
                    let found = search.into_found();
                    return if found.batches.is_empty() { Err(undecided) } else { Ok(found) };
                }
            }
        }
        Ok(search.into_found())
    }

    fn client(&self) -> Option<BaseConsumer<ProbeContext>> {
        let mut config = properties::group_consumer(&self.settings).ok()?;
        // The user's own name of the same limit would win by chance.
        config.remove("max.partition.fetch.bytes");
        config.remove("group.instance.id");
        for (key, value) in [
            // The broker sends at least one whole batch, and no second one.
            ("fetch.message.max.bytes", "1"),
            ("fetch.min.bytes", "1"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.error.backoff.ms", "0"),
            ("queued.min.messages", "1"),
            ("auto.offset.reset", "error"),
            ("statistics.interval.ms", "20"),
        ] {
            config.set(key, value);
        }
        let context = ProbeContext::of(ProbePart::default(), self.settings.token.as_ref());
        properties::create(&config, context, &self.settings.properties).ok()
    }
}

/// The partition that is looked at.
struct ProbedPartition<'a> {
    probe: &'a Probe,
    consumer: &'a Arc<BaseConsumer<ProbeContext>>,
    queue: FetchQueue<ProbeContext>,
    topic: &'a str,
    partition: i32,
    is_assigned: bool,
    log_end: i64,
}

impl ProbedPartition<'_> {
    /// The answer to a fetch at an offset. `may_be_passed_over` says that the client may pass over the batch there.
    fn fetch(&mut self, offset: i64, may_be_passed_over: bool) -> Result<FetchAnswer, Undecided> {
        self.go_to(offset).map_err(|_late| Undecided::NoAnswer)?;
        let begun = Instant::now();
        // The counts are up to 20 ms old, so those of the fetches before are told apart by the next counts.
        let earlier = self.consumer.context().counts().number;
        let mut before: Option<AnswerCounts> = None;
        let mut broker_failures = 0;
        while begun.elapsed() < ANSWER_WITHIN && !self.probe.is_ending.load(Ordering::Relaxed) {
            if let Some(fetched) = self.queue.take(POLL_WITHIN) {
                broker_failures += u32::from(matches!(fetched, Fetched::Error { code: RDKafkaErrorCode::Unknown, .. }));
                if broker_failures == BROKER_FAILURES {
                    return Err(Undecided::BrokerFails);
                }
                if let Some(answer) = self.answer_of(fetched, offset) {
                    return Ok(answer);
                }
            }
            // Serves the statistics; records come in the queue above.
            drop(self.consumer.poll(Duration::ZERO));
            let counts = self.consumer.context().counts();
            match before {
                None if counts.number > earlier + 1 => before = Some(counts),
                None => {}
                Some(before) if counts.unparsed >= before.unparsed + EMPTY_ANSWERS => {
                    return Ok(FetchAnswer::Undecodable { reason: UndecodableReason::Records, batch_start: None });
                }
                // Nothing comes of aborted transactions either, so this means something only within a batch that is known for its format.
                Some(before)
                    if may_be_passed_over
                        && begun.elapsed() >= FORMAT_AFTER
                        && counts.passed_over >= before.passed_over + EMPTY_ANSWERS =>
                {
                    return Ok(FetchAnswer::Undecodable { reason: UndecodableReason::Format, batch_start: None });
                }
                Some(_) => {}
            }
        }
        Err(Undecided::NoAnswer)
    }

    fn go_to(&mut self, offset: i64) -> Result<(), KafkaError> {
        if self.is_assigned {
            return self.consumer.seek(self.topic, self.partition, Offset::Offset(offset), ANSWER_WITHIN / 6);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(self.topic, self.partition, Offset::Offset(offset))?;
        self.is_assigned = true;
        self.consumer.assign(&list)
    }

    /// The meaning of what came; `None` where it decides nothing.
    fn answer_of(&self, fetched: Fetched, asked: i64) -> Option<FetchAnswer> {
        use UndecodableReason::{Checksum, Compression, Format, Offsets, Records, Storage};
        let undecodable = |reason, batch_start| Some(FetchAnswer::Undecodable { reason, batch_start });
        match fetched {
            Fetched::Record { offset, .. } if offset < asked => None,
            Fetched::Record { offset, timestamp_ms } => {
                let end = fetched_end(self.consumer, self.topic, self.partition).map_or(self.log_end, |end| end.max(self.log_end));
                if offset >= end { undecodable(Offsets, None) } else { Some(FetchAnswer::Record(timestamp_ms)) }
            }
            Fetched::Error { code: RDKafkaErrorCode::PartitionEOF, .. } => Some(FetchAnswer::End),
            Fetched::Error { code, offset } => match undecodable_reason(code)? {
                reason @ (Checksum | Compression | Format) => undecodable(reason, Some(offset)),
                reason @ (Offsets | Records | Storage) => undecodable(reason, None),
            },
        }
    }
}

/// The reason that an error of the client gives for a batch that cannot be read; `None` for an error that says nothing of a batch.
pub(super) fn undecodable_reason(code: RDKafkaErrorCode) -> Option<UndecodableReason> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other error speaks of brokers or clients")]
    match code {
        RDKafkaErrorCode::BadMessage => Some(UndecodableReason::Checksum),
        RDKafkaErrorCode::BadCompression | RDKafkaErrorCode::CriticalSystemResource => Some(UndecodableReason::Compression),
        RDKafkaErrorCode::NotImplemented => Some(UndecodableReason::Format),
        RDKafkaErrorCode::MessageSizeTooLarge => Some(UndecodableReason::Records),
        RDKafkaErrorCode::InvalidMessage => Some(UndecodableReason::Storage),
        _ => None,
    }
}

/// Numbers of the client's statistics, over all brokers.
#[derive(Clone, Copy, Debug, Default)]
struct AnswerCounts {
    /// The number of statistics so far.
    number: u64,
    /// Parts of answers that could not be parsed.
    unparsed: u64,
    /// Fetches that were answered without a single part that could not be parsed.
    passed_over: u64,
}

type ProbeContext = ContextOf<ProbePart>;

/// What the client of a look hears.
#[derive(Default)]
struct ProbePart {
    counts: Mutex<AnswerCounts>,
}

impl ProbePart {
    fn counts(&self) -> AnswerCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientPart for ProbePart {
    fn stats(&self, statistics: Statistics) {
        let fetches: u64 = statistics.brokers.values().filter_map(|broker| broker.req.get("Fetch")).map(|count| count.unsigned_abs()).sum();
        let unparsed: u64 = statistics.brokers.values().map(|broker| broker.rxpartial).sum();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts = AnswerCounts { number: counts.number + 1, unparsed, passed_over: fetches.saturating_sub(unparsed) };
    }
}

impl ConsumerContext for ProbeContext {}
