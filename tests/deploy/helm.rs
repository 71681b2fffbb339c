//! The chart: linted and rendered by Helm itself, and the same as the plain manifests.

use serde_json::{Value, json};

use super::checkers::{checker, documents, validate_manifests};
use super::configurations::check;
use super::files::{names_in, path, read, succeed};
use super::kubernetes::{assert_hardened, groups_of_operator, of_kind, rule_groups};

const CHART: &str = "deploy/helm/cxpulse";

/// What the chart makes of these settings.
fn rendered(settings: &[&str]) -> Option<String> {
    let mut helm = checker("helm")?;
    helm.args(["template", "cxpulse"]).arg(path(CHART)).args(["--namespace", "support"]);
    Some(succeed(helm.args(settings.iter().flat_map(|setting| ["--set", setting]))))
}

#[test]
fn the_chart_is_clean() {
    let Some(mut helm) = checker("helm") else { return };
    succeed(helm.args(["lint", "--strict", "--quiet"]).arg(path(CHART)));
    let Some(mut schemas) = checker("check-jsonschema") else { return };
    succeed(schemas.arg("--check-metaschema").arg(path(CHART).join("values.schema.json")));
}

#[test]
fn values_that_cannot_work_are_refused() {
    let cases: [&[&str]; 12] = [
        &["replicas=0"],
        &["replica=2"],
        &["image.digest=sha256:1"],
        &["podMonitor.interval=soon"],
        &["kafka.password=hunter2"],
        &["config="],
        // Each pod would have a volume of its own, and a partition that moves would begin anew.
        &["replicas=2"],
        &["replicas=3", "checkpoint.endpoint=https://minio.example"],
        &["replicas=2", "checkpoint.url=/var/lib/cxpulse"],
        &["checkpoint.url=s3://key:secret@bucket/x"],
        &["checkpoint.endpoint=https://key:secret@minio.example"],
        &["checkpoint.size=much"],
    ];
    for case in cases {
        let Some(mut helm) = checker("helm") else { return };
        let settings = case.iter().flat_map(|setting| ["--set", setting]);
        let output = helm.args(["template", "cxpulse"]).arg(path(CHART)).args(settings).output().expect("helm runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("values don't meet the specifications of the schema"), "{case:?}: {said}");
    }
}

#[test]
fn every_value_is_commented_and_in_the_schema() {
    let values = read(&format!("{CHART}/values.yaml"));
    let lines: Vec<&str> = values.lines().collect();
    let tops = lines.iter().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).expect("JSON");
    let mut names: Vec<&str> = tops.filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    let mut known: Vec<&str> = schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
    known.retain(|name| *name != "global");
    assert_eq!(names, known);
}

#[test]
fn it_makes_what_the_plain_manifests_hold() {
    let Some(yaml) = rendered(&[]) else { return };
    validate_manifests(&yaml);
    let Some(chart) = documents(&yaml) else { return };
    let Some(base) = checker("kubectl").map(|mut kubectl| succeed(kubectl.arg("kustomize").arg(path("deploy/kubernetes/base")))) else {
        return;
    };
    let Some(base) = documents(&base) else { return };
    assert_hardened(of_kind(&chart, "StatefulSet"));
    for kind in ["Service", "ServiceAccount", "StatefulSet", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor"] {
        assert_eq!(plain(of_kind(&chart, kind)), plain(of_kind(&base, kind)), "{kind}");
    }
    let Some(groups) = rule_groups() else { return };
    assert!(groups_of_operator(&chart) == groups, "the chart renders other rules than its files hold");
}

/// A manifest without what only one of the two has: release labels, checksums, generated names, the default pull policy.
fn plain(manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    strip(&mut manifest);
    manifest
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in ["labels", "annotations", "namespace", "imagePullPolicy", "app.kubernetes.io/instance"] {
                members.remove(name);
            }
            if let Some(map) = members.get_mut("configMap") {
                *map = json!("the configuration");
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(entries) => entries.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn its_configuration_is_taken() {
    let Some(documents) = rendered(&[]).as_deref().and_then(documents) else { return };
    let configuration = of_kind(&documents, "ConfigMap")["data"]["cxpulse.toml"].as_str().expect("a file");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("cxpulse.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    let environment = of_kind(&documents, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("cxpulse-0").to_owned();
    let variables: Vec<_> = environment.iter().map(|variable| (text(&variable["name"]), text(&variable["value"]))).collect();
    let said = check(&file, &variables);
    assert!(said.contains("sasl.password") && said.contains("group.instance.id"), "{said}");
}

#[test]
fn what_is_turned_off_is_not_made() {
    let switches = ["podMonitor", "prometheusRule", "networkPolicy", "podDisruptionBudget"].map(|name| format!("{name}.enabled=false"));
    let settings: Vec<&str> = switches.iter().map(String::as_str).chain(["kafka.passwordSecret="]).collect();
    let Some(yaml) = rendered(&settings) else { return };
    validate_manifests(&yaml);
    for kind in ["PodMonitor", "PrometheusRule", "NetworkPolicy", "PodDisruptionBudget"] {
        assert!(!yaml.contains(&format!("kind: {kind}")), "{kind}");
    }
    assert!(!yaml.contains("/run/secrets") && !yaml.contains("SASL_PASSWORD"), "no Secret is mounted");
}

#[test]
fn several_replicas_share_a_bucket_or_a_claim() {
    let bucket = ["replicas=3", "checkpoint.url=s3://bucket/cx", "checkpoint.endpoint=https://minio.example:9000"];
    let bucket: Vec<_> = bucket.into_iter().chain(["checkpoint.credentialsSecret=keys", "networkPolicy.storePort=9000"]).collect();
    let Some(yaml) = rendered(&bucket) else { return };
    validate_manifests(&yaml);
    let Some(made) = documents(&yaml) else { return };
    let set = of_kind(&made, "StatefulSet");
    assert!(set["spec"]["volumeClaimTemplates"].is_null(), "no volume is needed");
    let container = &set["spec"]["template"]["spec"]["containers"][0];
    let variable = |name: &str| {
        let list = container["env"].as_array().expect("a list");
        list.iter().find(|variable| variable["name"] == name).map(|variable| variable["value"].as_str().unwrap_or("none").to_owned())
    };
    assert_eq!(variable("CXPULSE_CHECKPOINT__URL").as_deref(), Some("s3://bucket/cx"));
    assert_eq!(variable("CXPULSE_CHECKPOINT__ENDPOINT").as_deref(), Some("https://minio.example:9000"));
    assert_eq!(variable("CXPULSE_CHECKPOINT__CREDENTIALS_FILE").as_deref(), Some("/run/secrets/checkpoints/credentials"));
    let mounts = container["volumeMounts"].as_array().expect("a list");
    assert!(mounts.iter().any(|mount| mount["mountPath"] == "/run/secrets/checkpoints") && mounts.iter().all(|m| m["name"] != "state"));
    let egress = of_kind(&made, "NetworkPolicy")["spec"]["egress"].as_array().expect("a list").clone();
    assert!(egress.iter().any(|rule| rule["ports"][0]["port"] == 9000), "the way to the store is open");

    let Some(yaml) = rendered(&["replicas=3", "checkpoint.existingClaim=shared"]) else { return };
    validate_manifests(&yaml);
    let Some(made) = documents(&yaml) else { return };
    let pod = &of_kind(&made, "StatefulSet")["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().expect("a list");
    assert!(volumes.iter().any(|volume| volume["persistentVolumeClaim"]["claimName"] == "shared"));
    assert!(yaml.contains("CXPULSE_CHECKPOINT__SHARED") && !yaml.contains("volumeClaimTemplates"));
}

#[test]
fn what_is_added_is_there() {
    let digest = format!("image.digest=sha256:{}", "ab".repeat(32));
    let settings = [
        digest.as_str(),
        "podMonitor.labels.release=stack",
        "env[0].name=CXPULSE_LOG__FILTER",
        "env[0].value=debug",
        "volumes[0].name=ca",
        "volumes[0].configMap.name=kafka-ca",
        "volumeMounts[0].name=ca",
        "volumeMounts[0].mountPath=/etc/kafka",
        "image.pullSecrets[0]=registry",
        "nodeSelector.pool=stream",
    ];
    let Some(yaml) = rendered(&settings) else { return };
    validate_manifests(&yaml);
    let Some(documents) = documents(&yaml) else { return };
    assert_eq!(of_kind(&documents, "PodMonitor")["metadata"]["labels"]["release"], "stack");
    let pod = &of_kind(&documents, "StatefulSet")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], format!("cxpulse@sha256:{}", "ab".repeat(32)));
    assert_eq!((&pod["nodeSelector"]["pool"], &pod["imagePullSecrets"][0]["name"]), (&json!("stream"), &json!("registry")));
    assert_eq!(pod["volumes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_rule_files_in_the_chart_are_those_of_prometheus() {
    let names = names_in(&format!("{CHART}/rules"), ".yml");
    assert!(!names.is_empty(), "run deploy/kubernetes/render-rules.sh");
    for name in names {
        let (chart, prometheus) = (read(&format!("{CHART}/rules/{name}")), read(&format!("deploy/prometheus/{name}")));
        assert!(chart == prometheus, "{name} differs: run deploy/kubernetes/render-rules.sh");
    }
}
