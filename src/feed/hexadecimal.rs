//! Bytes as hexadecimal digits.
//!
//! Does not know what the bytes are.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The hexadecimal digits of bytes, in small letters.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}
