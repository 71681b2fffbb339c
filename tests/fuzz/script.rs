//! Reads an input as a script that changes good input, so that random bytes get past the first check of a format, and counts inputs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::support::measured::measured;

/// How many inputs a target has tried; it says so at its end.
pub(crate) struct Tried {
    target: &'static str,
    count: AtomicU64,
    begun: Instant,
}

impl Tried {
    pub(crate) fn by(target: &'static str) -> Self {
        Self { target, count: AtomicU64::new(0), begun: Instant::now() }
    }

    pub(crate) fn one_more(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        let count = self.count.load(Ordering::Relaxed);
        measured(&format!("target {} tried {count} inputs in {} s", self.target, self.begun.elapsed().as_secs()));
    }
}

/// Pieces of text that matter to one of the formats.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-1",
    "1e309",
    "9223372036854775807",
    "0.5",
    "\0",
    "\r\n",
    "\u{FEFF}",
    "=",
    "[[",
    "HTTP/1.1",
    "Content-Length: 99999999999\r\n",
    "\"\"\"",
];

/// A good input as it was changed by a script. The script names the input and then some changes, each with a place.
pub(crate) fn changed(seeds: &[Vec<u8>], script: &[u8]) -> Vec<u8> {
    let [first, second, count, changes @ ..] = script else { return seeds[0].clone() };
    let mut bytes = seeds[usize::from(u16::from_le_bytes([*first, *second])) % seeds.len()].clone();
    for change in changes.chunks_exact(5).take(1 + usize::from(*count) % 8) {
        let at = usize::from(u16::from_le_bytes([change[1], change[2]])) % (bytes.len() + 1);
        let length = usize::from(change[3]) % (bytes.len() - at + 1);
        match change[0] % 7 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (change[4] % 8),
            1 if at < bytes.len() => bytes[at] = change[4],
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let copy = bytes[at..at + length].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => {
                let other = &seeds[usize::from(change[4]) % seeds.len()];
                let from = usize::from(change[3]) % (other.len() + 1);
                bytes.splice(at.., other[from..].iter().copied());
            }
            5 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, WORDS[usize::from(change[4]) % WORDS.len()].bytes()).count()),
        }
    }
    bytes
}
