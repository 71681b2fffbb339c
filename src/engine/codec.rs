//! The bytes of a stored state: values are put one after another, and taken in the same order.
//!
//! Each part of the state stores and restores itself, with its fields named one by one, so that a new field cannot be forgotten. Maps without an order
//! are stored by ascending key: the same state gives the same bytes. A large part is only copied at once, and put into bytes later, on another thread.
//! Does not know what is stored, nor where the bytes are kept. They carry no checksum; the checkpoint around them does.

use std::fmt;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why stored bytes cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// The bytes end early, or hold a value that cannot be.
    #[error("the stored state cannot be read: {0}")]
    Malformed(String),
    /// The state was stored under other settings.
    #[error("the stored state does not fit the configuration: {0}")]
    Unfitting(String),
}

/// The state of a partition group at one instant, which later events do not change. A large part of it is not in bytes yet.
#[derive(Debug)]
pub struct StoredState {
    segments: Vec<Segment>,
}

/// Takes values in and gives their bytes.
#[derive(Debug, Default)]
pub(crate) struct StateWriter {
    segments: Vec<Segment>,
    bytes: Vec<u8>,
}

/// A part of a stored state.
enum Segment {
    Bytes(Vec<u8>),
    /// Puts a copy of a part of the state into bytes.
    Later(Box<dyn FnOnce(&mut StateWriter) + Send>),
}

/// Gives the values back from their bytes.
#[derive(Debug)]
pub(crate) struct StateReader<'a> {
    rest: &'a [u8],
}

impl StoredState {
    /// The bytes of the state after those of `front`. Takes a second for some million entries, so a worker leaves it to another thread.
    #[must_use]
    pub fn into_bytes(self, front: Vec<u8>) -> Vec<u8> {
        let mut out = StateWriter { segments: Vec::new(), bytes: front };
        for segment in self.segments {
            match segment {
                Segment::Bytes(bytes) => out.bytes.extend(bytes),
                Segment::Later(put) => put(&mut out),
            }
        }
        assert!(out.segments.is_empty(), "what is put later puts all of it at once");
        out.bytes
    }
}

impl StateWriter {
    /// Puts one value.
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = match postcard::to_extend(value, bytes) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("every part of the state can be serialised to memory: {error}"),
        };
    }

    /// Puts bytes that have been serialised already.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.put(&bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Puts the values that `put` will put, once the state is put into bytes.
    pub(crate) fn put_later(&mut self, put: impl FnOnce(&mut Self) + Send + 'static) {
        self.segments.push(Segment::Bytes(std::mem::take(&mut self.bytes)));
        self.segments.push(Segment::Later(Box::new(put)));
    }

    /// Puts a map, by ascending key.
    pub(crate) fn put_map<K: Serialize + Ord, V: Serialize>(&mut self, map: &FxHashMap<K, V>) {
        let mut entries: Vec<(&K, &V)> = map.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        self.put(&entries);
    }

    /// All that was put.
    pub(crate) fn into_state(mut self) -> StoredState {
        self.segments.push(Segment::Bytes(self.bytes));
        StoredState { segments: self.segments }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Later(_) => f.write_str("later"),
        }
    }
}

impl<'a> StateReader<'a> {
    /// Reads from the first byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes the next value.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self) -> Result<T, RestoreError> {
        let (value, rest) = postcard::take_from_bytes(self.rest)
            .map_err(|error| RestoreError::Malformed(format!("{} bytes before its end: {error}", self.rest.len())))?;
        self.rest = rest;
        Ok(value)
    }

    /// Takes what [`StateWriter::put_bytes`] has put.
    pub(crate) fn take_bytes(&mut self) -> Result<&'a [u8], RestoreError> {
        self.take()
    }

    /// Takes a map.
    pub(crate) fn take_map<K: Deserialize<'a> + Eq + Hash, V: Deserialize<'a>>(&mut self) -> Result<FxHashMap<K, V>, RestoreError> {
        let entries: Vec<(K, V)> = self.take()?;
        Ok(entries.into_iter().collect())
    }

    /// Checks that every byte has been taken.
    pub(crate) fn end(self) -> Result<(), RestoreError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(RestoreError::Malformed(format!("{left} bytes are left over"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_their_order_and_an_early_end_is_an_error() {
        let map: FxHashMap<u8, i64> = (0..9).map(|n| (n, -i64::from(n))).collect();
        let mut out = StateWriter::default();
        out.put("text");
        let copy = map.clone();
        out.put_later(move |out| out.put_map(&copy));
        out.put_bytes(&[7, 8]);
        let mut bytes = out.into_state().into_bytes(vec![1, 2, 3]);
        assert_eq!(bytes.drain(..3).collect::<Vec<u8>>(), [1, 2, 3]);
        let mut input = StateReader::new(&bytes);
        assert_eq!(input.take::<String>(), Ok("text".to_owned()));
        assert_eq!(input.take_map(), Ok(map.clone()));
        assert_eq!(input.take_bytes(), Ok([7, 8].as_slice()));
        assert_eq!(input.end(), Ok(()));
        for length in 0..bytes.len() {
            let mut input = StateReader::new(&bytes[..length]);
            let taken = input.take::<String>().and_then(|_| input.take_map::<u8, i64>()).and_then(|_| input.take_bytes());
            assert!(taken.is_err(), "cut at {length} bytes");
        }
        assert!(StateReader::new(&bytes).end().is_err());
    }
}
