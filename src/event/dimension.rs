//! The values of dimensions, and the names that are shown as labels like them: reads them, renames values, and replaces those that cannot be labels.
//!
//! Does not know how many different values a dimension may have: the engine counts them.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::member::{Member, Members};
use super::value::JsonValue;
use super::{DecodeSettings, DimensionSettings, Event, Reason};

/// The longest label value, in characters.
const LABEL_CHARACTERS_MAX: usize = 64;
/// The longest text that is looked at, in bytes. A text before a rename may be longer than a label, and a label may be shorter once it is composed.
const TEXT_BYTES_MAX: usize = 1024;
/// The value in place of one that cannot be a label.
const OTHER: &str = "other";
/// The value of a dimension that was taken away.
const UNKNOWN: &str = "unknown";
/// The dimension that an assignment or a transfer can take away.
const TEAM: &str = Member::Team.name();

/// Adds the dimension values of a payload to its event, in the order of the settings. A null or an empty text counts as absent; where the event
/// type can take the team away, it does so.
pub(super) fn read<'a>(
    payload: &Members<'a>,
    settings: &'a DecodeSettings,
    may_take_team_away: bool,
    event: &mut Event<'a>,
) -> Result<(), Reason> {
    let takes_team_away = may_take_team_away && payload.has_name(Member::Team) && !payload.has(Member::Team);
    // Configuration allows at most 32 dimensions, as many as there are bits.
    for (index, dimension) in settings.dimensions.iter().take(u32::BITS as usize).enumerate() {
        let bit = 1 << index;
        let index = index as u8;
        let raw = payload.dimension(index, dimension);
        if raw.is_null() {
            if takes_team_away && dimension.name == TEAM {
                event.dimensions.push((index, Cow::Borrowed(UNKNOWN)));
            }
            continue;
        }
        let label = match raw.plain_text(payload.text()) {
            Some(text) => label(Cow::Borrowed(text), dimension),
            None => label(raw.read(payload.text()).text_to_keep(TEXT_BYTES_MAX)?, dimension),
        };
        let Some(label) = label else {
            event.overflowed |= bit;
            event.dimensions.push((index, Cow::Borrowed(OTHER)));
            continue;
        };
        if !label.is_empty() {
            event.dimensions.push((index, label));
        }
    }
    Ok(())
}

/// A name that is shown as the value of a label: a text without the white space around it, composed, and fit for one. Otherwise `wrong_type` or `bad_value`.
pub(super) fn name(value: JsonValue<'_>) -> Result<Box<str>, Reason> {
    let text = value.text_to_keep(TEXT_BYTES_MAX)?;
    let label = label_value(text.trim()).filter(|_| text.len() <= TEXT_BYTES_MAX);
    label.map(Into::into).ok_or(Reason::BadValue)
}

/// A text as the value of a label: composed, and fit for one; `None` where it is empty or not fit. Configuration is held to the same rule as events.
pub(crate) fn label_value(text: &str) -> Option<Cow<'_, str>> {
    let composed = composed(text);
    (!composed.is_empty() && is_label(&composed)).then_some(composed)
}

/// A text in normal form C, in which the composed and the decomposed spelling of a name are one.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) {
        return Cow::Borrowed(text);
    }
    // Composing a text nearly always shortens it.
    let mut composed = String::with_capacity(text.len());
    composed.extend(text.nfc());
    Cow::Owned(composed)
}

/// Whether a composed text can be the value of a label.
fn is_label(text: &str) -> bool {
    let is_short = text.len() <= LABEL_CHARACTERS_MAX || text.chars().count() <= LABEL_CHARACTERS_MAX;
    is_short && is_visible(text)
}

/// The label of a value; `None` where the value cannot be one.
fn label<'a>(text: Cow<'a, str>, dimension: &'a DimensionSettings) -> Option<Cow<'a, str>> {
    if !dimension.renames.is_empty()
        && let Some(renamed) = dimension.renames.get(text.as_ref())
    {
        return is_label(renamed).then_some(Cow::Borrowed(renamed));
    }
    if text.is_ascii() {
        return is_label(&text).then_some(text);
    }
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = match composed(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(composed) => {
            if let Some(renamed) = dimension.renames.get(&composed) {
                return is_label(renamed).then_some(Cow::Borrowed(renamed));
            }
            Cow::Owned(composed)
        }
    };
    is_label(&text).then_some(text)
}

fn is_visible(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_ascii_and_visible = match bytes.last_chunk() {
        // The last chunk overlaps the chunks before it.
        Some(last) => bytes.as_chunks().0.iter().chain([last]).all(|chunk| are_visible(*chunk)),
        None => bytes.iter().all(|byte| (b' '..=b'~').contains(byte)),
    };
    is_ascii_and_visible || !text.chars().any(is_forbidden)
}

/// Whether each of eight bytes is a visible ASCII character.
const fn are_visible(chunk: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(chunk);
    // A byte beyond ASCII has its high bit set. Subtracting a space sets the high bit of a byte below the space, and adding one sets that
    // of a delete. A byte that carries or borrows into the next byte has set its own high bit too.
    (word | word.wrapping_sub(ONES * b' ' as u64) | word.wrapping_add(ONES)) & (ONES << 7) == 0
}

/// Whether a character is a control character or overrides the direction of the text beside it: it could make a label look like another.
///
/// Joiners are allowed, because names in Persian or Hindi and many emoji are spelled with them.
fn is_forbidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::super::DimensionOwner;
    use super::*;

    fn check(text: &str, expected: &str) {
        let renames = [("9", "Billing"), ("old\u{7}", "new"), ("gone", ""), ("Z\u{FC}rich", "ZRH"), ("bad", "a\u{7}")]
            .map(|(from, to)| (from.into(), to.into()))
            .into();
        let dimension = DimensionSettings { name: "team".into(), owner: DimensionOwner::Contact, renames, values_max: 200 };
        assert_eq!(label(text.into(), &dimension).as_deref(), Some(expected).filter(|text| *text != OTHER), "{text:?}");
    }

    #[test]
    fn labels_are_renamed_and_forbidden_characters_make_other() {
        check("billing", "billing");
        check("9", "Billing");
        check("old\u{7}", "new");
        check("gone", "");
        check("bad", "other");
        check("Zażółć 中文 \u{1F600}", "Zażółć 中文 \u{1F600}");
        check("a\"b\\c{d# HELP evil", "a\"b\\c{d# HELP evil");
        for length in 0..20 {
            let (before, behind) = ("~ ".repeat(length), "x".repeat(20 - length));
            for (character, is_kept) in [('\u{1F}', false), (' ', true), ('~', true), ('\u{7F}', false), ('\u{80}', false), ('é', true)] {
                let text = format!("{before}{character}{behind}");
                check(&text, if is_kept { &text } else { "other" });
            }
        }
        for forbidden in ['\0', '\t', '\n', '\r', '\u{1B}', '\u{7F}', '\u{85}', '\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'] {
            check(&format!("a{forbidden}b"), "other");
        }
        for joiner in ['\u{200C}', '\u{200D}', '\u{FE0F}', '\u{AD}'] {
            check(&format!("a{joiner}b"), &format!("a{joiner}b"));
        }
    }

    #[test]
    fn the_spellings_of_one_name_are_one_value() {
        check("caf\u{E9}", "caf\u{E9}");
        check("cafe\u{301}", "caf\u{E9}");
        check("Z\u{FC}rich", "ZRH");
        check("Zu\u{308}rich", "ZRH");
        check("\u{1112}\u{1161}\u{11AB}", "\u{D55C}");
    }

    #[test]
    fn a_label_has_at_most_64_characters_once_it_is_composed() {
        check(&"x".repeat(64), &"x".repeat(64));
        check(&"x".repeat(65), "other");
        check(&"é".repeat(64), &"é".repeat(64));
        check(&"é".repeat(65), "other");
        check(&"e\u{301}".repeat(64), &"é".repeat(64));
        check(&"e\u{301}".repeat(65), "other");
        check(&"\u{1F469}".repeat(64), &"\u{1F469}".repeat(64));
        check(&"é".repeat(100_000), "other");
    }
}
