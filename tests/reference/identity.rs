//! Who a customer id stands for: a person from one erasure to the next, by one name from the beginning where records were merged.

use std::collections::BTreeMap;

use super::reader::Happening;

/// A customer id with the space that it belongs to: nothing, or a feed that has its own.
pub(crate) type CustomerId = (String, String);

/// One person: an id that it has, and how often that id was erased before.
pub(crate) type Life = (CustomerId, usize);

/// When something happened in the order of `customers` events: the instant, and the place among all events. Everything else that happens at an
/// instant comes before every `customers` event of it, so it stands at place 0.
pub(crate) type Moment = (i64, usize);

/// All identities.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// Where each id was erased.
    erasures: BTreeMap<CustomerId, Vec<Moment>>,
    /// The record into which another was merged.
    into: BTreeMap<Life, Life>,
}

impl Identities {
    /// Reads every erasure and merge.
    pub(crate) fn of(events: &[Happening]) -> Self {
        let mut out = Self::default();
        for (place, event) in events.iter().enumerate() {
            let moment = (event.time, place);
            match event.what.as_str() {
                "customer.erased" => out.erase(event.customer("customer_id").expect("checked by the reader"), moment),
                "customer.merged" => {
                    let [away, into] = ["customer_id", "into_customer_id"].map(|name| {
                        let id = event.customer(name).expect("checked by the reader");
                        out.life(&id, moment)
                    });
                    if away != into {
                        out.into.insert(away, into);
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// Whom an id stands for at a moment.
    pub(crate) fn life(&self, id: &CustomerId, moment: Moment) -> Life {
        let before = self.erasures.get(id).map_or(0, |erased| erased.iter().filter(|at| **at < moment).count());
        self.survivor((id.clone(), before))
    }

    fn survivor(&self, mut life: Life) -> Life {
        while let Some(into) = self.into.get(&life) {
            life = into.clone();
        }
        life
    }

    /// Forgets a person: every id that stood for them is from then on that of somebody new.
    fn erase(&mut self, id: CustomerId, moment: Moment) {
        let gone = self.life(&id, moment);
        let mut ids: Vec<CustomerId> = self.into.keys().chain(self.into.values()).map(|(id, _)| id.clone()).collect();
        ids.push(id);
        ids.sort();
        ids.dedup();
        for id in ids {
            if self.life(&id, moment) == gone {
                self.erasures.entry(id).or_default().push(moment);
            }
        }
    }
}
