//! The totals of one period, and the columns that a report has.
//!
//! Durations are kept one by one, so that medians are exact. Does not know the calendar.

use crate::engine::read::Measure;
use crate::engine::{FactValue, LoyaltyAnswer, StandingFact, Subject};
use crate::event::{Contact, Scope};
use crate::metrics::Explainer;

/// The totals of the facts of one period.
#[derive(Debug, Default)]
pub(super) struct PeriodTotals {
    created: i64,
    first_responded: i64,
    resolved: i64,
    reopened: i64,
    first_responses: DurationList,
    resolutions: DurationList,
    csat: AnswerTotals,
    service_nps: AnswerTotals,
    experience_nps: AnswerTotals,
    ces: AnswerTotals,
    chats_started: i64,
    chats_accepted: i64,
    chats_abandoned: i64,
    chat_waits: DurationList,
}

/// Durations in milliseconds.
#[derive(Debug, Default)]
struct DurationList(Vec<i64>);

/// The totals of the survey answers of one metric.
#[derive(Debug, Default)]
struct AnswerTotals {
    count: i64,
    /// Satisfied customers or promoters.
    good: i64,
    /// Detractors.
    bad: i64,
    /// The sum of the values of the answers.
    points: f64,
}

/// A value of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ReportCell {
    /// A number of events or answers.
    Count(i64),
    /// A duration in seconds.
    Seconds(f64),
    /// A share from 0 to 1.
    Ratio(f64),
    /// A score.
    Score(f64),
    /// Not defined, because nothing was counted.
    Absent,
}

/// A column of a report.
pub(super) struct Column {
    /// Its name in CSV.
    pub(super) name: &'static str,
    /// Its heading in the table.
    pub(super) heading: &'static str,
    pub(super) read: fn(&PeriodTotals) -> ReportCell,
}

/// The tables of a report: the title and the columns of each.
pub(super) const TABLES: [(&str, &[Column]); 3] = [
    (
        "Tickets",
        &[
            column("tickets_created", "created", |t| ReportCell::Count(t.created)),
            column("tickets_first_responded", "first replied", |t| ReportCell::Count(t.first_responded)),
            column("tickets_resolved", "resolved", |t| ReportCell::Count(t.resolved)),
            column("tickets_reopened", "reopened", |t| ReportCell::Count(t.reopened)),
            column("first_response_median_seconds", "reply, median", |t| t.first_responses.median()),
            column("first_response_mean_seconds", "reply, mean", |t| t.first_responses.mean()),
            column("resolution_median_seconds", "resolution, median", |t| t.resolutions.median()),
            column("resolution_mean_seconds", "resolution, mean", |t| t.resolutions.mean()),
        ],
    ),
    (
        "Answers",
        &[
            column("csat_responses", "CSAT answers", |t| ReportCell::Count(t.csat.count)),
            column("csat_satisfied_responses", "satisfied", |t| ReportCell::Count(t.csat.good)),
            column("csat_ratio", "CSAT", |t| t.csat.share(t.csat.good, ReportCell::Ratio)),
            column("nps_service_responses", "service NPS answers", |t| ReportCell::Count(t.service_nps.count)),
            column("nps_service_score", "service NPS", |t| t.service_nps.nps()),
            column("nps_experience_responses", "experience NPS answers", |t| ReportCell::Count(t.experience_nps.count)),
            column("nps_experience_score", "experience NPS", |t| t.experience_nps.nps()),
            column("ces_responses", "CES answers", |t| ReportCell::Count(t.ces.count)),
            column("ces_effort_score", "effort (1..5)", |t| t.ces.mean()),
        ],
    ),
    (
        "Chats",
        &[
            column("chats_started", "started", |t| ReportCell::Count(t.chats_started)),
            column("chats_accepted", "accepted", |t| ReportCell::Count(t.chats_accepted)),
            column("chats_abandoned", "abandoned", |t| ReportCell::Count(t.chats_abandoned)),
            column("chat_wait_mean_seconds", "wait, mean", |t| t.chat_waits.mean()),
        ],
    ),
];

const fn column(name: &'static str, heading: &'static str, read: fn(&PeriodTotals) -> ReportCell) -> Column {
    Column { name, heading, read }
}

impl PeriodTotals {
    /// Adds a fact, if the report has a column for it.
    pub(super) fn add(&mut self, fact: &StandingFact<'_>, explainer: &Explainer<'_>) {
        let value = explainer.value(fact);
        match (fact.measure, fact.value) {
            (measure, FactValue::Count(n)) => {
                if let Some(count) = self.count(measure) {
                    *count += n;
                }
            }
            // The exported family has first replies to chats too. A help desk reports tickets apart from chats.
            (Measure::FirstResponse, FactValue::Duration(span)) if matches!(fact.subject, Subject::Contact(Contact::Ticket(_))) => {
                self.first_responses.0.push(span.0);
            }
            (Measure::Resolution, FactValue::Duration(span)) => self.resolutions.0.push(span.0),
            (Measure::ChatWait, FactValue::Duration(span)) => self.chat_waits.0.push(span.0),
            (measure, FactValue::Answer { is_good, is_bad, .. }) => {
                let is_experience = fact.label.0 == Scope::Experience as u32;
                // For a known customer the facts hold only the latest answer of the whole log. The latest answer of each period is added apart.
                let is_known = is_experience && matches!(fact.subject, Subject::Customer(_));
                let answers = [
                    (Measure::Csat, &mut self.csat),
                    (Measure::Ces, &mut self.ces),
                    (Measure::Nps, if is_experience { &mut self.experience_nps } else { &mut self.service_nps }),
                ];
                let Some(answers) = of_measure(measure, answers).filter(|_| measure != Measure::Nps || !is_known) else { return };
                answers.add(is_good, is_bad, value);
            }
            _ => {}
        }
    }

    /// Adds a customer's latest relationship answer of the period.
    pub(super) fn add_loyalty(&mut self, answer: LoyaltyAnswer) {
        self.experience_nps.add(answer.is_promoter, answer.is_detractor, 0.0);
    }

    fn count(&mut self, measure: Measure) -> Option<&mut i64> {
        let counts = [
            (Measure::TicketsCreated, &mut self.created),
            (Measure::TicketsFirstResponded, &mut self.first_responded),
            (Measure::TicketsResolved, &mut self.resolved),
            (Measure::TicketsReopened, &mut self.reopened),
            (Measure::ChatsStarted, &mut self.chats_started),
            (Measure::ChatsAccepted, &mut self.chats_accepted),
            (Measure::ChatsAbandoned, &mut self.chats_abandoned),
        ];
        of_measure(measure, counts)
    }
}

fn of_measure<T, const N: usize>(measure: Measure, of: [(Measure, T); N]) -> Option<T> {
    of.into_iter().find(|(known, _)| *known == measure).map(|(_, found)| found)
}

impl DurationList {
    fn mean(&self) -> ReportCell {
        let sum: i128 = self.0.iter().map(|ms| i128::from(*ms)).sum();
        if self.0.is_empty() { ReportCell::Absent } else { ReportCell::Seconds(sum as f64 / self.0.len() as f64 / 1000.0) }
    }

    /// The middle duration; for an even number of durations the mean of the two in the middle.
    fn median(&self) -> ReportCell {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        match (middle.checked_sub(1).and_then(|below| sorted.get(below)), sorted.get(middle)) {
            (Some(below), Some(above)) if sorted.len().is_multiple_of(2) => ReportCell::Seconds((*below as f64 + *above as f64) / 2000.0),
            (_, Some(one)) => ReportCell::Seconds(*one as f64 / 1000.0),
            (_, None) => ReportCell::Absent,
        }
    }
}

impl AnswerTotals {
    fn add(&mut self, is_good: bool, is_bad: bool, points: f64) {
        self.count += 1;
        self.good += i64::from(is_good);
        self.bad += i64::from(is_bad);
        self.points += points;
    }

    fn share(&self, part: i64, cell: fn(f64) -> ReportCell) -> ReportCell {
        if self.count == 0 { ReportCell::Absent } else { cell(part as f64 / self.count as f64) }
    }

    fn nps(&self) -> ReportCell {
        self.share(100 * (self.good - self.bad), ReportCell::Score)
    }

    fn mean(&self) -> ReportCell {
        if self.count == 0 { ReportCell::Absent } else { ReportCell::Score(self.points / self.count as f64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_medians_of_nothing_are_absent_and_of_an_even_number_lie_between() {
        assert_eq!((DurationList::default().mean(), DurationList::default().median()), (ReportCell::Absent, ReportCell::Absent));
        assert_eq!(DurationList(vec![9_000]).median(), ReportCell::Seconds(9.0));
        assert_eq!(DurationList(vec![9_000, 1_000, 2_000]).median(), ReportCell::Seconds(2.0));
        assert_eq!(DurationList(vec![9_000, 1_000, 2_000, 3_000]).median(), ReportCell::Seconds(2.5));
        assert_eq!(DurationList(vec![9_000, 1_000]).mean(), ReportCell::Seconds(5.0));
    }

    #[test]
    fn scores_of_nothing_are_absent() {
        let (mut nps, none) = (AnswerTotals::default(), AnswerTotals::default());
        for (promoters, is_good, is_bad) in [(5, true, false), (3, false, false), (2, false, true)] {
            (0..promoters).for_each(|_| nps.add(is_good, is_bad, 0.0));
        }
        assert_eq!((nps.nps(), none.nps(), none.mean()), (ReportCell::Score(30.0), ReportCell::Absent, ReportCell::Absent));
    }
}
