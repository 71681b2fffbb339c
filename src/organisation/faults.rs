//! Mixes known faults into a feed: each record says which outcome it must have, so that a ledger can be held against the sum.
//!
//! Does not know the engine's bookkeeping; follows from the input contract alone. The expectations hold for a processor that reads from
//! the first record, with the default lateness or any from 20 minutes to two days.

use std::collections::VecDeque;

use super::Emitted;
use super::chance::Chance;
use crate::event::{Kind, Reason};
use crate::time::{EventTime, Span};

/// A duplicate repeats an event that is at most this old, which every allowed lateness from here on remembers.
const DUPLICATE_AGE_MAX: Span = Span::minutes(15);
/// An event held back comes at most this much later.
const DISORDER_MAX: Span = Span::minutes(5);
/// Further behind than every sensible lateness.
const LATE_BY: Span = Span::hours(60);
/// Ahead of every record timestamp, whoever sets it, and still an instant that the contract accepts.
const FUTURE_BY: Span = Span::days(20 * 365);
const REMEMBERED_MAX: usize = 64;

/// A record to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed {
    /// The topic it goes to.
    pub kind: Kind,
    /// Its event type; empty for a faulty record.
    pub name: &'static str,
    /// The record key.
    pub key: String,
    /// The record timestamp.
    pub time: EventTime,
    /// The value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was sent before.
    Duplicate,
    /// Its event is long past.
    Late,
    /// Its event has not happened yet.
    Future,
    /// It breaks the contract.
    Invalid(Reason),
    /// It has no value.
    Tombstone,
}

impl Fed {
    /// Every outcome there is.
    pub const OUTCOMES: [&'static str; 6] = ["applied", "duplicate", "late", "future", "invalid", "ignored"];

    /// The outcome that a processor must give this record, by its name in the ledger.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self.fault {
            None => "applied",
            Some(Fault::Duplicate) => "duplicate",
            Some(Fault::Late) => "late",
            Some(Fault::Future) => "future",
            Some(Fault::Invalid(_)) => "invalid",
            Some(Fault::Tombstone) => "ignored",
        }
    }
}

/// A feed with faults.
#[derive(Debug)]
pub struct FaultyFeed<I> {
    feed: I,
    share: f64,
    chance: Chance,
    recent: VecDeque<Emitted>,
    held: Option<(Emitted, u32)>,
    ready: VecDeque<Fed>,
    faults: u64,
    prefix: u64,
}

impl<I: Iterator<Item = Emitted>> FaultyFeed<I> {
    /// A fault after this share of the records; 0 leaves the feed as it is.
    #[must_use]
    pub fn new(feed: I, share: f64, seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x000f_a017);
        let prefix = (chance.unit() * 1e15) as u64;
        Self { feed, share, chance, recent: VecDeque::new(), held: None, ready: VecDeque::new(), faults: 0, prefix }
    }

    fn push(&mut self, emitted: Emitted) {
        if self.share > 0.0 {
            self.recent.push_back(emitted.clone());
            if self.recent.len() > REMEMBERED_MAX {
                self.recent.pop_front();
            }
        }
        let Emitted { kind, name, key, time, payload } = emitted;
        self.ready.push_back(Fed { kind, name, key, time, payload: Some(payload), fault: None });
    }

    /// Puts a fault behind an event that was just sent, into the same topic under the same key: there the watermark has passed it.
    fn push_fault(&mut self, after: &Emitted) {
        self.faults += 1;
        let id = format!("f{:x}-{}", self.prefix, self.faults);
        let Emitted { kind, time, .. } = *after;
        let (fault, payload, key) = match self.chance.below(6) {
            0 => {
                let Some(earlier) = self.pick_recent(kind, time) else { return };
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
        self.ready.push_back(Fed { kind, name: "", key, time, payload, fault: Some(fault) });
    }

    /// Some event of the topic that was sent a short while ago.
    fn pick_recent(&mut self, kind: Kind, now: EventTime) -> Option<Emitted> {
        let picked = self.recent.get(self.chance.below(self.recent.len().max(1)))?;
        (picked.kind == kind && now - picked.time <= DUPLICATE_AGE_MAX).then(|| picked.clone())
    }
}

impl<I: Iterator<Item = Emitted>> Iterator for FaultyFeed<I> {
    type Item = Fed;

    fn next(&mut self) -> Option<Fed> {
        if let Some(fed) = self.ready.pop_front() {
            return Some(fed);
        }
        let Some(emitted) = self.feed.next() else {
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

/// Reasons of refusal that a record of any topic can have; the last one of surveys only.
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

/// An event that would be applied at the right time.
fn sound(kind: Kind, id: &str, time: EventTime) -> Vec<u8> {
    format!("{{\"id\":\"{id}\",\"time\":\"{time}\",{}}}", body(kind, id)).into_bytes()
}

/// The members beside id and time of an event without consequences.
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
        // Which size is too large is configuration, so no record of this feed is.
        Reason::UnknownType | Reason::TooLarge => unknown(),
    }
}
