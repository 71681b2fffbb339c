//! The exposition text of one snapshot, rendered once and compressed once however many scrapers ask for it.
//!
//! Turns values into chunks of bytes, plain or gzip. Does not know HTTP, nor which scrapes wait for it.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use hyper::body::Bytes;

use super::ValueSource;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

/// Level 1 costs less than half the time of level 6 for 20 % more bytes, and scrapes are local more often than not.
const LEVEL: u32 = 1;

/// The room that the compressor gets at first beyond an eighth of the text, and again each time that it runs out of room.
const ROOM_BYTES: usize = 32 * 1_024;

/// A gzip header without a name and a time. The extra flags of 4 say that the fastest method was used.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// A snapshot with its number. Responses with the same number are made of the same values.
#[derive(Clone, Debug)]
pub(super) struct NumberedSnapshot {
    pub(super) number: u64,
    pub(super) snapshot: Arc<Snapshot>,
    /// The instant of the values.
    pub(super) as_of: Instant,
}

/// The number of a snapshot, and the chunks of a response that is made of it.
pub(super) type NumberedChunks<const N: usize> = (u64, [Bytes; N]);

/// The text of one snapshot.
#[derive(Clone, Debug)]
pub(super) struct RenderedScrape {
    pub(super) made_of: NumberedSnapshot,
    text: Bytes,
    compressed: Option<DeflateBlocks>,
}

/// A text as deflate blocks. They end on a byte and none is final, so that further blocks can follow.
#[derive(Clone, Debug)]
struct DeflateBlocks {
    blocks: Bytes,
    crc: Arc<Crc>,
}

impl RenderedScrape {
    /// Renders a snapshot. Takes the text of `earlier` over if it is of the same snapshot; otherwise uses it to estimate the length of the new text.
    pub(super) fn render(made_of: NumberedSnapshot, earlier: Option<Self>, exposition: &Exposition) -> Self {
        match earlier {
            Some(earlier) if earlier.made_of.number == made_of.number => Self { made_of, ..earlier },
            earlier => {
                let mut text = String::with_capacity(earlier.map_or(0, |earlier| earlier.text.len() * 9 / 8));
                exposition.render(&made_of.snapshot, &mut text);
                Self { made_of, text: Bytes::from(text), compressed: None }
            }
        }
    }

    /// Adds the compressed form, unless it is there already.
    ///
    /// # Errors
    /// None that is known of, since it writes to memory.
    pub(super) fn compress(self) -> std::io::Result<Self> {
        let compressed = match self.compressed {
            Some(compressed) => compressed,
            None => compress(&self.text)?,
        };
        Ok(Self { compressed: Some(compressed), ..self })
    }

    /// The text of the snapshot, followed by the telemetry of this moment.
    pub(super) fn plain(self, source: &dyn ValueSource) -> NumberedChunks<2> {
        (self.made_of.number, [self.text, telemetry(source)])
    }

    /// The same text as one gzip member: the kept blocks of the snapshot, the telemetry compressed now, and the joined checksum of both.
    ///
    /// # Errors
    /// None that is known of, since it writes to memory.
    pub(super) fn gzip(self, source: &dyn ValueSource) -> std::io::Result<NumberedChunks<4>> {
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

fn telemetry(source: &dyn ValueSource) -> Bytes {
    let mut text = String::new();
    source.render_telemetry(&mut text);
    Bytes::from(text)
}

fn compress(text: &[u8]) -> std::io::Result<DeflateBlocks> {
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    let mut blocks = Vec::with_capacity(text.len() / 8 + ROOM_BYTES);
    loop {
        let taken = usize::try_from(deflate.total_in()).expect("a text in memory");
        // This flush ends the block on a byte; finishing would mark the block as the last one of the stream. The loop repeats it until room is
        // left, because only then the whole block is written. `DeflateEncoder::flush` loses the end of a block if its buffer happens to be full.
        deflate.compress_vec(&text[taken..], &mut blocks, FlushCompress::Sync).map_err(std::io::Error::other)?;
        if deflate.total_in() == text.len() as u64 && blocks.len() < blocks.capacity() {
            return Ok(DeflateBlocks { blocks: Bytes::from(blocks), crc: Arc::new(crc_of(text)) });
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
    use crate::http::DatedSnapshot;
    use crate::metrics::telemetry::TelemetrySample;

    struct TelemetryOnly;

    impl ValueSource for TelemetryOnly {
        fn snapshot(&self) -> DatedSnapshot {
            unreachable!("only the text of the telemetry is asked for")
        }

        fn era(&self) -> u64 {
            0
        }

        fn render_telemetry(&self, out: &mut String) {
            out.push_str("telemetry 1\n");
        }

        fn telemetry_samples(&self) -> Vec<TelemetrySample> {
            unreachable!("only the text of the telemetry is asked for")
        }

        fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        fn healthy(&self) -> bool {
            true
        }
    }

    fn numbered() -> (NumberedSnapshot, Exposition) {
        let configuration = crate::config::Configuration::default();
        let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot());
        (NumberedSnapshot { number: 1, snapshot, as_of: Instant::now() }, Exposition::new(&configuration))
    }

    #[test]
    fn a_snapshot_is_rendered_and_compressed_once() {
        let (numbered, exposition) = numbered();
        let first = RenderedScrape::render(numbered.clone(), None, &exposition).compress().unwrap();
        let crc = |scrape: &RenderedScrape| Arc::as_ptr(&scrape.compressed.as_ref().unwrap().crc);
        let again = RenderedScrape::render(numbered.clone(), Some(first.clone()), &exposition).compress().unwrap();
        assert_eq!((crc(&again), again.text.as_ptr()), (crc(&first), first.text.as_ptr()));
        let other = RenderedScrape::render(NumberedSnapshot { number: 2, ..numbered }, Some(first.clone()), &exposition);
        assert!(other.compressed.is_none() && other.text == first.text);
    }

    #[test]
    fn the_gzip_form_unpacks_to_the_plain_form() {
        let (numbered, exposition) = numbered();
        let scrape = RenderedScrape::render(numbered, None, &exposition);
        for scrape in [scrape.clone(), scrape.compress().unwrap()] {
            let plain = scrape.clone().plain(&TelemetryOnly).1.concat();
            let packed = scrape.gzip(&TelemetryOnly).unwrap().1.concat();
            let mut unpacked = Vec::new();
            // One member only, because not every scraper reads on after the first one.
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
        // At some of these lengths an encoder's own flush leaves out the end of the last block.
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
