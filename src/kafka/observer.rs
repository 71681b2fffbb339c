//! A thread that looks at the log ends once a second, and resolves start times: the questions that would block the polling thread.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Lookup, TopicPartition};

/// How often the log ends are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the partition counts are looked at.
const COUNT_EVERY: Duration = Duration::from_secs(30);

/// What the observer is told.
#[derive(Debug)]
enum Command {
    /// Look at these from now on, and at once.
    Watch(Vec<TopicPartition>),
    /// Find these partitions' offsets at a time; tried until it succeeds or a newer command comes.
    Resolve {
        epoch: u64,
        timestamp_ms: i64,
        partitions: Vec<TopicPartition>,
    },
    Stop,
}

/// What the observer saw.
#[derive(Debug)]
pub(super) enum Report {
    /// The log ends, asked for at this instant.
    Ends { asked_at: Instant, ends: Vec<(TopicPartition, i64)> },
    /// No answer.
    Unanswered(String),
    /// The start offsets of one assignment.
    Starts { epoch: u64, offsets: Vec<(TopicPartition, i64)> },
    /// The number of partitions of each topic.
    Counts(Vec<usize>),
}

/// The handle of the thread; it ends when this is dropped.
pub(super) struct Observer {
    commands: Sender<Command>,
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Observer {
    /// Starts the thread.
    pub(super) fn start(lookup: Box<dyn Lookup>) -> std::io::Result<Self> {
        let (commands, inbox) = mpsc::channel();
        let (outbox, reports) = mpsc::channel();
        let thread = std::thread::Builder::new().name("cxpulse-observer".to_owned()).spawn(move || observe(&*lookup, &inbox, &outbox))?;
        Ok(Self { commands, reports, thread: Some(thread) })
    }

    /// Looks at these partitions from now on.
    pub(super) fn watch(&self, partitions: Vec<TopicPartition>) {
        self.send(Command::Watch(partitions));
    }

    /// Finds the offsets of an assignment at a time.
    pub(super) fn resolve(&self, epoch: u64, timestamp_ms: i64, partitions: Vec<TopicPartition>) {
        self.send(Command::Resolve { epoch, timestamp_ms, partitions });
    }

    /// What was seen since the last call.
    pub(super) fn reports(&self) -> impl Iterator<Item = Report> {
        self.reports.try_iter()
    }

    fn send(&self, command: Command) {
        // The thread only ends before this handle when it panicked, which its silence then shows.
        if self.commands.send(command).is_err() {
            tracing::error!(target: "cxpulse::kafka", "the observer of log ends has ended");
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.send(Command::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(target: "cxpulse::kafka", "the observer of log ends panicked");
        }
    }
}

fn observe(lookup: &dyn Lookup, inbox: &Receiver<Command>, outbox: &Sender<Report>) {
    let mut watched: Vec<TopicPartition> = Vec::new();
    let mut resolving: Option<(u64, i64, Vec<TopicPartition>)> = None;
    let mut next_count = Instant::now();
    let mut next_look = Instant::now();
    loop {
        let wait = if resolving.is_some() { Duration::from_millis(200) } else { next_look.saturating_duration_since(Instant::now()) };
        match inbox.recv_timeout(wait) {
            Ok(Command::Watch(partitions)) => {
                watched = partitions;
                resolving = None;
                next_look = Instant::now();
                continue;
            }
            Ok(Command::Resolve { epoch, timestamp_ms, partitions }) => {
                resolving = Some((epoch, timestamp_ms, partitions));
                continue;
            }
            Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let asked_at = Instant::now();
        let report = if let Some((epoch, timestamp_ms, partitions)) = &resolving {
            lookup.offsets_at(*timestamp_ms, partitions).map(|offsets| Report::Starts { epoch: *epoch, offsets })
        } else if asked_at >= next_count {
            // Also after a failure: a topic that was deleted must not keep the log ends of the others from being seen.
            next_count = asked_at + COUNT_EVERY;
            lookup.partition_counts().map(Report::Counts)
        } else {
            next_look = asked_at + LOOK_EVERY;
            if watched.is_empty() {
                // A member without partitions still has to know whether the cluster is there.
                lookup.partition_counts().map(Report::Counts)
            } else {
                lookup.log_ends(&watched).map(|ends| Report::Ends { asked_at, ends })
            }
        };
        let report = report.unwrap_or_else(|error| Report::Unanswered(error.to_string()));
        if matches!(report, Report::Starts { .. }) {
            resolving = None;
        }
        if matches!(report, Report::Unanswered(_)) {
            next_look = Instant::now() + LOOK_EVERY;
        }
        if outbox.send(report).is_err() {
            return;
        }
    }
}
