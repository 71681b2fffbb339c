//! Zammad: a day of a small desk, of which the connector finds the most as rows and sees the rest happen.
//!
//! Does not know how its rows reach the service.

use super::chain::{DAY, Metric, metrics_of, sql_time};
use super::database::Database;
use super::day::{Happening, Tables, compare_with_sql};

/// The columns of Zammad's tables that matter here, with the names and types of its schema, and some that must never leave the database.
const TABLES: &str = "
CREATE TABLE tickets (id integer PRIMARY KEY, group_id integer NOT NULL, priority_id integer NOT NULL, state_id integer NOT NULL, number varchar(60), title varchar(250) DEFAULT 'canary',
  owner_id integer NOT NULL DEFAULT 1, customer_id integer NOT NULL, note varchar(250) DEFAULT 'canary', first_response_at timestamp(3), close_at timestamp(3),
  create_article_type_id integer, create_article_sender_id integer, article_count integer, created_at timestamp(3) NOT NULL, updated_at timestamp(3) NOT NULL);
CREATE TABLE ticket_articles (id integer PRIMARY KEY, ticket_id integer NOT NULL, type_id integer NOT NULL, sender_id integer NOT NULL, \"from\" varchar(3000) DEFAULT 'canary',
  subject varchar(3000) DEFAULT 'canary', body text NOT NULL DEFAULT 'canary', internal boolean NOT NULL DEFAULT false, created_by_id integer NOT NULL, created_at timestamp(3) NOT NULL);
CREATE TABLE histories (id serial PRIMARY KEY, history_type_id integer NOT NULL, history_object_id integer NOT NULL, history_attribute_id integer, o_id integer NOT NULL, id_from integer,
  id_to integer, value_from varchar(500), value_to varchar(500), created_at timestamp(3) NOT NULL, created_by_id integer NOT NULL);
";
const OPEN: i64 = 2;
const CLOSED: i64 = 4;

/// What the application writes into its tables.
#[derive(Default)]
struct Zammad {
    articles: i64,
}

impl Zammad {
    fn article(&mut self, at: &str, ticket: i64, sender: i64, author: i64, is_internal: bool) -> String {
        self.articles += 1;
        let id = self.articles;
        format!(
            "INSERT INTO ticket_articles (id, ticket_id, type_id, sender_id, internal, created_by_id, created_at) VALUES ({id}, {ticket}, 1, {sender}, {is_internal}, {author}, '{at}');\n"
        )
    }

    fn change(at: &str, ticket: i64, set: &str) -> String {
        format!("UPDATE tickets SET {set}, updated_at = '{at}' WHERE id = {ticket};\n")
    }

    /// Attribute 5 is the state, and 6 the group: as on the page.
    fn history(at: &str, ticket: i64, attribute: i64, to: i64) -> String {
        format!(
            "INSERT INTO histories (history_type_id, history_object_id, history_attribute_id, o_id, id_from, id_to, value_to, created_at, created_by_id) VALUES (2, 1, {attribute}, {ticket}, 1, {to}, 'canary', '{at}', 3);\n"
        )
    }

    /// A state that the ticket does not have yet.
    fn state(at: &str, ticket: i64, state: i64) -> String {
        let closed = if state == CLOSED { format!(", close_at = coalesce(close_at, '{at}')") } else { String::new() };
        Self::history(at, ticket, 5, state) + &Self::change(at, ticket, &format!("state_id = {state}{closed}"))
    }
}

impl Tables for Zammad {
    const FEED: &'static str = "zammad";
    const DEFINITIONS: &'static str = TABLES;
    const READ: &'static [&'static str] = &["tickets", "ticket_articles", "histories"];
    const FIRST_TEAM: &'static str = "1 = \"Users\"";

    fn statements(&mut self, at: i64, ticket: i64, happening: Happening) -> String {
        let at = &sql_time(at);
        match happening {
            Happening::Opened { customer, team, by_agent } => {
                let (state, sender, author) = if by_agent { (OPEN, 1, 3) } else { (1, 2, customer) };
                let row = format!(
                    "INSERT INTO tickets (id, group_id, priority_id, state_id, customer_id, create_article_type_id, create_article_sender_id, created_at, updated_at) VALUES ({ticket}, {team}, 2, {state}, {customer}, 1, {sender}, '{at}', '{at}');\n"
                );
                let created = format!(
                    "INSERT INTO histories (history_type_id, history_object_id, o_id, created_at, created_by_id) VALUES (1, 1, {ticket}, '{at}', {author});\n"
                );
                // A title that somebody changes is a history too, with the customer's words in it.
                row + &created + &Self::history(at, ticket, 7, 0) + &self.article(at, ticket, sender, author, false)
            }
            Happening::CustomerWrote => self.article(at, ticket, 2, 3, false) + &Self::change(at, ticket, "article_count = 2"),
            Happening::Noted { agent } => self.article(at, ticket, 1, agent, true) + &Self::change(at, ticket, "article_count = 2"),
            Happening::AgentWrote { agent } => {
                let owner =
                    Self::change(at, ticket, &format!("owner_id = {agent}, first_response_at = coalesce(first_response_at, '{at}')"));
                self.article(at, ticket, 1, agent, false) + &owner + &Self::state(at, ticket, OPEN)
            }
            Happening::Moved { team } => Self::history(at, ticket, 6, team) + &Self::change(at, ticket, &format!("group_id = {team}")),
            Happening::Closed { agent, with_message } => {
                let message = if with_message { self.article(at, ticket, 1, agent, false) } else { String::new() };
                message + &Self::state(at, ticket, CLOSED)
            }
            Happening::Reopened => self.article(at, ticket, 2, 3, false) + &Self::state(at, ticket, OPEN),
        }
    }

    fn by_sql(database: &Database, end: i64) -> Vec<Metric> {
        let (begin, end) = (sql_time(end - 30 * DAY), sql_time(end));
        let within = |column: &str| format!("{column} >= '{begin}' AND {column} < '{end}'");
        let sql = format!(
            "SELECT 'cx_tickets_created', count(*) FROM tickets WHERE {created};
             SELECT 'cx_tickets_created_by_team Users', count(*) FROM tickets WHERE group_id = 1 AND {created};
             SELECT 'cx_tickets_created_by_team Billing', count(*) FROM tickets WHERE group_id = 2 AND {created};
             CREATE TEMP TABLE solves AS SELECT t.id, t.created_at, max(h.created_at) AS solved FROM tickets t
               JOIN histories h ON h.o_id = t.id AND history_attribute_id = 5 AND id_to = {CLOSED} GROUP BY t.id, t.created_at;
             SELECT 'cx_tickets_resolved', count(*) FROM solves WHERE {solved};
             SELECT 'cx_resolution_mean_seconds', avg(extract(epoch FROM solved - created_at)) FROM solves WHERE {solved};
             SELECT 'cx_tickets_reopened', count(*) FROM (SELECT id_to, created_at, lag(id_to) OVER (PARTITION BY o_id ORDER BY created_at, id) AS before
               FROM histories WHERE history_attribute_id = 5) s WHERE before = {CLOSED} AND id_to = {OPEN} AND {created};
             CREATE TEMP TABLE starts AS SELECT t.id, CASE create_article_sender_id WHEN 2 THEN t.created_at
                 ELSE (SELECT min(created_at) FROM ticket_articles a WHERE a.ticket_id = t.id AND sender_id = 2) END AS started FROM tickets t;
             CREATE TEMP TABLE replies AS SELECT s.id, started, (SELECT min(created_at) FROM ticket_articles a WHERE a.ticket_id = s.id AND sender_id = 1
                 AND NOT internal AND created_at >= started) AS replied FROM starts s;
             SELECT 'cx_tickets_first_responded', count(*) FROM replies WHERE {replied};
             SELECT 'cx_first_response_mean_seconds', avg(extract(epoch FROM replied - started)) FROM replies WHERE {replied};
             SELECT 'cx_backlog_tickets', count(*) FROM tickets WHERE state_id IN (1, 2, 3, 7);",
            created = within("created_at"),
            solved = within("solved"),
            replied = within("replied"),
        );
        metrics_of(&database.query(&sql))
    }
}

#[test]
fn the_gauges_are_those_of_sql_for_a_day_of_zammad() {
    compare_with_sql(Zammad::default());
}
