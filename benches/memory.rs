//! What one more of a thing costs in memory: an open ticket, a ticket that ended and is retained, a customer. Run it with
//! `cargo bench --bench memory`; it prints a table of bytes each, measured as live heap before and after many of them.
#![expect(unsafe_code, reason = "an allocator that counts can only be put in by an unsafe implementation")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Outcome, PartitionGroup, Place, Progress, TopicIndex};
use cxpulse::event::{Record, decode};
use cxpulse::time::{EventTime, Span};

/// The system's allocator, counting what lives.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const START: EventTime = EventTime(1_772_323_200_000);
const GROUP: PartitionGroup = PartitionGroup(0);
const COUNT: i64 = 100_000;

/// An engine that is fed line by line.
struct Fed {
    configuration: Configuration,
    engine: Engine,
    offset: i64,
}

impl Fed {
    fn new() -> Self {
        let configuration = Configuration::default();
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        engine.assign(GROUP);
        engine.follow_events_until(Some(EventTime::MAX));
        for topic in 0..configuration.topics.len() as u8 {
            engine.set_progress(GROUP, TopicIndex(topic), Progress { at_end: true, seen_through: START });
        }
        Self { configuration, engine, offset: 0 }
    }

    fn feed(&mut self, topic: u8, time: EventTime, kind: &str, members: &str) {
        let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, self.offset, time.0);
        let record = Record { payload: Some(text.as_bytes()), offset: self.offset, ..Record::default() };
        let decoded = decode(record, &self.configuration.topics[usize::from(topic)], &self.configuration.decode);
        let place = Place { group: GROUP, topic: TopicIndex(topic), offset: self.offset, record_time: None };
        assert_eq!(self.engine.handle(place, &decoded), Outcome::Applied);
        self.offset += 1;
    }

    /// Lets histories settle and identities expire: a day passes.
    fn pass_a_day(&mut self, from: EventTime) {
        self.feed(0, from + Span::days(1), "ticket.assigned", r#""ticket_id":"clock""#);
        self.feed(0, from + Span::days(2), "ticket.assigned", r#""ticket_id":"clock""#);
    }
}

/// Bytes that each of many things adds.
fn measure(what: &str, each: impl Fn(&mut Fed, i64, EventTime)) {
    let mut fed = Fed::new();
    fed.pass_a_day(START - Span::days(3));
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        each(&mut fed, n, START + Span(n * 100));
    }
    fed.pass_a_day(START + Span(COUNT * 100));
    let after = LIVE.load(Ordering::Relaxed);
    println!("{what:<44}{:>8} bytes", (after - before) / COUNT as usize);
}

fn main() {
    measure("open ticket, answered", |fed, n, time| {
        fed.feed(0, time, "ticket.created", &format!(r#""ticket_id":"T{n}","channel":"email","team":"billing""#));
        fed.feed(0, time + Span(50), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
    });
    measure("ended ticket, retained", |fed, n, time| {
        fed.feed(0, time, "ticket.created", &format!(r#""ticket_id":"T{n}","channel":"email","team":"billing""#));
        fed.feed(0, time + Span(50), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
        fed.feed(0, time + Span(60), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
    });
    measure("customer, subscribed", |fed, n, time| {
        fed.feed(3, time, "customer.subscribed", &format!(r#""customer_id":"C{n}","segment":"business""#));
    });
    measure("customer with one answered ticket and CSAT", |fed, n, time| {
        fed.feed(3, time, "customer.active", &format!(r#""customer_id":"C{n}","segment":"business""#));
        fed.feed(0, time, "ticket.created", &format!(r#""ticket_id":"T{n}","customer_id":"C{n}","channel":"email""#));
        fed.feed(0, time + Span(50), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
        fed.feed(2, time + Span(60), "survey.responded", &format!(r#""metric":"csat","score":5,"survey_id":"S{n}","ticket_id":"T{n}""#));
    });
}
