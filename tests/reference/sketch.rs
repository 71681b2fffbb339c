//! Random single events: what one says, and the line that says it.

use std::collections::BTreeMap;

use cxpulse::event::Kind;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

/// One event before it has a line: when, how late it arrives, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    /// In steps of the plan's grid.
    pub(crate) tick: i64,
    /// Milliseconds beside the grid; mostly none, so that events meet at one instant and on edges.
    pub(crate) jitter: i64,
    /// How late it arrives, in parts of 16 of the allowed lateness; beyond 16 it may be late.
    pub(crate) delay: i64,
    /// Takes the id of another event, by index.
    pub(crate) same_id_as: Option<usize>,
    /// Structured form, time as text.
    pub(crate) form: (bool, bool),
    /// Dimension values that it carries.
    pub(crate) dims: Vec<(&'static str, &'static str)>,
    pub(crate) what: What,
    /// How far ahead of its record's own timestamp it lies, where the record has one.
    pub(crate) ahead: Option<i64>,
    /// After its arrival the clock stands so many milliseconds after the latest event and the metrics are read.
    pub(crate) look: Option<i64>,
    /// After its arrival a partition group is taken away and given back.
    pub(crate) hands_over: bool,
}

/// What happens, to whom.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Ticket {
        ticket: u8,
        members: Json,
    },
    /// A full set of snapshots has been sent.
    Set {
        members: Json,
    },
    Chat {
        chat: u8,
        members: Json,
    },
    Survey {
        survey: Option<u8>,
        about: About,
        customer: Option<u8>,
        members: Json,
    },
    Customer {
        customer: u8,
        members: Json,
    },
    /// Somebody changed something, which any topic may carry.
    Change {
        topic: usize,
        members: Json,
    },
}

/// What a survey is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    Nothing,
    Ticket(u8),
    Chat(u8),
    /// A ticket and the chat with the same number.
    Both(u8),
}

impl Sketch {
    /// The record that says it; a survey's id is another in every age.
    pub(crate) fn line(&self, id: &str, time: i64, age: i64) -> Vec<u8> {
        let mut payload = Map::new();
        let mut put = |name: &str, value: String| payload.insert(name.to_owned(), Json::String(value));
        let members = match &self.what {
            What::Ticket { ticket, members } => {
                put("ticket_id", format!("T{ticket}"));
                members
            }
            What::Set { members } | What::Change { members, .. } => members,
            What::Chat { chat, members } => {
                put("chat_id", format!("R{chat}"));
                members
            }
            What::Survey { survey, about, customer, members } => {
                survey.map(|n| put("survey_id", format!("S{n}-{age}")));
                customer.map(|n| put("customer_id", format!("C{n}")));
                match about {
                    About::Nothing => None,
                    About::Ticket(n) => put("ticket_id", format!("T{n}")),
                    About::Chat(n) => put("chat_id", format!("R{n}")),
                    About::Both(n) => {
                        put("ticket_id", format!("T{n}"));
                        put("chat_id", format!("R{n}"))
                    }
                };
                members
            }
            What::Customer { customer, members } => {
                put("customer_id", format!("C{customer}"));
                members
            }
        };
        payload.extend(self.dims.iter().map(|&(k, v)| (k.to_owned(), v.into())));
        if matches!(self.what, What::Customer { .. }) {
            // By the tick, so that no further chance is drawn and earlier seeds still mean what they meant.
            let values = [json!(0), json!(10), json!(49.9), Json::Null, json!(1_250_000.25), json!("")];
            payload.insert("value".to_owned(), values[self.tick.rem_euclid(6) as usize].clone());
        }
        payload.extend(members.as_object().expect("members").clone());
        // Further instants are sketched by how long before the event they lie.
        for name in ["created_time", "first_response_time", "solved_time", "awaiting_reply_since", "started_time"] {
            if let Some(before) = payload.get(name).and_then(Json::as_i64) {
                payload.insert(name.to_owned(), (time - before).into());
            }
        }
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
    pub(crate) fn of_one_customer(&self) -> Self {
        let mut out = self.clone();
        let set = |members: &mut Json, customer: u8| {
            if let Some(named) = members.as_object_mut().and_then(|m| m.get_mut("customer_id")) {
                *named = format!("C{}", customer % 3).into();
            }
        };
        match &mut out.what {
            What::Ticket { ticket, members } => set(members, *ticket),
            What::Set { .. } | What::Change { .. } => {}
            What::Chat { chat, members } => set(members, *chat),
            What::Survey { survey, about, customer, .. } => {
                let owner = match about {
                    About::Ticket(n) | About::Chat(n) | About::Both(n) => Some(*n % 3),
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
    /// The index of its topic.
    pub(crate) fn topic(&self) -> usize {
        let kind = match self {
            Self::Ticket { .. } | Self::Set { .. } => Kind::Tickets,
            Self::Chat { .. } => Kind::Chats,
            Self::Survey { .. } => Kind::Surveys,
            Self::Customer { .. } => Kind::Customers,
            Self::Change { topic, .. } => return *topic,
        };
        Kind::ALL.iter().position(|k| *k == kind).expect("one of the kinds")
    }
}

/// Any event.
pub(crate) fn sketch() -> impl Strategy<Value = Sketch> {
    sketch_of(what())
}

/// An event of few tickets, of which snapshots and full sets of them tell too.
pub(crate) fn told() -> impl Strategy<Value = Sketch> {
    sketch_of(prop_oneof![6 => ticket(), 3 => told_ticket(), 2 => set(), 1 => survey(), 1 => customer()])
}

/// A change that somebody made, or something that happens beside it and may make it late.
pub(crate) fn changed() -> impl Strategy<Value = Sketch> {
    sketch_of(prop_oneof![6 => change(), 1 => ticket(), 1 => chat(), 1 => customer()])
}

fn sketch_of(what: impl Strategy<Value = What>) -> impl Strategy<Value = Sketch> {
    // Clocks of servers that differ by up to 2 s, and a little more.
    let skew = prop::sample::select(vec![-2_001, -2_000, -1_500, 500, 1_999, 2_000, 2_001]);
    let jitter = prop_oneof![16 => Just(0), 2 => Just(-1), 2 => Just(1), 2 => 0..1_000i64, 3 => skew];
    let delay = prop_oneof![6 => Just(0), 6 => 0..=16i64, 1 => 17..40i64];
    let same_id_as = prop::option::weighted(0.08, 0..200usize);
    let form = (prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    let ahead = prop_oneof![4 => Just(0), 1 => 1..5_000i64, 1 => 60_000..7_200_000i64, 1 => -600_000..0i64];
    let record = prop::option::weighted(0.2, prop_oneof![8 => Just(0), 2 => Just(120_000), 1 => Just(120_001), 1 => -5_000..500_000i64]);
    let then = (prop::option::weighted(0.03, ahead), prop::bool::weighted(0.02));
    (0..48i64, jitter, delay, same_id_as, form, dims(), what, record, then).prop_map(
        |(tick, jitter, delay, same_id_as, form, dims, what, ahead, (look, hands_over))| Sketch {
            tick,
            jitter,
            delay,
            same_id_as,
            form,
            dims,
            what,
            ahead,
            look,
            hands_over,
        },
    )
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
    prop_oneof![18 => ticket(), 10 => chat(), 12 => survey(), 8 => customer(), 1 => set()]
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

/// The members of several objects together.
pub(crate) fn merge(parts: Vec<Json>) -> Json {
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

/// An instant, by how many milliseconds it lies before the event.
fn before(name: &'static str) -> impl Strategy<Value = Json> {
    let apart = [0, 1_000, 5_000, 60_000, 420_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000];
    prop::sample::select(apart.to_vec()).prop_map(move |ms: i64| json!({ name: ms }))
}

fn snapshot() -> impl Strategy<Value = Json> {
    let sometimes = |name| prop::option::weighted(0.3, before(name)).prop_map(|member| member.unwrap_or_else(|| json!({})));
    let status = prop_oneof![3 => Just("open"), 2 => Just("solved"), 1 => prop::sample::select(vec!["new", "pending", "closed", "spam"])];
    let told = (sometimes("first_response_time"), sometimes("solved_time"), sometimes("awaiting_reply_since"));
    let answered = prop::option::weighted(0.25, prop::bool::weighted(0.4));
    (before("created_time"), status, told, answered, customer_id()).prop_map(|(created, status, told, answered, customer)| {
        let answered = answered.map_or_else(|| json!({}), |answered| json!({"answered": answered}));
        merge(vec![json!({"type": "ticket.snapshot", "status": status}), created, told.0, told.1, told.2, answered, customer])
    })
}

fn told_ticket() -> impl Strategy<Value = What> {
    (one_of_few(), snapshot()).prop_map(|(ticket, members)| What::Ticket { ticket, members })
}

fn set() -> impl Strategy<Value = What> {
    before("started_time").prop_map(|started| What::Set { members: merge(vec![json!({"type": "ticket.snapshot_completed"}), started]) })
}

fn ticket() -> impl Strategy<Value = What> {
    let created = (customer_id(), maybe("created_by", &["customer", "agent", "system", "first_author"]))
        .prop_map(|(who, by)| merge(vec![json!({"type": "ticket.created"}), who, by]));
    let status = prop_oneof![
        4 => Just("solved"),
        1 => Just("closed"),
        2 => Just("open"),
        1 => prop::sample::select(vec!["new", "pending", "on_hold"]),
        1 => prop::sample::select(vec!["spam", "deleted"]),
    ];
    let status = status.prop_map(|status| json!({"type": "ticket.status_changed", "status": status}));
    let members = prop_oneof![
        4 => created,
        8 => message("ticket.message"),
        5 => status,
        3 => moved("ticket.assigned"),
        1 => Just(json!({"type": "ticket.escalated"})),
        3 => snapshot(),
        1 => Just(json!({"type": "ticket.merged", "into_ticket_id": "T9"})),
        1 => Just(json!({"type": "ticket.unmerged"})),
        2 => Just(json!({"type": "ticket.handoff"})),
    ];
    (one_of_few(), members).prop_map(|(ticket, members)| What::Ticket { ticket, members })
}

/// An assignment or transfer: to a team, to none, or with no word about it; with a reason or without.
fn moved(kind: &'static str) -> impl Strategy<Value = Json> {
    let team = prop_oneof![
        3 => maybe("team", &["a", "b", "unknown", ""]),
        1 => Just(json!({"team": null})),
    ];
    (team, maybe("reason", &["transfer", "escalation", "auto"]))
        .prop_map(move |(team, reason)| merge(vec![json!({"type": kind}), team, reason]))
}

/// The ticket that a chat's event names, by its number: the chat's own, or another whose events lie in the same partition.
fn named_ticket() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.25, prop::sample::select(vec![0, 3]))
}

fn chat() -> impl Strategy<Value = What> {
    let started = customer_id().prop_map(|who| merge(vec![json!({"type": "chat.started"}), who]));
    let members = prop_oneof![
        4 => started,
        3 => Just(json!({"type": "chat.accepted"})),
        4 => message("chat.message"),
        1 => moved("chat.transferred"),
        1 => Just(json!({"type": "chat.handoff"})),
        2 => Just(json!({"type": "chat.ended"})),
        2 => Just(json!({"type": "chat.abandoned"})),
    ];
    (one_of_few(), members, named_ticket()).prop_map(|(chat, members, further)| {
        let ticket = further.map_or_else(|| json!({}), |further| json!({"ticket_id": format!("T{}", (chat + further) % 6)}));
        What::Chat { chat, members: merge(vec![members, ticket]) }
    })
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![2 => Just(About::Nothing), 3 => one_of_few().prop_map(About::Ticket), 2 => one_of_few().prop_map(About::Chat), 1 => one_of_few().prop_map(About::Both)]
}

fn change() -> impl Strategy<Value = What> {
    let name = prop::sample::select(vec!["new macros", "new site", " new site\n", "Zu\u{308}rich", "Z\u{fc}rich"]);
    let withdrawn = prop_oneof![
        6 => Just(json!({})),
        3 => Just(json!({"withdrawn": true})),
        1 => Just(json!({"withdrawn": false})),
        1 => Just(json!({"withdrawn": null})),
    ];
    (0..4usize, name, withdrawn).prop_map(|(topic, name, withdrawn)| What::Change {
        topic,
        members: merge(vec![json!({"type": "change.marked", "name": name}), withdrawn]),
    })
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
        1 => Just((0.5, 4.5)),
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
        1 => Just(json!({"type": "customer.erased"})),
        1 => maybe("into_customer_id", &["C0", "C1", "C2"]).prop_map(|into| merge(vec![json!({"type": "customer.merged", "into_customer_id": "C0"}), into])),
        2 => touched,
    ];
    (0..3u8, members).prop_map(|(customer, members)| What::Customer { customer, members })
}
