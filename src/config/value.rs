//! The types of values, read from the tree or from the text of a variable or flag, and checks that several keys share.
//!
//! Does not know which keys exist.

#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other type is wrong in the same way")]

use jiff::Timestamp;

use super::duration::parse_span;
use super::layers::{Node, TreeValue};
use super::place::KeyPlace;
use super::problem::{Complaint, ProblemKind, ProblemReport, complaint};
use super::spelling_hints::{listed, suggestion_below_list};
use crate::event;
use crate::time::{EventTime, Span};

/// The number of characters of a value that a message repeats at most.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// A type that the value of a key can have.
pub(super) trait KeyType: Sized {
    /// Reads a value; `None` where it has another type, which is reported.
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self>;
}

impl TreeValue {
    /// The value with its type for a message, such as "the number `5`".
    pub(super) fn description(&self) -> String {
        match self {
            Self::Table(_) => "a section".into(),
            Self::List(_) => "a list".into(),
            Self::Text(s) => format!("the text `{}`", shown(s)),
            Self::Integer(i) => format!("the number `{i}`"),
            Self::Float(x) => format!("the number `{x}`"),
            Self::Boolean(b) => format!("`{b}`"),
            Self::Instant => "an instant".into(),
            Self::Raw(s) => format!("`{}`", shown(s)),
        }
    }
}

/// A text for a message: shortened, and with control characters escaped.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    // `escape_debug` also escapes quotes, which is not needed here.
    shown.replace("\\\"", "\"").replace("\\'", "'")
}

fn wrong_type<T>(value: &TreeValue, wanted: &str, hint: &str, place: &KeyPlace, report: &ProblemReport) -> Option<T> {
    let what = format!("{} stands where {wanted} is wanted", value.description());
    report.add(place, complaint(ProblemKind::WrongType, what, hint));
    None
}

impl KeyType for String {
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        match node.value {
            TreeValue::Text(s) | TreeValue::Raw(s) => Some(s),
            other => wrong_type(&other, "a text", "put it in quotes", place, report),
        }
    }
}

impl KeyType for bool {
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        match node.value {
            TreeValue::Boolean(b) => Some(b),
            TreeValue::Raw(s) if s == "true" => Some(true),
            TreeValue::Raw(s) if s == "false" => Some(false),
            other => wrong_type(&other, "`true` or `false`", "use `true` or `false`, without quotes", place, report),
        }
    }
}

impl KeyType for i64 {
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        let raw = match &node.value {
            TreeValue::Integer(i) => return Some(*i),
            TreeValue::Raw(s) => s.parse().ok(),
            _ => None,
        };
        raw.or_else(|| wrong_type(&node.value, "a whole number", "write it without quotes, unit or decimals", place, report))
    }
}

impl KeyType for f64 {
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        let number = match &node.value {
            TreeValue::Integer(i) => Some(*i as Self),
            TreeValue::Float(x) => Some(*x),
            TreeValue::Raw(s) => s.trim().parse().ok(),
            _ => None,
        };
        number
            .filter(|x: &Self| x.is_finite())
            .or_else(|| wrong_type(&node.value, "a number", "write it without quotes, such as `5` or `0.5`", place, report))
    }
}

impl KeyType for Span {
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        const HINT: &str = "write a whole number and a unit in quotes: `\"250ms\"`, `\"60s\"`, `\"5m\"`, `\"24h\"` or `\"7d\"`";
        let (TreeValue::Text(text) | TreeValue::Raw(text)) = &node.value else {
            return wrong_type(&node.value, "a length of time", HINT, place, report);
        };
        let span = parse_span(text);
        if span.is_none() {
            let what = format!("`{}` is not a length of time; the units are `ms`, `s`, `m`, `h` and `d`", shown(text));
            report.add(place, complaint(ProblemKind::BadDuration, what, HINT));
        }
        span
    }
}

impl<T: KeyType> KeyType for Vec<T> {
    /// Reads a list; `None` where an entry is wrong. The text of a variable may also be the entries separated by commas.
    fn read(node: Node, place: &KeyPlace, report: &ProblemReport) -> Option<Self> {
        let node = node.structured();
        let list = match node.value {
            TreeValue::List(list) => list,
            // What is no list in TOML may still begin with a bracket: an address of IPv6 does.
            TreeValue::Raw(text) if !(text.trim_start().starts_with(['[', '{']) && text.trim_end().ends_with([']', '}'])) => {
                let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
                parts.map(|p| Node { origin: node.origin.clone(), value: TreeValue::Raw(p.to_owned()) }).collect()
            }
            other => return wrong_type(&other, "a list", "put the entries in square brackets with commas between", place, report),
        };
        let length = list.len();
        let entries: Self = list.into_iter().enumerate().filter_map(|(i, n)| T::read(n, &place.entry(i), report)).collect();
        (entries.len() == length).then_some(entries)
    }
}

/// The value of a word from a closed set; a complaint about any other word.
pub(super) fn chosen<T: Copy>(word: &str, choices: &[(&'static str, T)]) -> Result<T, Complaint> {
    choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let what = format!("`{}` is not known; allowed are {}", shown(word), listed(&names));
        complaint(ProblemKind::UnknownChoice, what, suggestion_below_list(word, &names))
    })
}

/// A check that a whole number is within bounds, both inclusive.
pub(super) fn number_within(min: i64, max: i64) -> impl FnOnce(&i64) -> Result<(), Complaint> {
    move |n| {
        if (min..=max).contains(n) {
            return Ok(());
        }
        Err(complaint(
            ProblemKind::OutOfRange,
            format!("`{n}` is outside {min} to {max}"),
            format!("use a whole number from {min} to {max}"),
        ))
    }
}

/// A check that a number is within bounds, both inclusive.
pub(super) fn real_within(min: f64, max: f64) -> impl FnOnce(&f64) -> Result<(), Complaint> {
    move |x| {
        if (min..=max).contains(x) {
            return Ok(());
        }
        Err(complaint(ProblemKind::OutOfRange, format!("`{x}` is outside {min} to {max}"), format!("use a number from {min} to {max}")))
    }
}

/// Checks that the number of entries is within bounds, both inclusive.
pub(super) fn length_within<T>(list: &[T], min: usize, max: usize) -> Result<(), Complaint> {
    let n = list.len();
    if (min..=max).contains(&n) {
        return Ok(());
    }
    let entries = if n == 1 { "entry" } else { "entries" };
    let allowed = if min == max { format!("exactly {min}") } else { format!("{min} to {max}") };
    Err(complaint(ProblemKind::ListLength, format!("{n} {entries}, where {allowed} are allowed"), format!("list {allowed} entries")))
}

/// Checks that each entry is greater than the one before.
pub(super) fn ascending<T: PartialOrd + std::fmt::Display>(list: &[T]) -> Result<(), Complaint> {
    match list.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => Err(complaint(
            ProblemKind::NotAscending,
            format!("`{}` stands behind `{}`; each entry must be greater than the one before", pair[1], pair[0]),
            "sort the entries and remove what is there twice",
        )),
    }
}

/// An instant, which needs its zone: what an hour means must not depend on the machine.
pub(super) fn instant(text: &str) -> Result<EventTime, Complaint> {
    text.parse::<Timestamp>().map(|instant| EventTime(instant.as_millisecond())).map_err(|_| {
        let what = format!("`{}` is no instant; allowed is RFC 3339 with a zone", shown(text));
        complaint(ProblemKind::BadDate, what, "write it like `2024-05-01T00:00:00Z`")
    })
}

/// A text as a label value, by the rule that also holds for the values of events: composed (NFC), of 1 to 64 characters, without control characters and
/// overrides of the direction of text.
pub(super) fn label_value(value: &str) -> Result<String, Complaint> {
    if let Some(label) = event::label_value(value) {
        return Ok(label.into_owned());
    }
    let what = format!(
        "`{}` cannot be a label value; allowed are 1 to 64 characters without control characters or overrides of the direction of text",
        shown(value)
    );
    Err(complaint(ProblemKind::BadLabelValue, what, "use a short printable name"))
}
