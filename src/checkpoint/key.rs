//! To what a checkpoint belongs: the partition group and the settings of its state.
//!
//! Does not know which settings these are.

use std::fmt::{self, Debug, Display};

/// The settings that shape a state, as a hash: two states with the same fingerprint mean the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The partition group to which a checkpoint belongs, with the settings of its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointKey {
    /// The consumer group.
    pub group: String,
    /// The settings.
    pub fingerprint: Fingerprint,
    /// The number of the partition, the same for all topics.
    pub partition: i32,
}

impl Fingerprint {
    /// The first eight hexadecimal digits, for messages.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }

    /// Reads the 64 hexadecimal digits that [`Display`] writes.
    #[must_use]
    pub fn of_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_back_from_its_digits() {
        let fingerprint = Fingerprint(std::array::from_fn(|at| at as u8 * 7));
        assert_eq!(Fingerprint::of_hex(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(fingerprint.short().len(), 8);
        for text in ["", "00", &"g".repeat(64), &"A".repeat(64), &"0".repeat(65), &"+0".repeat(32)] {
            assert_eq!(Fingerprint::of_hex(text), None, "{text}");
        }
    }
}
