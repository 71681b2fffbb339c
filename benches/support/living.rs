//! The live heap that one more entry adds. The memory bench prints it, and a test compares the memory budget with it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, Fingerprint, encode};
use cxpulse::config::Configuration;
use cxpulse::engine::{Limits, Outcome, Snapshot};
use cxpulse::time::{EventTime, Span};
use engine_driver::EngineDriver;

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../../tests/support/engine_driver.rs"]
mod engine_driver;

/// The system's allocator, with a count of the live bytes.
pub(crate) struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The largest number of live bytes since it was last set.
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

const START: EventTime = EventTime(1_772_323_200_000);
/// The number of entries: a 32nd of the default limits. The sizes of tables are powers of two, so they are as full as at the limits.
const COUNT: i64 = 62_500;
/// The number of label sets whose cost is measured.
const TEAMS: i64 = 1_000;

/// An engine with the default settings and room for every team.
struct RoomyEngine(EngineDriver);

impl RoomyEngine {
    fn new(lateness: Span) -> Self {
        Self::with(lateness, |_| {})
    }

    fn with(lateness: Span, limit: impl FnOnce(&mut Limits)) -> Self {
        let mut configuration = Configuration::default();
        configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = lateness);
        configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = 10_000);
        limit(&mut configuration.engine.limits);
        Self(EngineDriver::at_end(configuration, START))
    }

    fn take(&mut self, topic: u8, time: EventTime, kind: &str, members: &str) {
        let text = format!(r#"{{"id":"e{}","type":"{kind}","time":{},{members}}}"#, self.0.offset, time.0);
        assert_eq!(self.0.take(topic, text.as_bytes()), Outcome::Applied);
    }

    /// Lets two days pass, so that histories settle and identities expire.
    fn pass_two_days(&mut self, from: EventTime) {
        for days in [1, 2] {
            self.take(0, from + Span::days(days), "ticket.assigned", r#""ticket_id":"clock""#);
            self.apply_pending();
        }
    }

    /// Applies all pending events.
    fn apply_pending(&mut self) {
        self.0.engine.advance_to(EventTime::MIN);
    }

    fn snapshot(&mut self) -> Snapshot {
        self.0.engine.snapshot()
    }
}

/// The bytes that each of many entries adds, once no late event can change it any more.
fn settled(each: impl Fn(&mut RoomyEngine, i64, EventTime)) -> usize {
    settled_from(|_| {}, each)
}

/// The same for entries that come after others.
fn settled_from(first: impl Fn(&mut RoomyEngine), each: impl Fn(&mut RoomyEngine, i64, EventTime)) -> usize {
    let mut engine = RoomyEngine::new(Span::hours(1));
    first(&mut engine);
    engine.pass_two_days(START - Span::days(3));
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        each(&mut engine, n, START + Span(n * 100));
    }
    engine.pass_two_days(START + Span(COUNT * 100));
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// A team as a member of an event.
const BILLING: &str = r#","team":"billing""#;

fn ticket(engine: &mut RoomyEngine, n: i64, time: EventTime, more: &str) {
    engine.take(0, time, "ticket.created", &format!(r#""ticket_id":"T{n}","channel":"email"{more}"#));
    engine.take(0, time + Span(50), "ticket.message", &format!(r#""ticket_id":"T{n}","author":"agent""#));
}

/// A ticket that is open and answered.
pub(crate) fn open_ticket() -> usize {
    settled(|engine, n, time| ticket(engine, n, time, BILLING))
}

/// A ticket that ended and is retained.
pub(crate) fn ended_ticket() -> usize {
    settled(|engine, n, time| {
        ticket(engine, n, time, BILLING);
        engine.take(0, time + Span(60), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
    })
}

/// A customer who subscribed, with a value.
pub(crate) fn customer() -> usize {
    settled(|engine, n, time| {
        engine.take(3, time, "customer.subscribed", &format!(r#""customer_id":"C{n}","segment":"business","value":{n}.5"#))
    })
}

/// A customer with a value, with one answered ticket and a CSAT answer, and the survey.
pub(crate) fn customer_with_ticket_and_answer() -> usize {
    settled(|engine, n, time| {
        engine.take(3, time, "customer.active", &format!(r#""customer_id":"C{n}","segment":"business","value":{n}.5"#));
        ticket(engine, n, time, &format!(r#"{BILLING},"customer_id":"C{n}""#));
        answer(engine, n, time, &format!(r#","ticket_id":"T{n}""#));
    })
}

fn answer(engine: &mut RoomyEngine, n: i64, time: EventTime, more: &str) {
    engine.take(2, time + Span(60), "survey.responded", &format!(r#""metric":"csat","score":5,"survey_id":"S{n}"{more}"#));
}

/// A survey that was answered.
pub(crate) fn survey() -> usize {
    settled(|engine, n, time| answer(engine, n, time, ""))
}

/// An event of a history that a late event may still precede, with its identity.
pub(crate) fn unsettled_event() -> usize {
    let mut engine = RoomyEngine::new(Span::days(3));
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        // Ten events per ticket, as a typical ticket has.
        engine.take(0, START + Span(n * 100), "ticket.message", &format!(r#""ticket_id":"T{}","author":"agent""#, n % (COUNT / 10)));
    }
    drop(engine.snapshot());
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// An event that lies ahead of now, with its identity.
pub(crate) fn held_event() -> usize {
    let mut engine = RoomyEngine::new(Span::hours(1));
    engine.take(0, START, "ticket.assigned", r#""ticket_id":"clock""#);
    engine.0.engine.follow_events_until(None);
    let before = LIVE.load(Ordering::Relaxed);
    for n in 0..COUNT {
        engine.take(0, START + Span(1_000 + n), "ticket.created", &format!(r#""ticket_id":"T{n}""#));
    }
    engine.apply_pending();
    (LIVE.load(Ordering::Relaxed) - before) / COUNT as usize
}

/// A tuple of dimension values that only events carry.
pub(crate) fn tuple() -> usize {
    settled_from(
        |engine| {
            // The values themselves are shared.
            for n in 0..TEAMS {
                engine.take(0, START - Span::days(4), "ticket.message", &values(n, n));
            }
        },
        |engine, n, time| engine.take(0, time, "ticket.message", &values(n % TEAMS, n / TEAMS)),
    )
}

/// A sum of a day of openings: what tickets of many teams on many days take with such sums and without.
pub(crate) fn day_sum() -> usize {
    let (teams, days) = (500, 70);
    let taken = |day_sums_max| {
        let mut engine = RoomyEngine::with(Span::hours(1), |limits| limits.day_sums_max = day_sums_max);
        let before = LIVE.load(Ordering::Relaxed);
        for n in 0..teams * days {
            let time = START + Span::days(n / teams) + Span(n % teams * 100);
            ticket(&mut engine, n, time, &format!(r#","team":"team{}""#, n % teams));
        }
        let sums = engine.snapshot().entries.iter().find_map(|(store, n)| (*store == "day_sums").then_some(*n));
        (LIVE.load(Ordering::Relaxed) - before, sums.unwrap_or_default())
    };
    let ((with, sums), (without, _)) = (taken(usize::MAX), taken(16));
    (with - without) / sums
}

/// A message on a ticket that has no opening, so that nothing is counted.
fn values(team: i64, brand: i64) -> String {
    format!(r#""ticket_id":"unknown{}","author":"agent","team":"team{team}","brand":"brand{brand}""#, team % 40)
}

/// What a checkpoint takes for itself, in parts of the bytes of the state.
#[allow(dead_code, reason = "the bench measures single entries only")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckpointShares {
    /// What it keeps once every part of the state has changed after it was taken.
    pub(crate) copied: f64,
    /// The most that it takes at any time until its file is made: the copies, the stored bytes and the file.
    pub(crate) most: f64,
}

/// What a checkpoint takes for itself while events go on that change every part of the state.
#[allow(dead_code, reason = "the bench measures single entries only")]
pub(crate) fn checkpoint_shares() -> CheckpointShares {
    let before = LIVE.load(Ordering::Relaxed);
    // Nothing settles, so that most of the memory lies behind the tables: in histories.
    let mut engine = RoomyEngine::new(Span::days(3));
    (0..COUNT).for_each(|n| {
        let time = START + Span(n * 100);
        engine.take(3, time, "customer.active", &format!(r#""customer_id":"C{n}","segment":"business""#));
        ticket(&mut engine, n, time, &format!(r#"{BILLING},"customer_id":"C{n}""#));
        answer(&mut engine, n, time, &format!(r#","ticket_id":"T{n}""#));
    });
    drop(engine.snapshot());
    let taken = LIVE.load(Ordering::Relaxed) - before;
    let mut take_and_change = |round: i64| {
        let checkpoint = engine.0.engine.store(engine_driver::GROUP).expect("the group is assigned");
        // A tenth of the customers come again, which reaches every part of every map.
        (0..COUNT / 10).for_each(|n| {
            let (ticket_number, time) = (n + round * COUNT, START + Span((round * COUNT + n) * 100));
            ticket(&mut engine, ticket_number, time, &format!(r#","customer_id":"C{n}""#));
            answer(&mut engine, ticket_number, time, &format!(r#","ticket_id":"T{n}""#));
        });
        engine.apply_pending();
        checkpoint
    };
    let of_state = |bytes: usize| bytes as f64 / taken as f64;
    let checkpoint = take_and_change(1);
    let with_copies = LIVE.load(Ordering::Relaxed);
    drop(checkpoint);
    let copied = of_state(with_copies - LIVE.load(Ordering::Relaxed));
    let checkpoint = take_and_change(2);
    MOST.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    let body = checkpoint.into_bytes(Vec::new());
    drop(encode(&header(), &body).expect("there is memory"));
    drop(body);
    CheckpointShares { copied, most: of_state(MOST.load(Ordering::Relaxed) - LIVE.load(Ordering::Relaxed)) }
}

fn header() -> CheckpointHeader {
    let key = CheckpointKey { group: "cxpulse".to_owned(), fingerprint: Fingerprint([0; 32]), partition: 0 };
    CheckpointHeader { key, next_offsets: BTreeMap::new(), sequence: 1, created: START, event_time_max: None, settings: BTreeMap::new() }
}

/// What ids without end do to an engine with small limits.
#[allow(dead_code, reason = "the bench measures single entries only")]
#[derive(Debug)]
pub(crate) struct Flood {
    /// The kind of the ids.
    pub(crate) kind: &'static str,
    /// The largest number of live bytes at any time.
    pub(crate) bytes: usize,
    /// The bytes that the limits allow.
    pub(crate) budget: u64,
    /// How many times the CPU time it took that the same events take without limits.
    pub(crate) slowness: f64,
}

/// The number of ids of a flood.
const FLOOD: i64 = 60_000;

/// Floods with ids of every kind that a limit bounds.
#[allow(dead_code, reason = "the bench measures single entries only")]
pub(crate) fn floods() -> Vec<Flood> {
    let solved = |engine: &mut RoomyEngine, n: i64, time| {
        ticket(engine, n, time, "");
        engine.take(0, time + Span(50), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
    };
    let customer = |engine: &mut RoomyEngine, n: i64, time, kind: &str| engine.take(3, time, kind, &format!(r#""customer_id":"C{n}""#));
    let erased = |engine: &mut RoomyEngine, n: i64, time| {
        customer(engine, n, time, "customer.subscribed");
        customer(engine, n, time + Span(1), "customer.erased");
    };
    let merged = |engine: &mut RoomyEngine, n: i64, time| {
        customer(engine, n, time, "customer.subscribed");
        if n % 2 == 1 {
            engine.take(3, time, "customer.merged", &format!(r#""customer_id":"C{n}","into_customer_id":"C{}""#, n - 1));
        }
    };
    let tuples = |engine: &mut RoomyEngine, n: i64, time| engine.take(0, time, "ticket.message", &values(n % TEAMS, n / TEAMS));
    vec![
        flood("solved tickets", solved),
        flood("open tickets", |engine, n, time| ticket(engine, n, time, "")),
        flood("surveys", |engine, n, time| answer(engine, n, time, "")),
        flood("customers", |engine, n, time| customer(engine, n, time, "customer.subscribed")),
        flood("erased customers", erased),
        flood("merged customers", merged),
        flood("tuples", tuples),
    ]
}

fn flood(kind: &'static str, each: impl Fn(&mut RoomyEngine, i64, EventTime)) -> Flood {
    let took = |engine: &mut RoomyEngine, most: &mut usize| {
        let (begun, before) = (cpu_time::ThreadTime::now(), LIVE.load(Ordering::Relaxed));
        for n in 0..FLOOD {
            each(engine, n, START + Span(n * 50));
            if n % 1_000 == 0 {
                engine.apply_pending();
                *most = (*most).max(LIVE.load(Ordering::Relaxed).saturating_sub(before));
            }
        }
        begun.elapsed().as_secs_f64()
    };
    let unlimited = took(&mut RoomyEngine::new(Span::minutes(1)), &mut 0);
    let mut limited = RoomyEngine::with(Span::minutes(1), |limits| {
        (limits.contacts_max, limits.customers_max, limits.surveys_max) = (2_000, 2_000, 2_000);
        (limits.identities_max, limits.held_max, limits.cells_max, limits.cells_per_family_max) = (4_000, 1_000, 200, 100);
        limits.day_sums_max = 1_000;
    });
    let settings = &limited.0.configuration.engine;
    let budget = settings.budget_of_a_group().iter().map(|part| part.bytes).sum::<u64>() + settings.budget_of_label_sets(1).bytes;
    let mut bytes = 0;
    let slowness = took(&mut limited, &mut bytes) / unlimited;
    Flood { kind, bytes, budget, slowness }
}

/// A label set in one window: its bytes in the engine, and its bytes in a snapshot.
pub(crate) fn label_set() -> (usize, usize) {
    let mut engine = RoomyEngine::new(Span::hours(1));
    let team = |engine: &mut RoomyEngine, n: i64, time| {
        let team = format!(r#","team":"team{}""#, n % TEAMS);
        ticket(engine, n, time, &format!(r#"{team},"customer_id":"C{}""#, n % 10));
        engine.take(0, time + Span(60), "ticket.status_changed", &format!(r#""ticket_id":"T{n}","status":"solved""#));
        answer(engine, n, time, &format!(r#","ticket_id":"T{n}""#));
    };
    // One team first, so that shared memory is not counted.
    (0..TEAMS).for_each(|n| team(&mut engine, n * TEAMS, START + Span(n * 100)));
    let sets = |snapshot: &Snapshot| (snapshot.cells.0 * snapshot.windows.len()) as i64;
    let sets_before = sets(&engine.snapshot());
    let before = LIVE.load(Ordering::Relaxed);
    (1..TEAMS).for_each(|n| team(&mut engine, n, START + Span((TEAMS + n) * 100)));
    let snapshot = engine.snapshot();
    let (with_snapshot, sets) = (LIVE.load(Ordering::Relaxed), sets(&snapshot));
    drop(snapshot);
    let kept = LIVE.load(Ordering::Relaxed);
    let tickets = (ended_ticket() + survey()) * TEAMS as usize;
    ((kept - before - tickets) / (sets - sets_before) as usize, (with_snapshot - kept) / sets as usize)
}
