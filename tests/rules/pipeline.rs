//! Alerts on the pipeline and on planned families: the cases in which they fire, and those in which they must be silent.

use std::collections::BTreeMap;

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, RuleParameters};

use super::shipped::Shipped;
use super::timeline::{Step, Timeline, run};

/// One alert over three phases: quiet for 10 minutes, bad for three hours, and quiet again for three hours. Values may grow at each step.
struct Case {
    alert: &'static str,
    title: &'static str,
    /// The number of alerts that fire near the end of the bad phase; none may fire at the end of the last phase.
    fires: usize,
    series: Vec<(&'static str, Values)>,
}

/// The values of a series.
#[derive(Clone, Copy)]
enum Values {
    /// The same value in all phases.
    Always(f64),
    /// The value in the bad phase, and the value in the others.
    Bad(f64, f64),
    /// The growth at each step of the bad phase, and of the others.
    Grows(f64, f64),
    /// A value that is absent in the bad phase.
    Gone(f64),
    /// A value that is present in the bad phase only.
    OnlyBad(f64),
    /// In the bad phase a start value that falls by an amount at each step; in the others 0.
    Falls(f64, f64),
    /// A counter that rises this many times within the first steps of the bad phase.
    Times(f64),
    /// A value that is bad for three steps only.
    Briefly(f64, f64),
    /// The seconds since the beginning, which do not advance in the bad phase.
    Clock,
}

use Values::{Always, Bad, Briefly, Clock, Falls, Gone, Grows, OnlyBad, Times};

const QUIET: usize = 10;
const BAD: usize = 180;
const AFTER: usize = 180;

#[test]
fn the_alerts_on_the_pipeline_fire_when_they_should_and_not_otherwise() {
    run_cases("cxpulse.alerts.yml", &pipeline());
}

#[test]
fn every_alert_on_the_pipeline_fires_in_one_case_and_is_silent_in_another() {
    let scale = RuleParameters::default();
    let alerts = monitoring::alerts(&Configuration::default(), &scale);
    let cases = pipeline();
    for name in alerts.iter().filter(|alert| !alert.is_of_organisation).map(|alert| alert.name) {
        // Two alerts have tests of their own below: one always fires, and the other reads values of a week ago.
        if name == "CxWatchdog" || name == "CxNoEvents" {
            continue;
        }
        let of = |fires: bool| cases.iter().any(|case| case.alert == name && (case.fires > 0) == fires);
        assert!(of(true) && of(false), "{name}: fires in a case {}, is silent in a case {}", of(true), of(false));
    }
}

#[test]
fn the_watchdog_fires_always() {
    let timeline = Timeline { title: "always".to_owned(), series: Vec::new(), firing: vec![(0, 1), (60, 1)], exactly: None };
    run_one("CxWatchdog", Step::Minute, &[timeline]);
}

/// An alert that fired for three hours is told of for the sixteen hours after it, and not while it fires. One that notifies nobody is not told of.
#[test]
fn what_has_ended_overnight_is_told_in_the_morning() {
    let fired = |labels: &str| {
        let series = format!("ALERTS{{alertstate=\"firing\",about=\"organisation\",job=\"cxpulse\",{labels}}}");
        (series, (0..30).map(|hour| (hour < 3).then_some(1.0)).collect())
    };
    let timeline = Timeline {
        title: "ended".to_owned(),
        series: vec![
            fired("alertname=\"CxCsatDropped\",severity=\"warning\",team=\"a\""),
            fired("alertname=\"CxOther\",severity=\"info\",team=\"a\""),
        ],
        firing: vec![(2, 0), (3, 1), (17, 1), (19, 0)],
        exactly: None,
    };
    run_one("CxEnded", Step::Hour, &[timeline]);
}

#[test]
fn a_topic_is_silent_where_it_usually_has_many_events_and_not_where_it_has_few() {
    let week = 7 * 24 * 60;
    // The step is five minutes, because the values of the past half hour must exist. The topic has `then` events in each step of a week, then none.
    let events = |then: f64, replicas: usize| {
        let total = |at: usize| Some((then * at.min(week / 5) as f64 / replicas as f64).floor());
        let series = |replica: usize| {
            let labels = format!("job=\"cxpulse\",instance=\"{replica}\",topic=\"tickets\",outcome=\"applied\"");
            (format!("cx_events_total{{{labels}}}"), (0..week / 5 + 84).map(total).collect())
        };
        (0..replicas).map(series).collect::<Vec<_>>()
    };
    let after = |minutes: usize| week / 5 + minutes / 5;
    let timeline = |title: &str, series, firing: Vec<(usize, usize)>| Timeline { title: title.to_owned(), series, firing, exactly: None };
    let timelines = [
        timeline("60 in half an hour: fires within 45 minutes", events(10.0, 1), vec![(after(25), 0), (after(45), 1)]),
        timeline("two replicas give what one gives", events(10.0, 2), vec![(after(25), 0), (after(45), 1)]),
        timeline(
            "15 in half an hour: not by the half hour, but within two hours and a half",
            events(2.5, 1),
            vec![(after(90), 0), (after(150), 1)],
        ),
        timeline("3 in half an hour: by six hours and a half", events(0.5, 1), vec![(after(300), 0), (after(400), 1)]),
        timeline("1 in an hour is no alarm", events(0.08, 1), vec![(after(60), 0), (after(400), 0)]),
        timeline("always quiet", events(0.0, 1), vec![(after(60), 0), (after(400), 0)]),
    ];
    run_one("CxNoEvents", Step::FiveMinutes, &timelines);
}

fn run_one(name: &str, step: Step, timelines: &[Timeline]) {
    let shipped = Shipped::read("cxpulse.alerts.yml");
    let place = shipped.names().iter().position(|alert| *alert == name).unwrap();
    let fault = run(&shipped, place, step, timelines);
    assert!(fault.is_none(), "{}", fault.unwrap_or_default());
}

fn run_cases(file: &str, cases: &[Case]) {
    let shipped = Shipped::read(file);
    let mut by_alert: BTreeMap<&str, Vec<Timeline>> = BTreeMap::new();
    for case in cases {
        by_alert.entry(case.alert).or_default().push(case.timeline());
    }
    let mut faults = Vec::new();
    for (name, timelines) in by_alert {
        let place = shipped.names().iter().position(|alert| *alert == name).unwrap_or_else(|| panic!("no alert {name} in {file}"));
        faults.extend(run(&shipped, place, Step::Minute, &timelines));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

impl Case {
    fn timeline(&self) -> Timeline {
        let series = self.series.iter().map(|(series, values)| ((*series).replace('{', "{job=\"cxpulse\","), values.all())).collect();
        let firing = vec![(QUIET - 1, 0), (QUIET + BAD - 1, self.fires), (QUIET + BAD + AFTER - 1, 0)];
        Timeline { title: self.title.to_owned(), series, firing, exactly: None }
    }
}

impl Values {
    fn all(self) -> Vec<Option<f64>> {
        let mut total = 0.0;
        let value = |at: usize| {
            let is_bad = (QUIET..QUIET + BAD).contains(&at);
            match self {
                Always(value) => Some(value),
                Bad(bad, good) => Some(if is_bad { bad } else { good }),
                Briefly(bad, good) => Some(if (QUIET..QUIET + 3).contains(&at) { bad } else { good }),
                OnlyBad(value) => is_bad.then_some(value),
                Falls(from, by) => Some(if is_bad { from - by * (at - QUIET) as f64 } else { 0.0 }),
                Times(times) => Some((at.saturating_sub(QUIET) as f64).min(times)),
                Gone(value) => (!is_bad).then_some(value),
                Grows(bad, good) => {
                    total += if is_bad { bad } else { good };
                    Some(total)
                }
                Clock => Some(60.0 * if is_bad { QUIET } else { at } as f64),
            }
        };
        (0..QUIET + BAD + AFTER).map(value).collect()
    }
}

fn case(alert: &'static str, title: &'static str, fires: usize, series: &[(&'static str, Values)]) -> Case {
    Case { alert, title, fires, series: series.to_vec() }
}

fn pipeline() -> Vec<Case> {
    let mut cases = processes();
    cases.extend(partitions());
    cases.extend(events());
    cases.extend(checkpoints());
    cases
}

fn checkpoints() -> Vec<Case> {
    let written = "cx_checkpoint_last_success_timestamp_seconds{instance=\"a\"}";
    let owns = "cx_kafka_partitions_assigned{instance=\"a\",topic=\"tickets\"}";
    let of_seconds = |seconds| ("cx_checkpoint_interval_seconds{instance=\"a\"}", Always(seconds));
    let (minutes, hour) = (of_seconds(300.0), of_seconds(3_600.0));
    vec![
        case("CxCheckpointStale", "none is written", 1, &[(written, Clock), (owns, Always(6.0)), minutes]),
        case("CxCheckpointStale", "an instance that owns nothing", 0, &[(written, Clock), (owns, Always(0.0)), minutes]),
        case("CxCheckpointStale", "written three hours ago, and due once an hour", 0, &[(written, Clock), (owns, Always(6.0)), hour]),
        case("CxCheckpointStale", "turned off", 0, &[(owns, Always(6.0))]),
    ]
}

fn processes() -> Vec<Case> {
    let build = "cx_build_info{instance=\"a\",version=\"1\",revision=\"x\",fingerprint=\"e\"}";
    let other = "cx_build_info{instance=\"b\",version=\"2\",revision=\"y\",fingerprint=\"e\"}";
    let set_otherwise = "cx_build_info{instance=\"b\",version=\"1\",revision=\"x\",fingerprint=\"f\"}";
    let (up_a, up_b) = ("up{instance=\"a\"}", "up{instance=\"b\"}");
    let collect = "cx_collect_seconds{instance=\"a\"}";
    vec![
        case("CxAbsent", "no replica is scraped", 1, &[(build, Gone(1.0))]),
        case("CxAbsent", "one of two is left", 0, &[(build, Gone(1.0)), (other, Always(1.0))]),
        case("CxReplicaDown", "one of two replicas down", 1, &[(up_a, Always(1.0)), (up_b, Bad(0.0, 1.0))]),
        case("CxReplicaDown", "a restart of three minutes", 0, &[(up_a, Briefly(0.0, 1.0))]),
        case("CxVersionSkew", "an upgrade stops half-way", 1, &[(build, Always(1.0)), (other, OnlyBad(1.0))]),
        case("CxVersionSkew", "one replica has other settings", 1, &[(build, Always(1.0)), (set_otherwise, OnlyBad(1.0))]),
        case("CxVersionSkew", "an upgrade", 0, &[(build, Gone(1.0)), (other, OnlyBad(1.0))]),
        case("CxScrapeSlow", "each takes long", 1, &[(collect, Bad(6.0, 0.1))]),
        case("CxScrapeSlow", "three took long", 0, &[(collect, Briefly(6.0, 0.1))]),
    ]
}

fn partitions() -> Vec<Case> {
    let up = "cx_kafka_up{instance=\"a\"}";
    let (all, of_a, of_b) = (
        "cx_kafka_partitions{instance=\"a\",topic=\"tickets\"}",
        "cx_kafka_partitions_assigned{instance=\"a\",topic=\"tickets\"}",
        "cx_kafka_partitions_assigned{instance=\"b\",topic=\"tickets\"}",
    );
    let (owned_a, owned_b) = (
        "cx_kafka_partition_assigned{instance=\"a\",topic=\"tickets\",partition=\"1\"}",
        "cx_kafka_partition_assigned{instance=\"b\",topic=\"tickets\",partition=\"1\"}",
    );
    let lag = "cx_kafka_lag_records{instance=\"a\",topic=\"tickets\",partition=\"1\"}";
    let lag_b = "cx_kafka_lag_records{instance=\"b\",topic=\"tickets\",partition=\"1\"}";
    let watermark = "cx_watermark_timestamp_seconds{instance=\"a\",topic=\"tickets\"}";
    let events = "cx_events_total{instance=\"a\",topic=\"tickets\",outcome=\"applied\"}";
    let assigned = "cx_kafka_rebalances_total{instance=\"a\",kind=\"assign\"}";
    let paused = "cx_kafka_partitions_paused{instance=\"a\",topic=\"tickets\"}";
    let skipped = "cx_kafka_skipped_offsets_total{instance=\"a\",topic=\"tickets\",reason=\"checksum\"}";
    let owners = [(all, Always(6.0)), (of_a, Always(3.0))];
    vec![
        case("CxKafkaDown", "no broker answers", 1, &[(up, Bad(0.0, 1.0))]),
        case("CxKafkaDown", "a failed poll", 0, &[(up, Briefly(0.0, 1.0))]),
        case("CxPartitionsUnowned", "a member is gone", 1, &[owners[0], owners[1], (of_b, Bad(0.0, 3.0))]),
        case("CxPartitionsUnowned", "a move", 0, &[owners[0], owners[1], (of_b, Briefly(0.0, 3.0))]),
        case("CxPartitionOwnedTwice", "a paused process reads on", 1, &[(owned_a, Always(1.0)), (owned_b, OnlyBad(1.0))]),
        case("CxPartitionOwnedTwice", "a move", 0, &[(owned_a, Gone(1.0)), (owned_b, OnlyBad(1.0))]),
        case("CxLagGrowing", "records pile up", 1, &[(lag, Bad(50_000.0, 10.0))]),
        case("CxLagGrowing", "many, and fewer each minute", 0, &[(lag, Falls(500_000.0, 1_000.0))]),
        case("CxLagGrowing", "two owners for a moment do not double it", 0, &[(lag, Bad(9_000.0, 10.0)), (lag_b, Bad(9_000.0, 10.0))]),
        case("CxPartitionPaused", "a batch cannot be read", 1, &[(paused, Bad(1.0, 0.0))]),
        case("CxPartitionPaused", "a batch is being looked at", 0, &[(paused, Briefly(1.0, 0.0))]),
        case("CxBatchesSkipped", "a batch was passed over", 1, &[(skipped, Grows(1.0, 0.0))]),
        case("CxBatchesSkipped", "one was long ago", 0, &[(skipped, Always(500.0))]),
        case("CxWatermarkStalled", "events of a broken clock arrive", 1, &[(watermark, Clock), (events, Grows(10.0, 10.0))]),
        case("CxWatermarkStalled", "an idle topic", 0, &[(watermark, Clock), (events, Grows(0.0, 10.0))]),
        case("CxRebalanceStorm", "every three minutes", 1, &[(assigned, Grows(0.34, 0.0))]),
        case("CxRebalanceStorm", "a rolling restart of three", 0, &[(assigned, Times(6.0))]),
    ]
}

fn events() -> Vec<Case> {
    let duplicate = "cx_events_total{instance=\"a\",topic=\"tickets\",outcome=\"duplicate\"}";
    let (applied, late, invalid) = (
        "cx_events_total{instance=\"a\",topic=\"tickets\",outcome=\"applied\"}",
        "cx_events_total{instance=\"a\",topic=\"tickets\",outcome=\"late\"}",
        "cx_events_total{instance=\"a\",topic=\"tickets\",outcome=\"invalid\"}",
    );
    let (dead, failed) =
        ("cx_dead_letters_total{instance=\"a\",topic=\"tickets\"}", "cx_dead_letter_failures_total{instance=\"a\",topic=\"tickets\"}");
    let coverage = "cx_window_coverage_ratio{instance=\"a\",window=\"24h\"}";
    let month = "cx_window_coverage_ratio{instance=\"a\",window=\"30d\"}";
    let owned = [
        ("cx_kafka_partitions{instance=\"a\",topic=\"tickets\"}", Always(6.0)),
        ("cx_kafka_partitions_assigned{instance=\"a\",topic=\"tickets\"}", Always(6.0)),
    ];
    let (series, limit) = ("cx_series{instance=\"a\"}", ("cx_series_limit{instance=\"a\"}", Always(1_000.0)));
    let overflow = "cx_series_overflow_total{instance=\"a\",dimension=\"team\"}";
    let evicted = "cx_state_limit_evictions_total{instance=\"a\",store=\"contacts\"}";
    let changes = "cx_state_limit_evictions_total{instance=\"a\",store=\"changes\"}";
    vec![
        case("CxLateEvents", "two in a hundred", 1, &[(applied, Grows(98.0, 100.0)), (late, Grows(2.0, 0.0))]),
        case("CxLateEvents", "three in all", 0, &[(applied, Grows(1.0, 1.0)), (late, Times(3.0))]),
        case("CxDuplicateEvents", "every event twice", 1, &[(applied, Grows(100.0, 100.0)), (duplicate, Grows(100.0, 0.0))]),
        case("CxDuplicateEvents", "one in twenty, as after a retry", 0, &[(applied, Grows(95.0, 100.0)), (duplicate, Grows(5.0, 0.0))]),
        case("CxInvalidEvents", "one in a hundred", 1, &[(applied, Grows(99.0, 100.0)), (invalid, Grows(1.0, 0.0))]),
        case("CxInvalidEvents", "three bad records", 0, &[(applied, Grows(1.0, 1.0)), (invalid, Times(3.0))]),
        case("CxDeadLetters", "one in a hundred", 1, &[(applied, Grows(99.0, 100.0)), (dead, Grows(1.0, 0.0))]),
        case("CxDeadLetters", "three bad records", 0, &[(applied, Grows(1.0, 1.0)), (dead, Times(3.0))]),
        case("CxDeadLetterFailing", "none can be written", 1, &[(failed, Grows(1.0, 0.0))]),
        case("CxDeadLetterFailing", "all are written", 0, &[(failed, Always(0.0))]),
        case("CxWindowIncomplete", "a window stays partial", 1, &[owned[0], owned[1], (coverage, Bad(0.5, 1.0))]),
        case("CxWindowIncomplete", "the month is still filling", 0, &[owned[0], owned[1], (coverage, Always(1.0)), (month, Bad(0.5, 1.0))]),
        case("CxSeriesLimit", "nearly full", 1, &[(series, Bad(950.0, 10.0)), limit]),
        case("CxSeriesLimit", "values become other", 1, &[(overflow, Grows(1.0, 0.0))]),
        case("CxSeriesLimit", "half full", 0, &[(series, Bad(500.0, 10.0)), limit]),
        case("CxStateEvictions", "entries leave early", 1, &[(evicted, Grows(1.0, 0.0))]),
        case("CxStateEvictions", "none leaves", 0, &[(evicted, Always(7.0))]),
        case("CxStateEvictions", "old changes leave", 0, &[(changes, Grows(1.0, 0.0))]),
        case("CxConfigReloadFailed", "a bad file", 1, &[("cx_config_last_reload_successful{instance=\"a\"}", Bad(0.0, 1.0))]),
        case(
            "CxConfigReloadFailed",
            "a bad file for three minutes",
            0,
            &[("cx_config_last_reload_successful{instance=\"a\"}", Briefly(0.0, 1.0))],
        ),
    ]
}
