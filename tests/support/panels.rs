//! Takes dashboards apart: their panels, their expressions, and values for their variables.

use serde_json::Value;

/// The title of a dashboard.
pub(crate) fn title(board: &Value) -> &str {
    board["title"].as_str().expect("a title")
}

/// The panels that show values.
pub(crate) fn panels(board: &Value) -> Vec<&Value> {
    board["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row").collect()
}

/// The expressions of a panel.
pub(crate) fn expressions(panel: &Value) -> Vec<&str> {
    panel["targets"].as_array().expect("targets").iter().map(|target| target["expr"].as_str().expect("an expression")).collect()
}

/// Every expression of a dashboard in panels and annotations, with its place.
pub(crate) fn all_expressions(board: &Value) -> Vec<(String, String)> {
    let of_panels = panels(board).into_iter().flat_map(|panel| {
        let place = format!("{} / {}", title(board), panel["title"].as_str().expect("a title"));
        expressions(panel).into_iter().map(move |expression| (place.clone(), expression.to_owned())).collect::<Vec<_>>()
    });
    let annotations = board["annotations"]["list"].as_array().expect("annotations").iter();
    let of_annotations = annotations.map(|annotation| {
        let place = format!("{} / annotation {}", title(board), annotation["name"]);
        (place, annotation["expr"].as_str().expect("an expression").to_owned())
    });
    of_panels.chain(of_annotations).collect()
}

/// An expression with values in place of Grafana's variables.
pub(crate) fn substituted(expression: &str, job: &str, window: &str) -> String {
    let mut text =
        expression.replace("$__rate_interval", "1m").replace("$__interval", "1m").replace("$job", job).replace("$window", window);
    for several in ["$team", "$channel", "$instance"] {
        text = text.replace(several, ".+");
    }
    assert!(!text.contains('$'), "a variable without a value: {text}");
    text
}

/// Whether an expression is the part of a panel that shows only values of incomplete windows.
pub(crate) fn is_partial(expression: &str) -> bool {
    expression.contains(" unless on (cluster, namespace, job, window) (cx:window_complete:bool")
}
