//! Random histories: the events of a few customers, each at an instant of its own.

use proptest::prelude::*;
use proptest::sample::select;

use super::world::{DAY, World};

/// The time of the first event.
pub(crate) const START: i64 = 1_772_409_600_000;
/// The stages that events name. The last one is not configured.
pub(crate) const SEEN: [&str; 5] = ["awareness", "trial", "use", "renewal", "limbo"];

/// The content of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// `active`, `subscribed` or `cancelled`, with a stage or without.
    Subscription(&'static str, Option<&'static str>),
    /// A touchpoint in a stage, abandoned or not.
    Touch(&'static str, bool),
    /// The customer is erased.
    Erased,
    /// The ticket of this number is created.
    Ticket(u32),
    /// The ticket of this number is deleted, or brought back.
    Status(u32, &'static str),
    /// The survey of this number is answered with this score.
    Answer(u32, &'static str, i64),
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) customer: u32,
    pub(crate) what: What,
}

impl Event {
    /// Has the product take it.
    pub(crate) fn give(&self, world: &mut World) {
        let customer = format!("C{}", self.customer);
        match &self.what {
            What::Subscription(what, None) => world.customer(what, &customer, self.at),
            What::Subscription(what, Some(stage)) => {
                let members = format!(r#""customer_id":"{customer}","journey_stage":"{stage}""#);
                world.take(&format!("customer.{what}"), self.at, &members);
            }
            What::Touch(stage, false) => world.touch(&customer, self.at, stage),
            What::Touch(stage, true) => {
                let members = format!(r#""customer_id":"{customer}","journey_stage":"{stage}","outcome":"abandoned""#);
                world.take("customer.touchpoint", self.at, &members);
            }
            What::Erased => world.customer("erased", &customer, self.at),
            What::Ticket(ticket) => world.ticket(&format!("{customer}T{ticket}"), &customer, self.at),
            What::Status(ticket, status) => world.status(&format!("{customer}T{ticket}"), self.at, status),
            What::Answer(survey, metric, score) => world.answer(&format!("{customer}S{survey}"), &customer, self.at, metric, *score),
        }
    }
}

fn what() -> impl Strategy<Value = What> {
    let maybe_stage = prop::option::weighted(0.4, select(&SEEN[..]));
    prop_oneof![
        3 => (select(&["active", "subscribed", "subscribed", "cancelled"][..]), maybe_stage).prop_map(|(w, s)| What::Subscription(w, s)),
        8 => (select(&SEEN[..]), prop::bool::weighted(0.2)).prop_map(|(stage, abandoned)| What::Touch(stage, abandoned)),
        1 => Just(What::Erased),
        4 => (0u32..8).prop_map(What::Ticket),
        3 => (0u32..8, select(&["deleted", "spam", "open", "solved"][..])).prop_map(|(ticket, status)| What::Status(ticket, status)),
        5 => (0u32..6, select(&["csat", "nps", "ces"][..]), 1i64..6).prop_map(|(survey, metric, score)| What::Answer(survey, metric, score * 2 - 1))
    ]
    .prop_map(|what| match what {
        What::Answer(survey, "csat", score) => What::Answer(survey, "csat", score.min(5)),
        What::Answer(survey, "ces", score) => What::Answer(survey, "ces", score.min(7)),
        other => other,
    })
}

/// Events of a few customers in the order of their time, at most `gap_max` apart.
pub(crate) fn events(count: std::ops::Range<usize>, customers: u32, gap_max: i64) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((1..gap_max, 0..customers, what()), count).prop_map(|drawn| {
        let mut at = START;
        let mut events = Vec::new();
        for (gap, customer, what) in drawn {
            at += gap;
            let what = match what {
                // A survey is known for as long as the longest window. A later answer counts as an answer to another survey.
                What::Answer(survey, metric, score) => What::Answer(survey + 6 * ((at - START) / (20 * DAY)) as u32, metric, score),
                other => other,
            };
            events.push(Event { at, customer, what });
        }
        events
    })
}
