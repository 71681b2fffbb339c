//! The dashboards read and written again through Grafana's own types: a member that these do not know would be dropped silently.

use std::path::PathBuf;
use std::process::Command;

use crate::support::left_out::variable;
use crate::support::tools::leave_out_without_tool;

/// The members that Grafana knows although the types of this release lack them.
const UNTYPED: [&str; 8] = [
    // Members of the Prometheus data source.
    "/annotations/list/*/tagKeys",
    "/annotations/list/*/textFormat",
    "/annotations/list/*/titleFormat",
    "/annotations/list/*/useValueForTime",
    // Members that Grafana sets when it loads the file.
    "/id",
    // Members of later releases.
    "/panels/*/options/tooltip/mode",
    "/panels/*/options/wideLayout",
    // The text in the list of variables.
    "/templating/list/*/definition",
];

#[test]
fn grafanas_own_types_know_every_member() {
    let Some(tools) = variable("TESTS_DEPLOY_TOOLS") else {
        return leave_out_without_tool("no types of Grafana: TESTS_DEPLOY_TOOLS is not set, `tests/run.sh` does it");
    };
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(repository.join("deploy/grafana/dashboards")).expect("the dashboards");
    let mut command = Command::new(PathBuf::from(tools).join("bin/python"));
    command.arg(repository.join("tests/dashboards/round_trip.py")).args(folder.map(|entry| entry.expect("a readable entry").path()));
    let output = command.output().expect("the python of the checkers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>(), UNTYPED);
}
