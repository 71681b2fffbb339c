//! The conditions of a rule on dimension values: `where = { team = ["billing", "orders"] }`.
//!
//! Does not know what a rule decides.

use super::grouping::index_of;
use super::layers::{Node, TreeValue};
use super::place::KeyPlace;
use super::problem::{ProblemKind, ProblemReport, complaint};
use super::section::Section;
use super::value::{KeyType, label_value, length_within};
use crate::engine::{Condition, Rule};
use crate::event::{DimensionOwner, DimensionSettings};

const VALUES_MAX: usize = 100;

/// The conditions of `where`. Without the key there are none, and the rule holds for every contact.
pub(super) fn conditions(section: &mut Section<'_>, dimensions: &[DimensionSettings]) -> Vec<Condition> {
    let mut section = section.section("where");
    let report = section.report;
    let mut conditions = Vec::new();
    for (name, place, node) in section.take_entries() {
        let values = values(node, &place, report);
        match (index_of(&name, dimensions), values) {
            (Ok(dimension), Some(values)) => conditions.push(Condition { dimension, values }),
            (Err(complaint), _) => report.add(&place, complaint),
            (Ok(_), None) => {}
        }
    }
    conditions
}

/// One value, or a list of values.
fn values(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Vec<String>> {
    let values = if let TreeValue::Text(text) = node.value { vec![text] } else { Vec::read(node, place, report)? };
    let checked = length_within(&values, 1, VALUES_MAX).and_then(|()| values.iter().map(|value| label_value(value)).collect());
    checked.map_err(|complaint| report.add(place, complaint)).ok()
}

/// Reports a rule that never decides, because an earlier rule holds for every contact for which it would hold.
pub(super) fn check_reached<T>(rules: &[Rule<T>], conditions: &[Condition], place: &KeyPlace, report: &ProblemReport) {
    let leaves_nothing = |earlier: &Rule<T>| {
        earlier.conditions.iter().all(|wide| {
            let is_narrower = |c: &Condition| c.dimension == wide.dimension && c.values.iter().all(|v| wide.values.contains(v));
            conditions.iter().any(is_narrower)
        })
    };
    if let Some(at) = rules.iter().position(leaves_nothing) {
        let what = format!("no contact comes to this rule, because `[{at}]` of the same list holds for all that it asks for");
        report.add(place, complaint(ProblemKind::RuleNeverReached, what, "put the narrower rule first: the first that matches holds"));
    }
}

/// Reports conditions on dimensions of contacts in a rule about customers.
pub(super) fn check_of_customer(conditions: &[Condition], dimensions: &[DimensionSettings], place: &KeyPlace, report: &ProblemReport) {
    let owners = conditions.iter().map(|c| &dimensions[usize::from(c.dimension)]);
    for d in owners.filter(|d| d.owner == DimensionOwner::Contact) {
        let what =
            format!("`{}` describes contacts, and customers are counted here; allowed are dimensions with `owner = \"customer\"`", d.name);
        report.add(place, complaint(ProblemKind::NotCustomerDimension, what, "use such as `segment`"));
    }
}
