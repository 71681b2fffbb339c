//! The order in which the lines of several topics are read. The next line comes from the topic whose last event is oldest, as in the consumer, so that
//! tickets, chats and surveys meet in the order of their times. Several files of one topic are merged by event time.
//!
//! Does not decode records; the caller gives the event time of each.

use std::path::PathBuf;

use indicatif::ProgressBar;

use crate::command::json_lines::{Input, InputError, RECORD_BYTES_MAX};
use crate::time::EventTime;

/// Gives the event time of a line of a topic; `None` for a line that is refused.
type TimeOf<'a> = dyn Fn(usize, &[u8]) -> Option<EventTime> + 'a;

/// Lines of all topics in reading order.
pub(super) struct LinesInOrder<'a> {
    lanes: Vec<Lane>,
    taken: Vec<u8>,
    time_of: Box<TimeOf<'a>>,
}

/// One topic's files.
struct Lane {
    /// The files that have a line left.
    files: Vec<OpenFile>,
    /// Whether the topic has several files.
    merges: bool,
    lines_taken: i64,
    last_time: EventTime,
}

/// A file with its next line, which is read ahead so that the end of a topic is known with its last line and not after it.
struct OpenFile {
    path: PathBuf,
    input: Input,
    line: Vec<u8>,
    line_number: i64,
    /// When the event of the line happened, where files are merged; a refused line is taken as soon as it comes.
    time: EventTime,
}

/// A line that was taken.
pub(super) struct TakenLine<'a> {
    /// The index of its topic in configured order.
    pub(super) topic: usize,
    /// Its number among the topic's lines in reading order, from 1.
    pub(super) line: i64,
    /// The record.
    pub(super) payload: &'a [u8],
    /// Whether it was the last line of its topic.
    pub(super) is_last: bool,
    /// Its place for a message, such as `line 7`.
    pub(super) place: LinePlace,
}

/// The place of a line, for a message.
#[derive(Clone, Debug)]
pub(super) struct LinePlace {
    /// Its number in its file, from 1.
    number: i64,
    /// Its file, where the topic has several.
    file: Option<PathBuf>,
}

impl std::fmt::Display for LinePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.number)?;
        self.file.as_ref().map_or(Ok(()), |file| write!(f, " of {}", file.display()))
    }
}

impl<'a> LinesInOrder<'a> {
    /// Opens the files of every topic. `files` has a list for each topic, which may be empty.
    pub(super) fn open(
        files: Vec<Vec<PathBuf>>,
        time_of: impl Fn(usize, &[u8]) -> Option<EventTime> + 'a,
        progress: &ProgressBar,
    ) -> Result<Self, InputError> {
        let lanes = files.into_iter().enumerate().map(|(topic, files)| Lane::open(files, |line| time_of(topic, line), progress));
        let lanes = lanes.collect::<Result<_, _>>()?;
        Ok(Self { lanes, taken: Vec::new(), time_of: Box::new(time_of) })
    }

    /// Whether a topic has no line left to read.
    pub(super) fn is_at_end(&self, topic: usize) -> bool {
        self.lanes.get(topic).is_none_or(|lane| lane.files.is_empty())
    }

    /// Takes the next line; `None` when every topic is at its end.
    pub(super) fn take(&mut self) -> Result<Option<TakenLine<'_>>, InputError> {
        let waiting = self.lanes.iter_mut().enumerate().filter(|(_, lane)| !lane.files.is_empty());
        let Some((topic, lane)) = waiting.min_by_key(|(_, lane)| lane.last_time) else {
            return Ok(None);
        };
        let time_of = &self.time_of;
        let place = lane.take(&mut self.taken, |line| time_of(topic, line))?;
        Ok(Some(TakenLine { topic, line: lane.lines_taken, payload: &self.taken, is_last: lane.files.is_empty(), place }))
    }

    /// Notes the event time of the line last taken from `topic`. A refused line has no time, and leaves the order as it was.
    pub(super) fn note_time(&mut self, topic: usize, time: EventTime) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            lane.last_time = time;
        }
    }
}

impl Lane {
    fn open(paths: Vec<PathBuf>, time_of: impl Fn(&[u8]) -> Option<EventTime>, progress: &ProgressBar) -> Result<Self, InputError> {
        let mut lane = Self { files: Vec::new(), merges: paths.len() > 1, lines_taken: 0, last_time: EventTime::MIN };
        for path in paths {
            let input = Input::open(&path, progress, RECORD_BYTES_MAX)?;
            let mut file = OpenFile { path, input, line: Vec::new(), line_number: 0, time: EventTime::MIN };
            if file.read_ahead(lane.merges, &time_of)? {
                lane.files.push(file);
            }
        }
        Ok(lane)
    }

    /// Moves the next line of the lane, which has one, into `line`.
    fn take(&mut self, line: &mut Vec<u8>, time_of: impl Fn(&[u8]) -> Option<EventTime>) -> Result<LinePlace, InputError> {
        // Of lines at one instant that of the file given first comes first.
        let at = (0..self.files.len()).min_by_key(|&at| self.files[at].time).unwrap_or_default();
        let file = &mut self.files[at];
        std::mem::swap(line, &mut file.line);
        self.lines_taken += 1;
        let place = LinePlace { number: file.line_number, file: self.merges.then(|| file.path.clone()) };
        if !file.read_ahead(self.merges, &time_of)? {
            self.files.remove(at);
        }
        Ok(place)
    }
}

impl OpenFile {
    /// Reads the next line; false at the end of the file.
    fn read_ahead(&mut self, merges: bool, time_of: impl Fn(&[u8]) -> Option<EventTime>) -> Result<bool, InputError> {
        if !self.input.read_line(&mut self.line)? {
            return Ok(false);
        }
        self.line_number += 1;
        if merges {
            self.time = time_of(&self.line).unwrap_or(EventTime::MIN);
        }
        Ok(true)
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
        let time_of = |_: usize, line: &[u8]| str::from_utf8(line).ok()?.parse().ok().map(EventTime);
        let mut lines = LinesInOrder::open(files, time_of, &progress).unwrap();
        let mut order = Vec::new();
        while let Some(taken) = lines.take().unwrap() {
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
    fn files_of_one_topic_are_merged_by_event_time_and_lines_are_counted_through() {
        let folder = tempfile::tempdir().unwrap();
        let files =
            vec![file(&folder, "b", &["4\n", "6\n"]), file(&folder, "none", &[]), file(&folder, "a", &["1\n", "x\n", "5\n", "6\n"])];
        assert_eq!(read(vec![files]), ["0:1@1", "0:x@2", "0:4@3", "0:5@4", "0:6@5", "0:6@6."]);
    }

    #[test]
    fn the_place_of_a_line_is_that_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (file(&folder, "first", &["1\n", "4\n"]), file(&folder, "second", &["2\n", "3\n"]));
        let progress = ProgressBar::hidden();
        let places = |files: Vec<PathBuf>| {
            let time_of = |_: usize, line: &[u8]| str::from_utf8(line).ok()?.parse().ok().map(EventTime);
            let mut lines = LinesInOrder::open(vec![files], time_of, &progress).unwrap();
            let mut places = Vec::new();
            while let Some(taken) = lines.take().unwrap() {
                places.push(taken.place.to_string());
            }
            places
        };
        assert_eq!(places(vec![first.clone()]), ["line 1", "line 2"]);
        let (of_first, of_second) = (format!("of {}", first.display()), format!("of {}", second.display()));
        let expected =
            [format!("line 1 {of_first}"), format!("line 1 {of_second}"), format!("line 2 {of_second}"), format!("line 2 {of_first}")];
        assert_eq!(places(vec![first, second]), expected);
    }
}
