//! The example of ACLs: what a consumer needs, by exact names, and nothing more.

use std::process::Command;

use super::files::{path, succeed};

#[test]
fn cxpulse_may_read_its_topics_and_its_group_and_nothing_else() {
    let printed = succeed(Command::new("sh").arg(path("deploy/kafka/acls.sh")).args(["kafka-1:9093", "admin.properties"]));
    let default = cxpulse::config::load(None, Vec::new(), &[]).expect("the default configuration").configuration;
    let topics = default
        .topics
        .iter()
        .flat_map(|topic| ["Read", "DescribeConfigs"].map(|operation| format!("--operation {operation} --topic {}", topic.name)));
    let mut wanted: Vec<String> = topics.collect();
    wanted.push(format!("--operation Read --group {}", default.kafka.group_id));
    let given: Vec<&str> = printed.lines().map(|line| &line[line.find("--operation").expect("an operation")..]).collect();
    assert_eq!(given, wanted);
    for line in printed.lines() {
        assert!(line.contains("--add --allow-principal 'User:cxpulse' --resource-pattern-type literal "), "{line}");
    }
    // What is printed is what a shell runs.
    succeed(Command::new("sh").arg("-nc").arg(printed));
}

#[test]
fn without_a_cluster_it_says_how_it_is_used() {
    let output = Command::new("sh").arg(path("deploy/kafka/acls.sh")).output().expect("a shell");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("BROKERS ADMIN_PROPERTIES"));
}
