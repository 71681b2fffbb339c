//! The compose file: valid by the specification's schema, pinned, closed to other machines, and wired to files that exist.

use serde_json::Value;

use super::checkers::{checker, documents};
use super::files::{path, read, succeed};

fn compose() -> Option<Value> {
    documents(&read("deploy/compose.yaml"))?.into_iter().next()
}

fn services(compose: &Value) -> Vec<(&str, &Value)> {
    compose["services"].as_object().expect("services").iter().map(|(name, service)| (name.as_str(), service)).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_schema_of_the_specification_takes_it() {
    let Some(mut validator) = checker("check-jsonschema") else { return };
    succeed(validator.args(["--builtin-schema", "vendor.compose-spec"]).arg(path("deploy/compose.yaml")));
}

#[test]
fn images_are_pinned_and_ports_open_to_this_machine_alone() {
    let Some(compose) = compose() else { return };
    for (name, service) in services(&compose) {
        let (_, tag) = service["image"].as_str().and_then(|image| image.rsplit_once(':')).unwrap_or_else(|| panic!("{name} has no tag"));
        assert!(tag.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()), "{name}: `{tag}` is no version");
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
}

#[test]
fn what_stays_up_has_a_health_check() {
    let Some(compose) = compose() else { return };
    for (name, service) in services(&compose) {
        let stays = service["restart"] == "unless-stopped" && service["healthcheck"]["disable"] != true;
        assert_eq!(stays, service["healthcheck"]["test"].is_array(), "{name}");
    }
    let waits_for = |name: &str, other: &str| compose["services"][name]["depends_on"][other]["condition"].as_str().unwrap_or("").to_owned();
    assert_eq!(waits_for("topics", "kafka"), "service_healthy");
    for name in ["cxpulse-1", "cxpulse-2", "generator"] {
        assert_eq!(waits_for(name, "topics"), "service_completed_successfully", "{name}");
    }
}

#[test]
fn two_replicas_share_a_group_as_different_members() {
    let Some(compose) = compose() else { return };
    let [one, two] = ["cxpulse-1", "cxpulse-2"].map(|name| &compose["services"][name]);
    let instance = |service: &Value| service["environment"]["CXPULSE_KAFKA__PROPERTIES__GROUP_INSTANCE_ID"].as_str().map(str::to_owned);
    assert!(instance(one).is_some() && instance(one) != instance(two));
    assert_eq!(one["volumes"], two["volumes"]);
    assert!(texts(&one["volumes"]).contains(&"checkpoints:/var/lib/cxpulse"), "one store for both");
    assert_eq!(one["command"], two["command"]);
}

#[test]
fn the_topics_made_are_the_topics_read() {
    let Some(compose) = compose() else { return };
    let script = texts(&compose["services"]["topics"]["command"])[0].to_owned();
    let made: Vec<_> =
        script.split_once("for topic in ").and_then(|(_, rest)| rest.split_once(';')).expect("a list").0.split(' ').collect();
    let default = cxpulse::config::load(None, Vec::new(), &[]).expect("the default configuration").configuration;
    assert_eq!(made, default.topics.iter().map(|topic| topic.name.as_str()).collect::<Vec<_>>());
    let environment = &compose["services"]["topics"]["environment"];
    let days = |text: &Value| text.as_str().and_then(|ms| ms.parse::<i64>().ok()).expect("milliseconds") / 86_400_000;
    assert!(days(&environment["RETENTION_MS"]) >= 60, "history, longest window and lateness");
}

#[test]
fn every_listener_of_the_broker_has_its_protocol_and_its_address() {
    let Some(compose) = compose() else { return };
    let environment = &compose["services"]["kafka"]["environment"];
    let names = |key: &str| -> Vec<String> {
        let text = environment[key].as_str().unwrap_or_else(|| panic!("{key}"));
        text.split(',').map(|entry| entry.split(':').next().expect("a name").to_owned()).collect()
    };
    assert_eq!(names("KAFKA_LISTENERS"), ["INSIDE", "OUTSIDE", "CONTROLLER"]);
    assert_eq!(names("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"), ["INSIDE", "OUTSIDE", "CONTROLLER"]);
    assert_eq!(names("KAFKA_ADVERTISED_LISTENERS"), ["INSIDE", "OUTSIDE"], "the controller's is not for clients");
    assert_eq!(
        (names("KAFKA_INTER_BROKER_LISTENER_NAME"), names("KAFKA_CONTROLLER_LISTENER_NAMES")),
        (vec!["INSIDE".into()], vec!["CONTROLLER".into()])
    );
}

#[test]
fn prometheus_scrapes_the_replicas_and_tells_the_alertmanager() {
    let Some(compose) = compose() else { return };
    let Some(prometheus) = documents(&read("deploy/prometheus/prometheus.yml")) else { return };
    let scraped = texts(&prometheus[0]["scrape_configs"][0]["static_configs"][0]["targets"]);
    let told = texts(&prometheus[0]["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]);
    assert_eq!(prometheus[0]["scrape_configs"][0]["job_name"], "cxpulse", "the rules and dashboards say so");
    assert_eq!((scraped, told), (vec!["cxpulse-1:19270", "cxpulse-2:19270"], vec!["alertmanager:9093"]));
    for name in ["cxpulse-1", "cxpulse-2", "alertmanager", "grafana"] {
        assert!(texts(&compose["services"][name]["networks"]).contains(&"monitoring"), "{name} is not where Prometheus is");
    }
}

#[test]
fn every_mounted_file_exists() {
    let Some(compose) = compose() else { return };
    let mounted: Vec<_> = services(&compose).iter().flat_map(|(_, service)| texts(&service["volumes"])).map(str::to_owned).collect();
    let own: Vec<_> = mounted.iter().filter_map(|mount| mount.strip_prefix("./")?.split(':').next()).collect();
    assert!(own.len() >= 5, "{mounted:?}");
    for file in own {
        assert!(path("deploy").join(file).exists(), "deploy/{file}");
    }
    for named in mounted.iter().filter(|mount| !mount.starts_with('.')) {
        let volume = named.split(':').next().expect("a name");
        assert!(compose["volumes"].get(volume).is_some(), "{volume} is not declared");
    }
}
