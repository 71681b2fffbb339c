//! `[dimensions.<name>]`: the labels by which values are grouped, and the names that a dimension may not have.
//!
//! Does not know which families carry a dimension.

use std::collections::BTreeMap;

use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{KeyType, chosen, label_value, length_within, number_within, shown};
use crate::engine::EngineDimension;
use crate::event::{DimensionOwner, DimensionSettings, composed};

const VALUES_MAX: usize = 200;
const DIMENSIONS_MAX: usize = 32;
const OWNERS: [(&str, DimensionOwner); 2] = [("contact", DimensionOwner::Contact), ("customer", DimensionOwner::Customer)];

/// The dimensions that exist although no file names them, in the order of their indices. The indices of the first two are fixed.
const DEFAULT: [(&str, DimensionOwner); 6] = [
    ("channel", DimensionOwner::Contact),
    ("journey_stage", DimensionOwner::Customer),
    ("team", DimensionOwner::Contact),
    ("priority", DimensionOwner::Contact),
    ("brand", DimensionOwner::Contact),
    ("segment", DimensionOwner::Customer),
];
const FIXED: usize = 2;

/// Names that have another meaning in Prometheus, in the families or in the events.
const RESERVED: &[&str] = &[
    "instance",
    "job",
    "region",
    "le",
    "quantile",
    "window",
    "experience",
    "status",
    "metric",
    "scope",
    "group",
    "score",
    "all",
    "topic",
    "partition",
    "outcome",
    "reason",
    "type",
    "kind",
    "from",
    "to",
    "part",
    "baseline",
    "dimension",
    "version",
    "revision",
    "store",
    "x",
    "y",
    "id",
    "time",
    "source",
    "specversion",
    "data",
    "day",
    "ticket_id",
    "into_ticket_id",
    "into_customer_id",
    "answered",
    "target",
    "within",
    "chat_id",
    "survey_id",
    "customer_id",
    "author",
    "public",
    "automated",
    "created_by",
    "tier",
    "created_time",
    "started_time",
    "first_response_time",
    "solved_time",
    "awaiting_reply_since",
    "value",
    "currency",
    "scale_min",
    "scale_max",
    "direction",
    "change",
    "ago",
    "age",
    "name",
    "withdrawn",
    "bucket",
    "count",
    "sum",
    "total",
    "info",
    "created",
];

/// Endings that have a meaning in histograms and counters. A family by such a dimension would look like a part of another family.
const RESERVED_ENDINGS: [&str; 4] = ["_bucket", "_count", "_sum", "_total"];

/// Names of labels that are often attached to scrape targets. Prometheus would rename a scraped label of that name to `exported_...`.
const TARGET_LABELS: [&str; 8] = ["zone", "cluster", "owner", "customer", "service", "environment", "env", "stage"];

/// Names of members that identify persons.
const PERSONAL: &[&str] = &[
    "agent",
    "agent_id",
    "agent_name",
    "user",
    "user_id",
    "user_name",
    "username",
    "employee",
    "employee_id",
    "assignee",
    "assignee_id",
    "first_name",
    "last_name",
    "full_name",
    "email",
    "mail",
    "phone",
    "phone_number",
    "telephone",
    "address",
    "ip",
    "ip_address",
    "contact_id",
    "account_id",
    "person",
    "person_id",
];

pub(super) fn resolve(mut section: Section<'_>) -> Vec<DimensionSettings> {
    let mut given: BTreeMap<String, Section<'_>> = BTreeMap::new();
    for (name, place, node) in section.take_entries() {
        given.insert(name, Section::new(node, place.path, section.report));
    }
    let mut dimensions = Vec::new();
    for (i, (name, owner)) in DEFAULT.into_iter().enumerate() {
        match given.remove(name) {
            Some(section) => dimensions.extend(read(section, name, Some(owner), i < FIXED)),
            None => dimensions.push(DimensionSettings { name: name.to_owned(), owner, renames: BTreeMap::new(), values_max: VALUES_MAX }),
        }
    }
    for (name, section) in given {
        dimensions.extend(read(section, &name, None, false));
    }
    if let Err(complaint) = length_within(&dimensions, 1, DIMENSIONS_MAX) {
        section.report.add(section.place(), complaint);
    }
    dimensions
}

/// The part of the same list that the engine needs.
pub(super) fn for_engine(dimensions: &[DimensionSettings]) -> Vec<EngineDimension> {
    let of_customer = |d: &DimensionSettings| d.owner == DimensionOwner::Customer;
    dimensions.iter().map(|d| EngineDimension { name: d.name.clone(), of_customer: of_customer(d), values_max: d.values_max }).collect()
}

/// Reads one dimension; `None` where it is turned off. A fixed dimension cannot be turned off or change its owner.
fn read(mut section: Section<'_>, name: &str, default: Option<DimensionOwner>, fixed: bool) -> Option<DimensionSettings> {
    let enabled = section.or("enabled", true);
    let word = match default {
        Some(_) => section.value::<String>("owner"),
        None => section.required("owner", "say whom it describes: `owner = \"contact\"` or `owner = \"customer\"`"),
    };
    let owner = word.and_then(|w| chosen(&w, &OWNERS).map_err(|c| section.complain("owner", c)).ok());
    let values_max = section.checked("values_max", VALUES_MAX as i64, number_within(1, 10_000));
    let allow_person = section.or("allow_person", false);
    let renames = renames(section.section("renames"));
    if fixed && (!enabled || owner.is_some_and(|o| Some(o) != default)) {
        let key = if enabled { "owner" } else { "enabled" };
        let what = format!("`{name}` is always there and keeps its owner, because definitions of metrics rest on it");
        section.complain(
            key,
            complaint(ProblemKind::FixedDimension, what, format!("remove `{key}`; without a grouping set a dimension costs nothing")),
        );
    }
    if default.is_none() {
        check_name(name, allow_person, &section);
    }
    section.finish();
    (enabled || fixed).then_some(DimensionSettings {
        name: name.to_owned(),
        owner: owner.or(default).unwrap_or(DimensionOwner::Contact),
        renames,
        values_max: usize::try_from(values_max).unwrap_or(VALUES_MAX),
    })
}

fn renames(mut section: Section<'_>) -> BTreeMap<String, String> {
    let report = section.report;
    let mut renames = BTreeMap::new();
    for (from, place, node) in section.take_entries() {
        let Some(to) = String::read(node, &place, report) else { continue };
        match label_value(&to) {
            // An event's value is looked up as it came, and composed.
            Ok(to) => {
                renames.insert(composed(&from).into_owned(), to.clone());
                renames.insert(from, to);
            }
            Err(complaint) => report.add(&place, complaint),
        }
    }
    section.finish();
    renames
}

fn check_name(name: &str, allow_person: bool, section: &Section<'_>) {
    let place = KeyPlace::new(&section.place().origin, section.place().path.clone());
    if let Some(complaint) = name_complaint(name, allow_person) {
        section.report.add(&place, complaint);
    }
}

fn name_complaint(name: &str, allow_person: bool) -> Option<Complaint> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !starts_well || !letters || name.len() > 64 || name.contains("__") || name.ends_with('_') {
        let what = format!(
            "`{}` cannot be a dimension; allowed are up to 64 small letters, digits and single `_` between, a letter first",
            shown(name)
        );
        return Some(complaint(ProblemKind::BadLabelName, what, "name the member of the events so, such as `age_band`"));
    }
    if RESERVED.contains(&name) || RESERVED_ENDINGS.iter().any(|e| name.ends_with(e)) {
        let what = format!("`{name}` has another meaning in Prometheus, in the families or in the events");
        return Some(complaint(
            ProblemKind::ReservedDimension,
            what,
            "send the member under another name, such as `sales_region` instead of `region`",
        ));
    }
    if PERSONAL.contains(&name) && !allow_person {
        let what = format!("`{name}` tells persons apart, and a metric for each would watch them");
        let hint = "group by `team` instead, or set `allow_person = true` if this is agreed with those persons";
        return Some(complaint(ProblemKind::PersonalDimension, what, hint));
    }
    if TARGET_LABELS.contains(&name) {
        let what = format!("`{name}` is often a label of the scrape target, and Prometheus would rename this one to `exported_{name}`");
        return Some(complaint(ProblemKind::TargetLabelClash, what, "use a more exact name, or set `honor_labels: true` in the scrape"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<ProblemKind> {
        name_complaint(name, false).map(|c| c.kind)
    }

    #[test]
    fn names_that_prometheus_or_the_events_own_are_refused() {
        for name in [
            "instance",
            "job",
            "region",
            "le",
            "quantile",
            "window",
            "experience",
            "status",
            "metric",
            "scope",
            "group",
            "score",
            "customer_id",
            "solved_sum",
        ] {
            assert_eq!(kind(name), Some(ProblemKind::ReservedDimension), "{name}");
        }
        for name in ["", "Team", "9lives", "_a", "a__b", "a_", "a-b", "größe", "a b"] {
            assert_eq!(kind(name), Some(ProblemKind::BadLabelName), "{name}");
        }
        for name in ["plan", "country", "age_band", "sales_region", "l2"] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn identifiers_of_persons_need_permission_in_so_many_words() {
        assert_eq!(kind("agent_id"), Some(ProblemKind::PersonalDimension));
        assert!(name_complaint("agent_id", true).is_none());
        assert_eq!(
            name_complaint("customer_id", true).map(|c| c.kind),
            Some(ProblemKind::ReservedDimension),
            "an id of a customer never becomes a label"
        );
    }
}
