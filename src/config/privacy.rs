//! `[privacy]`: the key that ids are hashed with, and the smallest group that is shown to people.
//!
//! Does not know how ids are hashed, nor which page withholds a value.

use std::path::Path;

use super::problem::{ProblemKind, complaint};
use super::secret::read_secret;
use super::section::Section;
use super::value::number_within;
use crate::event::IdentityKey;

/// The default key is not secret. It only makes the hashes differ from those of other programs. An operator who wants hashes that nobody
/// else can compute configures a key.
const DEFAULT_IDENTITY_KEY: [u8; 16] = *b"cxpulse-identity";

/// Reads `[privacy]`: the key that ids are hashed with, and the size of the smallest group whose statistics are shown to people.
pub(super) fn privacy(mut section: Section<'_>, folder: &Path) -> (IdentityKey, u32) {
    let group_size_min = section.checked("min_group_size", 5, number_within(1, 1_000));
    let key = section.node("identity_key").and_then(|node| {
        let place = section.place_of("identity_key");
        let secret = read_secret(node, &place, folder, section.report)?;
        let key = of_hex(&secret.0);
        if key.is_none() {
            let what = "not a key; allowed are 32 hexadecimal digits, or `{ file = \"path\" }` of a file with them";
            section.report.add(&place, complaint(ProblemKind::BadIdentityKey, what, "make one with `openssl rand -hex 16`"));
        }
        key
    });
    section.finish();
    (IdentityKey(key.unwrap_or(DEFAULT_IDENTITY_KEY)), u32::try_from(group_size_min).unwrap_or(u32::MAX))
}

fn of_hex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_key_is_its_digits_in_order() {
        assert_eq!(of_hex("00112233445566778899aabbccddeeff").map(|k| (k[0], k[1], k[15])), Some((0x00, 0x11, 0xff)));
        assert_eq!((of_hex("6378707..."), of_hex("+0112233445566778899aabbccddeeff")), (None, None));
        let spelled: String = DEFAULT_IDENTITY_KEY.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(of_hex(&spelled), Some(DEFAULT_IDENTITY_KEY));
    }
}
