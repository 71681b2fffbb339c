//! `[surveys]`, `[tickets]`, `[chats]` and `[first_response]`: the scales of answers, when a ticket is a new one, which chats are calls, abandoned or
//! ended, and where the clock of the first response starts and at which ages its waits are counted.
//!
//! Does not know how an answer, a ticket or a chat is counted.

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::spelled_lengths::spelled_lengths;
use super::value::{label_value, length_within};
use crate::event::{Scale, composed};
use crate::time::Span;

/// The engine keeps scores in millionths.
const MILLIONTHS: f64 = 1e6;
/// The ages at which waits for the first response are counted where the configuration does not say it.
const WAIT_AGES: [&str; 2] = ["30m", "2h"];
const WAIT_AGES_MAX: usize = 4;

/// The settings of `[surveys]`.
pub(super) struct Surveys {
    pub(super) ces_ease: Option<bool>,
    pub(super) csat_scale: Scale,
    pub(super) ces_scale: Scale,
    pub(super) csat_satisfied_from: Vec<(Scale, i64)>,
}

pub(super) fn surveys(mut section: Section<'_>) -> Surveys {
    let ces_ease = section.choice("ces_direction", [("event", None), ("ease", Some(true)), ("effort", Some(false))]);
    let csat_scale = scale(&mut section, "csat_scale", [1.0, 5.0]);
    let ces_scale = scale(&mut section, "ces_scale", [1.0, 7.0]);
    let mut csat_satisfied_from: Vec<(Scale, i64)> = Vec::new();
    for mut entry in section.tables("csat_satisfied", "").unwrap_or_default() {
        let has_scale = entry.has("scale");
        if !has_scale {
            let what = "`scale` is missing";
            entry.report.add(entry.place(), complaint(ProblemKind::MissingKey, what, "say which scale it is about: `scale = [1, 10]`"));
        }
        let scale = scale(&mut entry, "scale", [1.0, 5.0]);
        let from: Option<f64> = entry.required("from", "name the lowest satisfied score: `from = 8`");
        if let Some(from) = from {
            match threshold(from, scale) {
                Err(complaint) => entry.complain("from", complaint),
                Ok(_) if csat_satisfied_from.iter().any(|(s, _)| *s == scale) => {
                    let what = "this scale stands here twice";
                    entry.complain("scale", complaint(ProblemKind::Duplicate, what, "remove one of the two"));
                }
                Ok(from) => csat_satisfied_from.push((scale, from)),
            }
        }
        entry.finish();
    }
    section.finish();
    Surveys { ces_ease, csat_scale, ces_scale, csat_satisfied_from }
}

fn scale(section: &mut Section<'_>, key: &'static str, default: [f64; 2]) -> Scale {
    let list = section.checked(key, default.to_vec(), |list: &Vec<f64>| {
        length_within(list, 2, 2)?;
        let is_good = list.iter().all(|x| millionths(*x).is_some()) && list[0] < list[1];
        if is_good {
            return Ok(());
        }
        let what = format!(
            "`{}` to `{}` is no scale; allowed are lowest and highest score, within -1000 to 1000, of six decimals at most",
            list[0], list[1]
        );
        Err(complaint(ProblemKind::BadScale, what, "write the lowest score first, such as `[1, 5]`"))
    });
    let bound = |i: usize| millionths(list[i]).unwrap_or_default();
    Scale { min: bound(0), max: bound(1), ease: false }
}

fn threshold(from: f64, scale: Scale) -> Result<i64, Complaint> {
    match millionths(from).filter(|m| (scale.min..=scale.max).contains(m) && *m > scale.min) {
        Some(m) => Ok(m),
        None => {
            let (min, max) = (scale.min as f64 / MILLIONTHS, scale.max as f64 / MILLIONTHS);
            let what = format!("`{from}` does not lie above `{min}` and at most at `{max}`, the ends of its scale");
            Err(complaint(ProblemKind::BadThreshold, what, "name the lowest score that counts as satisfied"))
        }
    }
}

/// A score in millionths; `None` where it is outside -1000 to 1000 or has more than six decimals.
fn millionths(score: f64) -> Option<i64> {
    let scaled = score * MILLIONTHS;
    // A decimal such as 0.1 has no exact double, so a small difference to the nearest millionth is allowed. At 1000 points the error of a
    // double is well below this bound.
    (score.abs() <= 1_000.0 && (scaled - scaled.round()).abs() < 1e-3).then_some(scaled.round() as i64)
}

/// Reads `[tickets]`: the time since the solve after which a reopening by the customer begins a new ticket.
pub(super) fn tickets(mut section: Section<'_>) -> Option<Span> {
    let new_matter_after = section.checked("new_matter_after", Span(0), within(Span(0), Span::days(3_650)));
    section.finish();
    Some(new_matter_after).filter(|span| *span > Span(0))
}

/// Reads `[first_response]`: whether its clock stays at the creation or start when a bot hands over to people, and the ages at which waits are counted.
pub(super) fn first_response(mut section: Section<'_>) -> (bool, Vec<(String, Span)>) {
    let from_creation = section.choice("from", [("handoff", false), ("creation", true)]);
    let wait_ages = spelled_lengths(&mut section, "wait_ages", &WAIT_AGES, WAIT_AGES_MAX, || within(Span::minutes(1), Span::days(30)));
    section.finish();
    (from_creation, wait_ages)
}

/// Reads `[chats]`: the channels that are telephone calls, the shortest wait before an abandon that counts, and the idle time that ends a chat.
pub(super) fn chats(mut section: Section<'_>) -> (Vec<String>, Span, Option<Span>) {
    let call_channels = section.checked("call_channels", vec!["phone".to_owned()], |list: &Vec<String>| {
        length_within(list, 0, 32)?;
        list.iter().try_for_each(|c| label_value(c).map(drop))
    });
    let call_channels = call_channels.iter().map(|channel| composed(channel).into_owned()).collect();
    let abandon_min = section.checked("abandon_min", Span::seconds(5), within(Span(0), Span::hours(1)));
    let idle_end = section.checked("idle_end", Span(0), within(Span(0), Span::days(400)));
    section.finish();
    (call_channels, abandon_min, Some(idle_end).filter(|span| *span > Span(0)))
}
