//! A thread that looks at the logs once a second and at the topics every ten seconds, and answers the questions of an assignment. These questions would
//! block the polling thread.
//!
//! Does not know how far a partition has been read.

use std::ops::Range;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cluster::{Lookup, LookupError};
use super::log_identity::{LogIdentity, RecordComparison, TopicId};
use super::partition_progress::TopicPartition;

/// How often the offsets of the logs are asked for.
const LOGS_EVERY: Duration = Duration::from_secs(1);
/// How often the partition counts and the ids of the topics are asked for.
const TOPICS_EVERY: Duration = Duration::from_secs(10);
/// How long a question that got no answer waits for the next try.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// A question that is repeated until it is answered or a newer one comes.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Are these the logs that were read before? Each partition comes with what is known of its log.
    Identify(Vec<(TopicPartition, LogIdentity)>),
    /// Find the offsets of these partitions at a time, in milliseconds since 1970.
    Resolve { timestamp_ms: i64, partitions: Vec<TopicPartition> },
}

/// A command to the observer.
#[derive(Debug)]
enum ObserverCommand {
    /// Look at the logs of these partitions, now and from now on.
    Watch(Vec<TopicPartition>),
    /// Answer a question. The answer carries the number of the assignment.
    Ask {
        epoch: u64,
        question: Question,
    },
    /// Look once for the last stable offsets of these partitions.
    LookForStableEnds(Vec<TopicPartition>),
    Stop,
}

/// An answer of the cluster to the observer.
#[derive(Debug)]
pub(super) enum Observation {
    /// The logs as of this instant.
    Logs { asked_at: Instant, logs: Vec<(TopicPartition, Range<i64>)> },
    /// The last stable offsets as of this instant.
    StableEnds { asked_at: Instant, ends: Vec<(TopicPartition, i64)> },
    /// The cluster did not answer, with the reason.
    Unanswered(String),
    /// The ids of the topics now, and the records that were read again because the ids decide nothing.
    Identified { epoch: u64, topic_ids: Vec<Option<TopicId>>, comparisons: Vec<(TopicPartition, RecordComparison)> },
    /// The start offsets of one assignment.
    Starts { epoch: u64, offsets: Vec<(TopicPartition, i64)> },
    /// The number of partitions of each topic, and its id.
    Topics { counts: Vec<usize>, topic_ids: Vec<Option<TopicId>> },
}

/// The handle of the thread. Dropping it ends the thread.
pub(super) struct ClusterObserver {
    commands: Sender<ObserverCommand>,
    observations: Receiver<Observation>,
    thread: Option<JoinHandle<()>>,
}

impl ClusterObserver {
    /// Starts the thread.
    pub(super) fn start(lookup: Box<dyn Lookup>) -> std::io::Result<Self> {
        let (commands, inbox) = mpsc::channel();
        let (outbox, observations) = mpsc::channel();
        let observer = Observer { lookup, watched: Vec::new(), asked: None, next_topics: Instant::now(), next_logs: Instant::now() };
        let thread = std::thread::Builder::new().name("cxpulse-observer".to_owned()).spawn(move || observer.run(&inbox, &outbox))?;
        Ok(Self { commands, observations, thread: Some(thread) })
    }

    /// Looks at the logs of these partitions from now on.
    pub(super) fn watch(&self, partitions: Vec<TopicPartition>) {
        self.send(ObserverCommand::Watch(partitions));
    }

    /// Asks a question for the assignment of this number. It takes the place of an earlier one.
    pub(super) fn ask(&self, epoch: u64, question: Question) {
        self.send(ObserverCommand::Ask { epoch, question });
    }

    /// Looks once for the last stable offsets of these partitions.
    pub(super) fn look_for_stable_ends(&self, partitions: Vec<TopicPartition>) {
        self.send(ObserverCommand::LookForStableEnds(partitions));
    }

    /// The answers since the last call.
    pub(super) fn observations(&self) -> impl Iterator<Item = Observation> {
        self.observations.try_iter()
    }

    fn send(&self, command: ObserverCommand) {
        // The thread ends before this handle only when it panicked. Without answers the brokers then count as away.
        if self.commands.send(command).is_err() {
            tracing::error!(target: "cxpulse::kafka", "the observer of the logs has ended");
        }
    }
}

impl Drop for ClusterObserver {
    fn drop(&mut self) {
        self.send(ObserverCommand::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(target: "cxpulse::kafka", "the observer of the logs panicked");
        }
    }
}

/// What the thread is to look at, and when.
struct Observer {
    lookup: Box<dyn Lookup>,
    watched: Vec<TopicPartition>,
    asked: Option<(u64, Question)>,
    next_topics: Instant,
    next_logs: Instant,
}

impl Observer {
    fn run(mut self, inbox: &Receiver<ObserverCommand>, outbox: &Sender<Observation>) {
        let mut wait = Duration::ZERO;
        loop {
            let observation = match inbox.recv_timeout(wait) {
                Ok(ObserverCommand::Watch(partitions)) => {
                    (self.watched, self.asked, self.next_logs) = (partitions, None, Instant::now());
                    None
                }
                Ok(ObserverCommand::Ask { epoch, question }) => {
                    self.asked = Some((epoch, question));
                    None
                }
                Ok(ObserverCommand::LookForStableEnds(partitions)) => {
                    let asked_at = Instant::now();
                    Some(self.lookup.stable_ends(&partitions).map(|ends| Observation::StableEnds { asked_at, ends }))
                }
                Ok(ObserverCommand::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.look(),
            };
            wait = self.wait();
            if let Some(answer) = observation {
                let is_unanswered = answer.is_err();
                let observation = answer.unwrap_or_else(|error| Observation::Unanswered(error.to_string()));
                if outbox.send(observation).is_err() {
                    return;
                }
                if is_unanswered {
                    self.next_logs = Instant::now() + LOGS_EVERY;
                    wait = RETRY_AFTER;
                }
            }
        }
    }

    /// How long to wait for a command before the next look.
    fn wait(&self) -> Duration {
        let now = Instant::now();
        if self.asked.is_some() { Duration::ZERO } else { self.next_logs.min(self.next_topics).saturating_duration_since(now) }
    }

    /// Looks at what is due: the question that was asked, else the logs, else the topics. The logs come before the topics, because they are asked for more
    /// often.
    fn look(&mut self) -> Option<Result<Observation, LookupError>> {
        let asked_at = Instant::now();
        if let Some((epoch, question)) = self.asked.clone() {
            let answer = self.answer(epoch, &question);
            if answer.is_ok() {
                self.asked = None;
            }
            return Some(answer);
        }
        if asked_at >= self.next_logs {
            self.next_logs = asked_at + LOGS_EVERY;
            if !self.watched.is_empty() {
                return Some(self.lookup.logs(&self.watched).map(|logs| Observation::Logs { asked_at, logs }));
            }
            // A member without partitions still has to know whether the cluster answers.
            return Some(self.topics());
        }
        if asked_at >= self.next_topics {
            // Also after a failure: a topic that was deleted must not keep the logs of the others from being asked for.
            self.next_topics = asked_at + TOPICS_EVERY;
            return Some(self.topics());
        }
        None
    }

    fn topics(&self) -> Result<Observation, LookupError> {
        Ok(Observation::Topics { counts: self.lookup.partition_counts()?, topic_ids: self.lookup.topic_ids()? })
    }

    fn answer(&self, epoch: u64, question: &Question) -> Result<Observation, LookupError> {
        match question {
            Question::Resolve { timestamp_ms, partitions } => {
                Ok(Observation::Starts { epoch, offsets: self.lookup.offsets_at(*timestamp_ms, partitions)? })
            }
            Question::Identify(logs) => {
                let topic_ids = self.lookup.topic_ids()?;
                // Where the ids differ, nothing needs to be read. Where they are equal, the log may still have been cut off and written anew.
                let is_open = |at: &TopicPartition, log: &LogIdentity| log.is_of_another_topic(topic_ids[at.topic]) != Some(true);
                let records: Vec<_> =
                    logs.iter().filter(|(at, log)| is_open(at, log)).filter_map(|(at, log)| Some((*at, log.last_record?))).collect();
                let comparisons = if records.is_empty() { Vec::new() } else { self.lookup.compare_records(&records)? };
                Ok(Observation::Identified { epoch, topic_ids, comparisons })
            }
        }
    }
}
