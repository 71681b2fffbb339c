//! The past of a help desk in the order of time: events are sorted on the disk and handed out in transactions' worths.
//!
//! Snapshots state what is known now, and the end of a set comes after them, so both come last by their own times. Does not know topics.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Lines, Write};

use super::spool::{parse_record, record_text};
use crate::kafka::StageRecord;
use crate::time::EventTime;

/// So many records are sorted in memory.
const RUN_RECORDS: usize = 100_000;

/// Records that are sorted by time. Those of one time keep their order.
#[derive(Default)]
pub struct SortedHistory {
    newest: Vec<(EventTime, StageRecord)>,
    runs: Vec<File>,
    records: u64,
}

impl SortedHistory {
    /// Takes a record. One without a time goes to the front.
    ///
    /// # Errors
    /// When the disk for temporary files fails.
    pub fn add(&mut self, record: StageRecord) -> io::Result<()> {
        self.newest.push((record.time.unwrap_or(EventTime::MIN), record));
        self.records += 1;
        if self.newest.len() >= RUN_RECORDS { self.write_run() } else { Ok(()) }
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.records
    }

    /// Whether there are no records.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Calls `each` with the records in the order of their times, up to `records_max` at once. The flag says that they are the last.
    ///
    /// # Errors
    /// When the disk fails, or `each` does.
    pub fn for_each_batch<E: From<io::Error>>(
        mut self,
        records_max: usize,
        mut each: impl FnMut(&[StageRecord], bool) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write_run()?;
        let mut runs = Vec::new();
        for file in self.runs {
            runs.push(BufReader::new(rewound(file)?).lines());
        }
        // The number of the run decides between equal times: runs are in the order in which records came.
        let mut heads = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            heads.extend(next_of(run)?.map(|(time, record)| Reverse((time, number, Held(record)))));
        }
        let mut batch = Vec::with_capacity(records_max);
        while let Some(Reverse((_, number, Held(record)))) = heads.pop() {
            heads.extend(next_of(&mut runs[number])?.map(|(time, record)| Reverse((time, number, Held(record)))));
            batch.push(record);
            if batch.len() >= records_max && !heads.is_empty() {
                each(&batch, false)?;
                batch.clear();
            }
        }
        each(&batch, true)
    }

    fn write_run(&mut self) -> io::Result<()> {
        if self.newest.is_empty() {
            return Ok(());
        }
        self.newest.sort_by_key(|(time, _)| *time);
        let mut file = BufWriter::new(anonymous_file()?);
        for (time, record) in self.newest.drain(..) {
            writeln!(file, "{} {}", time.0, record_text(&record)?)?;
        }
        self.runs.push(file.into_inner().map_err(io::IntoInnerError::into_error)?);
        Ok(())
    }
}

/// A record in the heap, which does not compare records: times and runs decide.
struct Held(StageRecord);

impl PartialEq for Held {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, _other: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn next_of(run: &mut Lines<BufReader<File>>) -> io::Result<Option<(EventTime, StageRecord)>> {
    let Some(line) = run.next().transpose()? else { return Ok(None) };
    let read = line.split_once(' ').and_then(|(time, text)| Some((EventTime(time.parse().ok()?), parse_record(text)?)));
    read.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a line of a temporary file was changed"))
}

fn rewound(mut file: File) -> io::Result<File> {
    io::Seek::rewind(&mut file)?;
    Ok(file)
}

/// A file without a name, which is gone with its handle.
fn anonymous_file() -> io::Result<File> {
    let folder = std::env::temp_dir();
    for attempt in 0_u32.. {
        let path = folder.join(format!("cxpulse-history-{}-{attempt}", std::process::id()));
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1_000 => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no name is free for a temporary file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_by_time_and_equal_times_in_their_order() {
        let mut history = SortedHistory::default();
        let count = RUN_RECORDS as i64 * 2 + 500;
        for n in 0..count {
            let time = (n * 7_919) % 1_000;
            let record = StageRecord {
                topic: "t".to_owned(),
                key: n.to_string(),
                is_for_every_partition: false,
                time: Some(EventTime(time)),
                value: Vec::new(),
                headers: Vec::new(),
            };
            history.add(record).unwrap();
        }
        assert_eq!(history.len(), count as u64);
        let (mut seen, mut last, mut ends) = (0, (EventTime::MIN, -1), 0);
        let each = |batch: &[StageRecord], is_last: bool| {
            for record in batch {
                let now = (record.time.unwrap(), record.key.parse::<i64>().unwrap());
                assert!(last < now, "{last:?} before {now:?}");
                last = now;
                seen += 1;
            }
            ends += i64::from(is_last);
            Ok::<(), io::Error>(())
        };
        history.for_each_batch(10_000, each).unwrap();
        assert_eq!((seen, ends), (count, 1));
    }

    #[test]
    fn an_empty_history_ends_at_once() {
        let mut ends = 0;
        SortedHistory::default()
            .for_each_batch(10, |batch, is_last| {
                assert!(batch.is_empty() && is_last);
                ends += 1;
                Ok::<(), io::Error>(())
            })
            .unwrap();
        assert_eq!(ends, 1);
    }
}
