//! `[[changes]]`: what somebody has changed in the organisation, such as new macros, so that people hold a change of the numbers against it.
//!
//! Does not know whether its time has come, nor how what it did is computed.

use super::MarkedChange;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{instant, label_value, length_within, shown};
use super::where_conditions::conditions;
use crate::engine::{ComparedChange, Condition, MARKED_CHANGES_MAX};
use crate::event::DimensionSettings;

/// Each combination of the values of `where` is a series of its own.
const COMBINATIONS_MAX: usize = 100;

/// The changes as they are shown, and as the engine compares what was before with what is after them.
pub(super) fn resolve(
    root: &mut Section<'_>,
    dimensions: &[DimensionSettings],
    grouping_sets: &[Vec<u8>],
) -> (Vec<MarkedChange>, Vec<ComparedChange>) {
    let sections = root.tables("changes", "name").unwrap_or_default();
    if let Err(complaint) = length_within(&sections, 0, MARKED_CHANGES_MAX) {
        root.complain("changes", complaint);
    }
    let mut changes: Vec<ComparedChange> = Vec::new();
    for section in sections {
        let place = section.place().clone();
        let Some(change) = read(section, dimensions) else { continue };
        if changes.iter().any(|other| other.name == change.name) {
            let what = format!("the change `{}` stands here twice", shown(&change.name));
            let hint = "give it a name of its own; one change may name several values in `where`";
            root.report.add(&place, complaint(ProblemKind::Duplicate, what, hint));
            continue;
        }
        if let Some(dimension) = change.unknown_dimension(grouping_sets) {
            let name = &dimensions[usize::from(dimension)].name;
            let what = format!("no grouping set has `{name}`, so what the change did is not shown");
            let hint = "add it to `grouping_sets`, or leave it if the mark alone is of use";
            root.report.add(&place, complaint(ProblemKind::ChangeNotCompared, what, hint));
        }
        changes.push(change);
    }
    let of = |condition: &Condition| (dimensions[usize::from(condition.dimension)].name.clone(), condition.values.clone());
    let shown = |ComparedChange { name, at, conditions }: &ComparedChange| MarkedChange {
        name: name.clone(),
        at: *at,
        groups: conditions.iter().map(of).collect(),
    };
    (changes.iter().map(shown).collect(), changes)
}

fn read(mut section: Section<'_>, dimensions: &[DimensionSettings]) -> Option<ComparedChange> {
    let name: Option<String> = section.required("name", "say what was changed: `name = \"new macros\"`");
    // A name of spaces would show as none.
    let name = name.and_then(|name| label_value(name.trim()).map_err(|complaint| section.complain("name", complaint)).ok());
    let at: Option<String> = section.required("at", "say when: `at = \"2026-03-02T09:00:00Z\"`");
    let at = at.and_then(|text| instant(&text).map_err(|complaint| section.complain("at", complaint)).ok());
    let conditions = conditions(&mut section, dimensions);
    let conditions = few_combinations(&conditions).map(|()| conditions).map_err(|complaint| section.complain("where", complaint)).ok();
    section.finish();
    Some(ComparedChange { name: name?, at: at?, conditions: conditions? })
}

/// Checks that each series would be there once, and that there are not too many.
fn few_combinations(conditions: &[Condition]) -> Result<(), Complaint> {
    for Condition { values, .. } in conditions {
        if let Some((_, twice)) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
            return Err(complaint(ProblemKind::Duplicate, format!("`{}` stands here twice", shown(twice)), "remove one of the two"));
        }
    }
    let combinations = conditions.iter().fold(1_usize, |product, condition| product.saturating_mul(condition.values.len()));
    if combinations <= COMBINATIONS_MAX {
        return Ok(());
    }
    let what = format!("{combinations} combinations of values, where at most {COMBINATIONS_MAX} are allowed");
    Err(complaint(ProblemKind::ListLength, what, "name fewer values, or leave out the dimension that tells least"))
}
