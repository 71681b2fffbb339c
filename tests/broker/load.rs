//! A synthetic organisation that sends its events as they happen: 30 days of the past at once, then some hundreds or thousands a second until the test ends.
//!
//! Does not know who reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cxpulse::simulator::{GeneratedEvent, Organisation, Profile, Volume};
use cxpulse::time::{EventTime, Span};

use super::set_up::{Topics, now_ms};
use crate::support::service::PATIENCE;
use crate::support::topics::Producer;

/// How many events of the past there are, at least.
const PAST_EVENTS: u64 = 6_000;
/// The thread that sends. It ends with the test.
pub(super) struct Load {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the test know of each other.
#[derive(Default)]
struct State {
    stage: AtomicU8,
    sent: AtomicU64,
}

const RUNNING: u8 = 0;
const TO_PAUSE: u8 = 1;
const PAUSED: u8 = 2;
const OVER: u8 = 3;

impl Load {
    /// Sends the past, and returns when the broker has it. The present goes on from then.
    pub(super) fn start(servers: &str, topics: &Topics, partitions: i32, events_per_second: f64) -> Self {
        let state = Arc::new(State::default());
        let sender = Sender { state: Arc::clone(&state), producer: Producer::new(servers), topics: topics.clone() };
        state.stage.store(TO_PAUSE, Ordering::SeqCst);
        let load =
            Self { state, thread: Some(std::thread::spawn(move || sender.send_all(EventTime(now_ms()), partitions, events_per_second))) };
        load.wait_for_pause();
        load.go_on();
        load
    }

    /// How many records were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Counts records that were sent to the same topics by another producer.
    pub(super) fn add_sent(&self, records: u64) {
        self.state.sent.fetch_add(records, Ordering::SeqCst);
    }

    /// Returns when everything that was sent is with the broker and nothing more comes: the number of records.
    pub(super) fn pause(&self) -> u64 {
        self.state.stage.store(TO_PAUSE, Ordering::SeqCst);
        self.wait_for_pause();
        self.sent()
    }

    /// Ends a pause. What should have happened meanwhile is sent at once.
    pub(super) fn go_on(&self) {
        self.state.stage.store(RUNNING, Ordering::SeqCst);
    }

    fn wait_for_pause(&self) {
        let begun = Instant::now();
        while self.state.stage.load(Ordering::SeqCst) != PAUSED {
            assert!(self.thread.as_ref().is_some_and(|thread| !thread.is_finished()), "the sender has ended");
            assert!(begun.elapsed() < PATIENCE, "the sender does not pause");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.state.stage.store(OVER, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // If sending failed, the missing events have failed the test already.
            let _ended = thread.join();
        }
    }
}

/// What the thread works with.
struct Sender {
    state: Arc<State>,
    producer: Producer,
    topics: Topics,
}

impl Sender {
    fn send_all(&self, now: EventTime, partitions: i32, events_per_second: f64) {
        let begun = now - Span::days(30);
        let small = Profile { partitions, ..Profile::medium() }.busy_at(now).sized_for(PAST_EVENTS, begun, now);
        Organisation::new(small, 1, begun).take_while(|event| event.time <= now).for_each(|event| self.send(&event));
        let large = Profile { partitions, ..Profile::sized(Volume::EventsPerSecond(events_per_second)) }.busy_at(now);
        for event in Organisation::new(large, 2, now) {
            loop {
                let stage = self.state.stage.load(Ordering::SeqCst);
                match stage {
                    OVER => return,
                    RUNNING if event.time.0 <= now_ms() => break,
                    TO_PAUSE => {
                        self.producer.flush();
                        // The pause may be over already.
                        let _paused = self.state.stage.compare_exchange(stage, PAUSED, Ordering::SeqCst, Ordering::SeqCst);
                    }
                    _ => std::thread::sleep(Duration::from_millis(2)),
                }
            }
            self.send(&event);
        }
    }

    fn send(&self, event: &GeneratedEvent) {
        let topic = self.topics.of(event.kind.name());
        match event.partition {
            Some(partition) => self.producer.send_to(topic, partition, event.time.0, Some(&event.payload)),
            None => self.producer.send_record(topic, &event.key, event.time.0, Some(&event.payload)),
        }
        self.state.sent.fetch_add(1, Ordering::SeqCst);
    }
}
