//! What is measured and how: `quantiles`, `[histograms]`, `[surveys]`, `[chats]`.

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{ascending, chosen, label_value, length_within, number_within};
use crate::engine::DurationBounds;
use crate::event::Scale;
use crate::time::Span;

/// Scores are kept in millionths.
const MILLIONTHS: f64 = 1e6;

pub(super) fn quantiles(root: &mut Section<'_>) -> Vec<u8> {
    let percents = root.checked("quantiles", vec![50, 90, 95], |list: &Vec<i64>| {
        length_within(list, 0, 10)?;
        list.iter().try_for_each(|q| number_within(1, 99)(q))?;
        ascending(list)
    });
    percents.into_iter().filter_map(|q| u8::try_from(q).ok()).collect()
}

pub(super) fn duration_bounds(section: &mut Section<'_>) -> DurationBounds {
    use Span as S;
    let response = [
        S::seconds(30),
        S::minutes(1),
        S::minutes(2),
        S::minutes(5),
        S::minutes(10),
        S::minutes(15),
        S::minutes(30),
        S::hours(1),
        S::hours(2),
        S::hours(4),
        S::hours(8),
        S::hours(24),
        S::days(2),
        S::days(3),
        S::days(7),
    ];
    let resolution = [
        S::minutes(15),
        S::minutes(30),
        S::hours(1),
        S::hours(2),
        S::hours(4),
        S::hours(8),
        S::hours(24),
        S::days(2),
        S::days(3),
        S::days(7),
        S::days(14),
        S::days(30),
        S::days(60),
        S::days(90),
    ];
    let chat = [5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600].map(S::seconds);
    DurationBounds {
        response: section.checked("response", response.to_vec(), |l| bounds(l)),
        resolution: section.checked("resolution", resolution.to_vec(), |l| bounds(l)),
        chat: section.checked("chat", chat.to_vec(), |l| bounds(l)),
    }
}

fn bounds(list: &[Span]) -> Result<(), Complaint> {
    length_within(list, 1, 40)?;
    list.iter().try_for_each(|b| within(Span(1), Span::days(3_650))(b))?;
    ascending(list)
}

/// What `[surveys]` says.
pub(super) struct Surveys {
    pub(super) ces_ease: Option<bool>,
    pub(super) csat_scale: Scale,
    pub(super) ces_scale: Scale,
    pub(super) csat_satisfied_from: Vec<(Scale, i64)>,
}

pub(super) fn surveys(mut section: Section<'_>) -> Surveys {
    let choices = [("event", None), ("ease", Some(true)), ("effort", Some(false))];
    let word = section.or("ces_direction", "event".to_owned());
    let ces_ease = chosen(&word, &choices).unwrap_or_else(|complaint| {
        section.complain("ces_direction", complaint);
        None
    });
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

/// A score in millionths, `None` beyond 1000 or of more than six decimals.
fn millionths(score: f64) -> Option<i64> {
    let scaled = score * MILLIONTHS;
    // Rounds to the nearest: a decimal such as 0.1 has no exact double, and 1000 points leave a thousandth of a millionth of room.
    (score.abs() <= 1_000.0 && (scaled - scaled.round()).abs() < 1e-3).then_some(scaled.round() as i64)
}

/// What `[chats]` says: the channels that are telephone calls, the shortest abandon that counts, and the idle time that ends a chat.
pub(super) fn chats(mut section: Section<'_>) -> (Vec<String>, Span, Option<Span>) {
    let call_channels = section.checked("call_channels", vec!["phone".to_owned()], |list: &Vec<String>| {
        length_within(list, 0, 32)?;
        list.iter().try_for_each(|c| label_value(c))
    });
    let abandon_min = section.checked("abandon_min", Span::seconds(5), within(Span(0), Span::hours(1)));
    let idle_end = section.checked("idle_end", Span(0), within(Span(0), Span::days(400)));
    section.finish();
    (call_channels, abandon_min, Some(idle_end).filter(|span| *span > Span(0)))
}
