//! A reload gives what a restart with the same file gives: one service takes changed targets and a renamed team while it runs, another one starts with them.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::checkpoint_files::safe_records;
use super::set_up::{DAY_MS, Topics, begin_feed, now_ms, ready_service, ticket_created};
use crate::support::broker::Broker;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{LOG_END, Producer, delete_records};

const DECIDED: &str = "cx_first_response_target_decided{window=\"30d\"}";
const WITHIN: &str = "cx_first_response_within_target{window=\"30d\"}";
const BEFORE: &str = "[targets.first_response]\nwithin = \"30m\"\n[targets.csat]\nvalue = 0.8\n";
const AFTER: &str = "[targets.first_response]\nwithin = \"1h\"\n[targets.csat]\nvalue = 0.9\n[limits]\nhistory_max = 64\n";
const TICKETS: u64 = 40;

#[test]
fn a_reload_gives_what_a_restart_gives() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    begin_feed(&producer, &topics, now_ms() - 40 * DAY_MS);
    let stores = [TempDir::new().expect("a temporary folder"), TempDir::new().expect("a temporary folder")];
    let configuration = |of: usize, targets: &str| {
        let text =
            topics.configuration(&broker.servers(), "snapshot_interval = \"50ms\"", "").replace("group-of-", &format!("group-{of}-of-"));
        format!("{text}\n[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\n{targets}", stores[of].path().display())
    };
    let mut reloaded = Service::start(&configuration(0, BEFORE));
    let mut restarted = Service::start(&configuration(1, BEFORE));
    // Answered after 40 minutes: too late for half an hour, and early enough for a whole one.
    send(&producer, &topics, 0);
    for service in [&mut reloaded, &mut restarted] {
        service.wait_for_count(DECIDED, TICKETS, PATIENCE);
        assert_eq!(service.scrape_count(WITHIN), 0);
    }
    let fingerprint = fingerprint(&reloaded);
    reloaded.configure(&configuration(0, AFTER));
    reloaded.signal("-HUP");
    reloaded
        .wait_until("the new targets are in force", PATIENCE, |service| service.scrape().value("cx_target{metric=\"csat\"}") == Some(0.9));
    let log = reloaded.log();
    assert!(log.contains("reloaded: changed limits.history_max, targets.csat.value, targets.first_response.within"), "{log}");
    restarted.wait_until("its state is safe", PATIENCE, |_| safe_records(stores[1].path()) == 2 * TICKETS + 1);
    assert!(restarted.terminate().0.success());
    let mut restarted = Service::start(&configuration(1, AFTER));
    restarted.wait_for_count("cx_checkpoint_restores_total{result=\"restored\"}", 2, PATIENCE);
    send(&producer, &topics, TICKETS);
    for service in [&mut reloaded, &mut restarted] {
        service.wait_for_count(DECIDED, 2 * TICKETS, PATIENCE);
        service.wait_until_ready();
        assert_eq!(service.scrape_count(WITHIN), TICKETS, "the clocks that started before the change keep their target");
    }
    assert_eq!(values(&reloaded), values(&restarted));
    assert_eq!(self::fingerprint(&reloaded), fingerprint, "the state means what it meant before");
    assert_eq!(self::fingerprint(&restarted), fingerprint);
    // What the reloaded service has stored since is what a start with the new file restores.
    reloaded.wait_until("its state is safe", PATIENCE, |_| safe_records(stores[0].path()) == 4 * TICKETS + 1);
    let before = values(&reloaded);
    assert!(reloaded.terminate().0.success());
    let mut again = Service::start(&configuration(0, AFTER));
    again.wait_for_count("cx_checkpoint_restores_total{result=\"restored\"}", 2, PATIENCE);
    again.wait_until_ready();
    assert_eq!(values(&again), before);
}

#[test]
fn a_renamed_team_is_counted_anew_unless_the_log_is_gone() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 2);
    let producer = Producer::new(&broker.servers());
    begin_feed(&producer, &topics, now_ms() - 40 * DAY_MS);
    send(&producer, &topics, 0);
    let stores = [TempDir::new().expect("a temporary folder"), TempDir::new().expect("a temporary folder")];
    let configuration = |of: usize, renames: &str| {
        let text =
            topics.configuration(&broker.servers(), "snapshot_interval = \"50ms\"", "").replace("group-of-", &format!("group-{of}-of-"));
        format!("{text}\n[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\n[dimensions.team.renames]\n{renames}", stores[of].path().display())
    };
    let created_by = |team: &str| format!("cx_tickets_created_by_team{{team=\"{team}\",window=\"30d\"}}");
    let mut service = ready_service(&configuration(0, ""), &created_by("a"), TICKETS);
    let before = values(&service);
    service.wait_until("its state is safe", PATIENCE, |_| safe_records(stores[0].path()) == 2 * TICKETS + 1);
    let process = service.process();

    // Renamed: the same tickets stand under the new name alone, and all values are those of a service that starts with it.
    service.configure(&configuration(0, "a = \"Billing\"\n"));
    service.signal("-HUP");
    service.wait_until("the team has its new name", PATIENCE, |service| {
        let seen = service.scrape();
        let (old, new) = (seen.value(&created_by("a")), seen.value(&created_by("Billing")));
        assert!(old.is_none() || new.is_none(), "a ticket is counted under one name");
        new == Some(TICKETS as f64)
    });
    service.wait_until_ready();
    assert!(service.log().contains("reloaded: changed dimensions.team.renames.a; the logs are counted anew"), "{}", service.log());
    let started = ready_service(&configuration(1, "a = \"Billing\"\n"), &created_by("Billing"), TICKETS);
    assert_eq!(values(&service), values(&started));
    assert_eq!(service.process(), process, "the process goes on");

    // Back to the name before: its own checkpoints are still there, so a log that is cut does not matter.
    let ends: Vec<(&str, i32, i64)> = (0..2).map(|partition| (topics.tickets.as_str(), partition, LOG_END)).collect();
    delete_records(&broker.servers(), &ends);
    service.configure(&configuration(0, ""));
    service.signal("-HUP");
    service.wait_for_count("cx_checkpoint_restores_total{result=\"restored\"}", 2, PATIENCE);
    service.wait_until_ready();
    assert_eq!(values(&service), before);

    // A name without checkpoints would need the records that are gone.
    service.configure(&configuration(0, "a = \"Sales\"\n"));
    service.signal("-HUP");
    // A line of the log may follow its metric, because another thread writes it.
    service.wait_until("the reload is refused for its reason", PATIENCE, |service| {
        let log = service.log();
        log.contains("the state would have to be counted anew for dimensions.team.renames.a, and")
            && log.contains("no longer holds its first")
    });
    assert_eq!(service.scrape().value("cx_config_last_reload_successful"), Some(0.0));
    assert!(service.is_ready());
    assert_eq!(values(&service), before);
}

/// Sends tickets with these numbers that were opened 50 minutes ago and answered 10 minutes ago.
fn send(producer: &Producer, topics: &Topics, from: u64) {
    let now = now_ms();
    for number in from..from + TICKETS {
        let (id, opened) = (number.to_string(), now - 50 * 60_000);
        producer.send_keyed(&topics.tickets, &id, now, &ticket_created(&id, opened, "a"));
        let answered = opened + 40 * 60_000;
        let reply = format!(r#"{{"id":"r{id}","type":"ticket.message","time":{answered},"ticket_id":"T{id}","author":"agent"}}"#);
        producer.send_keyed(&topics.tickets, &id, now, &reply);
    }
    producer.flush();
}

/// All values about the organisation that no second changes: those of the longest window, and the configured targets.
fn values(service: &Service) -> BTreeMap<String, u64> {
    let seen = service.scrape();
    let is_kept = |series: &str| series.contains("window=\"30d\"") && !series.contains("coverage") || series.starts_with("cx_target");
    let values: BTreeMap<String, u64> =
        seen.samples().filter(|(series, _)| is_kept(series)).map(|(series, value)| (series.to_owned(), value.to_bits())).collect();
    assert!(values.len() > 100, "{} values", values.len());
    values
}

fn fingerprint(service: &Service) -> String {
    let text = service.scrape_text();
    let line = text.lines().find(|line| line.starts_with("cx_build_info{")).expect("each service says its version");
    line.split("fingerprint=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("the version has a fingerprint").to_owned()
}
