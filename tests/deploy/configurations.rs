//! Every configuration that is shipped for a deployment, with the variables it is used with, is taken without an error or a warning.

use std::os::unix::fs::PermissionsExt;

use super::files::{cxpulse, path, read, succeed};

/// Where a deployment's secrets are mounted; none of them is here.
const SECRETS: [&str; 2] = ["/run/secrets/cxpulse/kafka-password", "%d/kafka-password"];

/// Runs `cxpulse check` as the deployment would run `cxpulse run`, and gives what it says.
pub(crate) fn check(file: &std::path::Path, variables: &[(String, String)]) -> String {
    let said = check_with(&["check"], file, variables);
    assert!(said.contains("no errors, no warnings"), "{}: {said}", file.display());
    said
}

/// What `cxpulse check` with these arguments says of a file that it takes.
fn check_with(arguments: &[&str], file: &std::path::Path, variables: &[(String, String)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let password = folder.path().join("password");
    std::fs::write(&password, "opensesame\n").expect("the folder is writable");
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o400)).expect("an own file");
    let mut command = cxpulse(arguments);
    command.arg("--config").arg(file);
    for (name, value) in variables {
        if SECRETS.contains(&value.as_str()) {
            command.env(name, &password);
        } else {
            command.env(name, value);
        }
    }
    succeed(&mut command)
}

/// The `CXPULSE_` variables of a YAML manifest, as a mapping or as a list of names and values; what the cluster fills in becomes `cxpulse-0`.
fn variables_of_yaml(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines().map(str::trim);
    let mut variables = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("- name: CXPULSE_") {
            let value = lines.next().and_then(|line| line.strip_prefix("value: ")).unwrap_or("cxpulse-0");
            variables.push((format!("CXPULSE_{name}"), value.to_owned()));
        } else if let Some((name, value)) = line.split_once(": ").filter(|(name, _)| name.starts_with("CXPULSE_")) {
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    variables
}

fn checked(file: &str, variables: &[(String, String)]) -> String {
    check(&path(file), variables)
}

#[test]
fn compose_shares_one_configuration_among_its_replicas() {
    let variables = variables_of_yaml(&read("deploy/compose.yaml"));
    assert_eq!(variables.len(), 2, "one for each replica: {variables:?}");
    for variable in variables {
        let said = checked("deploy/compose/cxpulse.toml", std::slice::from_ref(&variable));
        assert!(said.contains("group.instance.id") && said.contains("kafka:9092 as group cxpulse"), "{said}");
    }
    let said = checked("deploy/compose/cxpulse.toml", &image_variables());
    assert!(said.contains("http://0.0.0.0:19270/metrics"), "{said}");
}

#[test]
fn kubernetes_takes_the_base_and_the_overlay() {
    let variables = variables_of_yaml(&read("deploy/kubernetes/base/statefulset.yaml"));
    assert_eq!(variables.len(), 3, "{variables:?}");
    for file in ["deploy/kubernetes/base/cxpulse.toml", "deploy/kubernetes/overlays/production/cxpulse.toml"] {
        let said = checked(file, &variables);
        for wanted in ["group.instance.id", "sasl.password", "http://0.0.0.0:19270/metrics"] {
            assert!(said.contains(wanted), "{wanted} is missing in {said}");
        }
    }
}

#[test]
fn systemd_gives_its_service_variables_and_a_password() {
    let unit = read("deploy/systemd/cxpulse.service");
    let assigned = |text: &str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = unit.lines().filter_map(|line| assigned(line.strip_prefix("Environment=")?));
    let file = read("deploy/systemd/cxpulse.env");
    let variables: Vec<_> = own.chain(file.lines().filter(|line| !line.starts_with('#')).filter_map(assigned)).collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    let said = checked("deploy/systemd/cxpulse.toml", &variables);
    for wanted in ["group.instance.id", "sasl.password", "http://0.0.0.0:19270/metrics"] {
        assert!(said.contains(wanted), "{wanted} is missing in {said}");
    }
}

/// The variables that the image itself sets.
fn image_variables() -> Vec<(String, String)> {
    let dockerfile = read("Dockerfile");
    let of_runtime = dockerfile.rsplit("\nFROM ").next().expect("a last stage");
    let lines = of_runtime.lines().filter_map(|line| line.strip_prefix("ENV ")?.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Each shipped configuration with what may take its memory: the file and the line before the number.
const MEMORY: [(&str, &str, &str); 4] = [
    ("deploy/compose/cxpulse.toml", "deploy/compose.yaml", "mem_limit: "),
    ("deploy/systemd/cxpulse.toml", "deploy/systemd/cxpulse.service", "MemoryMax="),
    ("deploy/kubernetes/base/cxpulse.toml", "deploy/kubernetes/base/statefulset.yaml", "limits:\n              memory: "),
    (
        "deploy/kubernetes/overlays/production/cxpulse.toml",
        "deploy/kubernetes/overlays/production/statefulset.yaml",
        "limits:\n              memory: ",
    ),
];

/// As many partition groups as the comments in the files promise.
const GROUPS: usize = 6;

#[test]
fn the_budget_of_each_configuration_fits_into_the_memory_that_is_given_beside_it() {
    for (configuration, file, before) in MEMORY {
        let text = read(file);
        let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("{file} has no `{before}`"));
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        assert!(after[digits.len()..].to_ascii_lowercase().starts_with('g'), "{file}: the memory is in GiB");
        let given = digits.parse::<u64>().expect("a number") << 30;
        let loaded = cxpulse::config::load(Some(&path(configuration)), [], &[]).unwrap_or_else(|error| panic!("{error}")).configuration;
        let budget = cxpulse::runtime::MemoryBudget::of(&loaded);
        assert_eq!(budget.excess(GROUPS, given), None, "{configuration}");
        assert!(budget.excess(4 * GROUPS, given).is_some(), "{configuration}: the limits are far below what the memory would take");
    }
}

#[test]
fn more_than_one_replica_has_one_store() {
    let count = |file: &str| {
        let text = read(file);
        text.split_once("replicas: ").expect("a number of replicas").1.lines().next().expect("a line").to_owned()
    };
    let of_overlay = count("deploy/kubernetes/overlays/production/statefulset.yaml");
    let of_base = count("deploy/kubernetes/base/statefulset.yaml");
    let of_pod = variables_of_yaml(&read("deploy/kubernetes/base/statefulset.yaml"));
    let cases = [
        ("deploy/compose/cxpulse.toml", "2", Vec::new()),
        ("deploy/kubernetes/overlays/production/cxpulse.toml", of_overlay.as_str(), of_pod.clone()),
        ("deploy/kubernetes/base/cxpulse.toml", of_base.as_str(), of_pod),
    ];
    for (file, replicas, variables) in cases {
        check_with(&["check", "--replicas", replicas], &path(file), &variables);
    }
    let mut refused = cxpulse(&["check", "--replicas", "2", "--config"]);
    refused.env("CXPULSE_KAFKA__PROPERTIES__SASL_PASSWORD", "opensesame");
    assert_eq!(refused.arg(path("deploy/systemd/cxpulse.toml")).output().expect("it runs").status.code(), Some(1));
}
