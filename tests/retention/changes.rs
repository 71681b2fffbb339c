//! Changes that events mark: the latest 64 of a partition group are kept, for 400 days, whatever the order in which they came.

use cxpulse::engine::PartitionGroup;
use cxpulse::time::Span;

use super::desk::{CHATS, CUSTOMERS, Desk, START, SURVEYS, TICKETS};
use crate::support::engine_driver::GROUP;

const FAMILY: &str = "cx_change_marked_timestamp_seconds";
/// A lateness within which every order of this file lies.
const PATIENT: (&str, &str) = ("topics", r#"[{ name = "tickets", kind = "tickets", allowed_lateness = "1000d" }]"#);

fn marked(desk: &mut Desk) -> Vec<String> {
    let mut lines: Vec<String> = desk.text().lines().filter(|line| line.starts_with(FAMILY)).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn mark(desk: &mut Desk, after: Span, members: &str) {
    desk.tell(TICKETS, after, "change.marked", members);
}

#[test]
fn a_change_on_any_topic_shows_with_its_dimensions_until_it_is_taken_back() {
    let mut desk = Desk::new(&[]);
    for (topic, name) in [(TICKETS, "a"), (CHATS, "b"), (SURVEYS, "c"), (CUSTOMERS, "d")] {
        desk.tell(topic, Span(500), "change.marked", &format!(r#""name":" {name} ","team":"billing","segment":"gold""#));
    }
    let series = |name: &str| format!("{FAMILY}{{change=\"{name}\",segment=\"gold\",team=\"billing\"}} 1772323200.5");
    assert_eq!(marked(&mut desk), ["a", "b", "c", "d"].map(series));
    // Another group of the same name is another change, and so is the whole.
    desk.tell(TICKETS, Span::minutes(1), "change.marked", r#""name":"b","team":"billing","withdrawn":true"#);
    desk.tell(TICKETS, Span::minutes(1), "change.marked", r#""name":"b","withdrawn":true"#);
    assert_eq!(marked(&mut desk).len(), 4);
    desk.tell(CUSTOMERS, Span::minutes(1), "change.marked", r#""name":"b","segment":"gold","team":"billing","withdrawn":true"#);
    assert_eq!(marked(&mut desk), ["a", "c", "d"].map(series));
    // What was marked before the withdrawal stays withdrawn, and what is marked after it is shown.
    desk.tell(TICKETS, Span::minutes(1), "change.marked", r#""name":"b","segment":"gold","team":"billing""#);
    assert_eq!(marked(&mut desk).len(), 3);
    assert_eq!(desk.value(r#"cx_events_without_effect_total{topic="tickets",type="change.marked"}"#), 1.0);
    desk.tell(TICKETS, Span::minutes(2), "change.marked", r#""name":"b","segment":"gold","team":"billing""#);
    assert_eq!(marked(&mut desk).len(), 4);
    assert_eq!(desk.value(r#"cx_events_without_effect_total{topic="tickets",type="change.marked"}"#), 1.0);
}

#[test]
fn a_change_ahead_of_now_shows_from_its_time_on() {
    let mut desk = Desk::new(&[]);
    desk.open(Span(0), "now");
    desk.driver.engine.follow_events_until(None);
    mark(&mut desk, Span::minutes(2), r#""name":"a""#);
    desk.driver.engine.advance_to(START + Span::minutes(2) - Span(1));
    assert!(marked(&mut desk).is_empty());
    desk.driver.engine.advance_to(START + Span::minutes(2));
    assert_eq!(marked(&mut desk), [format!("{FAMILY}{{change=\"a\"}} 1772323320")]);
}

#[test]
fn the_latest_64_stay_in_every_order_and_the_others_are_counted() {
    let shown = |order: &[i64]| {
        let mut desk = Desk::new(&[PATIENT]);
        for n in order {
            // Ten are of one time.
            mark(&mut desk, Span::minutes((*n).max(9)), &format!(r#""name":"change","team":"t{n:02}","withdrawn":{}"#, n % 5 == 0));
        }
        assert_eq!(desk.value(r#"cx_state_entries{store="changes"}"#), 64.0);
        assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="changes"}"#), 6.0);
        marked(&mut desk)
    };
    let ascending: Vec<i64> = (0..70).collect();
    let descending: Vec<i64> = (0..70).rev().collect();
    let mixed: Vec<i64> = (0..70).map(|n| n * 37 % 70).collect();
    let expected = shown(&ascending);
    assert_eq!(expected.len(), 50, "14 of the 64 are withdrawn");
    assert!(expected.iter().any(|line| line.contains("t02")) && !expected.iter().any(|line| line.contains("t03")), "{expected:#?}");
    assert_eq!(shown(&descending), expected);
    assert_eq!(shown(&mixed), expected);
}

#[test]
fn a_change_is_kept_for_400_days() {
    let mut desk = Desk::new(&[]);
    mark(&mut desk, Span(0), r#""name":"old""#);
    mark(&mut desk, Span(1), r#""name":"young""#);
    let kept = |desk: &mut Desk| (marked(desk).len(), desk.value(r#"cx_state_entries{store="changes"}"#));
    desk.driver.engine.advance_to(START + Span::days(400) - Span(1));
    assert_eq!(kept(&mut desk), (2, 2.0));
    desk.driver.engine.advance_to(START + Span::days(400));
    assert_eq!(kept(&mut desk), (1, 2.0), "what the log says next may still be of that time");
    desk.open(Span::days(402), "later");
    desk.driver.engine.advance_to(START + Span::days(403));
    assert_eq!(kept(&mut desk), (0, 0.0));
    assert_eq!(desk.value(r#"cx_state_limit_evictions_total{store="changes"}"#), 0.0);
}

#[test]
fn a_value_beyond_its_limit_is_other_as_for_every_event() {
    let mut desk = Desk::new(&[("dimensions.team.values_max", "1")]);
    for (after, team) in [(1, "a"), (2, "b"), (3, "c")] {
        mark(&mut desk, Span::minutes(after), &format!(r#""name":"x","team":"{team}""#));
    }
    let series = |team: &str, minute: i64| format!("{FAMILY}{{change=\"x\",team=\"{team}\"}} {}", 1_772_323_200 + 60 * minute);
    assert_eq!(marked(&mut desk), [series("a", 1), series("other", 3)]);
    assert_eq!(desk.value(r#"cx_series_overflow_total{dimension="team"}"#), 2.0);
}

#[test]
fn changes_leave_and_come_back_with_their_partition_group() {
    let mut desk = Desk::new(&[]);
    mark(&mut desk, Span(0), r#""name":"a""#);
    let before = marked(&mut desk);
    let stored = desk.driver.engine.store(GROUP).unwrap().into_bytes(Vec::new());
    desk.driver.engine.revoke(GROUP);
    assert!(marked(&mut desk).is_empty());
    desk.driver.engine.assign(GROUP);
    assert_eq!(marked(&mut desk), before);
    let mut restored = Desk::new(&[]);
    restored.driver.engine.revoke(GROUP);
    restored.driver.engine.restore(GROUP, &stored).unwrap();
    restored.driver.engine.assign(GROUP);
    restored.driver.engine.assign(PartitionGroup(1));
    assert_eq!(marked(&mut restored), before);
}
