//! Everything that happened, put in order and by whom it concerns: contacts with their inherited dimensions, customers with theirs.
//!
//! An event's place is its index in the order of what happened; inheritance looks at what lies before a place and nowhere else.

use std::collections::BTreeMap;

use cxpulse::engine::EngineSettings;
use cxpulse::event::Kind;

use super::reader::Happening;

/// A value of every configured dimension, by its index.
pub(crate) type Dims = Vec<String>;

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

/// A ticket or a chat by its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// A ticket.
    Ticket(String),
    /// A chat.
    Chat(String),
}

impl Name {
    /// The contact that an event is about; the ticket where it names both.
    pub(crate) fn of(event: &Happening) -> Option<Self> {
        let chat = || event.text("chat_id").map(|id| Self::Chat(id.to_owned()));
        match event.kind {
            Kind::Tickets => event.text("ticket_id").map(|id| Self::Ticket(id.to_owned())),
            Kind::Chats => chat(),
            Kind::Surveys => event.text("ticket_id").map(|id| Self::Ticket(id.to_owned())).or_else(chat),
            Kind::Customers => None,
        }
    }
}

impl Name {
    /// What a dimension is before any event says so: a chat's channel is `chat`, also while nothing is known of the chat.
    fn by_default(&self, dimension: &str) -> Option<String> {
        (matches!(self, Self::Chat(_)) && dimension == "channel").then(|| "chat".to_owned())
    }
}

/// One event of a contact, with what it had come to by then.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its place among all events.
    pub(crate) place: usize,
    /// The contact's own dimension values after it.
    own: Vec<Option<String>>,
    /// The contact's customer after it.
    pub(crate) customer: Option<String>,
}

/// All that happened, up to an instant.
pub(crate) struct World<'a> {
    /// The events in the order of what happened.
    pub(crate) events: &'a [Happening],
    /// Windows, dimensions, grouping sets.
    pub(crate) settings: &'a EngineSettings,
    /// The events of each contact.
    pub(crate) contacts: BTreeMap<Name, Vec<Step>>,
    /// The places of the `customers` events of each life of a customer.
    pub(crate) customers: BTreeMap<Life, Vec<usize>>,
    /// The places of the events that end a full set of snapshots.
    pub(crate) sets: Vec<usize>,
    /// Where each customer was erased.
    erasures: BTreeMap<String, Vec<usize>>,
}

/// A customer from one erasure to the next: who was erased and comes again is another. The id and how often it was erased before.
pub(crate) type Life = (String, usize);

impl<'a> World<'a> {
    /// The world after events that are in the order of what happened.
    pub(crate) fn new(events: &'a [Happening], settings: &'a EngineSettings) -> Self {
        let mut world =
            Self { events, settings, contacts: BTreeMap::new(), customers: BTreeMap::new(), sets: Vec::new(), erasures: BTreeMap::new() };
        for (place, event) in events.iter().enumerate() {
            match event.kind {
                Kind::Tickets if event.what == "ticket.snapshot_completed" => world.sets.push(place),
                Kind::Tickets | Kind::Chats => world.step(place, event),
                Kind::Surveys => {}
                Kind::Customers => {
                    let customer = event.text("customer_id").expect("checked by the reader").to_owned();
                    if event.what == "customer.erased" {
                        world.erasures.entry(customer).or_default().push(place);
                    } else {
                        let life = world.life(&customer, place);
                        world.customers.entry(life).or_default().push(place);
                    }
                }
            }
        }
        world
    }

    fn step(&mut self, place: usize, event: &Happening) {
        let name = Name::of(event).expect("checked by the reader");
        let dimensions = &self.settings.dimensions;
        let steps = self.contacts.entry(name.clone()).or_default();
        let opening = |e: &Happening| e.what == "ticket.created" || e.what == "chat.started";
        let opened_before = steps.iter().any(|step| opening(&self.events[step.place]));
        let (mut own, mut customer) = match steps.last() {
            Some(last) => (last.own.clone(), last.customer.clone()),
            None => (dimensions.iter().map(|d| name.by_default(&d.name)).collect(), None),
        };
        for (value, dimension) in own.iter_mut().zip(dimensions) {
            *value = event.text(&dimension.name).map(str::to_owned).or_else(|| value.take());
        }
        let named = event.text("customer_id").map(str::to_owned);
        if opening(event) && !opened_before {
            customer = named;
        } else if event.what == "ticket.snapshot" && !opened_before {
            customer = customer.or(named);
        }
        steps.push(Step { place, own, customer });
    }

    /// Whom an id stands for at a place.
    pub(crate) fn life(&self, customer: &str, place: usize) -> Life {
        let before = self.erasures.get(customer).map_or(0, |places| places.iter().filter(|erased| **erased < place).count());
        (customer.to_owned(), before)
    }

    /// The dimensions of a contact at one of its steps.
    pub(crate) fn dims(&self, step: &Step) -> Dims {
        self.inherited(&step.own, step.customer.as_deref(), step.place)
    }

    /// The dimensions of a contact now: those at its last event, for nothing but its own events changes a contact.
    pub(crate) fn dims_now(&self, steps: &[Step]) -> Dims {
        self.dims(steps.last().expect("a contact has an event"))
    }

    /// The customer and the dimensions of a survey event: its own, else those its contact had, else its customer's.
    pub(crate) fn survey_dims(&self, place: usize) -> (Option<String>, Dims) {
        let event = &self.events[place];
        let about = Name::of(event);
        let steps = about.as_ref().and_then(|name| self.contacts.get(name));
        let before = steps.and_then(|steps| steps.iter().rfind(|step| step.place < place));
        let customer = event.text("customer_id").map(str::to_owned).or_else(|| before.and_then(|step| step.customer.clone()));
        let own = self.settings.dimensions.iter().enumerate().map(|(d, dimension)| {
            let of_contact = || match before {
                Some(step) => step.own[d].clone(),
                None => about.as_ref()?.by_default(&dimension.name),
            };
            event.text(&dimension.name).map(str::to_owned).or_else(of_contact)
        });
        let dims = self.inherited(&own.collect::<Vec<_>>(), customer.as_deref(), place);
        (customer, dims)
    }

    /// The dimensions that a customer has now, from `customers` events only.
    pub(crate) fn customer_dims(&self, life: &Life) -> Dims {
        self.inherited_from(&vec![None; self.settings.dimensions.len()], Some(life), usize::MAX)
    }

    /// The index of a dimension that is always configured.
    pub(crate) fn dimension(&self, name: &str) -> usize {
        self.settings.dimensions.iter().position(|d| d.name == name).expect("a configured dimension")
    }

    /// With what an id stood for at a place.
    fn inherited(&self, own: &[Option<String>], customer: Option<&str>, place: usize) -> Dims {
        self.inherited_from(own, customer.map(|id| self.life(id, place)).as_ref(), place)
    }

    fn inherited_from(&self, own: &[Option<String>], life: Option<&Life>, place: usize) -> Dims {
        let of_customer = |name: &str| {
            let places = self.customers.get(life?)?;
            places.iter().rev().filter(|&&p| p < place).find_map(|&p| self.events[p].text(name))
        };
        let dimensions = self.settings.dimensions.iter();
        dimensions
            .zip(own)
            .map(|(dimension, own)| {
                let inherited = || if dimension.of_customer { of_customer(&dimension.name) } else { None };
                own.as_deref().or_else(inherited).unwrap_or("unknown").to_owned()
            })
            .collect()
    }
}
