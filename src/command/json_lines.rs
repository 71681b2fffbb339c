//! One input of JSON lines: a file or standard input, plain or gzip by its first bytes. Read line by line, in bounded memory.
//!
//! Does not know topics or events.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

/// The bytes that are kept of a line that is a record. No accepted record is that long, so a longer line is still refused for its size, and costs no more
/// memory.
pub(super) const RECORD_BYTES_MAX: usize = 1024 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the input `{}`", .path.display())]
pub struct InputError {
    /// The name of the file on the command line.
    pub path: PathBuf,
    /// The reason.
    pub source: io::Error,
}

impl InputError {
    /// The advice to the user.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        if self.source.kind() == io::ErrorKind::NotFound {
            "there is no such file; inputs are given as TOPIC=FILE, with - for standard input"
        } else if self.source.kind() == io::ErrorKind::UnexpectedEof {
            "the gzip file ends too early; was it copied whole?"
        } else {
            "inputs are JSON lines, plain or gzip"
        }
    }
}

/// An open input.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    line_bytes_max: usize,
}

impl Input {
    /// Opens a file, or standard input for `-`. `progress` counts the bytes read. Of a line that is longer than `line_bytes_max` only the beginning is
    /// kept.
    pub(super) fn open(path: &Path, progress: &ProgressBar, line_bytes_max: usize) -> Result<Self, InputError> {
        let failed = |source| InputError { path: path.to_owned(), source };
        let reader = if path == Path::new("-") {
            decompressed(progress.wrap_read(io::stdin())).map_err(failed)?
        } else {
            let file = File::open(path).map_err(failed)?;
            // Linux opens a folder and fails only at the first read, which happens here too; so the error has the name in both cases.
            decompressed(progress.wrap_read(file)).map_err(failed)?
        };
        Ok(Self { path: path.to_owned(), reader, line_bytes_max })
    }

    /// Puts the next line, without its end, into `line`. Gives false at the end of the input.
    pub(super) fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool, InputError> {
        read_line(self.reader.as_mut(), line, self.line_bytes_max).map_err(|source| InputError { path: self.path.clone(), source })
    }
}

fn decompressed(mut reader: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut head = Vec::with_capacity(GZIP_MAGIC.len());
    reader.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut head)?;
    let compressed = head == GZIP_MAGIC;
    let whole = BufReader::with_capacity(64 * 1024, Cursor::new(head).chain(reader));
    Ok(if compressed { Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(whole))) } else { Box::new(whole) })
}

fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, line_bytes_max: usize) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = line_bytes_max.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(part.get(..room).unwrap_or_default());
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Vec<u8>> {
        let (mut reader, mut line, mut lines) = (Cursor::new(text.to_vec()), Vec::new(), Vec::new());
        while read_line(&mut reader, &mut line, RECORD_BYTES_MAX).unwrap() {
            lines.push(line.clone());
        }
        lines
    }

    #[test]
    fn every_line_is_a_record_also_an_empty_one_and_one_without_an_end() {
        assert_eq!(lines(b"a\n\n  \r\nb"), [b"a".to_vec(), b"".to_vec(), b"  ".to_vec(), b"b".to_vec()]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn an_overlong_line_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 3 * RECORD_BYTES_MAX];
        text.extend_from_slice(b"\nnext\n");
        let lines = lines(&text);
        assert_eq!(lines[0].len(), RECORD_BYTES_MAX);
        assert_eq!(lines[1], b"next");
    }

    #[test]
    fn gzip_is_told_by_its_first_bytes() {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"one\ntwo\n").unwrap();
        let packed = packed.finish().unwrap();
        let mut both = packed.clone();
        both.extend_from_slice(&packed);
        for (bytes, expected) in [(packed, "one\ntwo\n"), (both, "one\ntwo\none\ntwo\n"), (b"o".to_vec(), "o"), (Vec::new(), "")] {
            let mut text = String::new();
            decompressed(Cursor::new(bytes)).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
        }
    }
}
