//! The files in `deploy/prometheus` are equal to the output of the generator.

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, RuleParameters};

use crate::support::promtool::{in_repository, run_tool};

#[test]
fn the_committed_rules_are_the_generated_ones() {
    let (configuration, scale) = (Configuration::default(), RuleParameters::default());
    let files = [
        ("cxpulse.rules.yml", "recording", monitoring::recording_file(&configuration, &scale)),
        ("cxpulse.alerts.yml", "alerts", monitoring::alerts_file(&configuration, &scale)),
    ];
    for (file, kind, generated) in files {
        let committed = std::fs::read_to_string(in_repository("deploy/prometheus").join(file)).unwrap();
        assert!(committed == generated, "write it again with `cargo run -- rules {kind} > deploy/prometheus/{file}`");
    }
}

#[test]
fn promtool_finds_no_fault_in_the_committed_rules() {
    for file in ["cxpulse.rules.yml", "cxpulse.alerts.yml"] {
        let arguments = ["check", "rules", "--lint=all", "--lint-fatal", file];
        if let Some(said) = run_tool("promtool", &arguments, &in_repository("deploy/prometheus")) {
            assert!(said.is_ok(), "{file}: {said:?}");
        }
    }
}
