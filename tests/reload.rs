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

use support::service::Service;

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the service with this configuration and no broker, and returns when it answers.
fn start(configuration: &str, flags: &[&str]) -> Service {
    let mut service = Service::start_with(configuration, |command| {
        command.args(["--bootstrap-servers", "127.0.0.1:1"]).args(flags);
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

#[test]
fn sighup_reloads_and_a_bad_file_keeps_the_one_before() {
    let mut service = start("[log]\nfilter = \"info\"\n", &[]);
    let request_in_log = |service: &Service| {
        assert!(service.exchange("rubbish\r\n\r\n").is_some());
        service.log().contains("connection ended early")
    };
    assert!(!request_in_log(&service), "that is a line at the level debug");
    service.configure("[log]\nfilter = \"info,cxpulse::http=debug\"\n[limits]\ncontacts_max = 1000\n[[windows]]\nname = \"1h\"\nrange = \"1h\"\nhop = \"1m\"\n[trend]\npairs = []\n");
    service.signal("-HUP");
    service.wait_until("the new filter holds", PATIENCE, request_in_log);
    assert!(service.log().contains("changed log.filter, limits"), "{}", service.log());
    assert!(service.log().contains("a restart is needed for what changed in [[windows]]"), "{}", service.log());
    assert!(reload_was_successful(&service));

    service.configure("[log]\nfilter = 5\nfilters = \"canary7\"\n");
    service.signal("-HUP");
    service.wait_until("the reload is refused", PATIENCE, |service| !reload_was_successful(service));
    assert!(service.log().contains("log.filter") && service.log().contains("stays in force"), "{}", service.log());
    assert!(!service.log().contains("canary7"));
    assert_eq!(reload(&service).split(' ').nth(1), Some("404"), "off by default");
}

#[test]
fn a_reload_over_http_answers_what_came_of_it() {
    let service = start("[limits]\ncontacts_max = 2000\n", &["--web.enable-lifecycle"]);
    let unchanged = reload(&service);
    assert!(unchanged.starts_with("HTTP/1.1 200") && unchanged.ends_with("\r\n\r\nreloaded\n"), "{unchanged}");
    service.configure("[limits]\ncontacts_max = 1000\ncells_max = 1000\ncells_per_family_max = 1000\n[kafka.properties]\n\"sasl.password\" = \"canary7\"\n");
    let changed = reload(&service);
    assert!(changed.contains("changed limits; a restart is needed for what changed in [kafka], [limits] of label sets"), "{changed}");
    service.configure("limits = 7\n");
    let refused = reload(&service);
    assert!(refused.starts_with("HTTP/1.1 500") && refused.contains("limits"), "{refused}");
    assert!(!reload_was_successful(&service) && !service.log().contains("canary7"));
}
