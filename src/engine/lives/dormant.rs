//! A map that keeps a value as a few bytes while nothing changes it. Tickets are many, and nearly all of them wait for no further event.
//!
//! A copy of the map shares the values until one of the two changes them. Does not know when a value may be put to sleep; the caller that settles the
//! value decides. A value that is only read is decoded from its bytes and stays asleep.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::shared_map::SharedMap;

/// The number of values that may lie awake although no event needs them.
const AWAKE_MAX: usize = 8_192;

/// The number of values whose memory is fetched together.
const FETCHED_TOGETHER: usize = 32;

/// The first size of the buffer that states are serialised to, in bytes.
const SCRATCH_BYTES: usize = 1_024;

/// A map from keys to values, most of which are asleep.
#[derive(Debug)]
pub(crate) struct Dormant<K, V> {
    entries: SharedMap<K, Kept<V>>,
    /// The keys that were woken or inserted, oldest first: candidates for being put to sleep.
    woken: VecDeque<K>,
    /// A buffer that is reused for each value that is put to sleep.
    scratch: Vec<u8>,
}

/// A value, which a part of the map shares with its copy: an event changes one value of a part, and the others need not be copied with it.
#[derive(Clone, Debug)]
enum Kept<V> {
    Awake(Arc<V>),
    Asleep(Arc<[u8]>),
}

impl<K, V> Default for Dormant<K, V> {
    fn default() -> Self {
        Self { entries: SharedMap::default(), woken: VecDeque::new(), scratch: Vec::new() }
    }
}

impl<K, V> Dormant<K, V>
where
    K: Copy + Ord + Hash + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// Stores all values by ascending key. The bytes of a value that is asleep are stored as they are. `put_awake` stores what the bytes of the values
    /// that are awake leave out.
    pub(crate) fn store(&self, out: &mut StateWriter, put_awake: impl FnOnce(&mut StateWriter, Vec<(K, &V)>) + Send + 'static) {
        let copy = self.entries.clone();
        out.put_later(move |out| {
            let entries = copy.ascending(out);
            out.put(&entries.len());
            let mut awake: Vec<(K, &V)> = Vec::new();
            for (key, entry) in entries {
                out.put(key);
                match entry {
                    Kept::Asleep(bytes) => out.put_bytes(bytes),
                    Kept::Awake(value) => {
                        out.put_bytes(&bytes_of(&**value));
                        awake.push((*key, value));
                    }
                }
                out.end_piece();
            }
            put_awake(out, awake);
        });
    }

    /// Restores all values, asleep.
    pub(crate) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let count: usize = input.take()?;
        let mut entries = SharedMap::default();
        for _ in 0..count {
            let key: K = input.take()?;
            entries.insert(key, Kept::Asleep(input.take_bytes()?.into()));
        }
        Ok(Self { entries, woken: VecDeque::new(), scratch: Vec::new() })
    }
}

impl<K: Copy + Eq + Hash, V: Clone + Serialize + DeserializeOwned> Dormant<K, V> {
    /// The number of values, awake or asleep.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the map holds a value for a key.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// The value of a key, which is not woken by reading it.
    pub(crate) fn get(&self, key: &K) -> Option<Cow<'_, V>> {
        self.entries.get(key).map(Kept::read)
    }

    /// The value of a key if it is awake; `None` if it is asleep or absent.
    pub(crate) fn awake(&self, key: &K) -> Option<&V> {
        self.entries.get(key)?.awake()
    }

    /// The value of a key, woken to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        Some(self.entries.get_mut(key)?.wake(*key, &mut self.woken))
    }

    /// The value of a key, woken to be changed, or made if there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let woken = &mut self.woken;
        let entry = self.entries.get_or_insert_with(key, || {
            woken.push_back(key);
            Kept::Awake(Arc::new(make()))
        });
        entry.wake(key, woken)
    }

    /// Removes a value and returns it.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|entry| match entry {
            Kept::Awake(value) => Arc::unwrap_or_clone(value),
            Kept::Asleep(bytes) => read(&bytes),
        })
    }

    /// The keys of [`SharedMap::some_from`], each with its value's rank. Where the values lie is not known beforehand, so `touch` reads the memory of some
    /// that are awake together.
    pub(crate) fn some_ranked<R>(&self, part: usize, least: usize, touch: impl Fn(&V) -> u64, rank: impl Fn(&V) -> R) -> Vec<(R, K)> {
        let entries = self.entries.some_from(part, least);
        let mut ranked = Vec::with_capacity(entries.len());
        for together in entries.chunks(FETCHED_TOGETHER) {
            std::hint::black_box(together.iter().fold(0, |seen, (_, entry)| seen ^ entry.awake().map_or(0, &touch)));
            ranked.extend(together.iter().map(|(key, entry)| (rank(&entry.read()), **key)));
        }
        ranked
    }

    /// Puts a value to sleep.
    pub(crate) fn put_to_sleep(&mut self, key: &K) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let Kept::Awake(value) = entry else { return };
        let bytes = loop {
            match postcard::to_slice(&**value, &mut self.scratch) {
                Ok(written) => break Arc::from(&*written),
                // The buffer grows to the longest state; few states are long.
                Err(postcard::Error::SerializeBufferFull) => self.scratch.resize(2 * self.scratch.len() + SCRATCH_BYTES, 0),
                Err(error) => unreachable!("every state can be serialised to memory: {error}"),
            }
        };
        *entry = Kept::Asleep(bytes);
    }

    /// Puts the values woken longest ago back to sleep if they are at rest; the others are put to sleep when they are settled. Nothing happens
    /// before [`AWAKE_MAX`] keys have been woken, and then the more recent half stays awake, so that a value that is needed again soon is seldom
    /// woken anew.
    pub(crate) fn put_resting_to_sleep(&mut self, rests: impl Fn(&V) -> bool) {
        if self.woken.len() < AWAKE_MAX {
            return;
        }
        let surplus = self.woken.len() - AWAKE_MAX / 2;
        for key in self.woken.drain(..surplus).collect::<Vec<K>>() {
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

    fn awake(&self) -> Option<&V> {
        match self {
            Self::Awake(value) => Some(value),
            Self::Asleep(_) => None,
        }
    }

    fn wake<K>(&mut self, key: K, woken: &mut VecDeque<K>) -> &mut V {
        if let Self::Asleep(bytes) = self {
            *self = Self::Awake(Arc::new(read(bytes)));
            woken.push_back(key);
        }
        match self {
            Self::Awake(value) => Arc::make_mut(value),
            Self::Asleep(_) => unreachable!("it has just been woken"),
        }
    }
}

fn bytes_of<V: Serialize>(value: &V) -> Vec<u8> {
    match postcard::to_allocvec(value) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("every state can be serialised to memory: {error}"),
    }
}

fn read<V: DeserializeOwned>(bytes: &[u8]) -> V {
    postcard::from_bytes(bytes).expect("this process can read the bytes that it wrote itself")
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
        assert!(map.awake(&1).is_none(), "reading does not wake a value");
        map.get_mut(&1).unwrap().0 = 8;
        assert_eq!(map.awake(&1), Some(&(8, value.1.clone())));
        (2..250).for_each(|key| map.get_or_insert_with(key, Default::default).0 = -1);
        map.woken.resize(2 * AWAKE_MAX, 2);
        map.put_resting_to_sleep(|value| value.0 < 0);
        assert!(map.awake(&1).is_some(), "a value that is not at rest stays awake");
        assert!(map.awake(&2).is_none() && map.awake(&249).is_none());
        map.put_to_sleep(&1);
        assert_eq!(map.remove(&1), Some((8, value.1)));
        assert_eq!(map.len(), 248);
    }
}
