//! The shipped rules, as the product prints them for a configuration, with alerts that neither wait nor stay.
//!
//! Does not know any rule.

use crate::support::service::cxpulse;

/// The recording rules and the alerts of a configuration.
pub(super) fn rule_files(configuration: &str) -> [String; 2] {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), configuration).expect("the file is writable");
    let printed = |arguments: &[&str]| {
        let output = cxpulse().arg("rules").args(arguments).arg("--config").arg(file.path()).output().expect("the binary was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("rules are UTF-8")
    };
    [printed(&["recording"]), printed(&["alerts", "--for", "0s", "--keep", "0s"])]
}
