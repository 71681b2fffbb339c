//! Chatwoot: 60 days of a small desk that existed before the connector, three hours during which the connector was away, and what happens then.
//!
//! Does not know how its rows reach the service.

use std::fmt::Write as _;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::chain::{Chain, DAY, HOUR, MINUTE, Metric, SNAPSHOT_GAP, metrics_of, sql_time};
use super::database::Database;
use super::page::{block, stage};
use crate::support::measured::measured;
use crate::support::tools::leave_out_without_tool;

/// New conversations on a day.
const PER_DAY: i64 = 12;

/// The columns of Chatwoot's tables that matter here, with the names and types of its schema, and one that must never leave the database.
const TABLES: &str = "
CREATE TABLE inboxes (id integer PRIMARY KEY, account_id integer NOT NULL DEFAULT 1, name varchar NOT NULL, email_address varchar DEFAULT 'canary');
CREATE TABLE teams (id bigint PRIMARY KEY, account_id bigint NOT NULL DEFAULT 1, name varchar NOT NULL, description text DEFAULT 'canary');
INSERT INTO inboxes (id, name) VALUES (1, 'Web chat'), (2, 'E-mail');
INSERT INTO teams (id, name) VALUES (1, 'Support'), (2, 'Billing');
CREATE TABLE conversations (id integer PRIMARY KEY, account_id integer NOT NULL DEFAULT 1, inbox_id integer NOT NULL, status integer NOT NULL DEFAULT 0, assignee_id integer,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, contact_id bigint, display_id integer, additional_attributes jsonb DEFAULT '{}', team_id bigint,
  priority integer, first_reply_created_at timestamp, waiting_since timestamp(6), custom_attributes jsonb DEFAULT '{\"secret\": \"canary\"}');
CREATE TABLE messages (id integer PRIMARY KEY, content text DEFAULT 'canary', account_id integer NOT NULL DEFAULT 1, inbox_id integer, conversation_id integer NOT NULL,
  message_type integer NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, private boolean DEFAULT false NOT NULL, content_type integer DEFAULT 0 NOT NULL,
  content_attributes json DEFAULT '{\"email\": \"canary\"}', sender_type varchar, sender_id bigint, additional_attributes jsonb DEFAULT '{}', processed_message_content text DEFAULT 'canary');
CREATE TABLE csat_survey_responses (id bigint PRIMARY KEY, account_id bigint NOT NULL DEFAULT 1, conversation_id bigint NOT NULL, message_id bigint NOT NULL UNIQUE, rating integer NOT NULL,
  feedback_message text DEFAULT 'canary', contact_id bigint NOT NULL, assigned_agent_id bigint, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE reporting_events (id bigint PRIMARY KEY, name varchar, value double precision, account_id integer DEFAULT 1, inbox_id integer, user_id integer, conversation_id integer,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL, event_start_time timestamp, event_end_time timestamp);
";

/// What happens at the desk, in the order of time: each with its instant and the statements that the application runs.
struct Desk {
    actions: Vec<(i64, String)>,
    snapshot: i64,
    random: ChaCha8Rng,
    ids: [i64; 4],
}

impl Desk {
    /// A desk from `begin` to `end`, whose snapshot is taken at an instant between; all in milliseconds since 1970.
    fn new(begin: i64, snapshot: i64, end: i64) -> Self {
        let mut desk = Self { snapshot, actions: Vec::new(), random: ChaCha8Rng::seed_from_u64(42), ids: [0; 4] };
        let mut at = begin;
        while at < end {
            desk.conversation(at);
            at += desk.random.random_range(DAY / PER_DAY / 2..DAY / PER_DAY * 3 / 2);
        }
        desk.actions.sort_by_key(|(at, _)| *at);
        desk
    }

    /// The statements of a time, as one text.
    fn statements(&self, from: i64, to: i64) -> String {
        self.actions.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, sql)| sql.as_str()).collect()
    }

    fn next(&mut self, table: usize) -> i64 {
        self.ids[table] += 1;
        self.ids[table]
    }

    fn happens(&mut self, at: i64, sql: String) {
        self.actions.push((self.shifted(at), sql));
    }

    /// Nothing happens at the desk while the connector takes its snapshot: what comes after its begin comes later by the gap.
    fn shifted(&self, at: i64) -> i64 {
        if at < self.snapshot { at } else { at + SNAPSHOT_GAP }
    }

    fn text(&self, at: i64) -> String {
        sql_time(self.shifted(at))
    }

    fn within(&mut self, from: i64, to: i64) -> i64 {
        self.random.random_range(from..to)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }

    /// One conversation from its begin to its end.
    fn conversation(&mut self, begin: i64) {
        let id = self.next(0);
        let (inbox, team) = (self.within(1, 3), self.within(1, 3));
        let (has_bot, is_outbound) = (self.chance(0.25), self.chance(0.1));
        let has_bot = has_bot && !is_outbound;
        let (status, contact, created) = (if has_bot { 2 } else { 0 }, id % 150 + 1, self.text(begin));
        let team = if self.chance(0.8) { team.to_string() } else { "NULL".to_owned() };
        self.happens(begin, format!("INSERT INTO conversations (id, inbox_id, status, created_at, updated_at, contact_id, display_id, team_id, waiting_since) VALUES ({id}, {inbox}, {status}, '{created}', '{created}', {contact}, {id}, {team}, '{created}');\n"));
        if is_outbound {
            self.message(id, begin + 1_000, "User");
            let answered = begin + self.within(10 * MINUTE, 3 * HOUR);
            if self.chance(0.7) {
                self.message(id, answered, "Contact");
                self.work(id, contact, answered);
            }
            return;
        }
        self.message(id, begin + 1_000, "Contact");
        if has_bot {
            self.message(id, begin + 3_000, "AgentBot");
            if self.chance(0.5) {
                self.resolve(id, contact, begin + 5 * MINUTE);
                return;
            }
            let handoff = begin + self.within(30_000, 10 * MINUTE);
            self.change(id, handoff, "status = 0");
            self.reported(id, handoff, "conversation_bot_handoff");
            self.work(id, contact, handoff);
        } else {
            self.work(id, contact, begin + 1_000);
        }
    }

    /// People work on a conversation whose customer waits since an instant.
    fn work(&mut self, id: i64, contact: i64, since: i64) {
        if self.chance(0.05) {
            return;
        }
        let agent = self.within(1, 6);
        self.change(id, since + 20_000, &format!("assignee_id = {agent}"));
        if self.chance(0.3) {
            self.message(id, since + 30_000, "note");
        }
        let reply = since + self.within(2 * MINUTE, 6 * HOUR);
        self.message(id, reply, "User");
        self.change(id, reply + 1, &format!("first_reply_created_at = '{}', waiting_since = NULL", self.text(reply)));
        let again = reply + self.within(5 * MINUTE, 2 * HOUR);
        self.message(id, again, "Contact");
        let second = again + self.within(5 * MINUTE, 2 * HOUR);
        self.message(id, second, "User");
        let solved = second + self.within(MINUTE, DAY);
        self.resolve(id, contact, solved);
        if self.chance(0.15) {
            let reopened = solved + self.within(HOUR, 2 * DAY);
            self.message(id, reopened - 100, "Contact");
            self.change(id, reopened, "status = 0");
            self.reported(id, reopened, "conversation_opened");
            let reply = reopened + self.within(5 * MINUTE, 5 * HOUR);
            self.message(id, reply, "User");
            self.resolve(id, contact, reply + HOUR);
        }
    }

    fn resolve(&mut self, id: i64, contact: i64, at: i64) {
        self.change(id, at, "status = 1, waiting_since = NULL");
        self.reported(id, at, "conversation_resolved");
        if self.chance(0.6) {
            let message = self.message(id, at + 1_000, "survey");
            if self.chance(0.5) {
                let (answered, rating, csat) = (at + self.within(2 * MINUTE, DAY), self.within(1, 6), self.next(2));
                let at = self.text(answered);
                self.happens(answered, format!("INSERT INTO csat_survey_responses (id, conversation_id, message_id, rating, contact_id, assigned_agent_id, created_at, updated_at) VALUES ({csat}, {id}, {message}, {rating}, {contact}, 3, '{at}', '{at}');\n"));
                if self.chance(0.1) {
                    let changed = answered + 10 * MINUTE;
                    let other = rating % 5 + 1;
                    self.happens(
                        changed,
                        format!(
                            "UPDATE csat_survey_responses SET rating = {other}, updated_at = '{}' WHERE id = {csat};\n",
                            self.text(changed)
                        ),
                    );
                }
            }
        }
    }

    /// A message of a kind of sender: `Contact`, `User`, `AgentBot`, a `note` of a user, or the message of a `survey`. Gives its id.
    fn message(&mut self, conversation: i64, at: i64, sender: &str) -> i64 {
        let id = self.next(1);
        let (kind, sender, private, content) = match sender {
            "Contact" => (0, "'Contact', 7", false, 0),
            "User" => (1, "'User', 3", false, 0),
            "note" => (1, "'User', 3", true, 0),
            "AgentBot" => (1, "'AgentBot', 1", false, 0),
            _ => (3, "NULL, NULL", false, 9),
        };
        let time = self.text(at);
        self.happens(at, format!("INSERT INTO messages (id, conversation_id, message_type, created_at, updated_at, private, content_type, sender_type, sender_id) VALUES ({id}, {conversation}, {kind}, '{time}', '{time}', {private}, {content}, {sender});\n"));
        id
    }

    fn change(&mut self, conversation: i64, at: i64, set: &str) {
        self.happens(at, format!("UPDATE conversations SET {set}, updated_at = '{}' WHERE id = {conversation};\n", self.text(at)));
    }

    fn reported(&mut self, conversation: i64, at: i64, name: &str) {
        let (id, time) = (self.next(3), self.text(at));
        self.happens(at, format!("INSERT INTO reporting_events (id, name, value, conversation_id, created_at, updated_at, event_start_time, event_end_time) VALUES ({id}, '{name}', 1, {conversation}, '{time}', '{time}', '{time}', '{time}');\n"));
    }
}

/// The metrics by SQL, as name and value, over the 30 days that end at `end`.
fn by_sql(database: &Database, end: i64) -> Vec<Metric> {
    let (begin, end) = (sql_time(end - 30 * DAY), sql_time(end));
    let within = |column: &str| format!("{column} >= '{begin}' AND {column} < '{end}'");
    let seconds = "extract(epoch FROM";
    let mut sql = format!("SELECT 'cx_tickets_created', count(*) FROM conversations WHERE {};\n", within("created_at"));
    for (id, team) in [(1, "Support"), (2, "Billing")] {
        writeln!(
            sql,
            "SELECT 'cx_tickets_created_by_team {team}', count(*) FROM conversations WHERE team_id = {id} AND {};",
            within("created_at")
        )
        .expect("text");
    }
    writeln!(
        sql,
        "CREATE TEMP TABLE solves AS SELECT c.id, c.created_at, max(r.event_end_time) AS solved FROM conversations c JOIN reporting_events r ON r.conversation_id = c.id
           AND r.name = 'conversation_resolved' GROUP BY c.id, c.created_at;
         SELECT 'cx_tickets_resolved', count(*) FROM solves WHERE {solved};
         SELECT 'cx_resolution_mean_seconds', avg({seconds} solved - created_at)) FROM solves WHERE {solved};
         SELECT 'cx_tickets_reopened', count(*) FROM reporting_events WHERE name = 'conversation_opened' AND {reopened};
         CREATE TEMP TABLE starts AS SELECT c.id, CASE (SELECT message_type FROM messages m WHERE m.conversation_id = c.id AND NOT private AND (message_type = 0 OR sender_type = 'User')
             ORDER BY created_at LIMIT 1) WHEN 1 THEN (SELECT min(created_at) FROM messages m WHERE m.conversation_id = c.id AND message_type = 0)
             ELSE coalesce((SELECT min(event_end_time) FROM reporting_events r WHERE r.conversation_id = c.id AND name = 'conversation_bot_handoff'), c.created_at) END AS started
           FROM conversations c;
         CREATE TEMP TABLE replies AS SELECT s.id, started, (SELECT min(created_at) FROM messages m WHERE m.conversation_id = s.id AND message_type = 1 AND sender_type = 'User'
             AND NOT private AND created_at >= started) AS replied FROM starts s;
         SELECT 'cx_tickets_first_responded', count(*) FROM replies WHERE {replied};
         SELECT 'cx_first_response_mean_seconds', avg({seconds} replied - started)) FROM replies WHERE {replied};
         SELECT 'cx_surveys_sent csat', count(*) FROM messages WHERE content_type = 9 AND {created};
         SELECT 'cx_csat_responses', count(*) FROM csat_survey_responses WHERE {updated};
         SELECT 'cx_csat_satisfied_responses', count(*) FROM csat_survey_responses WHERE rating >= 4 AND {updated};
         SELECT 'cx_csat_score_points', sum(rating) FROM csat_survey_responses WHERE {updated};
         SELECT 'cx_csat_responses_by_team Support', count(*) FROM csat_survey_responses s JOIN conversations c ON c.id = s.conversation_id WHERE c.team_id = 1 AND {answered};
         SELECT 'cx_backlog_tickets', count(*) FROM conversations WHERE status <> 1;",
        solved = within("solved"),
        reopened = within("event_end_time"),
        replied = within("replied"),
        created = within("created_at"),
        updated = within("updated_at"),
        answered = within("s.updated_at"),
    )
    .expect("text");
    metrics_of(&database.query(&sql))
}

#[test]
fn the_gauges_are_those_of_sql_for_a_past_an_outage_and_now() {
    let mut chain = match Chain::start("chatwoot") {
        Ok(chain) => chain,
        Err(why) => return leave_out_without_tool(&why),
    };
    let (snapshot, end) = (chain.snapshot(), chain.end());
    let outage_end = snapshot + 3 * HOUR;
    let desk = Desk::new(snapshot - 60 * DAY, snapshot, end);
    chain.query(&format!("{TABLES}BEGIN;\n{}COMMIT;\n{}", desk.statements(0, snapshot), block("chatwoot", "sql", 0)));
    let rows = chain.take_snapshot(&["conversations", "messages", "csat_survey_responses", "reporting_events"]);
    chain.wait_for_names(4);
    chain.run(&stage("chatwoot"));
    let past = chain.wait_until_equal(by_sql);
    let past_after = chain.seconds();

    // The connector is away for three hours of the desk.
    chain.while_away(&desk.statements(snapshot, outage_end));
    chain.wait_until_equal(by_sql);
    // And goes on.
    chain.query(&desk.statements(outage_end, end));
    let compared = chain.wait_until_equal(by_sql);

    // A team with a new name has it in events from then on.
    chain.query("UPDATE teams SET name = 'Invoices' WHERE id = 2;");
    chain.wait_for_names(5);
    let (id, at) = (desk.ids[0] + 1, sql_time(end));
    chain.query(&format!("INSERT INTO conversations (id, inbox_id, status, created_at, updated_at, contact_id, display_id, team_id) VALUES ({id}, 1, 0, '{at}', '{at}', 1, {id}, 2);"));
    chain.wait_for_team("Invoices", 1.0);

    chain.assert_nothing_refused(&["tickets", "surveys"]);
    assert!(past.iter().all(|(name, value)| *value > 0.0 || name == "cx_tickets_reopened"), "{past:?}");
    let values: Vec<String> = compared.iter().map(|(name, value)| format!("{name} {value}")).collect();
    measured(&format!(
        "Chatwoot: {rows} rows of 60 days, gauges equal SQL {past_after} s after the first row was written, {} s in all: {}",
        chain.seconds(),
        values.join(", ")
    ));
}
