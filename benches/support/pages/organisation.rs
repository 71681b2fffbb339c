//! A made organisation of eight teams, as the events that its help desk sends. Contacts follow the rhythm of the week; days and agents differ; three of
//! ten customers answer, up to a day after their contact was solved. Answers therefore vary more than binomially.
//!
//! Does not know any metric or alert. The demo's simulator is another organisation.

use cxpulse::time::EventTime;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::incidents::{Effects, Incident};

/// Monday, 2026-03-02, 00:00 UTC.
pub(crate) const START: EventTime = EventTime(1_772_409_600_000);
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The name and the mean number of contacts a week of each team.
pub(crate) const TEAMS: [(&str, f64); 8] = [
    ("billing", 250.0),
    ("returns", 350.0),
    ("orders", 450.0),
    ("accounts", 600.0),
    ("delivery", 800.0),
    ("technical", 1_100.0),
    ("mobile", 1_500.0),
    ("general", 2_000.0),
];
/// The share of satisfied answers in quiet times.
pub(crate) const SATISFIED: f64 = 0.82;
/// The share of customers who answer.
pub(crate) const ANSWERED: f64 = 0.3;
/// The standard deviation of the logarithm of one first response.
pub(crate) const RESPONSE_SIGMA: f64 = 0.9;
/// The share of contacts that are chats.
pub(crate) const CHATS: f64 = 0.25;
/// The standard deviation of the logarithm of one chat's wait.
pub(crate) const CHAT_WAIT_SIGMA: f64 = 0.8;
const AGENTS: usize = 12;
/// The standard deviations of the effects of a day and of an agent on the logit of satisfaction.
const DAY_EFFECT: f64 = 0.12;
const AGENT_EFFECT: f64 = 0.3;

/// The topics, in the order of the default configuration.
const TICKETS: usize = 0;
const CHATS_TOPIC: usize = 1;
pub(crate) const SURVEYS: usize = 2;

/// One record of a topic.
pub(crate) struct Line {
    /// When the service reads it.
    pub(crate) arrives: EventTime,
    /// The index of its topic.
    pub(crate) topic: usize,
    /// Its bytes.
    pub(crate) payload: String,
}

/// The records of an organisation over some days from [`START`], in the order of their arrival.
pub(crate) fn lines(seed: u64, days: i64, incidents: &[Incident]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (team, (_, contacts_a_week)) in TEAMS.iter().enumerate() {
        // Each team has a generator of its own, so that an incident of one leaves the contacts of the others as they are.
        let random = ChaCha8Rng::seed_from_u64(seed * 1_000 + team as u64);
        let effects = Effects::of_team(team, incidents);
        Desk::new(team, *contacts_a_week, random, effects, &mut lines).work(days);
    }
    super::incidents::disturb_feed(&mut lines, incidents);
    lines.sort_by_key(|line| line.arrives);
    lines
}

/// The share of the week's contacts that come in an hour of the week, from Monday on.
pub(crate) fn hour_share(hour_of_week: usize) -> f64 {
    let weight = |hour: usize| {
        let of_day = match hour % 24 {
            8..18 => 1.0,
            7 | 18 | 19 => 0.5,
            6 | 20..23 => 0.2,
            _ => 0.05,
        };
        if hour / 24 >= 5 { 0.3 * of_day } else { of_day }
    };
    weight(hour_of_week) / (0..168).map(weight).sum::<f64>()
}

/// One team at work.
struct Desk<'a> {
    team: usize,
    contacts_a_week: f64,
    random: ChaCha8Rng,
    effects: Effects<'a>,
    agents: Vec<f64>,
    lines: &'a mut Vec<Line>,
    contacts: u64,
    /// The effect of the current day on the logit of satisfaction, and its factors of contacts and of times.
    day: (f64, f64, f64),
}

impl<'a> Desk<'a> {
    fn new(team: usize, contacts_a_week: f64, mut random: ChaCha8Rng, effects: Effects<'a>, lines: &'a mut Vec<Line>) -> Self {
        let agents = (0..AGENTS).map(|_| AGENT_EFFECT * normal(&mut random)).collect();
        Self { team, contacts_a_week, random, effects, agents, lines, contacts: 0, day: (0.0, 1.0, 1.0) }
    }

    fn work(mut self, days: i64) {
        for hour in 0..days * 24 {
            if hour % 24 == 0 {
                let mut effect = |sigma: f64| sigma * normal(&mut self.random);
                self.day = (effect(DAY_EFFECT), effect(0.12).exp(), effect(0.1).exp());
            }
            let at = START.0 + hour * HOUR;
            let mean = self.contacts_a_week * hour_share((hour % 168) as usize) * self.day.1 * self.effects.volume(at);
            for _ in 0..poisson(&mut self.random, mean) {
                let created = at + self.random.random_range(0..HOUR);
                self.contact(created);
            }
        }
    }

    fn contact(&mut self, created: i64) {
        self.contacts += 1;
        let is_chat = self.random.random_bool(CHATS);
        let agent = self.random.random_range(0..AGENTS);
        let customer = self.random.random_range(0..20_000);
        let id = format!("{}-{}", self.team, self.contacts);
        let solved = if is_chat { self.chat(&id, customer, created) } else { Some(self.ticket(&id, customer, created)) };
        if let Some(solved) = solved {
            self.surveys(&id, is_chat, agent, solved);
        }
    }

    /// Emits a ticket, and gives the instant of its solution.
    fn ticket(&mut self, id: &str, customer: u32, created: i64) -> i64 {
        let slow = self.day.2 * if is_staffed(created) { 1.0 } else { 3.0 };
        let median = usual_response_minutes(self.team);
        let wait = median * slow * self.effects.response(created) * self.log_normal(RESPONSE_SIGMA);
        let mut answered = created + (wait * MINUTE as f64) as i64;
        if let Some(until) = self.effects.left_unanswered(created, self.random.random_bool(0.5)) {
            answered = answered.max(until + (answered - created) / 4);
        }
        let members = format!(r#""ticket_id":"t{id}""#);
        let (team, _) = TEAMS[self.team];
        self.emit(
            TICKETS,
            created,
            "c",
            id,
            "ticket.created",
            &format!(r#"{members},"customer_id":"{customer}","channel":"email","team":"{team}""#),
        );
        self.emit(TICKETS, answered, "r", id, "ticket.message", &format!(r#"{members},"author":"agent""#));
        let mut last = answered;
        if self.random.random_bool(0.4) {
            let asked = last + (40.0 * MINUTE as f64 * self.log_normal(0.9)) as i64;
            last = asked + (30.0 * MINUTE as f64 * slow * self.log_normal(0.9)) as i64;
            self.emit(TICKETS, asked, "q", id, "ticket.message", &format!(r#"{members},"author":"customer""#));
            self.emit(TICKETS, last, "n", id, "ticket.message", &format!(r#"{members},"author":"agent""#));
        }
        let solved = last + (180.0 * MINUTE as f64 * self.day.2 * self.log_normal(0.9)) as i64;
        self.emit(TICKETS, solved, "s", id, "ticket.status_changed", &format!(r#"{members},"status":"solved""#));
        solved
    }

    /// Emits a chat, and gives the instant of its end; `None` where the customer gave up.
    fn chat(&mut self, id: &str, customer: u32, started: i64) -> Option<i64> {
        let wait = 25_000.0 * self.day.2 * self.effects.chat_wait(started) * self.log_normal(CHAT_WAIT_SIGMA);
        let patience = -240_000.0 * self.random.random::<f64>().max(1e-12).ln();
        let members = format!(r#""chat_id":"h{id}""#);
        let (team, _) = TEAMS[self.team];
        self.emit(
            CHATS_TOPIC,
            started,
            "c",
            id,
            "chat.started",
            &format!(r#"{members},"customer_id":"{customer}","channel":"chat","team":"{team}""#),
        );
        if patience < wait {
            self.emit(CHATS_TOPIC, started + patience as i64, "b", id, "chat.abandoned", &members);
            return None;
        }
        let accepted = started + wait as i64;
        let ended = accepted + (8.0 * MINUTE as f64 * self.log_normal(0.7)) as i64;
        self.emit(CHATS_TOPIC, accepted, "a", id, "chat.accepted", &members);
        self.emit(CHATS_TOPIC, accepted + 10_000, "m", id, "chat.message", &format!(r#"{members},"author":"agent""#));
        self.emit(CHATS_TOPIC, ended.max(accepted + 20_000), "e", id, "chat.ended", &members);
        Some(ended.max(accepted + 20_000))
    }

    fn surveys(&mut self, id: &str, is_chat: bool, agent: usize, solved: i64) {
        let feeling = self.day.0 + self.agents[agent];
        let satisfied = share_of(logit(SATISFIED) + feeling) - self.effects.less_satisfied(solved);
        let effort = share_of(logit(0.12) - feeling) + self.effects.more_effort(solved);
        let promoter = share_of(logit(0.55) + feeling) - self.effects.fewer_promoters(solved);
        let is_satisfied = self.random.random_bool(satisfied.clamp(0.01, 0.99));
        let is_hard = self.random.random_bool(effort.clamp(0.01, 0.99));
        let loyalty = self.random.random::<f64>();
        let score = if loyalty < promoter {
            9
        } else if loyalty < promoter + (1.0 - promoter) * 0.6 {
            7
        } else {
            4
        };
        self.survey(id, is_chat, "csat", if is_satisfied { 5 } else { 2 }, "", solved, 1.0);
        let scale = r#","scale_min":1,"scale_max":7,"direction":"effort""#;
        self.survey(id, is_chat, "ces", if is_hard { 6 } else { 2 }, scale, solved, 0.5);
        self.survey(id, is_chat, "nps", score, "", solved, 0.25);
    }

    /// Emits a survey for a share of the contacts, and the answer of a share of these.
    #[expect(clippy::too_many_arguments, reason = "a survey has so many parts, and one place calls it")]
    fn survey(&mut self, id: &str, is_chat: bool, metric: &str, score: u8, scale: &str, solved: i64, share: f64) {
        let (is_sent, is_answered) = (self.random.random_bool(share), self.random.random_bool(ANSWERED));
        let delay = (-5.0 * HOUR as f64 * self.random.random::<f64>().max(1e-12).ln()).min(DAY as f64);
        if !is_sent {
            return;
        }
        let about = if is_chat { format!(r#""chat_id":"h{id}""#) } else { format!(r#""ticket_id":"t{id}""#) };
        let members = format!(r#""survey_id":"{metric}{id}","metric":"{metric}",{about}"#);
        let sent = solved + MINUTE;
        self.emit(SURVEYS, sent, &format!("{metric}s"), id, "survey.sent", &members);
        if is_answered {
            let answer = format!(r#"{members},"score":{score}{scale}"#);
            self.emit(SURVEYS, sent + delay as i64, &format!("{metric}a"), id, "survey.responded", &answer);
        }
    }

    fn emit(&mut self, topic: usize, time: i64, step: &str, id: &str, what: &str, members: &str) {
        let payload = format!(r#"{{"id":"{step}{topic}-{id}","type":"{what}","time":{time},{members}}}"#);
        self.lines.push(Line { arrives: EventTime(time), topic, payload });
    }

    fn log_normal(&mut self, sigma: f64) -> f64 {
        (sigma * normal(&mut self.random)).exp()
    }
}

/// The usual time to a first response of a team while agents are at work.
pub(crate) fn usual_response_minutes(team: usize) -> f64 {
    25.0 + 5.0 * team as f64
}

/// Whether agents are at work at an instant.
pub(crate) fn is_staffed(at: i64) -> bool {
    let hour = (at - START.0) / HOUR;
    hour / 24 % 7 < 5 && (8..18).contains(&(hour % 24))
}

fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

fn share_of(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, turn): (f64, f64) = (random.random::<f64>().max(1e-300), random.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
}

/// A count with this mean: arrivals at exponential distances until the time is over.
fn poisson(random: &mut ChaCha8Rng, mean: f64) -> u32 {
    let (mut count, mut passed) = (0, 0.0);
    loop {
        passed -= random.random::<f64>().max(1e-300).ln();
        if passed > mean {
            return count;
        }
        count += 1;
    }
}
