//! Numbers for things in the order in which they were first seen, agreed on by all engines of a process, so that what several of them hold can be
//! added up without looking at texts.
//!
//! Each engine keeps a copy of all that it needs, and a number that it knows costs no lock; only a thing that it has never seen makes it ask.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// One engine's copy of an agreed list. It is always a beginning of that list.
#[derive(Debug)]
pub(crate) struct Numbers<T> {
    all: Vec<T>,
    numbers: FxHashMap<T, u32>,
    agreed: Arc<Mutex<Vec<T>>>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: FxHashMap::default(), agreed: Arc::default() }
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    /// Another engine's copy of the same list.
    pub(crate) fn beside(&self) -> Self {
        let mut beside = Self { all: Vec::new(), numbers: FxHashMap::default(), agreed: Arc::clone(&self.agreed) };
        beside.catch_up();
        beside
    }

    /// The number of a thing, which `made` enters where it is new; `None` when it is and `max` are listed.
    pub(crate) fn number<Q: Hash + Eq + ?Sized>(&mut self, thing: &Q, max: usize, made: impl FnOnce() -> T) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.find(thing).or_else(|| self.agree(thing, max, made))
    }

    /// The number of a thing that this engine knows.
    pub(crate) fn find<Q: Hash + Eq + ?Sized>(&self, thing: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.numbers.get(thing).copied()
    }

    /// All that this engine knows, by their numbers.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    /// Learns what others have entered.
    pub(crate) fn catch_up(&mut self) {
        let agreed = Arc::clone(&self.agreed);
        // A list is only ever appended to, so a panic elsewhere leaves a good one.
        self.copy(&agreed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    #[cold]
    fn agree<Q: Hash + Eq + ?Sized>(&mut self, thing: &Q, max: usize, made: impl FnOnce() -> T) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        let agreed = Arc::clone(&self.agreed);
        let mut agreed = agreed.lock().unwrap_or_else(PoisonError::into_inner);
        self.copy(&agreed);
        if let Some(number) = self.find(thing) {
            return Some(number);
        }
        if agreed.len() >= max {
            return None;
        }
        agreed.push(made());
        self.copy(&agreed);
        self.find(thing)
    }

    fn copy(&mut self, agreed: &[T]) {
        for thing in &agreed[self.all.len()..] {
            self.numbers.insert(thing.clone(), self.all.len() as u32);
            self.all.push(thing.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_engines_agree_on_the_numbers_of_what_either_saw_first() {
        let mut one: Numbers<Box<str>> = Numbers::default();
        let number = |numbers: &mut Numbers<Box<str>>, text: &str| numbers.number(text, 3, || text.into());
        assert_eq!(number(&mut one, "a"), Some(0));
        let mut two = one.beside();
        assert_eq!(number(&mut two, "b"), Some(1));
        assert_eq!(number(&mut one, "c"), Some(2));
        assert_eq!((number(&mut two, "c"), number(&mut one, "b"), number(&mut two, "a")), (Some(2), Some(1), Some(0)));
        assert_eq!((number(&mut two, "d"), number(&mut one, "d")), (None, None), "three are listed, and no more may be");
    }

    #[test]
    fn an_engine_that_only_reads_learns_what_the_others_entered() {
        let mut writer: Numbers<u8> = Numbers::default();
        let mut reader = writer.beside();
        assert_eq!(writer.number(&7, usize::MAX, || 7), Some(0));
        assert_eq!(reader.find(&7), None);
        reader.catch_up();
        assert_eq!((reader.find(&7), reader.all()), (Some(0), [7].as_slice()));
    }
}
