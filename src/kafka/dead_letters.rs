//! Copies of refused records in a topic of their own, and notices of batches that were passed over: sends them in order, knows which are confirmed, and tries again those that are not.
//!
//! A record counts as done only when its copy is confirmed: the committed offset of a partition stops before the first copy that is not, and a
//! checkpoint waits for those that were sent before it. No record waits for its copy. Does not know why a record was refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::client_context::{ClientPart, ContextOf};
use super::failure::Failure;
use super::log_identity::TopicId;
use super::losses::SkippedBatch;
use super::partition_progress::TopicPartition;
use super::properties;
use super::read_again::timestamp_ms;
use super::sink::RefusedRecord;
use super::undecodable::ATTEMPTS;
use crate::config::{DeadLetterSettings, KafkaSettings, OnLetterFailure};
use crate::kill_point::KillPoint;
use crate::time::EventTime;

/// The names of the headers that a copy has beside those of its record.
pub mod header {
    /// With this begin the names of all headers that a copy has beside those of its record.
    pub const PREFIX: &str = "cxpulse.";
    /// Why the record was refused.
    pub const REASON: &str = "cxpulse.reason";
    /// The member of the event that is wrong; empty where it is the whole record.
    pub const MEMBER: &str = "cxpulse.member";
    /// The topic of the record.
    pub const TOPIC: &str = "cxpulse.topic";
    /// Its partition.
    pub const PARTITION: &str = "cxpulse.partition";
    /// Its offset.
    pub const OFFSET: &str = "cxpulse.offset";
    /// Its timestamp, in milliseconds since 1970; absent where it had none.
    pub const TIME: &str = "cxpulse.time";
    /// The length of the value in bytes, on a copy whose value was cut because the topic takes none of that size.
    pub const CUT_FROM: &str = "cxpulse.cut_from_bytes";
    /// Only on the notice of a batch whose records cannot be read, which has no key and no value: the offset after its last record. The offset of the notice
    /// is that of its first.
    pub const END_OFFSET: &str = "cxpulse.end_offset";
    /// Only on such a notice: how often its first offset was fetched in vain.
    pub const ATTEMPTS: &str = "cxpulse.attempts";
}

/// From a partition with so many unconfirmed copies nothing is taken.
const UNCONFIRMED_MAX: usize = 20_000;
/// Nothing is taken from partitions with unconfirmed copies while all of them together have so many bytes.
const BYTES_MAX: usize = 16 << 20;
/// After so long without a confirmation the service is not ready.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often failed copies are sent again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// The length in bytes to which a value is cut that the topic does not take.
const CUT_TO_BYTES: usize = 64 << 10;

/// The copies of all workers.
pub struct DeadLetters {
    producer: ThreadedProducer<LetterContext>,
    copies: Arc<Mutex<Copies>>,
    settings: DeadLetterSettings,
    sources: Vec<String>,
}

/// The copies that a state waits for: of each topic partition, the last offset that was not confirmed when the state was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterBarrier(Vec<(TopicPartition, i64)>);

/// What became of copies since the last look, by topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetterCounts {
    /// Copies that were confirmed.
    pub confirmed: u64,
    /// Tries that failed.
    pub failed: u64,
}

#[derive(Default)]
struct Copies {
    partitions: BTreeMap<TopicPartition, Outstanding>,
    /// The bytes of unconfirmed copies.
    bytes: usize,
    failed: Vec<FailedLetter>,
    /// Why the last try failed.
    failure: Option<String>,
    /// The last confirmation, or since when one is waited for.
    heard_at: Option<Instant>,
    retried_at: Option<Instant>,
    counts: Vec<LetterCounts>,
}

/// The copies of one topic partition.
#[derive(Debug, Default)]
struct Outstanding {
    unconfirmed: BTreeSet<i64>,
    /// The offset up to which every record was handled.
    handled: i64,
    /// Records below this offset were copied before, by this process or another one.
    copied_below: i64,
    /// The offset that was committed last.
    committed: i64,
    topic_id: Option<TopicId>,
    has_failed: bool,
}

/// A copy to be sent again.
struct FailedLetter {
    place: LetterPlace,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: OwnedHeaders,
}

/// The record of a copy.
#[derive(Clone, Copy, Debug)]
struct LetterPlace {
    at: TopicPartition,
    offset: i64,
    bytes: usize,
}

impl DeadLetters {
    /// Makes a producer for copies of the records of these topics; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(kafka: &KafkaSettings, settings: &DeadLetterSettings, sources: Vec<String>) -> Result<Self, Failure> {
        let mut config = properties::common(kafka)?;
        config.remove("allow.auto.create.topics");
        for (key, value) in [("partitioner", "murmur2_random"), ("compression.type", "zstd"), ("linger.ms", "20")] {
            if config.get(key).is_none() {
                config.set(key, value);
            }
        }
        // What is too large is refused by the topic and not by the client, so that its limit is in one place.
        config.set("enable.idempotence", "true").set("message.timeout.ms", "10000").set("message.max.bytes", "16000000");
        config.set("topic.metadata.propagation.max.ms", "2000");
        let copies = Copies { counts: vec![LetterCounts::default(); sources.len()], ..Copies::default() };
        let copies = Arc::new(Mutex::new(copies));
        let part = LetterPart { copies: Arc::clone(&copies), on_failure: settings.on_failure };
        let context = LetterContext::of(part, kafka.token.as_ref());
        let producer = properties::create(&config, context, &kafka.properties)?;
        Ok(Self { producer, copies, settings: settings.clone(), sources })
    }

    /// The partition is assigned. Records below an offset were copied before. Where its topic is another one, what was known of its copies means
    /// nothing.
    pub(super) fn begin(&self, at: TopicPartition, topic_id: Option<TopicId>, copied_below: i64) {
        let mut copies = self.copies();
        let outstanding = copies.partitions.entry(at).or_default();
        if outstanding.topic_id.is_some() && outstanding.topic_id != topic_id {
            *outstanding = Outstanding::default();
        }
        outstanding.topic_id = topic_id;
        outstanding.copied_below = outstanding.copied_below.max(copied_below);
    }

    pub(super) fn topic_id(&self, at: TopicPartition) -> Option<TopicId> {
        self.copies().partitions.get(&at)?.topic_id
    }

    /// Whether records may be taken from a partition: no copy of it has failed, and not too many wait for their confirmation.
    pub(super) fn accepts(&self, at: TopicPartition) -> bool {
        let copies = self.copies();
        copies.partitions.get(&at).is_none_or(|outstanding| {
            let waiting = outstanding.unconfirmed.len();
            waiting == 0 || (!outstanding.has_failed && waiting < UNCONFIRMED_MAX && copies.bytes < BYTES_MAX)
        })
    }

    /// Whether nothing is taken from a partition because a copy could not be written.
    #[must_use]
    pub fn is_holding(&self, at: TopicPartition) -> bool {
        self.copies().partitions.get(&at).is_some_and(|outstanding| outstanding.has_failed)
    }

    /// Sends a copy of a refused record. Does not wait.
    pub(super) fn send(&self, at: TopicPartition, message: &BorrowedMessage<'_>, refused: RefusedRecord) {
        let offset = message.offset();
        let (key, value) = (message.key(), message.payload());
        let bytes = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len) + 512;
        let place = LetterPlace { at, offset, bytes };
        if !self.expect(place) {
            return;
        }
        // Names that are no UTF-8 are copied as they are; reading one by the safe interface would panic.
        let headers = message.headers().map_or_else(OwnedHeaders::new, |headers| headers.detach());
        let headers = with_text(headers, header::REASON, refused.reason);
        let headers = with_text(headers, header::MEMBER, refused.member);
        let mut headers = self.with_place(headers, place);
        if let Some(timestamp) = timestamp_ms(message) {
            headers = with_text(headers, header::TIME, &EventTime(timestamp).0.to_string());
        }
        self.produce(place, key, value, headers);
    }

    /// Sends the notice of a batch whose records are passed over, because they cannot be read. Does not wait. Called before the batch counts as handled, so that
    /// no offset behind it is committed, and no state that knows of it is stored, before the notice is confirmed.
    pub(super) fn send_notice(&self, at: TopicPartition, batch: &SkippedBatch) {
        let offsets = &batch.loss.offsets;
        let place = LetterPlace { at, offset: offsets.start, bytes: 512 };
        if !self.expect(place) {
            return;
        }
        let headers = with_text(OwnedHeaders::new(), header::REASON, batch.reason.name());
        let headers = self.with_place(headers, place);
        let headers = with_text(headers, header::END_OFFSET, &offsets.end.to_string());
        self.produce(place, None, None, with_text(headers, header::ATTEMPTS, &ATTEMPTS.to_string()));
    }

    /// Waits for the confirmation of a copy from now on; false where it was copied before, or is waited for already.
    fn expect(&self, place: LetterPlace) -> bool {
        let mut copies = self.copies();
        let outstanding = copies.partitions.entry(place.at).or_default();
        if place.offset < outstanding.copied_below || !outstanding.unconfirmed.insert(place.offset) {
            return false;
        }
        copies.bytes += place.bytes;
        copies.heard_at.get_or_insert_with(Instant::now);
        true
    }

    fn with_place(&self, headers: OwnedHeaders, place: LetterPlace) -> OwnedHeaders {
        let headers = with_text(headers, header::TOPIC, &self.sources[place.at.topic]);
        let headers = with_text(headers, header::PARTITION, &place.at.partition.to_string());
        with_text(headers, header::OFFSET, &place.offset.to_string())
    }

    fn produce(&self, place: LetterPlace, key: Option<&[u8]>, value: Option<&[u8]>, headers: OwnedHeaders) {
        let mut record: BaseRecord<'_, [u8], [u8], Box<LetterPlace>> =
            BaseRecord::with_opaque_to(&self.settings.topic, Box::new(place)).headers(headers);
        (record.key, record.payload) = (key, value);
        if let Err((error, record)) = self.producer.send(record) {
            let headers = record.headers.unwrap_or_default();
            let letter = FailedLetter { place, key: key.map(<[u8]>::to_vec), value: value.map(<[u8]>::to_vec), headers };
            self.copies().fail(letter, &error, self.settings.on_failure);
        }
        KillPoint::LetterSent.pass();
    }

    /// Every record of a partition below this offset was handled.
    pub fn note_handled(&self, at: TopicPartition, next_offset: i64) {
        let mut copies = self.copies();
        let outstanding = copies.partitions.entry(at).or_default();
        outstanding.handled = outstanding.handled.max(next_offset);
    }

    /// Sends failed copies again, at most once a second.
    pub(super) fn retry(&self) {
        let failed = {
            let mut copies = self.copies();
            if copies.failed.is_empty() || copies.retried_at.is_some_and(|at| at.elapsed() < RETRY_EVERY) {
                return;
            }
            copies.retried_at = Some(Instant::now());
            std::mem::take(&mut copies.failed)
        };
        for FailedLetter { place, key, value, headers } in failed {
            self.produce(place, key.as_deref(), value.as_deref(), headers);
        }
    }

    /// Waits until every copy is confirmed, at most this long.
    pub fn flush(&self, within: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < within && self.copies().partitions.values().any(|outstanding| !outstanding.unconfirmed.is_empty()) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The offset of a partition up to which every record was handled and every copy is confirmed; `None` where it was given before.
    pub(super) fn take_commit(&self, at: TopicPartition) -> Option<i64> {
        let mut copies = self.copies();
        let outstanding = copies.partitions.get_mut(&at)?;
        let safe = outstanding.unconfirmed.first().copied().unwrap_or(outstanding.handled);
        // A state that lies behind what was copied before must not take it back.
        if safe <= outstanding.committed.max(outstanding.copied_below) {
            return None;
        }
        outstanding.committed = safe;
        Some(safe)
    }

    /// The copies of a partition group that are not confirmed now.
    #[must_use]
    pub fn barrier(&self, group: i32) -> LetterBarrier {
        let copies = self.copies();
        let of_group = copies.partitions.iter().filter(|(at, _)| at.partition == group);
        LetterBarrier(of_group.filter_map(|(at, outstanding)| Some((*at, *outstanding.unconfirmed.last()?))).collect())
    }

    /// Whether all copies of a barrier are confirmed.
    #[must_use]
    pub fn has_passed(&self, barrier: &LetterBarrier) -> bool {
        let copies = self.copies();
        barrier.0.iter().all(|(at, last)| {
            copies.partitions.get(at).is_some_and(|outstanding| outstanding.unconfirmed.first().is_none_or(|first| first > last))
        })
    }

    /// Why the service is not ready: copies cannot be written.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let copies = self.copies();
        let topic = &self.settings.topic;
        if let Some(why) = copies.failure.as_ref().filter(|_| copies.partitions.values().any(|outstanding| outstanding.has_failed)) {
            return Some(format!("refused records cannot be copied to the topic \"{topic}\" ({why}), so their partitions wait"));
        }
        let is_silent = copies.heard_at.is_some_and(|at| at.elapsed() > SILENCE_MAX);
        is_silent.then(|| format!("copies of refused records in the topic \"{topic}\" are not confirmed"))
    }

    /// What became of copies since the last call, by topic.
    pub fn take_counts(&self) -> Vec<LetterCounts> {
        let mut copies = self.copies();
        let empty = vec![LetterCounts::default(); copies.counts.len()];
        std::mem::replace(&mut copies.counts, empty)
    }

    fn copies(&self) -> MutexGuard<'_, Copies> {
        lock(&self.copies)
    }
}

impl Drop for DeadLetters {
    fn drop(&mut self) {
        // What is not confirmed by now comes again at the next start.
        drop(self.producer.flush(Duration::from_millis(500)));
    }
}

impl LetterBarrier {
    /// Whether there is nothing to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Copies {
    fn confirm(&mut self, place: LetterPlace) {
        self.end(place);
        self.counts[place.at.topic].confirmed += 1;
        self.failure = None;
    }

    /// A copy is not waited for any more.
    fn end(&mut self, place: LetterPlace) {
        self.bytes = self.bytes.saturating_sub(place.bytes);
        if let Some(outstanding) = self.partitions.get_mut(&place.at) {
            outstanding.unconfirmed.remove(&place.offset);
            outstanding.has_failed &= !outstanding.unconfirmed.is_empty();
        }
        let is_waiting = self.partitions.values().any(|outstanding| !outstanding.unconfirmed.is_empty());
        self.heard_at = is_waiting.then(Instant::now);
    }

    fn fail(&mut self, mut letter: FailedLetter, error: &KafkaError, on_failure: OnLetterFailure) {
        let code = error.rdkafka_error_code();
        let is_known = self.partitions.get(&letter.place.at).is_some_and(|of| of.unconfirmed.contains(&letter.place.offset));
        if !is_known {
            // Its log is another one now.
            return;
        }
        let is_too_large = matches!(code, Some(RDKafkaErrorCode::MessageSizeTooLarge));
        let length = letter.value.as_ref().map_or(0, Vec::len);
        if is_too_large && length > CUT_TO_BYTES {
            letter.headers = with_text(std::mem::take(&mut letter.headers), header::CUT_FROM, &length.to_string());
            letter.value.iter_mut().for_each(|value| value.truncate(CUT_TO_BYTES));
            self.failed.push(letter);
            return;
        }
        self.counts[letter.place.at.topic].failed += 1;
        let why = code.map_or_else(|| error.to_string(), |code| code.to_string());
        if self.failure.as_ref() != Some(&why) {
            tracing::warn!(target: "cxpulse::kafka", "refused records cannot be copied: {why}");
        }
        self.failure = Some(why);
        match on_failure {
            OnLetterFailure::Drop => self.end(letter.place),
            OnLetterFailure::Pause => {
                self.partitions.entry(letter.place.at).or_default().has_failed = true;
                self.failed.push(letter);
            }
        }
    }
}

type LetterContext = ContextOf<LetterPart>;

/// What becomes of the delivery reports.
struct LetterPart {
    copies: Arc<Mutex<Copies>>,
    on_failure: OnLetterFailure,
}

impl ClientPart for LetterPart {}

impl ProducerContext for LetterContext {
    type DeliveryOpaque = Box<LetterPlace>;

    fn delivery(&self, result: &DeliveryResult<'_>, place: Self::DeliveryOpaque) {
        if result.is_ok() {
            KillPoint::LetterConfirmed.pass();
        }
        let mut copies = lock(&self.copies);
        match result {
            Ok(_) => copies.confirm(*place),
            Err((error, message)) => {
                let headers = message.headers().map_or_else(OwnedHeaders::new, |headers| headers.detach());
                let (key, value) = (message.key().map(<[u8]>::to_vec), message.payload().map(<[u8]>::to_vec));
                copies.fail(FailedLetter { place: *place, key, value, headers }, error, self.on_failure);
            }
        }
    }
}

fn with_text(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(value) })
}

fn lock(copies: &Mutex<Copies>) -> MutexGuard<'_, Copies> {
    // Plain numbers that are never half changed.
    copies.lock().unwrap_or_else(PoisonError::into_inner)
}
