//! Webhooks: each that is answered with 2xx is in the topic, each refused one is not, whatever the broker does meanwhile.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use cxpulse::feed::SignatureScheme;
use serde_json::{Value, json};

use super::committed::committed_records;
use super::process::{Stage, response};
use crate::support::broker::Broker;
use crate::support::measured::measured;
use crate::support::topics::create_topics;

const SECRET: &str = "s3cret";

/// A stage for Zendesk, signed, and for a feed with a bearer token, on topics of their own.
fn stage(servers: &str, name: &str) -> Stage {
    let topic = |kind: &str| format!("{name}-{kind}");
    let names: Vec<String> = ["tickets", "chats", "surveys", "customers", "rejected"].iter().map(|kind| topic(kind)).collect();
    create_topics(servers, &names.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    let topics = ["tickets", "chats", "surveys", "customers", "rejected"].map(|kind| format!("{kind} = \"{}\"\n", topic(kind))).concat();
    Stage::new(
        servers,
        name,
        &format!(
            "[topics]\n{topics}[[feeds]]\nname = \"zendesk\"\npath = \"/zendesk\"\nsecret = \"{SECRET}\"\n[[feeds]]\nname = \"freshdesk\"\npath = \"/freshdesk\"\ntoken = \"token\"\n"
        ),
    )
}

fn payload(n: usize) -> Vec<u8> {
    let event = json!({"type": "zen:event-type:ticket.comment_added", "id": format!("event-{n}"), "time": "2026-03-02T09:00:00Z", "zendesk_event_version": "2022-11-06",
                       "detail": {"id": (n / 5).to_string(), "status": "OPEN"}, "event": {"comment": {"id": n.to_string(), "is_public": true, "author": {"id": "85", "is_staff": true}}}});
    event.to_string().into_bytes()
}

fn now_text(shift: i64) -> String {
    let now = jiff::Timestamp::now().as_second() + shift;
    jiff::Timestamp::from_second(now).expect("a time of this century").to_string()
}

/// Sends a signed webhook, and gives its status.
fn send(stage: &Stage, body: &[u8], timestamp: &str) -> Option<u16> {
    let signature = SignatureScheme::Zendesk.sign(SECRET.as_bytes(), timestamp, body);
    let headers = [("X-Zendesk-Webhook-Signature", signature.as_str()), ("X-Zendesk-Webhook-Signature-Timestamp", timestamp)];
    stage.send("POST", "/zendesk", &headers, body).map(|(status, _)| status)
}

/// How often each event id is in a topic.
fn ids(servers: &str, topic: &str) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    for record in committed_records(servers, topic) {
        let event: Value = serde_json::from_str(&record.value).expect("an event is JSON");
        *ids.entry(event["id"].as_str().expect("an id").to_owned()).or_insert(0) += 1;
    }
    ids
}

#[test]
fn every_2xx_is_in_the_topic_although_the_broker_restarts_and_the_stage_is_killed() {
    let Some(mut broker) = Broker::shared() else { return };
    let servers = broker.servers();
    let mut stage = stage(&servers, "restart");
    stage.start();
    stage.wait_until_ready();
    let begun = Instant::now();
    let mut accepted = Vec::new();
    let mut longest = Duration::ZERO;
    for n in 0..1_000 {
        if n == 300 {
            broker.stop();
        }
        if n == 330 {
            // What waits on the disk outlives the process.
            stage.kill();
            stage.start();
            stage.wait_until("it listens", Duration::from_secs(20), |stage| stage.scrape().is_some());
        }
        if n == 340 {
            let waiting = stage.scrape().and_then(|samples| samples.value("cx_feed_spool_payloads"));
            assert!(waiting.is_some_and(|waiting| waiting >= 1.0), "{waiting:?}");
            broker.launch();
        }
        let sent = Instant::now();
        let status = send(&stage, &payload(n), &now_text(0));
        longest = longest.max(sent.elapsed());
        assert_eq!(status, Some(200), "webhook {n}; the log:\n{}", stage.log());
        accepted.push(format!("event-{n}"));
    }
    assert!(longest < Duration::from_secs(5), "a vendor that waits for 5 s would have lost one: {longest:?}");
    stage.wait_until("the spool is sent", Duration::from_secs(60), |stage| {
        stage.scrape().and_then(|samples| samples.value("cx_feed_spool_payloads")) == Some(0.0)
    });
    let found = ids(&servers, "restart-tickets");
    let missing: Vec<_> = accepted.iter().filter(|id| !found.contains_key(*id)).take(5).collect();
    assert!(missing.is_empty(), "answered with 200 and not in the topic: {missing:?}");
    assert_eq!(found.len(), accepted.len(), "nothing that was not sent");
    let repeated = found.values().filter(|count| **count > 1).count();
    measured(&format!(
        "1,000 signed webhooks with a broker restart and a kill in {} s: all in the topic, {repeated} of them sent twice with one id, longest answer {longest:?}",
        begun.elapsed().as_secs()
    ));
}

#[test]
fn what_is_refused_is_not_in_the_topic() {
    let Some(broker) = Broker::shared() else { return };
    let servers = broker.servers();
    let mut stage = stage(&servers, "refused");
    stage.start();
    stage.wait_until_ready();

    // Signatures.
    let good = now_text(0);
    assert_eq!(send(&stage, &payload(0), &good), Some(200));
    assert_eq!(send(&stage, &payload(1), &now_text(-25 * 3600)), Some(401), "older than the tolerance");
    assert_eq!(send(&stage, &payload(2), &now_text(-23 * 3600)), Some(200), "a retry of a vendor");
    assert_eq!(stage.send("POST", "/zendesk", &[], &payload(3)).map(|answer| answer.0), Some(401));
    let wrong = SignatureScheme::Zendesk.sign(b"other", &good, &payload(4));
    let headers = [("X-Zendesk-Webhook-Signature", wrong.as_str()), ("X-Zendesk-Webhook-Signature-Timestamp", good.as_str())];
    assert_eq!(stage.send("POST", "/zendesk", &headers, &payload(4)), Some((401, "wrong_signature\n".to_owned())));
    // The same delivery again.
    let signature = SignatureScheme::Zendesk.sign(SECRET.as_bytes(), &good, &payload(0));
    let headers = [("X-Zendesk-Webhook-Signature", signature.as_str()), ("X-Zendesk-Webhook-Signature-Timestamp", good.as_str())];
    assert_eq!(stage.send("POST", "/zendesk", &headers, &payload(0)), Some((200, r#"{"status":"duplicate"}"#.to_owned())));

    // Tokens, paths and methods.
    let freshdesk = |ticket: &str| json!({"freshdesk_webhook": {"ticket_id": ticket, "triggered_event": "{reply_sent:sent}"}}).to_string();
    assert_eq!(stage.send("POST", "/freshdesk", &[], freshdesk("1").as_bytes()).map(|answer| answer.0), Some(401));
    assert_eq!(
        stage.send("POST", "/freshdesk", &[("Authorization", "Bearer tokeN")], freshdesk("1").as_bytes()).map(|answer| answer.0),
        Some(401)
    );
    let bearer = [("Authorization", "Bearer token")];
    assert_eq!(stage.send("POST", "/freshdesk", &bearer, freshdesk("2").as_bytes()).map(|answer| answer.0), Some(200));
    assert_eq!(stage.send("POST", "/elsewhere", &bearer, freshdesk("3").as_bytes()).map(|answer| answer.0), Some(404));
    assert_eq!(stage.send("PUT", "/freshdesk", &bearer, freshdesk("4").as_bytes()).map(|answer| answer.0), Some(405));

    // A batch is answered one by one; what cannot be mapped is taken, and goes to its own topic.
    let batch =
        format!("[{}, {{\"type\": \"ticket.message\", \"ticket_id\": 9, \"author\": \"nobody\"}}, {}]", freshdesk("5"), freshdesk("6"));
    let (status, body) = stage.send("POST", "/freshdesk", &bearer, batch.as_bytes()).expect("an answer");
    assert_eq!(status, 202, "{body}");
    let answers: Value = serde_json::from_str(&body).expect("a list");
    let states: Vec<_> = answers.as_array().expect("a list").iter().map(|answer| answer["status"].as_str().expect("a status")).collect();
    assert_eq!(states, ["accepted", "rejected", "accepted"]);
    assert_eq!(stage.send("POST", "/freshdesk", &bearer, b"not json").map(|answer| answer.0), Some(202));

    // Bodies that are too large, too slow, or not complete.
    assert_eq!(stage.send("POST", "/freshdesk", &bearer, &vec![b' '; 10 * 1024 * 1024]).map(|answer| answer.0), Some(413));
    let mut chunked =
        stage.send_part("POST /freshdesk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..40 {
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        if chunked.write_all(&chunk).is_err() {
            break;
        }
    }
    assert_eq!(response(chunked).map(|answer| answer.0), Some(413));
    let begun = Instant::now();
    let slow = stage.send_part("POST /freshdesk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nContent-Length: 100\r\n\r\n{");
    assert_eq!(response(slow).map(|answer| answer.0), Some(408));
    assert!(begun.elapsed() < Duration::from_secs(20));

    assert_eq!(ids(&servers, "refused-tickets").len(), 5, "two of Zendesk, three of Freshdesk");
    let rejected = committed_records(&servers, "refused-rejected");
    let mut reasons: Vec<_> = rejected
        .iter()
        .flat_map(|record| &record.headers)
        .filter(|(name, _)| name == "cx_reason")
        .map(|(_, reason)| reason.as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["invalid_event", "not_json"]);
    let samples = stage.scrape().expect("an answer");
    let refused = |feed: &str, reason: &str| samples.with_labels("cx_feed_requests_refused_total", &[("feed", feed), ("reason", reason)]);
    assert_eq!(refused("zendesk", "old_timestamp"), Some(1.0));
    assert_eq!(refused("zendesk", "wrong_signature"), Some(1.0));
    assert_eq!(refused("zendesk", "unsigned"), Some(1.0));
    assert_eq!(refused("freshdesk", "too_large"), Some(2.0));
    assert_eq!(refused("freshdesk", "slow_body"), Some(1.0));
    assert_eq!(samples.with_labels("cx_feed_payloads_total", &[("feed", "zendesk"), ("outcome", "duplicate")]), Some(1.0));
    assert_eq!(samples.with_labels("cx_feed_rejected_total", &[("feed", "freshdesk"), ("reason", "not_json")]), Some(1.0));
}

#[test]
fn a_full_spool_says_when_to_come_again() {
    let Some(broker) = Broker::shared() else { return };
    // No broker at all: a port on which nobody listens.
    let [port] = crate::support::ports::free_ports();
    drop(broker);
    let mut stage = Stage::new(
        &format!("127.0.0.1:{port}"),
        "full",
        &format!("[spool]\nbytes_max = 1048576\n[[feeds]]\nname = \"zendesk\"\npath = \"/zendesk\"\nsecret = \"{SECRET}\"\n"),
    );
    stage.start();
    stage.wait_until_ready();
    // Each payload that is no JSON is kept whole, so that two of them fill the spool.
    let large = |n: usize| format!("{n}{}", "x".repeat(500_000)).into_bytes();
    let statuses: Vec<_> = (0..3).map(|n| send(&stage, &large(n), &now_text(0))).collect();
    assert_eq!(statuses, [Some(202), Some(503), Some(503)]);
    assert_eq!(stage.scrape().and_then(|samples| samples.value("cx_feed_spool_payloads")), Some(1.0));
    assert_eq!(send(&stage, &payload(1), &now_text(0)), Some(200), "a small one still fits");
}
