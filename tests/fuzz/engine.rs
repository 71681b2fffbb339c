//! Operations of the engine in any order: every record has one outcome, and a restored engine shows what the stored one showed.

use cxpulse::config::Configuration;
use cxpulse::engine::{Progress, TopicIndex};
use cxpulse::metrics::Exposition;
use cxpulse::simulator::GeneratedRecord;
use cxpulse::time::{EventTime, Span};

use super::script::Tried;
use super::support::engine_driver::{EngineDriver, GROUP, engine_of};
use super::support::side_by_side::{begin, differing, lines, of_windows, records};

/// The stores whose entries depend on how often the windows have moved.
const WITHOUT_STORES: [&str; 3] = ["pane_cells", "panes", "surveys"];

/// What all inputs share. Rendering changes nothing in it, so an input that fails leaves it whole for the next one.
struct Shared(Exposition);

impl std::panic::RefUnwindSafe for Shared {}

impl Shared {
    fn exposition(&self) -> &Exposition {
        &self.0
    }
}

struct Machine<'a> {
    driver: EngineDriver,
    exposition: &'a Exposition,
    now: EventTime,
    taken: u64,
}

impl Machine<'_> {
    fn shown(&mut self) -> Vec<String> {
        lines(self.exposition, &self.driver.engine.snapshot(), &WITHOUT_STORES)
    }

    fn advance(&mut self, by: Span) {
        self.now = self.now + by;
        self.driver.engine.advance_to(self.now);
    }

    /// Hands in a record, perhaps with one bit flipped.
    fn take(&mut self, record: &GeneratedRecord, flip: u8) {
        let mut line = record.payload.clone().unwrap_or_default();
        if flip.is_multiple_of(8) && !line.is_empty() {
            let at = usize::from(flip) * 7 % line.len();
            line[at] ^= 1 << (flip / 8 % 8);
        }
        self.driver.take(record.kind as u8, &line);
        self.taken += 1;
    }

    /// Goes on with an engine that was restored from the state of this one.
    fn restore(&mut self) {
        let before = self.shown();
        let state = self.driver.engine.store(GROUP).expect("the group is assigned").into_bytes(Vec::new());
        let mut engine = engine_of(&self.driver.configuration, [], None);
        engine.restore(GROUP, &state).expect("the state was just stored");
        let again = engine.store(GROUP).expect("the group is parked").into_bytes(Vec::new());
        assert!(again == state, "a restored state has the bytes of the stored one");
        engine.advance_to(self.now);
        engine.assign(GROUP);
        self.driver.engine = engine;
        for topic in 0..self.driver.configuration.topics.len() as u8 {
            self.driver.engine.set_progress(GROUP, TopicIndex(topic), Progress { at_end: false, seen_through: self.now });
        }
        let after = self.shown();
        let of_records = |lines: &[String]| lines.iter().filter(|line| !line.starts_with("cx_window_co")).cloned().collect::<Vec<_>>();
        let (before, after) = (of_records(&before), of_records(&after));
        assert!(before == after, "{:#?}", differing(&before, &after));
    }

    fn audit(&mut self) {
        let consumed: f64 = self
            .shown()
            .iter()
            .filter(|line| line.starts_with("cx_events_total{"))
            .map(|line| line.rsplit_once(' ').expect("a sample").1.parse::<f64>().expect("a number"))
            .sum();
        assert!((consumed - self.taken as f64).abs() < 0.5, "{consumed} outcomes of {} records", self.taken);
    }
}

#[test]
fn engine() {
    let configuration: Configuration = of_windows(3);
    let shared = Shared(Exposition::new(&configuration));
    let pool = records(7, 400, 1);
    let tried = Tried::by("engine");
    bolero::check!(name = "engine").for_each(|input: &[u8]| {
        tried.one_more();
        operate(input, &configuration, shared.exposition(), &pool);
    });
}

/// Does what the pairs of bytes say: an operation, and how far or with which record.
fn operate(input: &[u8], configuration: &Configuration, exposition: &Exposition, pool: &[GeneratedRecord]) {
    let driver = EngineDriver::new(configuration.clone());
    let mut machine = Machine { driver, exposition, now: begin(), taken: 0 };
    machine.advance(Span(0));
    let mut next = 0;
    for step in input.chunks_exact(2).take(60) {
        match step[0] % 16 {
            0 => machine.advance(Span::minutes(i64::from(step[1]))),
            1 => machine.advance(Span::hours(i64::from(step[1]))),
            2 => machine.driver.engine.settle(),
            3 => machine.restore(),
            4 => machine.audit(),
            5 => {
                machine.driver.engine.revoke(GROUP);
                machine.driver.engine.assign(GROUP);
            }
            6 => machine.take(&pool[usize::from(step[1])], step[1]),
            _ => {
                // The clock is ahead of the records, as in the service.
                let record = &pool[next % pool.len()];
                machine.now = machine.now.max(record.time + Span::minutes(2));
                machine.advance(Span(0));
                machine.take(record, step[1]);
                next += 1;
            }
        }
    }
    machine.audit();
    machine.restore();
}

#[test]
fn a_state_whose_slots_have_expired_is_resumed() {
    let configuration: Configuration = of_windows(3);
    let steps = [1, 162, 9, 115, 7, 54, 10, 52, 4, 147, 0, 196, 3, 5];
    operate(&steps, &configuration, &Exposition::new(&configuration), &records(7, 400, 1));
}
