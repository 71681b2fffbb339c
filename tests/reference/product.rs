//! The product as a test drives it: lines in, the text of its exposition out, parsed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cxpulse::config::{
    ClockSource, Configuration, ExportSettings, KafkaSettings, LogSettings, RunSettings, Start, Undecodable, WebSettings,
};
use cxpulse::engine::{Engine, PartitionGroup, Progress, RecordPlace, TopicIndex};
use cxpulse::event::{DecodeSettings, DimensionOwner, DimensionSettings, FeedSettings, IdentityKey, Record, Scale, TopicSettings, decode};
use cxpulse::metrics::Exposition;
use cxpulse::time::EventTime;
use rustc_hash::FxHashMap;

use super::outcome::Arrival;
use super::series::Series;
use super::setup::Setup;

/// Groups of fewer cases do not stand by themselves where a change is taken apart. Small, because random histories are short.
pub(crate) const CASES_MIN: u32 = 2;

/// What the product exports.
pub(crate) type Exported = FxHashMap<Series, f64>;

/// Decoder, engine and exposition, wired as in production but for Kafka.
pub(crate) struct Product {
    topics: Vec<TopicSettings>,
    decoding: DecodeSettings,
    engine: Engine,
    exposition: Exposition,
    offset: i64,
}

impl Product {
    /// With some partition groups assigned.
    pub(crate) fn new(setup: &Setup, groups: i32) -> Self {
        let configuration = configuration(setup);
        let mut engine = Engine::new(Arc::new(setup.engine.clone()));
        for group in 0..groups {
            engine.assign(PartitionGroup(group));
        }
        let exposition = Exposition::new(&configuration);
        Self { topics: configuration.topics, decoding: configuration.decode, engine, exposition, offset: 0 }
    }

    /// Takes one record and gives the name of its outcome.
    pub(crate) fn take(&mut self, arrival: &Arrival) -> &'static str {
        let topic = u8::try_from(arrival.topic).expect("few topics");
        let record = Record {
            payload: Some(&arrival.line),
            timestamp: arrival.record_time.map(EventTime),
            offset: self.offset,
            ..Record::default()
        };
        let decoded = decode(record, &self.topics[arrival.topic], &self.decoding);
        let group = PartitionGroup(arrival.group);
        let record_time = arrival.record_time.map(EventTime);
        let place = RecordPlace { group, topic: TopicIndex(topic), offset: self.offset, record_time };
        self.offset += 1;
        self.engine.handle(place, &decoded).name()
    }

    /// Says that every log has been read to its end.
    pub(crate) fn reach_ends(&mut self, groups: i32) {
        let Some(seen_through) = self.engine.largest_event_time() else { return };
        for group in 0..groups {
            for topic in 0..self.topics.len() {
                let topic = TopicIndex(u8::try_from(topic).expect("few topics"));
                self.engine.set_progress(PartitionGroup(group), topic, Progress { at_end: true, seen_through });
            }
        }
    }

    /// Takes a partition group's contribution out and in again.
    pub(crate) fn hand_over(&mut self, group: i32) {
        self.engine.revoke(PartitionGroup(group));
        drop(self.engine.snapshot());
        self.engine.assign(PartitionGroup(group));
    }

    /// The exposition at `now`.
    pub(crate) fn look(&mut self, now: i64) -> Exported {
        self.engine.advance_to(EventTime(now));
        let mut text = String::new();
        self.exposition.render(&self.engine.snapshot(), &mut text);
        parse(&text)
    }
}

/// Parses an exposition; a series given twice is a fault of the product.
pub(crate) fn parse(text: &str) -> Exported {
    let mut out = Exported::default();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series, value) = Series::parse(line).unwrap_or_else(|| panic!("no series: {line}"));
        let value: f64 = value.trim().parse().unwrap_or_else(|_| panic!("no value: {line}"));
        assert!(!value.is_nan(), "NaN is never exported: {line}");
        assert!(out.insert(series, value).is_none(), "given twice: {line}");
    }
    out
}

/// The configuration around some engine settings.
pub(crate) fn configuration(setup: &Setup) -> Configuration {
    let settings = &setup.engine;
    let feed = |name: &str| {
        let owns_customers = setup.own_customers.iter().any(|feed| feed == name);
        (!name.is_empty()).then(|| FeedSettings { name: name.to_owned(), owns_customers })
    };
    let topic = |(index, topic): (usize, &cxpulse::engine::EngineTopic)| TopicSettings {
        name: topic.name.clone(),
        kind: topic.kind,
        feed: feed(setup.feed(index)),
        allowed_lateness: topic.allowed_lateness,
        identity_from_record: false,
        time_from_record: false,
        ignored_types: Vec::new(),
        feed_began: topic.feed_began,
    };
    let dimension = |dimension: &cxpulse::engine::EngineDimension| DimensionSettings {
        name: dimension.name.clone(),
        owner: if dimension.of_customer { DimensionOwner::Customer } else { DimensionOwner::Contact },
        renames: setup.renames.get(&dimension.name).cloned().unwrap_or_default(),
        values_max: dimension.values_max,
    };
    let sets = settings.grouping_sets.iter().enumerate();
    Configuration {
        kafka: KafkaSettings {
            bootstrap_servers: "127.0.0.1:1".to_owned(),
            group_id: "reference".to_owned(),
            properties: BTreeMap::new(),
            queue_kbytes_per_partition: 1,
            undecodable: Undecodable::Skip,
            allow_insecure: false,
            token: None,
        },
        topics: settings.topics.iter().enumerate().map(topic).collect(),
        decode: DecodeSettings {
            identity_key: IdentityKey([7; 16]),
            dimensions: settings.dimensions.iter().map(dimension).collect(),
            ces_ease: None,
            csat_scale: Scale { min: 1_000_000, max: 5_000_000, ease: false },
            ces_scale: Scale { min: 1_000_000, max: 7_000_000, ease: false },
        },
        engine: settings.clone(),
        checkpoint: Configuration::default().checkpoint,
        dead_letters: None,
        run: RunSettings { start: Start::Beginning, clock: ClockSource::Event, workers: 1, snapshot_interval: Duration::from_millis(250) },
        web: WebSettings { group_size_min: CASES_MIN, ..Configuration::default().web },
        log: LogSettings { filter: "off".to_owned(), json: false },
        export: ExportSettings { bucket_sets: sets.filter(|(_, set)| set.len() == 1).map(|(i, _)| i).collect() },
        changes: Vec::new(),
    }
}
