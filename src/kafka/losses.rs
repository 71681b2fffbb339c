//! Which offsets that reading passed over are losses: only those below the first offset that the broker still holds.
//!
//! Offsets without records are normal where a topic is compacted or transactional. So an offset that was passed over is judged by the next look at the
//! log's start. Does not know records or the broker.

use std::ops::Range;
use std::time::Instant;

use super::undecodable::UndecodableReason;

/// The most unjudged skips that are kept. Each look at the log's start judges all of them; beyond the number the shortest one goes, which is a
/// transaction marker rather than a loss.
const SKIPS_MAX: usize = 16;

/// Records that left the log before they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The offsets that were lost.
    pub offsets: Range<i64>,
    /// The timestamp of the last record before the loss, in milliseconds since 1970; `None` where none was read before.
    pub from_ms: Option<i64>,
    /// The end of the loss in time.
    pub to: LossEnd,
}

/// The end of a loss in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossEnd {
    /// The timestamp of the first record after the loss, in milliseconds since 1970.
    Record(i64),
    /// There was no record with a timestamp after the loss at this instant.
    Look(Instant),
}

/// A batch that was passed over, because its records cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedBatch {
    /// What is lost with it.
    pub loss: Loss,
    /// Why it cannot be read.
    pub reason: UndecodableReason,
}

/// Offsets that reading passed over, not yet judged.
#[derive(Clone, Debug)]
struct Skip {
    offsets: Range<i64>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    noted_at: Instant,
}

/// The skips of one topic partition that no look at the log's start has judged yet.
#[derive(Clone, Debug, Default)]
pub(super) struct UnjudgedSkips(Vec<Skip>);

impl UnjudgedSkips {
    /// Reading passed over these offsets: the records before and after them have these timestamps.
    pub(super) fn add(&mut self, offsets: Range<i64>, from_ms: Option<i64>, to_ms: Option<i64>) {
        let length = |skip: &Skip| skip.offsets.end - skip.offsets.start;
        self.0.push(Skip { offsets, from_ms, to_ms, noted_at: Instant::now() });
        if self.0.len() > SKIPS_MAX
            && let Some(shortest) = (0..self.0.len()).min_by_key(|at| length(&self.0[*at]))
        {
            self.0.remove(shortest);
        }
    }

    /// Judges the skips that were noted before the log's start was asked for at `asked_at`, and gives the losses among them.
    pub(super) fn judge(&mut self, log_start: i64, asked_at: Instant) -> Vec<Loss> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let (judged, left) = std::mem::take(&mut self.0).into_iter().partition(|skip| skip.noted_at <= asked_at);
        self.0 = left;
        let loss = |skip: Skip| {
            let offsets = skip.offsets.start..skip.offsets.end.min(log_start);
            (!offsets.is_empty()).then(|| Loss {
                offsets,
                from_ms: skip.from_ms,
                to: skip.to_ms.map_or(LossEnd::Look(asked_at), LossEnd::Record),
            })
        };
        let judged: Vec<Skip> = judged;
        judged.into_iter().filter_map(loss).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_the_logs_start_is_lost() {
        let mut skips = UnjudgedSkips::default();
        skips.add(10..11, Some(1), Some(2));
        skips.add(20..30, Some(3), Some(4));
        skips.add(40..50, Some(5), None);
        let asked_at = Instant::now();
        assert_eq!(
            skips.judge(45, asked_at),
            [
                Loss { offsets: 10..11, from_ms: Some(1), to: LossEnd::Record(2) },
                Loss { offsets: 20..30, from_ms: Some(3), to: LossEnd::Record(4) },
                Loss { offsets: 40..45, from_ms: Some(5), to: LossEnd::Look(asked_at) },
            ]
        );
        assert_eq!(skips.judge(100, Instant::now()), [], "each is judged once");
        skips.add(60..70, None, Some(6));
        assert_eq!(skips.judge(60, Instant::now()), [], "compaction and transaction markers lose nothing");
    }

    #[test]
    fn a_look_from_before_a_skip_does_not_judge_it() {
        let mut skips = UnjudgedSkips::default();
        let before = Instant::now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        skips.add(0..5, None, Some(1));
        assert_eq!(skips.judge(0, before), []);
        assert_eq!(skips.judge(5, Instant::now()).len(), 1);
    }

    #[test]
    fn many_markers_do_not_push_out_a_loss() {
        let mut skips = UnjudgedSkips::default();
        skips.add(0..5_000, Some(1), Some(2));
        (0..100).for_each(|n| skips.add(6_000 + n * 10..6_001 + n * 10, None, None));
        assert_eq!(skips.0.len(), SKIPS_MAX);
        assert_eq!(skips.judge(5_000, Instant::now()).first().map(|loss| loss.offsets.clone()), Some(0..5_000));
    }
}
