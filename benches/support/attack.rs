//! Hostile records without end against a partition group with small limits, each kind beside good records of a desk. The bench of limits runs it for minutes, and a
//! test for a moment.
//!
//! What is measured: the resident memory beyond that of the start, against the announced budget, and the CPU time. What is checked: that every record has
//! its outcome, and that the good ones are counted.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cxpulse::config::Configuration;
use cxpulse::engine::Outcome;
use cxpulse::time::EventTime;

use engine_driver::EngineDriver;

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "../../tests/support/engine_driver.rs"]
mod engine_driver;

/// Monday, 2026-03-02, 00:00 UTC.
const START: EventTime = EventTime(1_772_409_600_000);
/// So many records come in one millisecond of event time, about as many as a core takes in.
const RECORDS_A_MS: u64 = 200;
/// The teams of the good records.
const TEAMS: u64 = 10;
/// The tickets on which values and tuples come.
const KNOWN: u64 = 20_000;
/// The good records of one ticket: opened, answered, solved.
const GOOD_OF_A_TICKET: u64 = 3;

/// What attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hostile {
    /// Records that are refused, for many reasons.
    Invalid,
    /// Records of a megabyte.
    Megabytes,
    /// A value of a dimension for each record.
    Values,
    /// A tuple of known values for each record.
    Tuples,
    /// Tickets that nobody answers.
    Tickets,
    /// Customers who come and are erased.
    Erased,
    /// Answered surveys.
    Surveys,
}

impl Hostile {
    pub(crate) const ALL: [Self; 7] =
        [Self::Invalid, Self::Megabytes, Self::Values, Self::Tuples, Self::Tickets, Self::Erased, Self::Surveys];

    /// The store that reaches its limit; `None` where nothing is kept.
    fn store(self) -> Option<&'static str> {
        match self {
            Self::Invalid | Self::Megabytes | Self::Values | Self::Tuples => None,
            Self::Tickets => Some("contacts"),
            Self::Erased => Some("customers"),
            Self::Surveys => Some("surveys"),
        }
    }

    /// The records of one hostile step.
    fn records(self) -> u64 {
        if self == Self::Erased { 2 } else { 1 }
    }
}

/// What one kind of attack did.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The hostile records, and the good ones beside them.
    pub(crate) records: [u64; 2],
    /// The CPU time of this thread.
    pub(crate) cpu: Duration,
    /// The least number of good records for each second of CPU time, over one second.
    pub(crate) slowest: f64,
    /// The largest resident memory beyond that of the start, in bytes, seen once a second and at the end.
    pub(crate) resident: u64,
    /// The memory that is in use at the end, in bytes; the rest is what the allocator keeps.
    pub(crate) in_use: u64,
}

impl Report {
    /// The good records for each second of CPU time.
    pub(crate) fn good_a_second(&self) -> f64 {
        self.records[1] as f64 / self.cpu.as_secs_f64()
    }
}

/// A partition group under attack.
pub(crate) struct Attack {
    driver: EngineDriver,
    text: String,
    /// A record that is too large by far.
    megabyte: String,
    records: u64,
    /// The number of the next hostile thing, which no other has.
    hostile: u64,
    good: u64,
    /// The records of each topic by outcome: applied and invalid.
    sent: [[u64; 2]; 4],
    /// Tickets that were opened.
    opened: u64,
    resident_before: u64,
}

impl Attack {
    /// A group whose limits are one in `divisor` of 100,000 tickets and as many customers and surveys.
    pub(crate) fn new(divisor: usize) -> Self {
        let mut configuration = Configuration::default();
        let limits = &mut configuration.engine.limits;
        let entries = 100_000 / divisor;
        (limits.contacts_max, limits.customers_max, limits.surveys_max) = (entries, entries, entries);
        (limits.identities_max, limits.held_max) = (2 * entries, entries / 10);
        (limits.cells_max, limits.cells_per_family_max) = (20_000 / divisor, 2_000 / divisor);
        // Each value of these is kept apart, so that tuples of them are many.
        let values_max = 1_000;
        configuration.engine.dimensions.iter_mut().for_each(|dimension| dimension.values_max = values_max);
        configuration.decode.dimensions.iter_mut().for_each(|dimension| dimension.values_max = values_max);
        let driver = EngineDriver::at_end(configuration, START);
        Self {
            driver,
            text: String::new(),
            megabyte: "y".repeat(1 << 20),
            records: 0,
            hostile: 0,
            good: 0,
            sent: [[0; 2]; 4],
            opened: 0,
            resident_before: resident_bytes(),
        }
    }

    /// The memory that the limits announce, in bytes.
    pub(crate) fn budget(&self) -> u64 {
        let settings = &self.driver.configuration.engine;
        settings.budget_of_a_group().iter().map(|part| part.bytes).sum::<u64>() + settings.budget_of_label_sets(1).bytes
    }

    /// Sends hostile records, and a good one after each, while `goes_on` says so; it is given their number and the time since the begin. Once a second the
    /// values are read, as a scrape does.
    pub(crate) fn run(&mut self, hostile: Hostile, goes_on: impl Fn(u64, Duration) -> bool) -> Report {
        let (begun, begun_cpu) = (Instant::now(), cpu_time::ThreadTime::now());
        let mut report = Report { records: [0; 2], cpu: Duration::ZERO, slowest: f64::INFINITY, resident: self.resident(), in_use: 0 };
        let (mut looked_at, mut looked_cpu, mut looked_good) = (begun, Duration::ZERO, 0);
        while goes_on(report.records[0], begun.elapsed()) {
            for _ in 0..64 {
                self.send_hostile(hostile);
                (0..hostile.records()).for_each(|_| self.send_good());
            }
            report.records[0] += 64 * hostile.records();
            report.records[1] += 64 * hostile.records();
            if looked_at.elapsed() >= Duration::from_secs(1) {
                drop(self.driver.engine.snapshot());
                report.resident = report.resident.max(self.resident());
                let cpu = begun_cpu.elapsed();
                let rate = (report.records[1] - looked_good) as f64 / (cpu - looked_cpu).as_secs_f64();
                report.slowest = report.slowest.min(rate);
                (looked_at, looked_cpu, looked_good) = (Instant::now(), cpu, report.records[1]);
            }
        }
        drop(self.driver.engine.snapshot());
        report.cpu = begun_cpu.elapsed();
        report.slowest = report.slowest.min(report.good_a_second());
        report.resident = report.resident.max(self.resident());
        report.in_use = cxpulse::runtime::memory_in_use().unwrap_or_default();
        report
    }

    /// Panics unless every record has its outcome, every ticket that was opened is counted, and the store of a kind that ran has evicted.
    pub(crate) fn check_counters(&mut self, ran: &[Hostile]) {
        let max = |store: &str| {
            let limits = &self.driver.configuration.engine.limits;
            match store {
                "contacts" => limits.contacts_max,
                "customers" => limits.customers_max,
                _ => limits.surveys_max,
            }
        };
        let limits: Vec<(&str, usize)> = ran.iter().filter_map(|hostile| hostile.store()).map(|store| (store, max(store))).collect();
        let snapshot = self.driver.engine.snapshot();
        for (topic, [applied, invalid]) in snapshot.topics.iter().zip(self.sent) {
            let ledger = &topic.ledger;
            assert!(ledger.is_balanced(), "{ledger:?}");
            assert_eq!((ledger.applied, ledger.invalid.iter().sum::<u64>()), (applied, invalid), "{}: {ledger:?}", topic.name);
            assert_eq!(ledger.consumed, applied + invalid, "{}: {ledger:?}", topic.name);
        }
        let mut text = String::new();
        cxpulse::metrics::Exposition::new(&self.driver.configuration).render(&snapshot, &mut text);
        let value = |series: &str| -> Option<u64> {
            let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
            Some(line.rsplit(' ').next()?.parse::<f64>().ok()? as u64)
        };
        assert_eq!(value("cx_tickets_created{window=\"30d\"}"), Some(self.opened), "opened tickets");
        if ran.contains(&Hostile::Values) {
            assert!(value("cx_series_overflow_total{dimension=\"team\"}") > Some(0), "values beyond the limit are counted");
        }
        for (store, max) in limits {
            assert!(value(&format!("cx_state_limit_evictions_total{{store=\"{store}\"}}")) > Some(0), "nothing of {store} was evicted");
            let kept = value(&format!("cx_state_entries{{store=\"{store}\"}}"));
            assert!(kept <= Some(max as u64), "{kept:?} {store}, allowed are {max}");
        }
    }

    fn resident(&self) -> u64 {
        resident_bytes().saturating_sub(self.resident_before)
    }

    fn now(&self) -> i64 {
        START.0 + (self.records / RECORDS_A_MS) as i64
    }

    fn send(&mut self, topic: u8, wanted: fn(&Outcome) -> bool, slot: usize) {
        let outcome = self.driver.take(topic, self.text.as_bytes());
        assert!(wanted(&outcome), "{outcome:?}: {}", self.text.chars().take(300).collect::<String>());
        self.records += 1;
        self.sent[usize::from(topic)][slot] += 1;
    }

    fn event(&mut self, topic: u8, event_type: &str, members: std::fmt::Arguments<'_>) {
        self.text.clear();
        let (id, now) = (self.records, self.now());
        write!(self.text, r#"{{"id":"e{id}","type":"{event_type}","time":{now},{members}}}"#).expect("memory");
        self.send(topic, |outcome| *outcome == Outcome::Applied, 0);
    }

    fn send_good(&mut self) {
        let (ticket, step) = (self.good / GOOD_OF_A_TICKET, self.good % GOOD_OF_A_TICKET);
        self.good += 1;
        let (team, customer) = (ticket % TEAMS, ticket % 1_000);
        match step {
            0 => {
                self.opened += 1;
                let members =
                    format_args!(r#""ticket_id":"G{ticket}","customer_id":"good{customer}","channel":"email","team":"team{team}""#);
                self.event(0, "ticket.created", members);
            }
            1 => self.event(0, "ticket.message", format_args!(r#""ticket_id":"G{ticket}","author":"agent","public":true"#)),
            _ => self.event(0, "ticket.status_changed", format_args!(r#""ticket_id":"G{ticket}","status":"solved""#)),
        }
    }

    fn send_hostile(&mut self, hostile: Hostile) {
        let n = self.hostile;
        self.hostile += 1;
        match hostile {
            Hostile::Invalid => self.send_invalid(n),
            Hostile::Megabytes => {
                std::mem::swap(&mut self.text, &mut self.megabyte);
                self.send((n % 4) as u8, |outcome| matches!(outcome, Outcome::Invalid(_)), 1);
                std::mem::swap(&mut self.text, &mut self.megabyte);
            }
            Hostile::Values => {
                self.event(0, "ticket.message", format_args!(r#""ticket_id":"V{}","author":"agent","team":"never{n}""#, n % KNOWN))
            }
            Hostile::Tuples => {
                let (team, brand) = (n % 990, n / 990 % 990);
                let members = format_args!(r#""ticket_id":"V{}","author":"agent","team":"known{team}","brand":"known{brand}""#, n % KNOWN);
                self.event(0, "ticket.message", members);
            }
            Hostile::Tickets => {
                self.opened += 1;
                self.event(0, "ticket.created", format_args!(r#""ticket_id":"T{n}","channel":"email","team":"team{}""#, n % TEAMS));
            }
            Hostile::Erased => {
                self.event(3, "customer.subscribed", format_args!(r#""customer_id":"C{n}","segment":"business""#));
                self.event(3, "customer.erased", format_args!(r#""customer_id":"C{n}""#));
            }
            Hostile::Surveys => {
                self.event(2, "survey.responded", format_args!(r#""survey_id":"S{n}","metric":"csat","score":{}"#, n % 5 + 1));
            }
        }
    }

    fn send_invalid(&mut self, n: u64) {
        self.text.clear();
        let now = self.now();
        match n % 8 {
            0 => write!(self.text, r#"{{"id":"i{n}","type":"ticket.juggled","time":{now},"ticket_id":"T{n}"}}"#),
            1 => write!(self.text, r#"{{"id":"i{n}","type":"ticket.created","time":{now},"ticket_id":"T{n}""#),
            2 => write!(self.text, r#"{{"id":"i{n}","type":"ticket.created","time":"noon {n}","ticket_id":"T{n}"}}"#),
            3 => write!(self.text, r#"{{"id":"i{n}","type":"ticket.created","time":{now}}}"#),
            4 => write!(self.text, r#"{{"id":"i{n}","id":"j{n}","type":"ticket.created","time":{now},"ticket_id":"T{n}"}}"#),
            5 => write!(self.text, r#"{{"id":"i{n}","type":"ticket.created","time":{now},"ticket_id":"T{n}","x{n}":{}}}"#, "[".repeat(40)),
            6 => write!(self.text, r#"{{"id":"i{n}","type":"survey.responded","time":{now},"metric":"csat","score":5}}"#),
            _ => write!(self.text, "{n} is no object"),
        }
        .expect("memory");
        self.send(0, |outcome| matches!(outcome, Outcome::Invalid(_)), 1);
    }
}

/// The resident memory of this process in bytes.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the kernel tells what a process holds");
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4_096
}
