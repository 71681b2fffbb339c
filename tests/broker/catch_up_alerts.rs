//! A service that begins anew on a long log, in a real Prometheus with alerts that neither wait nor stay: what it reads of the past fires nothing, and ends
//! nothing that fired.
//!
//! A control shows that the same past, had it happened today, fires. Does not know the other services that Prometheus watches.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cxpulse::metrics;

use super::set_up::{DAY_MS, HOUR_MS, Topics, begin_feed, now_ms, seconds_now};
use crate::support::broker::Broker;
use crate::support::exposition::{Exposition, family_of};
use crate::support::measured::measured;
use crate::support::prometheus::Prometheus;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, set_retention};

/// How many answers there are on each day.
const ANSWERS: u32 = 30;
/// The days of the past.
const DAYS: [i64; 12] = [28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6];
/// An alert that fired goes on through a gap from what it was at these instants, as the rules say.
const BRIDGED_FROM_SECONDS: u64 = 15;
/// The least number of scrapes, and of seconds in Prometheus, during a catch-up.
const SECONDS_MIN: usize = 10;
/// The settings of a reader that gets one batch a second.
pub(super) const ONE_BATCH_A_SECOND: &str =
    "[kafka.properties]\n\"fetch.message.max.bytes\" = \"1\"\n\"fetch.min.bytes\" = \"100000\"\n\"fetch.wait.max.ms\" = \"1000\"\n";
/// The jobs of Prometheus.
const JOB: &str = "history";
const CONTROL: &str = "control";

/// A service with a past whose answers are bad on every day but today, and bad today about another team; and one to whom the same answers were given today.
pub(super) struct History<'a> {
    servers: String,
    settings: &'a str,
    topics: Topics,
    service: Service,
    control: Service,
}

impl<'a> History<'a> {
    /// Sends the past and starts both services.
    pub(super) fn start(broker: &Broker, settings: &'a str) -> Self {
        let (now, producer) = (now_ms(), Producer::new(&broker.servers()));
        let [topics, of_today] = [(); 2].map(|()| surveys_in_one_file(broker));
        for each in [&topics, &of_today] {
            begin_feed(&producer, each, now - 40 * DAY_MS);
        }
        for day in DAYS {
            answer(&producer, &topics, "then", 1, now - day * DAY_MS);
            answer(&producer, &of_today, "then", 1, now - HOUR_MS - day);
        }
        for (team, score) in [("then", 5), ("today", 1)] {
            answer(&producer, &topics, team, score, now - HOUR_MS);
        }
        let servers = broker.servers();
        let [service, control] = [&topics, &of_today].map(|topics| Service::start(&configuration(settings, topics, &servers, "")));
        Self { servers, settings, topics, service, control }
    }

    /// The jobs that Prometheus is to scrape.
    pub(super) fn jobs(&self) -> [(&'static str, u16); 2] {
        [(JOB, self.service.port()), (CONTROL, self.control.port())]
    }

    /// Ends the service, starts it without any state, and compares what fires at each second with what fired before.
    pub(super) fn assert_fires_as_before_when_begun_anew(self, prometheus: &Prometheus) {
        let Self { servers, settings, topics, mut service, mut control } = self;
        let watch = Watch { prometheus };
        service.wait_until_ready();
        control.wait_until_ready();
        watch.wait_until_fires(CONTROL, "then");
        watch.wait_until_fires(JOB, "today");
        watch.wait_until_one("cx:windows_settled:bool");
        watch.let_bridge_begin();
        let (before, begun) = (watch.firing(), seconds_now());
        assert!(before.iter().all(|alert| !alert.contains("\"then\"")), "only a part of the history is of today: {before:?}");
        let (answers, port) = (answers_of(&service.scrape()), service.port());

        assert!(service.terminate().0.success());
        let began_anew = Instant::now();
        let mut service = Service::start_on(port, &configuration(settings, &topics, &servers, ONE_BATCH_A_SECOND));
        let withheld = withheld_scrapes(&mut service, settings, answers);
        let took = began_anew.elapsed();
        assert!(withheld >= SECONDS_MIN, "caught up after {withheld} scrapes");
        service.wait_until_ready();
        watch.wait_until_one("cx:window_complete:bool");
        // The last of the rules follow some evaluations later.
        std::thread::sleep(Duration::from_secs(5));

        let ended = seconds_now();
        let incomplete = watch.seconds_incomplete(begun, ended);
        assert!(incomplete >= SECONDS_MIN, "only {incomplete} seconds were recorded as incomplete");
        for (second, firing) in watch.alerts_by_second(begun, ended) {
            assert_eq!(firing, before, "at second {} of a catch-up of {} s", second - begun, took.as_secs());
        }
        measured(&format!(
            "begun anew, caught up in {:.0} s: {withheld} scrapes without a value, {incomplete} s recorded as incomplete; {} alert goes on, and none begins",
            took.as_secs_f64(),
            before.len()
        ));
    }
}

fn configuration(settings: &str, topics: &Topics, servers: &str, kafka: &str) -> String {
    format!("{settings}\n{}\n[checkpoint]\nurl = \"off\"\n", topics.configuration(servers, "", kafka))
}

/// Topics whose records of many days lie in one file, so that a broker waits for more of them as a fetch asks it to.
fn surveys_in_one_file(broker: &Broker) -> Topics {
    let topics = Topics::create(broker, 1);
    set_retention(&broker.servers(), &topics.surveys, None, Duration::from_secs(400 * 86_400));
    topics
}

/// Sends answers of one score about a team.
fn answer(producer: &Producer, topics: &Topics, team: &str, score: u8, time: i64) {
    for number in 0..ANSWERS {
        let event = format!(
            r#"{{"id":"{team}-{time}-{number}","type":"survey.responded","time":{time},"metric":"csat","score":{score},"team":"{team}"}}"#
        );
        producer.send_to(&topics.surveys, 0, time, Some(event.as_bytes()));
    }
    producer.flush();
}

/// Scrapes until a value of the organisation is shown, which is then the right one. Gives how many scrapes showed none.
fn withheld_scrapes(service: &mut Service, settings: &str, answers: u64) -> usize {
    let values = value_families(settings);
    let mut withheld = BTreeSet::new();
    let mut caught_up = false;
    let begun = Instant::now();
    service.wait_until("it has caught up", PATIENCE, |service| {
        let Some(answer) = service.ask("/metrics") else { return false };
        let seen = Exposition::parse(&answer.body);
        let shown = seen.samples().filter(|(series, _)| values.contains(family_of(series))).count();
        if shown > 0 {
            assert_eq!(answers_of(&seen), answers, "the first values that are shown are those of everything");
            caught_up = true;
        } else {
            assert!(seen.family("cx_window_coverage_ratio").all(|(_, covered)| covered == 0.0), "without values nothing is covered");
            withheld.insert(begun.elapsed().as_secs());
        }
        caught_up
    });
    withheld.len()
}

/// How many answers a service has counted in the longest window.
fn answers_of(seen: &Exposition) -> u64 {
    seen.count("cx_csat_responses{window=\"30d\"}")
}

/// The names of all series about the organisation.
fn value_families(settings: &str) -> BTreeSet<String> {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), settings).expect("the file is writable");
    let configuration = cxpulse::config::load(Some(file.path()), Vec::new(), &[]).unwrap_or_else(|why| panic!("{why}")).configuration;
    let names: BTreeSet<String> = metrics::Exposition::new(&configuration).listed_families().iter().map(|listed| listed.name()).collect();
    assert!(names.contains("cx_csat_responses") && names.contains("cx_tickets_created"), "{names:?}");
    names
}

/// What Prometheus has evaluated.
struct Watch<'a> {
    prometheus: &'a Prometheus,
}

impl Watch<'_> {
    fn wait_until_fires(&self, job: &str, team: &str) {
        let begun = Instant::now();
        while !self.firing_of(job).iter().any(|alert| alert.contains("CxCsatBelowTarget") && alert.contains(&format!("\"{team}\""))) {
            assert!(begun.elapsed() < PATIENCE, "{job}: no alert about team {team}; only {:?}", self.firing_of(job));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Returns when what fires now has fired at an instant from which a gap is bridged.
    fn let_bridge_begin(&self) {
        let next = (seconds_now() / BRIDGED_FROM_SECONDS + 1) * BRIDGED_FROM_SECONDS;
        while seconds_now() < next + 2 {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until each value of a guard is 1.
    fn wait_until_one(&self, record: &str) {
        let begun = Instant::now();
        let is_one = || self.prometheus.query(&format!("min({record}{{job=\"{JOB}\"}})")).first().is_some_and(|(_, value)| *value == 1.0);
        while !is_one() {
            assert!(begun.elapsed() < 2 * PATIENCE, "{record} does not become 1");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// How many of the seconds were recorded with every window incomplete.
    fn seconds_incomplete(&self, begun: u64, ended: u64) -> usize {
        let most = self.prometheus.look_back(&format!("max(cx:window_complete:bool{{job=\"{JOB}\"}})"), ended - begun, ended);
        most.first().map_or(0, |(_, points)| points.values().filter(|value| **value == 0.0).count())
    }

    /// The alerts about the organisation that fire now.
    fn firing(&self) -> BTreeSet<String> {
        self.firing_of(JOB)
    }

    fn firing_of(&self, job: &str) -> BTreeSet<String> {
        let samples = self.prometheus.query(&alerts(job));
        samples.into_iter().map(|(labels, _)| format!("{labels:?}")).collect()
    }

    /// Those of each second.
    fn alerts_by_second(&self, begun: u64, ended: u64) -> Vec<(u64, BTreeSet<String>)> {
        let fired = self.prometheus.look_back(&alerts(JOB), ended - begun, ended);
        let at = |second: u64| {
            fired.iter().filter(|(_, points)| points.contains_key(&second)).map(|(labels, _)| format!("{labels:?}")).collect()
        };
        (begun..=ended).map(|second| (second, at(second))).collect()
    }
}

/// The alerts about the organisation that fire, as a query.
fn alerts(job: &str) -> String {
    format!("ALERTS{{job=\"{job}\",about=\"organisation\",alertstate=\"firing\"}}")
}
