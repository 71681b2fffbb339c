//! The order in which records of several topics are read: the next one comes from the topic whose last taken event time is oldest, as in
//! the consumer, so that tickets, chats and surveys meet in the order in which they happened.
//!
//! Does not know what is in a record; the caller says when it happened.

use std::collections::VecDeque;
use std::path::PathBuf;

use indicatif::ProgressBar;

use super::input::{Input, InputError};
use crate::time::EventTime;

/// Lines of all topics in reading order.
pub(super) struct Feed {
    lanes: Vec<Lane>,
    taken: Vec<u8>,
}

/// One topic's files, one after the other.
struct Lane {
    open: Option<Input>,
    waiting: VecDeque<PathBuf>,
    next: Option<Vec<u8>>,
    spare: Vec<u8>,
    lines_taken: i64,
    last_time: EventTime,
}

/// A line that was taken.
pub(super) struct Taken<'a> {
    /// The index of its topic.
    pub(super) topic: usize,
    /// Its number among the topic's lines, from 1.
    pub(super) line: i64,
    /// The record.
    pub(super) payload: &'a [u8],
    /// Whether it was its topic's last.
    pub(super) last: bool,
}

impl Feed {
    /// Opens the first file of every topic; `files` has a list, perhaps empty, for each topic.
    pub(super) fn open(files: Vec<Vec<PathBuf>>, progress: &ProgressBar) -> Result<Self, InputError> {
        let lanes = files.into_iter().map(|files| Lane::open(files, progress)).collect::<Result<_, _>>()?;
        Ok(Self { lanes, taken: Vec::new() })
    }

    /// Whether a topic has nothing left to read.
    pub(super) fn at_end(&self, topic: usize) -> bool {
        self.lanes.get(topic).is_none_or(|lane| lane.next.is_none())
    }

    /// Takes the next line; `None` when every topic is at its end.
    pub(super) fn take(&mut self, progress: &ProgressBar) -> Result<Option<Taken<'_>>, InputError> {
        let waiting = self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.next.is_some());
        let Some((topic, lane)) = waiting.min_by_key(|(_, lane)| lane.last_time) else {
            return Ok(None);
        };
        let Some(payload) = lane.next.take() else { return Ok(None) };
        lane.spare = std::mem::replace(&mut self.taken, payload);
        lane.lines_taken += 1;
        let line = lane.lines_taken;
        lane.look_ahead(progress)?;
        Ok(Some(Taken { topic, line, payload: &self.taken, last: lane.next.is_none() }))
    }

    /// Notes when the event of the line last taken from `topic` happened. A refused line has no time and leaves the order as it was.
    pub(super) fn note_time(&mut self, topic: usize, time: EventTime) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            lane.last_time = time;
        }
    }
}

impl Lane {
    fn open(files: Vec<PathBuf>, progress: &ProgressBar) -> Result<Self, InputError> {
        let mut lane = Self { open: None, waiting: files.into(), next: None, spare: Vec::new(), lines_taken: 0, last_time: EventTime::MIN };
        lane.look_ahead(progress)?;
        Ok(lane)
    }

    /// Reads one line ahead, so that the end of a topic is known with its last line and not after it.
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

    /// Each line is its event's time; gives the lines in the order in which they were taken, with a dot after a topic's last.
    fn read(files: Vec<Vec<PathBuf>>) -> Vec<String> {
        let progress = ProgressBar::hidden();
        let mut feed = Feed::open(files, &progress).unwrap();
        let mut order = Vec::new();
        while let Some(taken) = feed.take(&progress).unwrap() {
            let (topic, text) = (taken.topic, String::from_utf8(taken.payload.to_vec()).unwrap());
            order.push(format!("{topic}:{text}@{}{}", taken.line, if taken.last { "." } else { "" }));
            if let Ok(time) = text.parse() {
                feed.note_time(topic, EventTime(time));
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
