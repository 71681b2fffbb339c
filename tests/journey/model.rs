//! The slow recomputation: keeps every event and computes every value from all of them anew.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Event, SEEN, What};
use super::world::{DAY, HOUR};

/// The configured stages in their order, with their time-outs and targets, as in [`super::world::STAGES`].
const CONFIGURED: [(&str, i64, Option<i64>); 4] =
    [("awareness", 2 * DAY, Some(DAY)), ("trial", 5 * DAY, Some(2 * DAY)), ("use", 10 * DAY, None), ("renewal", 3 * DAY, Some(12 * HOUR))];

const REPEAT_WITHIN: i64 = 7 * DAY;

/// The expected value of each series. `None` means that it must be absent.
pub(crate) type Expected = BTreeMap<String, Option<f64>>;

/// Everything that counts at an instant, with the instant.
#[derive(Default)]
struct Tally {
    entered: Vec<(i64, &'static str)>,
    advanced: Vec<(i64, &'static str)>,
    dropped: Vec<(i64, &'static str)>,
    moves: Vec<(i64, &'static str, &'static str)>,
    stays: Vec<(i64, &'static str, i64)>,
    /// With a flag that is set if it repeats another one.
    contacts: Vec<(i64, &'static str, bool)>,
    csat: Vec<(i64, &'static str, bool)>,
    /// With the effort from 0 to 1.
    ces: Vec<(i64, &'static str, f64)>,
    now_in: Vec<&'static str>,
    lives: Vec<Life>,
}

/// The begin and end of a life, with its last answers.
struct Life {
    log: Vec<(i64, &'static str)>,
    experience: [&'static str; 3],
}

fn place(stage: &str) -> Option<usize> {
    CONFIGURED.iter().position(|(name, ..)| *name == stage)
}

/// Whether a stage is configured after another.
fn is_forward(from: Option<&str>, to: Option<&str>) -> bool {
    from.and_then(place).zip(to.and_then(place)).is_some_and(|(from, to)| from < to)
}

/// When a customer drops out of a configured stage, by the touches up to an instant: at an abandoned one, else its time-out after the last.
fn drop_from(stage: &str, touches: &[(i64, bool)], until: i64) -> Option<i64> {
    let (last, abandoned) = *touches.iter().filter(|(at, _)| *at <= until).max_by_key(|(at, _)| *at)?;
    place(stage).map(|place| if abandoned { last } else { last + CONFIGURED[place].1 })
}

/// The expected series at an instant, over windows of these names, lengths and hops.
pub(crate) fn expected(events: &[Event], now: i64, windows: &[(&str, i64, i64)]) -> Expected {
    let mut tally = Tally::default();
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|e| e.at);
    for customer in sorted.iter().map(|e| e.customer).collect::<BTreeSet<_>>() {
        let own: Vec<&Event> = sorted.iter().copied().filter(|e| e.customer == customer).collect();
        let mut lives: Vec<Vec<&Event>> = vec![Vec::new()];
        for event in &own {
            if event.what == What::Erased { lives.push(Vec::new()) } else { lives.last_mut().unwrap().push(event) }
        }
        for life in lives {
            tally.add(&life, &own, now);
        }
    }
    let mut out = Expected::new();
    for stage in SEEN {
        let here = tally.now_in.iter().filter(|s| **s == stage).count();
        out.insert(format!("cx_journey_customers{{journey_stage=\"{stage}\"}}"), Some(here as f64));
    }
    for (name, range, hop) in windows {
        let end = (now.div_euclid(*hop) + 1) * hop;
        tally.window(name, end - range, now, &mut out);
    }
    out
}

/// The time of a ticket's first creation if the ticket counts after all of its events. A solve never brings back what is spam or deleted.
fn opened(own: &[&Event], ticket: u32) -> Option<i64> {
    let created = own.iter().find(|e| e.what == What::Ticket(ticket))?.at;
    let mut statuses = own.iter().filter_map(|e| match e.what {
        What::Status(t, status) if t == ticket && status != "solved" => Some(status),
        _ => None,
    });
    (!matches!(statuses.next_back(), Some("deleted" | "spam"))).then_some(created)
}

/// The last answer of each survey and metric: time, metric, score. The same score again changes nothing.
fn standing_answers(own: &[&Event]) -> Vec<(i64, &'static str, i64)> {
    let mut last: BTreeMap<_, (i64, &'static str, i64)> = BTreeMap::new();
    for event in own {
        if let What::Answer(survey, metric, score) = event.what
            && last.get(&(survey, metric)).is_none_or(|(.., standing)| *standing != score)
        {
            last.insert((survey, metric), (event.at, metric, score));
        }
    }
    let mut answers: Vec<_> = last.into_values().collect();
    answers.sort_unstable();
    answers
}

impl Tally {
    /// One life. `life` holds its events; `own` holds the events of all lives under the same name, which decide the final state.
    fn add(&mut self, life: &[&Event], own: &[&Event], now: i64) {
        let is_mine = |at: i64| life.iter().any(|e| e.at == at);
        let openings: Vec<i64> = {
            let mut all: Vec<i64> = (0..8).filter_map(|t| opened(own, t)).filter(|at| is_mine(*at)).collect();
            all.sort_unstable();
            all
        };
        let answers: Vec<_> = standing_answers(own).into_iter().filter(|(at, ..)| is_mine(*at)).collect();

        // The stages in their order, and the events that moved the customer. A cancellation is kept with the drop, the stage and the stay that it ended.
        let contacted: Vec<i64> = openings.iter().copied().chain(answers.iter().map(|(at, ..)| *at)).collect();
        let (mut stage, mut entered, mut cancelled) = (None, None, None);
        let mut stay = 0;
        let mut touches: Vec<(i64, bool)> = contacted.iter().map(|at| (*at, false)).collect();
        let mut log = Vec::new();
        let mut named: Vec<(i64, &'static str)> = Vec::new();
        let customers_own = life.iter().filter(|e| matches!(e.what, What::Subscription(..) | What::Touch(..)));
        for (nth, event) in customers_own.enumerate() {
            let (names, subscription) = match event.what {
                What::Subscription(what, names) => (names, Some(what)),
                What::Touch(names, abandoned) => {
                    touches.push((event.at, abandoned));
                    (Some(names), None)
                }
                _ => continue,
            };
            let (was, was_entered, was_stay, was_cancelled) = (stage, entered, stay, cancelled);
            let is_move = names.is_some() && names != stage;
            if let Some(name) = names.filter(|_| is_move) {
                (stage, stay) = (Some(name), stay + 1);
                let is_loaded = nth == 0 && subscription == Some("active");
                entered = (!is_loaded).then_some(event.at);
                self.entered.extend(entered.map(|at| (at, name)));
                named.push((event.at, name));
                if subscription.is_some() {
                    touches.push((event.at, false));
                }
            }
            match subscription {
                Some("cancelled") => {
                    // Who had dropped out before they cancelled dropped then.
                    let dropped = stage.and_then(|stage| drop_from(stage, &touches, event.at)).filter(|at| *at <= event.at);
                    cancelled = cancelled.or_else(|| Some((dropped.unwrap_or(event.at), stage, stay)));
                }
                Some(_) => {
                    touches.push((event.at, false));
                    // Who comes back and has moved on meanwhile has advanced from the stage that they had left.
                    if let Some((_, Some(left), left_in)) = cancelled.take()
                        && left_in != stay
                        && is_forward(Some(left), stage)
                    {
                        self.advanced.push((event.at, left));
                    }
                }
                None => {}
            }
            log.extend(subscription.map(|what| (event.at, what)));
            if let (true, Some(from), Some(to)) = (is_move, was, stage) {
                self.moves.push((event.at, from, to));
                self.stays.extend(was_entered.map(|since| (event.at, from, event.at - since)));
                let had_left = was_cancelled.is_some_and(|(_, _, left_in)| left_in == was_stay);
                if is_forward(was, stage) && !had_left {
                    self.advanced.push((event.at, from));
                }
            }
        }

        // The end of the life.
        if let Some((at, Some(left), _)) = cancelled {
            self.dropped.extend(place(left).map(|_| (at, left)));
        }
        if let Some(stage) = stage.filter(|_| cancelled.is_none_or(|(_, _, left_in)| left_in != stay)) {
            let out_at = drop_from(stage, &touches, i64::MAX);
            self.dropped.extend(out_at.map(|at| (at, stage)));
            if out_at.is_none_or(|at| at > now) {
                self.now_in.push(stage);
            }
        }

        // The events in a stage.
        let stage_at = |at: i64| named.iter().rfind(|(since, _)| *since < at).map(|(_, stage)| *stage);
        for (nth, at) in openings.iter().enumerate() {
            let repeats = nth > 0 && at - openings[nth - 1] <= REPEAT_WITHIN;
            self.contacts.extend(stage_at(*at).map(|stage| (*at, stage, repeats)));
        }
        for (at, metric, score) in &answers {
            let Some(stage) = stage_at(*at) else { continue };
            match *metric {
                "csat" => self.csat.push((*at, stage, *score >= 4)),
                "ces" => self.ces.push((*at, stage, (*score - 1) as f64 / 6.0)),
                _ => {}
            }
        }

        let until = log.iter().rposition(|(_, what)| *what != "cancelled").map_or(0, |at| at + 1);
        let until = log.get(until).map_or(i64::MAX, |(at, _)| *at);
        let felt = |metric: &str| {
            let last = answers.iter().rfind(|(at, m, _)| *m == metric && *at < until);
            match (metric, last.map(|(_, _, score)| *score)) {
                (_, None) => "none",
                ("csat", Some(4..)) | ("nps", Some(9..)) | ("ces", Some(..=3)) => "good",
                ("csat", Some(_)) | ("nps", Some(..=6)) | ("ces", Some(5..)) => "bad",
                _ => "none",
            }
        };
        self.lives.push(Life { log, experience: ["csat", "nps", "ces"].map(felt) });
    }

    fn window(&self, window: &str, start: i64, now: i64, out: &mut Expected) {
        let holds = |at: i64| (start..=now).contains(&at);
        let mut put =
            |name: &str, labels: &str, value: Option<f64>| out.insert(format!("cx_{name}{{{labels},window=\"{window}\"}}"), value);
        let ratio = |part: f64, whole: usize| (whole > 0).then(|| part / whole as f64);
        for stage in SEEN {
            let mut of_stage =
                |name: &str, value: Option<f64>| put(&format!("journey_{name}"), &format!("journey_stage=\"{stage}\""), value);
            let count = |list: &[(i64, &str)]| list.iter().filter(|(at, s)| holds(*at) && *s == stage).count();
            of_stage("entered", Some(count(&self.entered) as f64));
            let stays: Vec<i64> = self.stays.iter().filter(|(at, s, _)| holds(*at) && *s == stage).map(|(.., ms)| *ms).collect();
            of_stage("stage_seconds_count", Some(stays.len() as f64));
            let seconds = stays.iter().sum::<i64>() as f64 / 1000.0;
            of_stage("stage_seconds_sum", Some(seconds));
            of_stage("stage_mean_seconds", ratio(seconds, stays.len()));
            let contacts: Vec<bool> = self.contacts.iter().filter(|(at, s, _)| holds(*at) && *s == stage).map(|(.., r)| *r).collect();
            let repeats = contacts.iter().filter(|r| **r).count();
            of_stage("contacts", Some(contacts.len() as f64));
            of_stage("repeat_contacts", Some(repeats as f64));
            let csat: Vec<bool> = self.csat.iter().filter(|(at, s, _)| holds(*at) && *s == stage).map(|(.., good)| *good).collect();
            let satisfied = csat.iter().filter(|good| **good).count();
            of_stage("csat_responses", Some(csat.len() as f64));
            of_stage("csat_satisfied_responses", Some(satisfied as f64));
            let efforts: Vec<f64> = self.ces.iter().filter(|(at, s, _)| holds(*at) && *s == stage).map(|(.., e)| *e).collect();
            of_stage("ces_responses", Some(efforts.len() as f64));
            let (advanced, dropped) = (count(&self.advanced), count(&self.dropped));
            let configured = place(stage);
            if configured.is_some() {
                of_stage("advanced", Some(advanced as f64));
                of_stage("dropped", Some(dropped as f64));
                of_stage("conversion_ratio", ratio(advanced as f64, advanced + dropped));
                of_stage("dropoff_ratio", ratio(dropped as f64, advanced + dropped));
            }
            let parts = [
                ("dropoff", ratio(dropped as f64, advanced + dropped).filter(|_| configured.is_some())),
                ("csat", ratio((csat.len() - satisfied) as f64, csat.len())),
                ("effort", ratio(efforts.iter().sum(), efforts.len())),
                ("repeat_contacts", ratio(repeats as f64, contacts.len())),
            ];
            for (part, value) in parts {
                put("journey_pain_part", &format!("journey_stage=\"{stage}\",part=\"{part}\""), value);
            }
            let out_of: Vec<_> = self.moves.iter().filter(|(at, from, _)| holds(*at) && *from == stage).collect();
            for to in SEEN.iter().filter(|to| **to != stage) {
                let there = out_of.iter().filter(|(.., t)| t == to).count() as f64;
                let labels = format!("from=\"{stage}\",to=\"{to}\"");
                put("journey_transitions", &labels, Some(there));
                put("journey_transition_ratio", &labels, ratio(there, out_of.len()).filter(|share| *share > 0.0));
            }
        }
        let mut logged = self.lives.iter().flat_map(|life| &life.log);
        if !logged.any(|(at, what)| *at < start || *what == "active") {
            return;
        }
        for (nth, metric) in ["csat", "nps", "ces"].iter().enumerate() {
            for experience in ["good", "bad", "none"] {
                let lives = self.lives.iter().filter(|life| life.experience[nth] == experience);
                let base: Vec<_> = lives.filter(|life| life.was_active(start)).collect();
                let churned = base.iter().filter(|life| life.log.last().unwrap().1 == "cancelled").count();
                let labels = format!("metric=\"{metric}\",experience=\"{experience}\"");
                put("customers_active_at_start_by_experience", &labels, Some(base.len() as f64));
                put("customers_churned_by_experience", &labels, Some(churned as f64));
                put("churn_ratio_by_experience", &labels, ratio(churned as f64, base.len()));
            }
        }
    }
}

impl Life {
    fn was_active(&self, start: i64) -> bool {
        match self.log.iter().rfind(|(at, _)| *at < start) {
            Some((_, what)) => *what != "cancelled",
            None => self.log.first().is_some_and(|(_, what)| *what == "active"),
        }
    }
}
