//! Which settings shape a state, and their hash: the fingerprint.
//!
//! Every setting of the decoder and of the engine is taken apart here without `..`, so that a new one does not compile before it is decided
//! on which side it belongs. A setting is **in** if a state that was counted with another value would be read wrongly, or if the service
//! would go on counting with two meanings at once. It is **out** if it holds only for what happens from now on, or only for what is shown:
//!
//! | setting | side | why |
//! |---|---|---|
//! | versions of layout and of meaning | in | another layout cannot be read, and another meaning counts differently |
//! | identity key | in | the ids of the state are hashes with this key |
//! | topics: name, kind, feed, lateness, identities, times, ignored types; their order | in | the state refers to topics by number, and what was refused or late stays so |
//! | dimensions: name, owner, renames; their order | in | values are kept under their renamed text, by the number of the dimension |
//! | survey scales and directions, satisfied scores | in | the answers are kept on their scales |
//! | windows: length and step | in | panes are as wide as these say |
//! | window names | out | they are shown |
//! | grouping sets | in | sums are kept for each |
//! | histogram bounds | in | bins are cut at each bound |
//! | chats, tickets, first response, repeat contacts, journey stages with their time-outs, retention | in | they decide what an event changes, or when something ends |
//! | trends | in | churn is kept for the windows that they compare |
//! | open hours of the schedules, and their order | in | a running clock refers to its schedule by number and asks it for the time |
//! | schedule names and rules; targets with their shares, rules and pauses | out | a clock keeps what it was given at its start, so a change holds for clocks that start later |
//! | `targets.due_within` | in | what falls due is kept for each entry by its number |
//! | `first_response.wait_ages` | in | the waits are counted for each entry by its number |
//! | targets of CSAT, NPS, CES and churn | out | they are shown beside the values |
//! | quantiles, weights, dwell targets, group sizes, currency | out | they are applied when a value is read |
//! | marked changes | out | they are compared when a value is read |
//! | limits, numbers of values | out | a limit decides what leaves from now on; raising one must not cost the state |
//!
//! Does not know where the settings come from, or what is done about a difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use ring::digest::{Context, SHA256, digest};

use super::key::Fingerprint;
use crate::engine::{
    BusinessHours, DurationBounds, EngineSettings, JourneySettings, StageSettings, TargetSettings, TrendSettings, WindowSettings,
};
use crate::event::{DecodeSettings, DimensionOwner, DimensionSettings, FeedSettings, Scale, TopicSettings};
use crate::time::Span;

/// A longer text of a value is replaced by its beginning and its hash.
const VALUE_CHARACTERS_MAX: usize = 400;

/// The versions that belong to a state beside its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateVersions {
    /// The version of the form in which the engine writes its state.
    pub layout: u32,
    /// Rises when the same events would be counted differently, although the form stays.
    pub meaning: u32,
}

/// The settings that shape a state: for each key of the configuration a text that is the same exactly if the meaning is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateSettings(BTreeMap<String, String>);

/// A setting in which two states differ. Shown as one sentence, such as "`surveys.ces_direction` was `ease`, and is `effort`".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingDifference {
    /// The key of the configuration.
    pub key: String,
    /// The text before; `None` where the key was absent.
    pub before: Option<String>,
    /// The text now; `None` where the key is absent.
    pub now: Option<String>,
}

impl StateSettings {
    /// The settings that shape a state of the engine.
    #[must_use]
    pub fn new(versions: StateVersions, decode: &DecodeSettings, topics: &[TopicSettings], engine: &EngineSettings) -> Self {
        let mut settings = Self::default();
        let StateVersions { layout, meaning } = versions;
        settings.put("version.layout", layout);
        settings.put("version.meaning", meaning);
        settings.put_decoding(decode);
        settings.put_topics(topics);
        settings.put_engine(engine);
        settings
    }

    /// The settings that a checkpoint names.
    #[must_use]
    pub const fn of_header(settings: BTreeMap<String, String>) -> Self {
        Self(settings)
    }

    /// Each key with its text, for the header of a checkpoint.
    #[must_use]
    pub const fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The hash of all keys and texts.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut context = Context::new(&SHA256);
        for text in self.0.iter().flat_map(|(key, value)| [key, value]) {
            context.update(&(text.len() as u64).to_le_bytes());
            context.update(text.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Fingerprint(hash)
    }

    /// In what these settings differ from earlier ones, by key.
    #[must_use]
    pub fn differences_from(&self, before: &Self) -> Vec<SettingDifference> {
        let keys: BTreeSet<&String> = self.0.keys().chain(before.0.keys()).collect();
        let pairs = keys.into_iter().map(|key| (key, before.0.get(key), self.0.get(key)));
        let differing = pairs.filter(|(_, before, now)| before != now);
        differing.map(|(key, before, now)| SettingDifference { key: key.clone(), before: before.cloned(), now: now.cloned() }).collect()
    }

    fn put(&mut self, key: impl Into<String>, value: impl Display) {
        let value = value.to_string();
        let beginning: String = value.chars().take(VALUE_CHARACTERS_MAX).collect();
        let value = if beginning.len() == value.len() { value } else { format!("{beginning}... ({})", hash_of(value.as_bytes())) };
        self.0.insert(key.into(), value);
    }

    fn put_decoding(&mut self, decode: &DecodeSettings) {
        let DecodeSettings { identity_key, dimensions, ces_ease, csat_scale, ces_scale } = decode;
        // A hash of a secret key tells nothing about the key, which is random.
        self.put("privacy.identity_key", hash_of(&[&b"cxpulse identity key "[..], &identity_key.0].concat()));
        self.put("surveys.ces_direction", if let Some(ease) = ces_ease { direction(*ease) } else { "none" });
        self.put("surveys.csat_scale", scale(*csat_scale));
        self.put("surveys.ces_scale", scale(*ces_scale));
        self.put("dimensions", list(dimensions.iter().map(|dimension| &dimension.name)));
        for DimensionSettings { name, owner, renames, values_max: _ } in dimensions {
            let owner = match owner {
                DimensionOwner::Contact => "contact",
                DimensionOwner::Customer => "customer",
            };
            self.put(format!("dimensions.{name}.owner"), owner);
            self.put(format!("dimensions.{name}.renames"), list(renames.iter().map(|(from, to)| format!("{from:?} = {to:?}"))));
        }
    }

    fn put_topics(&mut self, topics: &[TopicSettings]) {
        self.put("topics", list(topics.iter().map(|topic| &topic.name)));
        for topic in topics {
            let TopicSettings { name, kind, feed, allowed_lateness, identity_from_record, time_from_record, ignored_types, feed_began: _ } =
                topic;
            let feed = match feed {
                None => "none".to_owned(),
                Some(FeedSettings { name, owns_customers: true }) => format!("{name}, with customers of its own"),
                Some(FeedSettings { name, owns_customers: false }) => name.clone(),
            };
            let mut put = |key: &str, value: &dyn Display| self.put(format!("topics.`{name}`.{key}"), value);
            put("kind", &kind.name());
            put("feed", &feed);
            put("allowed_lateness", allowed_lateness);
            put("identity_from_record", identity_from_record);
            put("time_from_record", time_from_record);
            put("ignored_types", &list(ignored_types));
        }
    }

    fn put_engine(&mut self, engine: &EngineSettings) {
        let EngineSettings {
            // The decoder's settings hold the same topics and dimensions.
            topics: _,
            dimensions,
            team_dimension: _,
            windows,
            grouping_sets,
            customer_grouping_sets,
            call_channels,
            csat_satisfied_from,
            duration_bounds,
            quantiles_percent: _,
            chat_abandon_min,
            chat_idle_end,
            new_matter_after,
            first_response_from_creation,
            wait_ages,
            repeat_contact_within,
            journey,
            trends,
            currency: _,
            health_weights: _,
            ticket_retention,
            customer_retention,
            targets,
            limits: _,
            changes: _,
        } = engine;
        let set = |set: &Vec<u8>| {
            let name = |at: &u8| dimensions.get(usize::from(*at)).map_or("?", |dimension| dimension.name.as_str());
            set.iter().map(name).collect::<Vec<_>>().join("+")
        };
        self.put("grouping_sets", list(grouping_sets.iter().map(set)));
        self.put("customer_grouping_sets", list(customer_grouping_sets.iter().map(set)));
        self.put("windows", list(windows.iter().map(|WindowSettings { name: _, range, hop }| format!("{range} by {hop}"))));
        self.put("trend", list(trends.iter().map(|trend| trend_text(*trend, windows))));
        let satisfied = csat_satisfied_from.iter().map(|(of, from)| format!("{} from {}", scale(*of), points(*from)));
        self.put("surveys.csat_satisfied_from", list(satisfied));
        let DurationBounds { response, resolution, chat } = duration_bounds;
        self.put("histograms.response", list(response));
        self.put("histograms.resolution", list(resolution));
        self.put("histograms.chat", list(chat));
        self.put("chats.call_channels", list(call_channels));
        self.put("chats.abandon_min", chat_abandon_min);
        self.put("chats.idle_end", optional(*chat_idle_end));
        self.put("tickets.new_matter_after", optional(*new_matter_after));
        self.put("first_response.from", if *first_response_from_creation { "creation" } else { "handoff" });
        self.put("first_response.wait_ages", list(wait_ages.iter().map(|(_, age)| age)));
        self.put("journey.repeat_contact_within", repeat_contact_within);
        let JourneySettings { stages, pain_weights: _ } = journey;
        let stages = stages.iter().map(|StageSettings { name, idle_timeout, dwell_target: _ }| format!("{name} ({idle_timeout})"));
        self.put("journey.stages", list(stages));
        self.put("retention.tickets", ticket_retention);
        self.put("retention.customers", customer_retention);
        self.put_targets(targets);
    }

    fn put_targets(&mut self, targets: &TargetSettings) {
        let TargetSettings {
            schedules,
            schedule_rules: _,
            first_response: _,
            resolution: _,
            chat_wait: _,
            next_response: _,
            pauses: _,
            due_within,
            csat: _,
            nps_service: _,
            nps_experience: _,
            ces: _,
            churn: _,
        } = targets;
        self.put("targets.due_within", list(due_within.iter().map(|(_, within)| within)));
        for (number, schedule) in (1..).zip(schedules) {
            self.put(format!("schedules.{number}"), schedule_text(schedule));
        }
    }
}

impl Display for SettingDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, before, now } = self;
        match (before, now) {
            (Some(before), Some(now)) => write!(f, "`{key}` was `{before}`, and is `{now}`"),
            (Some(before), None) => write!(f, "`{key}` was `{before}`, and is gone"),
            (None, Some(now)) => write!(f, "`{key}` is new: `{now}`"),
            (None, None) => write!(f, "`{key}` is absent"),
        }
    }
}

fn list(entries: impl IntoIterator<Item = impl Display>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|entry| entry.to_string()).collect();
    format!("[{}]", entries.join(", "))
}

fn optional(span: Option<Span>) -> String {
    span.map_or_else(|| "off".to_owned(), |span| span.to_string())
}

const fn direction(ease: bool) -> &'static str {
    if ease { "ease" } else { "effort" }
}

/// A score in points; scores are kept in millionths.
fn points(millionths: i64) -> String {
    (millionths as f64 / 1e6).to_string()
}

fn scale(scale: Scale) -> String {
    let Scale { min, max, ease } = scale;
    format!("{} to {}{}", points(min), points(max), if ease { " of ease" } else { "" })
}

fn trend_text(trend: TrendSettings, windows: &[WindowSettings]) -> String {
    let TrendSettings { short, baseline } = trend;
    let range = |at: usize| windows.get(at).map(|window| window.range).unwrap_or_default();
    format!("{} against {}", range(short), range(baseline))
}

/// The open hours by content. The name is only for people: two schedules with the same hours are the same.
fn schedule_text(schedule: &BusinessHours) -> String {
    let mut bytes = Vec::new();
    let mut count = 0_usize;
    for interval in schedule.intervals() {
        bytes.extend(interval.start.0.to_le_bytes());
        bytes.extend(interval.end.0.to_le_bytes());
        count += 1;
    }
    format!("{count} intervals, {}", hash_of(&bytes))
}

/// The first 16 hexadecimal digits of the SHA-256 of some bytes, with the name of the hash.
fn hash_of(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    let digits: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("SHA-256 {digits}")
}
