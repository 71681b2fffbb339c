//! A dump of a help desk as an input: its payloads are mapped by a feed and sorted by event time, into files that are read like any others.
//!
//! Does not know what a feed does, nor how inputs are replayed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;

use super::TopicFile;
use crate::command::failure::Usage;
use crate::command::feed::{decode_settings, on_deep_stack};
use crate::command::json_lines::{Input, RECORD_BYTES_MAX};
use crate::command::printing::note;
use crate::config::Configuration;
use crate::event::Kind;
use crate::feed::{Feed, FeedSettings, Payload, RecordKey, shipped};
use crate::intake::SortedHistory;
use crate::kafka::StageRecord;

/// The name of an input of payloads.
const RAW: &str = "raw";
/// So many records are written at once.
const BATCH_RECORDS: usize = 10_000;

/// The files of mapped events, which are removed with this.
pub(super) struct MappedInputs {
    folder: PathBuf,
    inputs: Vec<TopicFile>,
}

impl MappedInputs {
    /// Maps the inputs that are named `raw`, and takes over the others.
    ///
    /// # Errors
    /// A feed that is none, an input that cannot be read, or a full disk.
    pub(super) fn make(feed: &str, inputs: &[TopicFile], configuration: &Configuration) -> anyhow::Result<Self> {
        let (raw, others): (Vec<TopicFile>, Vec<TopicFile>) = inputs.iter().cloned().partition(|input| input.topic == RAW);
        if raw.is_empty() {
            return Err(Usage("`--feed` maps an input named `raw`\nhint: give `--input raw=dump.jsonl.gz`".to_owned()).into());
        }
        let settings = settings_of(feed)?;
        let topics = Kind::ALL.map(|kind| configuration.topics.iter().find(|topic| topic.kind == kind).map(|topic| topic.name.clone()));
        let folder = std::env::temp_dir().join(format!("cxpulse-replay-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
        let mapped = Self { folder: folder.clone(), inputs: others };
        let history = on_deep_stack(move || map_all(settings, &raw, &topics))?;
        mapped.with_files(history, &folder)
    }

    /// The inputs to replay.
    pub(super) fn inputs(&self) -> &[TopicFile] {
        &self.inputs
    }

    /// Writes the events of each topic into a file of its own.
    fn with_files(mut self, history: SortedHistory, folder: &Path) -> anyhow::Result<Self> {
        let mut files: Vec<(String, BufWriter<File>)> = Vec::new();
        history.for_each_batch(BATCH_RECORDS, |batch, _| {
            for record in batch {
                let index = match files.iter().position(|(topic, _)| *topic == record.topic) {
                    Some(index) => index,
                    None => {
                        let path = folder.join(format!("{}.jsonl", files.len()));
                        files.push((record.topic.clone(), BufWriter::new(File::create(&path)?)));
                        self.inputs.push(TopicFile { topic: record.topic.clone(), path });
                        files.len() - 1
                    }
                };
                files[index].1.write_all(&record.value)?;
                files[index].1.write_all(b"\n")?;
            }
            Ok::<(), std::io::Error>(())
        })?;
        for (_, mut file) in files {
            file.flush()?;
        }
        Ok(self)
    }
}

impl Drop for MappedInputs {
    fn drop(&mut self) {
        // What is left over lies in the folder for temporary files.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// The settings of a shipped feed, or of a program of one's own.
fn settings_of(feed: &str) -> anyhow::Result<FeedSettings> {
    let (name, program, key) = match shipped(feed) {
        Some(shipped) => (shipped.name.to_owned(), shipped.program.to_owned(), shipped.key),
        None if feed.contains('/') || feed.ends_with(".jq") => {
            let program = std::fs::read_to_string(feed).with_context(|| format!("the program `{feed}` cannot be read"))?;
            ("feed".to_owned(), program, RecordKey::Contact)
        }
        None => {
            return Err(Usage(format!(
                "no feed `{feed}` is part of cxpulse\nhint: `cxpulse feed --list` lists them; a path names a program of your own"
            ))
            .into());
        }
    };
    Ok(FeedSettings::new(name, program, feed, key))
}

/// Maps every line of the inputs. What is rejected is counted in a note.
fn map_all(settings: FeedSettings, raw: &[TopicFile], topics: &[Option<String>; 4]) -> anyhow::Result<SortedHistory> {
    let feed = Feed::new(settings, decode_settings())?;
    let mut history = SortedHistory::default();
    let (mut payloads, mut rejected, mut first) = (0_u64, 0_u64, None);
    for input in raw {
        let mut lines = Input::open(&input.path, &ProgressBar::hidden(), RECORD_BYTES_MAX)?;
        let mut line = Vec::new();
        while lines.read_line(&mut line)? {
            payloads += 1;
            let mapped = feed.map(&Payload { value: Some(&line), topic: RAW, ..Payload::default() }, &|| false);
            if let Some(rejection) = mapped.rejection {
                rejected += 1;
                first.get_or_insert_with(|| format!("; the first in line {payloads}: {rejection}"));
            }
            for event in mapped.events {
                if let Some(topic) = &topics[event.kind as usize] {
                    history.add(StageRecord {
                        topic: topic.clone(),
                        key: String::new(),
                        is_for_every_partition: false,
                        time: Some(event.time),
                        value: event.json,
                        headers: Vec::new(),
                    })?;
                }
            }
        }
    }
    note(format!("{payloads} payloads became {} events, {rejected} were rejected{}", history.len(), first.unwrap_or_default()));
    Ok(history)
}
