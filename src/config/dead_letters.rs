//! `[dead_letters]`: the topic for copies of refused records, and what happens while it cannot be written.
//!
//! Does not ask whether the topic exists.

use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::shown;
use super::{DeadLetterSettings, OnLetterFailure};
use crate::event::TopicSettings;

/// The most bytes of the name of a topic.
const NAME_BYTES_MAX: usize = 249;

/// Reads `[dead_letters]`; `None` where no topic is named.
pub(super) fn dead_letters(mut section: Section<'_>, inputs: &[TopicSettings]) -> Option<DeadLetterSettings> {
    let topic = section.checked("topic", String::new(), |name: &String| topic_name(name, inputs));
    let on_failure = section.choice("on_failure", [("pause", OnLetterFailure::Pause), ("drop", OnLetterFailure::Drop)]);
    section.finish();
    (!topic.is_empty()).then_some(DeadLetterSettings { topic, on_failure })
}

fn topic_name(name: &str, inputs: &[TopicSettings]) -> Result<(), Complaint> {
    if inputs.iter().any(|input| input.name == name) {
        let what = format!("`{}` is an input topic, so each copy would be read and refused again", shown(name));
        return Err(complaint(ProblemKind::BadName, what, "name a topic of its own, such as `cxpulse.dead-letters`"));
    }
    let is_fine = name.len() <= NAME_BYTES_MAX && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if is_fine {
        return Ok(());
    }
    let what = format!("`{}` cannot be a topic; allowed are 1 to 249 letters, digits, `.`, `_` and `-`", shown(name));
    Err(complaint(ProblemKind::BadName, what, "name a topic such as `cxpulse.dead-letters`"))
}
