//! The bytes of a stored state: values are put one after another, and taken in the same order.
//!
//! Each part of the state stores and restores itself, with its fields named one by one, so that a new field cannot be forgotten. Maps without an order
//! are stored by ascending key: the same state gives the same bytes. A large part is only copied at once, and put into bytes later, on another thread,
//! which may pause between small pieces of that work.
//! Does not know what is stored, nor where the bytes are kept. They carry no checksum; the checkpoint around them does.

use std::fmt;

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
#[derive(Default)]
pub(crate) struct StateWriter {
    segments: Vec<Segment>,
    bytes: Vec<u8>,
    /// What is done between two small pieces of work; nothing while a worker waits.
    between: Option<Box<dyn FnMut()>>,
    /// The number of pieces since then.
    pieces: u32,
}

/// So many small pieces of work are done in some ten microseconds.
const PIECES: u32 = 64;

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
        self.put_into(StateWriter { bytes: front, ..StateWriter::default() })
    }

    /// As [`Self::into_bytes`], with a call of `between` after every small piece of the work, so that the caller can make pauses.
    #[must_use]
    pub fn into_bytes_in_pieces(self, front: Vec<u8>, between: impl FnMut() + 'static) -> Vec<u8> {
        self.put_into(StateWriter { bytes: front, between: Some(Box::new(between)), ..StateWriter::default() })
    }

    fn put_into(self, mut out: StateWriter) -> Vec<u8> {
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

    /// Puts a list as [`Self::put`] puts a `Vec`, piece by piece.
    pub(crate) fn put_list<T: Serialize>(&mut self, values: impl ExactSizeIterator<Item = T>) {
        self.put(&values.len());
        for value in values {
            self.put(&value);
            self.end_piece();
        }
    }

    /// Ends a small piece of work, after which the thread may pause.
    pub(crate) fn end_piece(&mut self) {
        self.pieces += 1;
        if self.pieces >= PIECES {
            self.end_long_piece();
        }
    }

    /// Ends a piece of work that takes as long as many small ones.
    pub(crate) fn end_long_piece(&mut self) {
        self.pieces = 0;
        if let Some(between) = &mut self.between {
            between();
        }
    }

    /// All that was put.
    pub(crate) fn into_state(mut self) -> StoredState {
        self.segments.push(Segment::Bytes(self.bytes));
        StoredState { segments: self.segments }
    }
}

impl fmt::Debug for StateWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} bytes", self.segments, self.bytes.len())
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
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn values_come_back_in_their_order_and_an_early_end_is_an_error() {
        let list: Vec<i64> = (0..999).collect();
        let stored = || {
            let mut out = StateWriter::default();
            out.put("text");
            let copy = list.clone();
            out.put_later(move |out| out.put_list(copy.iter()));
            out.put_bytes(&[7, 8]);
            out.into_state()
        };
        let mut bytes = stored().into_bytes(vec![1, 2, 3]);
        let pauses = Rc::new(Cell::new(0));
        let counted = Rc::clone(&pauses);
        assert_eq!(stored().into_bytes_in_pieces(vec![1, 2, 3], move || counted.set(counted.get() + 1)), bytes);
        assert_eq!(pauses.get(), 999 / PIECES);
        assert_eq!(bytes.drain(..3).collect::<Vec<u8>>(), [1, 2, 3]);
        let mut input = StateReader::new(&bytes);
        assert_eq!(input.take::<String>(), Ok("text".to_owned()));
        assert_eq!(input.take(), Ok(list));
        assert_eq!(input.take_bytes(), Ok([7, 8].as_slice()));
        assert_eq!(input.end(), Ok(()));
        for length in 0..bytes.len() {
            let mut input = StateReader::new(&bytes[..length]);
            let taken = input.take::<String>().and_then(|_| input.take::<Vec<i64>>()).and_then(|_| input.take_bytes());
            assert!(taken.is_err(), "cut at {length} bytes");
        }
        assert!(StateReader::new(&bytes).end().is_err());
    }
}
