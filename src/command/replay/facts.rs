//! `--facts`: every fact that stands at the end of a replay as a line of CSV, with the ids that the files gave.
//!
//! The engine knows ids as keyed hashes only; what they were in clear is noted while the files are read, and only for this. Does not know what a
//! fact is worth: the catalogue's words come from the metrics.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::judge::Applied;
use crate::config::Configuration;
use crate::engine::{Engine, StandingFact, Subject};
use crate::event::{Contact, Key, Record, ids_in_clear};
use crate::metrics::Explainer;
use crate::time::EventTime;

/// Ids in clear by their keyed hashes.
#[derive(Debug, Default)]
pub(super) struct Ids {
    texts: FxHashMap<Key, Box<str>>,
}

impl Ids {
    /// Notes the ids of a record that was applied.
    pub(super) fn note(&mut self, applied: &Applied<'_>, configuration: &Configuration) {
        let record = Record { payload: Some(applied.payload), ..Record::default() };
        let topic = configuration.topics.get(applied.topic);
        let event = topic.and_then(|topic| {
            ids_in_clear(record, topic, &configuration.decode, |key, id| {
                self.texts.entry(key).or_insert_with(|| id.into());
            })
        });
        // An event without an id is known by its place.
        let place = || topic.map_or_else(String::new, |topic| format!("{}:{}", topic.name, applied.line));
        self.texts.entry(applied.identity).or_insert_with(|| event.unwrap_or_else(place).into());
    }

    /// Kind and id of what a fact is about.
    fn of(&self, subject: Subject) -> (&'static str, &str) {
        let (kind, key) = match subject {
            Subject::Contact(Contact::Ticket(key)) => ("ticket", key),
            Subject::Contact(Contact::Chat(key)) => ("chat", key),
            Subject::Survey(key) => ("survey", key),
            Subject::Event(key) => ("event", key),
            Subject::Customer(key) => ("customer", key),
        };
        (kind, self.texts.get(&key).map_or("", |id| id))
    }
}

/// Writes the facts that stand in an engine, in the order of families, times and ids.
pub(super) fn write(engine: &mut Engine, ids: &Ids, configuration: &Configuration, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = engine.snapshot();
    let mut explainer = Explainer::new(&configuration.engine, &snapshot);
    write!(out, "measure,kind,id,time,value,group,label")?;
    for dimension in &configuration.engine.dimensions {
        write!(out, ",{}", quoted(&dimension.name))?;
    }
    writeln!(out, ",windows")?;
    let mut facts: Vec<StandingFact<'_>> = engine.standing_facts().collect();
    // Within a subject they come in the order in which they came to stand, and the sort keeps it.
    facts.sort_by_cached_key(|fact| (Explainer::family(fact), fact.time, fact.subject));
    for fact in &facts {
        let (kind, id) = ids.of(fact.subject);
        let time = fact.time.map_or_else(String::new, |time: EventTime| time.to_string());
        let (value, group) = (explainer.value(fact), Explainer::group(fact));
        write!(out, "{},{kind},{},{time},{value},{group},{}", Explainer::family(fact), quoted(id), quoted(explainer.label(fact)))?;
        for dimension in &fact.dimensions {
            write!(out, ",{}", quoted(dimension))?;
        }
        let windows: Vec<&str> = fact.windows.iter().map(|window| window.name.as_str()).collect();
        writeln!(out, ",{}", if fact.is_state_now { "now".to_owned() } else { windows.join("|") })?;
    }
    Ok(())
}

/// A field of CSV: in quotes where it must be.
fn quoted(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_in_quotes_where_they_must_be() {
        assert_eq!(["a", "a,b", "a\"b", "a\nb"].map(quoted), ["a", "\"a,b\"", "\"a\"\"b\"", "\"a\nb\""]);
    }
}
