//! The order in which the lines of several topics are read. The next line comes from the topic whose last event is oldest, as in the consumer, so that
//! tickets, chats and surveys meet in the order of their times.
//!
//! Does not decode records; the caller gives the event time of each.

use std::collections::VecDeque;
use std::path::PathBuf;

use indicatif::ProgressBar;

use super::input::{Input, InputError};
use crate::time::EventTime;

/// The lines of all topics in reading order.
pub(super) struct LinesInOrder {
    topics: Vec<TopicLines>,
    taken: Vec<u8>,
}

/// The lines of one topic's files, one file after the other.
struct TopicLines {
    open: Option<Input>,
    waiting: VecDeque<PathBuf>,
    next: Option<Vec<u8>>,
    /// An unused buffer for the line after the next.
    spare: Vec<u8>,
    taken: i64,
    last_time: EventTime,
}

/// A line that was taken.
pub(super) struct TakenLine<'a> {
    /// The index of its topic in configured order.
    pub(super) topic: usize,
    /// Its number among all lines of the topic, from 1.
    pub(super) line: i64,
    /// The record.
    pub(super) payload: &'a [u8],
    /// Whether it was the last line of its topic.
    pub(super) is_last: bool,
}

impl LinesInOrder {
    /// Opens the first file of every topic. `files` has a list for each topic, which may be empty.
    pub(super) fn open(files: Vec<Vec<PathBuf>>, progress: &ProgressBar) -> Result<Self, InputError> {
        let topics = files.into_iter().map(|files| TopicLines::open(files, progress)).collect::<Result<_, _>>()?;
        Ok(Self { topics, taken: Vec::new() })
    }

    /// Whether a topic has no line left to read.
    pub(super) fn is_at_end(&self, topic: usize) -> bool {
        self.topics.get(topic).is_none_or(|lines| lines.next.is_none())
    }

    /// Takes the next line; `None` when every topic is at its end.
    pub(super) fn take(&mut self, progress: &ProgressBar) -> Result<Option<TakenLine<'_>>, InputError> {
        let unread = self.topics.iter_mut().enumerate().filter(|(_, lines)| lines.next.is_some());
        let Some((topic, lines)) = unread.min_by_key(|(_, lines)| lines.last_time) else {
            return Ok(None);
        };
        let Some(payload) = lines.next.take() else { return Ok(None) };
        lines.spare = std::mem::replace(&mut self.taken, payload);
        lines.taken += 1;
        let line = lines.taken;
        lines.look_ahead(progress)?;
        Ok(Some(TakenLine { topic, line, payload: &self.taken, is_last: lines.next.is_none() }))
    }

    /// Notes the event time of the line last taken from `topic`. A refused line has no time, and leaves the order as it was.
    pub(super) fn note_time(&mut self, topic: usize, time: EventTime) {
        if let Some(lines) = self.topics.get_mut(topic) {
            lines.last_time = time;
        }
    }
}

impl TopicLines {
    fn open(files: Vec<PathBuf>, progress: &ProgressBar) -> Result<Self, InputError> {
        let mut lines = Self { open: None, waiting: files.into(), next: None, spare: Vec::new(), taken: 0, last_time: EventTime::MIN };
        lines.look_ahead(progress)?;
        Ok(lines)
    }

    /// Reads one line ahead, so that the last line of a topic is known to be the last when it is taken.
    fn look_ahead(&mut self, progress: &ProgressBar) -> Result<(), InputError> {
        let mut line = std::mem::take(&mut self.spare);
        loop {
            if let Some(input) = &mut self.open
                && input.read_line(&mut line)?
            {
                self.next = Some(line);
                return Ok(());
            }
            let Some(path) = self.waiting.pop_front() else {
                self.open = None;
                return Ok(());
            };
            self.open = Some(Input::open(&path, progress)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, lines: &[&str]) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, lines.concat()).unwrap();
        path
    }

    /// Each line holds its event time. Gives the lines in the order in which they were taken, with a dot after the last line of a topic.
    fn read(files: Vec<Vec<PathBuf>>) -> Vec<String> {
        let progress = ProgressBar::hidden();
        let mut lines = LinesInOrder::open(files, &progress).unwrap();
        let mut order = Vec::new();
        while let Some(taken) = lines.take(&progress).unwrap() {
            let (topic, text) = (taken.topic, String::from_utf8(taken.payload.to_vec()).unwrap());
            order.push(format!("{topic}:{text}@{}{}", taken.line, if taken.is_last { "." } else { "" }));
            if let Ok(time) = text.parse() {
                lines.note_time(topic, EventTime(time));
            }
        }
        order
    }

    #[test]
    fn the_next_line_comes_from_the_topic_whose_last_event_is_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let tickets = file(&folder, "tickets", &["1\n", "5\n", "6\n"]);
        let chats = file(&folder, "chats", &["2\n", "3\n", "9"]);
        assert_eq!(read(vec![vec![tickets], vec![chats], vec![]]), ["0:1@1", "1:2@1", "0:5@2", "1:3@2", "1:9@3.", "0:6@3."]);
    }

    #[test]
    fn files_of_one_topic_follow_each_other_and_lines_are_counted_through() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![file(&folder, "a", &["1\n"]), file(&folder, "none", &[]), file(&folder, "b", &["x\n", "2\n"])];
        assert_eq!(read(vec![files]), ["0:1@1", "0:x@2", "0:2@3."]);
    }
}
