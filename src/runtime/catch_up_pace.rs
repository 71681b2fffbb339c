//! The pace of catching up: how many records are left, how many are read in a second, and how long that will take. It is logged while it lasts.
//!
//! Does not know when everything has been read, nor the checkpoint that was restored before.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// How often a line is logged.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// The pace is that of the last so many seconds.
const OVER: Duration = Duration::from_secs(10);

/// The observations of one catch-up.
#[derive(Debug, Default)]
pub(super) struct CatchUpPace {
    /// How many records had been read at the observations of late, oldest first.
    read: VecDeque<(Instant, u64)>,
    began: Option<(Instant, u64)>,
    logged_at: Option<Instant>,
}

/// The pace at one instant. It reads as a part of a sentence for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) records_per_second: u64,
    /// `None` while nothing is read.
    pub(super) time_to_go: Option<Duration>,
}

impl CatchUpPace {
    /// Takes in that `read` records have been read in all and `left` are left, and logs a line if one is due. `None` until a second has been seen.
    pub(super) fn observe(&mut self, read: u64, left: u64, now: Instant) -> Option<Pace> {
        self.began.get_or_insert((now, read));
        self.read.push_back((now, read));
        while self.read.len() > 2 && now.duration_since(self.read[1].0) >= OVER {
            self.read.pop_front();
        }
        let (since, before) = *self.read.front()?;
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds < 1.0 {
            return None;
        }
        let records_per_second = (read.saturating_sub(before) as f64 / seconds) as u64;
        let time_to_go = (records_per_second > 0).then(|| Duration::from_secs(left.div_ceil(records_per_second)));
        let is_due = self.logged_at.is_none_or(|at| now.duration_since(at) >= LOG_EVERY);
        if is_due {
            self.logged_at = Some(now);
            let seconds_to_go = time_to_go.map(|time| time.as_secs());
            tracing::info!(target: "cxpulse::runtime", records_left = left, records_per_second, seconds_to_go, "catching up");
        }
        Some(Pace { records_per_second, time_to_go })
    }

    /// Everything has been read: logs that once, with the number of records that were read since the first observation. A next catch-up begins anew.
    pub(super) fn end(&mut self, read: u64, now: Instant) {
        if let Some((began, before)) = std::mem::take(self).began {
            let (records, seconds) = (read.saturating_sub(before), now.duration_since(began).as_secs_f64());
            tracing::info!(target: "cxpulse::runtime", records, seconds, "caught up");
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time_to_go {
            Some(time) => write!(f, "{} records a second, about {} s to go", self.records_per_second, time.as_secs()),
            None => f.write_str("none are being read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_ten_seconds() {
        let (mut pace, start) = (CatchUpPace::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pace.observe(1_000, 9_000, start), None, "one observation is no pace");
        let slow = pace.observe(1_200, 8_800, at(2)).unwrap();
        assert_eq!((slow.records_per_second, slow.time_to_go), (100, Some(Duration::from_secs(88))));
        let mut fast = slow;
        for second in 3..=20 {
            fast = pace.observe(1_200 + 1_000 * (second - 2), 4_001, at(second)).unwrap();
        }
        assert_eq!((fast.records_per_second, fast.time_to_go), (1_000, Some(Duration::from_secs(5))));
        for second in 21..=41 {
            fast = pace.observe(19_200, 4_001, at(second)).unwrap();
        }
        assert_eq!(fast.to_string(), "none are being read");
        pace.end(19_200, at(42));
        assert_eq!(pace.observe(19_200, 5, at(43)), None, "the next catch-up begins anew");
    }
}
