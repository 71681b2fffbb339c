//! Identities: every id becomes a keyed 128-bit hash on arrival, so that none is kept, logged or exported in clear.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

/// A keyed 128-bit hash of an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub u128);

/// The secret that hashes are keyed with; the same at every start, or restored state would not meet new events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityKey(pub [u8; 16]);

impl IdentityKey {
    /// The hash of one id.
    #[must_use]
    pub fn of(&self, id: &str) -> Key {
        Key(SipHasher13::new_with_key(&self.0).hash(id.as_bytes()).as_u128())
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
