//! Random event sequences: few tickets, chats, customers and surveys, so that what happens to one meets what happened to it before.

use std::collections::BTreeMap;

use cxpulse::engine::{EngineSettings, WindowSettings};
use cxpulse::event::Kind;
use cxpulse::time::Span;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::compare::{Act, Scenario};
use super::outcome::Arrival;
use super::setup::{dimension, settings, topics};

/// A Monday at midnight UTC, on every hop's edge.
const BASE: i64 = 1_740_960_000_000;

/// One event before it has a line: when, how late it arrives, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    /// In steps of the plan's grid.
    tick: i64,
    /// Milliseconds beside the grid; mostly none, so that events meet at one instant and on edges.
    jitter: i64,
    /// How late it arrives, in parts of 16 of the allowed lateness; beyond 16 it may be late.
    delay: i64,
    /// Takes the id of another event, by index.
    same_id_as: Option<usize>,
    /// Structured form, time as text.
    form: (bool, bool),
    /// Dimension values that it carries.
    dims: Vec<(&'static str, &'static str)>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Ticket { ticket: u8, members: Json },
    Chat { chat: u8, members: Json },
    Survey { survey: Option<u8>, about: About, customer: Option<u8>, members: Json },
    Customer { customer: u8, members: Json },
}

#[derive(Clone, Copy, Debug)]
enum About {
    Nothing,
    Ticket(u8),
    Chat(u8),
}

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
}

#[derive(Clone, Copy, Debug)]
enum Hop {
    Seconds(i64),
    /// In steps of the grid, so that events meet the window's edges.
    Steps(i64),
}

/// A whole random case.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    plan: Plan,
    sketches: Vec<Sketch>,
    /// After how many of 64 parts of the arrivals, and how far ahead of the latest event, the metrics are read.
    looks: Vec<(usize, i64)>,
    /// After how many of 64 parts of the arrivals a group is taken away and given back.
    hand_overs: Vec<usize>,
}

/// Any sequence of at most `events` events.
pub(crate) fn draft(events: usize) -> impl Strategy<Value = Draft> {
    let looks = prop::collection::vec((0..64usize, ahead()), 0..3);
    let sketches = prop::collection::vec(sketch(), 1..=events);
    let hand_overs = prop::collection::vec(0..64usize, 0..2);
    (plan(), sketches, looks, hand_overs).prop_map(|(plan, sketches, looks, hand_overs)| Draft { plan, sketches, looks, hand_overs })
}

impl Draft {
    /// The scenario in one partition group.
    pub(crate) fn in_one_group(&self) -> Scenario {
        self.scenario(1, |_| 0, |sketch| sketch.clone())
    }

    /// The scenario spread over groups by customer; every ticket, chat and survey belongs to one customer, or stands alone.
    pub(crate) fn by_customer(&self, groups: i32) -> Scenario {
        let group = |sketch: &Sketch| match &sketch.what {
            What::Ticket { ticket: n, .. } | What::Chat { chat: n, .. } => i32::from(n % 3) % groups,
            What::Survey { about: About::Ticket(n) | About::Chat(n), .. } => i32::from(n % 3) % groups,
            What::Survey { survey, customer, .. } => i32::from(customer.or(*survey).unwrap_or(0) % 3) % groups,
            What::Customer { customer, .. } => i32::from(customer % 3) % groups,
        };
        self.scenario(groups, group, Sketch::of_one_customer)
    }

    fn scenario(&self, groups: i32, group: impl Fn(&Sketch) -> i32, change: impl Fn(&Sketch) -> Sketch) -> Scenario {
        let settings = self.plan.settings();
        let mut timed: Vec<(i64, Arrival)> = Vec::new();
        for (i, sketch) in self.sketches.iter().enumerate() {
            let sketch = change(sketch);
            let time = BASE + sketch.tick * self.plan.step + sketch.jitter;
            let topic = sketch.what.topic();
            let delay = sketch.delay * settings.topics[topic].allowed_lateness.0 / 16;
            let id = sketch.same_id_as.map_or(i, |other| other % self.sketches.len());
            let group = group(&sketch);
            // An identity is one within its partition, so no id may come in two.
            let id = if groups > 1 { format!("e{id}-{group}") } else { format!("e{id}") };
            timed.push((time + delay, Arrival { group, topic, line: sketch.line(&id, time) }));
        }
        timed.sort_by_key(|(arrives, _)| *arrives);
        let mut acts: Vec<(usize, Act)> = timed.into_iter().enumerate().map(|(i, (_, arrival))| (i, Act::Arrive(arrival))).collect();
        let count = acts.len();
        let after = |part: usize| part * count / 64;
        acts.extend(self.hand_overs.iter().map(|&part| (after(part), Act::HandOver(part as i32 % groups))));
        acts.extend(self.looks.iter().map(|&(part, ahead)| (after(part), Act::Look(ahead))));
        acts.push((count, Act::Look(0)));
        acts.push((count, Act::Look(self.plan.step * 3 + 1)));
        // Stable: a look at a place follows the arrival there.
        acts.sort_by_key(|(at, _)| *at);
        Scenario { settings, groups, acts: acts.into_iter().map(|(_, act)| act).collect() }
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
        let mut out = EngineSettings {
            windows: kept,
            grouping_sets: indices(&self.sets),
            customer_grouping_sets: indices(&self.customer_sets),
            repeat_contact_within: self.repeat_within,
            topics: topics(Span(0)),
            ..settings()
        };
        for (topic, lateness) in out.topics.iter_mut().zip(&self.lateness) {
            topic.allowed_lateness = *lateness;
        }
        out
    }
}

impl Sketch {
    fn line(&self, id: &str, time: i64) -> Vec<u8> {
        let mut payload = Map::new();
        let mut put = |name: &str, value: String| payload.insert(name.to_owned(), Json::String(value));
        let members = match &self.what {
            What::Ticket { ticket, members } => {
                put("ticket_id", format!("T{ticket}"));
                members
            }
            What::Chat { chat, members } => {
                put("chat_id", format!("R{chat}"));
                members
            }
            What::Survey { survey, about, customer, members } => {
                survey.map(|n| put("survey_id", format!("S{n}")));
                customer.map(|n| put("customer_id", format!("C{n}")));
                match about {
                    About::Nothing => None,
                    About::Ticket(n) => put("ticket_id", format!("T{n}")),
                    About::Chat(n) => put("chat_id", format!("R{n}")),
                };
                members
            }
            What::Customer { customer, members } => {
                put("customer_id", format!("C{customer}"));
                members
            }
        };
        payload.extend(self.dims.iter().map(|&(k, v)| (k.to_owned(), v.into())));
        payload.extend(members.as_object().expect("members").clone());
        let (structured, as_text) = self.form;
        let text = || cxpulse::time::EventTime(time).to_string();
        let time = if as_text { Json::String(text()) } else { time.into() };
        let what = payload.remove("type").expect("a type");
        let envelope = json!({"id": id, "type": what, "time": time});
        let mut out = envelope.as_object().expect("an object").clone();
        if structured {
            out.extend([("specversion".to_owned(), "1.0".into()), ("data".to_owned(), payload.into())]);
        } else {
            out.extend(payload);
        }
        Json::Object(out).to_string().into_bytes()
    }

    /// The same with customers who follow from the ticket, chat or survey, so that everything of a customer can lie in one partition group.
    fn of_one_customer(&self) -> Self {
        let mut out = self.clone();
        let set = |members: &mut Json, customer: u8| {
            if let Some(named) = members.as_object_mut().and_then(|m| m.get_mut("customer_id")) {
                *named = format!("C{}", customer % 3).into();
            }
        };
        match &mut out.what {
            What::Ticket { ticket, members } => set(members, *ticket),
            What::Chat { chat, members } => set(members, *chat),
            What::Survey { survey, about, customer, .. } => {
                let owner = match about {
                    About::Ticket(n) | About::Chat(n) => Some(*n % 3),
                    About::Nothing => customer.map(|n| n % 3),
                };
                *customer = customer.and(owner);
                // One survey id belongs to one customer.
                *survey = survey.map(|n| (n % 2) * 3 + owner.unwrap_or(n % 3));
            }
            What::Customer { customer, .. } => *customer %= 3,
        }
        out
    }
}

impl What {
    fn topic(&self) -> usize {
        let kind = match self {
            Self::Ticket { .. } => Kind::Tickets,
            Self::Chat { .. } => Kind::Chats,
            Self::Survey { .. } => Kind::Surveys,
            Self::Customer { .. } => Kind::Customers,
        };
        Kind::ALL.iter().position(|k| *k == kind).expect("one of the kinds")
    }
}

fn ahead() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 1 => 1..5_000i64, 1 => 60_000..7_200_000i64]
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
    let step = prop::sample::select(vec![1_000, 5_000, 30_000, 60_000, 420_000, 3_600_000, 21_600_000]);
    (step, windows, sets, customer_sets, lateness, span(&[60, 3_600, 604_800])).prop_map(
        |(step, windows, sets, customer_sets, lateness, repeat_within)| Plan {
            step,
            windows,
            sets,
            customer_sets,
            lateness,
            repeat_within,
        },
    )
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let jitter = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1), 1 => 0..1_000i64];
    let delay = prop_oneof![6 => Just(0), 6 => 0..=16i64, 1 => 17..40i64];
    let same_id_as = prop::option::weighted(0.08, 0..200usize);
    let form = (prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (0..48i64, jitter, delay, same_id_as, form, dims(), what()).prop_map(|(tick, jitter, delay, same_id_as, form, dims, what)| Sketch {
        tick,
        jitter,
        delay,
        same_id_as,
        form,
        dims,
        what,
    })
}

fn dims() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let one = prop::sample::select(vec![
        ("channel", "email"),
        ("channel", "phone"),
        ("channel", "chat"),
        ("team", "a"),
        ("team", "b"),
        ("priority", "high"),
        ("segment", "home"),
        ("segment", "work"),
        ("journey_stage", "trial"),
        ("journey_stage", "use"),
    ]);
    let some = prop::collection::vec(one, 1..3).prop_map(|pairs| BTreeMap::from_iter(pairs).into_iter().collect());
    prop_oneof![3 => Just(vec![]), 2 => some]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![9 => ticket(), 5 => chat(), 6 => survey(), 4 => customer()]
}

/// A ticket or chat; most happens to the first.
fn one_of_few() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 4 => 0..4u8]
}

/// One of a few members, or none of them.
fn maybe(name: &'static str, values: &[&'static str]) -> impl Strategy<Value = Json> + use<> {
    let value = prop::sample::select(values.to_vec());
    prop::option::of(value).prop_map(move |value| value.map_or_else(|| json!({}), |value| json!({ name: value })))
}

fn merge(parts: Vec<Json>) -> Json {
    let objects = parts.into_iter().filter_map(|part| part.as_object().cloned());
    Json::Object(objects.flatten().collect())
}

fn customer_id() -> impl Strategy<Value = Json> {
    maybe("customer_id", &["C0", "C1", "C2"])
}

fn message(kind: &'static str) -> impl Strategy<Value = Json> {
    let author = prop_oneof![4 => Just("customer"), 4 => Just("agent"), 1 => Just("bot"), 1 => Just("system")];
    let flags = prop_oneof![
        6 => Just(json!({})),
        1 => Just(json!({"public": false})),
        1 => Just(json!({"automated": true})),
        1 => Just(json!({"automated": true, "public": false})),
    ];
    (author, flags).prop_map(move |(author, flags)| merge(vec![json!({"type": kind, "author": author}), flags]))
}

fn ticket() -> impl Strategy<Value = What> {
    let created = (customer_id(), maybe("created_by", &["customer", "agent", "system"]))
        .prop_map(|(who, by)| merge(vec![json!({"type": "ticket.created"}), who, by]));
    let status = prop_oneof![
        4 => Just("solved"),
        1 => Just("closed"),
        2 => Just("open"),
        1 => prop::sample::select(vec!["new", "pending", "on_hold"]),
        1 => prop::sample::select(vec!["spam", "deleted"]),
    ];
    let status = status.prop_map(|status| json!({"type": "ticket.status_changed", "status": status}));
    let assigned =
        maybe("reason", &["transfer", "escalation", "auto"]).prop_map(|reason| merge(vec![json!({"type": "ticket.assigned"}), reason]));
    let members = prop_oneof![
        4 => created,
        8 => message("ticket.message"),
        5 => status,
        2 => assigned,
        1 => Just(json!({"type": "ticket.escalated"})),
        1 => Just(json!({"type": "ticket.merged", "into_ticket_id": "T9"})),
    ];
    (one_of_few(), members).prop_map(|(ticket, members)| What::Ticket { ticket, members })
}

fn chat() -> impl Strategy<Value = What> {
    let started = customer_id().prop_map(|who| merge(vec![json!({"type": "chat.started"}), who]));
    let members = prop_oneof![
        4 => started,
        3 => Just(json!({"type": "chat.accepted"})),
        4 => message("chat.message"),
        1 => Just(json!({"type": "chat.transferred"})),
        2 => Just(json!({"type": "chat.ended"})),
        2 => Just(json!({"type": "chat.abandoned"})),
    ];
    (one_of_few(), members).prop_map(|(chat, members)| What::Chat { chat, members })
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![2 => Just(About::Nothing), 3 => one_of_few().prop_map(About::Ticket), 2 => one_of_few().prop_map(About::Chat)]
}

fn survey() -> impl Strategy<Value = What> {
    let metric = prop::sample::select(vec!["csat", "nps", "ces"]);
    let sent = metric.prop_map(|metric| json!({"type": "survey.sent", "metric": metric}));
    let scale = prop_oneof![
        6 => Just((1.0, 5.0)),
        1 => Just((0.0, 1.0)),
        1 => Just((1.0, 3.0)),
        1 => Just((1.0, 7.0)),
        1 => Just((0.0, 10.0)),
        1 => Just((0.0, 100.0)),
        1 => Just((-2.0, 2.0)),
    ];
    let part = prop_oneof![6 => (0..=12i32).prop_map(|n| f64::from(n) / 12.0), 1 => Just(0.0), 1 => Just(1.0)];
    let csat = (scale, part.clone(), any::<bool>()).prop_map(|((low, high), part, rounded): ((f64, f64), f64, bool)| {
        let score = low + (high - low) * part;
        let score = if rounded { score.round() } else { (score * 2.0).round() / 2.0 };
        let scale = if (low, high) == (1.0, 5.0) { json!({}) } else { json!({"scale_min": low, "scale_max": high}) };
        merge(vec![json!({"type": "survey.responded", "metric": "csat", "score": score}), scale])
    });
    let nps = (0..=10, maybe("scope", &["service", "experience"]))
        .prop_map(|(score, scope)| merge(vec![json!({"type": "survey.responded", "metric": "nps", "score": score}), scope]));
    let ces_scale = prop_oneof![3 => Just((1, 7)), 1 => Just((1, 5)), 1 => Just((0, 10))];
    let ces = (ces_scale, part, prop::sample::select(vec!["effort", "ease"])).prop_map(|((low, high), part, direction)| {
        let score = f64::from(low) + (f64::from(high - low) * part).round();
        let scale = if (low, high) == (1, 7) { json!({}) } else { json!({"scale_min": low, "scale_max": high}) };
        merge(vec![json!({"type": "survey.responded", "metric": "ces", "score": score, "direction": direction}), scale])
    });
    let responded = (prop::option::of(0..4u8), prop_oneof![3 => csat, 3 => nps, 2 => ces]);
    let members = prop_oneof![1 => ((0..4u8).prop_map(Some), sent.boxed()).boxed(), 3 => responded.boxed()];
    (members, about(), prop::option::of(0..3u8)).prop_map(|((survey, members), about, customer)| What::Survey {
        survey,
        about,
        customer,
        members,
    })
}

fn customer() -> impl Strategy<Value = What> {
    let touched = (prop::sample::select(vec!["trial", "use"]), maybe("channel", &["email", "phone"]))
        .prop_map(|(stage, channel)| merge(vec![json!({"type": "customer.touchpoint", "journey_stage": stage}), channel]));
    let members = prop_oneof![
        1 => Just(json!({"type": "customer.active"})),
        3 => Just(json!({"type": "customer.subscribed"})),
        3 => Just(json!({"type": "customer.cancelled"})),
        2 => touched,
    ];
    (0..3u8, members).prop_map(|(customer, members)| What::Customer { customer, members })
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
                sketches.push(Sketch { tick, jitter, delay, same_id_as: None, form: (false, false), dims: vec![], what });
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
        };
        Draft { plan, sketches, looks: vec![(32, 0)], hand_overs: vec![40] }
    })
}
