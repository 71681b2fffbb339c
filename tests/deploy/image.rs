//! The Dockerfile, as far as it can be judged without a container engine.

use super::checkers::checker;
use super::files::{cxpulse, names_in, path, read, succeed};

/// What the build stage copies from the repository.
fn copied() -> Vec<String> {
    let dockerfile = read("Dockerfile");
    let copies = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--"));
    copies.flat_map(|line| line.split(' ').rev().skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn the_crate_is_whole_with_what_the_image_copies() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ignore = read(".dockerignore");
    for source in copied() {
        assert!(ignore.lines().any(|line| line == format!("!{source}")), "`{source}` is copied, and ignored by .dockerignore");
        succeed(std::process::Command::new("cp").arg("-r").arg(path(&source)).arg(folder.path()));
    }
    // Reads the manifest as a build would, and fails where a file that it names is missing.
    succeed(
        std::process::Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--quiet"])
            .current_dir(folder.path()),
    );
    for file in embedded("src") {
        assert!(copied().iter().any(|source| file.starts_with(path(source))), "{} is embedded, but not copied", file.display());
    }
}

/// The files that sources below a folder embed.
fn embedded(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path(folder)).expect("a readable folder") {
        let entry = entry.expect("a readable entry").path();
        if entry.is_dir() {
            let below = entry.strip_prefix(path("")).expect("below the repository").to_string_lossy().into_owned();
            found.extend(embedded(&below));
        } else if let Ok(text) = std::fs::read_to_string(&entry) {
            let names = text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(names.map(|name| entry.parent().expect("a folder").join(name).canonicalize().expect("an embedded file")));
        }
    }
    found
}

#[test]
fn toolchain_and_version_are_those_of_the_crate() {
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{}-", env!("CARGO_PKG_RUST_VERSION"))), "another toolchain than rust-version");
    let version = env!("CARGO_PKG_VERSION");
    for (file, wanted) in [
        ("Dockerfile", format!("cxpulse:{version}")),
        ("deploy/compose.yaml", format!("image: cxpulse:{version}\n")),
        ("deploy/kubernetes/base/statefulset.yaml", format!("image: cxpulse:{version}\n")),
        ("deploy/kubernetes/overlays/production/kustomization.yaml", format!("newTag: {version}\n")),
        ("deploy/helm/cxpulse/Chart.yaml", format!("\nversion: {version}\nappVersion: {version}\n")),
    ] {
        assert!(read(file).contains(&wanted), "{file} is of another version than {version}");
    }
}

#[test]
fn the_commands_of_the_image_are_commands_of_the_binary() {
    let dockerfile = read("Dockerfile");
    for command in ["healthcheck", "run"] {
        assert!(dockerfile.contains(&format!("\"{command}\"]")), "{command}");
        succeed(&mut cxpulse(&[command, "--help"]));
    }
}

#[test]
fn nothing_runs_as_root() {
    let dockerfile = read("Dockerfile");
    let user = dockerfile.lines().rev().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    assert_eq!(user, "65532:65532");
    // The same number, or a Secret's files could not be read.
    for file in ["deploy/kubernetes/base/statefulset.yaml", "deploy/helm/cxpulse/templates/statefulset.yaml"] {
        let text = read(file);
        for key in ["runAsUser: 65532", "runAsGroup: 65532", "fsGroup: 65532", "runAsNonRoot: true"] {
            assert!(text.contains(key), "{file}: {key}");
        }
    }
}

#[test]
fn hadolint_finds_nothing() {
    let Some(mut hadolint) = checker("hadolint") else { return };
    assert_eq!(succeed(hadolint.arg(path("Dockerfile"))), "");
}

#[test]
fn grafana_is_given_its_dashboards_and_data_source() {
    let provider = read("deploy/grafana/provisioning/dashboards/cxpulse.yaml");
    let compose = read("deploy/compose.yaml");
    let inside = provider.lines().find_map(|line| line.trim().strip_prefix("path: ")).expect("a path");
    assert!(compose.contains(&format!("./grafana/dashboards:{inside}:ro")), "{inside} is not where the dashboards are mounted");
    assert!(compose.contains(&format!("HOME_DASHBOARD_PATH: {inside}/overview.json")));
    assert!(names_in("deploy/grafana/dashboards", ".json").contains(&"overview.json".to_owned()));
    assert!(
        compose.contains("PROMETHEUS_URL: ")
            && read("deploy/grafana/provisioning/datasources/prometheus.yaml").contains("${PROMETHEUS_URL}")
    );
}
