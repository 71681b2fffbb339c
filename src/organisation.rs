//! A made support organisation: pure, seeded, believable. The demo shows it, the generator sends it, tests measure with it.
//!
//! People write in working hours, agents answer as fast as load and staffing let them, and how fast they do decides how content the
//! customers are, who in the end stay or leave. Does not know Kafka, files or a clock; yields events in the order of their time.

mod arrivals;
mod calendar;
mod chance;
mod chat;
mod contact;
mod faults;
mod incident;
mod journey;
mod line;
mod people;
mod queue;
mod survey;
mod ticket;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

pub use faults::{Fault, FaultyFeed, Fed};
pub use incident::{IncidentSettings, PlannedIncidents};

use crate::event::Kind;
use crate::time::{EventTime, Span};
use arrivals::Arrivals;
use calendar::{Calendar, Shift};
use chance::{Chance, pseudonym};
use chat::ChatStep;
use contact::{AGENTS, Contacts, Slot, TEAMS};
use incident::Incidents;
use journey::CustomerStep;
use line::{Id, Lines, Value};
use people::{CustomerIndex, People};
use queue::Lane;
use survey::SurveyStep;
use ticket::TicketStep;

/// What kind of organisation it is.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// How much it has to do.
    pub volume: Volume,
    /// Customers at the start.
    pub customers: u32,
    /// What is added to event time to get the time of the office's clock on the wall.
    pub office_offset: Span,
    /// When something breaks.
    pub incidents: IncidentSettings,
}

/// How much an organisation has to do.
#[derive(Clone, Copy, Debug)]
pub enum Volume {
    /// Contacts per hour, averaged over the week; the working hours shape them.
    ContactsPerHour(f64),
    /// So many events per second at every hour, whatever the time: new contacts come in as those that are open leave room.
    EventsPerSecond(f64),
}

impl Profile {
    /// Mean contacts per hour of the default organisation.
    pub const CONTACTS_PER_HOUR: f64 = 80.0;
    /// Events that a contact causes on average, everything counted.
    pub const EVENTS_PER_CONTACT: f64 = 11.0;

    /// How many times the mean event rate that of a busy morning is.
    pub const BUSY_MORNING: f64 = 4.4;

    /// A company with 24,000 customers, and about 58,000 contacts and 650,000 events in 30 days.
    #[must_use]
    pub fn medium() -> Self {
        Self {
            volume: Volume::ContactsPerHour(Self::CONTACTS_PER_HOUR),
            customers: 24_000,
            office_offset: Span(0),
            incidents: IncidentSettings::default(),
        }
    }

    /// The same kind of company at another size, with customers in proportion.
    #[must_use]
    pub fn sized(volume: Volume) -> Self {
        let customers = match volume {
            Volume::ContactsPerHour(contacts) => contacts * 300.0,
            // Every customer is an event at the start, which a load for minutes must not drown in.
            Volume::EventsPerSecond(events) => events * 10.0,
        };
        Self { volume, customers: customers.clamp(300.0, 1_000_000.0) as u32, ..Self::medium() }
    }

    /// The same kind of company at the size that has a few more than this many events between `start` and `end`, by its office clock.
    #[must_use]
    pub fn sized_for(self, events: u64, start: EventTime, end: EventTime) -> Self {
        let quarter = Span::minutes(15);
        let calendar = Calendar::new(self.office_offset);
        let quarters = (end - start).0 / quarter.0 + 1;
        let busy_hours: f64 = (0..quarters).map(|number| calendar.demand(start + Span(number * quarter.0)) / 4.0).sum();
        // The contacts of the last hours are not yet at their end, which weighs the more the shorter the time is.
        let margin = 1.1 + 12.0 / (quarters as f64 / 4.0);
        let contacts = events as f64 * margin / Self::EVENTS_PER_CONTACT;
        let sized = Self::sized(Volume::ContactsPerHour((contacts / busy_hours).max(1.0)));
        // In a short time most customers would have no other part than to be customers.
        let customers = sized.customers.min((contacts * 0.5).max(50.0) as u32);
        Self { volume: sized.volume, customers, ..self }
    }

    /// Sets the office clock so that it is a quarter past ten on a Tuesday morning at `now`.
    #[must_use]
    pub fn busy_at(self, now: EventTime) -> Self {
        const TUESDAY_10_15: f64 = 24.0 + 10.25;
        Self { office_offset: calendar::offset_for(now, TUESDAY_10_15), ..self }
    }
}

/// One event, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The topic it belongs to.
    pub kind: Kind,
    /// The `type` member.
    pub name: &'static str,
    /// The record key: the contact's customer, or the contact itself where that is not known.
    pub key: String,
    /// When it happened.
    pub time: EventTime,
    /// The JSON object.
    pub payload: Vec<u8>,
}

/// The organisation at work: an endless iterator over what happens, in time order. The same for the same profile, seed and start.
#[derive(Debug)]
pub struct Organisation {
    chance: Chance,
    calendar: Calendar,
    incidents: Incidents,
    arrivals: Arrivals,
    desk_shift: Shift,
    live_shift: Shift,
    desk_lanes: [Lane; TEAMS.len()],
    live_lane: Lane,
    people: People,
    contacts: Contacts,
    due: BinaryHeap<Due>,
    due_count: u64,
    ready: VecDeque<Emitted>,
    lines: Lines,
    salt: u64,
    things: u64,
    now: EventTime,
}

impl Organisation {
    /// Opens the office at `start`: the customers are there, nothing is open yet.
    #[must_use]
    pub fn new(profile: Profile, seed: u64, start: EventTime) -> Self {
        let mut chance = Chance::new(seed);
        let calendar = Calendar::new(profile.office_offset);
        // A second run that starts at another time must not repeat the ids of the first: they would be duplicates.
        let salt = pseudonym(seed ^ pseudonym(start.0 as u64));
        let incidents = Incidents::new(profile.incidents, start, &mut chance);
        let people = People::new(profile.customers, salt, &mut chance);
        let mut organisation = Self {
            incidents,
            arrivals: Arrivals::new(profile.volume, calendar.peak()),
            desk_shift: Shift::desk(profile.office_offset),
            live_shift: Shift::live(profile.office_offset),
            desk_lanes: std::array::from_fn(|_| Lane::default()),
            live_lane: Lane::default(),
            people,
            contacts: Contacts::default(),
            due: BinaryHeap::new(),
            due_count: 0,
            ready: VecDeque::new(),
            lines: Lines::new(salt),
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
        organisation.schedule(opening, Step::LookAround);
        organisation
    }

    /// Whether an incident is going on at the time of the latest event.
    pub fn has_incident(&mut self) -> bool {
        let is_open = self.calendar.is_open(self.now);
        self.incidents.is_on(self.now, is_open, &mut self.chance)
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
            Step::LookAround => self.look_around(),
            Step::Customer(customer, step) => self.take_customer_step(customer, step),
            Step::Ticket(slot, step) => self.with_contact(slot, |organisation| organisation.take_ticket_step(slot, step)),
            Step::Chat(slot, step) => self.with_contact(slot, |organisation| organisation.take_chat_step(slot, step)),
            Step::Survey(slot, step) => self.with_contact(slot, |organisation| organisation.take_survey_step(slot, step)),
        }
    }

    fn with_contact(&mut self, slot: Slot, step: impl FnOnce(&mut Self)) {
        step(self);
        self.contacts[slot].steps_due -= 1;
        self.contacts.forget_if_done(slot);
    }

    /// Emits an event about a contact, with the member that names it and the key of its customer.
    fn emit_contact(&mut self, slot: Slot, kind: Kind, name: &'static str, members: &[(&str, Value<'_>)]) {
        let contact = &self.contacts[slot];
        let key = contact.customer.map_or(contact.id, |customer| self.people[customer].id);
        let id = (contact.member(), Value::Id(contact.id));
        let mut all: smallvec::SmallVec<[(&str, Value<'_>); 12]> = smallvec::smallvec![id];
        all.extend_from_slice(members);
        self.emit(kind, name, key, &all);
    }

    fn emit(&mut self, kind: Kind, name: &'static str, key: Id, members: &[(&str, Value<'_>)]) {
        let payload = self.lines.line(name, self.now, members);
        self.ready.push_back(Emitted { kind, name, key: key.to_string(), time: self.now, payload });
    }

    fn new_id(&mut self, letter: char) -> Id {
        self.things += 1;
        Id(letter, pseudonym(self.salt.wrapping_add(self.things)))
    }

    fn customer_value(&self, customer: Option<CustomerIndex>) -> Value<'static> {
        customer.map_or(Value::Absent, |customer| Value::Id(self.people[customer].id))
    }

    /// The pseudonym of an agent of a team.
    fn agent_value(&self, slot: Slot) -> Value<'static> {
        let contact = &self.contacts[slot];
        Value::Id(Id('a', pseudonym(self.salt.rotate_left(17) ^ (u64::from(contact.team) * AGENTS as u64 + u64::from(contact.agent)))))
    }
}

impl Iterator for Organisation {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
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

/// What is to happen at an instant.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: EventTime,
    number: u64,
    step: Step,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next arrivals are drawn.
    Arrive,
    /// A contact comes in.
    Admit,
    /// Once a minute: relationship surveys, touchpoints, newcomers, leavers without a reason.
    LookAround,
    Customer(CustomerIndex, CustomerStep),
    Ticket(Slot, TicketStep),
    Chat(Slot, ChatStep),
    Survey(Slot, SurveyStep),
}

impl Ord for Due {
    /// The heap gives the greatest first: the earliest, and of those the first scheduled.
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
