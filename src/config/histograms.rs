//! `quantiles` and the bucket bounds of `[histograms]`.
//!
//! Does not know which grouping sets get buckets: `grouping.rs` reads that key.

use super::duration::within;
use super::problem::Complaint;
use super::section::Section;
use super::value::{ascending, length_within, number_within};
use crate::engine::DurationBounds;
use crate::time::Span;

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
