//! Customers: when they came, left and returned.

use std::collections::BTreeMap;

use super::identity::Life;
use super::model::Past;
use super::reader::Happening;
use super::series::Value;
use super::sheet::{Labels, Sheet};
use super::statistics::wilson;
use super::survey::Answer;
use super::world::{Dims, Timed, World};

/// One customer's comings and goings.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    /// `active`, `subscribed` or `cancelled` with their times, in order.
    pub(crate) log: Vec<(i64, String)>,
    /// Dimensions now.
    pub(crate) dims: Dims,
    /// What they are worth in millionths, or were when they cancelled; `None` where nothing said it.
    value: Option<i64>,
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

    /// Until when an answer counts as one before the cancellation; without end for who is a customer.
    fn heard_until(&self) -> i64 {
        let back = self.log.iter().rposition(|(_, what)| what != "cancelled").map_or(0, |at| at + 1);
        self.log.get(back).map_or(i64::MAX, |(at, _)| *at)
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
                let value = value_of(places.iter().map(|&place| &world.events[place]));
                out.all.insert(life.clone(), Customer { log, dims: world.customer_dims(life), value });
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

/// What a customer is worth by their events in order. Who has cancelled stays worth what they were then.
fn value_of<'e>(events: impl Iterator<Item = &'e Happening>) -> Option<i64> {
    let (mut said, mut lost) = (None, None);
    for event in events {
        match event.what.as_str() {
            "customer.cancelled" => lost = lost.or(Some(said)),
            "customer.active" | "customer.subscribed" => lost = None,
            _ => {}
        }
        said = event.millionths("value").or(said);
    }
    lost.unwrap_or(said)
}

/// What customers are worth, and their number: of all now.
pub(crate) fn value_now(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let active = past.customers.all.values().filter(|customer| customer.is_active()).collect();
    worth(past, sheet, ("", &[]), is_told(past), active);
}

/// What customers are worth, and their number: of those who left, and of those whose latest answer was bad.
pub(crate) fn value_in_window(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let start = sheet.start();
    let all = past.customers.all.values();
    let left = all.filter(|customer| customer.was_active(start) && !customer.is_active()).collect();
    let base_is_known = past.customers.base_is_known(start);
    worth(past, sheet, ("_churned", &[]), is_told(past) && base_is_known, left);
    for (name, metric, scope) in [
        ("csat", "csat", None),
        ("ces", "ces", None),
        ("nps_service", "nps", Some("service")),
        ("nps_experience", "nps", Some("experience")),
    ] {
        let mut latest: BTreeMap<&Life, &Answer> = BTreeMap::new();
        for answer in past.answers(metric).into_iter().filter(|answer| scope.is_none_or(|scope| answer.scope == scope)) {
            if let Some(life) = &answer.customer {
                latest.insert(life, answer);
            }
        }
        let at_risk = |(life, customer): (&Life, &'_ Customer)| {
            let answer = latest.get(life).filter(|answer| sheet.holds(answer.at))?;
            (customer.is_active() && feeling(&past.world, answer) == "bad").then(|| life.clone())
        };
        let lives: Vec<Life> = past.customers.all.iter().filter_map(at_risk).collect();
        let customers = lives.iter().map(|life| &past.customers.all[life]).collect();
        worth(past, sheet, ("_at_risk", &[("metric", name)]), is_told(past), customers);
    }
}

/// Whether anything ever said what a customer is worth.
fn is_told(past: &Past<'_>) -> bool {
    past.world.events.iter().any(|event| event.millionths("value").is_some() && event.what.starts_with("customer."))
}

fn worth(past: &Past<'_>, sheet: &mut Sheet<'_>, (end, labels): (&str, Labels<'_>), is_known: bool, customers: Vec<&Customer>) {
    let at = sheet.start();
    let valued = customers.into_iter().filter_map(|c| c.value.map(|value| Timed { at, value, dims: c.dims.clone() }));
    for group in sheet.groups_of(&past.world.setup.customer_grouping_sets, &valued.collect::<Vec<_>>()) {
        let sum = group.inside.iter().map(|customer| customer.value).sum();
        let present = |value| if is_known { value } else { Value::Absent };
        sheet.put_in(&group, &format!("cx_customers_value{end}"), "", labels, present(Value::Millionths(sum)));
        let count = present(Value::Count(group.inside.len() as i64));
        sheet.put_in(&group, &format!("cx_customers_with_value{end}"), "", labels, count);
    }
}

/// How the last answer was that a customer gave before the cancellation, or up to now, of answers in their order.
fn experience(world: &World<'_>, customer: &Customer, answers: &[&Answer]) -> &'static str {
    let until = customer.heard_until();
    // An answer at the instant of the cancellation comes before it.
    answers.iter().rfind(|answer| answer.at <= until).map_or("none", |answer| feeling(world, answer))
}

/// How an answer was.
fn feeling(world: &World<'_>, answer: &Answer) -> &'static str {
    let (part, whole) = answer.effort();
    match answer.metric.as_str() {
        "csat" if answer.is_satisfied(world) => "good",
        "csat" => "bad",
        "nps" if answer.score >= 9_000_000 => "good",
        "nps" if answer.score <= 6_000_000 => "bad",
        "ces" if 3 * part <= whole => "good",
        "ces" if 3 * part >= 2 * whole => "bad",
        _ => "none",
    }
}

/// Churn by what customers experienced last.
pub(crate) fn churn_by_experience(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let start = sheet.start();
    let is_known = past.customers.base_is_known(start);
    for metric in ["csat", "nps", "ces"].into_iter().filter(|_| is_known) {
        // An NPS is that of the relationship.
        let counts_here = |answer: &&Answer| metric != "nps" || answer.scope == "experience";
        let mut given: BTreeMap<&Life, Vec<&Answer>> = BTreeMap::new();
        for answer in past.answers(metric).into_iter().filter(counts_here) {
            if let Some(customer) = &answer.customer {
                given.entry(customer).or_default().push(answer);
            }
        }
        let mut counts: BTreeMap<&str, (i64, i64)> = ["good", "bad", "none"].map(|experience| (experience, (0, 0))).into();
        for (life, customer) in past.customers.all.iter().filter(|(_, customer)| customer.was_active(start)) {
            let answers = given.get(life).map_or(&[][..], Vec::as_slice);
            let count = counts.entry(experience(&past.world, customer, answers)).or_default();
            *count = (count.0 + 1, count.1 + i64::from(!customer.is_active()));
        }
        for (experience, (base, churned)) in counts {
            let labels = [("metric", metric), ("experience", experience)];
            sheet.put("cx_customers_active_at_start_by_experience", &labels, Value::Count(base));
            sheet.put("cx_customers_churned_by_experience", &labels, Value::Count(churned));
            let present = |value: f64| if base > 0 { Value::Real(value) } else { Value::Absent };
            let (low, high) = if base > 0 { wilson(churned, base) } else { (0.0, 0.0) };
            sheet.put("cx_churn_ratio_by_experience", &labels, present(churned as f64 / base as f64));
            sheet.put("cx_churn_ratio_lower_by_experience", &labels, present(low));
            sheet.put("cx_churn_ratio_upper_by_experience", &labels, present(high));
        }
    }
}
