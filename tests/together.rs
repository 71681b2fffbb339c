//! Several engines together show the same values as one engine over all partition groups, whichever engine is ahead and whichever groups come and go.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    pub(crate) mod side_by_side;
}

use cxpulse::config::Configuration;
use cxpulse::engine::{Engine, MergedEngines, PartitionGroup, Progress, RecordPlace, Snapshot, TopicIndex};
use cxpulse::metrics::{Explainer, Exposition};
use cxpulse::simulator::GeneratedRecord;
use cxpulse::time::{EventTime, Span};
use proptest::prelude::*;
use support::engine_driver;
use support::side_by_side::{differing, group_of, lines, of_windows, records};

const EVENTS: usize = 1_500;
const GROUPS: i32 = 6;
/// The stores whose entries depend on how often the windows have moved, and on how soon the events were read.
const WITHOUT_STORES: [&str; 3] = ["pane_cells", "panes", "surveys"];

/// A step between two snapshots.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// This many events are read.
    Read(usize),
    /// A partition group is revoked.
    Revoke(i32),
    /// A partition group is assigned, perhaps again.
    Assign(i32),
    /// `now` moves on by this many milliseconds.
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..400_usize).prop_map(Step::Read),
        1 => (0..6).prop_map(Step::Revoke),
        1 => (0..6).prop_map(Step::Assign),
        1 => (0..Span::days(2).0).prop_map(Step::Wait),
        1 => (Span::days(2).0..Span::days(80).0).prop_map(Step::Wait),
    ]
}

struct Side {
    engines: Vec<Engine>,
    together: MergedEngines,
}

impl Side {
    fn new(configuration: &Configuration, engines: usize) -> Self {
        let first = engine_driver::engine_of(configuration, [], None);
        let together = MergedEngines::of(&first);
        let mut engines: Vec<Engine> = (1..engines).map(|_| first.beside()).collect();
        engines.push(first);
        engines.iter_mut().for_each(|engine| engine.follow_events_until(Some(EventTime::MAX)));
        Self { engines, together }
    }

    fn engine(&mut self, group: PartitionGroup) -> &mut Engine {
        let count = self.engines.len() as i32;
        &mut self.engines[group.0.rem_euclid(count) as usize]
    }

    fn read(&mut self, configuration: &Configuration, record: &GeneratedRecord, group: PartitionGroup, offset: i64) {
        let topic = TopicIndex(record.kind as u8);
        let engine = self.engine(group);
        let place = RecordPlace { group, topic, offset, record_time: Some(record.time) };
        engine_driver::take(engine, configuration, place, record.payload.as_deref());
        engine.set_progress(group, topic, Progress { at_end: offset % 2 == 0, seen_through: record.time });
    }

    fn shown(&mut self, exposition: &Exposition) -> Vec<String> {
        let mut engines: Vec<&mut Engine> = self.engines.iter_mut().collect();
        self.together.gather(&mut engines);
        shown(exposition, &self.together.snapshot())
    }
}

/// The lines of the exposition, and the values of the courses.
fn shown(exposition: &Exposition, snapshot: &Snapshot) -> Vec<String> {
    let mut all = lines(exposition, snapshot, &WITHOUT_STORES);
    for (window, course) in (0..).map_while(|window| Some((window, snapshot.course(window)?))) {
        for (slice, state) in course.windows.iter().enumerate() {
            let values = exposition.values(course, slice);
            let families =
                ["cx_csat_ratio", "cx_first_response_p50_seconds", "cx_ces_effort_score", "cx_reopen_ratio", "cx_chat_wait_mean_seconds"];
            let samples = families.into_iter().filter_map(|family| values.overall(family, &[]));
            all.extend(samples.map(|sample| format!("{window} from {}: {} {}", state.start, sample.series, sample.exact())));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn several_engines_show_together_what_one_shows(
        seed in 0..1_000_u64,
        count in 1..5_usize,
        windows in 2..6_usize,
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let configuration = of_windows(windows);
        let exposition = Exposition::new(&configuration);
        let mut alone = Side::new(&configuration, 1);
        let mut several = Side::new(&configuration, count);
        let mut unwatched = Side::new(&configuration, 1);
        let mut assigned = [true; GROUPS as usize];
        let mut events: Vec<Option<GeneratedRecord>> = records(seed, EVENTS, GROUPS).into_iter().map(Some).collect();
        for side in [&mut alone, &mut several, &mut unwatched] {
            (0..GROUPS).map(PartitionGroup).for_each(|group| side.engine(group).assign(group));
        }
        let mut read_to = 0;
        for step in steps {
            match step {
                Step::Read(count) => {
                    read_to = (read_to + count).min(events.len());
                    // Events of a group that is not assigned are read later, when it is assigned again.
                    let ready: Vec<(i64, GeneratedRecord)> = (0..read_to)
                        .filter_map(|at| {
                            let group = group_of(events[at].as_ref()?, GROUPS);
                            if assigned[group.0 as usize] { Some((at as i64, events[at].take()?)) } else { None }
                        })
                        .collect();
                    for (at, record) in &ready {
                        alone.read(&configuration, record, group_of(record, GROUPS), *at);
                        unwatched.read(&configuration, record, group_of(record, GROUPS), *at);
                    }
                    for group in (0..GROUPS).rev().map(PartitionGroup) {
                        ready.iter().filter(|(_, record)| group_of(record, GROUPS) == group).for_each(|(at, record)| several.read(&configuration, record, group, *at));
                    }
                }
                Step::Revoke(group) | Step::Assign(group) => {
                    let comes = matches!(step, Step::Assign(_));
                    assigned[group as usize] = comes;
                    for side in [&mut alone, &mut several, &mut unwatched] {
                        let engine = side.engine(PartitionGroup(group));
                        if comes { engine.assign(PartitionGroup(group)) } else { engine.revoke(PartitionGroup(group)) }
                    }
                }
                Step::Wait(span) => {
                    for side in [&mut alone, &mut several, &mut unwatched] {
                        let latest = side.engines.iter().filter_map(Engine::largest_event_time).max();
                        let Some(now) = latest.map(|latest| latest + Span(span)) else { continue };
                        side.engines.iter_mut().for_each(|engine| engine.advance_to(now));
                    }
                }
            }
            let (one, all) = (alone.shown(&exposition), several.shown(&exposition));
            let by_itself = shown(&exposition, &alone.engines[0].snapshot());
            prop_assert_eq!(&one, &by_itself, "gathering changes nothing");
            prop_assert!(one == all, "after {:?}: {:#?}", step, differing(&one, &all));
        }
        let (one, unwatched) = (alone.shown(&exposition), unwatched.shown(&exposition));
        prop_assert!(one.len() > 40);
        prop_assert!(one == unwatched, "looking changes nothing: {:#?}", differing(&one, &unwatched));
    }
}

/// The lines that several engines show of the same events under these limits.
fn limited(engines: usize, values_max: usize, cells_max: usize) -> Vec<String> {
    let mut configuration = Configuration::default();
    configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = values_max);
    configuration.engine.limits.cells_max = cells_max;
    let mut side = Side::new(&configuration, engines);
    (0..6).map(PartitionGroup).for_each(|group| side.engine(group).assign(group));
    for (at, record) in records(1, EVENTS, GROUPS).iter().enumerate() {
        side.read(&configuration, record, group_of(record, 6), at as i64);
    }
    side.shown(&Exposition::new(&configuration))
}

fn value(lines: &[String], series: &str) -> f64 {
    lines.iter().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')).unwrap().parse().unwrap()
}

#[test]
fn the_limits_of_values_and_of_label_sets_hold_for_all_engines_together() {
    let overall_alone = value(&limited(1, 200, 0), "cx_series");
    let unlimited = value(&limited(1, 200, 200_000), "cx_series");
    assert!(unlimited > overall_alone + 150.0);
    let several = limited(3, 3, 150);
    assert!(value(&several, "cx_series") <= overall_alone + 150.0, "overall values are always kept: {overall_alone}");
    assert!(value(&several, "cx_state_limit_evictions_total{store=\"cells\"}") > 0.0);
    let is_team = |line: &String| line.starts_with("cx_tickets_created_by_team{") && line.contains("window=\"30d\"");
    let teams = limited(3, 2, 200_000).into_iter().filter(is_team).count();
    assert!((3..=4).contains(&teams), "two teams and `other`, and perhaps `unknown`: {teams}");
}

/// The families of counts in a course, each with the family of the facts that it counts.
const COUNTED: [(&str, &str); 5] = [
    ("cx_csat_responses", "cx_csat_responses"),
    ("cx_ces_responses", "cx_ces_responses"),
    ("cx_tickets_resolved", "cx_tickets_resolved"),
    ("cx_first_response_seconds_count", "cx_first_response_seconds"),
    ("cx_resolution_seconds_count", "cx_resolution_seconds"),
];

#[test]
fn the_slices_of_a_course_hold_the_facts_of_their_time_after_a_start_and_after_a_rebalance() {
    let configuration = Configuration::default();
    let exposition = Exposition::new(&configuration);
    let mut engine = Engine::new(std::sync::Arc::new(configuration.engine.clone()));
    engine.keep_standing_facts();
    engine.follow_events_until(Some(EventTime::MAX));
    let mut side = Side { together: MergedEngines::of(&engine), engines: vec![engine] };
    (0..GROUPS).map(PartitionGroup).for_each(|group| side.engine(group).assign(group));
    for (at, record) in records(3, 6_000, GROUPS).iter().enumerate() {
        side.read(&configuration, record, group_of(record, GROUPS), at as i64);
    }
    let engine = &mut side.engines[0];
    // Nothing was read before, as after a start.
    let compared = facts_in_slices(&exposition, engine);
    println!("measured: {compared} facts lie in the slices of their time");
    assert!(compared > 1_000, "only {compared} facts");
    let now = engine.largest_event_time().unwrap();
    engine.advance_to(now + Span::hours(7));
    (1..4).map(PartitionGroup).for_each(|group| engine.revoke(group));
    let fewer = facts_in_slices(&exposition, engine);
    engine.advance_to(now + Span::hours(30));
    (1..3).map(PartitionGroup).for_each(|group| engine.assign(group));
    let (before, after) = (fewer, facts_in_slices(&exposition, engine));
    assert!(0 < before && before < compared && before < after, "{compared}, then {before}, then {after}");
}

/// Compares the count of each slice with the facts of its time, and gives how many facts that are. Every window has between 20 and 25 slices, which end
/// with now.
fn facts_in_slices(exposition: &Exposition, engine: &mut Engine) -> usize {
    let snapshot = engine.snapshot();
    let facts: Vec<(&str, EventTime)> = engine
        .standing_facts()
        .filter_map(|fact| Some((Explainer::family(&fact), fact.time.filter(|time| *time <= snapshot.now)?)))
        .collect();
    let mut compared = 0;
    for (window, state) in snapshot.windows.iter().enumerate() {
        let course = snapshot.course(window).unwrap();
        assert!((20..=25).contains(&course.windows.len()), "{} slices", course.windows.len());
        let (first, last) = (&course.windows[0], &course.windows[course.windows.len() - 1]);
        assert!(first.start >= state.start && first.start - state.start < first.settings.range, "the first begins with the window");
        assert!(last.start <= snapshot.now && snapshot.now < last.start + last.settings.range, "the last is running");
        for (slice, state) in course.windows.iter().enumerate() {
            let lies_within = |time: EventTime| state.start <= time && time < state.start + state.settings.range;
            for (name, family) in COUNTED {
                let count = facts.iter().filter(|(of, time)| *of == family && lies_within(*time)).count();
                let shown = exposition.values(course, slice).overall(name, &[]).map_or(0.0, |sample| sample.value);
                assert!(shown == count as f64, "{name} from {}: {shown} and not {count}", state.start);
                compared += count;
            }
        }
    }
    compared
}
