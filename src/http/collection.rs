//! The text of one snapshot, rendered and compressed once however many scrapers ask for it.
//!
//! Does not know HTTP, nor who waits for it: it turns values into chunks of bytes, plain or gzip.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use hyper::body::Bytes;

use super::Source;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

/// Level 1 costs less than half the time of level 6 for 20 % more bytes, and scrapes are local more often than not.
const LEVEL: u32 = 1;

/// Room for what is compressed, by which it grows where that does not do.
const ROOM_BYTES: usize = 32 * 1_024;

/// A gzip header without name and time; extra flags 4 says that the fastest method was used.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// A snapshot with its number: answers of the same number are made of the same values.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) snapshot: Arc<Snapshot>,
    /// The instant that it tells of.
    pub(super) as_of: Instant,
}

/// The chunks of an answer, and the number of the snapshot that they are made of.
pub(super) type Made<const N: usize> = (u64, [Bytes; N]);

/// One snapshot's text.
#[derive(Clone, Debug)]
pub(super) struct Collection {
    pub(super) made_of: Numbered,
    text: Bytes,
    compressed: Option<Compressed>,
}

/// A text as deflate blocks that end on a byte and are not final, so that others can follow.
#[derive(Clone, Debug)]
struct Compressed {
    blocks: Bytes,
    crc: Arc<Crc>,
}

impl Collection {
    /// The text of a snapshot; that of an `earlier` one is taken over where it is of the same, and else tells how long this one will be.
    pub(super) fn render(made_of: Numbered, earlier: Option<Self>, exposition: &Exposition) -> Self {
        match earlier {
            Some(earlier) if earlier.made_of.number == made_of.number => Self { made_of, ..earlier },
            earlier => {
                let mut text = String::with_capacity(earlier.map_or(0, |earlier| earlier.text.len() * 9 / 8));
                exposition.render(&made_of.snapshot, &mut text);
                Self { made_of, text: Bytes::from(text), compressed: None }
            }
        }
    }

    /// The same with its compressed form beside it.
    pub(super) fn compress(self) -> std::io::Result<Self> {
        let compressed = match self.compressed {
            Some(compressed) => compressed,
            None => compress(&self.text)?,
        };
        Ok(Self { compressed: Some(compressed), ..self })
    }

    /// The exposition of the snapshot and the telemetry of now, as they are.
    pub(super) fn plain(self, source: &dyn Source) -> Made<2> {
        (self.made_of.number, [self.text, telemetry(source)])
    }

    /// The same as one gzip member: the snapshot's blocks as they were kept, the telemetry's compressed now, the checksums joined.
    pub(super) fn gzip(self, source: &dyn Source) -> std::io::Result<Made<4>> {
        let compressed = match self.compressed {
            Some(compressed) => compressed,
            None => compress(&self.text)?,
        };
        let telemetry = telemetry(source);
        let mut last = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
        last.write_all(&telemetry)?;
        let last = last.finish()?;

        let mut crc = Crc::new();
        crc.combine(&compressed.crc);
        crc.combine(&crc_of(&telemetry));
        let mut trailer = Vec::with_capacity(8);
        trailer.extend_from_slice(&crc.sum().to_le_bytes());
        trailer.extend_from_slice(&crc.amount().to_le_bytes());
        Ok((self.made_of.number, [Bytes::from_static(&GZIP_HEADER), compressed.blocks, Bytes::from(last), Bytes::from(trailer)]))
    }
}

fn telemetry(source: &dyn Source) -> Bytes {
    let mut text = String::new();
    source.render_telemetry(&mut text);
    Bytes::from(text)
}

fn compress(text: &[u8]) -> std::io::Result<Compressed> {
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    let mut blocks = Vec::with_capacity(text.len() / 8 + ROOM_BYTES);
    loop {
        let taken = usize::try_from(deflate.total_in()).expect("a text in memory");
        // This flush ends the block on a byte; finishing would mark it as the last of the stream. It is asked for again until there is room
        // left, for only then all of it has been written: `DeflateEncoder::flush` forgets the end of it where its buffer happens to be full.
        deflate.compress_vec(&text[taken..], &mut blocks, FlushCompress::Sync).map_err(std::io::Error::other)?;
        if deflate.total_in() == text.len() as u64 && blocks.len() < blocks.capacity() {
            return Ok(Compressed { blocks: Bytes::from(blocks), crc: Arc::new(crc_of(text)) });
        }
        blocks.reserve(ROOM_BYTES);
    }
}

fn crc_of(text: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(text);
    crc
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::engine::Engine;
    use crate::http::Shown;

    struct Telling;

    impl Source for Telling {
        fn snapshot(&self) -> Shown {
            unreachable!("only telemetry is asked for")
        }

        fn era(&self) -> u64 {
            0
        }

        fn render_telemetry(&self, out: &mut String) {
            out.push_str("telemetry 1\n");
        }

        fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        fn healthy(&self) -> bool {
            true
        }
    }

    fn numbered() -> (Numbered, Exposition) {
        let configuration = crate::config::Configuration::default();
        let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot());
        (Numbered { number: 1, snapshot, as_of: Instant::now() }, Exposition::new(&configuration))
    }

    #[test]
    fn a_snapshot_is_rendered_and_compressed_once() {
        let (numbered, exposition) = numbered();
        let first = Collection::render(numbered.clone(), None, &exposition).compress().unwrap();
        let crc = |collection: &Collection| Arc::as_ptr(&collection.compressed.as_ref().unwrap().crc);
        let again = Collection::render(numbered.clone(), Some(first.clone()), &exposition).compress().unwrap();
        assert_eq!((crc(&again), again.text.as_ptr()), (crc(&first), first.text.as_ptr()));
        let other = Collection::render(Numbered { number: 2, ..numbered }, Some(first.clone()), &exposition);
        assert!(other.compressed.is_none() && other.text == first.text);
    }

    #[test]
    fn the_gzip_form_unpacks_to_the_plain_form() {
        let (numbered, exposition) = numbered();
        let collection = Collection::render(numbered, None, &exposition);
        for collection in [collection.clone(), collection.compress().unwrap()] {
            let plain = collection.clone().plain(&Telling).1.concat();
            let packed = collection.gzip(&Telling).unwrap().1.concat();
            let mut unpacked = Vec::new();
            // One member only: not every scraper reads on after the first.
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain);
            assert!(plain.ends_with(b"telemetry 1\n"));
        }
    }

    #[test]
    fn blocks_end_on_a_byte_also_where_they_fill_their_room() {
        let mut seed = 1_u64;
        let mut text = String::new();
        for n in 0..8_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("cx_series{{n=\"{n}\"}} {}\n", seed >> 33));
        }
        // Some of these lengths are such that an encoder's own flush leaves the end of the last block out.
        for length in (120_000..126_000).step_by(300) {
            let compressed = compress(&text.as_bytes()[..length]).unwrap();
            let mut last = DeflateEncoder::new(compressed.blocks.to_vec(), Compression::new(LEVEL));
            last.write_all(b"end").unwrap();
            let mut unpacked = String::new();
            flate2::read::DeflateDecoder::new(last.finish().unwrap().as_slice()).read_to_string(&mut unpacked).unwrap();
            assert_eq!(unpacked, format!("{}end", &text[..length]), "{length} bytes");
        }
    }

    #[test]
    fn blocks_of_two_texts_join_to_one_stream() {
        let first = "cx_a{window=\"5m\"} 1\n".repeat(50_000);
        let compressed = compress(first.as_bytes()).unwrap();
        let mut last = DeflateEncoder::new(compressed.blocks.to_vec(), Compression::new(LEVEL));
        last.write_all(b"end").unwrap();
        let stream = last.finish().unwrap();
        let mut unpacked = String::new();
        flate2::read::DeflateDecoder::new(stream.as_slice()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, format!("{first}end"));
    }
}
