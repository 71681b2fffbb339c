//! FreeScout: a day of a small desk, of which the connector finds the most as rows and sees the rest happen. Its times are local times of Berlin.
//!
//! Does not know how its rows reach the service.

use super::chain::{DAY, Metric, metrics_of, sql_time};
use super::database::Database;
use super::day::{Happening, Tables, compare_with_sql};

/// The columns of FreeScout's tables that matter here, with the names and types of its schema, and some that must never leave the database.
const TABLES: &str = "
CREATE TABLE conversations (id serial PRIMARY KEY, number integer, threads_count integer DEFAULT 0, type smallint NOT NULL, folder_id integer, status smallint NOT NULL DEFAULT 1,
  state smallint NOT NULL DEFAULT 2, subject varchar(998) DEFAULT 'canary', customer_email varchar(191) DEFAULT 'canary', preview varchar(255) NOT NULL DEFAULT 'canary', imported boolean NOT NULL DEFAULT false,
  mailbox_id integer NOT NULL, user_id integer, customer_id integer, created_by_user_id integer, source_via smallint NOT NULL, closed_at timestamp(0), created_at timestamp(0), updated_at timestamp(0));
CREATE TABLE threads (id serial PRIMARY KEY, conversation_id integer NOT NULL, user_id integer, type smallint NOT NULL, status smallint NOT NULL DEFAULT 1, state smallint NOT NULL DEFAULT 1,
  action_type smallint, body text DEFAULT 'canary', headers text DEFAULT 'canary', \"from\" varchar(191) DEFAULT 'canary', customer_id integer, created_by_user_id integer, created_by_customer_id integer,
  imported boolean NOT NULL DEFAULT false, created_at timestamp(0), updated_at timestamp(0));
";
const ACTIVE: i64 = 1;
const CLOSED: i64 = 3;
/// The thread leaves the status as it was.
const UNCHANGED: i64 = 6;

/// What the application writes into its tables.
struct FreeScout {
    drafts: i64,
}

impl FreeScout {
    fn thread(at: &str, ticket: i64, kind: i64, status: i64, author: &str) -> String {
        format!(
            "INSERT INTO threads (conversation_id, type, status, state, action_type, {author}, created_at, updated_at) VALUES ({ticket}, {kind}, {status}, 2, {}, 3, {at}, {at});\n",
            if kind == 4 { "1" } else { "NULL" }
        )
    }

    /// A message of an agent. Each third one lay there as a draft before it was sent.
    fn agent_message(&mut self, at: &str, ticket: i64, status: i64) -> String {
        self.drafts += 1;
        let text = Self::thread(at, ticket, 2, status, "created_by_user_id");
        if self.drafts % 3 > 0 {
            return text;
        }
        let sent = format!("UPDATE threads SET state = 2 WHERE conversation_id = {ticket} AND state = 1;\n");
        text.replace(&format!(", {status}, 2, NULL"), &format!(", {status}, 1, NULL")) + &sent
    }

    fn change(at: &str, ticket: i64, set: &str) -> String {
        format!("UPDATE conversations SET {set}, updated_at = {at} WHERE id = {ticket};\n")
    }
}

impl Tables for FreeScout {
    const FEED: &'static str = "freescout";
    const DEFINITIONS: &'static str = TABLES;
    const READ: &'static [&'static str] = &["conversations", "threads"];
    const FIRST_TEAM: &'static str = "1 = \"Support\"";

    fn statements(&mut self, at: i64, ticket: i64, happening: Happening) -> String {
        let at = &local(&format!("'{}'", sql_time(at)));
        match happening {
            Happening::Opened { customer, team, by_agent } => {
                let via = if by_agent { 2 } else { 1 };
                let row = format!(
                    "INSERT INTO conversations (id, type, mailbox_id, customer_id, source_via, created_at, updated_at) VALUES ({ticket}, 1, {team}, {customer}, {via}, {at}, {at});\n"
                );
                row + &if by_agent {
                    Self::thread(at, ticket, 2, ACTIVE, "created_by_user_id")
                } else {
                    Self::thread(at, ticket, 1, ACTIVE, "created_by_customer_id")
                }
            }
            Happening::CustomerWrote => Self::thread(at, ticket, 1, ACTIVE, "created_by_customer_id"),
            Happening::Noted { .. } => Self::thread(at, ticket, 3, UNCHANGED, "created_by_user_id"),
            Happening::AgentWrote { agent } => {
                self.agent_message(at, ticket, UNCHANGED) + &Self::change(at, ticket, &format!("user_id = {agent}"))
            }
            Happening::Moved { team } => Self::change(at, ticket, &format!("mailbox_id = {team}")),
            Happening::Closed { with_message, .. } => {
                let closes = if with_message {
                    self.agent_message(at, ticket, CLOSED)
                } else {
                    Self::thread(at, ticket, 4, CLOSED, "created_by_user_id")
                };
                closes + &Self::change(at, ticket, &format!("status = {CLOSED}, closed_at = {at}"))
            }
            Happening::Reopened => {
                Self::thread(at, ticket, 1, ACTIVE, "created_by_customer_id") + &Self::change(at, ticket, &format!("status = {ACTIVE}"))
            }
        }
    }

    fn by_sql(database: &Database, end: i64) -> Vec<Metric> {
        let (begin, end) = (local(&format!("'{}'", sql_time(end - 30 * DAY))), local(&format!("'{}'", sql_time(end))));
        let within = |column: &str| format!("{column} >= {begin} AND {column} < {end}");
        let sql = format!(
            "SELECT 'cx_tickets_created', count(*) FROM conversations WHERE {created};
             SELECT 'cx_tickets_created_by_team Support', count(*) FROM conversations WHERE mailbox_id = 1 AND {created};
             SELECT 'cx_tickets_created_by_team Billing', count(*) FROM conversations WHERE mailbox_id = 2 AND {created};
             CREATE TEMP TABLE solves AS SELECT c.id, c.created_at, max(t.created_at) AS solved FROM conversations c
               JOIN threads t ON t.conversation_id = c.id AND t.status = {CLOSED} AND t.state = 2 GROUP BY c.id, c.created_at;
             SELECT 'cx_tickets_resolved', count(*) FROM solves WHERE {solved};
             SELECT 'cx_resolution_mean_seconds', avg(extract(epoch FROM solved - created_at)) FROM solves WHERE {solved};
             SELECT 'cx_tickets_reopened', count(*) FROM (SELECT status, created_at, lag(status) OVER (PARTITION BY conversation_id ORDER BY created_at, id) AS before
               FROM threads WHERE status <> {UNCHANGED} AND state = 2) s WHERE before = {CLOSED} AND status = {ACTIVE} AND {created};
             CREATE TEMP TABLE starts AS SELECT c.id, CASE source_via WHEN 1 THEN c.created_at
                 ELSE (SELECT min(created_at) FROM threads t WHERE t.conversation_id = c.id AND type = 1) END AS started FROM conversations c;
             CREATE TEMP TABLE replies AS SELECT s.id, started, (SELECT min(created_at) FROM threads t WHERE t.conversation_id = s.id AND type = 2
                 AND state = 2 AND created_at >= started) AS replied FROM starts s;
             SELECT 'cx_tickets_first_responded', count(*) FROM replies WHERE {replied};
             SELECT 'cx_first_response_mean_seconds', avg(extract(epoch FROM replied - started)) FROM replies WHERE {replied};
             SELECT 'cx_backlog_tickets', count(*) FROM conversations WHERE status IN (1, 2);",
            created = within("created_at"),
            solved = within("solved"),
            replied = within("replied"),
        );
        metrics_of(&database.query(&sql))
    }
}

/// A UTC time as the application's local time, in SQL.
fn local(time: &str) -> String {
    format!("(({time}::timestamp AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin')")
}

#[test]
fn the_gauges_are_those_of_sql_for_a_day_of_freescout() {
    compare_with_sql(FreeScout { drafts: 0 });
}
