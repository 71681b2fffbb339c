//! A panel: its queries, its drawing and its description, and the kinds of panels that the boards share.
//!
//! Does not know which panels exist.

use serde_json::{Value, json};

use super::family_lookup::{FamilyLookup, Suffix, unit_of};
use super::query::{guarded, merged, merged_as, partial};
use crate::metrics::statistics::CONFIDENCE_PERCENT;

/// The colour of the values of windows that are not complete.
const PALE: &str = "#8e8e8e";

/// The kind of drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PanelKind {
    /// Lines over time.
    Lines,
    /// Lines on top of one another.
    Stack,
    /// The newest values as numbers.
    Stat,
    /// The newest values as bars.
    Bars,
    /// Yes or no, over time.
    States,
    /// The counts of histogram buckets, over time.
    Heatmap,
}

/// The role of an expression in its panel, which decides how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The value itself.
    Value,
    /// The value while its window is not complete.
    Partial,
    /// The lower bound of its interval.
    Lower,
    /// The upper bound of its interval; the area between the bounds is filled.
    Upper,
    /// The target: a dashed line.
    Target,
    /// The value that is usual: a dotted line.
    Expected,
    /// The number of answers or contacts behind the value, on an axis of its own.
    Count,
}

/// One expression of a panel.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) expression: String,
    pub(super) legend: String,
    pub(super) role: Role,
}

/// A panel without its position.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) kind: PanelKind,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) unit: &'static str,
    /// The range of the axis; `None` where it follows the data.
    pub(super) range: Option<(f64, f64)>,
    /// In columns, of which a row has 24.
    pub(super) width: u8,
    pub(super) height: u8,
    pub(super) queries: Vec<Query>,
}

impl Panel {
    /// A panel about a family, with its definition and its unit.
    pub(super) fn about(families: &FamilyLookup, kind: PanelKind, title: &str, family: &str) -> Self {
        let (width, height) = match kind {
            PanelKind::Stat => (4, 5),
            PanelKind::States => (24, 5),
            PanelKind::Lines | PanelKind::Stack | PanelKind::Bars | PanelKind::Heatmap => (12, 8),
        };
        Self {
            kind,
            title: title.to_owned(),
            description: families.help(family).to_owned(),
            unit: unit_of(family),
            range: None,
            width,
            height,
            queries: Vec::new(),
        }
    }

    /// A value over time for a grouping set: in colour while its window is complete, and pale while it is not.
    pub(super) fn over_time(families: &FamilyLookup, title: &str, family: &str, suffix: Suffix, matchers: &str, legend: &str) -> Self {
        let series = merged(families, family, suffix, matchers);
        let panel = Self::about(families, PanelKind::Lines, title, family);
        if families.is_windowed(family) {
            panel.query(Role::Partial, &partial(&series), &format!("{legend} (window incomplete)")).query(
                Role::Value,
                &guarded(&series),
                legend,
            )
        } else {
            panel.query(Role::Value, &series, legend)
        }
    }

    /// The newest value as a number, pale while its window is not complete.
    pub(super) fn now(families: &FamilyLookup, title: &str, family: &str, matchers: &str, legend: &str) -> Self {
        Self { kind: PanelKind::Stat, width: 4, height: 5, ..Self::over_time(families, title, family, "", matchers, legend) }
    }

    /// Adds the 95 % interval of the family.
    pub(super) fn interval(self, families: &FamilyLookup, family: &str, matchers: &str) -> Self {
        let bound = |side: &str| merged(families, &format!("{family}_{side}"), "", matchers);
        let described = format!("{} The band is its {CONFIDENCE_PERCENT} % interval.", self.description);
        Self { description: described, ..self }.query(Role::Lower, &guarded(&bound("lower")), "lower").query(
            Role::Upper,
            &guarded(&bound("upper")),
            "upper",
        )
    }

    /// Adds the configured target; where none is configured nothing is drawn.
    pub(super) fn target(self, families: &FamilyLookup, metric: &str) -> Self {
        let described = format!("{} The dashed line is the target.", self.description);
        let series = merged(families, "cx_target", "", &format!("metric=\"{metric}\""));
        let is_line = self.kind == PanelKind::Lines;
        let description = if is_line { described } else { self.description };
        Self { description, ..self }.query(Role::Target, &series, "target")
    }

    /// Adds the value that is usual, which is recorded under another end of the name; `described` says from where it is known.
    pub(super) fn expected(self, families: &FamilyLookup, family: &str, suffix: Suffix, end: &str, legend: &str, described: &str) -> Self {
        let series = merged_as(families, family, suffix, end);
        self.saying(&format!("The dotted line is {described}.")).query(Role::Expected, &series, legend)
    }

    /// Adds the value over the rest of the longer window, with which the alerts compare a day and a week. Other windows have none.
    pub(super) fn rest(self, families: &FamilyLookup, family: &str) -> Self {
        let described =
            "the same over the rest of the longer window, with which the alerts compare a day and a week; other windows have none";
        self.expected(families, family, "", "rest", "the rest of the longer window", described)
    }

    /// Adds the number of cases behind the value.
    pub(super) fn count(self, families: &FamilyLookup, family: &str, matchers: &str, legend: &str) -> Self {
        self.query(Role::Count, &merged(families, family, "", matchers), legend)
    }

    /// Adds an expression.
    pub(super) fn query(mut self, role: Role, expression: &str, legend: &str) -> Self {
        self.queries.push(Query { expression: expression.to_owned(), legend: legend.to_owned(), role });
        self
    }

    pub(super) fn wide(self, width: u8) -> Self {
        Self { width, ..self }
    }

    pub(super) fn high(self, height: u8) -> Self {
        Self { height, ..self }
    }

    pub(super) fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    pub(super) fn range(self, from: f64, to: f64) -> Self {
        Self { range: Some((from, to)), ..self }
    }

    /// Adds a sentence to the description.
    pub(super) fn saying(self, sentence: &str) -> Self {
        Self { description: format!("{} {sentence}", self.description), ..self }
    }

    /// The panel in Grafana's JSON format, at a position of the grid.
    pub(super) fn json(&self, id: usize, x: u8, y: u16) -> Value {
        let mut panel = json!({
            "id": id,
            "type": self.plugin(),
            "title": self.title,
            "description": self.description,
            "datasource": { "type": "prometheus", "uid": "${datasource}" },
            "gridPos": { "x": x, "y": y, "w": self.width, "h": self.height },
            "targets": self.queries.iter().enumerate().map(|(at, query)| self.target_json(at, query)).collect::<Vec<_>>(),
            "fieldConfig": { "defaults": self.defaults(), "overrides": self.overrides() },
            "options": self.options(),
        });
        if self.kind == PanelKind::Heatmap {
            panel["fieldConfig"] = json!({ "defaults": {}, "overrides": [] });
        }
        panel
    }

    const fn plugin(&self) -> &'static str {
        match self.kind {
            PanelKind::Lines | PanelKind::Stack => "timeseries",
            PanelKind::Stat => "stat",
            PanelKind::Bars => "bargauge",
            PanelKind::States => "state-timeline",
            PanelKind::Heatmap => "heatmap",
        }
    }

    fn target_json(&self, at: usize, query: &Query) -> Value {
        // An instant query shows the current value only, so a value whose guard no longer holds disappears.
        let is_instant = matches!(self.kind, PanelKind::Stat | PanelKind::Bars);
        json!({
            "refId": ref_id(at),
            "datasource": { "type": "prometheus", "uid": "${datasource}" },
            "editorMode": "code",
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": is_instant,
            "range": !is_instant,
            "format": if self.kind == PanelKind::Heatmap { "heatmap" } else { "time_series" },
        })
    }

    fn defaults(&self) -> Value {
        let mut defaults = json!({ "unit": self.unit, "color": { "mode": "palette-classic" } });
        if let Some((from, to)) = self.range {
            defaults["min"] = json!(from);
            defaults["max"] = json!(to);
        }
        match self.kind {
            PanelKind::Lines => defaults["custom"] = json!({ "lineWidth": 2, "fillOpacity": 0, "showPoints": "never", "spanNulls": false }),
            PanelKind::Stack => {
                defaults["custom"] = json!({
                    "lineWidth": 1, "fillOpacity": 40, "showPoints": "never", "stacking": { "mode": "normal", "group": "A" },
                });
            }
            PanelKind::Stat => {
                defaults["color"] = json!({ "mode": "fixed", "fixedColor": "blue" });
                defaults["noValue"] = json!("no data");
            }
            PanelKind::Bars => defaults["color"] = json!({ "mode": "fixed", "fixedColor": "blue" }),
            PanelKind::States => {
                defaults["custom"] = json!({ "lineWidth": 0, "fillOpacity": 80 });
                defaults["color"] = json!({ "mode": "thresholds" });
                defaults["thresholds"] =
                    json!({ "mode": "absolute", "steps": [{ "color": "red", "value": null }, { "color": "green", "value": 1 }] });
                defaults["mappings"] = json!([{ "type": "value", "options": { "0": { "text": "no" }, "1": { "text": "yes" } } }]);
            }
            PanelKind::Heatmap => {}
        }
        defaults
    }

    fn overrides(&self) -> Value {
        let lower = self.queries.iter().find(|query| query.role == Role::Lower).map(|query| query.legend.as_str());
        let of_query = |(at, query): (usize, &Query)| {
            let properties = self.properties(query.role, lower);
            let matcher = json!({ "id": "byFrameRefID", "options": ref_id(at) });
            (!properties.is_empty()).then(|| json!({ "matcher": matcher, "properties": properties }))
        };
        self.queries.iter().enumerate().filter_map(of_query).collect()
    }

    fn properties(&self, role: Role, lower: Option<&str>) -> Vec<Value> {
        let property = |id: &str, value: Value| json!({ "id": id, "value": value });
        let color = |name: &str| property("color", json!({ "mode": "fixed", "fixedColor": name }));
        let hidden = || property("custom.hideFrom", json!({ "legend": true, "tooltip": false, "viz": false }));
        let is_drawn = matches!(self.kind, PanelKind::Lines | PanelKind::Stack);
        match role {
            Role::Value => Vec::new(),
            Role::Partial if is_drawn => vec![color(PALE), property("custom.lineWidth", json!(1)), hidden()],
            Role::Partial => vec![color(PALE)],
            Role::Lower => vec![color("light-blue"), property("custom.lineWidth", json!(0)), hidden()],
            Role::Upper => vec![
                color("light-blue"),
                property("custom.lineWidth", json!(0)),
                property("custom.fillBelowTo", json!(lower)),
                property("custom.fillOpacity", json!(15)),
                hidden(),
            ],
            Role::Target if is_drawn => {
                vec![
                    color("orange"),
                    property("custom.lineWidth", json!(1)),
                    property("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 8] })),
                ]
            }
            Role::Target => vec![color("orange")],
            Role::Expected => {
                vec![property("custom.lineWidth", json!(1)), property("custom.lineStyle", json!({ "fill": "dot", "dash": [2, 6] }))]
            }
            Role::Count if is_drawn => vec![
                color("#6e6e6e"),
                property("unit", json!("short")),
                property("min", json!(0)),
                property("custom.drawStyle", json!("bars")),
                property("custom.lineWidth", json!(0)),
                property("custom.fillOpacity", json!(12)),
                property("custom.axisPlacement", json!("right")),
            ],
            Role::Count => vec![color("text"), property("unit", json!("short")), property("decimals", json!(0))],
        }
    }

    fn options(&self) -> Value {
        let newest = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
        match self.kind {
            PanelKind::Lines | PanelKind::Stack => json!({
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
            PanelKind::Stat => json!({
                "reduceOptions": newest, "textMode": "value_and_name", "colorMode": "value", "graphMode": "none", "orientation": "auto",
                "justifyMode": "auto", "wideLayout": true,
            }),
            PanelKind::Bars => json!({
                "reduceOptions": newest, "orientation": "horizontal", "displayMode": "basic", "valueMode": "text", "showUnfilled": true,
            }),
            PanelKind::States => {
                json!({ "mergeValues": true, "showValue": "never", "rowHeight": 0.8, "legend": { "showLegend": true, "placement": "bottom" } })
            }
            PanelKind::Heatmap => json!({
                "calculate": false, "yAxis": { "unit": self.unit, "axisPlacement": "left" }, "cellGap": 1,
                "color": { "mode": "scheme", "scheme": "Blues", "steps": 32 }, "tooltip": { "mode": "single", "yHistogram": false },
            }),
        }
    }
}

/// The letter of a query: `A`, `B`, and so on. A panel with more than 26 queries could not be read.
fn ref_id(at: usize) -> String {
    let letter = u8::try_from(at).ok().and_then(|at| b'A'.checked_add(at)).filter(u8::is_ascii_uppercase);
    char::from(letter.expect("a panel has at most 26 expressions")).to_string()
}
