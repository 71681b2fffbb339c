//! Every fault of a log in a real Prometheus with the shipped rules: what readiness, coverage and `cx:window_complete:bool` say before it, while it lasts,
//! and after it. One Prometheus watches the services of all faults, which happen at the same time.
//!
//! Before its fault each service records every window as complete, so that nothing here can hold without the fault being noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::catch_up_alerts::{History, ONE_BATCH_A_SECOND};
use super::checkpoint_files::safe_records;
use super::set_up::{DAY_MS, Topics, now_ms, seconds_now, send_tickets, ticket_created};
use super::shipped_rules::rule_files;
use super::twins::SETTINGS;
use crate::support::batches::{produce, zstd_bomb};
use crate::support::broker::Broker;
use crate::support::measured::measured;
use crate::support::ports::free_ports;
use crate::support::prometheus::Prometheus;
use crate::support::service::{PATIENCE, Service};
use crate::support::topics::{Producer, add_partitions, create_topics, delete_records, delete_topic};

/// A minute is added, so that records that wait for seconds touch a window.
const WITH_A_MINUTE: &str = r#"
windows = [
    { name = "1m", range = "1m", hop = "1s" },
    { name = "5m", range = "5m", hop = "5s" },
    { name = "1h", range = "1h", hop = "1m" },
    { name = "24h", range = "24h", hop = "15m" },
    { name = "7d", range = "7d", hop = "1h" },
    { name = "30d", range = "30d", hop = "6h" },
]
"#;
/// The windows that are looked at. What waits for some seconds touches that of 5 minutes or not, as quick as the machine is.
const WINDOWS: [&str; 5] = ["1m", "1h", "24h", "7d", "30d"];
/// How many days ago the feed began; the last record before each loss; and the first one after it.
const BEGAN_DAYS: i64 = 40;
const LAST_BEFORE_DAYS: i64 = 20;
const FIRST_AFTER_DAYS: i64 = 2;
/// The windows that the time of a loss lies in, with what is left of each. It lies before the others.
const WITH_LOSS: [(&str, f64); 2] = [("7d", 2.0 / 7.0), ("30d", 12.0 / 30.0)];
/// By how much a share may differ: windows begin at their hops.
const SHARE_TOLERANCE: f64 = 0.02;
/// How often Prometheus scrapes and evaluates.
const INTERVAL_SECONDS: u32 = 1;
const CREATED: &str = "cx_tickets_created{window=\"30d\"}";
/// How many batches wait for a slow reader.
const UNREAD: u32 = 15;

/// The broker, and the instant to which the times of all records refer.
struct Scene<'a> {
    broker: &'a Broker,
    producer: Producer,
    now: i64,
}

/// A service with topics of its own, which Prometheus scrapes as a job.
struct Watched {
    job: &'static str,
    topics: Topics,
    configuration: String,
    service: Service,
    store: TempDir,
}

/// The services, by what happens to the log of their tickets.
struct Faults {
    /// It loses records while nobody reads.
    away: Watched,
    /// It loses records under a running reader.
    overtaken: Watched,
    /// It loses records while another member reads, which then gives it back.
    parked: Watched,
    /// It holds a batch that cannot be unpacked.
    undecodable: Watched,
    /// It grows faster than it is read.
    unread: Watched,
    /// An open transaction hides its records.
    hidden: Watched,
    /// Its topic is deleted and made again.
    made_again: Watched,
    /// It gets a partition that the other topics do not have.
    added: Watched,
}

#[test]
fn every_fault_of_a_log_marks_the_windows_that_it_touches_and_no_other_and_a_start_anew_fires_nothing_by_history() {
    let Some(broker) = Broker::shared() else { return };
    let scene = Scene { broker: &broker, producer: Producer::new(&broker.servers()), now: now_ms() };
    let (begun, settings) = (Instant::now(), format!("{WITH_A_MINUTE}\n{SETTINGS}"));
    let mut faults = Faults::start(&scene);
    let history = History::start(&broker, &settings);
    let [port_of_other] = free_ports();
    let ports = faults.all().map(|watched| (watched.job, watched.service.port()));
    let mut jobs: Vec<(&str, Vec<u16>)> = ports.iter().copied().chain(history.jobs()).map(|(job, port)| (job, vec![port])).collect();
    jobs.iter_mut().filter(|(job, _)| *job == faults.parked.job).for_each(|(_, ports)| ports.push(port_of_other));
    let jobs: Vec<(&str, &[u16])> = jobs.iter().map(|(job, ports)| (*job, ports.as_slice())).collect();
    let Some(prometheus) = Prometheus::start_jobs(&jobs, &rule_files(&settings), INTERVAL_SECONDS) else { return };
    let record = Record { prometheus: &prometheus };
    std::thread::scope(|scope| {
        scope.spawn(|| history.assert_fires_as_before_when_begun_anew(&prometheus));
        scene.record_all(faults, &record, port_of_other);
    });
    assert_eq!(prometheus.faulty_rules(), Vec::<String>::new());
    measured(&format!("{} faults of logs recorded for the windows that they touch, in {} s", ports.len(), begun.elapsed().as_secs()));
}

impl Faults {
    fn start(scene: &Scene<'_>) -> Self {
        let start = |job| scene.start(job, 1, "");
        Self {
            away: start("away"),
            overtaken: start("overtaken"),
            parked: scene.start("parked", 2, ""),
            undecodable: start("undecodable"),
            unread: scene.start("unread", 1, ONE_BATCH_A_SECOND),
            hidden: start("hidden"),
            made_again: start("made again"),
            added: start("added"),
        }
    }

    fn all(&mut self) -> [&mut Watched; 8] {
        let Self { away, overtaken, parked, undecodable, unread, hidden, made_again, added } = self;
        [away, overtaken, parked, undecodable, unread, hidden, made_again, added]
    }
}

impl Scene<'_> {
    /// Lets all faults happen, and looks at what is recorded before, meanwhile and afterwards.
    fn record_all(&self, mut faults: Faults, record: &Record<'_>, port_of_other: u16) {
        for watched in faults.all() {
            watched.service.wait_until_ready();
            record.wait_for(watched.job, 1.0, &[], "before its fault");
        }
        let whole_until = seconds_now();
        self.hold_back(&mut faults, record);
        self.lose_while_away(&mut faults.away);
        self.lose_under_a_reader(&mut faults.overtaken);
        self.lose_while_another_reads(&mut faults.parked, port_of_other);
        for watched in [&faults.away, &faults.overtaken, &faults.parked, &faults.undecodable] {
            record.wait_for(watched.job, 1.0, &WITH_LOSS.map(|(window, share)| (window, Some(share))), "after a loss");
        }
        let right = [(&faults.unread, 10 + u64::from(UNREAD)), (&faults.hidden, 20), (&faults.made_again, 30), (&faults.added, 15)];
        for (watched, created) in right {
            record.wait_for(watched.job, 1.0, &[], "when everything is read");
            assert_eq!(watched.service.scrape_count(CREATED), created, "{}", watched.job);
        }
        // Whole seconds are looked back at, and the newest one has to end first.
        std::thread::sleep(Duration::from_secs(2 * u64::from(INTERVAL_SECONDS)));
        for watched in [&faults.away, &faults.overtaken, &faults.parked, &faults.undecodable] {
            record.assert_stays_incomplete(watched.job, whole_until);
        }
        record.assert_never_wrong(faults.made_again.job, whole_until, [10, 30]);
        record.assert_unread_partitions_show(&faults.added, whole_until);
    }

    /// Topics that hold 40 days, and a service that reads them.
    fn start(&self, job: &'static str, partitions: i32, kafka: &str) -> Watched {
        let topics = Topics::create(self.broker, partitions);
        let began = self.now - BEGAN_DAYS * DAY_MS;
        for partition in 0..partitions {
            let chat =
                format!(r#"{{"id":"first-{partition}","type":"chat.started","time":{began},"chat_id":"C{partition}","channel":"web"}}"#);
            self.producer.send_to(&topics.chats, partition, began, Some(chat.as_bytes()));
            self.send(&topics, partition, 0..10, LAST_BEFORE_DAYS);
        }
        let store = TempDir::new().expect("a temporary folder");
        let checkpoint = format!("[checkpoint]\nurl = \"{}\"\ninterval = \"1s\"\n", store.path().display());
        let configuration =
            format!("{WITH_A_MINUTE}\n{SETTINGS}\n{}\n{checkpoint}", topics.configuration(&self.broker.servers(), "", kafka));
        let service = Service::start(&configuration);
        Watched { job, topics, configuration, service, store }
    }

    /// Sends tickets to a partition, as of some days ago.
    fn send(&self, topics: &Topics, partition: i32, numbers: std::ops::Range<u32>, days: i64) {
        let time = self.now - days * DAY_MS;
        for number in numbers {
            let event = ticket_created(&format!("{partition}-{number}"), time, "a");
            self.producer.send_to(&topics.tickets, partition, time, Some(event.as_bytes()));
        }
        self.producer.flush();
    }

    /// Everything in which records stay unread for a while, and are read in the end or passed over.
    fn hold_back(&self, faults: &mut Faults, record: &Record<'_>) {
        let Faults { undecodable, unread, hidden, made_again, added, .. } = faults;
        let servers = self.broker.servers();
        delete_topic(&servers, &made_again.topics.tickets);
        add_partitions(&servers, &added.topics.tickets, 2);
        // A producer that was there before does not know the new partition yet.
        Scene { producer: Producer::new(&servers), ..*self }.send(&added.topics, 1, 10..15, 0);
        assert_eq!(produce(&servers, &undecodable.topics.tickets, 0, &zstd_bomb(self.now, 40 << 20)).0, 0);
        self.send_after_loss(undecodable, 0);
        let transaction = self.leave_records_behind(hidden, unread);
        for watched in [&*hidden, &*unread] {
            record.wait_for(watched.job, 1.0, &[("1m", None)], "while records are not read");
        }
        transaction.commit();
        record.wait_until_minute_is_incomplete(made_again.job);
        create_topics(&servers, &[&made_again.topics.tickets], 1);
        send_tickets(&Producer::new(&servers), &made_again.topics, 100..130, self.now);
        added.service.wait_for_count(CREATED, 15, PATIENCE);
        record.wait_for(added.job, 0.0, &[], "while a partition is read that the other topics do not have");
        for topic in [&added.topics.chats, &added.topics.surveys, &added.topics.customers] {
            add_partitions(&servers, topic, 2);
        }
    }

    /// Sends what is to be read after a loss.
    fn send_after_loss(&self, watched: &Watched, partition: i32) {
        self.send(&watched.topics, partition, 60..65, FIRST_AFTER_DAYS);
    }

    /// Sends records, and removes them before anybody has read them; then sends what is to be read.
    fn lose(&self, watched: &Watched, partition: i32) {
        self.send(&watched.topics, partition, 10..60, LAST_BEFORE_DAYS / 2);
        delete_records(&self.broker.servers(), &[(&watched.topics.tickets, partition, 60)]);
        self.send_after_loss(watched, partition);
    }

    fn lose_while_away(&self, watched: &mut Watched) {
        let (port, store) = (watched.service.port(), watched.store.path().to_path_buf());
        watched.service.wait_until("its state is safe", PATIENCE, |_| safe_records(&store) == 11);
        watched.service.ask_to_end();
        assert!(watched.service.wait_for_exit().success());
        self.lose(watched, 0);
        watched.service = Service::start_on(port, &watched.configuration);
    }

    fn lose_under_a_reader(&self, watched: &mut Watched) {
        watched.service.pause();
        // The fetch that is under way ends first.
        std::thread::sleep(Duration::from_millis(500));
        self.lose(watched, 0);
        watched.service.resume();
    }

    /// Another member takes a partition over and gives it back: what it has read is lost for the first one, which goes on from its own state.
    fn lose_while_another_reads(&self, watched: &mut Watched, port: u16) {
        // It keeps no checkpoints where the first one would find them.
        let mut other = Service::start_on(port, &watched.configuration.replace("[checkpoint]\nurl", "[checkpoint]\nurl = \"off\"\n# url"));
        other.wait_for_count(CREATED, 10, PATIENCE);
        let labels = [("topic", watched.topics.tickets.as_str()), ("partition", "1")];
        let partition = i32::from(other.scrape().with_labels("cx_kafka_partition_assigned", &labels) == Some(1.0));
        self.send(&watched.topics, partition, 10..60, LAST_BEFORE_DAYS / 2);
        other.wait_for_count(CREATED, 60, PATIENCE);
        delete_records(&self.broker.servers(), &[(&watched.topics.tickets, partition, 60)]);
        self.send_after_loss(watched, partition);
        assert!(other.terminate().0.success());
    }

    /// Opens a transaction that hides records of one service, and sends to a slow one more than it reads at once. Gives the producer of the transaction.
    fn leave_records_behind(&self, hidden: &Watched, unread: &Watched) -> Producer {
        let transaction = Producer::in_transaction(&self.broker.servers(), &hidden.topics.tickets);
        transaction.send_to(&hidden.topics.tickets, 0, self.now, Some(ticket_created("in-transaction", self.now, "a").as_bytes()));
        transaction.flush();
        self.send(&hidden.topics, 0, 10..19, 0);
        for number in 10..10 + UNREAD {
            self.send(&unread.topics, 0, number..number + 1, 0);
        }
        transaction
    }
}

/// What Prometheus has recorded.
struct Record<'a> {
    prometheus: &'a Prometheus,
}

impl Record<'_> {
    /// Waits until a job is recorded with this readiness and with exactly these windows incomplete, each with this share of it covered where one is given.
    fn wait_for(&self, job: &str, ready: f64, incomplete: &[(&str, Option<f64>)], when: &str) {
        let begun = Instant::now();
        let expected: BTreeMap<&str, f64> =
            WINDOWS.iter().map(|window| (*window, f64::from(incomplete.iter().all(|(name, _)| name != window)))).collect();
        loop {
            let complete = self.of_windows(&format!("cx:window_complete:bool{{job=\"{job}\"}}"));
            let covered = self.of_windows(&format!("cx:window_coverage_ratio:min{{job=\"{job}\"}}"));
            let seen_ready = self.prometheus.query(&format!("min(cx_ready{{job=\"{job}\"}})")).first().map(|(_, value)| *value);
            let is_complete = expected.iter().all(|(window, value)| complete.get(*window) == Some(value));
            let is_covered = incomplete.iter().all(|(window, share)| {
                let seen = covered.get(*window).copied().unwrap_or(f64::NAN);
                share.is_none_or(|share| (seen - share).abs() < SHARE_TOLERANCE)
            });
            if is_complete && is_covered && seen_ready == Some(ready) {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{job}, {when}: ready {seen_ready:?}, complete {complete:?}, covered {covered:?}; expected ready {ready}, incomplete {incomplete:?}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until the shortest window is incomplete. While a topic is missing, the others are so only once the group has taken its partitions away.
    fn wait_until_minute_is_incomplete(&self, job: &str) {
        let begun = Instant::now();
        while self.of_windows(&format!("cx:window_complete:bool{{job=\"{job}\"}}")).get("1m") != Some(&0.0) {
            assert!(begun.elapsed() < PATIENCE, "{job}: nothing shows that its topic is missing");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn of_windows(&self, expression: &str) -> BTreeMap<String, f64> {
        self.prometheus.query(expression).into_iter().map(|(labels, value)| (labels["window"].clone(), value)).collect()
    }

    /// The values of a record at each second since an instant.
    fn since(&self, expression: &str, begun: u64) -> BTreeMap<u64, f64> {
        let now = seconds_now();
        self.prometheus.look_back(expression, now - begun, now).into_iter().next().map(|(_, points)| points).unwrap_or_default()
    }

    /// Whenever the longest window counted as complete, its number of tickets was one of these, and both were seen.
    fn assert_never_wrong(&self, job: &str, begun: u64, right: [u64; 2]) {
        let complete = self.since(&format!("cx:window_complete:bool{{job=\"{job}\",window=\"30d\"}}"), begun);
        let created = self.since(&format!("cx:tickets_created:sum{{job=\"{job}\",window=\"30d\"}}"), begun);
        let seen = created.iter().filter(|(second, _)| complete.get(second) == Some(&1.0)).map(|(_, value)| *value as u64);
        assert_eq!(seen.collect::<BTreeSet<_>>(), BTreeSet::from(right), "{job}");
    }

    /// While a topic had more partitions than were read, no window counted as complete: it was incomplete, or there was no value. Both are records of one
    /// evaluation.
    fn assert_unread_partitions_show(&self, watched: &Watched, begun: u64) {
        let (job, topic) = (watched.job, &watched.topics.tickets);
        let of_topic = |record: &str| self.since(&format!("{record}{{job=\"{job}\",topic=\"{topic}\"}}"), begun);
        let (all, read) = (of_topic("cx:kafka_partitions:max"), of_topic("cx:kafka_partitions_assigned:sum"));
        let complete = self.since(&format!("max(cx:window_complete:bool{{job=\"{job}\"}})"), begun);
        let unread: Vec<u64> =
            all.iter().filter(|(second, count)| read.get(second).is_some_and(|read| read < count)).map(|(second, _)| *second).collect();
        assert!(!unread.is_empty(), "{job}: the new partition was read at once: {all:?} {read:?}");
        // A second without a value says nothing wrong either; the seconds of the new partition itself say that something is missing.
        assert!(unread.iter().all(|second| complete.get(second) != Some(&1.0)), "{job}: {unread:?} {complete:?}");
        assert!(unread.iter().any(|second| complete.get(second) == Some(&0.0)), "{job}: {unread:?} {complete:?}");
    }

    /// Once the longest window counted as incomplete because of a loss, it stayed so, and a day behind the loss is complete in the end.
    fn assert_stays_incomplete(&self, job: &str, begun: u64) {
        let covered = self.since(&format!("cx:window_coverage_ratio:min{{job=\"{job}\",window=\"30d\"}}"), begun);
        let complete = self.since(&format!("cx:window_complete:bool{{job=\"{job}\",window=\"30d\"}}"), begun);
        let share = WITH_LOSS[1].1;
        let lost = covered.iter().find(|(_, covered)| (**covered - share).abs() < SHARE_TOLERANCE).map(|(second, _)| *second);
        let lost = lost.unwrap_or_else(|| panic!("{job}: no second shows the loss: {covered:?}"));
        // The two are of one evaluation.
        let after: Vec<f64> = complete.range(lost..).map(|(_, value)| *value).collect();
        assert!(!after.is_empty() && after.iter().all(|value| *value == 0.0), "{job}: {complete:?}");
    }
}
