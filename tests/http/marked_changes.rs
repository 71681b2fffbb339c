//! A marked change on the page: a line at its time in the course of a number, its name as text, and the list.

use cxpulse::config::MarkedChange;
use cxpulse::time::{EventTime, Span};

use super::engine_driver::EngineDriver;
use super::*;

/// 2026-03-02T12:00:00Z.
const NOW: EventTime = EventTime(1_772_452_800_000);
const SURVEYS: u8 = 2;

#[test]
fn a_marked_change_stands_on_the_lines_of_its_window_and_in_the_list() {
    let change = MarkedChange { name: "new <b>macros".to_owned(), at: NOW - Span::hours(6), groups: Vec::new() };
    let server = Server::with(|configuration| configuration.changes.push(change));
    let mut driver = EngineDriver::at_end(Configuration::default(), NOW);
    for hours_ago in [20, 8, 2] {
        for _ in 0..6 {
            let (id, time) = (driver.offset, (NOW - Span::hours(hours_ago)).0);
            let answer = format!(
                r#"{{"id":"{id}","type":"survey.responded","time":{time},"metric":"csat","score":5,"survey_id":"S{id}","customer_id":"C{id}"}}"#
            );
            assert_eq!(driver.take(SURVEYS, answer.as_bytes()).name(), "applied");
        }
    }
    driver.engine.advance_to(NOW);
    *server.source.snapshot.lock().unwrap() = Arc::new(driver.engine.snapshot());
    let page = |window: &str| String::from_utf8(server.get(&format!("/?window={window}")).body).unwrap();
    let day = page("24h");
    let marks: Vec<&str> = day.split("<path class=\"mark\" d=\"M").skip(1).collect();
    assert_eq!(marks.len(), 1, "only CSAT has a line: {day}");
    let place: f64 = marks[0].split(' ').next().unwrap().parse().unwrap();
    // Three quarters of the line, which is 120 wide, give or take half of a slice.
    assert!((place - 90.0).abs() <= 2.6, "{place}");
    assert!(marks[0].contains("><title>new &lt;b&gt;macros</title></path>") && day.contains(" Marked: new &lt;b&gt;macros.\""), "{day}");
    assert!(day.contains("<li><strong>new &lt;b&gt;macros</strong> <time datetime=\"2026-03-02T06:00:00.000Z\">"), "{day}");
    let hour = page("1h");
    assert!(!hour.contains("class=\"mark\"") && hour.contains("<li><strong>new &lt;b&gt;macros</strong>"), "{hour}");
    assert!(!page("7d").contains("<b>"));
}
