//! The state of one partition group: the admission of its records, its lives, and its panes.
//!
//! Does not know other partition groups, nor what a record changes in a life.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::codec::{RestoreError, StateReader, StateWriter};
use super::coverage::Coverage;
use super::lives::{Admission, AdmittedEvent, Ledger, Lives, apply};
use super::record::{Outcome, Progress, RecordPlace};
use super::terms::{EngineSettings, EngineTopic, EventOrder, Terms};
use super::windows::{Outbox, Panes};
use crate::event::{Body, Decoded, Kind};
use crate::time::EventTime;

/// The state of one partition group.
#[derive(Debug)]
pub(crate) struct GroupState {
    pub(crate) topics: Vec<TopicState>,
    pub(crate) lives: Lives,
    pub(crate) outbox: Outbox,
    pub(crate) panes: Panes,
    /// Events later than now; each is applied when now reaches it.
    held: BTreeMap<EventOrder, AdmittedEvent>,
    /// Whether the backlog is complete: the logs were read from their starts, or a full set of ticket snapshots of each feed was read since.
    pub(crate) is_history_complete: bool,
    /// The feeds of which a full set was read, a bit for each.
    completed_feeds: u64,
}

/// The state of one topic of a group.
#[derive(Debug)]
pub(crate) struct TopicState {
    pub(crate) admission: Admission,
    pub(crate) ledger: Ledger,
    /// The offset after the last record; `None` before the first record.
    pub(crate) next_offset: Option<i64>,
    pub(crate) progress: Option<Progress>,
    /// What has been seen of the topic's log, by the timestamps of its records, or by event times where they have none.
    pub(crate) coverage: Coverage,
}

impl GroupState {
    pub(crate) fn new(terms: Terms, panes: Panes, outbox: Outbox) -> Self {
        Self {
            topics: topics_of(&terms),
            lives: Lives::new(terms),
            outbox,
            panes,
            held: BTreeMap::new(),
            is_history_complete: true,
            completed_feeds: 0,
        }
    }

    /// Stores everything but the panes, the progress of reading, and facts that are on their way.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self { topics, lives, outbox: _, panes: _, held, is_history_complete, completed_feeds } = self;
        lives.store(out);
        for topic in topics {
            let TopicState { admission, ledger, next_offset, progress: _, coverage } = topic;
            admission.store(out);
            ledger.store(out);
            out.put(&(next_offset, coverage));
        }
        out.put(held);
        out.put(&(is_history_complete, completed_feeds));
    }

    /// Restores what [`Self::store`] has stored. The panes follow in the bytes; `restore_panes` restores them for the names of the group.
    pub(crate) fn restore(
        input: &mut StateReader<'_>,
        outbox: Outbox,
        terms_of: impl FnOnce(&mut StateReader<'_>) -> Result<Terms, RestoreError>,
        restore_panes: impl FnOnce(&mut StateReader<'_>, &mut Terms) -> Result<Panes, RestoreError>,
    ) -> Result<Self, RestoreError> {
        let mut lives = Lives::restore(input, terms_of)?;
        let mut topics = topics_of(&lives.terms);
        for (topic, settings) in topics.iter_mut().zip(&lives.terms.settings.topics) {
            topic.admission = Admission::new(settings.allowed_lateness, lives.terms.settings.limits.identities_max).restore(input)?;
            topic.ledger = Ledger::restore(input, settings.kind)?;
            (topic.next_offset, topic.coverage) = input.take()?;
        }
        let held = input.take()?;
        let (is_history_complete, completed_feeds) = input.take()?;
        let panes = restore_panes(input, &mut lives.terms)?;
        Ok(Self { topics, lives, outbox, panes, held, is_history_complete, completed_feeds })
    }

    /// Uses settings that differ in the targets and in the limits of entries only.
    pub(crate) fn set_settings(&mut self, settings: &Arc<EngineSettings>) {
        self.lives.terms.set_settings(settings);
        self.topics.iter_mut().for_each(|topic| topic.admission.set_identities_max(settings.limits.identities_max));
    }

    /// Judges a record, counts its outcome in the ledger, and returns the event if it is to be applied.
    pub(crate) fn judge(&mut self, place: RecordPlace, decoded: &Decoded<'_>) -> (Outcome, Option<AdmittedEvent>) {
        let at = usize::from(place.topic.0);
        let topic = &mut self.topics[at];
        assert!(topic.next_offset.is_none_or(|next| place.offset >= next), "a record is handled once, in the order of its log");
        topic.next_offset = Some(place.offset + 1);
        let outcome = match decoded {
            Decoded::Event(event) => topic.admission.judge(event.identity, event.time, place.record_time),
            Decoded::Ignored => Outcome::Ignored,
            Decoded::Invalid(reason) => Outcome::Invalid(*reason),
        };
        topic.ledger.book(outcome);
        let event_time = if let Decoded::Event(event) = decoded { Some(event.time) } else { None };
        if let Some(time) = place.record_time.or(event_time) {
            topic.coverage.note_record(time);
        }
        let Decoded::Event(event) = decoded else { return (outcome, None) };
        if outcome != Outcome::Applied {
            return (outcome, None);
        }
        self.lives.largest_event_time = self.lives.largest_event_time.max(Some(event.time));
        let terms = &mut self.lives.terms;
        if event.overflowed != 0 {
            terms.names.count_replaced(event.overflowed);
        }
        let admitted = AdmittedEvent {
            order: EventOrder::new(event.time, terms.settings.topics[at].kind, event.body.rank(), place.topic.0, place.offset),
            topic: at,
            identity: event.identity,
            customer: event.customer,
            ticket: event.ticket,
            dimensions: terms.names.intern(&event.dimensions),
            body: event.body.clone(),
        };
        (outcome, Some(admitted))
    }

    /// Applies an event, or holds it until now reaches it.
    pub(crate) fn take_in(&mut self, event: &AdmittedEvent) {
        let Terms { now, settings, .. } = &self.lives.terms;
        if event.order.time <= *now {
            return self.apply(event);
        }
        let held_max = settings.limits.held_max;
        self.held.insert(event.order, event.clone());
        // Too many events are held, so the earliest is applied a little early rather than lost. The states of now then change at once. Its other
        // facts wait ahead of now, in no window.
        if self.held.len() > held_max
            && let Some((_, first)) = self.held.pop_first()
        {
            self.lives.evictions.held += 1;
            self.apply(&first);
        }
    }

    /// Applies the held events that now has reached, in their order.
    pub(crate) fn release_held(&mut self) {
        while let Some(entry) = self.held.first_entry() {
            if entry.key().time > self.lives.terms.now {
                break;
            }
            let event = entry.remove();
            self.apply(&event);
        }
    }

    /// Notes that the logs were not read from their starts.
    pub(crate) fn mark_incomplete(&mut self) {
        (self.is_history_complete, self.completed_feeds) = (false, 0);
    }

    /// Folds the histories that no late event can change any more, and forgets the lives that are no longer needed. All admitted events must have been
    /// applied. Only here does the horizon move, so that no event is applied by a watermark that a record behind it has moved.
    pub(crate) fn settle(&mut self) {
        self.lives.horizon = self.horizon();
        let settled_at = self.lives.largest_event_time.unwrap_or(EventTime::MIN);
        apply::settle(&mut self.lives, &mut self.outbox.door(settled_at));
    }

    /// The number of entries in each store.
    pub(crate) fn sizes(&self) -> [(&'static str, usize); 9] {
        let [contacts, surveys, customers] = self.lives.sizes();
        let (panes, entries) = self.panes.size();
        let identities = self.topics.iter().map(|t| t.admission.identities()).sum();
        [
            ("contacts", contacts),
            ("surveys", surveys),
            ("customers", customers),
            ("identities", identities),
            ("held", self.held.len()),
            ("changes", self.lives.changes.len()),
            ("panes", panes),
            ("pane_cells", entries),
            ("day_sums", self.panes.days().len()),
        ]
    }

    fn apply(&mut self, event: &AdmittedEvent) {
        let effect = apply::apply(&mut self.lives, event, &mut self.outbox.door(event.order.time));
        let ledger = &mut self.topics[event.topic].ledger;
        if effect.is_orphaned {
            ledger.orphaned += 1;
        } else if !effect.has_effect {
            ledger.book_without_effect(event.body.event_type());
        }
        if let Body::SnapshotCompleted(_) = event.body {
            self.note_full_set(event.topic);
        }
    }

    /// Notes that a full set of ticket snapshots of a topic's feed was read.
    fn note_full_set(&mut self, topic: usize) {
        let topics = &self.lives.terms.settings.topics;
        let bit = |topic: &EngineTopic| 1u64 << (topic.feed & 63);
        self.completed_feeds |= bit(&topics[topic]);
        let needed = topics.iter().filter(|topic| topic.kind == Kind::Tickets).fold(0, |bits, topic| bits | bit(topic));
        self.is_history_complete |= self.completed_feeds & needed == needed;
    }

    /// Group time: the smallest watermark of the topics that still have lag; if none has lag, the largest watermark. Histories are folded only as
    /// group time passes.
    fn group_time(&self) -> EventTime {
        let lagging = || self.topics.iter().filter(|t| !t.progress.is_some_and(|p| p.at_end));
        let watermark = |t: &TopicState| t.admission.watermark().unwrap_or(EventTime::MIN);
        let smallest = lagging().map(watermark).min();
        smallest.unwrap_or_else(|| self.topics.iter().map(watermark).max().unwrap_or(EventTime::MIN))
    }

    /// Histories are folded up to this time. A quiet topic that has been read to its end may still admit an earlier event, which is then applied
    /// after the folded ones.
    fn horizon(&self) -> EventTime {
        self.group_time() - self.lives.lateness_max
    }
}

/// The topics of a group of which no record was handled yet.
fn topics_of(terms: &Terms) -> Vec<TopicState> {
    let topic = |t: &EngineTopic| TopicState {
        admission: Admission::new(t.allowed_lateness, terms.settings.limits.identities_max),
        ledger: Ledger::of(t.kind),
        next_offset: None,
        progress: None,
        coverage: Coverage::default(),
    };
    terms.settings.topics.iter().map(topic).collect()
}
