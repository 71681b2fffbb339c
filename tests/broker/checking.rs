//! `cxpulse check --connect` on a real cluster.

use std::process::Output;

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::service::cxpulse;
use crate::support::topics::create_topics;

#[test]
fn cluster_with_all_topics_passes_the_check() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 3);
    let output = check(&topics.configuration(&broker.servers(), "", ""));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(&topics.tickets), "{text}");
}

#[test]
fn missing_topic_is_named_by_the_check() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::named();
    let output = check(&topics.configuration(&broker.servers(), "", ""));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.lines().any(|line| line.starts_with("error:") && line.contains(&topics.surveys)), "{text}");
}

#[test]
fn the_topic_of_dead_letters_is_asked_for_and_nothing_is_written_to_it() {
    let Some(broker) = Broker::shared() else { return };
    let topics = Topics::create(&broker, 1);
    let letters = format!("letters-of-{}", topics.tickets);
    let configuration =
        |more: &str| format!("{}\n[dead_letters]\ntopic = \"{letters}\"\n{more}", topics.configuration(&broker.servers(), "", ""));
    let said = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.contains(&format!(": {letters}: ")));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let missing = check(&configuration(""));
    assert_eq!((missing.status.code(), &said(&missing)[..6]), (Some(1), "error:"), "{}", said(&missing));
    let dropped = check(&configuration("on_failure = \"drop\"\n"));
    assert_eq!((dropped.status.code(), &said(&dropped)[..8]), (Some(0), "warning:"), "{}", said(&dropped));
    create_topics(&broker.servers(), &[&letters], 3);
    let there = check(&configuration(""));
    assert_eq!(
        (there.status.code(), said(&there)),
        (Some(0), format!("fine: {letters}: 3 partitions, and dead letters may be written there"))
    );
    let mut kafka = cxpulse::config::Configuration::default().kafka;
    kafka.bootstrap_servers = broker.servers();
    let mut count = 0;
    cxpulse::kafka::read_dead_letters(&kafka, &letters, |_| count += 1).expect("good settings").expect("the broker answers");
    assert_eq!(count, 0, "the question wrote a record");
}

fn check(configuration: &str) -> Output {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), configuration).expect("the file is writable");
    cxpulse().args(["check", "--connect", "--config"]).arg(file.path()).output().expect("the binary was built")
}
