//! Injects known faults into a stream of events. Each record carries the outcome that it must have, so that a ledger can be checked against the sum.
//!
//! Does not know how the engine reaches an outcome, but only the outcomes' names: the expectations follow from the input contract alone. They hold for
//! a reader that begins at the first record, with the default allowed lateness or any from 20 minutes to two days.

use std::collections::VecDeque;

use super::GeneratedEvent;
use super::chance::Chance;
use crate::engine::Outcome;
use crate::event::{Kind, Reason};
use crate::time::{EventTime, Span};

/// The largest age of an event that a duplicate repeats. Every allowed lateness that is at least this long remembers the event.
const DUPLICATE_AGE_MAX: Span = Span::minutes(15);
/// The longest time for which an event is held back, to arrive out of order.
const DISORDER_MAX: Span = Span::minutes(5);
/// How far a late event lies behind: more than any sensible allowed lateness.
const LATE_BY: Span = Span::hours(60);
/// How far a future event lies ahead: more than any record timestamp, but still an instant that the contract accepts.
const FUTURE_BY: Span = Span::days(20 * 365);
/// The number of latest events among which a duplicate is drawn.
const REMEMBERED_MAX: usize = 64;

/// A record to be sent, sound or with a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedRecord {
    /// The topic for which it is meant.
    pub kind: Kind,
    /// Its event type; empty for a record with a fault.
    pub name: &'static str,
    /// The record key.
    pub key: String,
    /// The partition, for an event that belongs to a partition and to no customer: the key decides nothing then.
    pub partition: Option<i32>,
    /// The record timestamp.
    pub time: EventTime,
    /// The value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Its fault, if it has one.
    pub fault: Option<Fault>,
}

/// A fault of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The same record was sent before.
    Duplicate,
    /// Its event lies too far behind.
    Late,
    /// Its event lies too far ahead.
    Future,
    /// It breaks the input contract, for this reason.
    Invalid(Reason),
    /// It has no payload.
    Tombstone,
}

impl GeneratedRecord {
    /// The name of the outcome that this record must have, as in [`Outcome::NAMES`].
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        let outcome = match self.fault {
            None => Outcome::Applied,
            Some(Fault::Duplicate) => Outcome::Duplicate,
            Some(Fault::Late) => Outcome::Late,
            Some(Fault::Future) => Outcome::Future,
            Some(Fault::Invalid(reason)) => Outcome::Invalid(reason),
            Some(Fault::Tombstone) => Outcome::Ignored,
        };
        outcome.name()
    }
}

/// Turns events into records, some of them out of order, and adds records with faults.
#[derive(Debug)]
pub struct FaultInjector<I> {
    events: I,
    share: f64,
    chance: Chance,
    recent: VecDeque<GeneratedEvent>,
    held: Option<(GeneratedEvent, u32)>,
    ready: VecDeque<GeneratedRecord>,
    faults: u64,
    prefix: u64,
}

impl<I: Iterator<Item = GeneratedEvent>> FaultInjector<I> {
    /// Adds a fault after this share of the events; 0 adds none and keeps the order.
    #[must_use]
    pub fn new(events: I, share: f64, seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x000f_a017);
        let prefix = (chance.unit() * 1e15) as u64;
        Self { events, share, chance, recent: VecDeque::new(), held: None, ready: VecDeque::new(), faults: 0, prefix }
    }

    fn push(&mut self, emitted: GeneratedEvent) {
        if self.share > 0.0 {
            self.recent.push_back(emitted.clone());
            if self.recent.len() > REMEMBERED_MAX {
                self.recent.pop_front();
            }
        }
        let GeneratedEvent { kind, name, key, partition, time, payload } = emitted;
        self.ready.push_back(GeneratedRecord { kind, name, key, partition, time, payload: Some(payload), fault: None });
    }

    /// Adds a fault behind an event, in the same topic and under the same key. In that partition the watermark has reached the event.
    fn push_fault(&mut self, after: &GeneratedEvent) {
        self.faults += 1;
        let id = format!("f{:x}-{}", self.prefix, self.faults);
        let GeneratedEvent { kind, time, mut partition, .. } = *after;
        let (fault, payload, key) = match self.chance.below(6) {
            0 => {
                let Some(earlier) = self.pick_recent(kind, time) else { return };
                partition = earlier.partition;
                (Fault::Duplicate, Some(earlier.payload), earlier.key)
            }
            1 => (Fault::Late, Some(sound(kind, &id, time - LATE_BY)), after.key.clone()),
            2 => (Fault::Future, Some(sound(kind, &id, time + FUTURE_BY)), after.key.clone()),
            3 => (Fault::Tombstone, None, after.key.clone()),
            _ => {
                let reasons = INVALID.len() - usize::from(kind != Kind::Surveys);
                let reason = INVALID[self.chance.below(reasons)];
                (Fault::Invalid(reason), Some(invalid(kind, reason, &id, time)), after.key.clone())
            }
        };
        self.ready.push_back(GeneratedRecord { kind, name: "", key, partition, time, payload, fault: Some(fault) });
    }

    /// Draws an event of the topic that was sent a short time ago.
    fn pick_recent(&mut self, kind: Kind, now: EventTime) -> Option<GeneratedEvent> {
        let picked = self.recent.get(self.chance.below(self.recent.len().max(1)))?;
        (picked.kind == kind && now - picked.time <= DUPLICATE_AGE_MAX).then(|| picked.clone())
    }
}

impl<I: Iterator<Item = GeneratedEvent>> Iterator for FaultInjector<I> {
    type Item = GeneratedRecord;

    fn next(&mut self) -> Option<GeneratedRecord> {
        if let Some(record) = self.ready.pop_front() {
            return Some(record);
        }
        let Some(emitted) = self.events.next() else {
            let (held, _) = self.held.take()?;
            self.push(held);
            return self.ready.pop_front();
        };
        if let Some((held, left)) = self.held.take() {
            if left == 0 || emitted.time - held.time > DISORDER_MAX {
                self.push(held);
            } else {
                self.held = Some((held, left - 1));
            }
        } else if self.chance.happens(self.share * 0.3) {
            self.held = Some((emitted, self.chance.below(40) as u32));
            return self.next();
        }
        let is_faulty = self.chance.happens(self.share);
        let after = is_faulty.then(|| emitted.clone());
        self.push(emitted);
        if let Some(after) = after {
            self.push_fault(&after);
        }
        self.ready.pop_front()
    }
}

/// The reasons of refusal among which a fault is drawn. The last one applies to surveys only.
const INVALID: [Reason; 13] = [
    Reason::Empty,
    Reason::Encoding,
    Reason::Syntax,
    Reason::Depth,
    Reason::NotObject,
    Reason::DuplicateKey,
    Reason::MissingField,
    Reason::WrongType,
    Reason::UnknownType,
    Reason::WrongTopic,
    Reason::BadTime,
    Reason::BadValue,
    Reason::ScoreOutOfRange,
];

/// An event that is valid, and would be applied if its time were right.
fn sound(kind: Kind, id: &str, time: EventTime) -> Vec<u8> {
    format!("{{\"id\":\"{id}\",\"time\":\"{time}\",{}}}", body(kind, id)).into_bytes()
}

/// The members of a harmless event, except id and time.
fn body(kind: Kind, id: &str) -> String {
    match kind {
        Kind::Tickets => format!("\"type\":\"ticket.message\",\"ticket_id\":\"{id}\",\"author\":\"system\""),
        Kind::Chats => format!("\"type\":\"chat.message\",\"chat_id\":\"{id}\",\"author\":\"system\""),
        Kind::Surveys => format!("\"type\":\"survey.responded\",\"metric\":\"csat\",\"score\":3,\"survey_id\":\"{id}\""),
        Kind::Customers => format!("\"type\":\"customer.active\",\"customer_id\":\"{id}\""),
    }
}

fn invalid(kind: Kind, reason: Reason, id: &str, time: EventTime) -> Vec<u8> {
    let body = body(kind, id);
    let whole = |time: &str, body: &str| format!("{{\"id\":\"{id}\",\"time\":{time},{body}}}").into_bytes();
    let stamp = format!("\"{time}\"");
    let unknown = || whole(&stamp, &format!("\"type\":\"{}.teleported\"", kind.name().trim_end_matches('s')));
    match reason {
        Reason::Empty => b"  ".to_vec(),
        Reason::Encoding => [b"{\"id\":\"".as_slice(), &[0xc3, 0x28, 0xff], b"\"}"].concat(),
        Reason::Syntax => whole(&stamp, &body).split_last().map_or_else(Vec::new, |(_, cut)| cut.to_vec()),
        Reason::Depth => whole(&stamp, &format!("{body},\"extra\":{}{}", "[".repeat(60), "]".repeat(60))),
        Reason::NotObject => b"[1,2,3]".to_vec(),
        Reason::DuplicateKey => whole(&stamp, &format!("{body},\"id\":\"{id}\"")),
        Reason::MissingField => format!("{{\"id\":\"{id}\",\"time\":{stamp}}}").into_bytes(),
        Reason::WrongType => whole(&stamp, "\"type\":7"),
        Reason::WrongTopic => {
            let other = if kind == Kind::Chats { Kind::Tickets } else { Kind::Chats };
            whole(&stamp, &self::body(other, id))
        }
        Reason::BadTime => whole("\"yesterday\"", &body),
        Reason::BadValue => whole(
            &stamp,
            &match kind {
                Kind::Tickets => format!("\"type\":\"ticket.status_changed\",\"ticket_id\":\"{id}\",\"status\":\"asleep\""),
                Kind::Chats => format!("\"type\":\"chat.message\",\"chat_id\":\"{id}\",\"author\":\"ghost\""),
                Kind::Surveys => format!("\"type\":\"survey.sent\",\"metric\":\"joy\",\"survey_id\":\"{id}\""),
                Kind::Customers => {
                    format!("\"type\":\"customer.touchpoint\",\"customer_id\":\"{id}\",\"journey_stage\":\"use\",\"outcome\":\"perhaps\"")
                }
            },
        ),
        Reason::ScoreOutOfRange => whole(&stamp, "\"type\":\"survey.responded\",\"metric\":\"csat\",\"score\":9"),
        // The largest size is a matter of configuration, so no record here exceeds it.
        Reason::UnknownType | Reason::TooLarge => unknown(),
    }
}
