//! The session below the service: where reading begins, and in which order records come.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use cxpulse::kafka::{
    ArrivedRecord, AssignmentChange, Cluster, LastRecord, LogIdentity, Lookup, LookupError, Loss, PartitionProgress, RecordComparison,
    RefusedRecord, Session, SessionSettings, Sink, SkippedBatch, StartAt, TopicId, TopicPartition, WorkerPartitions,
};
use cxpulse::time::EventTime;

use super::set_up::{Broker, NINE, TOPICS, until};

/// A sink that notes the topic, offset and timestamp of each record.
#[derive(Default)]
struct Notes {
    arrived: Vec<(usize, i64, i64)>,
    identities: BTreeMap<TopicPartition, LogIdentity>,
    lost: Vec<(usize, Range<i64>)>,
    rebuilt: Vec<i32>,
    revoked: bool,
}

impl Sink for Notes {
    fn assign(&mut self, _partitions: &[i32]) {}

    fn next_offset(&self, at: TopicPartition) -> Option<i64> {
        // As if the second topic had been read up to this offset before.
        (at.topic == 1 && self.rebuilt.is_empty()).then_some(7)
    }

    fn log_identity(&self, at: TopicPartition) -> LogIdentity {
        self.identities.get(&at).copied().unwrap_or_default()
    }

    fn revoke(&mut self, _partitions: &[i32]) {
        self.revoked = true;
    }

    fn rebuild(&mut self, partitions: &[i32]) {
        self.rebuilt.extend(partitions);
        self.identities.clear();
    }

    fn lost(&mut self, at: TopicPartition, loss: &Loss) {
        self.lost.push((at.topic, loss.offsets.clone()));
    }

    fn skipped(&mut self, at: TopicPartition, batch: &SkippedBatch) {
        self.lost.push((at.topic, batch.loss.offsets.clone()));
    }

    fn rebalanced(_sinks: &mut [&mut Self], _partitions: &[i32], _change: AssignmentChange) {}

    fn settle(&mut self) {}

    fn progressed(&mut self, progress: &PartitionProgress) {
        self.identities.insert(progress.at(), progress.identity());
    }

    fn record(&mut self, arrived: ArrivedRecord<'_>) -> Option<RefusedRecord> {
        self.arrived.push((arrived.at.topic, arrived.record.offset, arrived.record.timestamp.map_or(0, |time| time.0)));
        None
    }
}

/// The cluster, but with an answer to times, which the mock broker does not have.
struct WithTimes(Cluster);

impl Lookup for WithTimes {
    fn logs(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Range<i64>)>, LookupError> {
        self.0.logs(partitions)
    }

    fn stable_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        self.0.stable_ends(partitions)
    }

    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        assert_eq!(timestamp_ms, NINE);
        Ok(partitions.iter().map(|at| (*at, 4)).collect())
    }

    fn partition_counts(&self) -> Result<Vec<usize>, LookupError> {
        self.0.partition_counts()
    }

    fn topic_ids(&self) -> Result<Vec<Option<TopicId>>, LookupError> {
        self.0.topic_ids()
    }

    fn compare_records(&self, records: &[(TopicPartition, LastRecord)]) -> Result<Vec<(TopicPartition, RecordComparison)>, LookupError> {
        self.0.compare_records(records)
    }
}

/// Joins with one partition a topic and polls until `count` records came.
fn collect(broker: &Broker, group: &str, starts: [StartAt; 4], count: usize) -> Vec<(usize, i64, i64)> {
    let kafka = broker.configuration(group).kafka;
    let names = TOPICS.map(str::to_owned).to_vec();
    let lookup = Box::new(WithTimes(Cluster::new(&kafka, names.clone()).unwrap()));
    let workers: Arc<[WorkerPartitions<Notes>]> = Arc::new([WorkerPartitions::new(Notes::default())]);
    let settings = SessionSettings { kafka, topics: names.into_iter().zip(starts).collect(), dead_letters: None };
    let mut session = Session::join(&settings, lookup, Arc::clone(&workers)).unwrap();
    until("every record came and every end is known", || {
        session.poll(Duration::from_millis(10)).unwrap();
        // A pause between rounds lets every queue fill, so that the order is the choice of the session and not of the network.
        std::thread::sleep(Duration::from_millis(50));
        while workers[0].take_turn().unwrap() > 0 {}
        workers[0].stop().sink().arrived.len() >= count && session.progress().all(|progress| progress.is_at_end())
    });
    drop(session);
    let mut worker = workers[0].stop();
    assert!(worker.sink().revoked, "leaving takes the partitions out");
    worker.sink().arrived.clone()
}

#[test]
fn reading_begins_where_the_sink_left_off_else_at_the_time_else_at_the_first_offset() {
    let broker = Broker::without_topics();
    for topic in TOPICS {
        broker.create(topic, 1);
        for n in 0..10 {
            broker.send_at(topic, 0, NINE + n, b"{}");
        }
    }
    broker.flush();
    let time = StartAt::Time(EventTime(NINE));
    let arrived = collect(&broker, "starts", [time, time, time, StartAt::Beginning], 6 + 3 + 6 + 10);
    for (topic, first) in [(0, 4), (1, 7), (2, 4), (3, 0)] {
        let offsets: Vec<i64> = arrived.iter().filter(|(of, _, _)| *of == topic).map(|(_, offset, _)| *offset).collect();
        assert_eq!(offsets, (first..10).collect::<Vec<_>>(), "{}", TOPICS[topic]);
    }
}

#[test]
fn a_log_that_goes_on_below_what_was_read_of_it_and_holds_another_record_is_read_anew() {
    let broker = Broker::without_topics();
    TOPICS.iter().for_each(|topic| broker.create(topic, 1));
    // Seven records of the second topic were read before, and the last of them was another one. The first topic is whole.
    broker.send_at("tickets", 0, NINE, b"{}");
    (0..9).for_each(|_| broker.send_at("chats", 0, NINE, b"{}"));
    broker.flush();
    let mut notes = Notes::default();
    let last_record = LastRecord { offset: 6, timestamp_ms: Some(NINE), hash: 0 };
    notes.identities.insert(TopicPartition { topic: 1, partition: 0 }, LogIdentity { topic_id: None, last_record: Some(last_record) });
    let kafka = broker.configuration("again").kafka;
    let lookup = Box::new(Cluster::new(&kafka, TOPICS.map(str::to_owned).to_vec()).unwrap());
    let workers: Arc<[WorkerPartitions<Notes>]> = Arc::new([WorkerPartitions::new(notes)]);
    let settings = SessionSettings {
        kafka,
        topics: TOPICS.iter().map(|topic| ((*topic).to_owned(), StartAt::Beginning)).collect(),
        dead_letters: None,
    };
    let mut session = Session::join(&settings, lookup, Arc::clone(&workers)).unwrap();
    until("all records came", || {
        session.poll(Duration::from_millis(10)).unwrap();
        while workers[0].take_turn().unwrap() > 0 {}
        workers[0].stop().sink().arrived.len() >= 10
    });
    let mut worker = workers[0].stop();
    assert_eq!(worker.sink().rebuilt, [0]);
    let chats: Vec<i64> = worker.sink().arrived.iter().filter(|(topic, ..)| *topic == 1).map(|(_, offset, _)| *offset).collect();
    assert_eq!(chats, (0..9).collect::<Vec<_>>(), "from its first record");
}

#[test]
fn histories_of_different_density_meet_in_the_order_of_their_times() {
    let broker = Broker::without_topics();
    TOPICS.iter().for_each(|topic| broker.create(topic, 1));
    // A ticket every second, a survey every hundred seconds: a reader that alternated by count would be far ahead in the surveys.
    for n in 0..1000 {
        broker.send_at("tickets", 0, NINE + n * 1000, b"{}");
    }
    for n in 0..10 {
        broker.send_at("surveys", 0, NINE + n * 100_000, b"{}");
    }
    broker.flush();
    let arrived = collect(&broker, "order", [StartAt::Beginning; 4], 1010);
    let mut latest = i64::MIN;
    let worst = arrived.iter().map(|(_, _, time)| {
        latest = latest.max(*time);
        latest - time
    });
    assert!(worst.max() <= Some(100_000), "no record comes later than one step of the sparse topic");
}
