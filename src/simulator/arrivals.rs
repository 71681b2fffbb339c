//! How contacts arrive, at which rate, on which channel and for which team; and how long each waits for an agent.
//!
//! Does not know the steps of a contact after its arrival.

use super::chance::pseudonym;
use super::channel::Channel;
use super::contact::{AGENTS, Asking, BRANDS, ContactSlot, INCIDENT_TEAM, Origin, PRIORITIES, SimulatedContact, State, TEAMS};
use super::customers::CustomerIndex;
use super::incident::Incident;
use super::payload::Id;
use super::{Organisation, Step, Volume};
use crate::time::{EventTime, Span};

/// An incident multiplies the rate of contacts by this factor: one of all teams by the first, one of a team by the second.
const INCIDENT_VOLUME: (f64, f64) = (2.6, 4.0);
/// The share of the additional contacts that are for the team that an incident of all teams affects most. Of an incident of one team all are for that team.
const INCIDENT_FOCUS: f64 = 0.8;
/// An incident multiplies the work of a contact by this factor.
const INCIDENT_WORK: f64 = 2.0;
/// An incident multiplies the time until a free agent takes a contact: by the first factor for a chat or call, by the second for a ticket.
const INCIDENT_DELAY: (f64, f64) = (5.0, 2.0);
/// The factor for a chat or call in an incident of one team, which the agents of the other teams do not help with.
const INCIDENT_DELAY_APART: f64 = 10.0;
/// The utilisation of a queue's agents at the peak of an average day.
const LOAD_AT_PEAK: f64 = 0.84;
/// The share of the contacts that are chats and calls.
const LIVE_SHARE: f64 = 0.44;
/// The work of a ticket in replies: the first reply counts as one, each later one as half.
const REPLIES_PER_TICKET: f64 = 1.6;
/// The interval between arrivals at a fixed event rate.
const TICK: Span = Span(50);
/// The approximate number of events that a new contact causes at once. Only the smoothness of a fixed rate depends on it.
const EVENTS_AT_ONCE: f64 = 2.0;

/// The stream of arriving contacts.
#[derive(Debug)]
pub(super) struct Arrivals {
    volume: Volume,
    /// The contacts per millisecond for which the organisation is staffed.
    planned_per_ms: f64,
    /// At a fixed rate, the instant of the first arrival and the number of events written before it.
    since: Option<(EventTime, u64)>,
    /// At a fixed rate, the fraction of a contact that is carried over to the next interval.
    owed: f64,
}

impl Arrivals {
    pub(super) const fn volume(&self) -> Volume {
        self.volume
    }

    /// `peak` is the rate at the busiest instant of an average weekday, relative to the mean.
    pub(super) fn new(volume: Volume, peak: f64) -> Self {
        let planned_per_ms = match volume {
            Volume::ContactsPerHour(contacts) => contacts * peak / 3_600_000.0,
            Volume::EventsPerSecond(events) => events / 4.0 / 1_000.0,
        };
        Self { volume, planned_per_ms, since: None, owed: 0.0 }
    }
}

impl Organisation {
    /// Schedules the next arrivals, and the step that draws those after them.
    pub(super) fn arrive(&mut self) {
        match self.arrivals.volume {
            Volume::ContactsPerHour(contacts) => self.arrive_by_the_hour(contacts),
            Volume::EventsPerSecond(events) => self.arrive_at_fixed_rate(events),
        }
    }

    /// A Poisson process whose rate is updated every half minute. The result is exact, because a Poisson process has no memory.
    fn arrive_by_the_hour(&mut self, contacts_per_hour: f64) {
        const STRETCH: Span = Span::seconds(30);
        let incident = self.incident().map_or(1.0, volume);
        let per_ms = contacts_per_hour / 3_600_000.0 * self.calendar.demand(self.now) * incident;
        let gap = Span(self.chance.exponential(1.0 / per_ms) as i64);
        if gap > STRETCH {
            self.schedule(self.now + STRETCH, Step::Arrive);
        } else {
            self.schedule(self.now + gap, Step::Admit);
            self.schedule(self.now + gap, Step::Arrive);
        }
    }

    /// Schedules as many contacts as the events written so far fall short of the rate.
    fn arrive_at_fixed_rate(&mut self, events_per_second: f64) {
        let written = self.payloads.written();
        let (since, written_before) = *self.arrivals.since.get_or_insert((self.now, written));
        let wanted = (self.now - since).as_seconds() * events_per_second;
        let lacking = wanted - (written - written_before) as f64;
        let owed = (self.arrivals.owed + lacking / EVENTS_AT_ONCE).min(events_per_second);
        let count = owed.max(0.0) as u64;
        self.arrivals.owed = (owed - count as f64).clamp(0.0, 1.0);
        let per_ms = count as f64 / TICK.0 as f64;
        self.arrivals.planned_per_ms += (per_ms - self.arrivals.planned_per_ms) * 0.002;
        for number in 0..count {
            self.schedule(self.now + Span(TICK.0 * number as i64 / count as i64), Step::Admit);
        }
        self.schedule(self.now + TICK, Step::Arrive);
    }

    /// A contact arrives.
    pub(super) fn admit(&mut self) {
        let incident = self.incident();
        let customer = if self.chance.happens(0.05) { None } else { self.customers.pick_writer(&mut self.chance) };
        let habit = customer.filter(|_| self.chance.happens(0.7)).map(|customer| self.customers[customer].habit);
        let mut channel = habit.unwrap_or_else(|| Channel::pick(&mut self.chance));
        if channel.is_live() && !self.calendar.is_open(self.now) {
            channel = if channel == Channel::Chat { Channel::Web } else { Channel::Email };
        }
        let team = self.draw_team(incident);
        let priority = self.chance.weighted(&PRIORITIES.map(|(_, share, _)| share)) as u8;
        let slot = self.new_contact(channel, customer, team, priority);
        self.contacts[slot].in_incident = incident.is_some_and(|incident| incident.concerns(team));
        if let Some(customer) = customer {
            self.customers.note_contact(customer, self.now);
            self.draw_address(slot, customer);
        }
        if channel.is_live() { self.open_chat(slot) } else { self.open_ticket(slot) }
    }

    /// Draws the team of a new contact: an additional one of an incident is for an affected team, and the others are for any.
    fn draw_team(&mut self, incident: Option<Incident>) -> u8 {
        let affected = incident.and_then(|incident| {
            let (team, focus) = match incident {
                Incident::General => (INCIDENT_TEAM, INCIDENT_FOCUS),
                Incident::OfTeam(team) => (team, 1.0),
            };
            self.chance.happens((1.0 - 1.0 / volume(incident)) * focus).then_some(team)
        });
        affected.unwrap_or_else(|| self.chance.weighted(&TEAMS.map(|(_, share, _)| share)) as u8)
    }

    fn new_contact(&mut self, channel: Channel, customer: Option<CustomerIndex>, team: u8, priority: u8) -> ContactSlot {
        let id = match channel {
            Channel::Phone => self.new_call_number(),
            Channel::Chat => self.new_id('h'),
            Channel::Email | Channel::Web | Channel::Social => self.new_id('t'),
        };
        let customer_id = customer.map(|customer| self.customers[customer].id);
        let contact = SimulatedContact {
            id,
            key: customer_id.unwrap_or(id),
            customer,
            customer_id,
            channel,
            is_ticket: !channel.is_live(),
            origin: Origin::Written,
            created_by: "customer",
            team,
            named_team: Some(team),
            priority,
            brand: self.chance.weighted(&BRANDS.map(|(_, share)| share)) as u8,
            agent: self.chance.below(AGENTS) as u8,
            state: State::Open,
            status: "open",
            in_incident: false,
            opened_at: self.now,
            clock_start: self.now,
            first_response_at: None,
            waits_since: None,
            solved_at: None,
            is_in_next_set: false,
            named_ticket: None,
            record: None,
            asking: Asking::ToCome,
            rounds_left: self.chance.weighted(&[0.46, 0.3, 0.16, 0.08]) as u8,
            rounds_done: 0,
            transfers: 0,
            reopens: 0,
            steps_due: 0,
        };
        self.contacts.insert(contact)
    }

    /// The number of a new call: 53 bits, which every JSON reader takes exactly.
    fn new_call_number(&mut self) -> Id {
        self.things += 1;
        Id::Numbered(pseudonym(self.salt.wrapping_add(self.things)) >> 11)
    }

    /// The instant at which an agent of the contact's team replies. `part` is the work of the reply, relative to a first reply.
    pub(super) fn desk_reply_at(&mut self, slot: ContactSlot, part: f64) -> EventTime {
        let work = self.work_ms(slot, 1.0 - LIVE_SHARE) / REPLIES_PER_TICKET;
        let contact = &self.contacts[slot];
        let (_, share, pace) = TEAMS[usize::from(contact.team)];
        let (_, _, patience) = PRIORITIES[usize::from(contact.priority)];
        let queue = &mut self.desk_queues[usize::from(contact.team)];
        let waiting = queue.waiting_ms(&self.desk_shift, self.now);
        queue.add(work * part / share);
        let delay = if self.contacts[slot].in_incident { INCIDENT_DELAY.1 } else { 1.0 };
        let handling = self.chance.around(480_000.0 * pace * delay, 0.75) * part.max(0.5);
        let worked = (handling + waiting) * patience;
        self.desk_shift.when_worked(self.desk_shift.worked_by(self.now) + worked).max(self.now + Span::seconds(15))
    }

    /// How long a chat or call waits for an agent, in milliseconds.
    ///
    /// # Errors
    /// How long the customer waits before giving up, in milliseconds, if that is shorter.
    pub(super) fn live_wait_ms(&mut self, slot: ContactSlot) -> Result<f64, f64> {
        let work = self.work_ms(slot, LIVE_SHARE);
        let (_, _, pace) = TEAMS[usize::from(self.contacts[slot].team)];
        // Chats and calls have one queue. In an incident of one team its own wait for its own agents, and hold up nobody else.
        let is_apart = self.contacts[slot].in_incident && matches!(self.incident(), Some(Incident::OfTeam(_)));
        let waiting = if is_apart { 0.0 } else { self.live_queue.waiting_ms(&self.live_shift, self.now) };
        let delay = match self.contacts[slot].in_incident {
            true if is_apart => INCIDENT_DELAY_APART,
            true => INCIDENT_DELAY.0,
            false => 1.0,
        };
        let worked = self.chance.around(20_000.0 * delay, 0.6) * pace + waiting;
        let until = self.live_shift.when_worked(self.live_shift.worked_by(self.now) + worked);
        let wait_ms = ((until - self.now).0 as f64).max(1_500.0);
        let patience_ms = 15_000.0 + self.chance.exponential(600_000.0);
        if wait_ms > patience_ms {
            // A customer who gives up causes no work. Otherwise the queue of one bad hour would last for days.
            return Err(patience_ms);
        }
        if !is_apart {
            self.live_queue.add(work);
        }
        Ok(wait_ms)
    }

    /// The work of a contact in a queue that receives this share of the contacts, in staffed milliseconds.
    fn work_ms(&mut self, slot: ContactSlot, share: f64) -> f64 {
        let incident = if self.is_in_trouble(self.contacts[slot].team) { INCIDENT_WORK } else { 1.0 };
        LOAD_AT_PEAK * incident / (self.arrivals.planned_per_ms * share)
    }

    /// Whether an incident that concerns a team is under way.
    pub(super) fn is_in_trouble(&mut self, team: u8) -> bool {
        self.incident().is_some_and(|incident| incident.concerns(team))
    }
}

/// The factor of the rate of contacts.
const fn volume(incident: Incident) -> f64 {
    match incident {
        Incident::General => INCIDENT_VOLUME.0,
        Incident::OfTeam(_) => INCIDENT_VOLUME.1,
    }
}
