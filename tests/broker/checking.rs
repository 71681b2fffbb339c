//! `cxpulse check --connect` on a real cluster.

use std::process::Output;

use super::set_up::Topics;
use crate::support::broker::Broker;
use crate::support::service::cxpulse;

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

fn check(configuration: &str) -> Output {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), configuration).expect("the file is writable");
    cxpulse().args(["check", "--connect", "--config"]).arg(file.path()).output().expect("the binary was built")
}
