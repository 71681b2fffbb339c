//! Admission to one topic partition: whether an event is new and in time. The decision follows from the log so far and the configuration alone.

use std::collections::BTreeMap;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::record::Outcome;
use crate::engine::shared_map::SharedMap;
use crate::event::Key;
use crate::time::{EventTime, Span};

/// How far ahead of its record's timestamp an event may be.
const FUTURE_TOLERANCE: Span = Span::minutes(2);
/// Identities expire in slices of event time; this many slices make up the allowed lateness.
const SLICES: i64 = 8;
/// When a single slice holds too many identities, one in this many of the limit leaves together, so that the search for the oldest is rare.
const THINNED_SHARE: usize = 32;

/// The admission of one topic partition.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    allowed_lateness: Span,
    identities_max: usize,
    /// The largest event time admitted.
    watermark: Option<EventTime>,
    /// Identities whose event time lies before this were forgotten early, because there were too many.
    forgotten_before: EventTime,
    /// The event time of each identity that is remembered.
    seen: SharedMap<Key, EventTime>,
    /// The identities by slice of event time, for expiry, each with the event time with which it came.
    expiry: BTreeMap<i64, Vec<(EventTime, Key)>>,
    /// The number of identities that were forgotten early.
    evictions: u64,
}

impl Admission {
    pub(crate) fn new(allowed_lateness: Span, identities_max: usize) -> Self {
        let (seen, expiry) = (SharedMap::default(), BTreeMap::new());
        Self { allowed_lateness, identities_max, watermark: None, forgotten_before: EventTime::MIN, seen, expiry, evictions: 0 }
    }

    /// Stores what is remembered.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self { allowed_lateness: _, identities_max: _, watermark, forgotten_before, seen, expiry: _, evictions } = self;
        out.put(watermark);
        out.put(forgotten_before);
        out.put(evictions);
        seen.store(out);
    }

    /// Restores what is remembered into an admission that has judged nothing.
    pub(crate) fn restore(mut self, input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        self.watermark = input.take()?;
        self.forgotten_before = input.take()?;
        self.evictions = input.take()?;
        self.seen = SharedMap::restore(input)?;
        let width = self.slice_width();
        for (identity, time) in self.seen.iter() {
            self.expiry.entry(time.slice(width)).or_default().push((*time, *identity));
        }
        Ok(self)
    }

    /// Judges a valid event. An event that is admitted is remembered, and may move the watermark.
    pub(crate) fn judge(&mut self, identity: Key, time: EventTime, record_time: Option<EventTime>) -> Outcome {
        if record_time.is_some_and(|record| time > record + FUTURE_TOLERANCE) {
            return Outcome::Future;
        }
        let horizon = self.horizon();
        match self.seen.get(&identity) {
            Some(known) if *known >= horizon => return Outcome::Duplicate,
            _ if time < horizon => return Outcome::Late,
            _ => self.seen.insert(identity, time),
        };
        self.schedule(identity, time);
        if self.watermark.is_none_or(|watermark| time > watermark) {
            self.watermark = Some(time);
            self.expire();
        }
        Outcome::Applied
    }

    /// Remembers at most this many identities, from the next event on.
    pub(crate) fn set_identities_max(&mut self, identities_max: usize) {
        self.identities_max = identities_max;
    }

    /// The largest event time admitted.
    pub(crate) fn watermark(&self) -> Option<EventTime> {
        self.watermark
    }

    /// How far back copies are recognised: the allowed lateness, or less if identities had to be forgotten early.
    pub(crate) fn dedup_horizon(&self) -> Span {
        self.watermark.map_or(self.allowed_lateness, |watermark| watermark - self.horizon())
    }

    /// The number of identities that are remembered.
    pub(crate) fn identities(&self) -> usize {
        self.seen.len()
    }

    /// The number of identities that were forgotten early.
    pub(crate) fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Events before this time are late.
    fn horizon(&self) -> EventTime {
        self.watermark.map_or(EventTime::MIN, |watermark| watermark - self.allowed_lateness).max(self.forgotten_before)
    }

    /// The width of an expiry slice, at least one second.
    fn slice_width(&self) -> Span {
        Span((self.allowed_lateness.0 / SLICES).max(1_000))
    }

    /// Enters an identity for expiry. If there are too many identities, the oldest slices are forgotten, each as a whole.
    fn schedule(&mut self, identity: Key, time: EventTime) {
        self.expiry.entry(time.slice(self.slice_width())).or_default().push((time, identity));
        while self.seen.len() > self.identities_max {
            let Some((slice, mut identities)) = self.expiry.pop_first() else { break };
            let before = self.seen.len();
            if self.expiry.is_empty() {
                self.thin(&mut identities);
                self.expiry.insert(slice, identities);
            } else {
                self.forgotten_before = EventTime((slice + 1) * self.slice_width().0);
                self.forget(&identities, self.forgotten_before);
            }
            self.evictions += (before - self.seen.len()) as u64;
        }
    }

    /// Forgets the oldest identities of the only slice, somewhat more than needed. Identities of the same instant leave together, because from then
    /// on no event up to that instant can be proven new.
    fn thin(&mut self, identities: &mut Vec<(EventTime, Key)>) {
        let surplus = identities.len().saturating_sub(self.identities_max);
        let leaving = (surplus + self.identities_max / THINNED_SHARE).clamp(1, identities.len());
        let (_, (last, _), _) = identities.select_nth_unstable_by_key(leaving - 1, |(time, _)| *time);
        self.forgotten_before = *last + Span(1);
        self.forget(identities, self.forgotten_before);
        identities.retain(|(time, _)| *time >= self.forgotten_before);
    }

    fn expire(&mut self) {
        let horizon = self.horizon();
        let first_kept = horizon.slice(self.slice_width());
        while self.expiry.first_key_value().is_some_and(|(slice, _)| *slice < first_kept) {
            let Some((_, identities)) = self.expiry.pop_first() else { break };
            self.forget(&identities, horizon);
        }
    }

    /// Forgets identities, except those whose id came again with a later time that is still remembered.
    fn forget(&mut self, identities: &[(EventTime, Key)], horizon: EventTime) {
        for (_, identity) in identities.iter().filter(|(came, _)| *came < horizon) {
            if self.seen.get(identity).is_some_and(|time| *time < horizon) {
                self.seen.remove(identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> EventTime {
        EventTime(0) + Span::minutes(minutes)
    }

    #[test]
    fn event_at_the_allowed_lateness_is_applied_and_one_millisecond_older_is_late() {
        let mut admission = Admission::new(Span::hours(1), 100);
        assert_eq!(admission.judge(Key(1), at(120), None), Outcome::Applied);
        assert_eq!(admission.judge(Key(2), at(60), None), Outcome::Applied);
        assert_eq!(admission.judge(Key(3), at(60) - Span(1), None), Outcome::Late);
        assert_eq!(admission.judge(Key(3), at(61), None), Outcome::Applied, "a refused record leaves no id behind");
    }

    #[test]
    fn copy_within_the_horizon_is_a_duplicate_and_beyond_it_late() {
        let mut admission = Admission::new(Span::hours(1), 100);
        assert_eq!(admission.judge(Key(1), at(0), None), Outcome::Applied);
        assert_eq!(admission.judge(Key(1), at(30), None), Outcome::Duplicate);
        assert_eq!(admission.judge(Key(2), at(60), None), Outcome::Applied);
        assert_eq!(admission.judge(Key(1), at(0), None), Outcome::Duplicate);
        assert_eq!(admission.judge(Key(3), at(61), None), Outcome::Applied);
        assert_eq!(admission.judge(Key(1), at(0), None), Outcome::Late);
    }

    #[test]
    fn future_event_is_refused_and_leaves_the_watermark() {
        let mut admission = Admission::new(Span::hours(1), 100);
        assert_eq!(admission.judge(Key(1), at(3), Some(at(0))), Outcome::Future);
        assert_eq!(admission.watermark(), None);
        assert_eq!(admission.judge(Key(1), at(2), Some(at(0))), Outcome::Applied);
    }

    #[test]
    fn identities_of_one_slice_are_limited_too_and_the_oldest_leave() {
        let mut admission = Admission::new(Span::hours(1), 10);
        for second in 0..41 {
            assert_eq!(admission.judge(Key(second as u128), at(0) + Span::seconds(second), None), Outcome::Applied);
            assert_eq!(admission.identities(), 10.min(second as usize + 1), "no more of them leave than must");
        }
        assert_eq!(admission.evictions(), 31);
        assert_eq!(admission.judge(Key(30), at(0) + Span::seconds(30), None), Outcome::Late);
        assert_eq!(admission.judge(Key(31), at(0) + Span::seconds(31), None), Outcome::Duplicate);
        for n in 100..120 {
            admission.judge(Key(n), at(1), None);
            assert!(admission.identities() <= 10, "identities of one instant are limited too");
        }
        assert_eq!(admission.judge(Key(100), at(1), None), Outcome::Late, "nothing is counted twice");
    }

    #[test]
    fn too_many_identities_shorten_the_horizon_and_are_counted() {
        let mut admission = Admission::new(Span::hours(1), 10);
        for minute in 0..40 {
            assert_eq!(admission.judge(Key(minute as u128), at(minute), None), Outcome::Applied);
        }
        assert!(admission.identities() <= 10 && admission.evictions() > 0);
        assert!(admission.dedup_horizon() < Span::hours(1));
        assert_eq!(admission.judge(Key(0), at(0), None), Outcome::Late, "an event that can no longer be proven new is late");
    }
}
