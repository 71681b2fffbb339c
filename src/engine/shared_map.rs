//! A map of which a copy costs next to nothing: its parts are shared until one of the two changes them.
//!
//! A checkpoint copies the maps of a partition group while its worker waits, and the copy is put into bytes on another thread. Each part is then copied
//! once, when an event first changes it, so the cost of the copy is spread over the events that follow. Does not know what it holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{RestoreError, StateReader, StateWriter};

/// The number of parts, a power of two. A part of a million entries has about 1,000, which are copied in some 100 microseconds.
const PARTS: usize = 1_024;
/// The bits of a hash that choose the part. The map of the part uses the lowest and the highest ones.
const PART_SHIFT: u32 = 32;

/// A map in parts that copies share.
#[derive(Clone, Debug)]
pub(crate) struct SharedMap<K, V> {
    parts: Vec<Arc<FxHashMap<K, V>>>,
    len: usize,
}

/// The entries of a map by ascending key: its parts are sorted one by one and then merged, so that no piece of the work takes long.
#[derive(Debug)]
pub(crate) struct Ascending<'a, K, V> {
    /// The first key of the rest of each part that has one, with the number of the part.
    firsts: BinaryHeap<Reverse<(&'a K, usize)>>,
    /// The value of the first key of each part, and what follows it.
    rests: Vec<(&'a V, std::vec::IntoIter<(&'a K, &'a V)>)>,
    len: usize,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        // All parts are the same empty map until they are changed.
        Self { parts: vec![Arc::default(); PARTS], len: 0 }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> SharedMap<K, V> {
    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.part(key).contains_key(key)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.part(key).get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.part_mut(key).get_mut(key)
    }

    /// Puts a value in place of the one of its key, which it returns.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.part_mut(&key).insert(key, value);
        self.len += usize::from(before.is_none());
        before
    }

    /// The value of a key, made if there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let mut made = 0;
        let part = Arc::make_mut(&mut self.parts[part_of(&key)]);
        let value = part.entry(key).or_insert_with(|| {
            made = 1;
            make()
        });
        self.len += made;
        value
    }

    /// Removes the value of a key and returns it.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.part_mut(key).remove(key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Drops the entries that need not be kept. Only the parts that have such entries are changed.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&K, &V) -> bool) {
        for part in &mut self.parts {
            if part.iter().any(|(key, value)| !is_kept(key, value)) {
                let part = Arc::make_mut(part);
                self.len -= part.len();
                part.retain(|key, value| is_kept(key, value));
                self.len += part.len();
            }
        }
    }

    /// All entries, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    /// At least so many entries, or all if there are fewer: those of a part, whose number wraps around, and of the parts after it, each as a whole.
    pub(crate) fn some_from(&self, part: usize, least: usize) -> Vec<(&K, &V)> {
        let mut entries = Vec::new();
        for at in 0..PARTS {
            if entries.len() >= least {
                break;
            }
            entries.extend(self.parts[(part.wrapping_add(at)) % PARTS].iter());
        }
        entries
    }

    fn part(&self, key: &K) -> &FxHashMap<K, V> {
        &self.parts[part_of(key)]
    }

    fn part_mut(&mut self, key: &K) -> &mut FxHashMap<K, V> {
        Arc::make_mut(&mut self.parts[part_of(key)])
    }
}

impl<K, V> SharedMap<K, V>
where
    K: Hash + Ord + Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// Stores all entries by ascending key.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let copy = self.clone();
        out.put_later(move |out| {
            let entries = copy.ascending(out);
            out.put_list(entries);
        });
    }

    /// Restores all entries.
    pub(crate) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        let entries: Vec<(K, V)> = input.take()?;
        Ok(entries.into_iter().collect())
    }
}

impl<K: Ord, V> SharedMap<K, V> {
    /// All entries by ascending key, for `out`.
    pub(crate) fn ascending(&self, out: &mut StateWriter) -> Ascending<'_, K, V> {
        let (mut firsts, mut rests) = (BinaryHeap::new(), Vec::new());
        for part in self.parts.iter().filter(|part| !part.is_empty()) {
            let mut entries: Vec<(&K, &V)> = part.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let mut rest = entries.into_iter();
            if let Some((key, value)) = rest.next() {
                firsts.push(Reverse((key, rests.len())));
                rests.push((value, rest));
            }
            out.end_long_piece();
        }
        Ascending { firsts, rests, len: self.len }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        entries.into_iter().for_each(|(key, value)| drop(map.insert(key, value)));
        map
    }
}

impl<'a, K: Ord, V> Iterator for Ascending<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let mut first = self.firsts.peek_mut()?;
        let (key, part) = first.0;
        let (value, rest) = &mut self.rests[part];
        let entry = (key, *value);
        match rest.next() {
            Some((next, next_value)) => {
                first.0.0 = next;
                *value = next_value;
            }
            None => drop(PeekMut::pop(first)),
        }
        self.len -= 1;
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<K: Ord, V> ExactSizeIterator for Ascending<'_, K, V> {}

fn part_of<K: Hash>(key: &K) -> usize {
    (FxBuildHasher.hash_one(key) >> PART_SHIFT) as usize % PARTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_and_its_copies_stay_as_they_were(changes in prop::collection::vec((0u8..5, 0u16..600, any::<u8>()), 1..400)) {
            let (mut map, mut slow) = (SharedMap::default(), BTreeMap::new());
            let mut copies = Vec::new();
            for (kind, key, value) in changes {
                match kind {
                    0 => prop_assert_eq!(map.insert(key, value), slow.insert(key, value)),
                    1 => prop_assert_eq!(map.remove(&key), slow.remove(&key)),
                    2 => *map.get_or_insert_with(key, || value) = *slow.entry(key).or_insert(value),
                    3 => {
                        map.retain(|known, kept| (known ^ key) & 7 != 0 || *kept == value);
                        slow.retain(|known, kept| (*known ^ key) & 7 != 0 || *kept == value);
                    }
                    _ => {
                        map.get_mut(&key).into_iter().chain(slow.get_mut(&key)).for_each(|known| *known = value);
                        copies.push((map.clone(), slow.clone()));
                    }
                }
                prop_assert_eq!(map.get(&key), slow.get(&key));
                prop_assert_eq!((map.len(), map.contains_key(&key)), (slow.len(), slow.contains_key(&key)));
            }
            for (map, slow) in copies.into_iter().chain([(map, slow)]) {
                let ascending = map.ascending(&mut StateWriter::default());
                prop_assert_eq!(ascending.len(), slow.len());
                prop_assert!(ascending.eq(slow.iter()));
                prop_assert_eq!(map.iter().map(|(key, value)| (*key, *value)).collect::<BTreeMap<_, _>>(), slow);
            }
        }
    }

    #[test]
    fn some_entries_are_those_of_whole_parts_around_to_the_first() {
        let map: SharedMap<u64, ()> = (0..10_240).map(|key| (key, ())).collect();
        let keys = |part: usize, least: usize| map.some_from(part, least).into_iter().map(|(key, ())| *key).collect::<Vec<_>>();
        let (first, last) = (keys(0, 1), keys(PARTS - 1, 1));
        assert!(first.len() < 40 && first.iter().all(|key| part_of(key) == 0));
        assert_eq!(keys(2 * PARTS - 1, last.len() + 1), [last, first].concat());
        let mut all = keys(7, usize::MAX);
        all.sort_unstable();
        assert_eq!(all, (0..10_240).collect::<Vec<_>>());
    }

    #[test]
    fn entries_spread_over_the_parts() {
        let map: SharedMap<u64, ()> = (0..256_000).map(|key| (key, ())).collect();
        let sizes = map.parts.iter().map(|part| part.len());
        assert!(sizes.clone().min() > Some(150) && sizes.max() < Some(400));
    }
}
