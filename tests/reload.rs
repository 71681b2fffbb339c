//! The configuration of a running service is read again on SIGHUP and on `POST /-/reload`; a bad one keeps the one before.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod service;
}

use std::time::Duration;

// Linked for what it puts around the functions of librdkafka.
use cxpulse as _;
use rdkafka::mocking::MockCluster;
use support::service::Service;

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the service with this configuration and no broker, and returns when it answers.
fn start(configuration: &str, flags: &[&str]) -> Service {
    start_on("127.0.0.1:1", configuration, flags)
}

fn start_on(servers: &str, configuration: &str, flags: &[&str]) -> Service {
    let mut service = Service::start_with(configuration, |command| {
        command.args(["--bootstrap-servers", servers]).args(flags);
    });
    service.wait_until("it answers", PATIENCE, |service| service.ask("/-/healthy").is_some());
    service
}

/// The whole answer to a request for a reload.
fn reload(service: &Service) -> String {
    service.exchange("POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap()
}

fn reload_was_successful(service: &Service) -> bool {
    service.scrape_text().contains("\ncx_config_last_reload_successful 1\n")
}

/// What `/metrics` says of the last reload.
fn reloaded_at(service: &Service) -> f64 {
    service.scrape().value("cx_config_last_reload_success_timestamp_seconds").expect("the start counts too")
}

#[test]
fn sighup_reloads_and_a_bad_file_keeps_the_one_before() {
    let mut service = start("[log]\nfilter = \"info\"\n", &[]);
    let request_in_log = |service: &Service| {
        assert!(service.exchange("rubbish\r\n\r\n").is_some());
        service.log().contains("connection ended early")
    };
    assert!(!request_in_log(&service), "that is a line at the level debug");
    let began_at = reloaded_at(&service);
    let new = "[log]\nfilter = \"info,cxpulse::http=debug\"\n[limits]\ncontacts_max = 1000\n";
    service.configure(new);
    service.signal("-HUP");
    service.wait_until("the new filter holds", PATIENCE, request_in_log);
    assert!(service.log().contains("changed limits.contacts_max, log.filter"), "{}", service.log());
    assert!(reload_was_successful(&service));
    let changed_at = reloaded_at(&service);
    assert!(changed_at > began_at, "{changed_at} {began_at}");

    service.configure("[log]\nfilter = 5\nfilters = \"canary7\"\n");
    service.signal("-HUP");
    // The gauge says it a moment before the log does.
    let is_refused = |service: &Service| !reload_was_successful(service) && service.log().contains("stays in force");
    service.wait_until("the reload is refused", PATIENCE, is_refused);
    assert!(service.log().contains("log.filter"), "{}", service.log());
    assert!(!service.log().contains("canary7"));
    assert_eq!(reloaded_at(&service).to_bits(), changed_at.to_bits(), "the time of the last one that was not refused");
    assert_eq!(reload(&service).split(' ').nth(1), Some("404"), "off by default");

    service.configure(new);
    service.signal("-HUP");
    service.wait_until("the good file is in force again", PATIENCE, reload_was_successful);
}

#[test]
fn a_reload_over_http_answers_what_came_of_it() {
    let service = start("[limits]\ncontacts_max = 2000\n", &["--web.enable-lifecycle"]);
    let unchanged = reload(&service);
    assert!(unchanged.starts_with("HTTP/1.1 200") && unchanged.ends_with("\r\n\r\nreloaded\n"), "{unchanged}");
    let budget = |service: &Service| service.scrape().value("cx_memory_budget_bytes").unwrap();
    service.configure("[limits]\ncontacts_max = 1000\n[health]\nspeed = 0.5\n");
    let changed = reload(&service);
    assert!(changed.ends_with("reloaded: changed health.speed, limits.contacts_max\n"), "{changed}");
    assert!(budget(&service) > 0.0);
    service.configure("limits = 7\n");
    let refused = reload(&service);
    assert!(refused.starts_with("HTTP/1.1 500") && refused.contains("limits"), "{refused}");
    assert!(!reload_was_successful(&service));
}

#[test]
fn a_change_can_be_marked_while_the_service_runs() {
    // Whether a change has been made already is known once there is a broker, and with it a present.
    let cluster = MockCluster::new(1).unwrap();
    ["tickets", "chats", "surveys", "customers"].iter().for_each(|topic| cluster.create_topic(topic, 1, 1).unwrap());
    let mut service = start_on(&cluster.bootstrap_servers(), "", &["--web.enable-lifecycle", "--set", "checkpoint.url=off"]);
    let marked = |service: &Service| {
        let text = service.scrape_text();
        text.lines().filter(|line| line.starts_with("cx_change_marked")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(marked(&service).is_empty());
    let change = |name: &str, at: &str, rest: &str| format!("[[changes]]\nname = \"{name}\"\nat = \"{at}\"\n{rest}\n");
    let macros = change("new macros", "2024-05-01T02:00:00+02:00", "where = { team = [\"billing\", \"orders\"] }");
    service.configure(&(macros.clone() + &change("to come", "2999-01-01T00:00:00Z", "")));
    assert!(reload(&service).ends_with("reloaded: changed changes\n"));
    let line = |team: &str| format!("cx_change_marked_timestamp_seconds{{change=\"new macros\",team=\"{team}\"}} 1714521600");
    service.wait_until("both teams have it", PATIENCE, |service| marked(service) == [line("billing"), line("orders")]);
    // A change that cannot be read leaves the ones before.
    service.configure(&change("new macros", "2024-05-01", ""));
    assert!(reload(&service).contains("changes.`new macros`.at: `2024-05-01` is no instant"));
    assert_eq!(marked(&service).len(), 2);
    service.configure("");
    assert!(reload(&service).ends_with("reloaded: changed changes\n"));
    service.wait_until("none is left", PATIENCE, |service| marked(service).is_empty());
}

#[test]
fn a_reload_that_needs_a_restart_changes_nothing_and_names_the_keys() {
    let service = start("", &["--web.enable-lifecycle"]);
    let refused = |text: &str| {
        service.configure(text);
        let answer = reload(&service);
        assert!(answer.starts_with("HTTP/1.1 500") && !reload_was_successful(&service), "{answer}");
        answer
    };
    let cases = [
        (
            "[kafka]\ngroup_id = \"other\"\n[kafka.properties]\n\"sasl.password\" = \"canary7\"\n",
            "for kafka.group_id, kafka.properties.\"sasl.password\"\n",
        ),
        ("[limits]\ncells_max = 1000\ncells_per_family_max = 1000\n", "for limits.cells_max, limits.cells_per_family_max\n"),
        (
            "[[windows]]\nname = \"1h\"\nrange = \"1h\"\nhop = \"1m\"\n[trend]\npairs = []\n",
            "for trend.pairs, windows, and a start counts the state anew from the logs\n",
        ),
        (
            "[targets.resolution]\nwithin = \"5h\"\n[targets.csat]\nvalue = 0.9\n",
            "for targets.resolution.within, and a start counts the state anew from the logs\n",
        ),
        ("[targets]\ndue_within = [\"10m\"]\n", "for targets.due_within, and a start counts the state anew from the logs\n"),
        ("[dead_letters]\ntopic = \"letters\"\n", "for dead_letters.topic\n"),
        ("[log]\njson = true\nfilter = \"debug\"\n", "for log.json\n"),
        ("[checkpoint]\ninterval = \"7s\"\n[run]\nworkers = 3\n", "for checkpoint.interval, run.workers\n"),
    ];
    for (text, wanted) in cases {
        let answer = refused(text);
        assert!(answer.ends_with(&format!("a restart is needed {wanted}")), "{answer}");
    }
    assert!(!service.log().contains("canary7") && !service.log().contains(" DEBUG "), "{}", service.log());
    let answer = refused("[dimensions.team.renames]\n9 = \"Billing\"\n");
    assert!(answer.contains("what the logs hold cannot be found out"), "nothing is counted anew without a broker: {answer}");
    service.configure("[targets.resolution]\nwithin = \"8h\"\n[targets.csat]\nvalue = 0.9\n");
    let answer = reload(&service);
    assert!(answer.ends_with("reloaded: changed targets.csat.value, targets.resolution.within\n"), "{answer}");
    assert!(reload_was_successful(&service));
}

#[test]
fn a_bad_web_configuration_leaves_everything_as_it_was() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("web.yml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("");
    let service = start("[log]\nfilter = \"info\"\n", &["--web.enable-lifecycle", "--web.config.file", file.to_str().unwrap()]);
    write("http_server_config:\n  headers:\n    X-Frame-Options: deny\n  canary: 7\n");
    service.configure("[log]\nfilter = \"debug\"\n");
    let refused = reload(&service);
    assert!(refused.starts_with("HTTP/1.1 500") && refused.contains("web.yml"), "{refused}");
    assert!(!service.log().contains(" DEBUG "), "{}", service.log());
    write("");
    assert!(reload(&service).ends_with("reloaded: changed log.filter\n"));
}
