//! One standing fact behind a value, with its texts and windows.

use smallvec::SmallVec;

use crate::engine::terms::{Contribution, Fact, Label, Measure, Names, WindowSettings};
use crate::engine::windows::{Subject, Windows, ring_of};
use crate::time::{EventTime, Span};

/// A fact that was posted and not withdrawn.
#[derive(Clone, Debug)]
pub struct StandingFact<'a> {
    /// The ticket or chat, survey or customer that the fact is about.
    pub subject: Subject,
    /// The measure that the fact belongs to.
    pub(crate) measure: Measure,
    /// The measure's own label.
    pub(crate) label: Label,
    /// The values of all configured dimensions, in their order; `unknown` for an unset dimension.
    pub dimensions: SmallVec<[&'a str; 8]>,
    /// The event time that decides the windows in which the fact counts; `None` for a present state without a time.
    pub time: Option<EventTime>,
    /// When the ticket or chat was opened that the fact is about, where the effects of marked changes need it and it is known. For a duration it is the start
    /// of its clock.
    pub opened: Option<EventTime>,
    /// The value that the fact adds.
    pub value: FactValue,
    /// The windows in which the fact counts now.
    pub windows: &'a [WindowSettings],
    /// Whether the fact is a state that counts now.
    pub is_state_now: bool,
}

/// The value that a fact adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// A number of things; negative if a count falls.
    Count(i64),
    /// A duration.
    Duration(Span),
    /// A survey answer.
    Answer {
        /// CSAT and NPS: the score. CES: the effort above the least of its scale. In millionths of a point.
        points: i64,
        /// CSAT: satisfied. NPS: promoter. CES: low effort.
        is_good: bool,
        /// NPS: detractor. CES: high effort. Never for CSAT.
        is_bad: bool,
    },
    /// One pair of a correlation.
    Pair,
    /// The start of a wait.
    Since(EventTime),
    /// What a customer is worth, in millionths of the currency's unit; negative if the customer goes.
    Amount(i64),
}

/// Translates a fact of a partition group into texts; `names` must be the names of that group.
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
        opened: fact.opened(),
        value: match fact.value {
            Contribution::Count(n) => FactValue::Count(n),
            Contribution::Duration(ms, _) => FactValue::Duration(Span(ms)),
            Contribution::Vote(vote) => FactValue::Answer { points: vote.score, is_good: vote.good, is_bad: vote.bad },
            Contribution::Pair(..) => FactValue::Pair,
            Contribution::Since(time) => FactValue::Since(time),
            Contribution::Amount(_, amount) => FactValue::Amount(amount),
        },
        windows: ring.map_or(&[], |ring| &windows.settings.windows[ring..]),
        is_state_now: is_state && is_reached,
    }
}
