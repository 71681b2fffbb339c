//! A thread that asks for the log ends once a second, and resolves start times to offsets. These questions would block the polling thread.
//!
//! Does not know how far a partition has been read.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cluster::Lookup;
use super::partition_progress::TopicPartition;

/// How often the log ends are asked for.
const LOG_ENDS_EVERY: Duration = Duration::from_secs(1);
/// How often the partition counts are asked for.
const COUNTS_EVERY: Duration = Duration::from_secs(30);

/// A command to the observer.
#[derive(Debug)]
enum ObserverCommand {
    /// Ask for the log ends of these partitions, now and from now on.
    Watch(Vec<TopicPartition>),
    /// Find the offsets of these partitions at a time. Repeated until it succeeds or a newer command comes.
    Resolve {
        epoch: u64,
        timestamp_ms: i64,
        partitions: Vec<TopicPartition>,
    },
    Stop,
}

/// An answer of the cluster to the observer.
#[derive(Debug)]
pub(super) enum Observation {
    /// The log ends as of this instant.
    LogEnds { asked_at: Instant, ends: Vec<(TopicPartition, i64)> },
    /// The cluster did not answer, with the reason.
    Unanswered(String),
    /// The start offsets of one assignment.
    Starts { epoch: u64, offsets: Vec<(TopicPartition, i64)> },
    /// The number of partitions of each topic.
    Counts(Vec<usize>),
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
        let thread = std::thread::Builder::new().name("cxpulse-observer".to_owned()).spawn(move || observe(&*lookup, &inbox, &outbox))?;
        Ok(Self { commands, observations, thread: Some(thread) })
    }

    /// Observes the log ends of these partitions from now on.
    pub(super) fn watch(&self, partitions: Vec<TopicPartition>) {
        self.send(ObserverCommand::Watch(partitions));
    }

    /// Finds the offsets of these partitions at a time; the answer carries `epoch`, which numbers the assignment.
    pub(super) fn resolve(&self, epoch: u64, timestamp_ms: i64, partitions: Vec<TopicPartition>) {
        self.send(ObserverCommand::Resolve { epoch, timestamp_ms, partitions });
    }

    /// The answers since the last call.
    pub(super) fn observations(&self) -> impl Iterator<Item = Observation> {
        self.observations.try_iter()
    }

    fn send(&self, command: ObserverCommand) {
        // The thread ends before this handle only when it panicked. Without answers the brokers then count as away.
        if self.commands.send(command).is_err() {
            tracing::error!(target: "cxpulse::kafka", "the observer of log ends has ended");
        }
    }
}

impl Drop for ClusterObserver {
    fn drop(&mut self) {
        self.send(ObserverCommand::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(target: "cxpulse::kafka", "the observer of log ends panicked");
        }
    }
}

fn observe(lookup: &dyn Lookup, inbox: &Receiver<ObserverCommand>, outbox: &Sender<Observation>) {
    let mut watched: Vec<TopicPartition> = Vec::new();
    let mut resolving: Option<(u64, i64, Vec<TopicPartition>)> = None;
    let mut next_counts = Instant::now();
    let mut next_log_ends = Instant::now();
    loop {
        let wait = if resolving.is_some() { Duration::from_millis(200) } else { next_log_ends.saturating_duration_since(Instant::now()) };
        match inbox.recv_timeout(wait) {
            Ok(ObserverCommand::Watch(partitions)) => {
                watched = partitions;
                resolving = None;
                next_log_ends = Instant::now();
                continue;
            }
            Ok(ObserverCommand::Resolve { epoch, timestamp_ms, partitions }) => {
                resolving = Some((epoch, timestamp_ms, partitions));
                continue;
            }
            Ok(ObserverCommand::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let asked_at = Instant::now();
        let observation = if let Some((epoch, timestamp_ms, partitions)) = &resolving {
            lookup.offsets_at(*timestamp_ms, partitions).map(|offsets| Observation::Starts { epoch: *epoch, offsets })
        } else if asked_at >= next_counts {
            // Also after a failure: a topic that was deleted must not keep the log ends of the others from being asked for.
            next_counts = asked_at + COUNTS_EVERY;
            lookup.partition_counts().map(Observation::Counts)
        } else {
            next_log_ends = asked_at + LOG_ENDS_EVERY;
            if watched.is_empty() {
                // A member without partitions still has to know whether the cluster answers.
                lookup.partition_counts().map(Observation::Counts)
            } else {
                lookup.log_ends(&watched).map(|ends| Observation::LogEnds { asked_at, ends })
            }
        };
        let observation = observation.unwrap_or_else(|error| Observation::Unanswered(error.to_string()));
        if matches!(observation, Observation::Starts { .. }) {
            resolving = None;
        }
        if matches!(observation, Observation::Unanswered(_)) {
            next_log_ends = Instant::now() + LOG_ENDS_EVERY;
        }
        if outbox.send(observation).is_err() {
            return;
        }
    }
}
