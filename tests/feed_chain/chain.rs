//! The way of a desk's rows by the page of its feed: PostgreSQL, Debezium, Kafka, `cxpulse feed` and `cxpulse run`. Does not know the tables of a desk.
//!
//! Nobody waits for hours in a test, so the snapshot is dated back by four hours: that is the one change to the shipped program.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use cxpulse::feed::shipped;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::connect::Connect;
use super::database::Database;
use super::page::{block, connector};
use crate::support::broker::Broker;
use crate::support::exposition::Exposition;
use crate::support::service::{Service, cxpulse};
use crate::support::topics::{client, create_topics};

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
/// The longest that the first snapshot may take, after its rows were written.
pub(super) const SNAPSHOT_GAP: i64 = 5 * MINUTE;
/// So far back the snapshot is dated.
const DATED_BACK: i64 = 4 * HOUR;
/// A window of 30 days ends at the next multiple of six hours.
const HOP: i64 = 6 * HOUR;
const PATIENCE: Duration = Duration::from_secs(120);

/// The name of a family, with the value of its label after a space where it has one, and a value.
pub(super) type Metric = (String, f64);

/// The stations between a desk's database and its gauges.
pub(super) struct Chain {
    // The service and the stage end before what they are connected to.
    service: Option<Service>,
    stage: Option<Killed>,
    connect: Connect,
    feed: &'static str,
    broker: Broker,
    database: Database,
    folder: TempDir,
    begun: (Instant, i64),
    backfill_log: String,
}

impl Chain {
    /// Starts a database with the feed's name and a broker with all topics. The error names the tool that is missing.
    pub(super) fn start(feed: &'static str) -> Result<Self, String> {
        let database = Database::start(feed)?;
        let broker = Broker::start()?;
        create_topics(
            &broker.servers(),
            &[feed, &format!("{feed}-names"), "tickets", "chats", "surveys", "customers", "cxpulse-rejected"],
            1,
        );
        let connect = Connect::new(&broker.servers(), &connector_of(feed, &database))?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        Ok(Self {
            service: None,
            stage: None,
            connect,
            feed,
            broker,
            database,
            folder,
            begun: (Instant::now(), now()),
            backfill_log: String::new(),
        })
    }

    /// The instant to which the snapshot is dated; rows of before are there when the connector starts.
    pub(super) fn snapshot(&self) -> i64 {
        self.begun.1 - DATED_BACK
    }

    /// The end of the desk's day: nothing may lie later.
    pub(super) fn end(&self) -> i64 {
        self.begun.1 - 2 * SNAPSHOT_GAP
    }

    /// How many seconds have passed since the start.
    pub(super) fn seconds(&self) -> u64 {
        self.begun.0.elapsed().as_secs()
    }

    /// Runs statements in the desk's database.
    pub(super) fn query(&self, statements: &str) -> String {
        self.database.query(statements)
    }

    /// Lets the connector take its snapshot: the number of rows of these tables.
    pub(super) fn take_snapshot(&mut self, tables: &[&str]) -> i64 {
        self.connect.start();
        let counts: Vec<String> = tables.iter().map(|table| format!("(SELECT count(*) FROM {table})")).collect();
        let rows = self.query(&format!("SELECT {}", counts.join(" + "))).parse().expect("a number");
        self.wait_for_raw(rows);
        assert!(now() < self.begun.1 + SNAPSHOT_GAP, "the snapshot took longer than the desk waits");
        rows
    }

    /// Sends the past with this configuration of the stage, and starts the stage and the service.
    pub(super) fn run(&mut self, feeds: &str) {
        let (clock, program) = ("$change.source.ts_ms as $at", shipped(self.feed).expect("a shipped feed").program);
        assert_eq!(program.matches(clock).count(), 1);
        let program = program.replace(clock, &format!("($change.source.ts_ms - {DATED_BACK}) as $at"));
        std::fs::write(self.folder.path().join("own.jq"), program).expect("the folder is writable");
        let [port] = crate::support::ports::free_ports();
        let name = format!("name = \"{}\"", self.feed);
        let text = feeds.replace("localhost:9092", &self.broker.servers()).replace(&name, &format!("{name}\nprogram = \"./own.jq\""));
        let path = self.folder.path().join("feeds.toml");
        std::fs::write(&path, format!("{text}\n[web]\nlisten_addresses = [\"127.0.0.1:{port}\"]\n")).expect("the folder is writable");
        let filled = cxpulse().args(["feed", "backfill", "--topic", self.feed, "--config"]).arg(&path).output();
        let filled = filled.expect("the binary was built");
        self.backfill_log = String::from_utf8_lossy(&filled.stderr).into_owned();
        assert!(filled.status.success(), "{}", self.backfill_log);

        let log = std::fs::File::create(self.folder.path().join("stage.log")).expect("the folder is writable");
        let stage = cxpulse().args(["feed", "--config"]).arg(&path).stdout(Stdio::null()).stderr(log).spawn();
        self.stage = Some(Killed(stage.expect("the binary was built")));
        let service = block("chatwoot", "toml", 1).replace("localhost:9092", &self.broker.servers());
        self.service.insert(Service::start(&service)).wait_until_ready();
    }

    /// Runs statements while the connector is away.
    pub(super) fn while_away(&mut self, statements: &str) {
        self.connect.stop();
        self.database.query(statements);
        self.connect.start();
    }

    /// Waits until the service has the values of SQL over the 30 days that end at an instant: those values.
    pub(super) fn wait_until_equal(&self, by_sql: fn(&Database, i64) -> Vec<Metric>) -> Vec<Metric> {
        let begun = Instant::now();
        loop {
            let (differences, compared) = self.compare(by_sql);
            if differences.is_empty() {
                return compared;
            }
            assert!(begun.elapsed() < PATIENCE, "{differences:#?}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Waits until the topic of names has so many rows, and the stage has had the time to read them.
    pub(super) fn wait_for_names(&self, rows: i64) {
        let begun = Instant::now();
        while self.end_of(&format!("{}-names", self.feed)) < rows {
            assert!(begun.elapsed() < PATIENCE, "no new name comes; the log:\n{}", self.connect.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        std::thread::sleep(Duration::from_secs(2));
    }

    /// Waits until so many tickets of 30 days were created with a team.
    pub(super) fn wait_for_team(&self, team: &str, tickets: f64) {
        let begun = Instant::now();
        let created = || by_scrape(&self.service().scrape(), &format!("cx_tickets_created_by_team {team}"));
        while created().total_cmp(&tickets).is_ne() {
            assert!(begun.elapsed() < PATIENCE, "{team}: {} and not {tickets}; {}", created(), self.logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Every event of these topics was counted, the backlog is complete, and no text has left the database.
    pub(super) fn assert_nothing_refused(&self, topics: &[&str]) {
        let samples = self.service().scrape();
        for topic in topics {
            for outcome in ["late", "invalid", "future"] {
                let count = samples.with_labels("cx_events_total", &[("topic", topic), ("outcome", outcome)]);
                assert_eq!(count, Some(0.0), "{topic} {outcome}");
            }
        }
        assert_eq!(samples.value("cx_backlog_complete"), Some(1.0));
        assert_eq!(self.end_of("cxpulse-rejected"), 0, "payloads were rejected: {}", self.logs());
        assert!(!self.raw_text().contains("canary"), "texts leave the database");
    }

    /// What differs between SQL and the service, and the values of SQL. Both are asked again where the window moved on meanwhile.
    fn compare(&self, by_sql: fn(&Database, i64) -> Vec<Metric>) -> (Vec<String>, Vec<Metric>) {
        loop {
            let end = (now() / HOP + 1) * HOP;
            let wanted = by_sql(&self.database, end);
            let samples = self.service().scrape();
            if (now() / HOP + 1) * HOP != end {
                continue;
            }
            let differ = |(name, wanted): &Metric| {
                let found = by_scrape(&samples, name);
                let is_equal = (found - wanted).abs() <= wanted.abs() * 1e-6;
                (!is_equal).then(|| format!("{name}: {found}, by SQL {wanted}"))
            };
            return (wanted.iter().filter_map(differ).collect(), wanted);
        }
    }

    fn service(&self) -> &Service {
        self.service.as_ref().expect("the service runs")
    }

    fn logs(&self) -> String {
        let stage = std::fs::read_to_string(self.folder.path().join("stage.log")).unwrap_or_default();
        format!("{}\n{stage}\n{}", self.backfill_log, self.connect.log())
    }

    /// Waits until the raw topic has every row of the snapshot.
    fn wait_for_raw(&self, rows: i64) {
        let begun = Instant::now();
        while self.end_of(self.feed) < rows {
            assert!(begun.elapsed() < PATIENCE, "the snapshot does not come; the log:\n{}", self.connect.log());
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// The offset after the last record of a topic.
    fn end_of(&self, topic: &str) -> i64 {
        use rdkafka::consumer::{BaseConsumer, Consumer};
        let consumer: BaseConsumer = client(&self.broker.servers()).set("group.id", "watch").create().expect("constant client settings");
        consumer.fetch_watermarks(topic, 0, Duration::from_secs(5)).map_or(0, |(_, end)| end)
    }

    /// Everything in the raw topic, for a look at what left the database.
    fn raw_text(&self) -> String {
        use rdkafka::Message;
        use rdkafka::consumer::{BaseConsumer, Consumer};
        let mut settings = client(&self.broker.servers());
        let consumer: BaseConsumer =
            settings.set("group.id", "look").set("enable.auto.commit", "false").create().expect("constant client settings");
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(self.feed, 0, rdkafka::Offset::Beginning).expect("a valid offset");
        consumer.assign(&list).expect("a valid assignment");
        let (mut text, mut next, end) = (String::new(), 0, self.end_of(self.feed));
        while next < end {
            if let Some(message) = consumer.poll(Duration::from_secs(5)) {
                let message = message.expect("a record");
                text += &String::from_utf8_lossy(message.payload().unwrap_or_default());
                next = message.offset() + 1;
            }
        }
        text
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The metrics in the output of SQL: a name and a value a line.
pub(super) fn metrics_of(rows: &str) -> Vec<Metric> {
    rows.lines().filter_map(|line| line.split_once('|')).map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect()
}

/// An instant as PostgreSQL writes one without a zone, in UTC.
pub(super) fn sql_time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).expect("a time of this century").strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
}

/// The connector's configuration of the page, for this database.
fn connector_of(feed: &str, database: &Database) -> Map<String, Value> {
    let mut connector = connector(feed);
    connector.insert("name".to_owned(), feed.into());
    connector.insert("database.hostname".to_owned(), "127.0.0.1".into());
    connector.insert("database.port".to_owned(), database.port.to_string().into());
    connector
}

/// A metric as the service has it.
fn by_scrape(samples: &Exposition, name: &str) -> f64 {
    let (family, value) = name.split_once(' ').unwrap_or((name, ""));
    let mut labels = vec![("window", "30d")];
    if family == "cx_backlog_tickets" {
        labels.clear();
    } else if family.ends_with("_by_team") {
        labels.push(("team", value));
    } else if family == "cx_surveys_sent" {
        labels.push(("metric", value));
    }
    samples.with_labels(family, &labels).unwrap_or(f64::NAN)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
