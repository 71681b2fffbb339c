//! The spool: records of payloads that no broker has confirmed yet, in files that are written through to the disk.
//!
//! A payload is one line of a file. A file is deleted when all of its payloads are sent; after a crash in between they are sent again, with the same
//! ids. A line that a crash cut off belongs to a payload that was never answered. Does not know Kafka.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::kafka::StageRecord;
use crate::time::EventTime;

/// A new file is begun beyond this size, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const EXTENSION: &str = "spool";

/// A spool that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the spool `{folder}`: {cause}\nhint: name a folder with `spool.folder` in which this user can write")]
pub struct SpoolError {
    folder: PathBuf,
    cause: io::Error,
}

/// The spool.
pub struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    bytes: u64,
    files: VecDeque<SpoolFile>,
    next_number: u64,
    writer: Option<File>,
    /// The payloads of the first file that are not sent yet; empty before it is read.
    reading: VecDeque<String>,
}

struct SpoolFile {
    number: u64,
    bytes: u64,
    payloads: u64,
}

/// A record as a file has it.
#[derive(Serialize, Deserialize)]
struct Line {
    topic: String,
    key: String,
    everywhere: bool,
    time_ms: Option<i64>,
    value: String,
    headers: Vec<(String, String)>,
}

impl Spool {
    /// Opens the spool in a folder, which is made where it is missing, with what an earlier process left in it.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(folder: &Path, bytes_max: u64) -> Result<Self, SpoolError> {
        let failed = |cause| SpoolError { folder: folder.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                numbers.extend(path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok()));
            }
        }
        numbers.sort_unstable();
        let next_number = numbers.last().map_or(1, |last| last + 1);
        let mut spool = Self {
            folder: folder.to_owned(),
            bytes_max,
            bytes: 0,
            files: VecDeque::new(),
            next_number,
            writer: None,
            reading: VecDeque::new(),
        };
        for number in numbers {
            let lines = spool.lines(number).map_err(failed)?;
            let bytes = lines.iter().map(|line| line.len() as u64 + 1).sum();
            spool.bytes += bytes;
            spool.files.push_back(SpoolFile { number, bytes, payloads: lines.len() as u64 });
        }
        Ok(spool)
    }

    /// Writes the records of one payload through to the disk. False where the spool is full.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn append(&mut self, records: &[StageRecord]) -> io::Result<bool> {
        let lines: Vec<Line> = records.iter().map(Line::of).collect();
        let mut text = serde_json::to_string(&lines).map_err(io::Error::other)?;
        text.push('\n');
        let bytes = text.len() as u64;
        if self.bytes + bytes > self.bytes_max {
            return Ok(false);
        }
        let mut writer = self.writer_with_space()?;
        writer.write_all(text.as_bytes())?;
        writer.sync_data()?;
        // Only a file that ends with a whole line is written on: behind half a line the next payload would be lost.
        self.writer = Some(writer);
        self.bytes += bytes;
        if let Some(file) = self.files.back_mut() {
            file.bytes += bytes;
            file.payloads += 1;
        }
        if self.files.len() == 1 && !self.reading.is_empty() {
            self.reading.push_back(text.trim_end().to_owned());
        }
        Ok(true)
    }

    /// The records of the oldest payload; `None` where the spool is empty. A line that cannot be read is left out.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn oldest(&mut self) -> io::Result<Option<Vec<StageRecord>>> {
        loop {
            if self.reading.is_empty() {
                let Some(file) = self.files.front() else { return Ok(None) };
                self.reading = self.lines(file.number)?.into();
                if self.reading.is_empty() {
                    self.drop_first_file()?;
                    continue;
                }
            }
            let read = self.reading.front().and_then(|line| serde_json::from_str::<Vec<Line>>(line).ok());
            match read {
                Some(lines) => return Ok(Some(lines.into_iter().map(Line::record).collect())),
                None => self.sent()?,
            }
        }
    }

    /// The oldest payload is sent.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sent(&mut self) -> io::Result<()> {
        self.reading.pop_front();
        if self.reading.is_empty() { self.drop_first_file() } else { Ok(()) }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The bytes and the payloads in the spool. Payloads of a file count until all of the file is sent.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        (self.bytes, self.files.iter().map(|file| file.payloads).sum())
    }

    /// Takes the open file out, or a new one where none is open or the open one is long.
    fn writer_with_space(&mut self) -> io::Result<File> {
        let open = self.writer.take().filter(|_| self.files.back().is_some_and(|file| file.bytes < FILE_BYTES_MAX));
        if let Some(writer) = open {
            return Ok(writer);
        }
        let number = self.next_number;
        // A number is used once, so that a file whose making failed halfway does not stand in the way of the next one.
        self.next_number += 1;
        let file = File::options().create_new(true).append(true).open(self.path(number))?;
        self.files.push_back(SpoolFile { number, bytes: 0, payloads: 0 });
        // The name of the file must be on the disk too.
        File::open(&self.folder)?.sync_all()?;
        Ok(file)
    }

    fn drop_first_file(&mut self) -> io::Result<()> {
        if let Some(file) = self.files.pop_front() {
            self.bytes = self.bytes.saturating_sub(file.bytes);
            if self.files.is_empty() {
                self.writer = None;
            }
            std::fs::remove_file(self.path(file.number))?;
        }
        Ok(())
    }

    /// The whole lines of a file.
    fn lines(&self, number: u64) -> io::Result<Vec<String>> {
        let mut reader = BufReader::new(File::open(self.path(number))?);
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            reader.read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                return Ok(lines);
            }
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.{EXTENSION}"))
    }
}

/// A record as one line of text.
pub(super) fn record_text(record: &StageRecord) -> io::Result<String> {
    serde_json::to_string(&Line::of(record)).map_err(io::Error::other)
}

/// The record of a line of text, if it is one.
pub(super) fn parse_record(text: &str) -> Option<StageRecord> {
    serde_json::from_str::<Line>(text).ok().map(Line::record)
}

impl Line {
    fn of(record: &StageRecord) -> Self {
        Self {
            topic: record.topic.clone(),
            key: record.key.clone(),
            everywhere: record.is_for_every_partition,
            time_ms: record.time.map(|time| time.0),
            value: STANDARD.encode(&record.value),
            headers: record.headers.clone(),
        }
    }

    fn record(self) -> StageRecord {
        StageRecord {
            topic: self.topic,
            key: self.key,
            is_for_every_partition: self.everywhere,
            time: self.time_ms.map(EventTime),
            value: STANDARD.decode(self.value).unwrap_or_default(),
            headers: self.headers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: usize) -> Vec<StageRecord> {
        let one = StageRecord {
            topic: "tickets".to_owned(),
            key: n.to_string(),
            is_for_every_partition: n == 0,
            time: Some(EventTime(5)),
            value: vec![b'x', 0xFF, n as u8],
            headers: vec![("a".to_owned(), "b".to_owned())],
        };
        vec![one.clone(), StageRecord { time: None, ..one }]
    }

    #[test]
    fn payloads_come_out_as_they_went_in_and_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert!(spool.is_empty() && spool.oldest().unwrap().is_none());
        for n in 0..5 {
            assert!(spool.append(&record(n)).unwrap());
        }
        assert_eq!(spool.oldest().unwrap(), Some(record(0)));
        spool.sent().unwrap();
        assert!(spool.append(&record(5)).unwrap());
        drop(spool);
        // A crash cuts off a line that was never answered.
        let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        File::options().append(true).open(&file).unwrap().write_all(b"[{\"topic\":\"tick").unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(spool.size().1, 6);
        assert!(spool.append(&record(6)).unwrap());
        for n in 0..7 {
            assert_eq!(spool.oldest().unwrap(), Some(record(n)));
            spool.sent().unwrap();
        }
        assert!(spool.is_empty() && spool.oldest().unwrap().is_none());
        assert_eq!(spool.size(), (0, 0));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_payload_after_a_write_that_failed_halfway_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert!(spool.append(&record(1)).unwrap());
        assert_eq!(spool.oldest().unwrap(), Some(record(1)));
        // The disk takes half a line and then nothing: a file that is open for reading alone refuses every write.
        let path = spool.path(1);
        File::options().append(true).open(&path).unwrap().write_all(b"[{\"topic\":\"tick").unwrap();
        spool.writer = Some(File::open(&path).unwrap());
        assert!(spool.append(&record(2)).is_err());
        assert_eq!(spool.size().1, 1, "a payload that was not written does not count");
        // The disk has space again.
        for n in 3..5 {
            assert!(spool.append(&record(n)).unwrap());
        }
        for n in [1, 3, 4] {
            assert_eq!(spool.oldest().unwrap(), Some(record(n)));
            spool.sent().unwrap();
        }
        assert!(spool.is_empty());
    }

    #[test]
    fn a_full_spool_takes_nothing_until_something_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 700).unwrap();
        let mut taken = 0;
        while spool.append(&record(taken)).unwrap() {
            taken += 1;
        }
        assert!(taken > 0);
        for n in 0..taken {
            assert_eq!(spool.oldest().unwrap(), Some(record(n)));
            spool.sent().unwrap();
        }
        assert!(spool.append(&record(9)).unwrap());
        assert_eq!(spool.oldest().unwrap(), Some(record(9)));
    }

    #[test]
    fn what_is_appended_while_the_first_file_is_read_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(&record(1)).unwrap();
        assert_eq!(spool.oldest().unwrap(), Some(record(1)));
        spool.append(&record(2)).unwrap();
        spool.sent().unwrap();
        assert_eq!(spool.oldest().unwrap(), Some(record(2)));
    }
}
