//! The families by subject, one file each.

pub(super) mod backlog;
pub(super) mod chats;
pub(super) mod contacts;
pub(super) mod correlation;
pub(super) mod csat;
pub(super) mod customers;
pub(super) mod durations;
pub(super) mod effort;
pub(super) mod experience;
pub(super) mod health;
pub(super) mod journey;
pub(super) mod nps;
pub(super) mod pain;
pub(super) mod surveys;
pub(super) mod targets;
pub(super) mod tickets;
pub(super) mod trend;

use super::family::{Family, Variant};
use super::reader::Reader;
use super::statistics::wilson;
use crate::engine::read::Measure;

/// A proportion with its Wilson interval: three families.
fn proportion(
    name: &str,
    help: &str,
    seen_by: &[Measure],
    of: impl Fn(&Reader<'_>, &Variant) -> Option<(i64, i64)> + Clone + Send + Sync + 'static,
) -> [Family; 3] {
    let (lower, upper) = (of.clone(), of.clone());
    let share = move |r: &Reader<'_>, v: &Variant| of(r, v).filter(|(_, whole)| *whole > 0).map(|(part, whole)| part as f64 / whole as f64);
    let bound = |end: &str, side: &str| (format!("{name}_{end}"), format!("{side} 95 % Wilson bound of {name}."));
    let ((lower_name, lower_help), (upper_name, upper_help)) = (bound("lower", "Lower"), bound("upper", "Upper"));
    [
        Family::value(name, help, seen_by, share),
        Family::value(&lower_name, &lower_help, seen_by, move |r, v| {
            lower(r, v).and_then(|(part, whole)| wilson(part, whole)).map(|b| b.0)
        }),
        Family::value(&upper_name, &upper_help, seen_by, move |r, v| {
            upper(r, v).and_then(|(part, whole)| wilson(part, whole)).map(|b| b.1)
        }),
    ]
}
