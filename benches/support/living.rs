//! What one more of a thing adds to the living heap: shared by the bench that says it and the test that holds the budget against it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use cxpulse::config::Configuration;
use cxpulse::engine::{Outcome, Snapshot};
use cxpulse::time::{EventTime, Span};

#[path = "../../tests/support/fed.rs"]
mod fed;

/// The system's allocator, counting what lives.
pub(crate) struct Counting;

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

const START: EventTime = EventTime(1_772_323_200_000);
/// A 32nd of the default limits, so that tables, whose sizes are powers of two, are as full as they are at those.
const COUNT: i64 = 62_500;
/// Label sets of which the cost is measured.
const TEAMS: i64 = 1_000;

/// An engine with the default settings and room for every team.
struct Fed(fed::Fed);

impl Fed {
    fn new(lateness: Span) -> Self {
        let mut configuration = Configuration::default();
        configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = lateness);
        configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = 10_000);
        Self(fed::Fed::new(configuration, START))
    }

    fn feed(&mut self, topic: u8, time: EventTime, kind: &str, members: &str) {
        let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, self.0.offset, time.0);
        assert_eq!(self.0.take(topic, &text), Outcome::Applied);
    }

    /// Lets histories settle and identities expire: two days pass.
    fn pass_two_days(&mut self, from: EventTime) {
        for days in [1, 2] {
            self.feed(0, from + Span::days(days), "ticket.assigned", r#""ticket_id":"clock""#);
            self.take_in();
        }
    }

    /// Has everything taken in that was fed.
    fn take_in(&mut self) {
        self.0.engine.advance_to(EventTime::MIN);
    }

    fn snapshot(&mut self) -> Snapshot {
        self.0.engine.snapshot()
    }
}

/// Bytes that each of many things adds, once nothing late can change it any more.
fn settled(each: impl Fn(&mut Fed, i64, EventTime)) -> usize {
    let mut fed = Fed::new(Span::hours(1));
    fed.pass_two_days(START - Span::days(3));
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        each(&mut fed, n, START + Span(n * 100));
    }
    fed.pass_two_days(START + Span(COUNT * 100));
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// A team, as members of an event.
const BILLING: &str = r#","team":"billing""#;

fn ticket(fed: &mut Fed, n: i64, time: EventTime, more: &str) {
    fed.feed(0, time, "ticket.created", &format!(r#""ticket_id":"T{n}","channel":"email"{more}"#));
    fed.feed(0, time + Span(50), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
}

/// A ticket that is open and answered.
pub(crate) fn open_ticket() -> usize {
    settled(|fed, n, time| ticket(fed, n, time, BILLING))
}

/// A ticket that ended and is retained.
pub(crate) fn ended_ticket() -> usize {
    settled(|fed, n, time| {
        ticket(fed, n, time, BILLING);
        fed.feed(0, time + Span(60), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
    })
}

/// A customer who subscribed.
pub(crate) fn customer() -> usize {
    settled(|fed, n, time| fed.feed(3, time, "customer.subscribed", &format!(r#""customer_id":"C{n}","segment":"business""#)))
}

/// A customer with one answered ticket and a CSAT answer, and the survey.
pub(crate) fn customer_with_ticket_and_answer() -> usize {
    settled(|fed, n, time| {
        fed.feed(3, time, "customer.active", &format!(r#""customer_id":"C{n}","segment":"business""#));
        ticket(fed, n, time, &format!(r#"{BILLING},"customer_id":"C{n}""#));
        answer(fed, n, time, &format!(r#","ticket_id":"T{n}""#));
    })
}

fn answer(fed: &mut Fed, n: i64, time: EventTime, more: &str) {
    fed.feed(2, time + Span(60), "survey.responded", &format!(r#""metric":"csat","score":5,"survey_id":"S{n}"{more}"#));
}

/// A survey that was answered.
pub(crate) fn survey() -> usize {
    settled(|fed, n, time| answer(fed, n, time, ""))
}

/// An event of a history that something late may still precede, with its identity.
pub(crate) fn unsettled_event() -> usize {
    let mut fed = Fed::new(Span::days(3));
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        // Ten events a ticket, as a ticket has.
        fed.feed(0, START + Span(n * 100), "ticket.message", &format!(r#""ticket_id":"T{}","author":"agent""#, n % (COUNT / 10)));
    }
    drop(fed.snapshot());
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// An event that lies ahead of now, with its identity.
pub(crate) fn held_event() -> usize {
    let mut fed = Fed::new(Span::hours(1));
    fed.feed(0, START, "ticket.assigned", r#""ticket_id":"clock""#);
    fed.0.engine.follow_events_until(None);
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        fed.feed(0, START + Span(1_000 + n), "ticket.created", &format!(r#""ticket_id":"T{n}""#));
    }
    fed.take_in();
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// A label set in each window: what the engine keeps of it, and what a snapshot does.
pub(crate) fn label_set() -> (usize, usize) {
    let mut fed = Fed::new(Span::hours(1));
    let team = |fed: &mut Fed, n: i64, time| {
        let team = format!(r#","team":"team{}""#, n % TEAMS);
        ticket(fed, n, time, &format!(r#"{team},"customer_id":"C{}""#, n % 10));
        fed.feed(0, time + Span(60), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
        answer(fed, n, time, &format!(r#","ticket_id":"T{n}""#));
    };
    // One team first, so that what is there once for all is not counted.
    (0..TEAMS).for_each(|n| team(&mut fed, n * TEAMS, START + Span(n * 100)));
    let sets = |snapshot: &Snapshot| (snapshot.cells.0 * snapshot.windows.len()) as i64;
    let sets_before = sets(&fed.snapshot());
    let before = LIVE.load(Ordering::Relaxed);
    (1..TEAMS).for_each(|n| team(&mut fed, n, START + Span((TEAMS + n) * 100)));
    let snapshot = fed.snapshot();
    let (with_snapshot, sets) = (LIVE.load(Ordering::Relaxed), sets(&snapshot));
    drop(snapshot);
    let kept = LIVE.load(Ordering::Relaxed);
    let tickets = (ended_ticket() + survey()) * TEAMS as usize;
    ((kept - before - tickets) / (sets - sets_before) as usize, (with_snapshot - kept) / sets as usize)
}
