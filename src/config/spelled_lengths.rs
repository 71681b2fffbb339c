//! Lists of lengths of time of which each is the value of a label as it is spelled. Does not know what is counted by them.

use super::duration::parse_span;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{ascending, length_within, shown};
use crate::time::Span;

/// Reads a list of lengths of time, ascending and at most `count_max`, each with its spelling, which is the value of a label. `bounds` says which are allowed.
pub(super) fn spelled_lengths<B: FnOnce(&Span) -> Result<(), Complaint>>(
    section: &mut Section<'_>,
    key: &'static str,
    default: &[&str],
    count_max: usize,
    bounds: impl Fn() -> B,
) -> Vec<(String, Span)> {
    let spellings: Vec<String> = section.or(key, default.iter().copied().map(str::to_owned).collect());
    let mut lengths = Vec::new();
    for spelling in spellings {
        match parse_span(&spelling).map(|span| (span, bounds()(&span))) {
            Some((span, Ok(()))) => lengths.push((spelling, span)),
            Some((_, Err(complaint))) => section.complain(key, complaint),
            None => {
                let what = format!("`{}` is not a length of time; the units are `ms`, `s`, `m`, `h` and `d`", shown(&spelling));
                section.complain(key, complaint(ProblemKind::BadDuration, what, "write such as `[\"15m\", \"1h\", \"4h\"]`"));
            }
        }
    }
    let spans: Vec<Span> = lengths.iter().map(|(_, span)| *span).collect();
    if let Err(complaint) = length_within(&spans, 0, count_max).and_then(|()| ascending(&spans)) {
        section.complain(key, complaint);
    }
    lengths
}
