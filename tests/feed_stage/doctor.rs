//! `cxpulse check --connect --sample` on a healthy desk and on one planted fault of each kind: each is found, and nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::support::broker::Broker;
use crate::support::data::data_set;
use crate::support::left_out::leave_out;
use crate::support::measured::measured;
use crate::support::service::cxpulse;
use crate::support::topics::{Producer, create_topics};

/// A record before it is sent: its kind of topic, its partition, its timestamp relative to its event, and the event.
struct Planned {
    topic: &'static str,
    partition: i32,
    stamped_after_ms: i64,
    event: Value,
}

/// Two days of a healthy desk: 80 tickets, each created, answered after minutes, solved and rated.
fn healthy() -> Vec<Planned> {
    let now = jiff::Timestamp::now().as_millisecond() - 60_000;
    let mut planned = Vec::new();
    for n in 0..80_i64 {
        let begin = now - (80 - n) * 30 * 60_000;
        let mut add = |topic: &'static str, after_s: i64, event: Value| {
            let mut event = event;
            event["id"] = json!(format!("{topic}-{n}-{after_s}"));
            event["time"] = json!(begin + after_s * 1_000);
            event["source"] = json!("desk");
            planned.push(Planned { topic, partition: 0, stamped_after_ms: 0, event });
        };
        let (ticket, customer, team) = (format!("T{n}"), format!("C{n}"), if n % 2 == 0 { "Billing" } else { "Support" });
        add(
            "tickets",
            0,
            json!({"type": "ticket.created", "ticket_id": ticket, "customer_id": customer, "team": team, "channel": "email"}),
        );
        add("tickets", 300, json!({"type": "ticket.message", "ticket_id": ticket, "author": "agent", "agent_id": format!("A{}", n % 4)}));
        add("tickets", 600, json!({"type": "ticket.status_changed", "ticket_id": ticket, "status": "solved"}));
        add(
            "surveys",
            610,
            json!({"type": "survey.sent", "survey_id": format!("S{n}"), "metric": "csat", "ticket_id": ticket, "customer_id": customer}),
        );
        add(
            "surveys",
            900,
            json!({"type": "survey.responded", "survey_id": format!("S{n}"), "metric": "csat", "score": n % 5 + 1, "ticket_id": ticket, "customer_id": customer}),
        );
    }
    planned.sort_by_key(|planned| planned.event["time"].as_i64());
    planned
}

/// A change of the healthy desk, and the words of the only finding.
type Fault = (&'static str, Option<&'static str>, fn(&mut Vec<Planned>));

fn of_type(planned: &mut [Planned], name: &str, change: impl Fn(usize, &mut Planned)) {
    planned.iter_mut().filter(|planned| planned.event["type"] == name).enumerate().for_each(|(n, planned)| change(n, planned));
}

const FAULTS: &[Fault] = &[
    ("healthy", None, |_| {}),
    ("no-creation", Some("none of 80 has a creation"), |planned| planned.retain(|planned| planned.event["type"] != "ticket.created")),
    ("never-ends", Some("none of 80 is solved or closed"), |planned| {
        of_type(planned, "ticket.status_changed", |_, planned| planned.event["status"] = json!("open"));
    }),
    ("shared-ids", Some("were created by two sources under one id"), |planned| {
        let twins: Vec<Planned> = planned
            .iter()
            .filter(|planned| planned.event["type"] == "ticket.created")
            .map(|planned| Planned {
                event: {
                    let mut event = planned.event.clone();
                    event["source"] = json!("other");
                    event
                },
                ..*planned
            })
            .collect();
        planned.extend(twins);
        planned.sort_by_key(|planned| planned.event["time"].as_i64());
    }),
    ("split-customers", Some("customers have events in several partitions"), |planned| {
        planned.iter_mut().filter(|planned| planned.topic == "surveys").for_each(|planned| planned.partition = 1);
    }),
    ("bots", Some("come within 2 s of the customer"), |planned| {
        of_type(planned, "ticket.message", |_, planned| {
            let begin = planned.event["time"].as_i64().expect("a time") - 300_000;
            planned.event["time"] = json!(begin + 1_000);
        });
        planned.sort_by_key(|planned| planned.event["time"].as_i64());
    }),
    ("one-author", Some("one author gave all 80 answers of agents, at all hours"), |planned| {
        of_type(planned, "ticket.message", |_, planned| planned.event["agent_id"] = json!("A0"));
    }),
    ("unmatched", Some("has the `survey_id` of a `survey.sent`"), |planned| {
        of_type(planned, "survey.responded", |n, planned| planned.event["survey_id"] = json!(format!("X{n}")));
    }),
    ("scale", Some("is above the middle of the scale"), |planned| {
        of_type(planned, "survey.responded", |n, planned| planned.event["score"] = json!(n % 2 + 1));
    }),
    ("teams", Some("differ only by case or spaces: `Billing`, `billing `"), |planned| {
        of_type(planned, "ticket.created", |n, planned| {
            if n == 0 {
                planned.event["team"] = json!("billing ");
            }
        });
    }),
    ("skew", Some("ahead of their records' timestamps"), |planned| {
        planned.iter_mut().filter(|planned| planned.topic == "tickets").for_each(|planned| planned.stamped_after_ms = -30_000);
    }),
    ("future", Some("are of the future"), |planned| {
        planned.iter_mut().filter(|planned| planned.topic == "surveys").take(1).for_each(|planned| planned.stamped_after_ms = -86_400_000);
    }),
    ("refused", Some("are refused as bad_value"), |planned| {
        of_type(planned, "ticket.status_changed", |n, planned| {
            if n < 3 {
                planned.event["status"] = json!("done");
            }
        });
    }),
    ("unknown-type", Some("are refused as unknown_type"), |planned| {
        of_type(planned, "ticket.message", |n, planned| {
            if n == 5 {
                planned.event["type"] = json!("ticket.viewed");
            }
        });
    }),
];

#[test]
fn each_planted_fault_is_found_and_nothing_else() {
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let producer = Producer::new(&servers);
    let mut faults = Vec::new();
    for (name, wanted, plant) in FAULTS {
        let topic = |kind: &str| format!("doctor-{name}-{kind}");
        create_topics(&servers, &[&topic("tickets"), &topic("surveys")], 2);
        let mut planned = healthy();
        plant(&mut planned);
        for Planned { topic: kind, partition, stamped_after_ms, event } in &planned {
            let stamp = event["time"].as_i64().expect("a time") + stamped_after_ms;
            producer.send_to(&topic(kind), *partition, stamp, Some(event.to_string().as_bytes()));
        }
        producer.flush();
        let file = folder.path().join(format!("{name}.toml"));
        let text = ["tickets", "surveys"].map(|kind| format!("[[topics]]\nname = \"{}\"\nkind = \"{kind}\"\n", topic(kind))).concat();
        std::fs::write(&file, format!("[kafka]\nbootstrap_servers = \"{servers}\"\n{text}")).expect("the folder is writable");
        let output =
            cxpulse().args(["check", "--connect", "--sample", "10000", "--config"]).arg(&file).output().expect("the binary was built");
        let report = String::from_utf8_lossy(&output.stdout);
        let warnings: Vec<&str> =
            report.lines().filter(|line| line.starts_with("warning: ") && !line.contains("stamp its records")).collect();
        let is_right = match wanted {
            None => warnings.is_empty() && output.status.code() == Some(0),
            Some(words) => warnings.len() == 1 && warnings[0].contains(words) && output.status.code() == Some(2),
        };
        if !is_right {
            faults.push(format!("{name}: exit code {:?}\n{report}", output.status.code()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The made data set has every kind of bad record: each refusal of its ledger is in the report, with its number.
#[test]
fn every_refusal_of_the_torture_set_is_found() {
    let folder = match data_set("torture") {
        Ok(folder) => folder,
        Err(why) => return leave_out(&why),
    };
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    let producer = Producer::new(&servers);
    let now = jiff::Timestamp::now().as_millisecond();
    let kinds = ["tickets", "chats", "surveys", "customers"];
    let mut text = format!("[kafka]\nbootstrap_servers = \"{servers}\"\n");
    for kind in kinds {
        let topic = format!("torture-{kind}");
        create_topics(&servers, &[&topic], 1);
        let file = std::fs::File::open(folder.join(format!("{kind}.jsonl.gz"))).expect("a file of the data set");
        for line in BufReader::new(flate2::read::GzDecoder::new(file)).split(b'\n') {
            let line = line.expect("a line");
            producer.send_to(&topic, 0, now, Some(line.strip_suffix(b"\r").unwrap_or(&line)));
        }
        text += &format!("[[topics]]\nname = \"{topic}\"\nkind = \"{kind}\"\n");
    }
    producer.flush();
    let configuration = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    std::fs::write(configuration.path(), text).expect("a temporary file");
    let output = cxpulse()
        .args(["check", "--connect", "--sample", "1000000", "--config"])
        .arg(configuration.path())
        .output()
        .expect("the binary was built");
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{report}");

    let ledger = std::fs::read_to_string(folder.join("expected_ledger.json")).expect("the ledger");
    let ledger: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>> = serde_json::from_str(&ledger).expect("the ledger");
    let expected: BTreeMap<String, u64> = ledger
        .into_values()
        .flat_map(BTreeMap::into_values)
        .flatten()
        .filter(|(series, count)| series.starts_with("cx_events_invalid_total") && *count > 0)
        .collect();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for line in report.lines().filter(|line| line.contains(" are refused as ")) {
        let (count, rest) = line.split_once(" of the newest ").expect("a finding");
        let (place, count) = count.rsplit_once(": ").expect("a place");
        let reason = rest.split_once(" are refused as ").and_then(|(_, rest)| rest.split_once(',')).expect("a reason").0;
        let kind = place.rsplit_once("torture-").expect("a topic").1;
        *found.entry(format!("cx_events_invalid_total{{reason=\"{reason}\",topic=\"{kind}\"}}")).or_insert(0) +=
            count.parse::<u64>().expect("a number");
    }
    assert!(!expected.is_empty());
    assert_eq!(found, expected, "{report}");
    measured(&format!("{} refusals of the torture set in {} findings of the doctor", expected.values().sum::<u64>(), expected.len()));
}

#[test]
fn the_topics_of_the_synthetic_organisation_have_nothing_to_be_found() {
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    let run = |arguments: &[&str]| cxpulse().args(arguments).output().expect("the binary was built");
    let sent = run(&["generate", "--bootstrap-servers", &servers, "--create-topics", "2", "--history", "3d", "--for", "0s"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let output = run(&["check", "--connect", "--sample", "10000", "--bootstrap-servers", &servers]);
    let report = String::from_utf8_lossy(&output.stdout);
    let warnings: Vec<&str> = report.lines().filter(|line| line.starts_with("warning: ") && !line.contains("stamp its records")).collect();
    assert!(warnings.is_empty() && output.status.code() == Some(0), "{report}");
    assert!(report.contains("events per second"), "{report}");
}
