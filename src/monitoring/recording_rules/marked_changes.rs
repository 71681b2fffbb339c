//! The marked changes of the last two weeks, as the texts of alerts show them.
//!
//! Does not know which alert shows which change.

use crate::config::Configuration;
use crate::monitoring::promql::INSTALLATION;
use crate::monitoring::recorded_names::RecordedNames;
use crate::monitoring::recording_rule::RecordingRule;

/// What alerts read. A team's changes have the label `team`.
pub(in crate::monitoring) const LAST: &str = "cx:change:last";

/// The time of each change with how long ago that was, without what the change did.
const AGO: &str = "cx:change:ago";

/// The number of days for which a change is thought of: what it did shows in a day's or a week's window by then.
const DAYS: u32 = 14;

/// The time of each change, with how long ago that was and for which groups beside a team as the label `ago`: `3d ago, chat`. A number becomes a text here,
/// once, because every alert that did it would need a longer text than the operator has room for. Where teams are no grouping set, no alert is about one of
/// them, so a team is named like any other group.
pub(super) fn rules(configuration: &Configuration, names: &RecordedNames) -> [RecordingRule; 2] {
    let engine = &configuration.engine;
    let name = |dimension: &u8| engine.dimensions[usize::from(*dimension)].name.as_str();
    let has_teams = engine.grouping_sets.iter().any(|set| matches!(set.as_slice(), [one] if name(one) == "team"));
    let named = engine.dimensions.iter().map(|dimension| dimension.name.as_str()).filter(|dimension| !has_teams || *dimension != "team");
    let named: String = named.map(|dimension| format!(", \"{dimension}\"")).collect();
    let at = names.of("cx_change_marked_timestamp_seconds", "");
    // The clock of Prometheus may be a little behind.
    let days = format!("clamp_min(floor((time() - {at}) / 86400), 0)");
    let dated = format!("count_values without () (\"ago\", {days}) * ignoring (ago) group_left () ({at} > time() - {DAYS} * 86400)");
    // A dimension that a change does not have leaves its semicolon: `3;chat;;;gold`.
    let joined = format!("label_join({dated}, \"ago\", \";\", \"ago\"{named})");
    let replaced = |told: &str, by: &str, what: &str| format!("label_replace({told}, \"ago\", \"{by}\", \"ago\", \"{what}\")");
    let with_groups = replaced(&joined, "${1}d ago, $2", "([0-9]+);+([^;].*?);*");
    let told = replaced(&replaced(&with_groups, "${1}d ago", "([0-9]+);*"), "$1, $2", "(.+?);+(.+)");
    let told = if has_teams { told } else { format!("max without (team) ({told})") };
    [RecordingRule::new(AGO.to_owned(), told), RecordingRule::new(LAST.to_owned(), with_effect())]
}

/// The same, and after it what the change did to satisfaction, where that is beyond chance: `3d ago, chat; effect on csat beyond chance: 3.1 points`.
fn with_effect() -> String {
    let beyond = "(cx:change_effect_lower:merged > 0 or cx:change_effect_upper:merged < 0)";
    let points = format!("round(100 * (cx:change_effect:merged{{metric=\"csat\"}} and {beyond}), 0.1)");
    let effect = format!("label_replace(count_values without () (\"effect\", {points}), \"effect\", \"$1 points\", \"effect\", \"(.+)\")");
    let joined = format!("{AGO} * on ({INSTALLATION}, change) group_left (effect) {effect}");
    format!("label_join({joined}, \"ago\", \"; effect on csat beyond chance: \", \"ago\", \"effect\") or ignoring (ago, effect) {AGO}")
}
