//! The family about marked changes: when each was made, with the groups that it was for.
//!
//! It is made from the configuration and needs no event, so it is there while the logs are still read. Does not know what a change did to the numbers.

use super::family::{Merge, OperationalFamily};
use super::text::{LabelSet, write_header};
use crate::config::{Configuration, MarkedChange};
use crate::time::EventTime;

/// The name of the family.
pub(super) const NAME: &str = "cx_change_marked_timestamp_seconds";
pub(super) const KIND: &str = "gauge";
pub(super) const MERGE: Merge = Merge::Max;
/// The label that every series has, and the reference page names.
pub(super) const LABEL: &str = "change";
pub(super) const HELP: &str = "When somebody changed something, by the configured `[[changes]]`; absent before that time. The dimensions of its `where` are labels too, with a series for \
each combination of their values. A series without a dimension is about every value of it, so without any it is about the whole organisation.";

/// The family with every label that a series may have.
pub(super) fn family(configuration: &Configuration) -> OperationalFamily {
    let dimensions = configuration.engine.dimensions.iter().map(|dimension| dimension.name.clone());
    OperationalFamily {
        name: NAME.to_owned(),
        kind: KIND.to_owned(),
        labels: [LABEL.to_owned()].into_iter().chain(dimensions).collect(),
        merge: Some(MERGE),
        help: HELP.to_owned(),
    }
}

/// The changes that had been made at an instant, the latest first.
pub(super) fn until(changes: &[MarkedChange], now: EventTime) -> Vec<&MarkedChange> {
    let mut made: Vec<&MarkedChange> = changes.iter().filter(|change| change.at <= now).collect();
    made.sort_by_key(|change| std::cmp::Reverse(change.at));
    made
}

/// Appends the family; with `at_seconds` (since 1970), as samples of that instant without comments.
pub(super) fn render(changes: &[MarkedChange], now: EventTime, at_seconds: Option<f64>, out: &mut String) {
    let changes = until(changes, now);
    if at_seconds.is_none() && !changes.is_empty() {
        write_header(out, NAME, HELP, KIND);
    }
    for change in changes {
        for group in combinations(&change.groups) {
            let mut labels = LabelSet::default();
            labels.push(LABEL, &change.name);
            group.into_iter().for_each(|(name, value)| labels.push(name, value));
            labels.write_sample(out, NAME, "", change.at.as_seconds(), at_seconds);
        }
    }
}

/// Every combination of one value of each dimension; without dimensions, the one empty combination.
fn combinations(groups: &[(String, Vec<String>)]) -> Vec<Vec<(&str, &str)>> {
    let Some(((dimension, values), rest)) = groups.split_first() else { return vec![Vec::new()] };
    let rest = combinations(rest);
    let mut all = Vec::new();
    for value in values {
        let own = (dimension.as_str(), value.as_str());
        all.extend(rest.iter().map(|others| std::iter::once(own).chain(others.iter().copied()).collect::<Vec<_>>()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::engine::Snapshot;
    use crate::metrics::{Exposition, FamilySelection};

    const NOON: EventTime = EventTime(1_772_452_800_000);

    fn exposition(changes: &str) -> Exposition {
        let flags = [("changes".to_owned(), format!("[{changes}]"))];
        Exposition::new(&load(None, [], &flags).unwrap_or_else(|error| panic!("{error}")).configuration)
    }

    fn shown(exposition: &Exposition, now: EventTime) -> Vec<String> {
        let mut text = String::new();
        exposition.render(&Snapshot { now, is_withheld: true, ..Snapshot::default() }, &mut text);
        text.lines().filter(|line| line.starts_with("cx_change")).map(str::to_owned).collect()
    }

    #[test]
    fn a_change_has_a_series_for_each_combination_and_the_dimensions_of_its_where_alone() {
        let exposition = exposition(
            "{ name = \"a \\\"b\\\"\", at = \"2026-03-02T09:00:00Z\" }, \
             { name = \"new macros\", at = \"2026-03-02T10:00:00.5Z\", where = { team = [\"billing\", \"orders\"], channel = [\"chat\", \"email\"] } }",
        );
        // They are there while nothing of the organisation is shown, the latest first.
        assert_eq!(
            shown(&exposition, NOON),
            [
                "cx_change_marked_timestamp_seconds{change=\"new macros\",channel=\"chat\",team=\"billing\"} 1772445600.5",
                "cx_change_marked_timestamp_seconds{change=\"new macros\",channel=\"chat\",team=\"orders\"} 1772445600.5",
                "cx_change_marked_timestamp_seconds{change=\"new macros\",channel=\"email\",team=\"billing\"} 1772445600.5",
                "cx_change_marked_timestamp_seconds{change=\"new macros\",channel=\"email\",team=\"orders\"} 1772445600.5",
                "cx_change_marked_timestamp_seconds{change=\"a \\\"b\\\"\"} 1772442000",
            ]
        );
    }

    #[test]
    fn a_change_of_the_future_is_shown_from_its_time_on() {
        let exposition = exposition("{ name = \"new macros\", at = \"2026-03-02T13:00:00+01:00\" }");
        assert!(shown(&exposition, EventTime(NOON.0 - 1)).is_empty());
        assert_eq!(shown(&exposition, NOON), ["cx_change_marked_timestamp_seconds{change=\"new macros\"} 1772452800"]);
    }

    #[test]
    fn history_has_its_instants_and_a_selection_leaves_it_out() {
        let exposition = exposition("{ name = \"new macros\", at = \"2026-03-02T12:00:00Z\" }");
        let snapshot = Snapshot { now: NOON, is_withheld: true, ..Snapshot::default() };
        let mut text = String::new();
        exposition.render_at(&snapshot, &mut text);
        assert!(text.contains("cx_change_marked_timestamp_seconds{change=\"new macros\"} 1772452800 1772452800\n"), "{text}");
        assert!(!text.contains('#'), "{text}");
        let others = exposition.with_only(FamilySelection::of(["cx_series"]));
        assert!(shown(&others, NOON).is_empty());
    }
}
