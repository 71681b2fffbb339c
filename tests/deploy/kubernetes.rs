//! The manifests: built by kustomize, valid by Kubernetes' schemas, and fit for a namespace that restricts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checkers::{checker, documents, validate_manifests};
use super::files::{names_in, path, read, succeed};

/// What kustomize makes of a folder.
fn built(folder: &str) -> Option<String> {
    Some(succeed(checker("kubectl")?.arg("kustomize").arg(path(folder))))
}

/// The document of a kind, of which there is one.
pub(crate) fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    let mut found = documents.iter().filter(|document| document["kind"] == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    first
}

/// By name: every group of the rule objects, each of which the operator takes.
pub(crate) fn groups_of_operator(documents: &[Value]) -> BTreeMap<String, Value> {
    let rules = documents.iter().filter(|document| document["kind"] == "PrometheusRule");
    let mut groups = BTreeMap::new();
    for rule in rules {
        // The operator puts it into a ConfigMap, which may hold a mebibyte, and takes half of that for one.
        let bytes = rule.to_string().len();
        assert!(bytes < 500_000, "{bytes} bytes are too many for one PrometheusRule: {}", rule["metadata"]["name"]);
        groups.extend(by_name(&rule["spec"]["groups"]));
    }
    groups
}

/// By name: every group of every rule file that Prometheus loads.
pub(crate) fn rule_groups() -> Option<BTreeMap<String, Value>> {
    let mut groups = BTreeMap::new();
    for name in names_in("deploy/helm/cxpulse/rules", ".yml") {
        for document in documents(&read(&format!("deploy/prometheus/{name}")))? {
            groups.extend(by_name(&document["groups"]));
        }
    }
    Some(groups)
}

/// The groups of a list by their names; their order means nothing to Prometheus.
pub(crate) fn by_name(groups: &Value) -> BTreeMap<String, Value> {
    let groups = groups.as_array().expect("groups").iter();
    groups.map(|group| (group["name"].as_str().expect("a name").to_owned(), group.clone())).collect()
}

/// What a namespace that enforces the restricted standard asks of a pod, and what probes and scrapes need.
pub(crate) fn assert_hardened(stateful_set: &Value) {
    let pod = &stateful_set["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["capabilities"]["drop"], serde_json::json!(["ALL"]));
    assert!(container["resources"]["requests"]["memory"].is_string() && container["resources"]["limits"]["memory"].is_string());
    let path_of = |probe: &str| container[probe]["httpGet"]["path"].as_str().unwrap_or("none").to_owned();
    assert_eq!(["startupProbe", "livenessProbe", "readinessProbe"].map(path_of), ["/-/healthy", "/-/healthy", "/-/ready"]);
    assert_eq!(stateful_set["spec"]["podManagementPolicy"], "Parallel");
    assert_eq!(pod["terminationGracePeriodSeconds"], 60);
}

#[test]
fn base_and_overlay_are_valid() {
    for folder in ["deploy/kubernetes/base", "deploy/kubernetes/overlays/production"] {
        let Some(yaml) = built(folder) else { return };
        validate_manifests(&yaml);
        let Some(documents) = documents(&yaml) else { return };
        assert_hardened(of_kind(&documents, "StatefulSet"));
        for kind in ["Service", "ServiceAccount", "ConfigMap", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor"] {
            of_kind(&documents, kind);
        }
        for document in documents.iter().filter(|document| document["kind"] != "Namespace") {
            assert_eq!(document["metadata"]["labels"]["app.kubernetes.io/name"], "cxpulse", "{folder}: {}", document["kind"]);
        }
    }
}

#[test]
fn whoever_selects_pods_selects_these() {
    let Some(documents) = built("deploy/kubernetes/base").as_deref().and_then(documents) else { return };
    let labels = &of_kind(&documents, "StatefulSet")["spec"]["template"]["metadata"]["labels"];
    let selectors = [
        ("Service", "/spec/selector"),
        ("StatefulSet", "/spec/selector/matchLabels"),
        ("PodDisruptionBudget", "/spec/selector/matchLabels"),
        ("NetworkPolicy", "/spec/podSelector/matchLabels"),
        ("PodMonitor", "/spec/selector/matchLabels"),
    ];
    for (kind, pointer) in selectors {
        let selector = of_kind(&documents, kind).pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{kind}"));
        assert!(!selector.is_empty() && selector.iter().all(|(name, value)| labels[name] == *value), "{kind}: {selector:?}");
    }
    // The rules say job="cxpulse": that is the value of this label.
    assert_eq!(labels[of_kind(&documents, "PodMonitor")["spec"]["jobLabel"].as_str().expect("a label")], "cxpulse");
}

#[test]
fn the_overlay_changes_image_configuration_size_and_store_and_nothing_else_of_the_pod() {
    let base = built("deploy/kubernetes/base").as_deref().and_then(documents);
    let overlay = built("deploy/kubernetes/overlays/production").as_deref().and_then(documents);
    let (Some(base), Some(overlay)) = (base, overlay) else { return };
    let mut ours = of_kind(&base, "StatefulSet")["spec"].clone();
    let mut theirs = of_kind(&overlay, "StatefulSet")["spec"].clone();
    let of_configuration = |spec: &Value| {
        let volumes = spec["template"]["spec"]["volumes"].as_array().expect("a list").iter();
        volumes.map(|volume| volume["configMap"]["name"].clone()).find(|name| name.is_string()).expect("a configuration")
    };
    let name = of_configuration(&theirs);
    assert_eq!(name, of_kind(&overlay, "ConfigMap")["metadata"]["name"], "the pod mounts the overlay's own configuration");
    let image = theirs["template"]["spec"]["containers"][0]["image"].as_str().expect("an image").to_owned();
    assert!(image.starts_with("registry.example.com/support/cxpulse:"), "{image}");
    // The base keeps its state in a volume of the pod, the overlay in a bucket that all replicas see.
    assert!(theirs["replicas"].as_u64() > Some(1) && ours["replicas"] == 1);
    assert_eq!(ours["volumeClaimTemplates"][0]["metadata"]["name"], "state");
    assert!(theirs["volumeClaimTemplates"].is_null());
    for spec in [&mut ours, &mut theirs] {
        if let Some(members) = spec.as_object_mut() {
            members.remove("volumeClaimTemplates");
        }
        for (list, names) in
            [("/template/spec/volumes", ["checkpoints", "-"]), ("/template/spec/containers/0/volumeMounts", ["state", "checkpoints"])]
        {
            let list = spec.pointer_mut(list).and_then(Value::as_array_mut).expect("a list");
            let before = list.len();
            list.retain(|entry| !names.iter().any(|name| entry["name"] == *name));
            assert!(before - list.len() <= 1);
            list.sort_by_key(|entry| entry["name"].to_string());
        }
        spec["replicas"].take();
        let pod = &mut spec["template"]["spec"];
        pod["containers"][0]["image"].take();
        pod["containers"][0]["resources"].take();
        pod["volumes"][0]["configMap"]["name"].take();
    }
    assert_eq!(ours, theirs);
    let egress = of_kind(&overlay, "NetworkPolicy")["spec"]["egress"].as_array().expect("a list").clone();
    assert!(egress.iter().any(|rule| rule["ports"][0]["port"] == 443), "the way to the store is open");
}

#[test]
fn the_operator_loads_the_same_rules_as_prometheus() {
    let Some(documents) = built("deploy/kubernetes/base").as_deref().and_then(documents) else { return };
    let Some(groups) = rule_groups() else { return };
    // Not compared by assert_eq!, which would print all of both.
    assert!(groups_of_operator(&documents) == groups, "run deploy/kubernetes/render-rules.sh");
    let members = ["name", "interval", "limit", "rules", "labels", "query_offset", "partial_response_strategy"];
    let of_rule = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
    for group in groups.values() {
        assert!(group.as_object().is_some_and(|group| group.keys().all(|key| members.contains(&key.as_str()))), "{}", group["name"]);
        for rule in group["rules"].as_array().expect("rules") {
            assert!(rule.as_object().is_some_and(|rule| rule.keys().all(|key| of_rule.contains(&key.as_str()))), "{rule}");
        }
    }
}
