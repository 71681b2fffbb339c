//! A short name as two machine words, so that it can be compared and looked up without a loop over its bytes.
//!
//! Does not know which names exist.

/// All bytes of a name of at most [`Spelling::BYTES_MAX`] bytes; the first and last bytes of a longer name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// The first eight bytes; a shorter name is padded with NULs.
    first: u64,
    /// The last eight bytes; 0 for a shorter name.
    last: u64,
    length: usize,
}

impl Spelling {
    /// The length of the longest names that differ whenever their spellings differ, in bytes.
    pub(super) const BYTES_MAX: usize = 16;

    /// The spelling of a name.
    #[inline]
    pub(super) const fn of(name: &[u8]) -> Self {
        let length = name.len();
        if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), length };
        }
        let first = if let (Some(low), Some(high)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            // The two words overlap in equal bytes.
            u32::from_le_bytes(*low) as u64 | (u32::from_le_bytes(*high) as u64) << (8 * (length - 4))
        } else {
            match *name {
                [] => 0,
                [a] => a as u64,
                [a, b, ..] => u16::from_le_bytes([a, b]) as u64 | (name[length - 1] as u64) << (8 * (length - 1)),
            }
        };
        Self { first, last: 0, length }
    }

    /// The spelling of a name of less than eight bytes at the beginning of a word.
    #[inline]
    pub(super) const fn at_start_of(word: u64, length: usize) -> Self {
        Self { first: word & ((1 << (8 * length)) - 1), last: 0, length }
    }

    /// The first eight bytes of the name; a shorter name is padded with NULs.
    #[inline]
    pub(super) const fn first(self) -> u64 {
        self.first
    }

    /// The slot of the name among `1 << bits` slots, by its first bytes and its length. `factor` selects one of many such mappings.
    #[inline]
    pub(super) const fn slot(self, bits: u32, factor: u64) -> usize {
        (self.first.wrapping_add(self.length as u64).wrapping_mul(factor) >> (u64::BITS - bits)) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_word_holds_the_name_and_nuls() {
        let word = *b"abcdefgh";
        for length in 0..8 {
            let mut padded = [0; 8];
            padded[..length].copy_from_slice(&word[..length]);
            let expected = Spelling { first: u64::from_le_bytes(padded), last: 0, length };
            assert_eq!(Spelling::of(&padded[..length]), expected);
            assert_eq!(Spelling::at_start_of(u64::from_le_bytes(word), length), expected);
        }
    }

    proptest! {
        #[test]
        fn names_are_spelled_alike_where_they_are_the_same(name in "[ab\0]{0,16}", other in "[ab\0]{0,16}", at in any::<prop::sample::Index>()) {
            let spelled = |name: &str| Spelling::of(name.as_bytes());
            prop_assert_eq!(spelled(&name) == spelled(&other), name == other);
            let mut changed = name.clone().into_bytes();
            if !changed.is_empty() {
                changed[at.index(name.len())] ^= 1;
                prop_assert_ne!(Spelling::of(&changed), spelled(&name));
            }
        }
    }
}
