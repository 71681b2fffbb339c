//! The names seen so far in the open objects, to find a name that an object has twice.
//!
//! Does not know the members of the contract, nor values.

use smallvec::SmallVec;

use super::spelling::Spelling;
use super::text::{plain_run_end, unescape};

/// The names of the open objects, outermost first. The names of each object begin at a mark.
///
/// Stores a keyed 32-bit hash and the place of each name. So a hostile payload can neither fill memory nor, without the key, make hashes
/// collide. Equal hashes are decided by a comparison of the names.
pub(super) struct SeenNames {
    seed: u64,
    hashes: SmallVec<[u32; 64]>,
    places: SmallVec<[u32; 64]>,
}

impl SeenNames {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, hashes: SmallVec::new(), places: SmallVec::new() }
    }

    /// The mark of an object that opens now.
    pub(super) fn mark(&self) -> usize {
        self.hashes.len()
    }

    /// Removes the names since `mark`, because their object closes.
    pub(super) fn forget(&mut self, mark: usize) {
        self.hashes.truncate(mark);
        self.places.truncate(mark);
    }

    /// Adds a name whose opening quote is at `place` of `text`; false where the object since `mark` has it already.
    pub(super) fn add(&mut self, mark: usize, text: &str, place: usize, name: &[u8]) -> bool {
        let hash = hash(self.seed, name);
        if self.hashes[mark..].contains(&hash) && self.is_known(mark, text, hash, name) {
            return false;
        }
        self.hashes.push(hash);
        self.places.push(u32::try_from(place).expect("a payload is at most 256 KiB"));
        true
    }

    #[cold]
    fn is_known(&self, mark: usize, text: &str, hash: u32, name: &[u8]) -> bool {
        let alike = self.hashes[mark..].iter().zip(&self.places[mark..]).filter(|(other, _)| **other == hash);
        alike.into_iter().any(|(_, &place)| name_at(text, place as usize).as_bytes() == name)
    }
}

fn name_at(text: &str, place: usize) -> std::borrow::Cow<'_, str> {
    let mut end = plain_run_end(text.as_bytes(), place + 1);
    if text.as_bytes().get(end) == Some(&b'"') {
        return text[place + 1..end].into();
    }
    while text.as_bytes().get(end) == Some(&b'\\') {
        end = plain_run_end(text.as_bytes(), end + 2);
    }
    unescape(&text[place..=end])
}

/// A keyed hash of a short text by folded multiplications, eight bytes at a time.
fn hash(seed: u64, bytes: &[u8]) -> u32 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ (product >> 64) as u64
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = seed ^ bytes.len() as u64;
    for word in words.iter().map(|word| u64::from_le_bytes(*word)).chain([Spelling::of(rest).first()]) {
        state = fold(state ^ word, 0x9E37_79B9_7F4A_7C15);
    }
    (fold(state, seed | 1) >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_again_within_its_object_only() {
        let text = r#""a" "b" "\u0061" "c\"\\""#;
        let mut names = SeenNames::new(7);
        assert!(names.add(0, text, 0, b"a"));
        assert!(names.add(0, text, 4, b"b"));
        assert!(!names.add(0, text, 8, b"a"));
        let inner = names.mark();
        assert!(names.add(inner, text, 8, b"a"));
        assert!(!names.add(inner, text, 0, b"a"));
        assert!(names.add(inner, text, 17, b"c\"\\"));
        assert!(!names.add(inner, text, 17, b"c\"\\"));
        names.forget(inner);
        assert!(!names.add(0, text, 4, b"b"));
    }

    #[test]
    fn names_whose_hashes_meet_are_told_apart() {
        let text = r#""a" "b""#;
        let mut names = SeenNames::new(7);
        names.hashes.push(hash(7, b"b"));
        names.places.push(0);
        assert!(names.add(0, text, 4, b"b"));
        assert!(!names.add(0, text, 4, b"b"));
    }

    /// Who knows the hash and not the seed cannot choose names that meet, so such names cost no more than any others.
    #[test]
    fn names_that_meet_by_one_seed_do_not_meet_by_another() {
        let names: Vec<String> = (0..400_000).map(|n| format!("chosen-{n}")).collect();
        let mut by_hash: std::collections::HashMap<u32, Vec<&String>> = std::collections::HashMap::new();
        names.iter().for_each(|name| by_hash.entry(hash(1, name.as_bytes())).or_default().push(name));
        let meeting: Vec<_> = by_hash.into_values().filter(|alike| alike.len() > 1).collect();
        assert!(meeting.len() >= 5, "two of so many names meet some twenty times: {meeting:?}");
        for alike in meeting {
            assert_ne!(hash(2, alike[0].as_bytes()), hash(2, alike[1].as_bytes()), "{alike:?}");
        }
    }

    #[test]
    fn hashes_of_similar_names_differ() {
        let names: Vec<String> = (0..10_000).map(|n| format!("name-{n}")).chain((0..40).map(|n| "\0".repeat(n))).collect();
        let hashes: std::collections::HashSet<u32> = names.iter().map(|name| hash(1, name.as_bytes())).collect();
        assert!(hashes.len() > names.len() - 5, "{} of {}", hashes.len(), names.len());
    }
}
