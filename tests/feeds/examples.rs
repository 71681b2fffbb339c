//! Every example of every shipped feed becomes its events. With `CXPULSE_EXAMPLES=write` the examples are written again instead, to be read before they
//! are committed.

use std::collections::BTreeSet;

use cxpulse::event::Kind;
use cxpulse::feed::{RecordTarget, SHIPPED};
use serde_json::Value;

use super::shared::{compiled, examples, folder, with_stack};
use crate::support::left_out::variable;

#[test]
fn every_example_becomes_its_events() {
    with_stack(|| {
        let is_writing = variable("CXPULSE_EXAMPLES").as_deref() == Some("write");
        let mut faults = Vec::new();
        for shipped in SHIPPED {
            let feed = compiled(shipped);
            for (path, example) in examples(shipped.name) {
                let mapped = example.map(&feed);
                if let Some(rejection) = &mapped.rejection {
                    faults.push(format!("{}: rejected: {rejection}", path.display()));
                    continue;
                }
                let now = example.with_result(&mapped);
                if is_writing {
                    std::fs::write(&path, now.text()).expect("the repository is writable");
                } else if (&now.events, &now.unknown) != (&example.events, &example.unknown) {
                    faults.push(format!("{}: now\n{}", path.display(), serde_json::to_string_pretty(&now.events).expect("JSON")));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// A customer's rating says whose work it was by its ticket, which the engine knows; the payload has today's team.
#[test]
fn no_survey_event_that_names_a_contact_carries_its_dimensions() {
    for shipped in SHIPPED {
        for (path, example) in examples(shipped.name) {
            for event in &example.events {
                let names_contact = event.get("ticket_id").is_some() || event.get("chat_id").is_some();
                if event["type"].as_str().is_some_and(|kind| kind.starts_with("survey.")) && names_contact {
                    for dimension in ["channel", "team", "priority", "brand"] {
                        assert_eq!(event.get(dimension), None, "{}", path.display());
                    }
                }
            }
        }
    }
}

/// The events that a desk needs before any of its numbers can be right.
#[test]
fn the_examples_of_a_feed_show_every_event_that_it_makes() {
    let wanted: &[(&str, &[&str])] = &[
        ("asterisk", &["chat.started", "chat.accepted", "chat.abandoned", "chat.ended", "chat.transferred"]),
        (
            "chatwoot",
            &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.handoff",
                "ticket.snapshot",
                "ticket.snapshot_completed",
                "survey.sent",
                "survey.responded",
            ],
        ),
        (
            "chatwoot-webhook",
            &["ticket.created", "ticket.message", "ticket.status_changed", "ticket.assigned", "survey.sent", "survey.responded"],
        ),
        ("delighted", &["survey.responded"]),
        (
            "freescout",
            &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.snapshot",
                "ticket.snapshot_completed",
            ],
        ),
        (
            "freshdesk",
            &["ticket.created", "ticket.message", "ticket.status_changed", "ticket.assigned", "ticket.snapshot", "survey.responded"],
        ),
        (
            "intercom",
            &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.snapshot",
                "survey.sent",
                "survey.responded",
                "customer.merged",
            ],
        ),
        ("typeform", &["survey.responded"]),
        (
            "zammad",
            &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.snapshot",
                "ticket.snapshot_completed",
            ],
        ),
        (
            "zendesk",
            &[
                "ticket.created",
                "ticket.message",
                "ticket.status_changed",
                "ticket.assigned",
                "ticket.snapshot",
                "survey.sent",
                "survey.responded",
            ],
        ),
    ];
    assert_eq!(wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>(), SHIPPED.iter().map(|feed| feed.name).collect::<Vec<_>>());
    for (name, wanted) in wanted {
        let examples = examples(name);
        let shown: BTreeSet<&str> =
            examples.iter().flat_map(|(_, example)| &example.events).filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(shown, wanted.iter().copied().collect(), "{name}");
    }
}

#[test]
fn every_folder_is_shipped_and_has_a_page() {
    let folders: BTreeSet<String> = std::fs::read_dir(folder(""))
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name in ASCII"))
        .collect();
    assert_eq!(folders, SHIPPED.iter().map(|feed| feed.name.to_owned()).collect());
    for shipped in SHIPPED {
        assert!(shipped.page.lines().count() > 10, "the page of {} says too little", shipped.name);
    }
}

#[test]
fn events_have_keys_and_the_end_of_a_set_goes_to_every_partition() {
    with_stack(|| {
        for shipped in SHIPPED {
            let feed = compiled(shipped);
            for (path, example) in examples(shipped.name) {
                for event in example.map(&feed).events {
                    let json: Value = serde_json::from_slice(&event.json).expect("JSON");
                    match &event.target {
                        RecordTarget::EveryPartition => assert_eq!(event.event_type, "ticket.snapshot_completed"),
                        RecordTarget::Key(key) if event.kind == Kind::Tickets => {
                            assert_eq!(json["ticket_id"], key.as_str(), "{}", path.display())
                        }
                        RecordTarget::Key(key) => assert!(!key.is_empty(), "{}", path.display()),
                    }
                }
            }
        }
    });
}
