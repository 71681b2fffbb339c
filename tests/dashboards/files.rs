//! The committed files, and the dashboards of other configurations.

use std::path::Path;

use cxpulse::config::{self, Configuration};
use cxpulse::monitoring::{self, RuleParameters};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/dashboards");

/// The dashboards of a configuration, as JSON.
pub(crate) fn generated(configuration: &Configuration) -> Vec<Value> {
    let dashboards = monitoring::dashboards(configuration);
    dashboards.iter().map(|dashboard| serde_json::from_str(&dashboard.json).expect("JSON")).collect()
}

/// The shipped dashboards.
pub(crate) fn shipped() -> Vec<Value> {
    generated(&Configuration::default())
}

fn configured(settings: &[(&str, &str)]) -> Configuration {
    let settings: Vec<_> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    config::load(None, Vec::new(), &settings).expect("settings that can be used").configuration
}

#[test]
fn the_committed_dashboards_are_the_generated_ones() {
    let mut names: Vec<String> = std::fs::read_dir(FOLDER)
        .expect("the folder of the dashboards")
        .map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let generated = monitoring::dashboards(&Configuration::default());
    let mut wanted: Vec<&str> = generated.iter().map(|dashboard| dashboard.file.as_str()).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    for dashboard in &generated {
        let committed = std::fs::read_to_string(Path::new(FOLDER).join(&dashboard.file)).expect("a readable file");
        let is_same = committed == dashboard.json;
        assert!(is_same, "{} differs: write it again with `cargo run -- dashboards --out deploy/grafana/dashboards`", dashboard.file);
    }
}

#[test]
fn the_command_writes_what_is_committed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("made");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cxpulse"))
        .args(["dashboards", "--out"])
        .arg(&out)
        .env_remove("CXPULSE_CONFIG")
        .output()
        .expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let name = Path::new(line).file_name().expect("a name");
        let both = [&out, Path::new(FOLDER)].map(|folder| std::fs::read_to_string(folder.join(name)).expect("a written file"));
        assert!(both[0] == both[1], "{line} is not what is committed");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("the folder is writable");
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_cxpulse")).args(["dashboards", "--out"]).arg(&file).output().expect("built");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("cannot be written") && said.contains("hint: "), "{said}");
}

#[test]
fn a_configuration_decides_on_windows_sets_and_quantiles() {
    let plain =
        configured(&[("grouping_sets", "[]"), ("customer_grouping_sets", "[]"), ("quantiles", "[95]"), ("histograms.bucket_sets", "[]")]);
    let text = generated(&plain).iter().map(Value::to_string).collect::<String>();
    assert!(text.contains("cx:csat_ratio:merged") && !text.contains("_by_team") && !text.contains("$team") && !text.contains("_p90_"));
    let short = configured(&[
        ("windows", r#"[{ name = "15m", range = "15m", hop = "1m" }, { name = "8h", range = "8h", hop = "15m" }]"#),
        ("trend.pairs", r#"[["15m", "8h"]]"#),
    ]);
    let overview = &generated(&short)[0];
    let variables = overview["templating"]["list"].as_array().expect("variables");
    let window = variables.iter().find(|variable| variable["name"] == "window").expect("the window");
    assert_eq!((&window["query"], &window["current"]["value"]), (&"15m,8h".into(), &"8h".into()));
}

#[test]
fn every_alert_leads_to_a_dashboard() {
    let boards = shipped();
    let uids: Vec<_> = boards.iter().map(|board| board["uid"].as_str().expect("a uid").to_owned()).collect();
    let alerts = monitoring::alerts(&Configuration::default(), &RuleParameters::default());
    for alert in &alerts {
        assert!(uids.iter().any(|uid| uid == alert.dashboard), "{}: `{}` is none of {uids:?}", alert.name, alert.dashboard);
    }
}
