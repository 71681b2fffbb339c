//! What lies behind a value: one standing fact in texts and windows.

use smallvec::SmallVec;

use crate::engine::terms::{Contribution, Fact, Label, Measure, Names, WindowSettings};
use crate::engine::windows::{Subject, Windows, ring_of};
use crate::time::{EventTime, Span};

/// A fact that stands.
#[derive(Clone, Debug)]
pub struct StandingFact<'a> {
    /// What it is about.
    pub subject: Subject,
    /// What it counts.
    pub(crate) measure: Measure,
    /// The measure's own label.
    pub(crate) label: Label,
    /// The values of all configured dimensions, in their order; `unknown` where there is none.
    pub dimensions: SmallVec<[&'a str; 8]>,
    /// The event time that decides in which windows it counts; `None` for state of now that has none.
    pub time: Option<EventTime>,
    /// What it adds.
    pub value: FactValue,
    /// The windows that it counts in now.
    pub windows: &'a [WindowSettings],
    /// Whether it is state and counts now.
    pub is_state_now: bool,
}

/// What a fact adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// So many of a thing; negative where a count falls.
    Count(i64),
    /// A length of time.
    Duration(Span),
    /// A survey answer.
    Answer {
        /// CSAT, NPS: the score. CES: the effort above the least of its scale. In millionths of a point.
        points: i64,
        /// CSAT: satisfied; NPS: promoter; CES: low effort.
        is_good: bool,
        /// NPS: detractor; CES: high effort.
        is_bad: bool,
    },
    /// One pair of a correlation.
    Pair,
    /// Waiting since then.
    Since(EventTime),
}

/// A standing fact of a group, whose names it is written in.
pub(crate) fn standing_fact<'a>(subject: Subject, fact: &Fact, names: &'a Names, windows: &'a Windows) -> StandingFact<'a> {
    let is_reached = fact.time <= windows.now;
    let is_state = fact.measure.is_state();
    let ring = ring_of(windows.starts(), fact.time).filter(|_| is_reached && !is_state);
    StandingFact {
        subject,
        measure: fact.measure,
        label: fact.label.number(names),
        dimensions: names.texts_of(fact.dimensions),
        time: (fact.time > EventTime::MIN).then_some(fact.time),
        value: match fact.value {
            Contribution::Count(n) => FactValue::Count(n),
            Contribution::Duration(ms, _) => FactValue::Duration(Span(ms)),
            Contribution::Vote(vote) => FactValue::Answer { points: vote.score, is_good: vote.good, is_bad: vote.bad },
            Contribution::Pair(..) => FactValue::Pair,
            Contribution::Since(time) => FactValue::Since(time),
        },
        windows: ring.map_or(&[], |ring| &windows.settings.windows[ring..]),
        is_state_now: is_state && is_reached,
    }
}
