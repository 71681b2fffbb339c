//! Numbers for things in the order in which they were first seen. All engines of a process agree on them, so that values held by several engines can
//! be added without comparing texts.
//!
//! Each engine keeps a copy of the list. A number that the copy contains costs no lock; only a thing that is new to the engine makes it ask for the
//! agreed list.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

/// The agreed list. The number of a thing is its index in the list.
#[derive(Debug)]
pub(crate) struct AgreedList<T>(Mutex<Numbered<T>>);

/// One engine's copy of an agreed list. It always is a prefix of that list.
#[derive(Debug)]
pub(crate) struct AgreedNumbers<T> {
    copy: Numbered<T>,
    agreed: Arc<AgreedList<T>>,
}

#[derive(Debug)]
struct Numbered<T> {
    all: Vec<T>,
    numbers: FxHashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: FxHashMap::default() }
    }
}

impl<T> Default for AgreedList<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Eq + Hash> AgreedList<T> {
    /// The number of a thing. A new thing is added as `made` returns it; `None` if it is new and the list has `max` entries already.
    pub(crate) fn number<Q: Hash + Eq + ?Sized>(&self, thing: &Q, max: usize, made: impl FnOnce() -> T) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        let mut list = self.lock();
        if let Some(number) = list.numbers.get(thing) {
            return Some(*number);
        }
        (list.all.len() < max).then(|| list.push(made()))
    }

    /// The list is only ever appended to, so it is valid even if another thread panicked while it held the lock.
    fn lock(&self) -> MutexGuard<'_, Numbered<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Eq + Hash> AgreedNumbers<T> {
    /// A copy of an agreed list as it is now.
    pub(crate) fn of(agreed: &Arc<AgreedList<T>>) -> Self {
        let mut numbers = Self { copy: Numbered::default(), agreed: Arc::clone(agreed) };
        numbers.catch_up();
        numbers
    }

    /// Another engine's copy of the same list.
    pub(crate) fn beside(&self) -> Self {
        Self::of(&self.agreed)
    }

    /// The number of a thing. A new thing is added as `made` returns it; `None` if it is new and the list has `max` entries already.
    pub(crate) fn number<Q: Hash + Eq + ?Sized>(&mut self, thing: &Q, max: usize, made: impl FnOnce() -> T) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.find(thing).or_else(|| self.ask(thing, max, made))
    }

    /// The number of a thing, if this engine knows it.
    pub(crate) fn find<Q: Hash + Eq + ?Sized>(&self, thing: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.copy.numbers.get(thing).copied()
    }

    /// All things that this engine knows, in the order of their numbers.
    pub(crate) fn all(&self) -> &[T] {
        &self.copy.all
    }

    /// Copies the things that other engines have added.
    pub(crate) fn catch_up(&mut self) {
        let list = self.agreed.lock();
        for thing in &list.all[self.copy.all.len()..] {
            self.copy.push(thing.clone());
        }
    }

    #[cold]
    fn ask<Q: Hash + Eq + ?Sized>(&mut self, thing: &Q, max: usize, made: impl FnOnce() -> T) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        let number = self.agreed.number(thing, max, made);
        self.catch_up();
        number
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn push(&mut self, thing: T) -> u32 {
        let number = self.all.len() as u32;
        self.numbers.insert(thing.clone(), number);
        self.all.push(thing);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_engines_agree_on_the_numbers_of_what_either_saw_first() {
        let mut one: AgreedNumbers<Box<str>> = AgreedNumbers::of(&Arc::default());
        let number = |numbers: &mut AgreedNumbers<Box<str>>, text: &str| numbers.number(text, 3, || text.into());
        assert_eq!(number(&mut one, "a"), Some(0));
        let mut two = one.beside();
        assert_eq!(number(&mut two, "b"), Some(1));
        assert_eq!(number(&mut one, "c"), Some(2));
        assert_eq!((number(&mut two, "c"), number(&mut one, "b"), number(&mut two, "a")), (Some(2), Some(1), Some(0)));
        assert_eq!((number(&mut two, "d"), number(&mut one, "d")), (None, None), "the list has its three entries and takes no more");
    }

    #[test]
    fn an_engine_that_only_reads_learns_what_the_others_entered() {
        let mut writer: AgreedNumbers<u8> = AgreedNumbers::of(&Arc::default());
        let mut reader = writer.beside();
        assert_eq!(writer.number(&7, usize::MAX, || 7), Some(0));
        assert_eq!(reader.find(&7), None);
        reader.catch_up();
        assert_eq!((reader.find(&7), reader.all()), (Some(0), [7].as_slice()));
    }
}
