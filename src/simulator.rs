//! A synthetic support organisation: the demo shows it, the generator sends its events, and tests measure with them.
//!
//! Customers write in working hours. Agents answer as fast as load and staffing allow. The speed of the answers decides how content the customers
//! are, and their mood decides whether they leave. The same seed gives the same events, in the order of their time.
//!
//! Does not know Kafka, files or a clock.

mod arrivals;
mod assignment;
mod bot;
mod calendar;
mod chance;
mod channel;
mod chat;
mod chat_ticket;
mod contact;
mod customers;
mod faults;
mod incident;
mod journey;
mod merging;
mod nightly_set;
mod payload;
mod queue;
mod satisfaction;
mod second_address;
mod survey;
mod ticket;
mod ticket_plan;
mod webhook;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

pub use faults::{Fault, FaultInjector, GeneratedRecord};
pub use incident::{IncidentSettings, PlannedIncidents};

use crate::event::Kind;
use crate::time::{EventTime, Span};
use arrivals::Arrivals;
use calendar::{Calendar, Shift};
use chance::{Chance, pseudonym};
use chat::ChatStep;
use contact::{AGENTS, ContactSlot, Contacts, TEAMS};
use customers::{CustomerIndex, SimulatedCustomers};
use incident::{Incident, Incidents};
use journey::CustomerStep;
use payload::{Id, PayloadValue, PayloadWriter};
use queue::Queue;
use survey::SurveyStep;
use ticket::TicketStep;

/// The size of an organisation, its office clock and its incidents.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// How many contacts or events it has.
    pub volume: Volume,
    /// The number of customers at the start.
    pub customers: u32,
    /// The span from event time to the local time of the office, added to event time.
    pub office_offset: Span,
    /// When incidents happen.
    pub incidents: IncidentSettings,
    /// The number of partitions of each topic. The end of a nightly set of ticket snapshots is sent to every one of them.
    pub partitions: i32,
}

/// How many contacts or events an organisation has.
#[derive(Clone, Copy, Debug)]
pub enum Volume {
    /// Contacts per hour, averaged over the week. The rate follows the working hours.
    ContactsPerHour(f64),
    /// Events per second, the same at every hour. A new contact arrives whenever the open contacts cause too few events.
    EventsPerSecond(f64),
}

impl Profile {
    /// The mean number of contacts per hour of the default organisation.
    pub const CONTACTS_PER_HOUR: f64 = 80.0;
    /// The mean number of events per contact, with all events counted.
    pub const EVENTS_PER_CONTACT: f64 = 13.0;

    /// The event rate of a busy morning, as a multiple of the mean rate.
    pub const BUSY_MORNING: f64 = 4.4;

    /// A company with 24,000 customers and, in 30 days, about 60,000 contacts and 800,000 events.
    #[must_use]
    pub fn medium() -> Self {
        Self {
            volume: Volume::ContactsPerHour(Self::CONTACTS_PER_HOUR),
            customers: 24_000,
            office_offset: Span(0),
            incidents: IncidentSettings::default(),
            partitions: 1,
        }
    }

    /// A company of the same kind at another size, with a proportional number of customers.
    #[must_use]
    pub fn sized(volume: Volume) -> Self {
        let customers = match volume {
            Volume::ContactsPerHour(contacts) => contacts * 300.0,
            // Each customer causes an event at the start. Too many of them would bury a load that lasts only minutes.
            Volume::EventsPerSecond(events) => events * 10.0,
        };
        Self { volume, customers: customers.clamp(300.0, 1_000_000.0) as u32, ..Self::medium() }
    }

    /// The same company at the size at which it has slightly more than `events` events between `start` and `end`. Uses this profile's office clock.
    #[must_use]
    pub fn sized_for(self, events: u64, start: EventTime, end: EventTime) -> Self {
        let quarter = Span::minutes(15);
        let calendar = Calendar::new(self.office_offset);
        let quarters = (end - start).0 / quarter.0 + 1;
        let busy_hours: f64 = (0..quarters).map(|number| calendar.demand(start + Span(number * quarter.0)) / 4.0).sum();
        // Contacts of the last hours have not caused all their events yet. The shorter the time, the more this matters.
        let margin = 1.1 + 12.0 / (quarters as f64 / 4.0);
        let contacts = events as f64 * margin / Self::EVENTS_PER_CONTACT;
        let sized = Self::sized(Volume::ContactsPerHour((contacts / busy_hours).max(1.0)));
        // In a short time most customers would cause no event but their first one.
        let customers = sized.customers.min((contacts * 0.5).max(50.0) as u32);
        Self { volume: sized.volume, customers, ..self }
    }

    /// Sets the office clock so that `now` is a quarter past ten on a Tuesday morning.
    #[must_use]
    pub fn busy_at(self, now: EventTime) -> Self {
        const TUESDAY_10_15: f64 = 24.0 + 10.25;
        Self { office_offset: calendar::offset_for(now, TUESDAY_10_15), ..self }
    }
}

/// One event, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedEvent {
    /// The topic it belongs to.
    pub kind: Kind,
    /// The value of the `type` member.
    pub name: &'static str,
    /// The record key: the id of the contact's customer, or of the contact if the customer is unknown. A ticket made from a chat has the chat's key,
    /// and a second record of a customer the key of the first.
    pub key: String,
    /// The partition, for an event that belongs to a partition and to no customer: the key decides nothing then.
    pub partition: Option<i32>,
    /// The event time.
    pub time: EventTime,
    /// The event as a JSON object.
    pub payload: Vec<u8>,
}

/// The organisation at work: an endless iterator over its events in the order of their time. Profile, seed and start decide all of them.
#[derive(Debug)]
pub struct Organisation {
    chance: Chance,
    calendar: Calendar,
    incidents: Incidents,
    arrivals: Arrivals,
    desk_shift: Shift,
    live_shift: Shift,
    desk_queues: [Queue; TEAMS.len()],
    live_queue: Queue,
    customers: SimulatedCustomers,
    contacts: Contacts,
    due: BinaryHeap<Due>,
    due_count: u64,
    ready: VecDeque<GeneratedEvent>,
    payloads: PayloadWriter,
    partitions: i32,
    salt: u64,
    things: u64,
    now: EventTime,
}

impl Organisation {
    /// Opens the office at `start`, with all its customers and without open contacts.
    #[must_use]
    pub fn new(profile: Profile, seed: u64, start: EventTime) -> Self {
        let mut chance = Chance::new(seed);
        let calendar = Calendar::new(profile.office_offset);
        // A run that starts at another time must not repeat the ids of this one: its events would count as duplicates.
        let salt = pseudonym(seed ^ pseudonym(start.0 as u64));
        let incidents = Incidents::new(profile.incidents, start, &mut chance);
        let customers = SimulatedCustomers::new(profile.customers, salt, &mut chance);
        let mut organisation = Self {
            incidents,
            arrivals: Arrivals::new(profile.volume, calendar.peak()),
            desk_shift: Shift::desk(profile.office_offset),
            live_shift: Shift::live(profile.office_offset),
            desk_queues: std::array::from_fn(|_| Queue::default()),
            live_queue: Queue::default(),
            customers,
            contacts: Contacts::default(),
            due: BinaryHeap::new(),
            due_count: 0,
            ready: VecDeque::new(),
            payloads: PayloadWriter::new(salt),
            partitions: profile.partitions,
            salt,
            things: 0,
            now: start,
            chance,
            calendar,
        };
        for index in 0..profile.customers {
            organisation.schedule(start + Span(i64::from(index) / 100), Step::Customer(CustomerIndex(index), CustomerStep::WasActive));
        }
        let opening = start + Span(i64::from(profile.customers) / 100 + 1);
        organisation.schedule(opening, Step::Arrive);
        organisation.schedule(opening, Step::DrawCustomers);
        organisation.schedule_end_of_set();
        organisation
    }

    /// The incident that is under way at the time of the latest event.
    fn incident(&mut self) -> Option<Incident> {
        let is_open = self.calendar.is_open(self.now);
        self.incidents.under_way(self.now, is_open, &mut self.chance)
    }

    fn schedule(&mut self, at: EventTime, step: Step) {
        if let Step::Ticket(slot, _) | Step::Chat(slot, _) | Step::Survey(slot, _) = step {
            self.contacts[slot].steps_due += 1;
        }
        self.due_count += 1;
        self.due.push(Due { at: at.max(self.now), number: self.due_count, step });
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Arrive => self.arrive(),
            Step::Admit => self.admit(),
            Step::DrawCustomers => self.draw_customers(),
            Step::EndSet { started } => self.end_set(started),
            Step::Customer(customer, step) => self.take_customer_step(customer, step),
            Step::Ticket(slot, step) => self.with_contact(slot, |organisation| organisation.take_ticket_step(slot, step)),
            Step::Chat(slot, step) => self.with_contact(slot, |organisation| organisation.take_chat_step(slot, step)),
            Step::Survey(slot, step) => self.with_contact(slot, |organisation| organisation.take_survey_step(slot, step)),
        }
    }

    fn with_contact(&mut self, slot: ContactSlot, step: impl FnOnce(&mut Self)) {
        step(self);
        self.contacts[slot].steps_due -= 1;
        self.contacts.forget_if_done(slot);
    }

    /// Emits an event about a contact, with the contact's id as a member.
    fn emit_contact(&mut self, slot: ContactSlot, kind: Kind, name: &'static str, members: &[(&str, PayloadValue<'_>)]) {
        let contact = &self.contacts[slot];
        let key = contact.key;
        // The survey tool keeps every id as a text.
        let id = if kind == Kind::Surveys { PayloadValue::Id(contact.id) } else { contact.id.native() };
        let mut all: smallvec::SmallVec<[(&str, PayloadValue<'_>); 16]> = smallvec::smallvec![(contact.member(), id)];
        all.extend_from_slice(members);
        self.emit(kind, name, key, &all);
    }

    fn emit(&mut self, kind: Kind, name: &'static str, key: Id, members: &[(&str, PayloadValue<'_>)]) {
        let payload = self.payloads.write(name, self.now, members);
        self.ready.push_back(GeneratedEvent { kind, name, key: key.to_string(), partition: None, time: self.now, payload });
    }

    fn new_id(&mut self, letter: char) -> Id {
        self.things += 1;
        Id::Pseudonym(letter, pseudonym(self.salt.wrapping_add(self.things)))
    }

    /// The identity under which the customer of a contact wrote.
    fn customer_value(&self, slot: ContactSlot) -> PayloadValue<'static> {
        self.contacts[slot].customer_id.map_or(PayloadValue::Absent, PayloadValue::Id)
    }

    /// The pseudonym of the agent who handles a contact.
    fn agent_value(&self, slot: ContactSlot) -> PayloadValue<'static> {
        let contact = &self.contacts[slot];
        PayloadValue::Id(Id::Pseudonym(
            'a',
            pseudonym(self.salt.rotate_left(17) ^ (u64::from(contact.team) * AGENTS as u64 + u64::from(contact.agent))),
        ))
    }
}

impl Iterator for Organisation {
    type Item = GeneratedEvent;

    fn next(&mut self) -> Option<GeneratedEvent> {
        loop {
            if let Some(emitted) = self.ready.pop_front() {
                return Some(emitted);
            }
            let due = self.due.pop()?;
            self.now = due.at;
            self.take_step(due.step);
        }
    }
}

/// A step that is scheduled for an instant.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: EventTime,
    number: u64,
    step: Step,
}

/// Everything that can happen in the organisation.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next arrivals of contacts are drawn.
    Arrive,
    /// A contact arrives.
    Admit,
    /// The nightly set of ticket snapshots that began at this instant is complete.
    EndSet {
        started: EventTime,
    },
    /// Once a minute, the events that no contact causes are drawn: relationship surveys, touchpoints, new customers, and customers who leave.
    DrawCustomers,
    Customer(CustomerIndex, CustomerStep),
    Ticket(ContactSlot, TicketStep),
    Chat(ContactSlot, ChatStep),
    Survey(ContactSlot, SurveyStep),
}

impl Ord for Due {
    /// The heap yields its greatest element first, so the earliest step is the greatest. Of several at one instant it is the one scheduled first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Due {}
