//! What real help desks send, in small: values that cannot be labels, events that change nothing, two help desks in one partition.

use cxpulse::command::replay::replay_until;
use cxpulse::config::{self, Configuration};
use cxpulse::time::EventTime;
use indicatif::ProgressBar;

use super::small_inputs::Files;

/// The exposition after all events, or at an instant.
fn exposition(configuration: &Configuration, files: &Files, at: Option<i64>) -> String {
    replay_until(configuration, &files.inputs, at.map(EventTime), &ProgressBar::hidden()).unwrap().exposition
}

fn configuration(flags: &[(&str, &str)]) -> Configuration {
    let flags: Vec<_> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    config::load(None, [], &flags).unwrap().configuration
}

#[track_caller]
fn check(exposition: &str, lines: &[&str]) {
    for line in lines {
        assert!(exposition.lines().any(|known| known == *line), "`{line}` is missing in\n{exposition}");
    }
}

/// The creation of a ticket with further members, in the `n`th minute.
fn created(n: i64, ticket: &str, members: &str) -> String {
    event(n, "ticket.created", &format!(r#""ticket_id":"{ticket}"{members}"#))
}

/// An event with further members, in the `n`th minute.
fn event(n: i64, kind: &str, members: &str) -> String {
    format!("{{\"id\":\"{kind}-{n}\",\"type\":\"{kind}\",\"time\":{},{members}}}\n", super::small_inputs::NINE + n * 60_000)
}

#[test]
fn every_value_that_becomes_other_is_counted_by_its_dimension() {
    let configuration = configuration(&[("dimensions.brand.values_max", "1"), ("dimensions.priority.renames", r#"{ bad = "urgent" }"#)]);
    let long = "é".repeat(65);
    let tickets = [
        created(0, "A", &format!(r#","team":"{long}""#)),
        created(1, "B", r#","team":"a\u202eb","brand":"one""#),
        created(2, "C", r#","team":"tab\there","brand":"two""#),
        created(3, "D", r#","team":"fine","brand":"one","priority":"bad""#),
        created(4, "E", r#","team":"other","segment":"bell\u0007""#),
        created(5, "F", &format!(r#","team":"{}""#, "e\u{301}".repeat(64))),
        // A copy is applied once, and so is its value.
        created(5, "F", &format!(r#","team":"{long}""#)),
    ];
    let text = exposition(&configuration, &Files::new().with("tickets", &tickets.concat()), None);
    check(
        &text,
        &[
            "cx_series_overflow_total{dimension=\"team\"} 3",
            "cx_series_overflow_total{dimension=\"brand\"} 1",
            "cx_series_overflow_total{dimension=\"segment\"} 1",
            "cx_series_overflow_total{dimension=\"priority\"} 0",
            "cx_series_overflow_total{dimension=\"channel\"} 0",
            "cx_tickets_created_by_team{team=\"other\",window=\"1h\"} 4",
            &format!("cx_tickets_created_by_team{{team=\"{}\",window=\"1h\"}} 1", "é".repeat(64)),
        ],
    );
}

#[test]
fn an_applied_event_that_changes_nothing_is_counted_by_its_type() {
    let about_a = |n, kind: &str, members: &str| event(n, kind, &format!(r#""ticket_id":"A"{members}"#));
    let about_x = |n, kind: &str, members: &str| event(n, kind, &format!(r#""chat_id":"X"{members}"#));
    let tickets = [
        created(0, "A", r#","team":"billing""#),
        // Again, under another id.
        created(1, "A", r#","team":"billing""#),
        about_a(2, "ticket.assigned", r#","team":"billing","agent_id":"7""#),
        about_a(3, "ticket.assigned", r#","team":"orders""#),
        about_a(4, "ticket.assigned", r#","team":"orders","reason":"transfer""#),
        about_a(5, "ticket.status_changed", r#","status":"open""#),
        about_a(6, "ticket.status_changed", r#","status":"open""#),
        about_a(7, "ticket.message", r#","author":"agent""#),
        about_a(8, "ticket.message", r#","author":"customer""#),
        // The customer waits already.
        about_a(9, "ticket.message", r#","author":"customer""#),
        about_a(10, "ticket.status_changed", r#","status":"solved""#),
        about_a(11, "ticket.status_changed", r#","status":"solved""#),
        about_a(12, "ticket.status_changed", r#","status":"closed""#),
        about_a(13, "ticket.merged", r#","into_ticket_id":"B""#),
        about_a(14, "ticket.merged", r#","into_ticket_id":"B""#),
        about_a(15, "ticket.unmerged", ""),
        about_a(16, "ticket.unmerged", ""),
        // Late, and known: between the two of the same status.
        event(5, "ticket.status_changed", r#""ticket_id":"A","status":"open","source":"late""#),
        // Its creation is not known.
        event(17, "ticket.assigned", r#""ticket_id":"Z","reason":"auto""#),
    ];
    let chats = [
        about_x(0, "chat.started", ""),
        about_x(1, "chat.started", ""),
        about_x(2, "chat.accepted", ""),
        about_x(3, "chat.accepted", ""),
        about_x(4, "chat.transferred", r#","team":"sales""#),
        about_x(5, "chat.transferred", r#","team":"sales""#),
        about_x(6, "chat.ended", ""),
        about_x(7, "chat.ended", ""),
        about_x(8, "chat.abandoned", ""),
    ];
    let answer = |n, score| event(n, "survey.responded", &format!(r#""survey_id":"S","metric":"csat","score":{score}"#));
    let surveys = [answer(1, 5), answer(2, 5), answer(3, 2)];
    let of_customer = |n, kind: &str, members: &str| event(n, kind, &format!(r#""customer_id":"K"{members}"#));
    let customers = [
        of_customer(1, "customer.active", ""),
        of_customer(2, "customer.active", ""),
        of_customer(3, "customer.active", r#","segment":"smb""#),
        event(4, "customer.active", r#""customer_id":"L""#),
        event(5, "customer.merged", r#""customer_id":"L","into_customer_id":"K""#),
        event(6, "customer.merged", r#""customer_id":"L","into_customer_id":"K""#),
        event(7, "customer.merged", r#""customer_id":"nobody","into_customer_id":"K""#),
    ];
    let files = Files::new()
        .with("tickets", &tickets.concat())
        .with("chats", &chats.concat())
        .with("surveys", &surveys.concat())
        .with("customers", &customers.concat());
    let text = exposition(&Configuration::default(), &files, None);
    let count = |kind: &str, n: u64| {
        let topic = ["tickets", "chats", "surveys", "customers"].into_iter().find(|topic| topic.starts_with(&kind[..3])).unwrap();
        let line = format!("cx_events_without_effect_total{{topic=\"{topic}\",type=\"{kind}\"}} {n}");
        assert!(text.lines().any(|known| known == line), "`{line}` is missing in\n{text}");
    };
    for (kind, n) in [
        ("ticket.created", 1),
        ("ticket.assigned", 1),
        ("ticket.status_changed", 3),
        ("ticket.message", 1),
        ("ticket.merged", 1),
        ("ticket.unmerged", 1),
        ("ticket.escalated", 0),
        ("chat.started", 1),
        ("chat.accepted", 1),
        ("chat.transferred", 1),
        ("chat.ended", 1),
        ("chat.abandoned", 1),
        ("survey.responded", 1),
        ("survey.sent", 0),
        ("customer.active", 1),
        ("customer.merged", 1),
        ("customer.subscribed", 0),
    ] {
        count(kind, n);
    }
    check(&text, &["cx_events_orphaned_total{topic=\"tickets\"} 1", "cx_events_orphaned_total{topic=\"customers\"} 1"]);
}

#[test]
fn a_full_set_of_snapshots_ends_the_tickets_of_its_own_feed_alone() {
    let topics = r#"[{ name = "eu", kind = "tickets", feed = "eu" }, { name = "us", kind = "tickets", feed = "us" }]"#;
    let configuration = configuration(&[("topics", topics)]);
    let snapshot = |n: i64, ticket: &str| {
        let created = super::small_inputs::NINE;
        event(n, "ticket.snapshot", &format!(r#""ticket_id":"{ticket}","created_time":{created},"status":"open""#))
    };
    let completed = |n: i64, started: i64| {
        event(n, "ticket.snapshot_completed", &format!(r#""started_time":{}"#, super::small_inputs::NINE + started * 60_000))
    };
    // Each desk has a ticket 1 and a ticket 2. The set of one desk names its ticket 1 only.
    let eu = [created(0, "1", ""), created(1, "2", ""), snapshot(10, "1"), completed(11, 10), created(13, "3", "")].concat();
    let us = [created(0, "1", ""), created(2, "2", ""), created(12, "4", "")].concat();
    let open = |files: &Files| {
        let text = exposition(&configuration, files, None);
        text.lines().find_map(|line| line.strip_prefix("cx_backlog_tickets ")).unwrap().to_owned()
    };
    assert_eq!(open(&Files::new().with("eu", &eu).with("us", &us)), "5", "ticket 2 of the first desk is ended, and no other");
    // The same where events of the ended ticket and of the other desk come after the set.
    let late = [completed(11, 10), created(0, "1", ""), snapshot(10, "1"), created(1, "2", ""), created(13, "3", "")].concat();
    assert_eq!(open(&Files::new().with("eu", &late).with("us", &us)), "5");
    let both = [us, completed(14, 12)].concat();
    assert_eq!(open(&Files::new().with("eu", &eu).with("us", &both)), "3", "the second desk's own set names none since then but ticket 4");
}

/// The answer comes after its customer's event in time and before it in the log, and a later event of another customer moves the watermark past both.
#[test]
fn an_answer_keeps_its_customers_dimensions_although_the_log_has_gone_on() {
    let configuration = configuration(&[("grouping_sets", r#"[["channel"], ["team"], ["segment"]]"#)]);
    let answer = event(11, "survey.responded", r#""metric":"nps","score":9,"customer_id":"C1""#);
    let own = event(2, "customer.active", r#""customer_id":"C1","segment":"gold""#);
    let much_later = event(79, "customer.active", r#""customer_id":"C2","segment":"gold""#);
    let wanted = r#"cx_nps_responses_by_segment{segment="gold",scope="experience",group="promoter",window="24h"} 1"#;
    for customers in [own.clone(), format!("{own}{much_later}")] {
        let files = Files::new().with("surveys", &answer).with("customers", &customers);
        check(&exposition(&configuration, &files, Some(super::small_inputs::NINE + 80 * 60_000)), &[wanted]);
    }
}
