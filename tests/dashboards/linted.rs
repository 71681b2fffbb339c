//! The checks of Grafana's own linter, as far as they are about the JSON of a dashboard.

use std::collections::BTreeSet;

use serde_json::Value;

use super::files::shipped;
use crate::support::panels::{all_expressions, is_partial, panels, title};

#[test]
fn a_dashboard_is_found_again_and_not_edited_by_accident() {
    let boards = shipped();
    let mut uids = BTreeSet::new();
    for board in &boards {
        let uid = board["uid"].as_str().expect("a uid");
        assert!(uids.insert(uid.to_owned()) && uid.starts_with("cx-") && uid.len() <= 40, "{uid}");
        assert!(board["id"].is_null() && board["editable"] == false && board["schemaVersion"] == 42 && board["graphTooltip"] == 1, "{uid}");
        assert!(board.get("__inputs").is_none() && board["tags"] == serde_json::json!(["cxpulse"]), "{uid}");
        assert!(board["description"].as_str().is_some_and(|text| text.len() > 30), "{uid}");
    }
    let titles: BTreeSet<_> = boards.iter().map(title).collect();
    assert_eq!(titles.len(), 6);
}

#[test]
fn every_panel_has_a_title_a_definition_a_unit_and_something_to_ask() {
    for board in &shipped() {
        let mut titles = BTreeSet::new();
        for panel in panels(board) {
            let name = panel["title"].as_str().expect("a title");
            let place = format!("{} / {name}", title(board));
            assert!(!name.is_empty() && titles.insert(name), "{place}: twice");
            let definition = panel["description"].as_str().expect("a description");
            assert!(definition.len() > 10 && definition.ends_with('.'), "{place}: {definition}");
            let unit =
                if panel["type"] == "heatmap" { &panel["options"]["yAxis"]["unit"] } else { &panel["fieldConfig"]["defaults"]["unit"] };
            assert!(unit.as_str().is_some_and(|unit| !unit.is_empty()), "{place}: no unit");
            let targets = panel["targets"].as_array().expect("targets");
            let names: BTreeSet<_> = targets.iter().map(|target| target["refId"].as_str().expect("a name")).collect();
            assert!(!targets.is_empty() && names.len() == targets.len(), "{place}");
            assert!(targets.iter().all(|target| !target["legendFormat"].as_str().unwrap_or("").is_empty()), "{place}: no legend");
            assert!(targets.iter().all(|target| target["instant"] != target["range"]), "{place}");
        }
    }
}

#[test]
fn ratios_are_percent_and_times_seconds() {
    for board in &shipped() {
        for panel in panels(board).into_iter().filter(|panel| panel["type"] != "heatmap") {
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().expect("a unit");
            let first =
                panel["targets"].as_array().and_then(|targets| targets.last()).and_then(|target| target["expr"].as_str()).expect("one");
            let Some(name) = first.strip_prefix("cx:").and_then(|name| name.split('{').next()) else { continue };
            let wanted = match name {
                name if name.contains("_timestamp_seconds") => "dateTimeFromNow",
                name if name.contains("_ratio") && !name.contains("weight") => "percentunit",
                name if name.contains("_seconds") => "s",
                _ => continue,
            };
            assert!(unit == wanted || panel["targets"].as_array().is_some_and(|t| t.len() > 1), "{}: {name} in {unit}", panel["title"]);
        }
    }
}

#[test]
fn panels_lie_side_by_side() {
    for board in &shipped() {
        let mut ids = BTreeSet::new();
        let mut cells = BTreeSet::new();
        for panel in board["panels"].as_array().expect("panels") {
            assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}: id {} twice", title(board), panel["id"]);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().expect("a number"));
            assert!(w >= 1 && h >= 1 && x + w <= 24, "{}: {}", title(board), panel["gridPos"]);
            for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
                assert!(cells.insert(cell), "{}: {} lies on another panel", title(board), panel["title"]);
            }
        }
    }
}

#[test]
fn every_data_source_is_the_chosen_one() {
    fn walk(value: &Value, found: &mut usize) {
        match value {
            Value::Object(members) => {
                if let Some(source) = members.get("datasource") {
                    assert_eq!(source, &serde_json::json!({ "type": "prometheus", "uid": "${datasource}" }));
                    *found += 1;
                }
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(entries) => entries.iter().for_each(|entry| walk(entry, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    for board in &shipped() {
        let mut found = 0;
        walk(board, &mut found);
        assert!(found > 20, "{}", title(board));
        assert_eq!(board["templating"]["list"][0]["type"], "datasource");
    }
}

#[test]
fn every_variable_is_used_and_every_used_one_is_there() {
    for board in &shipped() {
        let variables = board["templating"]["list"].as_array().expect("variables");
        let names: BTreeSet<_> = variables.iter().map(|variable| variable["name"].as_str().expect("a name")).collect();
        let mut used: BTreeSet<&str> = ["datasource"].into();
        let expressions = all_expressions(board);
        for (_, expression) in &expressions {
            let words =
                expression.split('$').skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or(""));
            used.extend(words.filter(|word| !word.starts_with("__")));
        }
        assert_eq!(used, names, "{}", title(board));
        for variable in variables.iter().filter(|variable| variable["multi"] == true) {
            assert_eq!(variable["allValue"], ".+", "{}: all of {} must not mean those without", title(board), variable["name"]);
        }
    }
}

#[test]
fn annotations_mark_what_happened_and_not_every_instant() {
    for board in &shipped() {
        let annotations = board["annotations"]["list"].as_array().expect("annotations");
        let names: Vec<_> = annotations.iter().map(|annotation| annotation["name"].as_str().expect("a name")).collect();
        assert_eq!(names, ["Alerts", "Restarts", "Rebalances", "Changes"]);
        for annotation in annotations {
            assert!(annotation["expr"].as_str().is_some_and(|expression| expression.ends_with(" > 0")), "{annotation}");
        }
        // A change is drawn at its own time, which is its value in seconds, and by its name.
        let change = &annotations[3];
        assert_eq!((&change["useValueForTime"], &change["titleFormat"]), (&true.into(), &"{{change}}".into()));
        assert_eq!(change["expr"], "cx:change_marked_timestamp_seconds:max{job=\"$job\"} * 1000 > 0");
        assert_eq!(change["tagKeys"], "channel,journey_stage,team,priority,brand,segment");
        assert!(annotations[..3].iter().all(|other| other["useValueForTime"].is_null()));
    }
}

#[test]
fn targets_are_dashed_intervals_are_bands_and_incomplete_windows_pale() {
    let boards = shipped();
    let overview = panels(&boards[0]);
    let csat = overview.iter().find(|panel| panel["title"] == "CSAT over time").expect("a panel");
    let of = |legend: &str| {
        let targets = csat["targets"].as_array().expect("targets");
        let name = &targets.iter().find(|target| target["legendFormat"] == legend).unwrap_or_else(|| panic!("no {legend}"))["refId"];
        let overrides = csat["fieldConfig"]["overrides"].as_array().expect("overrides");
        overrides.iter().find(|one| one["matcher"]["options"] == *name).map(|one| one["properties"].to_string()).unwrap_or_default()
    };
    assert!(of("target").contains("\"fill\":\"dash\""));
    assert!(of("upper").contains("\"id\":\"custom.fillBelowTo\",\"value\":\"lower\""));
    assert!(of("satisfied (window incomplete)").contains("#8e8e8e"));
    assert!(of("answers").contains("\"custom.axisPlacement\",\"value\":\"right\""));
    assert_eq!(of("satisfied"), "");
}

#[test]
fn what_is_pale_is_what_is_incomplete() {
    for board in &shipped() {
        for panel in panels(board) {
            let overrides = panel["fieldConfig"]["overrides"].as_array().expect("overrides");
            let is_pale = |one: &&Value| one["properties"].to_string().contains("#8e8e8e");
            let pale: BTreeSet<_> = overrides.iter().filter(is_pale).filter_map(|one| one["matcher"]["options"].as_str()).collect();
            let targets = panel["targets"].as_array().expect("targets");
            let partial = targets.iter().filter(|target| is_partial(target["expr"].as_str().expect("an expression")));
            let partial: BTreeSet<_> = partial.filter_map(|target| target["refId"].as_str()).collect();
            assert_eq!(pale, partial, "{} / {}", title(board), panel["title"]);
        }
    }
}
