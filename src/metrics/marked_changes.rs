//! The family about marked changes: when each was made, with the groups that it was for.
//!
//! They come from the configuration and from events. Those of the configuration need no event, so they are there while the logs are still read; those of
//! events come with the values. Does not know what a change did to the numbers.

use super::family::{Merge, OperationalFamily};
use super::text::{LabelSet, write_header};
use crate::config::{Configuration, MarkedChange};
use crate::engine::{ChangeMark, Snapshot};
use crate::time::EventTime;

/// The name of the family.
pub(super) const NAME: &str = "cx_change_marked_timestamp_seconds";
pub(super) const KIND: &str = "gauge";
pub(super) const MERGE: Merge = Merge::Max;
/// The label that every series has, and the reference page names.
pub(super) const LABEL: &str = "change";
pub(super) const HELP: &str = "When somebody changed something, by the configured `[[changes]]` or by a `change.marked` event, of which the latest 64 are shown for 400 days; absent before that time. \
The dimensions of its `where` or of the event are labels too, with a series for each combination of their values. A series without a dimension is about every value of it, so without any it \
is about the whole organisation.";

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

/// The changes that had been made at the instant of a snapshot, the latest first. Where an event says the same of a group as the configuration, the
/// configured time holds. What events say of one name, time and dimension is one change of several values.
pub(super) fn made(configured: &[MarkedChange], snapshot: &Snapshot) -> Vec<MarkedChange> {
    let mut made: Vec<MarkedChange> = configured.iter().filter(|change| change.at <= snapshot.now).cloned().collect();
    let mut marked: Vec<MarkedChange> = Vec::new();
    let is_configured = |mark: &ChangeMark| made.iter().any(|change| change.name == mark.name && is_in(&mark.group, &change.groups));
    for ChangeMark { name, at, group } in snapshot.changes.iter().filter(|mark| !is_configured(mark)) {
        match (group.as_slice(), marked.iter_mut().find(|change| is_beside(change, name, *at, group))) {
            ([(_, value)], Some(change)) => change.groups[0].1.push(value.clone()),
            _ => {
                let groups = group.iter().map(|(dimension, value)| (dimension.clone(), vec![value.clone()])).collect();
                marked.push(MarkedChange { name: name.clone(), at: *at, groups });
            }
        }
    }
    made.extend(marked);
    made.sort_by_key(|change| std::cmp::Reverse(change.at));
    made
}

/// Whether a change has this name and time, and is for values of the one dimension that the group has.
fn is_beside(change: &MarkedChange, name: &str, at: EventTime, group: &[(String, String)]) -> bool {
    let is_of_one = matches!((change.groups.as_slice(), group), ([(dimension, _)], [(other, _)]) if dimension == other);
    is_of_one && change.name == name && change.at == at
}

/// Whether a group is one of the combinations of values.
fn is_in(group: &[(String, String)], groups: &[(String, Vec<String>)]) -> bool {
    let has = |(dimension, values): &(String, Vec<String>)| group.iter().any(|(name, value)| name == dimension && values.contains(value));
    group.len() == groups.len() && groups.iter().all(has)
}

/// Appends the family; with `at_seconds` (since 1970), as samples of that instant without comments.
pub(super) fn render(configured: &[MarkedChange], snapshot: &Snapshot, at_seconds: Option<f64>, out: &mut String) {
    let changes = made(configured, snapshot);
    if at_seconds.is_none() && !changes.is_empty() {
        write_header(out, NAME, HELP, KIND);
    }
    for change in &changes {
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

    fn mark(name: &str, hour: i64, group: &[(&str, &str)]) -> ChangeMark {
        let at = EventTime(NOON.0 - (12 - hour) * 3_600_000);
        ChangeMark {
            name: name.to_owned(),
            at,
            group: group.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn changes_of_events_stand_among_the_configured_ones_and_are_withheld_with_the_values() {
        let exposition = exposition(
            "{ name = \"new macros\", at = \"2026-03-02T09:00:00Z\", where = { team = [\"billing\", \"orders\"], channel = \"chat\" } }, \
             { name = \"new site\", at = \"2026-03-02T13:00:00Z\" }",
        );
        let changes = vec![
            mark("new site", 11, &[]),
            mark("<\"macros\">", 10, &[("team", "billing")]),
            mark("new macros", 10, &[("channel", "chat"), ("team", "billing")]),
            mark("new macros", 8, &[("team", "billing")]),
        ];
        let snapshot = Snapshot { now: NOON, changes, ..Snapshot::default() };
        let lines = |snapshot: &Snapshot| {
            let mut text = String::new();
            exposition.render(snapshot, &mut text);
            text.lines().filter_map(|line| line.strip_prefix("cx_change_marked_timestamp_seconds")).map(str::to_owned).collect::<Vec<_>>()
        };
        let configured = [
            "{change=\"new macros\",channel=\"chat\",team=\"billing\"} 1772442000",
            "{change=\"new macros\",channel=\"chat\",team=\"orders\"} 1772442000",
        ];
        assert_eq!(
            lines(&snapshot),
            [
                // The configured change of the same name is still to come.
                "{change=\"new site\"} 1772449200",
                "{change=\"<\\\"macros\\\">\",team=\"billing\"} 1772445600",
                // The configured time holds for the group that the configuration names, and for no other.
                configured[0],
                configured[1],
                "{change=\"new macros\",team=\"billing\"} 1772438400",
            ]
        );
        assert_eq!(lines(&snapshot.without_values()), configured);
    }

    #[test]
    fn what_events_say_of_one_name_and_time_and_of_values_of_one_dimension_is_one_change() {
        let changes = vec![
            mark("a", 10, &[]),
            mark("a", 10, &[("channel", "chat")]),
            mark("a", 10, &[("channel", "chat"), ("team", "x")]),
            mark("a", 10, &[("team", "x")]),
            mark("a", 10, &[("team", "y")]),
            mark("a", 9, &[("team", "z")]),
            mark("b", 9, &[("team", "z")]),
        ];
        let made = exposition("").changes_made(&Snapshot { now: NOON, changes, ..Snapshot::default() });
        let values = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (chat, x) = (("channel".to_owned(), values(&["chat"])), ("team".to_owned(), values(&["x"])));
        let of_team = |names: &[&str]| vec![("team".to_owned(), values(names))];
        let groups: Vec<_> = made.iter().map(|change| change.groups.clone()).collect();
        assert_eq!(groups, [vec![], vec![chat.clone()], vec![chat, x], of_team(&["x", "y"]), of_team(&["z"]), of_team(&["z"])]);
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
