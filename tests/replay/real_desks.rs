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
