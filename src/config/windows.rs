//! `[[windows]]`: name, range and hop of each window, and the rules between windows.
//!
//! Does not know how a window is kept.

use super::duration::{parse_span, within};
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::{length_within, shown};
use crate::engine::WindowSettings;
use crate::time::Span;

const WINDOWS_MAX: usize = 12;
/// The memory of a window grows with the number of its hops. The default windows have 60 to 168 hops.
const HOPS_MAX: i64 = 2_000;
pub(super) const RANGE_MAX: Span = Span::days(400);

/// Name, range and hop of the windows where the file names none. Each name is the range.
const DEFAULT: [(&str, Span, Span); 5] = [
    ("5m", Span::minutes(5), Span::seconds(5)),
    ("1h", Span::hours(1), Span::minutes(1)),
    ("24h", Span::hours(24), Span::minutes(15)),
    ("7d", Span::days(7), Span::hours(1)),
    ("30d", Span::days(30), Span::hours(6)),
];

/// Hops that users often choose, for hints.
const COMMON_HOPS: [Span; 22] = [
    Span::seconds(1),
    Span::seconds(2),
    Span::seconds(5),
    Span::seconds(10),
    Span::seconds(15),
    Span::seconds(20),
    Span::seconds(30),
    Span::minutes(1),
    Span::minutes(2),
    Span::minutes(5),
    Span::minutes(10),
    Span::minutes(15),
    Span::minutes(20),
    Span::minutes(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(3),
    Span::hours(4),
    Span::hours(6),
    Span::hours(8),
    Span::hours(12),
    Span::hours(24),
];

pub(super) fn resolve(root: &mut Section<'_>) -> Vec<WindowSettings> {
    let Some(sections) = root.tables("windows", "name") else {
        return DEFAULT.map(|(name, range, hop)| WindowSettings { name: name.to_owned(), range, hop }).to_vec();
    };
    if let Err(complaint) = length_within(&sections, 1, WINDOWS_MAX) {
        root.complain("windows", complaint);
    }
    let mut windows: Vec<(WindowSettings, KeyPlace)> = Vec::new();
    for section in sections {
        let Some((window, place)) = read(section) else { continue };
        if windows.iter().any(|(w, _)| w.name == window.name) {
            let what = format!("the window `{}` stands here twice", window.name);
            root.report.add(&place, complaint(ProblemKind::Duplicate, what, "remove one of the two, or give it a name of its own"));
        } else if let Some((shorter, _)) = windows.last()
            && let Err(complaint) = may_follow(shorter, &window)
        {
            root.report.add(&place, complaint);
        }
        windows.push((window, place));
    }
    if let Some((place, complaint)) = unrelated(&windows) {
        root.report.add(&place, complaint);
    }
    windows.into_iter().map(|(w, _)| w).collect()
}

/// Finds hops whose common divisor is too small. A window is kept in slices whose length divides its own hop and the hops of all longer
/// windows.
fn unrelated(windows: &[(WindowSettings, KeyPlace)]) -> Option<(KeyPlace, Complaint)> {
    let mut longer: Option<&WindowSettings> = None;
    let mut slice = 0;
    for (window, place) in windows.iter().rev() {
        let before = slice;
        slice = common_measure(slice, window.hop.0);
        if let Some(longer) = longer
            && slice > 0
            && slice < before
            && window.hop.0 <= window.range.0
            && window.range.0 / slice > HOPS_MAX
        {
            let slice = Span(slice);
            let what = format!(
                "the hop `{}` and that of `{}`, `{}`, share only `{slice}`, too short a slice to keep the window in",
                window.hop, longer.name, longer.hop
            );
            return Some((
                place.clone(),
                complaint(ProblemKind::HopsUnrelated, what, "use hops of which the longer is a multiple of the shorter"),
            ));
        }
        longer = Some(window);
    }
    None
}

/// The greatest common divisor; that of 0 and a number is the number.
fn common_measure(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_measure(b, a % b) }
}

fn read(mut section: Section<'_>) -> Option<(WindowSettings, KeyPlace)> {
    let range: Option<Span> = section.required("range", "say how long the window is: `range = \"24h\"`");
    let hop: Option<Span> = section.required("hop", "say by how much it moves, such as a hundredth of its range: `hop = \"15m\"`");
    let name: Option<String> = section.required("name", "name it like its range: `name = \"24h\"`");
    let place = section.place().clone();
    if let Some(range) = range
        && let Err(complaint) = within(Span::seconds(2), RANGE_MAX)(&range)
    {
        section.complain("range", complaint);
    } else if let (Some(range), Some(hop)) = (range, hop)
        && let Err(complaint) = fits(range, hop)
    {
        section.complain("hop", complaint);
    }
    if let (Some(name), Some(range)) = (&name, range)
        && let Err(complaint) = speaks_truth(name, range)
    {
        section.complain("name", complaint);
    }
    section.finish();
    Some((WindowSettings { name: name?, range: range?, hop: hop? }, place))
}

/// Checks the name, which becomes a label value that people compare: it must be short, and must not be a length other than the range.
fn speaks_truth(name: &str, range: Span) -> Result<(), Complaint> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !(1..=32).contains(&name.len()) || !letters || name == "all" {
        let what =
            format!("`{}` cannot be a window's name; allowed are 1 to 32 letters, digits, `.`, `_` and `-`, but not `all`", shown(name));
        return Err(complaint(ProblemKind::BadName, what, format!("name it `{range}`")));
    }
    match parse_span(name) {
        Some(said) if said != range => {
            let what = format!("the name `{name}` says another length than the range `{range}`");
            Err(complaint(ProblemKind::WindowNameMisleading, what, format!("name it `{range}`")))
        }
        _ => Ok(()),
    }
}

fn fits(range: Span, hop: Span) -> Result<(), Complaint> {
    if hop < Span::seconds(1) {
        return Err(complaint(ProblemKind::OutOfRange, format!("`{hop}` is below `1s`"), "use a hop of `1s` or longer"));
    }
    if hop.0 > range.0 / 2 {
        let what = format!("`{hop}` is longer than half of the range `{range}`");
        return Err(complaint(ProblemKind::HopTooLong, what, format!("use a hop that fits twice at least{}", near(range, hop))));
    }
    if range.0 % hop.0 != 0 {
        let what = format!("`{hop}` does not divide the range `{range}`");
        return Err(complaint(ProblemKind::HopNotDividing, what, format!("use a hop that divides {range}{}", near(range, hop))));
    }
    if range.0 / hop.0 > HOPS_MAX {
        let what = format!("`{hop}` fits {} times into the range `{range}`, and {HOPS_MAX} times are allowed", range.0 / hop.0);
        return Err(complaint(ProblemKind::HopTooShort, what, format!("use a longer hop{}", near(range, hop))));
    }
    Ok(())
}

/// Checks that a window may follow a shorter one. The panes of a longer window begin where those of the shorter window end, so at least one
/// hop of the longer window must fit between the two ranges.
fn may_follow(shorter: &WindowSettings, window: &WindowSettings) -> Result<(), Complaint> {
    let (range, hop) = (window.range, window.hop);
    if range <= shorter.range {
        let what = format!("the range `{range}` is not longer than `{}` of the window before it", shorter.range);
        return Err(complaint(ProblemKind::NotAscending, what, "write the windows in the order of their ranges, shortest first"));
    }
    if range.0 - shorter.range.0 < hop.0 {
        let what =
            format!("the range `{range}` is longer than `{}` of the window before it by less than its own hop `{hop}`", shorter.range);
        let room = Span(range.0 - shorter.range.0);
        return Err(complaint(
            ProblemKind::WindowTooClose,
            what,
            format!("use a hop of at most `{room}`, or leave one of the two windows out"),
        ));
    }
    Ok(())
}

/// The common hops that are allowed and nearest to a wrong one, as the end of a hint.
fn near(range: Span, hop: Span) -> String {
    let allowed: Vec<Span> = COMMON_HOPS.into_iter().filter(|h| fits_exactly(range, *h)).collect();
    let below = allowed.iter().rev().find(|h| **h <= hop);
    let above = allowed.iter().find(|h| **h > hop);
    match (below, above) {
        (Some(b), Some(a)) => format!(", such as `{b}` or `{a}`"),
        (Some(one), None) | (None, Some(one)) => format!(", such as `{one}`"),
        (None, None) => String::new(),
    }
}

fn fits_exactly(range: Span, hop: Span) -> bool {
    range.0 % hop.0 == 0 && (2..=HOPS_MAX).contains(&(range.0 / hop.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_rules() {
        for (name, range, hop) in DEFAULT {
            assert!(fits(range, hop).is_ok() && speaks_truth(name, range).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_longer_window_needs_room_for_one_of_its_hops() {
        let window = |range, hop| WindowSettings { name: String::new(), range, hop };
        let short = window(Span::hours(1), Span::minutes(1));
        assert!(may_follow(&short, &window(Span::hours(2), Span::hours(1))).is_ok(), "exactly one hop of room");
        assert!(may_follow(&short, &window(Span::minutes(90), Span::minutes(45))).is_err());
        assert!(may_follow(&short, &short).is_err());
    }
}
