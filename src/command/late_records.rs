//! The advice on late records: which `allowed_lateness` would take them.
//!
//! Does not know where the records came from.

use crate::time::Span;

/// The `allowed_lateness` that would take the late records, where more than a hundredth of all records are late. `by` is how far behind the largest
/// event time the latest of them was.
pub(super) fn lateness_needed(late: u64, all: u64, by: Span) -> Option<String> {
    // The hour after the last full one, so that the latest record lies within it.
    (late * 100 > all).then(|| format!("{}h", by.0.div_euclid(Span::hours(1).0) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_begins_above_a_hundredth_and_holds_the_latest_record() {
        assert_eq!(lateness_needed(1, 100, Span::hours(3)), None);
        assert_eq!(lateness_needed(0, 0, Span(0)), None);
        assert_eq!(lateness_needed(2, 199, Span::hours(3)), Some("4h".to_owned()));
        assert_eq!(lateness_needed(2, 100, Span::minutes(90)), Some("2h".to_owned()));
    }
}
