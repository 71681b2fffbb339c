//! Targets that change while the product runs: clocks that started before keep what they were given, later ones get the new target, and the state is the
//! one that a restart with the new configuration would give.

use std::sync::Arc;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Progress, RecordPlace, TopicIndex};
use cxpulse::metrics::Exposition;
use cxpulse::simulator::GeneratedRecord;
use cxpulse::time::Span;

use super::desk::{Desk, HOUR, MINUTE, OFFICE, berlin, configured, created, open_office, rated, says};
use crate::engine_driver::{GROUP, assign, engine_of, take};
use crate::side_by_side::{begin, differing, lines, records};

const BEFORE: &str = "[targets.first_response]\nwithin = \"1h\"\n[targets.csat]\nvalue = 0.8\n";
const AFTER: &str = "[targets.first_response]\nwithin = \"2h\"\n[targets.csat]\nvalue = 0.9\n";
const NOON: &str = "2026-05-06T12:00";

#[test]
fn clocks_keep_the_target_of_their_start() {
    let noon = berlin(NOON);
    let mut desk = Desk::new(BEFORE).with(&[(noon, created("a")), (noon, rated("a", 5))]);
    desk.look(noon + MINUTE).is("cx_target{metric=\"csat\"}", 0.8);
    desk.change(AFTER);
    desk.take(noon + 2 * MINUTE, &created("b"));
    desk.look(noon + 3 * MINUTE).is("cx_target{metric=\"csat\"}", 0.9);
    // The first was given one hour, and the second two.
    desk.look(noon + HOUR + MINUTE).decided("first_response", 0, 1);
    desk.take(noon + HOUR + 30 * MINUTE, &says("b", "agent"));
    desk.look(noon + HOUR + 30 * MINUTE).decided("first_response", 1, 2);
    desk.take(noon + HOUR + 31 * MINUTE, &created("c"));
    // An event ahead of now is held, and applied with what is in force then.
    desk.look(noon + HOUR + 31 * MINUTE);
    desk.change("[targets.csat]\nvalue = 0.9\n");
    // Without a target nothing is exported, and a clock that runs still gets its verdict.
    desk.look(noon + HOUR + 32 * MINUTE).lacks("cx_first_response_attainment_ratio{window=\"30d\"}");
    desk.change(AFTER);
    desk.look(noon + 5 * HOUR).decided("first_response", 1, 3);
}

#[test]
fn every_change_gives_the_state_of_a_restart() {
    let with = |text: &str| configured(&format!("{}\n{text}", open_office()));
    let before = with(
        "[targets.first_response]\nwithin = \"1h\"\n[targets.resolution]\nwithin = \"24h\"\npauses = [\"pending\"]\n[targets.chat_wait]\nwithin = \"2m\"\n",
    );
    let changes = [
        "[targets.first_response]\nwithin = \"4h\"\nshare = 0.5\n[[targets.first_response.overrides]]\nwhere = { channel = [\"email\", \"never seen\"] }\nwithin = \"15m\"\n",
        "[targets.resolution]\nwithin = \"2d\"\nclock = \"calendar\"\n[targets.next_response]\nwithin = \"1h\"\n[limits]\ncontacts_max = 40\nsurveys_max = 20\ncustomers_max = 30\nidentities_max = 100\nhistory_max = 16\n",
        "",
    ];
    for (seed, change) in (1..).zip(changes) {
        let after = with(change);
        let records = records(seed, 600, 1);
        for cut in [1, 150, 300, 599] {
            let (mut changed, mut restarted) = (counted(&before, &records[..cut]), counted(&before, &records[..cut]));
            changed.change_settings(&after.engine);
            let state = restarted.store(GROUP).unwrap().into_bytes(Vec::new());
            let mut restarted = Engine::new(Arc::new(after.engine.clone()));
            restarted.restore(GROUP, &state).unwrap();
            assign(&mut restarted, &after, GROUP, Some(progress()));
            for engine in [&mut changed, &mut restarted] {
                count(engine, &after, &records, cut);
            }
            let exposition = Exposition::new(&after);
            // Kept panes and their cells depend on when values were read.
            let [a, b] = [&mut changed, &mut restarted].map(|engine| lines(&exposition, &engine.snapshot(), &["panes", "pane_cells"]));
            assert_eq!(a, b, "seed {seed}, changed after {cut} records: {:#?}", differing(&a, &b));
            assert!(changed.store(GROUP).unwrap().into_bytes(Vec::new()) == restarted.store(GROUP).unwrap().into_bytes(Vec::new()));
        }
    }
}

#[test]
#[should_panic(expected = "running clocks refer to the hours")]
fn other_open_hours_are_refused() {
    let mut engine = engine_of(&configured(&open_office()), [GROUP], None);
    let others = OFFICE.replace("17:00", "18:00");
    engine.change_settings(&configured(&format!("{others}\n[[schedule_rules]]\nschedule = \"office\"\n")).engine);
}

fn progress() -> Progress {
    Progress { at_end: true, seen_through: begin() + Span::days(60) }
}

fn counted(configuration: &Configuration, records: &[GeneratedRecord]) -> Engine {
    let mut engine = engine_of(configuration, [GROUP], Some(progress()));
    count(&mut engine, configuration, records, 0);
    engine
}

/// Hands over the records from one on, with `now` behind the last of them.
fn count(engine: &mut Engine, configuration: &Configuration, records: &[GeneratedRecord], from: usize) {
    for (offset, record) in records.iter().enumerate().skip(from) {
        let place =
            RecordPlace { group: GROUP, topic: TopicIndex(record.kind as u8), offset: offset as i64, record_time: Some(record.time) };
        take(engine, configuration, place, record.payload.as_deref());
        if offset % 50 == 0 {
            engine.advance_to(record.time);
        }
    }
    if let Some(last) = records.last() {
        engine.advance_to(last.time + Span::minutes(1));
    }
}
