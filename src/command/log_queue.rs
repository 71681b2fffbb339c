//! The queue of log lines, and the thread that writes them to stderr.
//!
//! Whoever logs puts a line into the queue and goes on. Where the queue is full, because stderr takes nothing, or where stderr refuses a line, the line
//! is dropped and counted. So a full disk or a pipe that nobody reads never stops or ends the service. Does not know the form of a line.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::metrics::telemetry::count_dropped_log_lines;

/// The most lines that wait to be written.
const LINES_MAX: usize = 8_192;
/// The most bytes that wait to be written.
const BYTES_MAX: usize = 4 << 20;
/// How long the end of the process waits for lines that are not written yet.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// The queue of this process, once it logs.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// The queue; clones share it.
#[derive(Clone, Debug)]
pub(super) struct LogQueue {
    lines: SyncSender<Vec<u8>>,
    shared: Arc<Shared>,
}

/// The writer of one line.
#[derive(Debug)]
pub(super) struct QueuedLine<'a>(&'a LogQueue);

#[derive(Debug, Default)]
struct Shared {
    bytes: AtomicUsize,
    /// The lines that were dropped since the log last said so.
    dropped: AtomicUsize,
    /// The number of lines that are in the queue or being written.
    unwritten: Mutex<usize>,
    all_written: Condvar,
}

impl LogQueue {
    /// Starts the thread, which runs until the process ends.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> io::Result<Self> {
        let (lines, queued) = mpsc::sync_channel(LINES_MAX);
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        std::thread::Builder::new().name("cxpulse-log".to_owned()).spawn(move || write_lines(&queued, &writing))?;
        Ok(Self { lines, shared })
    }

    /// Puts a line into the queue, or drops it.
    fn push(&self, line: &[u8]) {
        let length = line.len();
        let bytes = self.shared.bytes.fetch_add(length, Ordering::Relaxed) + length;
        if bytes <= BYTES_MAX {
            *self.shared.unwritten() += 1;
            if self.lines.try_send(line.to_vec()).is_ok() {
                return;
            }
            self.shared.end_line();
        }
        self.shared.bytes.fetch_sub(length, Ordering::Relaxed);
        self.shared.count_dropped();
    }

    /// Makes it the queue of this process; false where there is one already.
    pub(super) fn keep(self) -> bool {
        QUEUE.set(self).is_ok()
    }

    /// Waits until every line is written, for no longer than `limit`.
    fn flush(&self, limit: Duration) {
        let unwritten = self.shared.unwritten();
        // Whether the time was up makes no difference: the process ends.
        drop(self.shared.all_written.wait_timeout_while(unwritten, limit, |unwritten| *unwritten > 0));
    }
}

impl Shared {
    fn unwritten(&self) -> MutexGuard<'_, usize> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_line(&self) {
        let mut unwritten = self.unwritten();
        *unwritten -= 1;
        if *unwritten == 0 {
            self.all_written.notify_all();
        }
    }

    fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        count_dropped_log_lines(1);
    }
}

/// Prints a last line on stderr behind all log lines; false where this process does not log.
pub(super) fn print(line: &str) -> bool {
    QUEUE.get().is_some_and(|queue| {
        queue.push(format!("{line}\n").as_bytes());
        true
    })
}

/// Waits a moment for lines that are not written yet.
pub(super) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FLUSH_WITHIN);
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = QueuedLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        QueuedLine(self)
    }
}

impl Write for QueuedLine<'_> {
    /// Takes a whole line: the subscriber writes each with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_lines(queued: &Receiver<Vec<u8>>, shared: &Shared) {
    while let Ok(line) = queued.recv() {
        shared.bytes.fetch_sub(line.len(), Ordering::Relaxed);
        let written = io::stderr().write_all(&line);
        if written.is_err() {
            shared.count_dropped();
        } else {
            let dropped = shared.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(dropped, "log lines were dropped because stderr did not take them");
            }
        }
        shared.end_line();
    }
}
