//! Customers: when they came, left and returned.

use std::collections::BTreeMap;

use super::identity::Life;
use super::world::{Dims, World};

/// One customer's comings and goings.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    /// `active`, `subscribed` or `cancelled` with their times, in order.
    pub(crate) log: Vec<(i64, String)>,
    /// Dimensions now.
    pub(crate) dims: Dims,
}

impl Customer {
    /// A customer now.
    pub(crate) fn is_active(&self) -> bool {
        self.log.last().is_some_and(|(_, what)| what != "cancelled")
    }

    /// A customer just before `start`; who was said to be a customer before anything else always had been one.
    pub(crate) fn was_active(&self, start: i64) -> bool {
        match self.log.iter().rfind(|(at, _)| *at < start) {
            Some((_, what)) => what != "cancelled",
            None => self.log.first().is_some_and(|(_, what)| what == "active"),
        }
    }

    /// When they became a customer for the first time, if that is known.
    pub(crate) fn subscribed_first(&self) -> Option<i64> {
        self.log.first().filter(|(_, what)| what == "subscribed").map(|(at, _)| *at)
    }
}

/// All customers of whom more than touchpoints is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customers {
    /// By life.
    pub(crate) all: BTreeMap<Life, Customer>,
}

impl Customers {
    /// Reads the `customers` events.
    pub(crate) fn of(world: &World<'_>) -> Self {
        let mut out = Self::default();
        for (life, places) in &world.customers {
            let events = places.iter().map(|&place| &world.events[place]).filter(|e| e.what != "customer.touchpoint");
            let log: Vec<(i64, String)> = events.map(|e| (e.time, e.what["customer.".len()..].to_owned())).collect();
            if !log.is_empty() {
                out.all.insert(life.clone(), Customer { log, dims: world.customer_dims(life) });
            }
        }
        out
    }

    /// Whether who was a customer at `start` is known: the log reaches back to it, or the base was loaded.
    pub(crate) fn base_is_known(&self, start: i64) -> bool {
        let mut events = self.all.values().flat_map(|c| &c.log);
        events.any(|(at, what)| *at < start || what == "active")
    }
}
