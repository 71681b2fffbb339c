//! `[retention]` and `[limits]`: how long ended entries are kept, and how many entries at most.
//!
//! Does not know how much memory an entry takes.

use super::duration::within;
use super::problem::{ProblemKind, complaint};
use super::section::Section;
use super::value::number_within;
use super::windows::RANGE_MAX;
use crate::engine::{Limits, WindowSettings};
use crate::time::Span;

/// Reads `[retention]`: how long ended tickets and chats stay known, and how long cancelled customers do.
pub(super) fn retention(mut section: Section<'_>, windows: &[WindowSettings]) -> (Span, Span) {
    let tickets = section.checked("tickets", Span::days(365), within(Span::hours(1), Span::days(3_650)));
    let customers = section.checked("customers", Span::days(400), within(Span::hours(1), Span::days(3_650)));
    for (key, kept) in [("tickets", tickets), ("customers", customers)] {
        if let Some(window) = windows.iter().find(|window| window.range > kept && window.range <= RANGE_MAX) {
            let what =
                format!("`{kept}` is shorter than the window `{}`: what is forgotten earlier would count there once more", window.name);
            section
                .complain(key, complaint(ProblemKind::RetentionTooShort, what, format!("keep them for at least `{}`", longest(windows))));
        }
    }
    section.finish();
    (tickets, customers)
}

fn longest(windows: &[WindowSettings]) -> Span {
    windows.iter().map(|window| window.range).max().unwrap_or_default()
}

pub(super) fn limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let mut limit = |key, default: usize, max| {
        let n = section.checked(key, i64::try_from(default).unwrap_or(i64::MAX), number_within(16, max));
        usize::try_from(n).unwrap_or(default)
    };
    let limits = Limits {
        contacts_max: limit("contacts_max", default.contacts_max, 1_000_000_000),
        customers_max: limit("customers_max", default.customers_max, 1_000_000_000),
        surveys_max: limit("surveys_max", default.surveys_max, 1_000_000_000),
        identities_max: limit("identities_max", default.identities_max, 1_000_000_000),
        held_max: limit("held_max", default.held_max, 1_000_000_000),
        history_max: limit("history_max", default.history_max, 65_536),
        cells_max: limit("cells_max", default.cells_max, 10_000_000),
        cells_per_family_max: limit("cells_per_family_max", default.cells_per_family_max, 10_000_000),
        day_sums_max: limit("day_sums_max", default.day_sums_max, 100_000_000),
    };
    section.finish();
    limits
}
