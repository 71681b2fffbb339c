//! `[[topics]]` and `[feeds]`: the input topics, in the same order for the decoder and the engine, and the feeds that they belong to.
//!
//! Does not know whether a topic exists.

use super::duration::within;
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::spelling_hints::{listed, suggestion_below_list};
use super::value::{chosen, instant, label_value, length_within, shown};
use crate::engine::EngineTopic;
use crate::event::{FeedSettings, Kind, TopicSettings};
use crate::time::Span;

const ALLOWED_LATENESS: Span = Span::hours(1);
const TOPICS_MAX: usize = 64;
const CUSTOMER_IDS: [(&str, bool); 2] = [("shared", false), ("own", true)];

/// Reads the topics and their feeds.
pub(super) fn resolve(root: &mut Section<'_>) -> Vec<TopicSettings> {
    let mut topics = topics(root);
    let mut feeds = root.section("feeds");
    for (name, place, node) in feeds.take_entries() {
        feed(Section::new(node, place.path.clone(), feeds.report), &name, &place, &mut topics);
    }
    feeds.finish();
    topics
}

/// Reads one feed into the topics that belong to it.
fn feed(mut section: Section<'_>, name: &str, place: &KeyPlace, topics: &mut [TopicSettings]) {
    let owns_customers = section.choice("customer_ids", CUSTOMER_IDS);
    let mut is_used = false;
    for feed in topics.iter_mut().filter_map(|topic| topic.feed.as_mut()).filter(|feed| feed.name == name) {
        feed.owns_customers = owns_customers;
        is_used = true;
    }
    if !is_used {
        let what = format!("no topic belongs to the feed `{}`", shown(name));
        section.report.add(place, complaint(ProblemKind::UnknownFeed, what, format!("add `feed = \"{}\"` to its topics", shown(name))));
    }
    section.finish();
}

fn topics(root: &mut Section<'_>) -> Vec<TopicSettings> {
    let Some(sections) = root.tables("topics", "name") else { return Kind::ALL.map(TopicSettings::of).to_vec() };
    if let Err(complaint) = length_within(&sections, 1, TOPICS_MAX) {
        root.complain("topics", complaint);
    }
    let mut topics: Vec<TopicSettings> = Vec::new();
    for section in sections {
        let place = section.place().clone();
        let Some(topic) = read(section) else { continue };
        if topics.iter().any(|t| t.name == topic.name) {
            let what = format!("the topic `{}` stands here twice", topic.name);
            root.report.add(&place, complaint(ProblemKind::Duplicate, what, "remove one of the two"));
            continue;
        }
        if let Some(other) = topics.iter().find(|t| (t.kind, &t.feed) == (topic.kind, &topic.feed)) {
            let what = format!(
                "`{}` and `{}` carry {} of one feed, so equal ids in them are one ticket, chat or survey",
                other.name,
                topic.name,
                topic.kind.name()
            );
            let hint = "if two help desks number alike, give each topic of the second one a feed of its own, such as `feed = \"second\"`";
            root.report.add(&place, complaint(ProblemKind::FeedShared, what, hint));
        }
        topics.push(topic);
    }
    topics
}

/// The part of the same list that the engine needs.
pub(super) fn for_engine(topics: &[TopicSettings]) -> Vec<EngineTopic> {
    // The feeds are numbered as they come.
    let mut feeds: Vec<Option<&str>> = Vec::new();
    let mut engine_topics = Vec::new();
    for TopicSettings { name, kind, feed, allowed_lateness, feed_began, .. } in topics {
        let feed = feed.as_ref().map(|feed| feed.name.as_str());
        let number = feeds.iter().position(|known| *known == feed).unwrap_or(feeds.len());
        if number == feeds.len() {
            feeds.push(feed);
        }
        engine_topics.push(EngineTopic {
            name: name.clone(),
            kind: *kind,
            feed: number as u8,
            allowed_lateness: *allowed_lateness,
            feed_began: *feed_began,
        });
    }
    engine_topics
}

fn read(mut section: Section<'_>) -> Option<TopicSettings> {
    let name: Option<String> = section.required("name", "add the Kafka topic's name: `name = \"tickets\"`");
    if let Some(name) = &name
        && let Err(complaint) = topic_name(name)
    {
        section.complain("name", complaint);
    }
    let kind = section.required::<String>("kind", "say what the topic carries: `kind = \"tickets\"`");
    let kind = kind.and_then(|word| {
        let chosen = chosen(&word, &Kind::ALL.map(|k| (k.name(), k)));
        chosen.map_err(|complaint| section.complain("kind", complaint)).ok()
    });
    let feed: Option<String> = section.value("feed");
    if let Some(Err(complaint)) = feed.as_deref().map(label_value) {
        section.complain("feed", complaint);
    }
    let feed = feed.map(|name| FeedSettings { name, owns_customers: false });
    let allowed_lateness = section.checked("allowed_lateness", ALLOWED_LATENESS, within(Span::seconds(1), Span::days(3_650)));
    let identity_from_record = section.or("identity_from_record", false);
    let time_from_record = section.or("time_from_record", false);
    let ignored_types: Vec<String> = section.or("ignored_types", Vec::new());
    if let Some(kind) = kind {
        let known = kind.event_types();
        for word in ignored_types.iter().filter(|t| !known.contains(&t.as_str())) {
            let what = format!("`{}` is no event type of {}; allowed are {}", shown(word), kind.name(), listed(known));
            section.complain("ignored_types", complaint(ProblemKind::UnknownChoice, what, suggestion_below_list(word, known)));
        }
    }
    let feed_began: Option<String> = section.value("feed_began");
    let feed_began = feed_began.and_then(|text| instant(&text).map_err(|complaint| section.complain("feed_began", complaint)).ok());
    section.finish();
    let (name, kind) = (name?, kind?);
    Some(TopicSettings { name, kind, feed, allowed_lateness, identity_from_record, time_from_record, ignored_types, feed_began })
}

/// Checks a name by Kafka's own rule.
fn topic_name(name: &str) -> Result<(), Complaint> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if (1..=249).contains(&name.len()) && letters && name != "." && name != ".." {
        return Ok(());
    }
    let what = format!("`{}` cannot be a topic; allowed are 1 to 249 letters, digits, `.`, `_` and `-`", shown(name));
    Err(complaint(ProblemKind::BadName, what, "write the name as the cluster has it; patterns are not taken"))
}
