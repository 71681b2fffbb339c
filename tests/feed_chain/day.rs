//! A day of a small desk: who wrote, what changed, and when. Does not know the tables of any help desk.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::chain::{Chain, DAY, HOUR, MINUTE, Metric, SNAPSHOT_GAP};
use super::database::Database;
use super::page::{block, stage};
use crate::support::measured::measured;
use crate::support::tools::leave_out_without_tool;

/// The mean time between two new tickets.
const BETWEEN_TICKETS: i64 = 20 * MINUTE;

/// What happens to a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    /// It begins with a message of this side.
    Opened {
        customer: i64,
        team: i64,
        by_agent: bool,
    },
    CustomerWrote,
    AgentWrote {
        agent: i64,
    },
    Noted {
        agent: i64,
    },
    /// An agent changes the team.
    Moved {
        team: i64,
    },
    /// An agent closes it, with a last message or without.
    Closed {
        agent: i64,
        with_message: bool,
    },
    /// The customer writes to a closed ticket, which is open again.
    Reopened,
}

/// A help desk that keeps its rows in a database.
pub(super) trait Tables {
    /// The name of the feed, and what makes its tables.
    const FEED: &'static str;
    const DEFINITIONS: &'static str;
    /// The tables that are read.
    const READ: &'static [&'static str];
    /// An entry of the page's configuration with the name of the first team, before which that of the second one is put.
    const FIRST_TEAM: &'static str;

    /// The metrics by SQL over the 30 days that end at an instant.
    fn by_sql(database: &Database, end: i64) -> Vec<Metric>;

    /// The statements that the application runs when this happens to a ticket, at milliseconds since 1970.
    fn statements(&mut self, at: i64, ticket: i64, happening: Happening) -> String;
}

/// All that happens, in the order of time.
pub(super) struct Day {
    happenings: Vec<(i64, i64, Happening)>,
    snapshot: i64,
    random: ChaCha8Rng,
}

/// Plays a day at a help desk, most of it before the connector comes: before and after the rest, the gauges are those of SQL.
pub(super) fn compare_with_sql<T: Tables>(mut tables: T) {
    let mut chain = match Chain::start(T::FEED) {
        Ok(chain) => chain,
        Err(why) => return leave_out_without_tool(&why),
    };
    let (snapshot, end) = (chain.snapshot(), chain.end());
    let day = Day::new(snapshot - DAY, snapshot, end);
    let past = day.statements(0, snapshot, &mut tables);
    chain.query(&format!("{}BEGIN;\n{past}COMMIT;\n{}", T::DEFINITIONS, block(T::FEED, "sql", 0)));
    let rows = chain.take_snapshot(T::READ);
    chain.run(&stage(T::FEED).replace(T::FIRST_TEAM, &format!("2 = \"Billing\"\n{}", T::FIRST_TEAM)));
    let past = chain.wait_until_equal(T::by_sql);
    assert!(past.iter().all(|(_, value)| *value > 0.0), "{past:?}");
    chain.query(&day.statements(snapshot, end, &mut tables));
    let compared = chain.wait_until_equal(T::by_sql);
    assert!(past.iter().zip(&compared).all(|(past, now)| past != now), "each value moves: {past:?}, {compared:?}");
    chain.assert_nothing_refused(&["tickets"]);
    let values: Vec<String> = compared.iter().map(|(name, value)| format!("{name} {value}")).collect();
    measured(&format!("{}: {rows} rows of a day, gauges equal SQL, {} s in all: {}", T::FEED, chain.seconds(), values.join(", ")));
}

impl Day {
    /// What happens from `begin` to `end` at a desk whose snapshot is taken between; all in milliseconds since 1970.
    pub(super) fn new(begin: i64, snapshot: i64, end: i64) -> Self {
        let mut day = Self { happenings: Vec::new(), snapshot, random: ChaCha8Rng::seed_from_u64(7) };
        let (mut at, mut ticket) = (begin, 0);
        while at < end {
            ticket += 1;
            day.play(ticket, at);
            at += day.within(BETWEEN_TICKETS / 2, BETWEEN_TICKETS * 3 / 2);
        }
        day.happenings.retain(|(at, _, _)| *at < end);
        day.happenings.sort_by_key(|(at, ticket, _)| (*at, *ticket));
        day
    }

    /// The statements of a time, in the words of a help desk.
    pub(super) fn statements(&self, from: i64, to: i64, tables: &mut impl Tables) -> String {
        let within = self.happenings.iter().filter(|(at, _, _)| (from..to).contains(at));
        within.map(|(at, ticket, happening)| tables.statements(*at, *ticket, *happening)).collect()
    }

    /// One ticket from its begin to its end. A move lies before the snapshot: the tables do not say to which team a ticket came first.
    fn play(&mut self, ticket: i64, begin: i64) {
        let (customer, team, agent) = (ticket % 40 + 1, self.within(1, 3), self.within(3, 8));
        let by_agent = self.chance(0.1);
        self.happens(begin, ticket, Happening::Opened { customer, team, by_agent });
        if self.chance(0.05) {
            return;
        }
        let mut at = begin;
        if by_agent {
            at += self.within(10 * MINUTE, HOUR);
            self.happens(at, ticket, Happening::CustomerWrote);
        }
        let moved = at + MINUTE;
        if moved < self.snapshot && self.chance(0.2) {
            self.happens(moved, ticket, Happening::Moved { team: 3 - team });
        }
        if self.chance(0.3) {
            self.happens(at + 2 * MINUTE, ticket, Happening::Noted { agent });
        }
        at += self.within(3 * MINUTE, 2 * HOUR);
        self.happens(at, ticket, Happening::AgentWrote { agent });
        at += self.within(5 * MINUTE, HOUR);
        self.happens(at, ticket, Happening::CustomerWrote);
        at += self.within(5 * MINUTE, HOUR);
        let with_message = self.chance(0.5);
        self.happens(at, ticket, Happening::Closed { agent, with_message });
        if self.chance(0.25) {
            at += self.within(HOUR, 3 * HOUR);
            self.happens(at, ticket, Happening::Reopened);
            at += self.within(5 * MINUTE, HOUR);
            self.happens(at, ticket, Happening::Closed { agent, with_message: true });
        }
    }

    /// Nothing happens while the connector takes its snapshot: what comes after its begin comes later by the gap.
    fn happens(&mut self, at: i64, ticket: i64, happening: Happening) {
        let at = if at < self.snapshot { at } else { at + SNAPSHOT_GAP };
        self.happenings.push((at, ticket, happening));
    }

    fn within(&mut self, from: i64, to: i64) -> i64 {
        self.random.random_range(from..to)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }
}
