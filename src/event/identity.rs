//! Identities: every id becomes a keyed 128-bit hash on arrival, so that no id is kept, logged or exported in clear.
//!
//! Does not know what an id identifies.

use std::hash::Hasher;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip128::{Hasher128, SipHasher13};

/// A keyed 128-bit hash of an id.
///
/// Aligned to four bytes instead of sixteen, because most entries of the state hold a key beside a tag or a time, and a larger alignment
/// would add padding to each of them.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

impl Serialize for Key {
    /// As 16 bytes: hashes are evenly distributed, so a variable-length form would not be shorter.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.to_le_bytes())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: &[u8] = Deserialize::deserialize(deserializer)?;
        let bytes = bytes.try_into().map_err(|_| D::Error::invalid_length(bytes.len(), &"16 bytes"))?;
        Ok(Self(u128::from_le_bytes(bytes)))
    }
}

/// The secret key of the hashes. It must be the same at every start; otherwise the hashes of new events would not match the restored state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityKey(pub [u8; 16]);

impl IdentityKey {
    /// The hash of one id.
    #[must_use]
    pub fn of(&self, id: &str) -> Key {
        Key(SipHasher13::new_with_key(&self.0).hash(id.as_bytes()).as_u128())
    }

    /// The hash of an id within a namespace: of an event within its source, and of a contact within its feed. The length of the namespace is hashed
    /// too, so that (`ab`, `c`) and (`a`, `bc`) differ.
    #[must_use]
    pub fn of_event(&self, source: &str, id: &str) -> Key {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(source.as_bytes());
        hasher.write(&(source.len() as u64).to_le_bytes());
        hasher.write(id.as_bytes());
        Key(hasher.finish128().as_u128())
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_hash_that_it_had_when_it_was_fed_piece_by_piece() {
        let key = IdentityKey(*b"sixteen bytes it");
        for length in 0..40 {
            let id = "ticket-0000000417-".repeat(3)[..length].to_owned();
            let mut hasher = SipHasher13::new_with_key(&key.0);
            id.as_bytes().chunks(3).for_each(|piece| hasher.write(piece));
            assert_eq!(key.of(&id), Key(hasher.finish128().as_u128()), "{id}");
        }
        // Restored state is compared with new events by these values, so they must never change.
        assert_eq!(key.of("T-1"), Key(0x1E74_FC6B_E4FC_13CF_826C_BD7C_B0A4_EBC8));
        assert_eq!(key.of_event("desk", "e1"), Key(0xDCA9_D254_CDCE_6965_5E69_8ED2_44B3_D41F));
    }
}
