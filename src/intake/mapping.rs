//! From a payload to the records that are sent: events to the canonical topics, and what cannot be mapped to the topic of rejected payloads.
//!
//! Does not know where payloads come from.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::config::FeedsConfiguration;
use crate::event::DecodeSettings;
use crate::feed::{Feed, Mapped, MappedEvent, Payload, ProgramError, RecordTarget, Rejection, Tables};
use crate::kafka::StageRecord;
use crate::metrics::feed_telemetry::{FeedTelemetry, PayloadOutcome};
use crate::time::EventTime;

/// How long the mapping of one payload may take.
const PAYLOAD_WITHIN: Duration = Duration::from_millis(100);
/// How long the mapping of one object of an export may take: it has a history, and nobody waits for it.
const EXPORT_WITHIN: Duration = Duration::from_secs(10);

/// A rejected payload is cut off at this length, in bytes, because brokers refuse records of more than a megabyte, and one payload must not stop a feed.
const REJECTED_BYTES_MAX: usize = 900_000;

/// All feeds of the configuration, compiled. A thread that maps or compiles has [`crate::feed::STACK_BYTES`] of stack.
pub struct FeedMapper {
    /// Replaced as a whole, so that a payload is mapped by the feeds of one configuration.
    feeds: ArcSwap<Vec<Feed>>,
    /// What topics have filled into the tables of each feed.
    filled: Mutex<Vec<Tables>>,
    topics: [String; 4],
    rejected_topic: String,
}

/// What mapping one payload counts. It is counted once the payload is settled.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    feed: usize,
    pub(super) outcome: PayloadOutcome,
    event_types: Vec<&'static str>,
    rejection: Option<&'static str>,
    unknown: Vec<(String, String)>,
}

/// A mapped payload.
#[derive(Clone, Debug)]
pub(super) struct MappedPayload {
    /// The records that are sent.
    pub(super) records: Vec<StageRecord>,
    /// Why it was rejected, if it was.
    pub(super) rejection: Option<Rejection>,
    /// The number of its events.
    pub(super) events: usize,
    pub(super) counted: Counted,
}

impl FeedMapper {
    /// Compiles the feeds.
    ///
    /// # Errors
    /// The first fault of a program.
    pub fn new(configuration: &FeedsConfiguration, decode: &DecodeSettings) -> Result<Self, ProgramError> {
        Ok(Self {
            feeds: ArcSwap::from_pointee(compiled(configuration, decode)?),
            filled: Mutex::new(vec![Tables::default(); configuration.feeds.len()]),
            topics: configuration.topics.clone(),
            rejected_topic: configuration.rejected_topic.clone(),
        })
    }

    /// Compiles the feeds of another configuration, and maps with them from now on. It must have the same feeds in the same order. The topics stay.
    ///
    /// # Errors
    /// The first fault of a program; then nothing changes.
    pub fn replace(&self, configuration: &FeedsConfiguration, decode: &DecodeSettings) -> Result<(), ProgramError> {
        let feeds = compiled(configuration, decode)?;
        let filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        // The rows that topics have brought stay.
        feeds.iter().zip(filled.iter()).for_each(|(feed, filled)| feed.set_tables(filled.overlaid(&feed.settings().tables)));
        self.feeds.store(Arc::new(feeds));
        Ok(())
    }

    /// The topics whose rows fill tables of `lookup`, each once.
    #[must_use]
    pub fn table_topics(&self) -> Vec<String> {
        let feeds = self.feeds.load();
        let topics = feeds.iter().flat_map(|feed| &feed.settings().table_topics).map(|table| table.topic.clone());
        topics.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Takes the entries that rows hold into the tables of the feeds that have them. A configured entry has the last word.
    pub fn take_rows<'a>(&self, rows: impl IntoIterator<Item = &'a (String, Vec<u8>)>) {
        let rows: Vec<_> = rows.into_iter().collect();
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        for (feed, filled) in self.feeds.load().iter().zip(filled.iter_mut()) {
            let mut is_changed = false;
            for (topic, row) in &rows {
                for table in feed.settings().table_topics.iter().filter(|table| table.topic == *topic) {
                    if let Some((key, value)) = table.entry(row) {
                        is_changed = true;
                        filled.set(&table.table, key, value);
                    }
                }
            }
            if is_changed {
                feed.set_tables(filled.overlaid(&feed.settings().tables));
            }
        }
    }

    /// Maps a payload of a feed, by the feed's index. `place` says where it came from, for the topic of rejected payloads.
    pub(super) fn map(&self, feed: usize, payload: &Payload<'_>, place: &str) -> MappedPayload {
        let end = Instant::now() + PAYLOAD_WITHIN;
        let feeds = self.feeds.load();
        let mapped = feeds[feed].map(payload, &move || Instant::now() >= end);
        self.sent(&feeds[feed], (feed, payload, place), mapped)
    }

    /// Maps an object of an export, whose whole history comes out at once.
    pub(super) fn map_export(&self, feed: usize, payload: &Payload<'_>, place: &str) -> MappedPayload {
        let end = Instant::now() + EXPORT_WITHIN;
        let feeds = self.feeds.load();
        let mapped = feeds[feed].map_export(payload, &move || Instant::now() >= end);
        self.sent(&feeds[feed], (feed, payload, place), mapped)
    }

    /// The record that says that every ticket which a feed had open was named between two instants.
    #[must_use]
    pub fn end_of_set(&self, feed: usize, began: EventTime, ended: EventTime) -> StageRecord {
        self.event_record(self.feeds.load()[feed].end_of_set(began, ended), None)
    }

    /// The records of a mapped payload.
    fn sent(&self, by: &Feed, (feed, payload, place): (usize, &Payload<'_>, &str), mapped: Mapped) -> MappedPayload {
        let Mapped { events, rejection, unknown } = mapped;
        let event_types = events.iter().map(|event| event.event_type).collect();
        let outcome = match (&rejection, events.is_empty()) {
            (Some(_), _) => PayloadOutcome::Rejected,
            (None, true) => PayloadOutcome::Dropped,
            (None, false) => PayloadOutcome::Mapped,
        };
        let counted =
            Counted { feed, outcome, event_types, rejection: rejection.as_ref().map(|rejection| rejection.reason.name()), unknown };
        let number = events.len();
        let mut records: Vec<StageRecord> = events.into_iter().map(|event| self.event_record(event, payload.timestamp)).collect();
        if let Some(rejection) = &rejection {
            records.push(self.rejected(&by.settings().name, payload, rejection, place));
        }
        MappedPayload { records, rejection, events: number, counted }
    }

    /// The record of an event. It is never stamped later than the payload came: brokers refuse such records, and the service could not see that an event is
    /// of the future.
    fn event_record(&self, event: MappedEvent, arrival: Option<EventTime>) -> StageRecord {
        StageRecord {
            topic: self.topics[event.kind as usize].clone(),
            is_for_every_partition: event.target == RecordTarget::EveryPartition,
            key: match event.target {
                RecordTarget::Key(key) => key,
                RecordTarget::EveryPartition => String::new(),
            },
            time: Some(arrival.map_or(event.time, |arrival| arrival.min(event.time))),
            value: event.json,
            headers: Vec::new(),
        }
    }

    /// The record of a rejected payload: the payload as it came (its first part, if it is very large), with the reason in its headers.
    fn rejected(&self, name: &str, payload: &Payload<'_>, rejection: &Rejection, place: &str) -> StageRecord {
        let value = payload.value.unwrap_or_default();
        let kept = &value[..value.len().min(REJECTED_BYTES_MAX)];
        let headers = [
            ("cx_feed", name.to_owned()),
            ("cx_reason", rejection.reason.name().to_owned()),
            ("cx_what", rejection.what.clone()),
            ("cx_line", rejection.line.to_string()),
            ("cx_from", place.to_owned()),
            ("cx_bytes", value.len().to_string()),
        ];
        StageRecord {
            topic: self.rejected_topic.clone(),
            key: name.to_owned(),
            is_for_every_partition: false,
            time: payload.timestamp,
            value: kept.to_vec(),
            headers: headers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }
}

fn compiled(configuration: &FeedsConfiguration, decode: &DecodeSettings) -> Result<Vec<Feed>, ProgramError> {
    configuration.feeds.iter().map(|feed| Feed::new(feed.settings.clone(), decode.clone())).collect()
}

impl Counted {
    /// Whether an event of this type was made.
    pub(super) fn has_event(&self, event_type: &str) -> bool {
        self.event_types.contains(&event_type)
    }

    /// Counts.
    pub(super) fn count(&self, names: &[String], telemetry: &FeedTelemetry) {
        let feed = names[self.feed].as_str();
        telemetry.count_payloads(feed, self.outcome, 1);
        self.event_types.iter().for_each(|event_type| telemetry.count_events(feed, event_type, 1));
        self.rejection.iter().for_each(|reason| telemetry.count_rejected(feed, reason));
        self.unknown.iter().for_each(|(member, value)| telemetry.count_unknown(feed, member, value));
    }
}
