//! `[[topics]]`: the input topics, in the same order for the decoder and the engine.
//!
//! Does not know whether a topic exists.

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::spelling_hints::{listed, suggestion_below_list};
use super::value::{chosen, length_within, shown};
use crate::engine::EngineTopic;
use crate::event::{Kind, TopicSettings};
use crate::time::Span;

const ALLOWED_LATENESS: Span = Span::hours(1);
const TOPICS_MAX: usize = 64;

pub(super) fn resolve(root: &mut Section<'_>) -> Vec<TopicSettings> {
    let Some(sections) = root.tables("topics", "name") else { return Kind::ALL.map(default_of).to_vec() };
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
        topics.push(topic);
    }
    topics
}

/// The part of the same list that the engine needs.
pub(super) fn for_engine(topics: &[TopicSettings]) -> Vec<EngineTopic> {
    topics.iter().map(|t| EngineTopic { name: t.name.clone(), kind: t.kind, allowed_lateness: t.allowed_lateness }).collect()
}

fn default_of(kind: Kind) -> TopicSettings {
    TopicSettings {
        name: kind.name().to_owned(),
        kind,
        allowed_lateness: ALLOWED_LATENESS,
        identity_from_record: false,
        time_from_record: false,
        ignored_types: Vec::new(),
    }
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
    section.finish();
    Some(TopicSettings { name: name?, kind: kind?, allowed_lateness, identity_from_record, time_from_record, ignored_types })
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
