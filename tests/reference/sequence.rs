//! Random event sequences: few tickets, chats, customers and surveys, so that what happens to one meets what happened to it before.

use std::fmt;

use cxpulse::engine::{Condition, EngineSettings, Rule, Ruled, TargetPauses, TargetSettings, TimeTarget, TrendSettings, WindowSettings};
use cxpulse::event::{Scale, Status};
use cxpulse::time::Span;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::compare::{Act, Scenario};
use super::outcome::Arrival;
use super::setup::{DIMENSIONS, PAUSES, Setup, dimension, settings, targets, topics};
use super::sketch::{About, Sketch, What, changed, merge, sketch, told};

/// A Monday at midnight UTC, on every hop's edge.
const BASE: i64 = 1_740_960_000_000;

/// Windows, grouping sets, lateness and the grid of times.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Milliseconds between grid points.
    step: i64,
    /// Hop and number of hops of each window.
    windows: Vec<(Hop, i64)>,
    /// Dimensions of each grouping set.
    sets: Vec<Vec<&'static str>>,
    customer_sets: Vec<Vec<&'static str>>,
    /// By kind of topic.
    lateness: Vec<Span>,
    repeat_within: Span,
    abandon_min: Span,
    /// From which score on 0 to 10 a rating is satisfied, where that is configured.
    satisfied_from: Option<i64>,
    /// Pauses of every target, what opens a new matter in steps of the grid, clocks from the creation, and the target of next response in steps.
    desk: DeskPlan,
    /// Targets of first response, of that for team `a`, of resolution and of chat wait, in steps of the grid.
    targets: Option<[i64; 4]>,
    /// Every log is read to its end at every moment, so that histories shrink; then nothing arrives later than allowed.
    settles: bool,
}

/// The settings of real desks.
#[derive(Clone, Debug, Default)]
struct DeskPlan {
    pauses: [Vec<Status>; 3],
    new_matter_after: Option<i64>,
    clock_from_creation: bool,
    next_response: Option<i64>,
    /// The time without events after which a chat has ended, in steps.
    idle_end: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Hop {
    Seconds(i64),
    /// In steps of the grid, so that events meet the window's edges.
    Steps(i64),
}

/// A whole random case.
#[derive(Clone)]
pub(crate) struct Draft {
    plan: Plan,
    sketches: Vec<Sketch>,
}

/// Any sequence of at most `events` events.
pub(crate) fn draft(events: usize) -> impl Strategy<Value = Draft> {
    (plan(), prop::collection::vec(sketch(), 1..=events)).prop_map(|(plan, sketches)| Draft { plan, sketches })
}

/// A sequence of at most `events` events of tickets that snapshots tell of.
pub(crate) fn told_draft(events: usize) -> impl Strategy<Value = Draft> {
    (plan(), prop::collection::vec(told(), 1..=events)).prop_map(|(plan, sketches)| Draft { plan, sketches })
}

/// A sequence of at most `events` events about changes that somebody made.
pub(crate) fn changed_draft(events: usize) -> impl Strategy<Value = Draft> {
    (plan(), prop::collection::vec(changed(), 1..=events)).prop_map(|(plan, sketches)| Draft { plan, sketches })
}

/// The failure's own message tells the scenario as it can be pasted; the draft behind it would only drown that.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, told above", self.sketches.len())
    }
}

impl Draft {
    /// The scenario in one partition group.
    pub(crate) fn in_one_group(&self) -> Scenario {
        self.scenario(1, |_| 0, |sketch| sketch.clone())
    }

    /// The scenario spread over groups by customer; every ticket, chat and survey belongs to one customer, or stands alone.
    pub(crate) fn by_customer(&self, groups: i32) -> Scenario {
        let group = |sketch: &Sketch| match &sketch.what {
            What::Set { .. } => 0,
            What::Ticket { ticket: n, .. } | What::Chat { chat: n, .. } => i32::from(n % 3) % groups,
            What::Survey { about: About::Ticket(n) | About::Chat(n) | About::Both(n), .. } => i32::from(n % 3) % groups,
            What::Survey { survey, customer, .. } => i32::from(customer.or(*survey).unwrap_or(0) % 3) % groups,
            What::Customer { customer, .. } => i32::from(customer % 3) % groups,
            // Anywhere: of two words about one change in two groups the later holds all the same.
            What::Change { topic, .. } => (*topic as i32 + sketch.tick as i32) % groups,
        };
        self.scenario(groups, group, Sketch::of_one_customer)
    }

    fn scenario(&self, groups: i32, group: impl Fn(&Sketch) -> i32, change: impl Fn(&Sketch) -> Sketch) -> Scenario {
        let settings = Setup::from(self.plan.settings());
        let longest = settings.windows.iter().map(|window| window.range.0).max().expect("a window");
        let mut timed: Vec<(i64, Vec<Act>)> = Vec::new();
        // A full set and a merge of customers speak for one partition group, and the model knows one whole.
        let is_whole = |what: &What| match what {
            What::Set { .. } => false,
            What::Customer { members, .. } => members["type"] != "customer.merged",
            What::Ticket { .. } | What::Chat { .. } | What::Survey { .. } | What::Change { .. } => true,
        };
        // What has settled before a merge keeps the dimensions that it inherited.
        let is_inherited = |set: &Vec<&str>| set.iter().any(|name| DIMENSIONS.contains(&(name, true)));
        let may_merge = groups == 1 && !self.plan.sets.iter().any(is_inherited);
        let stays = |what: &What| is_whole(what) || (groups == 1 && (may_merge || matches!(what, What::Set { .. })));
        let sketches = self.sketches.iter().enumerate().filter(|(_, sketch)| stays(&sketch.what));
        // An erasure that arrives after what came later cannot part two identities that are one by then.
        let is = |sketch: &Sketch, what: &str| matches!(&sketch.what, What::Customer { members, .. } if members["type"] == what);
        let has = |what: &str| self.sketches.iter().any(|sketch| is(sketch, what));
        let in_order = has("customer.merged") && has("customer.erased");
        for (i, sketch) in sketches {
            let sketch = change(sketch);
            let time = BASE + sketch.tick * self.plan.step + sketch.jitter;
            // A survey is forgotten when no window holds its last event, so no id comes again after that.
            let age = sketch.tick * self.plan.step / longest;
            let topic = sketch.what.topic();
            let delay = if self.plan.settles { sketch.delay.min(16) } else { sketch.delay };
            let delay = if in_order { 0 } else { delay * settings.topics[topic].allowed_lateness.0 / 16 };
            let id = sketch.same_id_as.map_or(i, |other| other % self.sketches.len());
            let group = group(&sketch);
            // An identity is one within its partition, so no id may come in two.
            let id = if groups > 1 { format!("e{id}-{group}") } else { format!("e{id}") };
            let mut acts = vec![Act::Arrive(Arrival {
                group,
                topic,
                line: sketch.line(&id, time, age),
                record_time: sketch.ahead.map(|ahead| time - ahead),
            })];
            acts.extend(sketch.hands_over.then_some(Act::HandOver(i as i32 % groups)));
            acts.extend(sketch.look.map(Act::Look));
            timed.push((time + delay, acts));
        }
        timed.sort_by_key(|(arrives, _)| *arrives);
        let mut acts: Vec<Act> = timed.into_iter().flat_map(|(_, acts)| acts).collect();
        acts.extend([Act::Look(0), Act::Look(self.plan.step * 3 + 1)]);
        Scenario { settings, groups, settles: self.plan.settles, acts }
    }
}

impl Plan {
    fn settings(&self) -> EngineSettings {
        let indices = |sets: &[Vec<&str>]| sets.iter().map(|set| set.iter().map(|d| dimension(d)).collect()).collect();
        let length = |hop: Hop| match hop {
            Hop::Seconds(n) => Span::seconds(n),
            Hop::Steps(n) => Span(n * self.step),
        };
        let mut windows: Vec<(Span, Span)> = self.windows.iter().map(|&(hop, n)| (Span(length(hop).0 * n), length(hop))).collect();
        windows.sort();
        let mut kept: Vec<WindowSettings> = Vec::new();
        for (range, hop) in windows {
            // The rule of the configuration: a window is longer than the one before it by its own hop at least.
            if kept.last().is_none_or(|shorter| range.0 - shorter.range.0 >= hop.0) {
                kept.push(WindowSettings { name: range.to_string(), range, hop });
            }
        }
        let time = |conditions, steps: i64| {
            let value = TimeTarget { within: Span(steps * self.step), share: 0.9, is_business: false };
            Rule { conditions, value }
        };
        let of_team = || vec![Condition { dimension: dimension("team"), values: vec!["a".to_owned()] }];
        let [first_response, next_response, resolution] = self.desk.pauses.clone();
        let mut targets = TargetSettings {
            next_response: Ruled { rules: self.desk.next_response.map(|steps| time(vec![], steps)).into_iter().collect() },
            pauses: TargetPauses { first_response, next_response, resolution },
            ..targets()
        };
        if let Some([first_response, of_a, resolution, chat_wait]) = self.targets {
            targets.first_response.rules = vec![time(of_team(), of_a), time(vec![], first_response)];
            targets.resolution.rules = vec![time(vec![], resolution)];
            targets.chat_wait.rules = vec![time(vec![], chat_wait)];
        }
        let trend = |baseline| TrendSettings { short: 0, baseline };
        let scale = Scale { min: 0, max: 10_000_000, ease: false };
        let mut out = EngineSettings {
            trends: (1..kept.len()).map(trend).collect(),
            targets,
            new_matter_after: self.desk.new_matter_after.map(|steps| Span(steps * self.step)),
            first_response_from_creation: self.desk.clock_from_creation,
            windows: kept,
            grouping_sets: indices(&self.sets),
            customer_grouping_sets: indices(&self.customer_sets),
            repeat_contact_within: self.repeat_within,
            chat_abandon_min: self.abandon_min,
            chat_idle_end: self.desk.idle_end.map(|steps| Span(steps * self.step)),
            csat_satisfied_from: self.satisfied_from.map(|from| (scale, from * 1_000_000)).into_iter().collect(),
            topics: topics(Span(0)),
            ..settings()
        };
        for (topic, lateness) in out.topics.iter_mut().zip(&self.lateness) {
            topic.allowed_lateness = *lateness;
        }
        out
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let hop = prop_oneof![
        2 => prop::sample::select(vec![1, 5, 7, 60, 90, 420, 900, 3_600, 21_600]).prop_map(Hop::Seconds),
        3 => prop::sample::select(vec![1, 2, 3, 7]).prop_map(Hop::Steps),
    ];
    let windows = prop::collection::vec((hop, prop_oneof![2..12i64, Just(60), 2..200i64]), 1..=3);
    let set = prop::sample::select(vec![
        vec!["channel"],
        vec!["team"],
        vec!["team", "channel"],
        vec!["segment"],
        vec!["channel", "segment"],
        vec!["journey_stage"],
        vec!["priority", "team"],
    ]);
    let sets = prop::collection::btree_set(set, 0..4).prop_map(|sets| sets.into_iter().collect());
    let customer_set = prop::sample::select(vec![vec!["segment"], vec!["journey_stage"], vec!["segment", "journey_stage"]]);
    let customer_sets = prop::collection::btree_set(customer_set, 0..2).prop_map(|sets| sets.into_iter().collect());
    let span = |seconds: &[i64]| prop::sample::select(seconds.to_vec()).prop_map(Span::seconds);
    let lateness = prop::collection::vec(span(&[1, 60, 3_600, 3_600, 172_800]), 4);
    let steps = || prop::sample::select(vec![1, 2, 5, 20]);
    let targets = prop::option::of((steps(), steps(), steps(), steps()).prop_map(|(a, b, c, d)| [a, b, c, d]));
    let pauses = || prop::sample::subsequence(PAUSES.map(|(status, _)| status).to_vec(), 0..3);
    let matter = prop::option::weighted(0.3, prop::sample::select(vec![1, 3, 10]));
    let idle_end = prop::option::weighted(0.3, prop::sample::select(vec![3, 10]));
    let desk =
        (pauses(), pauses(), pauses(), matter, prop::bool::weighted(0.1), prop::option::of(steps()), idle_end).prop_map(|desk| DeskPlan {
            pauses: [desk.0, desk.1, desk.2],
            new_matter_after: desk.3,
            clock_from_creation: desk.4,
            next_response: desk.5,
            idle_end: desk.6,
        });
    let rest = (span(&[0, 5, 60]), prop::option::of(Just(8)), any::<bool>(), targets, desk);
    let step = prop::sample::select(vec![1_000, 5_000, 30_000, 60_000, 420_000, 3_600_000, 21_600_000]);
    (step, windows, sets, customer_sets, lateness, span(&[60, 3_600, 604_800]), rest).prop_map(
        |(step, windows, sets, customer_sets, lateness, repeat_within, (abandon_min, satisfied_from, settles, targets, desk))| Plan {
            step,
            windows,
            sets,
            customer_sets,
            lateness,
            repeat_within,
            abandon_min,
            satisfied_from,
            targets,
            desk,
            settles,
        },
    )
}

/// Enough contacts with answers that correlations exist; durations far enough apart that no bin ties them, or equal.
pub(crate) fn rated() -> impl Strategy<Value = Draft> {
    let contact = (any::<bool>(), 0..24u32, 0..24u32, 1..=5i64, 1..=7i64, 0..=10i64, any::<[bool; 4]>(), 0..=16i64);
    prop::collection::vec(contact, 8..24).prop_map(|contacts| {
        let mut sketches = Vec::new();
        for (n, (is_ticket, reply, solve, csat, ces, nps, present, delay)) in contacts.into_iter().enumerate() {
            let n = n as u8;
            // Steps of 1.1 between durations; a bin is 2 % wide.
            let duration = |steps: u32| (1_000.0 * 1.1f64.powi(steps as i32)).round() as i64;
            let mut add = |tick: i64, jitter: i64, delay: i64, what: What| {
                let is_opening = (tick, jitter) == (1, 0);
                let (look, hands_over) = ((n == 9 && is_opening).then_some(0), n == 5 && is_opening);
                sketches.push(Sketch {
                    tick,
                    jitter,
                    delay,
                    same_id_as: None,
                    form: (false, false),
                    dims: vec![],
                    what,
                    ahead: None,
                    look,
                    hands_over,
                });
            };
            let customer = json!({"customer_id": format!("C{n}")});
            let contact = |kind: &str, chat: &str, more: Json| match is_ticket {
                true => What::Ticket { ticket: n, members: merge(vec![json!({"type": format!("ticket.{kind}")}), more]) },
                false => What::Chat { chat: n, members: merge(vec![json!({"type": format!("chat.{chat}")}), more]) },
            };
            add(1, 0, 0, contact("created", "started", customer));
            add(1, duration(reply), delay, contact("message", "message", json!({"author": "agent"})));
            if is_ticket {
                let members = json!({"type": "ticket.status_changed", "status": "solved"});
                add(1, duration(solve + 20), 0, What::Ticket { ticket: n, members });
            }
            let about = if is_ticket { About::Ticket(n) } else { About::Chat(n) };
            let mut answer = |present: bool, about, metric: &str, score: i64, more: Json| {
                let members = merge(vec![json!({"type": "survey.responded", "metric": metric, "score": score}), more]);
                if present {
                    add(i64::from(n % 4), 0, 16 - delay, What::Survey { survey: None, about, customer: Some(n), members });
                }
            };
            answer(present[0], about, "csat", csat, json!({}));
            answer(present[1], about, "ces", ces, json!({"direction": "ease"}));
            answer(present[2], about, "nps", nps, json!({}));
            answer(present[3], About::Nothing, "nps", 10 - nps, json!({}));
        }
        let plan = Plan {
            step: 60_000,
            windows: vec![(Hop::Seconds(5), 60), (Hop::Steps(1), 60), (Hop::Seconds(3_600), 168)],
            sets: vec![vec!["channel"]],
            customer_sets: vec![],
            lateness: vec![Span::hours(1); 4],
            repeat_within: Span::days(7),
            abandon_min: Span::seconds(5),
            satisfied_from: None,
            desk: DeskPlan::default(),
            targets: Some([1, 2, 20, 1]),
            settles: true,
        };
        Draft { plan, sketches }
    })
}
