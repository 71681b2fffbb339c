//! A board: rows of panels that are laid out from left to right, with the variables and annotations that all boards share.
//!
//! Does not know the queries of a panel.

use serde_json::{Value, json};

use super::family_lookup::FamilyLookup;
use super::panel::Panel;
use super::query::JOB;

/// The columns of Grafana's grid.
const COLUMNS: u8 = 24;

/// A dashboard before its layout.
pub(super) struct Board {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    chosen: &'static [Choice],
    rows: Vec<(&'static str, Vec<Panel>)>,
}

/// The variables of a board beside the data source and the job: a reader chooses their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// One of the configured windows.
    Window,
    /// Any of the teams.
    Team,
    /// Any of the channels.
    Channel,
    /// Any of the replicas, for values that each reports about itself.
    Instance,
}

impl Board {
    pub(super) fn new(name: &'static str, title: &'static str, description: &'static str, chosen: &'static [Choice]) -> Self {
        Self { name, title, description, chosen, rows: Vec::new() }
    }

    /// The name of its file, and the end of its uid.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a row. A row without panels, because the configuration has none of its families, is left out.
    pub(super) fn row(mut self, title: &'static str, panels: Vec<Panel>) -> Self {
        if !panels.is_empty() {
            self.rows.push((title, panels));
        }
        self
    }

    /// The dashboard in Grafana's JSON format.
    pub(super) fn json(&self, families: &FamilyLookup) -> String {
        let board = json!({
            "id": null,
            "uid": format!("cx-{}", self.name),
            "title": format!("cxpulse / {}", self.title),
            "description": self.description,
            "tags": ["cxpulse"],
            "schemaVersion": 42,
            "version": 1,
            "editable": false,
            "graphTooltip": 1,
            "timezone": "browser",
            "refresh": "30s",
            "time": { "from": "now-24h", "to": "now" },
            "fiscalYearStartMonth": 0,
            "weekStart": "",
            "timepicker": {},
            "links": [{
                "type": "dashboards", "title": "cxpulse", "tags": ["cxpulse"], "asDropdown": true, "includeVars": true, "keepTime": true,
                "targetBlank": false, "icon": "external link", "tooltip": "", "url": "",
            }],
            "annotations": { "list": annotations(families) },
            "templating": { "list": self.variables(families) },
            "panels": self.panels(),
        });
        let mut text = serde_json::to_string_pretty(&board).unwrap_or_default();
        text.push('\n');
        text
    }

    fn panels(&self) -> Vec<Value> {
        let mut panels = Vec::new();
        let mut y = 0;
        for (title, row) in &self.rows {
            let id = panels.len() + 1;
            panels.push(json!({
                "id": id, "type": "row", "title": title, "collapsed": false, "panels": [], "gridPos": { "x": 0, "y": y, "w": COLUMNS, "h": 1 },
            }));
            y += 1;
            let (mut x, mut height) = (0, 0);
            for panel in row {
                if x + panel.width > COLUMNS {
                    y += u16::from(height);
                    (x, height) = (0, 0);
                }
                panels.push(panel.json(panels.len() + 1, x, y));
                x += panel.width;
                height = height.max(panel.height);
            }
            y += u16::from(height);
        }
        panels
    }

    fn variables(&self, families: &FamilyLookup) -> Vec<Value> {
        let mut variables = vec![
            json!({
                "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0, "refresh": 1,
                "regex": "", "includeAll": false, "multi": false, "options": [], "skipUrlSync": false,
            }),
            of_labels("job", "Job", "cx_build_info", "job", false),
        ];
        for choice in self.chosen {
            match choice {
                Choice::Window => variables.push(windows(families.windows())),
                Choice::Instance => variables.push(of_labels("instance", "Instance", "cx_build_info{job=\"$job\"}", "instance", true)),
                Choice::Team if families.has("cx_contacts", "_by_team") => {
                    variables.push(of_labels("team", "Team", &of_set(families, "_by_team"), "team", true));
                }
                Choice::Channel if families.has("cx_contacts", "_by_channel") => {
                    variables.push(of_labels("channel", "Channel", &of_set(families, "_by_channel"), "channel", true));
                }
                Choice::Team | Choice::Channel => {}
            }
        }
        variables
    }
}

/// The recorded series from which the values of a variable are taken.
fn of_set(families: &FamilyLookup, suffix: &str) -> String {
    format!("{}{{job=\"$job\"}}", families.recorded("cx_backlog_tickets", suffix))
}

/// A variable with the current values of a label. Where `is_several` holds, a reader may choose several values or all of them.
fn of_labels(name: &str, label: &str, series: &str, of: &str, is_several: bool) -> Value {
    let query = format!("label_values({series}, {of})");
    let mut variable = json!({
        "name": name, "label": label, "type": "query", "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "definition": query, "query": { "qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery" },
        "refresh": 2, "regex": "", "sort": 1, "hide": 0, "skipUrlSync": false, "options": [], "current": {},
        "includeAll": is_several, "multi": is_several,
    });
    if is_several {
        // The label must have a value: an empty one would select the series without the label.
        variable["allValue"] = json!(".+");
        variable["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
    }
    variable
}

/// The variable of the windows. Windows overlap, so only one is chosen at a time: at first the window of a day where there is one,
/// otherwise the longest.
fn windows(names: &[String]) -> Value {
    let first = names.iter().find(|name| *name == "24h").or_else(|| names.last()).cloned().unwrap_or_default();
    let option = |name: &String| json!({ "selected": *name == first, "text": name, "value": name });
    json!({
        "name": "window", "label": "Window", "type": "custom", "query": names.join(","), "options": names.iter().map(option).collect::<Vec<_>>(),
        "current": { "selected": true, "text": first, "value": first }, "includeAll": false, "multi": false, "hide": 0, "skipUrlSync": false,
    })
}

/// The annotations across all panels. Each expression is filtered to moments where something happened, or Grafana would mark every instant.
fn annotations(families: &FamilyLookup) -> Vec<Value> {
    let annotation = |name: &str, color: &str, expression: &str, title: &str, tags: &str| {
        json!({
            "name": name, "enable": true, "hide": false, "iconColor": color, "datasource": { "type": "prometheus", "uid": "${datasource}" },
            "expr": expression, "titleFormat": title, "textFormat": "", "tagKeys": tags,
        })
    };
    // Grafana takes the values, in milliseconds, for the times. It shows a label that a change does not have as a tag, and not in a text, by leaving it out.
    let marked = format!("{}{{{JOB}}} * 1000 > 0", families.recorded("cx_change_marked_timestamp_seconds", ""));
    let mut changes = annotation("Changes", "green", &marked, "{{change}}", &families.dimensions().join(","));
    changes["useValueForTime"] = json!(true);
    vec![
        annotation(
            "Alerts",
            "red",
            "ALERTS{alertname=~\"Cx.*\",alertname!~\"CxWatchdog|CxEnded\",alertstate=\"firing\"} > 0",
            "{{alertname}}",
            "severity,team,channel,window,instance",
        ),
        annotation("Restarts", "purple", "changes(process_start_time_seconds{job=\"$job\"}[$__interval]) > 0", "restart", "instance"),
        annotation(
            "Rebalances",
            "blue",
            "changes(cx_kafka_rebalances_total{job=\"$job\",kind=\"assign\"}[$__interval]) > 0",
            "partitions assigned",
            "instance",
        ),
        changes,
    ]
}
