//! The full sets of ticket snapshots that a late event may still precede, and the tickets that the next set may end.
//!
//! Each set ends the open tickets that it does not name, in whatever order the events of those tickets arrive. A set must cost no more than the tickets
//! that it changes, so the open tickets lie in the order in which sets reach them, and recent events lie in slices of time. Does not know any history.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::contact::{Action, HistoryEvent};
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::shared_map::SharedMap;
use crate::engine::terms::{DimensionsId, EngineSettings, EventOrder};
use crate::event::{Contact, Key};
use crate::time::{EventTime, Span};

/// The width of a slice of recent events.
const SLICE: Span = Span::seconds(1);

/// The number of a feed.
type Feed = u8;

/// The full sets of ticket snapshots, and the tickets that the next set may end.
#[derive(Debug, Default)]
pub(super) struct TicketSets {
    /// When each set began, by the order of the event that completed it.
    started: BTreeMap<EventOrder, EventTime>,
    /// The open tickets of each feed. Each lies at a time at which it was named, or at the beginning of time if it was never named. It may have been
    /// named again since, until a set reaches it.
    open: BTreeSet<(Feed, EventTime, Key)>,
    /// Where each ticket lies in `open`. It says the same, and a copy of it costs less.
    places: SharedMap<Key, (Feed, EventTime)>,
    /// The tickets with recent events. They are tracked from the first set on, because most help desks send none.
    recent: Option<RecentTickets>,
}

/// The tickets with events that a set may still precede.
#[derive(Debug)]
struct RecentTickets {
    /// By feed and slice of event time. A ticket may be in several slices, and several times in one.
    slices: BTreeMap<(Feed, i64), Vec<Key>>,
    /// The number of entries in all slices.
    entries: usize,
    /// The slices hold every event from this time on.
    since: EventTime,
}

impl TicketSets {
    /// Stores the sets, the open tickets with their places, and the recent events if they are tracked.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let Self { started, open: _, places, recent } = self;
        out.put(started);
        let places = places.clone();
        out.put_later(move |out| {
            let mut open: Vec<(Feed, EventTime, Key)> = places.iter().map(|(ticket, (feed, named))| (*feed, *named, *ticket)).collect();
            open.sort_unstable();
            out.put_list(open.iter());
        });
        out.put(&recent.is_some());
        if let Some(RecentTickets { slices, entries: _, since }) = recent {
            let slices = slices.clone();
            out.put_later(move |out| out.put_list(slices.iter()));
            out.put(since);
        }
    }

    /// Restores the sets, the open tickets and the recent events.
    pub(super) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let started = input.take()?;
        let open: BTreeSet<(Feed, EventTime, Key)> = input.take()?;
        let places = open.iter().map(|(feed, named, ticket)| (*ticket, (*feed, *named))).collect();
        let recent = if input.take()? {
            let slices: BTreeMap<(Feed, i64), Vec<Key>> = input.take()?;
            Some(RecentTickets { entries: slices.values().map(Vec::len).sum(), slices, since: input.take()? })
        } else {
            None
        };
        Ok(Self { started, open, places, recent })
    }

    /// Adds a set; returns whether the oldest set was forgotten because there are more than `sets_max`.
    pub(super) fn insert(&mut self, order: EventOrder, started: EventTime, sets_max: usize) -> bool {
        self.started.insert(order, started);
        self.started.len() > sets_max && self.started.pop_first().is_some()
    }

    /// The sets of its feed that were completed after an event of a ticket, as events of its history; none for a chat.
    pub(super) fn after(&self, contact: Contact, order: EventOrder, settings: &EngineSettings) -> SmallVec<[HistoryEvent; 0]> {
        if self.started.is_empty() || matches!(contact, Contact::Chat(_)) {
            return SmallVec::new();
        }
        let feed = settings.feed_of(order);
        let later = self.started.range(order..).filter(|(set, _)| **set > order && settings.feed_of(**set) == feed);
        later.map(|(set, started)| set_event(*set, *started)).collect()
    }

    /// Forgets the sets that no late event can precede any more, and the events that no set can precede.
    pub(super) fn forget_before(&mut self, horizon: EventTime) {
        while self.started.first_key_value().is_some_and(|(order, _)| order.time < horizon) {
            self.started.pop_first();
        }
        if let Some(recent) = &mut self.recent {
            recent.forget_before(horizon);
        }
    }

    /// Notes whether a ticket is open, after an event of the feed that named it at `named`. The place of a ticket that is open already changes only if
    /// `moves`: an event costs less without, and the next set then finds the ticket's place out of date.
    pub(super) fn note_open(&mut self, contact: Contact, feed: Feed, is_open: bool, named: Option<EventTime>, moves: bool) {
        let Contact::Ticket(ticket) = contact else { return };
        if !is_open {
            self.forget(contact);
            return;
        }
        let place = (feed, named.unwrap_or(EventTime::MIN));
        match self.places.get(&ticket) {
            Some(known) if *known == place || !(moves || self.recent.is_some()) => return,
            Some(known) => drop(self.open.remove(&(known.0, known.1, ticket))),
            None => {}
        }
        self.places.insert(ticket, place);
        self.open.insert((place.0, place.1, ticket));
    }

    /// Forgets a ticket, which is no longer open or no longer known.
    pub(super) fn forget(&mut self, contact: Contact) {
        if let Contact::Ticket(ticket) = contact
            && let Some((feed, named)) = self.places.remove(&ticket)
        {
            self.open.remove(&(feed, named, ticket));
        }
    }

    /// The open tickets of a feed that were perhaps not named since `started`: all that were not, and those whose place is out of date.
    pub(super) fn perhaps_left_open(&self, feed: Feed, started: EventTime) -> Vec<Contact> {
        let all = (feed, EventTime::MIN, Key(0))..(feed, started, Key(0));
        self.open.range(all).map(|(.., ticket)| Contact::Ticket(*ticket)).collect()
    }

    /// Notes an event of a ticket, for the sets that may precede it. `entries_max` limits the events that are noted.
    pub(super) fn note_event(&mut self, contact: Contact, feed: Feed, time: EventTime, entries_max: usize) {
        if let (Some(recent), Contact::Ticket(ticket)) = (&mut self.recent, contact) {
            recent.note(ticket, feed, time, entries_max);
        }
    }

    /// Whether the tickets with events after a time are known.
    pub(super) fn knows_events_since(&self, time: EventTime) -> bool {
        self.recent.as_ref().is_some_and(|recent| recent.since <= time)
    }

    /// Tracks recent events from now on. `known` are the tickets with events since `since`, each with its feed and the time of its last event.
    pub(super) fn track_events(&mut self, since: EventTime, known: impl Iterator<Item = (Contact, Feed, EventTime)>, entries_max: usize) {
        self.recent = Some(RecentTickets { slices: BTreeMap::new(), entries: 0, since });
        for (contact, feed, time) in known {
            self.note_event(contact, feed, time, entries_max);
        }
    }

    /// The tickets of a feed with events at a time or after it; some may have events shortly before it only.
    pub(super) fn tickets_since(&self, feed: Feed, time: EventTime) -> Vec<Contact> {
        let slices = self.recent.iter().flat_map(|recent| recent.slices.range((feed, time.slice(SLICE))..=(feed, i64::MAX)));
        slices.flat_map(|(_, tickets)| tickets).map(|ticket| Contact::Ticket(*ticket)).collect()
    }
}

impl RecentTickets {
    fn note(&mut self, ticket: Key, feed: Feed, time: EventTime, entries_max: usize) {
        let slice = self.slices.entry((feed, time.slice(SLICE))).or_default();
        if slice.last() != Some(&ticket) {
            slice.push(ticket);
            self.entries += 1;
        }
        while self.entries > entries_max {
            let Some(first) = self.slices.keys().map(|(_, slice)| *slice).min() else { break };
            self.forget_before(EventTime((first + 1) * SLICE.0));
        }
    }

    fn forget_before(&mut self, horizon: EventTime) {
        if horizon <= self.since {
            return;
        }
        self.since = horizon;
        let first_kept = horizon.slice(SLICE);
        let feeds: SmallVec<[Feed; 4]> = {
            let mut feeds: SmallVec<[Feed; 4]> = self.slices.keys().map(|(feed, _)| *feed).collect();
            feeds.dedup();
            feeds
        };
        for feed in feeds {
            while let Some((&slice, _)) = self.slices.range((feed, i64::MIN)..(feed, first_kept)).next() {
                self.entries -= self.slices.remove(&slice).map_or(0, |tickets| tickets.len());
            }
        }
    }
}

/// A completed set as an event of a ticket's history.
pub(super) fn set_event(order: EventOrder, started: EventTime) -> HistoryEvent {
    HistoryEvent { order, dimensions: DimensionsId::default(), customer: None, ticket: None, action: Action::SetCompleted(started) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: Contact = Contact::Ticket(Key(7));

    fn at(seconds: i64) -> EventTime {
        EventTime(0) + Span::seconds(seconds)
    }

    #[test]
    fn a_ticket_lies_where_it_was_named_and_leaves_when_it_is_no_longer_open() {
        let mut sets = TicketSets::default();
        sets.note_open(TICKET, 1, true, Some(at(10)), false);
        sets.note_open(TICKET, 1, true, Some(at(20)), false);
        assert_eq!(sets.perhaps_left_open(1, at(15)), [TICKET], "its place is out of date");
        sets.note_open(TICKET, 1, true, Some(at(20)), true);
        assert_eq!([sets.perhaps_left_open(1, at(20)).len(), sets.perhaps_left_open(0, at(99)).len()], [0, 0]);
        assert_eq!(sets.perhaps_left_open(1, at(21)), [TICKET]);
        sets.note_open(TICKET, 1, false, Some(at(30)), false);
        assert!(sets.open.is_empty() && sets.places.len() == 0);
        sets.note_open(Contact::Chat(Key(8)), 1, true, None, true);
        assert!(sets.open.is_empty(), "no set ends a chat");
    }

    #[test]
    fn recent_events_are_found_by_time_and_limited() {
        let mut sets = TicketSets::default();
        sets.note_event(TICKET, 0, at(1), 3);
        assert!(!sets.knows_events_since(at(99)) && sets.tickets_since(0, at(0)).is_empty(), "nothing is tracked before the first set");
        sets.track_events(at(0), [(TICKET, 0, at(1))].into_iter(), 3);
        for n in 2..5 {
            sets.note_event(Contact::Ticket(Key(n)), (n % 2) as u8, at(n as i64), 3);
        }
        assert_eq!(sets.tickets_since(0, at(3)), [Contact::Ticket(Key(4))]);
        assert_eq!(sets.tickets_since(1, at(0)), [Contact::Ticket(Key(3))]);
        assert!(!sets.knows_events_since(at(1)) && sets.knows_events_since(at(2)), "the oldest slice left");
        sets.forget_before(at(4));
        assert_eq!(sets.recent.as_ref().map(|recent| recent.entries), Some(1));
    }
}
