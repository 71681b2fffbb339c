//! Identities: every id becomes a keyed 128-bit hash on arrival, so that none is kept, logged or exported in clear.

use std::hash::Hasher;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip128::{Hasher128, SipHasher13};

/// A keyed 128-bit hash of an id.
///
/// Laid on eight bytes and not on sixteen, because it lies in most of what is kept, and beside a tag or a time the rest would be padding.
#[repr(C, packed(8))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

impl Serialize for Key {
    /// As bytes: a hash has no small values that a shorter form would be for.
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

/// The secret that hashes are keyed with; the same at every start, or restored state would not meet new events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityKey(pub [u8; 16]);

impl IdentityKey {
    /// The hash of one id.
    #[must_use]
    pub fn of(&self, id: &str) -> Key {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(id.as_bytes());
        Key(hasher.finish128().as_u128())
    }

    /// The hash of an event's source and id; the length between them keeps (`ab`, `c`) and (`a`, `bc`) apart.
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
