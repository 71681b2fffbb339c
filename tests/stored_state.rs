//! The stored state of a partition group, as an earlier build wrote it, is read by this build and shows the same values. A change of the layout, or of
//! the meaning of a state, must raise its version: a build that reads the bytes of before wrongly would show wrong numbers after a restart.
//!
//! `CXPULSE_GOLDEN=write` writes the files anew, for a new version only.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    #[allow(dead_code, reason = "shared with tests that may be left out")]
    pub(crate) mod left_out;
    #[allow(dead_code, reason = "shared with tests that hold several engines beside each other")]
    pub(crate) mod side_by_side;
}

use std::path::PathBuf;

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, Progress, RecordPlace, STATE_LAYOUT_VERSION, STATE_MEANING_VERSION, TopicIndex};
use cxpulse::metrics::Exposition;
use cxpulse::time::Span;
use support::engine_driver::{GROUP, assign, engine_of, take};
use support::left_out::variable;
use support::side_by_side::{begin, lines, records};

/// So many records make a state with tickets, chats, surveys and customers in every condition, in some tens of kilobytes.
const RECORDS: usize = 400;
const SEED: u64 = 1;

fn file(name: &str) -> PathBuf {
    let versions = format!("state-{STATE_LAYOUT_VERSION}-{STATE_MEANING_VERSION}");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{versions}.{name}"))
}

fn progress() -> Progress {
    Progress { at_end: true, seen_through: begin() + Span::days(40) }
}

/// An engine that has read the records, with its windows of two days later.
fn counted(configuration: &Configuration) -> Engine {
    let mut engine = engine_of(configuration, [GROUP], Some(progress()));
    let records = records(SEED, RECORDS, 1);
    for (offset, record) in records.iter().enumerate() {
        let place =
            RecordPlace { group: GROUP, topic: TopicIndex(record.kind as u8), offset: offset as i64, record_time: Some(record.time) };
        take(&mut engine, configuration, place, record.payload.as_deref());
    }
    engine.advance_to(records.last().unwrap().time + Span::minutes(1));
    engine
}

fn shown(configuration: &Configuration, engine: &mut Engine) -> String {
    let exposition = Exposition::new(configuration);
    // Kept panes and their cells depend on when values were read.
    lines(&exposition, &engine.snapshot(), &["panes", "pane_cells"]).join("\n") + "\n"
}

/// The default configuration with the longest window and one grouping set alone, which show most of the state in few lines.
fn configuration() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.engine.windows.drain(..configuration.engine.windows.len() - 1);
    configuration.engine.trends.clear();
    configuration.engine.grouping_sets.truncate(1);
    configuration.engine.customer_grouping_sets.truncate(1);
    configuration
}

#[test]
fn the_state_of_an_earlier_build_shows_its_values_and_is_stored_in_the_same_bytes() {
    let configuration = configuration();
    if variable("CXPULSE_GOLDEN").as_deref() == Some("write") {
        let mut engine = counted(&configuration);
        std::fs::create_dir_all(file("bin").parent().unwrap()).unwrap();
        std::fs::write(file("bin"), engine.store(GROUP).unwrap().into_bytes(Vec::new())).unwrap();
        std::fs::write(file("txt"), shown(&configuration, &mut engine)).unwrap();
    }
    let hint = "no state of these versions is kept: write it with CXPULSE_GOLDEN=write, and remove those of versions that no release had";
    let stored = std::fs::read(file("bin")).expect(hint);
    let mut engine = engine_of(&configuration, [], None);
    engine.restore(GROUP, &stored).expect("the bytes of these versions can be read; else the version of the layout must rise");
    let again = engine.store(GROUP).unwrap().into_bytes(Vec::new());
    assert!(again == stored, "the same state has other bytes now: the version of the layout must rise");
    assign(&mut engine, &configuration, GROUP, Some(progress()));
    let (is, should) = (shown(&configuration, &mut engine), std::fs::read_to_string(file("txt")).unwrap());
    let differing: Vec<_> = is.lines().zip(should.lines()).filter(|(is, should)| is != should).take(5).collect();
    assert!(
        is == should,
        "the same state shows other values now: the version of the meaning must rise, unless only names changed\n{differing:#?}"
    );
}
