//! The scan: one pass over the text of a record that checks grammar, depth, repeated names and bounds. The first fault in byte order gives
//! the reason.
//!
//! Collects the members of the top-level object, and of a top-level object `data`, that are in the contract or configured as dimensions.
//! Accepts the same texts as `serde_json`, within the bounds; a test compares the two. Does not know what a member means, nor which form
//! the record has.

use super::member::{Member, Members};
use super::seen_names::SeenNames;
use super::spelling::Spelling;
use super::text::{escape, is_space, plain_run_end, specials, unescape};
use super::value::{Raw, Shape};
use super::{DimensionSettings, Reason, number};

/// The deepest nesting of objects and arrays.
const DEPTH_MAX: usize = 32;
/// The most members of one object.
const MEMBERS_MAX: usize = 256;
/// The longest name, in bytes after its escapes are decoded.
const NAME_BYTES_MAX: usize = 128;

/// The members found in the text of a record.
pub(super) struct Document<'a> {
    text: &'a str,
    /// The members of the top-level object.
    pub(super) root: Members<'a>,
    /// The members of its `data`, where that is an object.
    pub(super) data: Option<Members<'a>>,
}

impl<'a> Document<'a> {
    /// A text that was not scanned yet.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, root: Members::new(text), data: None }
    }

    /// Scans the text, which must be one JSON object within the bounds. `seed` is the key of the hashes of names.
    pub(super) fn scan(&mut self, dimensions: &[DimensionSettings], seed: u64) -> Result<(), Reason> {
        let mut scanner =
            Scanner { text: self.text, bytes: self.text.as_bytes(), at: 0, names: SeenNames::new(seed), dimensions, data: &mut self.data };
        let is_object = scanner.token() == b'{';
        if is_object {
            scanner.named_object(1, &mut self.root)?;
        } else {
            scanner.value(0)?;
        }
        scanner.token();
        match (scanner.at < self.text.len(), is_object) {
            (true, _) => Err(Reason::Syntax),
            (false, false) => Err(Reason::NotObject),
            (false, true) => Ok(()),
        }
    }
}

struct Scanner<'a, 's> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    names: SeenNames,
    dimensions: &'s [DimensionSettings],
    data: &'s mut Option<Members<'a>>,
}

impl<'a> Scanner<'a, '_> {
    /// The byte at the position; at the end NUL, with which no token begins.
    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Moves to the next token and gives its first byte.
    #[inline]
    fn token(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' { byte } else { self.token_behind_space() }
    }

    fn token_behind_space(&mut self) -> u8 {
        while is_space(self.peek()) {
            self.at += 1;
        }
        self.peek()
    }

    /// Reads a value from its first byte, at nesting `depth`: 0 at the top, and one more in each object or array.
    #[inline]
    fn value(&mut self, depth: usize) -> Result<Raw, Reason> {
        let start = self.at;
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' => self.object(depth + 1).map(|()| Raw::new(Shape::Object, start, self.at)),
            b'[' => self.array(depth + 1).map(|()| Raw::new(Shape::Array, start, self.at)),
            b't' => self.literal("true", Shape::True),
            b'f' => self.literal("false", Shape::False),
            b'n' => self.literal("null", Shape::Null),
            _ => Err(Reason::Syntax),
        }
    }

    /// Reads an object from its brace, and adds its members to `members`.
    fn named_object(&mut self, depth: usize, members: &mut Members<'a>) -> Result<(), Reason> {
        self.members(depth, |scanner, mark| {
            let place = scanner.at;
            match scanner.plain_name() {
                Some((name, spelling)) => scanner.named_member(depth, mark, place, name, Member::spelled(spelling, name), members),
                None => scanner.escaped_named_member(depth, mark, place, members),
            }
        })
    }

    /// Reads an object from its brace.
    fn object(&mut self, depth: usize) -> Result<(), Reason> {
        self.members(depth, |scanner, mark| {
            let place = scanner.at;
            match scanner.plain_name() {
                Some((name, _)) => scanner.add_name(mark, place, name)?,
                None => {
                    let name = scanner.escaped_name()?;
                    scanner.add_name(mark, place, &name)?;
                }
            }
            scanner.colon()?;
            scanner.value(depth).map(drop)
        })
    }

    /// Reads an object from its brace. Calls `member` to read each member, with the mark of the object's names.
    #[inline(always)]
    fn members(&mut self, depth: usize, mut member: impl FnMut(&mut Self, usize) -> Result<(), Reason>) -> Result<(), Reason> {
        if depth > DEPTH_MAX {
            return Err(Reason::Depth);
        }
        self.at += 1;
        if self.token() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mark = self.names.mark();
        for _ in 0..MEMBERS_MAX {
            member(self, mark)?;
            match self.token() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    self.names.forget(mark);
                    return Ok(());
                }
                _ => return Err(Reason::Syntax),
            }
            self.token();
        }
        Err(if self.peek() == b'"' { Reason::TooLarge } else { Reason::Syntax })
    }

    /// Reads the rest of a member after its name, which is at `place`, and adds it to `members`.
    #[inline(always)]
    fn named_member(
        &mut self,
        depth: usize,
        mark: usize,
        place: usize,
        name: &[u8],
        member: Option<Member>,
        members: &mut Members<'a>,
    ) -> Result<(), Reason> {
        let Some(member) = member else { return self.other_member(depth, mark, place, name, members) };
        if !members.note(member) {
            return Err(Reason::DuplicateKey);
        }
        let first = self.colon()?;
        let value = if first == b'"' {
            self.string()?
        } else if first == b'{' && member == Member::Data && depth == 1 {
            self.data(depth + 1)?
        } else {
            self.value(depth)?
        };
        members.set(member, value);
        Ok(())
    }

    /// As [`Scanner::named_member`], for a name that is not in the contract.
    #[inline(never)]
    fn other_member(&mut self, depth: usize, mark: usize, place: usize, name: &[u8], members: &mut Members<'a>) -> Result<(), Reason> {
        self.add_name(mark, place, name)?;
        self.colon()?;
        let value = self.value(depth)?;
        members.set_other(name, value, self.dimensions);
        Ok(())
    }

    /// Reads a member whose name is not plain, from the quote of the name.
    #[cold]
    fn escaped_named_member(&mut self, depth: usize, mark: usize, place: usize, members: &mut Members<'a>) -> Result<(), Reason> {
        let name = self.escaped_name()?;
        self.named_member(depth, mark, place, &name, Member::of(&name), members)
    }

    /// Reads the object of a top-level `data` from its brace.
    #[cold]
    fn data(&mut self, depth: usize) -> Result<Raw, Reason> {
        let start = self.at;
        let mut data = Members::new(self.text);
        self.named_object(depth, &mut data)?;
        *self.data = Some(data);
        Ok(Raw::new(Shape::Object, start, self.at))
    }

    /// Reads a name without escapes and within the bound, with its spelling. Does not move at anything else.
    #[inline(always)]
    fn plain_name(&mut self) -> Option<(&'a [u8], Spelling)> {
        let bytes = self.bytes;
        if self.peek() != b'"' {
            return None;
        }
        let start = self.at + 1;
        let word = bytes.get(start..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let specials = specials(word);
        // A short name ends within this word, so its spelling needs no further loads.
        if specials != 0 {
            let length = specials.trailing_zeros() as usize / 8;
            let end = start + length;
            if bytes.get(end) == Some(&b'"') {
                self.at = end + 1;
                return Some((&bytes[start..end], Spelling::at_start_of(word, length)));
            }
        }
        let end = plain_run_end(bytes, if specials == 0 { start + 8 } else { start });
        if end - start > NAME_BYTES_MAX || bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        let name = &bytes[start..end];
        Some((name, Spelling::of(name)))
    }

    /// Reads a name that is not plain, or gives its fault.
    #[cold]
    fn escaped_name(&mut self) -> Result<Vec<u8>, Reason> {
        if self.peek() != b'"' {
            return Err(Reason::Syntax);
        }
        let start = self.at + 1;
        let special = plain_run_end(self.bytes, start);
        if special - start > NAME_BYTES_MAX {
            return Err(Reason::TooLarge);
        }
        let raw = self.escaped_string(start, special, NAME_BYTES_MAX)?;
        Ok(unescape(&self.text[raw.range()]).into_owned().into_bytes())
    }

    fn add_name(&mut self, mark: usize, place: usize, name: &[u8]) -> Result<(), Reason> {
        if self.names.add(mark, self.text, place, name) { Ok(()) } else { Err(Reason::DuplicateKey) }
    }

    /// Reads a colon and moves to the value after it; gives the first byte of the value.
    #[inline]
    fn colon(&mut self) -> Result<u8, Reason> {
        if self.token() != b':' {
            return Err(Reason::Syntax);
        }
        self.at += 1;
        Ok(self.token())
    }

    /// Reads an array from its bracket.
    fn array(&mut self, depth: usize) -> Result<(), Reason> {
        if depth > DEPTH_MAX {
            return Err(Reason::Depth);
        }
        self.at += 1;
        if self.token() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            match self.token() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Reason::Syntax),
            }
            self.token();
        }
    }

    /// Reads a string from its quote.
    #[inline]
    fn string(&mut self) -> Result<Raw, Reason> {
        let start = self.at + 1;
        let end = plain_run_end(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Raw::new(Shape::Text, start, end));
        }
        self.escaped_string(start, end, usize::MAX)
    }

    /// Reads the rest of a string from its first byte that is not plain. The string may have at most `bytes_max` bytes after its escapes
    /// are decoded.
    #[cold]
    fn escaped_string(&mut self, start: usize, special: usize, bytes_max: usize) -> Result<Raw, Reason> {
        let (mut at, mut length) = (special, special - start);
        while self.bytes.get(at) == Some(&b'\\') {
            let (run, character_bytes) = escape(self.bytes, at)?;
            at = plain_run_end(self.bytes, run);
            length += character_bytes + (at - run);
            if length > bytes_max {
                return Err(Reason::TooLarge);
            }
        }
        if self.bytes.get(at) != Some(&b'"') {
            return Err(Reason::Syntax);
        }
        self.at = at + 1;
        Ok(Raw::new(Shape::Escaped, start - 1, at + 1))
    }

    fn number(&mut self) -> Result<Raw, Reason> {
        let start = self.at;
        let (end, is_integer) = number::end_of(self.bytes, start)?;
        self.at = end;
        Ok(Raw::new(if is_integer { Shape::Integer } else { Shape::Decimal }, start, end))
    }

    fn literal(&mut self, literal: &str, shape: Shape) -> Result<Raw, Reason> {
        let start = self.at;
        if !self.bytes[start..].starts_with(literal.as_bytes()) {
            return Err(Reason::Syntax);
        }
        self.at += literal.len();
        Ok(Raw::new(shape, start, self.at))
    }
}

#[cfg(test)]
mod tests;
