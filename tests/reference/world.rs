//! Everything that happened, by whom it concerns: contacts with the values that they inherit, customers with theirs.
//!
//! A contact's event at an instant sees what customers did before that instant; a survey event sees what contacts did up to its instant.

use std::collections::BTreeMap;

use cxpulse::event::Kind;

use super::identity::{CustomerId, Identities, Life};
use super::order::{Moment, sessions};
use super::reader::Happening;
use super::setup::Setup;

/// A value of every configured dimension, by its index.
pub(crate) type Dims = Vec<String>;

/// The dimension values that a contact or an event has itself.
pub(crate) type Own = Vec<Option<String>>;

/// A value that counts at an instant, for the dimensions it had then.
#[derive(Clone, Debug)]
pub(crate) struct Timed<V> {
    /// When it counts.
    pub(crate) at: i64,
    /// What counts.
    pub(crate) value: V,
    /// For whom.
    pub(crate) dims: Dims,
}

/// A ticket, or a session of a chat.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Whether it is a chat.
    pub(crate) is_chat: bool,
    /// The feed that the id belongs to.
    pub(crate) feed: String,
    /// The id.
    pub(crate) id: String,
    /// Which session of the chat; which matter of the ticket, where a late reopening begins a new one.
    pub(crate) nth: usize,
}

impl Name {
    /// A ticket's first matter.
    pub(crate) fn ticket(feed: &str, id: &str) -> Self {
        Self { is_chat: false, feed: feed.to_owned(), id: id.to_owned(), nth: 0 }
    }

    /// One session of a chat.
    pub(crate) fn chat(feed: &str, id: &str, nth: usize) -> Self {
        Self { is_chat: true, feed: feed.to_owned(), id: id.to_owned(), nth }
    }
}

/// One event of a contact, with what the contact had come to by then.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its place among all events.
    pub(crate) place: usize,
    /// When it counts as happened.
    pub(crate) at: i64,
    /// The contact's own dimension values after it.
    pub(crate) own: Own,
    /// The contact's customer after it.
    pub(crate) customer: Option<CustomerId>,
    /// The team before it, if it was known.
    pub(crate) team_before: Option<String>,
}

/// All that happened, up to an instant.
pub(crate) struct World<'a> {
    /// The events in the order of the log: by time, then kind, then arrival.
    pub(crate) events: &'a [Happening],
    /// Up to when.
    pub(crate) now: i64,
    /// Windows, dimensions, grouping sets, and the settings of real desks.
    pub(crate) setup: &'a Setup,
    /// The events of each ticket and of each session of a chat, in the order in which they count.
    pub(crate) contacts: BTreeMap<Name, Vec<Step>>,
    /// The places of the `customers` events of each person.
    pub(crate) customers: BTreeMap<Life, Vec<usize>>,
    /// The places of the events that end a full set of snapshots.
    pub(crate) sets: Vec<usize>,
    identities: Identities,
}

impl<'a> World<'a> {
    /// The world after events that are in the order of the log.
    pub(crate) fn new(events: &'a [Happening], setup: &'a Setup, now: i64) -> Self {
        let mut world = Self {
            events,
            now,
            setup,
            contacts: BTreeMap::new(),
            customers: BTreeMap::new(),
            sets: Vec::new(),
            identities: Identities::of(events),
        };
        let mut logs: BTreeMap<Name, Vec<Moment>> = BTreeMap::new();
        for (place, event) in events.iter().enumerate() {
            let id = |name: &str| event.text(name).expect("checked by the reader");
            match event.kind {
                Kind::Tickets if event.what == "ticket.snapshot_completed" => world.sets.push(place),
                Kind::Tickets => logs.entry(Name::ticket(&event.feed, id("ticket_id"))).or_default().push(Moment::new(place, event)),
                Kind::Chats => logs.entry(Name::chat(&event.feed, id("chat_id"), 0)).or_default().push(Moment::new(place, event)),
                Kind::Customers if event.what != "customer.erased" && event.what != "customer.merged" => {
                    let customer = event.customer("customer_id").expect("checked by the reader");
                    let life = world.identities.life(&customer, (event.time, place));
                    world.customers.entry(life).or_default().push(place);
                }
                Kind::Customers | Kind::Surveys => {}
            }
        }
        for (name, log) in logs {
            let idle = setup.chat_idle_end.filter(|_| name.is_chat);
            for (nth, moments) in sessions(log, idle).into_iter().enumerate() {
                let steps = world.steps(&name, &moments);
                world.contacts.insert(Name { nth, ..name.clone() }, steps);
            }
        }
        world
    }

    fn steps(&self, name: &Name, moments: &[Moment]) -> Vec<Step> {
        let dimensions = &self.setup.dimensions;
        // A chat's channel is `chat` before any event says so.
        let by_default = |dimension: &str| (name.is_chat && dimension == "channel").then(|| "chat".to_owned());
        let mut own: Own = dimensions.iter().map(|d| by_default(&d.name)).collect();
        let mut customer: Option<CustomerId> = None;
        let mut is_known = false;
        let team = self.dimension("team");
        let mut steps = Vec::new();
        for moment in moments {
            let event = &self.events[moment.place];
            let team_before = own[team].clone();
            for (value, dimension) in own.iter_mut().zip(dimensions) {
                *value = event.text(&dimension.name).map(str::to_owned).or_else(|| value.take());
            }
            if event.takes_team_away() {
                own[team] = None;
            }
            match event.what.as_str() {
                "ticket.created" | "chat.started" if !is_known => (customer, is_known) = (event.customer("customer_id"), true),
                "ticket.snapshot" => (customer, is_known) = (customer.or_else(|| event.customer("customer_id")), true),
                _ => {}
            }
            steps.push(Step { place: moment.place, at: moment.at, own: own.clone(), customer: customer.clone(), team_before });
        }
        steps
    }

    /// Whom an id stands for in what contacts and surveys do at an instant.
    pub(crate) fn life(&self, customer: &CustomerId, at: i64) -> Life {
        self.identities.life(customer, (at, 0))
    }

    /// The dimensions of a contact with these values at an instant: a customer's dimension that it lacks is the customer's before that instant.
    pub(crate) fn dims(&self, own: &Own, customer: Option<&CustomerId>, at: i64) -> Dims {
        let life = customer.map(|id| self.life(id, at));
        self.inherited(own, life.as_ref(), at)
    }

    /// The same with what the customer did at that very instant.
    pub(crate) fn dims_at_end_of(&self, own: &Own, customer: Option<&CustomerId>, at: i64) -> Dims {
        self.dims(own, customer, at.saturating_add(1))
    }

    /// The dimensions that a customer has now, from `customers` events only.
    pub(crate) fn customer_dims(&self, life: &Life) -> Dims {
        self.inherited(&vec![None; self.setup.dimensions.len()], Some(life), i64::MAX)
    }

    /// The index of a dimension that is always configured.
    pub(crate) fn dimension(&self, name: &str) -> usize {
        self.setup.dimensions.iter().position(|d| d.name == name).expect("a configured dimension")
    }

    fn inherited(&self, own: &Own, life: Option<&Life>, before: i64) -> Dims {
        let of_customer = |name: &str| {
            let places = self.customers.get(life?)?;
            places.iter().rev().filter(|&&p| self.events[p].time < before).find_map(|&p| self.events[p].text(name))
        };
        let dimensions = self.setup.dimensions.iter();
        dimensions
            .zip(own)
            .map(|(dimension, own)| {
                let inherited = || if dimension.of_customer { of_customer(&dimension.name) } else { None };
                own.as_deref().or_else(inherited).unwrap_or("unknown").to_owned()
            })
            .collect()
    }
}
