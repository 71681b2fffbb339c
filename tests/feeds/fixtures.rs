//! The published payloads of vendors, if they are present (`CXPULSE_FEED_FIXTURES` names their folder): each becomes the events that it means.

use std::path::{Path, PathBuf};

use cxpulse::feed::{Feed, Payload, Tables, shipped};
use cxpulse::time::EventTime;
use serde_json::{Value, json};

use super::shared::{compiled, with_stack};
use crate::support::left_out::{leave_out, variable};

/// When the payloads arrive.
const ARRIVAL: EventTime = EventTime(1_772_443_530_000);

/// The folder of the fixtures, or a message that the running test is left out.
fn fixtures() -> Option<PathBuf> {
    let folder = variable("CXPULSE_FEED_FIXTURES").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        leave_out("no published payloads: CXPULSE_FEED_FIXTURES does not name their folder");
    }
    folder
}

fn feed(name: &str, tables: &[(&str, &str, &str)]) -> Feed {
    let feed = compiled(shipped(name).expect("a shipped feed"));
    let mut all = Tables::default();
    tables.iter().for_each(|(table, key, value)| all.set(table, *key, *value));
    feed.set_tables(all);
    feed
}

/// The events of a payload without their ids, as type and chosen members.
fn events(feed: &Feed, payload: &[u8], members: &[&str]) -> Vec<Value> {
    let mapped = feed.map(&Payload { value: Some(payload), timestamp: Some(ARRIVAL), ..Payload::default() }, &|| false);
    assert_eq!(mapped.rejection, None, "{}", String::from_utf8_lossy(payload));
    let chosen = |json: &[u8]| {
        let event: Value = serde_json::from_slice(json).expect("JSON");
        members.iter().map(|member| event[member].clone()).collect::<Value>()
    };
    mapped.events.iter().map(|event| chosen(&event.json)).collect()
}

fn of_file(feed: &Feed, path: &Path, members: &[&str]) -> Vec<Value> {
    events(feed, &std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())), members)
}

#[test]
fn recorded_webhooks_of_intercom_become_what_their_topics_say() {
    let Some(folder) = fixtures() else { return };
    with_stack(move || {
        let feed = feed("intercom", &[]);
        let id = "intercom:137324500000000";
        let agent = "3330619";
        let cases: [(&str, Vec<Value>); 13] = [
            ("admin-assigned-to-unknown", vec![json!(["ticket.assigned", id, null, null, null, null])]),
            ("admin-assigned", vec![json!(["ticket.assigned", id, null, null, null, agent])]),
            ("admin-closed", vec![json!(["ticket.status_changed", id, "solved", null, null, null])]),
            ("admin-noted", vec![json!(["ticket.message", id, null, "agent", false, agent])]),
            ("admin-opened-no-admin", vec![json!(["ticket.status_changed", id, "open", null, null, null])]),
            ("admin-opened", vec![json!(["ticket.status_changed", id, "open", null, null, null])]),
            ("admin-replied", vec![json!(["ticket.message", id, null, "agent", null, agent])]),
            ("admin-single-created-lead", vec![json!(["ticket.created", "intercom:15494800000000", null, null, null, null])]),
            ("admin-single-created", vec![json!(["ticket.created", id, null, null, null, null])]),
            ("admin-snoozed", vec![json!(["ticket.status_changed", id, "pending", null, null, null])]),
            ("admin-unsnoozed", vec![json!(["ticket.status_changed", id, "open", null, null, null])]),
            ("part-redacted", vec![]),
            ("part-tag-created", vec![]),
        ];
        for (name, wanted) in cases {
            let path = folder.join(format!("intercom_hull/webhook-conversation-{name}.json"));
            assert_eq!(of_file(&feed, &path, &["type", "ticket_id", "status", "author", "public", "agent_id"]), wanted, "{name}");
        }
        let created = of_file(
            &feed,
            &folder.join("intercom_hull/webhook-conversation-admin-single-created.json"),
            &["created_by", "customer_id", "time"],
        );
        assert_eq!(created, [json!(["agent", "5ee3d479d1cf3dedbee23d68", "2020-08-05T13:40:05Z"])]);
        let fin =
            of_file(&feed, &folder.join("zulip/intercom_conversation_operator_replied.json"), &["type", "ticket_id", "author", "time"]);
        assert_eq!(fin, [json!(["ticket.message", "intercom:215472621202693", "bot", "2026-01-10T07:56:33Z"])]);
    });
}

#[test]
fn recorded_webhooks_of_freshdesk_and_delighted_become_events() {
    let Some(folder) = fixtures() else { return };
    with_stack(move || {
        let freshdesk = feed("freshdesk", &[]);
        let of = |name: &str| {
            of_file(
                &freshdesk,
                &folder.join(format!("zulip/freshdesk_{name}.json")),
                &["type", "ticket_id", "status", "author", "priority"],
            )
        };
        assert_eq!(
            of("ticket_created"),
            [
                json!(["ticket.created", "freshdesk:11", null, null, "high"]),
                json!(["ticket.status_changed", "freshdesk:11", "pending", null, null])
            ]
        );
        assert_eq!(of("status_changed"), [json!(["ticket.status_changed", "freshdesk:11", "pending", null, null])]);
        assert_eq!(of("public_note"), [json!(["ticket.message", "freshdesk:11", null, "agent", null])]);
        let delighted = feed("delighted", &[]);
        let path = folder.join("zulip/delighted_survey_response_updated_promoter.json");
        assert_eq!(
            of_file(&delighted, &path, &["type", "metric", "score", "survey_id", "customer_id", "time"]),
            [json!(["survey.responded", "nps", 9, "delighted:5435", "5975", "2016-12-24T14:33:29Z"])]
        );
    });
}

/// The responses of Typeform's API have the shape of the webhook's `form_response` but for the envelope, which is put around them here.
#[test]
fn responses_of_typeform_become_answers_of_the_configured_questions() {
    let Some(folder) = fixtures() else { return };
    with_stack(move || {
        let feed = feed("typeform", &[("questions", "my_custom_rating_reference", "csat"), ("questions", "NRsxU591jIW9", "ces")]);
        let text = std::fs::read(folder.join("typeform_hull/example-form-responses.json")).expect("a fixture");
        let responses: Value = serde_json::from_slice(&text).expect("JSON");
        let mut answers = Vec::new();
        for response in responses["items"].as_array().expect("a list") {
            let webhook = json!({"event_id": response["token"], "event_type": "form_response", "form_response": response});
            answers.extend(events(&feed, webhook.to_string().as_bytes(), &["metric", "score", "survey_id"]));
        }
        assert!(answers.contains(&json!(["csat", 3, "typeform:21085286190ffad1248d17c4135ee56f-WOTdC00F8A3h"])), "{answers:?}");
        assert!(answers.iter().any(|answer| answer[0] == "ces"), "{answers:?}");
    });
}

/// Rows of tables that no feed knows mean nothing, whatever their operation.
#[test]
fn envelopes_of_debezium_are_read() {
    let Some(folder) = fixtures() else { return };
    with_stack(move || {
        let text = std::fs::read_to_string(folder.join("debezium_flink/debezium-postgres-envelope-excerpt.jsonl")).expect("a fixture");
        assert_eq!(text.lines().count(), 4);
        for name in ["chatwoot", "zammad", "freescout"] {
            let feed = feed(name, &[]);
            for line in text.lines() {
                assert_eq!(events(&feed, line.as_bytes(), &["type"]), Vec::<Value>::new());
            }
        }
        // The same envelopes around a row of a conversation.
        let feed = feed("chatwoot", &[]);
        let mut types = Vec::new();
        for line in text.lines() {
            let mut envelope: Value = serde_json::from_str(line).expect("JSON");
            envelope["source"]["table"] = json!("conversations");
            for side in ["before", "after"] {
                if envelope[side].is_object() {
                    envelope[side] =
                        json!({"id": 1, "status": 0, "created_at": 1_596_001_000_000_000_i64, "updated_at": 1_596_010_000_000_000_i64});
                }
            }
            types.push(events(&feed, envelope.to_string().as_bytes(), &["type"]));
        }
        let wanted = [
            json!([["ticket.created"], ["ticket.snapshot"]]),
            // Nothing that a number depends on has changed.
            json!([]),
            json!([["ticket.created"]]),
            json!([["ticket.status_changed"]]),
        ];
        assert_eq!(types.into_iter().map(Value::Array).collect::<Vec<_>>(), wanted);
    });
}
