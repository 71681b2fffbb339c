//! The unit, by systemd's own checkers where systemd is installed.

use std::process::{Command, Stdio};

use super::files::{read, succeed};
use crate::support::left_out::leave_out;

/// Of 100, lower is better; a service without any of its settings has 96.
const EXPOSURE_MAX: &str = "20";

/// The unit with the built binary in place of the installed one, in a folder that keeps it.
fn unit() -> Option<(tempfile::TempDir, std::path::PathBuf)> {
    if Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_err() {
        leave_out("no systemd on this machine");
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("cxpulse.service");
    let text = read("deploy/systemd/cxpulse.service").replace("=/usr/bin/cxpulse", concat!("=", env!("CARGO_BIN_EXE_cxpulse")));
    std::fs::write(&file, text).expect("the folder is writable");
    Some((folder, file))
}

#[test]
fn the_unit_has_no_mistake() {
    let Some((_folder, file)) = unit() else { return };
    let output = Command::new("systemd-analyze").arg("verify").arg(&file).output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stderr);
    // Other units of this machine may be named as well; theirs are not ours.
    assert!(output.status.success() && !said.contains("cxpulse"), "{said}");
}

#[test]
fn a_service_broken_into_reaches_little() {
    let Some((_folder, file)) = unit() else { return };
    succeed(Command::new("systemd-analyze").args(["security", "--offline=yes", "--no-pager", "--threshold", EXPOSURE_MAX]).arg(file));
}
