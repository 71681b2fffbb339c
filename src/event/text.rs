//! The text of a record, and the parts of JSON strings: plain runs and escapes.
//!
//! Does not know members, nor the place of a string.

use std::borrow::Cow;

use super::Reason;

/// The longest payload, in bytes.
pub(super) const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// The payload as a text, or the first fault of the whole payload: size, emptiness, encoding.
pub(super) fn of_payload(payload: &[u8]) -> Result<&str, Reason> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Reason::TooLarge);
    }
    if payload.iter().all(|&byte| is_space(byte)) {
        return Err(Reason::Empty);
    }
    // ASCII text in UTF-16 without a byte-order mark is valid UTF-8, but one of its first two bytes is a NUL.
    let is_utf_16 = payload.iter().take(2).any(|&byte| byte == 0);
    if is_utf_16 || payload.starts_with(b"\xEF\xBB\xBF") {
        return Err(Reason::Encoding);
    }
    str::from_utf8(payload).map_err(|_| Reason::Encoding)
}

/// White space between JSON tokens.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The position of the first quote, backslash or control character from `at` on; the end where there is none.
#[inline]
pub(super) fn plain_run_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let specials = specials(u64::from_le_bytes(*chunk));
        if specials != 0 {
            return at + specials.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
        at += 1;
    }
    at
}

/// Sets the high bit of the lowest of eight bytes that is a quote, a backslash or a control character. May set the high bits of bytes above
/// it.
#[inline]
pub(super) const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // Flipping the second bit moves the quote next to the control characters and permutes those among themselves, so one comparison finds
    // both.
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // A byte that is less than the subtracted byte borrows, which sets its high bit. A borrow can set high bits only above the lowest such
    // byte. Bytes beyond ASCII have their high bit set from the start and are masked out.
    (quote_or_control | backslash) & !word & (ONES << 7)
}

/// Reads the escape whose backslash is at `at`: the position after it, and the length of its character in UTF-8.
///
/// A surrogate without its partner is `encoding`; an escape that the end of the text cuts off is `syntax`.
pub(super) fn escape(bytes: &[u8], at: usize) -> Result<(usize, usize), Reason> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok((at + 2, 1)),
        Some(b'u') => match hex(bytes, at + 2)? {
            0..0x80 => Ok((at + 6, 1)),
            0x80..0x800 => Ok((at + 6, 2)),
            0xD800..0xDC00 => low_surrogate(bytes, at + 6).map(|end| (end, 4)),
            0xDC00..0xE000 => Err(Reason::Encoding),
            _ => Ok((at + 6, 3)),
        },
        _ => Err(Reason::Syntax),
    }
}

fn low_surrogate(bytes: &[u8], at: usize) -> Result<usize, Reason> {
    match (bytes.get(at), bytes.get(at + 1)) {
        (None, _) | (Some(b'\\'), None) => Err(Reason::Syntax),
        (Some(b'\\'), Some(b'u')) => match hex(bytes, at + 2)? {
            0xDC00..0xE000 => Ok(at + 6),
            _ => Err(Reason::Encoding),
        },
        _ => Err(Reason::Encoding),
    }
}

fn hex(bytes: &[u8], at: usize) -> Result<u32, Reason> {
    let digits = bytes.get(at..at + 4).ok_or(Reason::Syntax)?;
    digits.iter().try_fold(0, |value, &digit| char::from(digit).to_digit(16).map(|digit| value * 16 + digit)).ok_or(Reason::Syntax)
}

/// The text of a well-formed string with escapes, which is given with its quotes.
pub(super) fn unescape(quoted: &str) -> Cow<'_, str> {
    match serde_json::from_str::<String>(quoted) {
        Ok(text) => Cow::Owned(text),
        // The scan has accepted the string, and a test compares the scan with serde_json, so this cannot happen. A NUL is neither a name,
        // an id nor a word.
        Err(_) => Cow::Borrowed("\0"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_run_ends_at_the_first_special_byte_at_every_distance() {
        for special in [b'"', b'\\', 0, 0x1F, b'\n'] {
            for length in 0..40 {
                let mut bytes = vec![b'a'; length];
                bytes.extend([special, b'"', b'x']);
                assert_eq!(plain_run_end(&bytes, 0), length, "{special:#x} after {length}");
            }
        }
        assert_eq!(plain_run_end("żółw\u{7F}\u{80}".as_bytes(), 0), "żółw\u{7F}\u{80}".len());
    }

    proptest! {
        #[test]
        fn plain_run_agrees_with_a_byte_by_byte_search(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let slow = bytes.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(bytes.len());
            prop_assert_eq!(plain_run_end(&bytes, 0), slow);
        }

        #[test]
        fn unescaped_text_is_the_text_that_was_escaped(text in ".{0,20}") {
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&quoted), text);
        }
    }
}
