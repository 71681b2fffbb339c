//! What somebody changed: of each name and group the last word, and of one instant the withdrawal.

use std::collections::BTreeMap;

use super::reader::Happening;
use super::series::{Series, Value};
use super::setup::Setup;
use super::sheet::Values;

/// The family.
const FAMILY: &str = "cx_change_marked_timestamp_seconds";
/// How long a change is shown.
const SHOWN_FOR: i64 = 400 * 86_400_000;

/// Whether an event is about a change.
pub(crate) fn is_change(event: &Happening) -> bool {
    event.what == "change.marked"
}

/// The changes as series, of events that are not later than `now`.
pub(crate) fn values(events: &[Happening], settings: &Setup, now: i64) -> Values {
    type Group<'e> = Vec<(&'e str, &'e str)>;
    let mut words: BTreeMap<(&str, Group<'_>), Vec<(i64, bool)>> = BTreeMap::new();
    for event in events.iter().filter(|event| is_change(event)) {
        let name = event.text("name").expect("checked by the reader");
        let value = |dimension: &'_ str| event.text(dimension);
        let group = settings.dimensions.iter().filter_map(|d| Some((d.name.as_str(), value(&d.name)?))).collect();
        words.entry((name, group)).or_default().push((event.time, event.flag("withdrawn", false)));
    }
    let mut out = Values::default();
    for ((name, group), words) in words {
        let last = words.into_iter().max().filter(|(time, withdrawn)| !withdrawn && *time > now - SHOWN_FOR);
        let series = Series::new(FAMILY.to_owned(), group.into_iter().chain([("change", name)]));
        out.insert(series, last.map_or(Value::Absent, |(time, _)| Value::Millis(time)));
    }
    out
}
