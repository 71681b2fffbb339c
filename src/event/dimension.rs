//! The values of dimensions: reads them, renames them, and replaces values that cannot be labels.
//!
//! Does not know how many different values a dimension may have: the engine counts them.

use std::borrow::Cow;

use super::member::Members;
use super::{DecodeSettings, DimensionSettings, DimensionValues, Reason};

/// The longest label value, in bytes.
pub(super) const LABEL_BYTES_MAX: usize = 64;
/// The value in place of one that cannot be a label.
const OTHER: &str = "other";

/// Adds the dimension values of a payload in the order of the settings. An empty text counts as absent.
pub(super) fn read<'a>(payload: &Members<'a>, settings: &'a DecodeSettings, values: &mut DimensionValues<'a>) -> Result<(), Reason> {
    // Configuration allows far fewer dimensions than one byte can count.
    for (index, dimension) in settings.dimensions.iter().take(1 << u8::BITS).enumerate() {
        let index = index as u8;
        let raw = payload.dimension(index, dimension);
        if raw.is_null() {
            continue;
        }
        let label = match raw.plain_text(payload.text()) {
            Some(text) => Cow::Borrowed(borrowed_label(text, dimension)),
            // The text before a rename may be longer than a label. A text beyond a generous bound is not even decoded.
            None => label(raw.read(payload.text()).text_to_keep(4 * LABEL_BYTES_MAX)?, dimension),
        };
        if !label.is_empty() {
            values.push((index, label));
        }
    }
    Ok(())
}

fn label<'a>(text: Cow<'a, str>, dimension: &'a DimensionSettings) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(borrowed_label(text, dimension)),
        Cow::Owned(text) => match dimension.renames.get(&text) {
            Some(renamed) => Cow::Borrowed(clean(renamed)),
            None if is_clean(&text) => Cow::Owned(text),
            None => Cow::Borrowed(OTHER),
        },
    }
}

fn borrowed_label<'a>(text: &'a str, dimension: &'a DimensionSettings) -> &'a str {
    clean(dimension.renames.get(text).map_or(text, String::as_str))
}

fn clean(text: &str) -> &str {
    if is_clean(text) { text } else { OTHER }
}

fn is_clean(text: &str) -> bool {
    text.len() <= LABEL_BYTES_MAX && is_visible(text)
}

fn is_visible(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_ascii_and_visible = match bytes.last_chunk() {
        // The last chunk overlaps the chunks before it.
        Some(last) => bytes.as_chunks().0.iter().chain([last]).all(|chunk| are_visible(*chunk)),
        None => bytes.iter().all(|byte| (b' '..=b'~').contains(byte)),
    };
    is_ascii_and_visible || !text.chars().any(is_hidden)
}

/// Whether each of eight bytes is a visible ASCII character.
const fn are_visible(chunk: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(chunk);
    // A byte beyond ASCII has its high bit set. Subtracting a space sets the high bit of a byte below the space, and adding one sets that
    // of a delete. A byte that carries or borrows into the next byte has set its own high bit too.
    (word | word.wrapping_sub(ONES * b' ' as u64) | word.wrapping_add(ONES)) & (ONES << 7) == 0
}

/// Whether a character is invisible or changes the direction of the text beside it. With such characters two different labels could look
/// the same.
///
/// A line feed is allowed: the exposition format escapes it, as it escapes quotes and backslashes.
fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::super::DimensionOwner;
    use super::*;

    fn check(text: &str, expected: &str) {
        let renames = [("9", "Billing"), ("old\u{7}", "new"), ("gone", "")].map(|(from, to)| (from.into(), to.into())).into();
        let dimension = DimensionSettings { name: "team".into(), owner: DimensionOwner::Contact, renames, values_max: 200 };
        assert_eq!(label(text.into(), &dimension), expected, "{text:?}");
    }

    #[test]
    fn labels_are_renamed_and_hidden_characters_make_other() {
        check("billing", "billing");
        check("9", "Billing");
        check("old\u{7}", "new");
        check("gone", "");
        check("Zażółć 中文 \u{1F600}", "Zażółć 中文 \u{1F600}");
        check("caf\u{E9}", "caf\u{E9}");
        check("cafe\u{301}", "cafe\u{301}");
        check("a\"b\\c{d\n# HELP evil", "a\"b\\c{d\n# HELP evil");
        for length in 0..20 {
            let (before, behind) = ("~ ".repeat(length), "x".repeat(20 - length));
            for (character, is_kept) in [('\u{1F}', false), (' ', true), ('~', true), ('\u{7F}', false), ('\u{80}', false), ('é', true)] {
                let text = format!("{before}{character}{behind}");
                check(&text, if is_kept { &text } else { "other" });
            }
        }
        for hidden in ['\0', '\t', '\r', '\u{1B}', '\u{7F}', '\u{85}', '\u{200D}', '\u{202E}', '\u{2066}', '\u{FEFF}', '\u{2028}'] {
            check(&format!("a{hidden}b"), "other");
        }
        check(&"x".repeat(64), &"x".repeat(64));
        check(&"x".repeat(65), "other");
        check(&"é".repeat(33), "other");
    }
}
