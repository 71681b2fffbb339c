//! Other worlds' checkers, from the folder that `tests/run.sh` names. Does not know which file needs which.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::files::succeed;
use crate::support::left_out::{leave_out, variable};
use crate::support::tools::leave_out_without_tool;

/// A checker by its name; `None`, and said aloud, where it is not there.
pub(crate) fn checker(name: &str) -> Option<Command> {
    let Some(folder) = variable("TESTS_DEPLOY_TOOLS") else {
        leave_out_without_tool("no checkers for deployments: TESTS_DEPLOY_TOOLS is not set, `tests/run.sh` does it");
        return None;
    };
    let path = PathBuf::from(folder).join("bin").join(name);
    if path.exists() {
        return Some(Command::new(path));
    }
    if cfg!(target_arch = "x86_64") {
        leave_out_without_tool(&format!("no `{name}` in the folder of TESTS_DEPLOY_TOOLS"));
    } else {
        leave_out(&format!("there is no package with `{name}` for this processor"));
    }
    None
}

/// The documents of a YAML text, by the reader that came with the checkers.
pub(crate) fn documents(yaml: &str) -> Option<Vec<Value>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("documents.yaml");
    std::fs::write(&file, yaml).expect("the folder is writable");
    let script = "import sys, yaml, json; json.dump([d for d in yaml.safe_load_all(open(sys.argv[1])) if d], sys.stdout, default=str)";
    let json = succeed(checker("python")?.args(["-c", script]).arg(file));
    Some(serde_json::from_str(&json).expect("JSON"))
}

/// Has Kubernetes' own schemas look at manifests; unknown members are errors. Kinds of the Prometheus operator are passed over.
pub(crate) fn validate_manifests(yaml: &str) {
    let Some(mut validator) = checker("kubernetes-validate") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("manifests.yaml");
    std::fs::write(&file, yaml).expect("the folder is writable");
    succeed(validator.args(["--strict", "--quiet"]).arg(file));
}
