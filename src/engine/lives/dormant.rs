//! A map whose values lie dormant in a few bytes while nothing changes them: tickets are many, and nearly all of them are waiting for nothing.
//!
//! Does not know when a value may go to sleep; whoever settles it says so. A value that is only looked at is read out of its bytes and stays asleep.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// So many values may lie awake for nothing.
const AWAKE_MAX: usize = 8_192;

/// How long the memory is that states are written to at first.
const SCRATCH_BYTES: usize = 1_024;

/// A map from keys to values of which most are asleep.
#[derive(Debug)]
pub(crate) struct Dormant<K, V> {
    entries: FxHashMap<K, Kept<V>>,
    /// What woke up or came, to be asked again whether it sleeps.
    woken: VecDeque<K>,
    /// Kept for the next value that goes to sleep.
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Kept<V> {
    Awake(Box<V>),
    Asleep(Box<[u8]>),
}

impl<K, V> Default for Dormant<K, V> {
    fn default() -> Self {
        Self { entries: FxHashMap::default(), woken: VecDeque::new(), scratch: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Clone + Serialize + DeserializeOwned> Dormant<K, V> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is a value.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// A value, which stays asleep if it is.
    pub(crate) fn get(&self, key: &K) -> Option<Cow<'_, V>> {
        self.entries.get(key).map(Kept::read)
    }

    /// A value that is awake; nothing where it is asleep.
    pub(crate) fn awake(&self, key: &K) -> Option<&V> {
        match self.entries.get(key)? {
            Kept::Awake(value) => Some(value),
            Kept::Asleep(_) => None,
        }
    }

    /// A value, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        Some(self.entries.get_mut(key)?.wake(*key, &mut self.woken))
    }

    /// A value, to be changed, made where there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let woken = &mut self.woken;
        let entry = self.entries.entry(key).or_insert_with(|| {
            woken.push_back(key);
            Kept::Awake(Box::new(make()))
        });
        entry.wake(key, woken)
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|entry| entry.read().into_owned())
    }

    /// All keys and values, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, Cow<'_, V>)> {
        self.entries.iter().map(|(key, entry)| (key, entry.read()))
    }

    /// Lets a value go to sleep.
    pub(crate) fn put_to_sleep(&mut self, key: &K) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let Kept::Awake(value) = entry else { return };
        let bytes = loop {
            match postcard::to_slice(&**value, &mut self.scratch) {
                Ok(written) => break Box::from(&*written),
                // Few states are long, and none is written by pieces for their sake.
                Err(postcard::Error::SerializeBufferFull) => self.scratch.resize(2 * self.scratch.len() + SCRATCH_BYTES, 0),
                Err(error) => unreachable!("every state can be written to memory: {error}"),
            }
        };
        *entry = Kept::Asleep(bytes);
    }

    /// Puts the values woken longest ago back to sleep if they are at rest; the others are put to sleep when they are settled. Nothing happens before
    /// there are many, so that the work of waking a value that is soon needed again stays small beside it, and the later half stays awake.
    pub(crate) fn put_resting_to_sleep(&mut self, rests: impl Fn(&V) -> bool) {
        if self.woken.len() < AWAKE_MAX {
            return;
        }
        for key in self.woken.drain(..AWAKE_MAX / 2).collect::<Vec<K>>() {
            if self.awake(&key).is_some_and(&rests) {
                self.put_to_sleep(&key);
            }
        }
    }
}

impl<V: Clone + DeserializeOwned> Kept<V> {
    fn read(&self) -> Cow<'_, V> {
        match self {
            Self::Awake(value) => Cow::Borrowed(value),
            Self::Asleep(bytes) => Cow::Owned(read(bytes)),
        }
    }

    fn wake<K>(&mut self, key: K, woken: &mut VecDeque<K>) -> &mut V {
        if let Self::Asleep(bytes) = self {
            *self = Self::Awake(Box::new(read(bytes)));
            woken.push_back(key);
        }
        match self {
            Self::Awake(value) => value,
            Self::Asleep(_) => unreachable!("it has just been woken"),
        }
    }
}

fn read<V: DeserializeOwned>(bytes: &[u8]) -> V {
    postcard::from_bytes(bytes).expect("what this process wrote it can read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_asleep_and_awake() {
        let mut map: Dormant<u8, (i64, Vec<String>)> = Dormant::default();
        let value = (-7, vec!["a".to_owned(), String::new()]);
        *map.get_or_insert_with(1, Default::default) = value.clone();
        map.put_to_sleep(&1);
        assert!(map.awake(&1).is_none() && map.contains_key(&1));
        assert_eq!(*map.get(&1).unwrap(), value);
        assert!(map.awake(&1).is_none(), "looking does not wake");
        map.get_mut(&1).unwrap().0 = 8;
        assert_eq!(map.awake(&1), Some(&(8, value.1.clone())));
        (2..250).for_each(|key| map.get_or_insert_with(key, Default::default).0 = -1);
        map.woken.resize(2 * AWAKE_MAX, 2);
        map.put_resting_to_sleep(|value| value.0 < 0);
        assert!(map.awake(&1).is_some(), "what does not rest stays awake");
        assert!(map.awake(&2).is_none() && map.awake(&249).is_none());
        map.put_to_sleep(&1);
        assert_eq!(map.remove(&1), Some((8, value.1)));
        assert_eq!(map.len(), 248);
    }
}
