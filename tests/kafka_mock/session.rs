//! The session below the service: where reading begins, and in which order records come.

use std::sync::Arc;
use std::time::Duration;

use cxpulse::kafka::{
    ArrivedRecord, AssignmentChange, Cluster, Failure, Lookup, LookupError, PartitionProgress, Session, SessionSettings, Sink, StartAt,
    TopicPartition, WorkerPartitions,
};
use cxpulse::time::EventTime;

use super::set_up::{Broker, NINE, TOPICS, until};

/// A sink that notes the topic, offset and timestamp of each record.
#[derive(Default)]
struct Notes {
    arrived: Vec<(usize, i64, i64)>,
    revoked: bool,
}

impl Sink for Notes {
    fn assign(&mut self, _partitions: &[i32]) {}

    fn next_offset(&self, at: TopicPartition) -> Option<i64> {
        // As if the second topic had been read up to this offset before.
        (at.topic == 1).then_some(7)
    }

    fn revoke(&mut self, _partitions: &[i32]) {
        self.revoked = true;
    }

    fn rebalanced(_sinks: &mut [&mut Self], _partitions: &[i32], _change: AssignmentChange) {}

    fn settle(&mut self) {}

    fn progressed(&mut self, _progress: &PartitionProgress) {}

    fn record(&mut self, arrived: ArrivedRecord<'_>) {
        self.arrived.push((arrived.at.topic, arrived.record.offset, arrived.record.timestamp.map_or(0, |time| time.0)));
    }
}

/// The cluster, but with an answer to times, which the mock broker does not have.
struct WithTimes(Cluster);

impl Lookup for WithTimes {
    fn log_ends(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        self.0.log_ends(partitions)
    }

    fn offsets_at(&self, timestamp_ms: i64, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, i64)>, LookupError> {
        assert_eq!(timestamp_ms, NINE);
        Ok(partitions.iter().map(|at| (*at, 4)).collect())
    }

    fn partition_counts(&self) -> Result<Vec<usize>, LookupError> {
        self.0.partition_counts()
    }
}

/// Joins with one partition a topic and polls until `count` records came.
fn collect(broker: &Broker, group: &str, starts: [StartAt; 4], count: usize) -> Vec<(usize, i64, i64)> {
    let kafka = broker.configuration(group).kafka;
    let names = TOPICS.map(str::to_owned).to_vec();
    let lookup = Box::new(WithTimes(Cluster::new(&kafka, names.clone()).unwrap()));
    let workers: Arc<[WorkerPartitions<Notes>]> = Arc::new([WorkerPartitions::new(Notes::default())]);
    let settings = SessionSettings { kafka, topics: names.into_iter().zip(starts).collect() };
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
fn a_log_that_goes_on_below_what_was_read_of_it_is_named_and_ends_the_session() {
    let broker = Broker::without_topics();
    TOPICS.iter().for_each(|topic| broker.create(topic, 1));
    // Seven records of the second topic were read before it was deleted and created again.
    broker.send_at("chats", 0, NINE, b"{}");
    broker.flush();
    let kafka = broker.configuration("again").kafka;
    let lookup = Box::new(Cluster::new(&kafka, TOPICS.map(str::to_owned).to_vec()).unwrap());
    let workers: Arc<[WorkerPartitions<Notes>]> = Arc::new([WorkerPartitions::new(Notes::default())]);
    let settings = SessionSettings { kafka, topics: TOPICS.iter().map(|topic| ((*topic).to_owned(), StartAt::Beginning)).collect() };
    let mut session = Session::join(&settings, lookup, Arc::clone(&workers)).unwrap();
    let mut failure = None;
    until("the record comes", || {
        session.poll(Duration::from_millis(10)).unwrap();
        failure = workers[0].take_turn().err();
        failure.is_some()
    });
    let failure = failure.unwrap();
    let expected = Failure::WentBack { topic: "chats".to_owned(), partition: 0, found: 0, expected: 7 };
    assert_eq!((failure.exit_code(), &failure), (1, &expected));
    assert!(failure.to_string().contains("chats/0") && failure.to_string().contains("hint: "), "{failure}");
    assert!(workers[0].stop().sink().arrived.is_empty(), "it is not counted");
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
