//! `grouping_sets`, `customer_grouping_sets` and `histograms.bucket_sets`: turns lists of dimension names into lists of indices.
//!
//! Does not know which families are grouped.

use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, ProblemReport, complaint};
use super::section::Section;
use super::spelling_hints::{listed, nearest};
use super::value::{length_within, shown};
use crate::event::{DimensionOwner, DimensionSettings};

const SETS_MAX: usize = 32;
const DIMENSIONS_OF_A_SET_MAX: usize = 4;

/// The exported grouping sets, each a list of indices of dimensions.
pub(super) struct GroupingSets {
    pub(super) sets: Vec<Vec<u8>>,
    pub(super) customer_sets: Vec<Vec<u8>>,
}

pub(super) fn resolve(root: &mut Section<'_>, dimensions: &[DimensionSettings]) -> GroupingSets {
    let sets = sets_of(root, "grouping_sets", &[&["channel"], &["team"], &["team", "channel"]], dimensions);
    let customer_sets = sets_of(root, "customer_grouping_sets", &[&["segment"]], dimensions);
    let place = root.place_of("customer_grouping_sets");
    for (i, set) in customer_sets.iter().enumerate() {
        let of_contact = set.iter().map(|d| &dimensions[usize::from(*d)]).find(|d| d.owner == DimensionOwner::Contact);
        if let Some(d) = of_contact {
            let what = format!(
                "`{}` describes contacts, and customers are counted here; allowed are dimensions with `owner = \"customer\"`",
                d.name
            );
            root.report.add(&place.entry(i), complaint(ProblemKind::NotCustomerDimension, what, "use such as `segment`"));
        }
    }
    GroupingSets { sets, customer_sets }
}

/// The grouping sets with full histogram buckets, as ascending indices into `sets`. Without the key these are the sets of one dimension.
pub(super) fn bucket_sets(section: &mut Section<'_>, sets: &[Vec<u8>], dimensions: &[DimensionSettings]) -> Vec<usize> {
    let Some(named) = section.value::<Vec<Vec<String>>>("bucket_sets") else {
        return sets.iter().enumerate().filter(|(_, s)| s.len() == 1).map(|(i, _)| i).collect();
    };
    let place = section.place_of("bucket_sets");
    let spelled: Vec<String> = sets.iter().map(|s| spelling(s, dimensions)).collect();
    let mut indices = Vec::new();
    for (i, names) in named.iter().enumerate() {
        let wanted = names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
        match spelled.iter().position(|s| *s == wanted) {
            Some(set) if indices.contains(&set) => {
                let what = format!("`[{wanted}]` stands here twice");
                section.report.add(&place.entry(i), complaint(ProblemKind::Duplicate, what, "remove one of the two"));
            }
            Some(set) => indices.push(set),
            None => {
                let known = spelled.iter().map(|s| format!("`[{s}]`")).collect::<Vec<_>>().join(", ");
                let what = format!("`[{}]` is no grouping set; allowed are {known}", shown(&wanted));
                section
                    .report
                    .add(&place.entry(i), complaint(ProblemKind::UnknownGroupingSet, what, "add it to `grouping_sets`, or remove it here"));
            }
        }
    }
    indices.sort_unstable();
    indices
}

fn spelling(set: &[u8], dimensions: &[DimensionSettings]) -> String {
    set.iter().map(|d| format!("\"{}\"", dimensions[usize::from(*d)].name)).collect::<Vec<_>>().join(", ")
}

fn sets_of(root: &mut Section<'_>, key: &'static str, default: &[&[&str]], dimensions: &[DimensionSettings]) -> Vec<Vec<u8>> {
    let given = root.value::<Vec<Vec<String>>>(key);
    // Without the key, a default set is left out when one of its dimensions is turned off.
    let is_there = |set: &&&[&str]| set.iter().all(|name| dimensions.iter().any(|d| d.name == *name));
    let defaults = || default.iter().filter(is_there).map(|set| set.iter().map(|name| (*name).to_owned()).collect()).collect();
    let names = given.unwrap_or_else(defaults);
    if let Err(complaint) = length_within(&names, 0, SETS_MAX) {
        root.complain(key, complaint);
        return Vec::new();
    }
    let place = root.place_of(key);
    let mut sets: Vec<Vec<u8>> = Vec::new();
    let mut suffixes: Vec<String> = Vec::new();
    for (i, set) in names.iter().enumerate() {
        let place = place.entry(i);
        let Some(indices) = indices_of(set, dimensions, &place, root.report) else { continue };
        let suffix = set.join("_");
        let mut sorted = indices.clone();
        sorted.sort_unstable();
        let is_same = |other: &Vec<u8>| {
            let mut other = other.clone();
            other.sort_unstable();
            other == sorted
        };
        if sets.iter().any(is_same) {
            let what = format!("the grouping set of {} stands here twice", listed(&set.iter().map(String::as_str).collect::<Vec<_>>()));
            root.report
                .add(&place, complaint(ProblemKind::Duplicate, what, "remove one of the two; the order within a set changes names only"));
        } else if suffixes.contains(&suffix) {
            let what = format!("another grouping set also makes families that end in `_by_{suffix}`");
            root.report.add(&place, complaint(ProblemKind::GroupingSetClash, what, "rename one of the dimensions"));
        } else {
            suffixes.push(suffix);
            sets.push(indices);
        }
    }
    sets
}

fn indices_of(set: &[String], dimensions: &[DimensionSettings], place: &KeyPlace, report: &ProblemReport) -> Option<Vec<u8>> {
    if let Err(mut complaint) = length_within(set, 1, DIMENSIONS_OF_A_SET_MAX) {
        if set.is_empty() {
            complaint.hint = "remove it; the overall value is always exported".into();
        }
        report.add(place, complaint);
        return None;
    }
    let mut indices = Vec::new();
    let mut is_good = true;
    for name in set {
        match index_of(name, dimensions) {
            Ok(i) if indices.contains(&i) => {
                report.add(place, complaint(ProblemKind::Duplicate, format!("`{name}` stands here twice"), "remove one of the two"));
                is_good = false;
            }
            Ok(i) => indices.push(i),
            Err(complaint) => {
                report.add(place, complaint);
                is_good = false;
            }
        }
    }
    is_good.then_some(indices)
}

/// The index of a dimension by its name.
pub(super) fn index_of(name: &str, dimensions: &[DimensionSettings]) -> Result<u8, Complaint> {
    dimensions.iter().position(|d| d.name == name).and_then(|i| u8::try_from(i).ok()).ok_or_else(|| {
        let known: Vec<&str> = dimensions.iter().map(|d| d.name.as_str()).collect();
        let what = format!("`{}` is no dimension; allowed are {}", shown(name), listed(&known));
        let use_known = nearest(name, &known).map_or_else(|| "use one of these".into(), |k| format!("use `{k}`"));
        complaint(ProblemKind::UnknownDimension, what, format!("{use_known}, or declare it: `[dimensions.{}]`", shown(name)))
    })
}
