//! Maps the objects of a help desk's REST interface, as an export has them: each with its whole history.
//!
//! Does not know files.

use super::mapping::FeedMapper;
use crate::feed::Payload;
use crate::kafka::StageRecord;
use crate::metrics::feed_telemetry::PayloadOutcome;
use crate::time::EventTime;

/// The export of one feed.
pub struct ExportIntake<'a> {
    mapper: &'a FeedMapper,
    feed: usize,
    as_of: EventTime,
    until: Option<EventTime>,
}

impl<'a> ExportIntake<'a> {
    /// An intake for the feed of this index, whose objects stand as they stood at `as_of`. What happened at `until` or later is left out: other ways say it.
    #[must_use]
    pub const fn new(mapper: &'a FeedMapper, feed: usize, as_of: EventTime, until: Option<EventTime>) -> Self {
        Self { mapper, feed, as_of, until }
    }

    /// Maps an object: the records that are sent, and whether it was mapped, meant nothing, or was rejected.
    #[must_use]
    pub fn map(&mut self, object: &[u8], place: &str) -> (Vec<StageRecord>, [u64; 3]) {
        let payload = Payload { value: Some(object), topic: "export", timestamp: Some(self.as_of), ..Payload::default() };
        let mapped = self.mapper.map_export(self.feed, &payload, place);
        let is_of = |outcome| u64::from(mapped.counted.outcome == outcome);
        let outcomes = [PayloadOutcome::Mapped, PayloadOutcome::Dropped, PayloadOutcome::Rejected].map(is_of);
        let is_before = |record: &StageRecord| {
            let happened = record.time.filter(|time| *time < self.as_of);
            happened.is_none_or(|happened| self.until.is_none_or(|until| happened < until))
        };
        (mapped.records.into_iter().filter(is_before).collect(), outcomes)
    }
}
