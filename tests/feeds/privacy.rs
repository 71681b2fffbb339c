//! Nothing gets out of a payload but ids, enumerated values, times, scores and the names of teams and channels: a mark is put into one text of a payload
//! after the other, and beside all of them, and looked for in the events and in the reasons of rejections.

use std::collections::{BTreeMap, BTreeSet};

use cxpulse::feed::{Example, Feed, SHIPPED};
use serde_json::Value;

use super::shared::{compiled, examples, with_stack};

const MARK: &str = "Canary";

/// The members whose values get out, by feed, without the indices of lists.
const PASSED_ON: &[(&str, &[&str])] = &[
    ("asterisk", &["agent", "after.callid", "after.queuename", "callid", "queuename"]),
    ("chatwoot", &[]),
    ("chatwoot-webhook", &["channel", "meta.team.name"]),
    (
        "delighted",
        &[
            "event_data.id",
            "event_data.person.id",
            "event_data.person_properties.customer_id",
            "event_data.person_properties.ticket_id",
            "event_id",
        ],
    ),
    ("freescout", &[]),
    (
        "freshdesk",
        &[
            "channel",
            "customer_id",
            "freshdesk_webhook.ticket_group_name",
            "freshdesk_webhook.ticket_id",
            "freshdesk_webhook.ticket_source",
            "id",
            "team",
            "ticket_id",
            "type",
        ],
    ),
    (
        "intercom",
        &[
            "contacts.contacts.id",
            "conversation_parts.conversation_parts.assigned_to.id",
            "conversation_parts.conversation_parts.author.id",
            "conversation_parts.conversation_parts.id",
            "data.item.admin_assignee_id",
            "data.item.assignee.id",
            "data.item.contact.id",
            "data.item.contacts.contacts.id",
            "data.item.content_stat.receipt_id",
            "data.item.conversation_parts.conversation_parts.author.id",
            "data.item.conversation_parts.conversation_parts.id",
            "data.item.id",
            "data.item.merged_from.id",
            "data.item.source.type",
            "data.item.team_assignee_id",
            "data.item.ticket.ticket_id",
            "data.item.ticket_id",
            "id",
            "source.type",
        ],
    ),
    (
        "typeform",
        &[
            "event_id",
            "form_response.answers.field.id",
            "form_response.hidden.customer_id",
            "form_response.hidden.ticket_id",
            "form_response.token",
        ],
    ),
    ("zammad", &[]),
    (
        "zendesk",
        &[
            "agent_id",
            "audits.events.value",
            "channel",
            "customer_id",
            "detail.assignee_id",
            "detail.group_id",
            "detail.id",
            "detail.requester_id",
            "detail.via.channel",
            "event.comment.author.id",
            "event.current",
            "id",
            "team",
            "ticket.via.channel",
            "ticket_id",
            "type",
        ],
    ),
];

#[test]
fn only_what_is_listed_gets_out() {
    with_stack(|| {
        let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for shipped in SHIPPED {
            let mut feed = compiled(shipped);
            let passed_on = found.entry(shipped.name).or_default();
            for (_, example) in examples(shipped.name) {
                let mut paths = Vec::new();
                texts(&example.payload, &mut Vec::new(), &mut paths);
                for path in paths {
                    let mut marked = example.clone();
                    *at(&mut marked.payload, &path) = Value::String(MARK.to_owned());
                    if is_seen(&mut feed, &marked) {
                        passed_on.insert(path.iter().filter(|part| part.parse::<usize>().is_err()).cloned().collect::<Vec<_>>().join("."));
                    }
                }
            }
        }
        let wanted: BTreeMap<&str, BTreeSet<String>> =
            PASSED_ON.iter().map(|(feed, members)| (*feed, members.iter().map(|member| (*member).to_owned()).collect())).collect();
        let found: BTreeMap<&str, BTreeSet<String>> = found;
        let differing: Vec<_> = found.iter().filter(|(feed, members)| wanted.get(*feed) != Some(*members)).collect();
        assert!(differing.is_empty(), "{differing:#?}");
    });
}

#[test]
fn no_other_member_is_read() {
    with_stack(|| {
        for shipped in SHIPPED {
            let mut feed = compiled(shipped);
            for (path, example) in examples(shipped.name) {
                let before = example.map(&feed);
                let mut marked = example.clone();
                mark_beside(&mut marked.payload);
                let after = marked.map(&feed);
                assert_eq!(after.events, before.events, "{}", path.display());
                assert!(!is_seen(&mut feed, &marked), "{}", path.display());
            }
        }
    });
}

/// Whether the mark is in an event, or in the reason of a rejection.
fn is_seen(feed: &mut Feed, marked: &Example) -> bool {
    let mapped = marked.map(feed);
    let in_events = mapped.events.iter().any(|event| String::from_utf8_lossy(&event.json).to_lowercase().contains(&MARK.to_lowercase()));
    in_events || mapped.rejection.is_some_and(|rejection| rejection.what.to_lowercase().contains(&MARK.to_lowercase()))
}

/// The paths of all texts.
fn texts(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::String(_) => found.push(path.clone()),
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                path.push(index.to_string());
                texts(inner, path, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (name, inner) in members {
                path.push(name.clone());
                texts(inner, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, part| match value {
        Value::Array(list) => &mut list[part.parse::<usize>().expect("an index")],
        Value::Object(members) => members.get_mut(part).expect("a member"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("no path leads through a scalar"),
    })
}

/// Puts the mark beside the members of every object, under names that vendors use for what people write and are called.
fn mark_beside(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(mark_beside),
        Value::Object(members) => {
            members.values_mut().for_each(mark_beside);
            for name in [
                "body",
                "text",
                "description",
                "title",
                "email",
                "phone",
                "first_name",
                "last_name",
                "address",
                "note",
                "remark",
                "html",
                "canary",
            ] {
                members.entry(name).or_insert_with(|| Value::String(MARK.to_owned()));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
