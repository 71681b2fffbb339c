//! `--facts`: every fact that holds at the end of a replay as a line of CSV, with the ids of the input files.
//!
//! The engine keeps ids only as keyed hashes. The ids in clear are noted while the files are read, and only for this output. Does not know the value of a
//! fact, nor its family: the metrics do.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::replay_engine::AppliedRecord;
use crate::config::Configuration;
use crate::engine::{Engine, StandingFact, Subject};
use crate::event::{Contact, Key, Record, ids_in_clear};
use crate::metrics::Explainer;
use crate::time::EventTime;

/// Ids in clear by their keyed hashes.
#[derive(Debug, Default)]
pub(super) struct ClearIds {
    texts: FxHashMap<Key, Box<str>>,
}

impl ClearIds {
    /// Notes the ids of a record that was applied.
    pub(super) fn note(&mut self, applied: &AppliedRecord<'_>, configuration: &Configuration) {
        let record = Record { payload: Some(applied.payload), ..Record::default() };
        let topic = configuration.topics.get(applied.topic);
        let event = topic.and_then(|topic| {
            ids_in_clear(record, topic, &configuration.decode, |key, id| {
                self.texts.entry(key).or_insert_with(|| id.into());
            })
        });
        // An event without an id of its own is identified by its topic and line.
        let place = || topic.map_or_else(String::new, |topic| format!("{}:{}", topic.name, applied.line));
        self.texts.entry(applied.identity).or_insert_with(|| event.unwrap_or_else(place).into());
    }

    /// The kind and the id of the subject of a fact.
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

/// Writes the facts that an engine holds, sorted by family, time and subject.
pub(super) fn write(engine: &mut Engine, ids: &ClearIds, configuration: &Configuration, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = engine.snapshot();
    let mut explainer = Explainer::new(&configuration.engine, &snapshot);
    write!(out, "measure,kind,id,time,value,group,label")?;
    for dimension in &configuration.engine.dimensions {
        write!(out, ",{}", quoted(&dimension.name))?;
    }
    writeln!(out, ",windows,opened")?;
    let mut facts: Vec<StandingFact<'_>> = engine.standing_facts().collect();
    // The engine gives the facts of a subject in the order in which they arose, and the sort keeps that order.
    facts.sort_by_cached_key(|fact| (Explainer::family(fact), fact.time, fact.subject));
    for fact in &facts {
        let (kind, id) = ids.of(fact.subject);
        let text = |time: Option<EventTime>| time.map_or_else(String::new, |time| time.to_string());
        let (time, opened) = (text(fact.time), text(fact.opened));
        let (value, group) = (explainer.value(fact), Explainer::group(fact));
        write!(out, "{},{kind},{},{time},{value},{group},{}", Explainer::family(fact), quoted(id), quoted(explainer.label(fact)))?;
        for dimension in &fact.dimensions {
            write!(out, ",{}", quoted(dimension))?;
        }
        let windows: Vec<&str> = fact.windows.iter().map(|window| window.name.as_str()).collect();
        writeln!(out, ",{},{opened}", if fact.is_state_now { "now".to_owned() } else { windows.join("|") })?;
    }
    Ok(())
}

/// A field of CSV, in quotes where it needs them.
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
