//! A change that an event marks, from a file to the exposition.

use cxpulse::command::replay::{Explained, replay_until};
use cxpulse::config::{Configuration, MarkedChange};
use cxpulse::time::EventTime;
use indicatif::ProgressBar;

use super::small_inputs::{Files, MINUTE, NINE, TICKETS, value};

const CHANGES: &str = r#"
{"id":"c1","type":"change.marked","time":1777885260000,"name":"new macros","team":"billing"}
{"id":"c2","type":"change.marked","time":1777885260000,"name":"new macros","team":"orders"}
{"id":"c3","type":"change.marked","time":1777885380000,"name":"new macros","team":"orders","withdrawn":true}
{"id":"c4","type":"change.marked","time":1777885320000,"name":"new site"}
{"id":"c4","type":"change.marked","time":1777885320000,"name":"new site"}
"#;
const OF_BILLING: &str = "cx_change_marked_timestamp_seconds{change=\"new macros\",team=\"billing\"}";
const OF_ORDERS: &str = "cx_change_marked_timestamp_seconds{change=\"new macros\",team=\"orders\"}";
const OF_ALL: &str = "cx_change_marked_timestamp_seconds{change=\"new site\"}";
const SERIES: [&str; 3] = [OF_BILLING, OF_ORDERS, OF_ALL];

#[test]
fn a_change_is_hidden_before_its_time_then_shown_and_taken_back() {
    for topic in ["tickets", "chats", "surveys", "customers"] {
        let files = Files::new().with(topic, CHANGES);
        let shown = |at: i64| {
            let replayed = files.replay(Some(at));
            SERIES.map(|series| value(&replayed, series))
        };
        let [first, second] = [1_777_885_260.0, 1_777_885_320.0].map(Some);
        assert_eq!(shown(NINE + MINUTE - 1), [None; 3], "{topic}");
        assert_eq!(shown(NINE + MINUTE), [first, first, None], "{topic}");
        assert_eq!(shown(NINE + 2 * MINUTE), [first, first, second], "{topic}");
        assert_eq!(shown(NINE + 3 * MINUTE), [first, None, second], "{topic}");
        let ledger = files.replay(None).ledger;
        assert_eq!([ledger.records(topic, "applied"), ledger.records(topic, "duplicate")], [4, 1], "{ledger}");
    }
}

#[test]
fn a_change_moves_no_number_and_has_no_fact() {
    let (plain, changed) = (Files::new().with("tickets", TICKETS), Files::new().with("tickets", TICKETS).with("chats", CHANGES));
    let of_organisation = |files: &Files| {
        let text = files.replay(None).exposition;
        let is_of_state =
            |line: &&str| ["cx_change_", "cx_ledger_", "cx_events_", "cx_state_", "cx_watermark_"].iter().any(|name| line.contains(name));
        text.lines().filter(|line| !is_of_state(line)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_organisation(&changed), of_organisation(&plain));
    let configuration = Configuration::default();
    let facts = |files: &Files| {
        let mut explained = Explained::until(&configuration, &files.inputs, None, &ProgressBar::hidden()).unwrap();
        let mut csv = Vec::new();
        explained.write_facts(&mut csv).unwrap();
        (explained.replayed.exposition.clone(), String::from_utf8(csv).unwrap())
    };
    let ((exposition, of_changed), (_, of_plain)) = (facts(&changed), facts(&plain));
    assert_eq!(of_changed, of_plain);
    assert_eq!(exposition, changed.replay(None).exposition);
}

#[test]
fn the_configured_time_of_the_same_change_holds() {
    let change = |name: &str, at, team: Option<&str>| MarkedChange {
        name: name.to_owned(),
        at: EventTime(at),
        groups: team.map(|team| ("team".to_owned(), vec!["chats".to_owned(), team.to_owned()])).into_iter().collect(),
    };
    let changes = vec![change("new macros", NINE, Some("billing")), change("new site", NINE + 60 * MINUTE, None)];
    let configuration = Configuration { changes, ..Configuration::default() };
    let files = Files::new().with("tickets", CHANGES);
    let at = Some(EventTime(NINE + 5 * MINUTE));
    let replayed = replay_until(&configuration, &files.inputs, at, &ProgressBar::hidden()).unwrap();
    assert_eq!(value(&replayed, OF_BILLING), Some(1_777_885_200.0));
    assert_eq!(value(&replayed, OF_ALL), Some(1_777_885_320.0), "until then only the event says when");
    let replayed = replay_until(&configuration, &files.inputs, Some(EventTime(NINE + 60 * MINUTE)), &ProgressBar::hidden()).unwrap();
    assert_eq!(value(&replayed, OF_ALL), Some(1_777_888_800.0));
}
