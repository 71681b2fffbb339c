//! The search for the end of batches that cannot be read: which offset to fetch next, and what the answers mean together.
//!
//! A broker gives the whole batch for any offset inside it. So every offset of such a batch fails alike, and the first offset that does not is its exact
//! end: the search goes forward by 1, 2, 4, … offsets until one does not belong to the batch, and halves the distance from there. Does not know how a
//! log is fetched from.

use std::ops::Range;

/// So many fetches at the first offset must fail before a batch counts as undecodable: a bit that flipped on the way is right at the next try.
pub(super) const ATTEMPTS: u8 = 3;
/// The most batches that one search goes through. A new search follows if the next one cannot be read either.
const BATCHES_MAX: usize = 64;

/// Why the records of a batch cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UndecodableReason {
    /// The checksum is not that of the bytes.
    Checksum,
    /// The records cannot be unpacked, or unpack to more than is allowed.
    Compression,
    /// The batch has a format or a compression that does not exist.
    Format,
    /// A record claims an offset that the log does not hold.
    Offsets,
    /// Lengths or counts in the batch contradict each other.
    Records,
    /// The broker itself cannot read the batch from its disk.
    Storage,
}

impl UndecodableReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [Self::Checksum, Self::Compression, Self::Format, Self::Offsets, Self::Records, Self::Storage];

    /// The value of the label `reason`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Compression => "compression",
            Self::Format => "format",
            Self::Offsets => "offsets",
            Self::Records => "records",
            Self::Storage => "storage",
        }
    }
}

/// The answer of a log to a fetch at one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchAnswer {
    /// A record comes, with this timestamp in milliseconds since 1970.
    Record(Option<i64>),
    /// There is nothing left to read.
    End,
    /// What comes cannot be read. The client tells the first offset of the batch, but not for every fault.
    Undecodable { reason: UndecodableReason, batch_start: Option<i64> },
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UndecodableBatches {
    /// The batches, one after the other without a gap between them. Empty where the first offset can be read.
    pub(super) batches: Vec<(Range<i64>, UndecodableReason)>,
    /// What follows them; `None` where the search was ended before it came to that.
    pub(super) then: Option<FetchAnswer>,
}

/// A search that goes on.
#[derive(Debug)]
pub(super) struct BatchSearch {
    /// The log held no offset from this one on when the search began.
    log_end: i64,
    /// The first offset of the batch that is being searched through.
    from: i64,
    stage: Stage,
    batches: Vec<(Range<i64>, UndecodableReason)>,
}

/// A fault by which a batch is recognised.
#[derive(Clone, Copy, Debug)]
struct Fault {
    reason: UndecodableReason,
    is_located: bool,
}

#[derive(Debug)]
enum Stage {
    /// The first offset is fetched several times.
    Confirm {
        failed: u8,
    },
    /// `last` belongs to the batch, and the next fetch goes `step` beyond `from`.
    Forward {
        fault: Fault,
        last: i64,
        step: i64,
    },
    /// `last` belongs to the batch, and `beyond` gave another answer.
    Halve {
        fault: Fault,
        last: i64,
        beyond: i64,
        answer: FetchAnswer,
    },
    Done {
        then: Option<FetchAnswer>,
    },
}

impl BatchSearch {
    /// Searches from an offset on, in a log that ends at `log_end`.
    pub(super) fn new(from: i64, log_end: i64) -> Self {
        Self { log_end, from, stage: Stage::Confirm { failed: 0 }, batches: Vec::new() }
    }

    /// The offset to fetch next; `None` when the search is over.
    pub(super) fn next_question(&self) -> Option<i64> {
        match self.stage {
            Stage::Confirm { .. } => Some(self.from),
            Stage::Forward { step, .. } => Some(self.from.saturating_add(step).min(self.log_end)),
            Stage::Halve { last, beyond, .. } => Some(last + (beyond - last) / 2),
            Stage::Done { .. } => None,
        }
    }

    /// Takes the answer to [`Self::next_question`].
    pub(super) fn take(&mut self, answer: FetchAnswer) {
        let Some(asked) = self.next_question() else { return };
        let stage = std::mem::replace(&mut self.stage, Stage::Done { then: None });
        self.stage = match stage {
            Stage::Confirm { failed } => match answer {
                FetchAnswer::Record(_) | FetchAnswer::End => Stage::Done { then: Some(answer) },
                FetchAnswer::Undecodable { .. } if failed + 1 < ATTEMPTS => Stage::Confirm { failed: failed + 1 },
                FetchAnswer::Undecodable { reason, batch_start } => {
                    Stage::Forward { fault: Fault { reason, is_located: batch_start.is_some() }, last: self.from, step: 1 }
                }
            },
            Stage::Forward { fault, step, .. } if self.belongs(fault, answer) => {
                if asked >= self.log_end {
                    return self.end_batch(fault, asked, None);
                }
                Stage::Forward { fault, last: asked, step: step.saturating_mul(2) }
            }
            Stage::Forward { fault, last, .. } => Stage::Halve { fault, last, beyond: asked, answer },
            Stage::Halve { fault, beyond, answer: at_beyond, .. } if self.belongs(fault, answer) => {
                Stage::Halve { fault, last: asked, beyond, answer: at_beyond }
            }
            Stage::Halve { fault, last, .. } => Stage::Halve { fault, last, beyond: asked, answer },
            done @ Stage::Done { .. } => done,
        };
        if let Stage::Halve { fault, last, beyond, answer } = self.stage
            && beyond - last <= 1
        {
            self.end_batch(fault, beyond, Some(answer));
        }
    }

    /// Whether the batch that is being searched through has an unknown format, which the client passes over without a word after its first offset.
    pub(super) fn is_of_unknown_format(&self) -> bool {
        matches!(self.stage, Stage::Forward { fault, .. } | Stage::Halve { fault, .. } if fault.reason == UndecodableReason::Format)
    }

    /// The batches that were found. A search that is not over yet gives only those whose ends are known.
    pub(super) fn into_found(self) -> UndecodableBatches {
        let then = if let Stage::Done { then } = self.stage { then } else { None };
        UndecodableBatches { batches: self.batches, then }
    }

    /// Whether an offset with this answer belongs to the batch that has this fault.
    fn belongs(&self, fault: Fault, answer: FetchAnswer) -> bool {
        match answer {
            FetchAnswer::Record(_) | FetchAnswer::End => false,
            FetchAnswer::Undecodable { batch_start: Some(start), .. } => start <= self.from,
            // Of an unknown format the client tells the place at the first offset alone. Another batch of unknown place cannot be told from this one.
            FetchAnswer::Undecodable { batch_start: None, .. } => !fault.is_located || fault.reason == UndecodableReason::Format,
        }
    }

    fn end_batch(&mut self, fault: Fault, end: i64, then: Option<FetchAnswer>) {
        self.batches.push((self.from..end, fault.reason));
        let is_next_undecodable = matches!(then, Some(FetchAnswer::Undecodable { .. }));
        self.stage = if is_next_undecodable && self.batches.len() < BATCHES_MAX {
            self.from = end;
            Stage::Confirm { failed: 1 }
        } else {
            Stage::Done { then: then.filter(|_| !is_next_undecodable) }
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A batch of a made-up log: its number of offsets, and its fault with whether the client tells its place.
    type Batch = (i64, Option<(UndecodableReason, bool)>);

    fn answer(log: &[Batch], offset: i64) -> FetchAnswer {
        let mut start = 0;
        for (length, fault) in log {
            if offset < start + length {
                return match fault {
                    None => FetchAnswer::Record(Some(offset)),
                    Some((UndecodableReason::Format, _)) => {
                        FetchAnswer::Undecodable { reason: UndecodableReason::Format, batch_start: (offset == start).then_some(start) }
                    }
                    Some((reason, is_located)) => FetchAnswer::Undecodable { reason: *reason, batch_start: is_located.then_some(start) },
                };
            }
            start += length;
        }
        FetchAnswer::End
    }

    fn search(log: &[Batch], from: i64) -> (UndecodableBatches, usize) {
        let mut search = BatchSearch::new(from, log.iter().map(|(length, _)| length).sum());
        let mut questions = 0;
        while let Some(offset) = search.next_question() {
            search.take(answer(log, offset));
            questions += 1;
            assert!(questions < 100_000, "the search does not end");
        }
        (search.into_found(), questions)
    }

    #[test]
    fn a_batch_ends_exactly_where_the_next_one_begins() {
        use UndecodableReason::{Checksum, Records};
        for length in 1..70 {
            for (reason, is_located) in [(Checksum, true), (Records, false)] {
                let log = [(10, None), (length, Some((reason, is_located))), (1, None), (5, None)];
                let (found, questions) = search(&log, 10);
                assert_eq!(found.batches, [(10..10 + length, reason)]);
                assert_eq!(found.then, Some(FetchAnswer::Record(Some(10 + length))));
                assert!(questions <= 3 + 2 * 8, "{questions} fetches for {length} offsets");
            }
        }
        let (found, _) = search(&[(10, None), (7, Some((Checksum, true)))], 12);
        assert_eq!((found.batches, found.then), (vec![(12..17, Checksum)], Some(FetchAnswer::End)), "from within, up to the log's end");
    }

    #[test]
    fn a_record_between_two_such_batches_is_not_lost() {
        use UndecodableReason::{Checksum, Compression};
        let log = [(10, Some((Checksum, true))), (1, None), (20, Some((Compression, true))), (9, None)];
        let (found, _) = search(&log, 0);
        assert_eq!((found.batches, found.then), (vec![(0..10, Checksum)], Some(FetchAnswer::Record(Some(10)))));
    }

    #[test]
    fn a_fault_that_does_not_come_again_skips_nothing() {
        let mut search = BatchSearch::new(5, 9);
        search.take(FetchAnswer::Undecodable { reason: UndecodableReason::Checksum, batch_start: Some(5) });
        search.take(FetchAnswer::Record(None));
        assert_eq!(search.next_question(), None);
        assert_eq!(search.into_found().batches, []);
    }

    fn batch(can_hide: bool) -> impl Strategy<Value = Batch> {
        use UndecodableReason::{Checksum, Compression, Format};
        let fault = prop_oneof![Just((Checksum, true)), Just((Compression, !can_hide)), Just((Format, true))];
        (1..40_i64, proptest::option::of(fault))
    }

    proptest! {
        #[test]
        fn the_batches_found_are_those_before_the_first_readable_offset(log in vec(batch(false), 1..30)) {
            let (found, _) = search(&log, 0);
            let mut start = 0;
            let mut expected: Vec<(Range<i64>, UndecodableReason)> = Vec::new();
            for (length, fault) in &log {
                let Some((reason, _)) = fault else { break };
                expected.push((start..start + length, *reason));
                start += length;
            }
            let ends = |batches: &[(Range<i64>, UndecodableReason)]| batches.last().map_or(0, |(offsets, _)| offsets.end);
            // Two batches of an unknown format in a row cannot be told from each other after the first offset, and need not be.
            prop_assert!(ends(&found.batches) == ends(&expected) || log.iter().any(|(_, fault)| matches!(fault, Some((UndecodableReason::Format, _)))));
            prop_assert!(found.batches.windows(2).all(|pair| pair[0].0.end == pair[1].0.start));
            prop_assert!(ends(&found.batches) >= ends(&expected));
        }

        #[test]
        fn the_search_ends_and_stands_before_a_readable_offset(log in vec(batch(true), 1..30), from in 0..20_i64) {
            let end: i64 = log.iter().map(|(length, _)| length).sum();
            let (found, questions) = search(&log, from.min(end - 1));
            prop_assert!(questions < 64 * 24);
            if let Some((offsets, _)) = found.batches.last() {
                prop_assert!(offsets.end <= end);
                prop_assert_eq!(Some(answer(&log, offsets.end)), found.then);
            }
        }
    }
}
