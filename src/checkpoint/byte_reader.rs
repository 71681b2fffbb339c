//! Reading and writing of fixed-width numbers and texts with their lengths in front. Numbers are little-endian.
//!
//! A length is compared with what is left before anything is taken or allocated, so that no content can ask for more memory than it has
//! bytes itself. Does not know what the bytes mean.

/// What is left of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteReader<'a> {
    left: &'a [u8],
}

impl<'a> ByteReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// The next `length` bytes; `None` where fewer are left.
    pub(super) fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(usize::try_from(length).ok()?)?;
        self.left = left;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N as u64)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()?;
        std::str::from_utf8(self.take(u64::from(length))?).ok()
    }

    pub(super) const fn rest(self) -> &'a [u8] {
        self.left
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// Appends a text with its length in front. A text beyond 4 GiB is cut; none of those that are written comes near.
pub(super) fn put_text(into: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    into.extend(length.to_le_bytes());
    into.extend(&text.as_bytes()[..length as usize]);
}

/// Appends the number of the entries that follow.
pub(super) fn put_count(into: &mut Vec<u8>, count: usize) {
    into.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_beyond_the_end() {
        let mut bytes = Vec::new();
        put_text(&mut bytes, "naïve");
        put_count(&mut bytes, 7);
        let mut reader = ByteReader::new(&bytes);
        assert_eq!((reader.text(), reader.u32(), reader.is_empty(), reader.u8()), (Some("naïve"), Some(7), true, None));
        assert_eq!(ByteReader::new(&[255, 255, 255, 255, 1]).text(), None, "a length beyond the end");
        assert_eq!(ByteReader::new(&[1, 0, 0, 0, 0xff]).text(), None, "no UTF-8");
        assert_eq!(ByteReader::new(&[0; 3]).take(u64::MAX), None);
    }
}
