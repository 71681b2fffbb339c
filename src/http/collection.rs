//! The text of one snapshot, rendered and compressed once however many scrapers ask for it.
//!
//! Does not know HTTP: it turns a source into chunks of bytes, plain or gzip.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use hyper::body::Bytes;

use super::Source;
use crate::engine::Snapshot;
use crate::metrics::Exposition;

/// Level 1 costs less than half the time of level 6 for 20 % more bytes, and scrapes are local more often than not.
const LEVEL: u32 = 1;

/// A gzip header without name and time; extra flags 4 says that the fastest method was used.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// Keeps the newest snapshot's text; one caller at a time renders, the others wait for it and share it.
#[derive(Debug, Default)]
pub(super) struct Collector {
    newest: Mutex<Option<Collection>>,
    numbered: Mutex<Option<Numbered>>,
}

/// A snapshot with its number: answers of the same number are made of the same values.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) snapshot: Arc<Snapshot>,
}

/// The chunks of an answer, and the number of the snapshot that they are made of.
pub(super) type Made<const N: usize> = (u64, [Bytes; N]);

/// One snapshot's text.
#[derive(Clone, Debug)]
struct Collection {
    made_of: Numbered,
    text: Bytes,
    compressed: Option<Compressed>,
}

/// A text as deflate blocks that end on a byte and are not final, so that others can follow.
#[derive(Clone, Debug)]
struct Compressed {
    blocks: Bytes,
    crc: Arc<Crc>,
}

impl Collector {
    /// The newest snapshot. Numbers ascend, and a snapshot that is asked for again has the number that it had.
    pub(super) fn newest(&self, source: &dyn Source) -> Numbered {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked for under the lock, or an older one could come after a newer one.
        let snapshot = source.snapshot();
        match &*numbered {
            Some(known) if Arc::ptr_eq(&known.snapshot, &snapshot) => known.clone(),
            earlier => {
                let number = earlier.as_ref().map_or(1, |earlier| earlier.number + 1);
                numbered.insert(Numbered { number, snapshot }).clone()
            }
        }
    }

    /// The exposition of the newest snapshot and the telemetry of now, as they are. Blocks while another caller renders it.
    pub(super) fn plain(&self, source: &dyn Source, exposition: &Exposition) -> Made<2> {
        let collection = self.collect(source, exposition, false);
        (collection.made_of.number, [collection.text, telemetry(source)])
    }

    /// The same as one gzip member: the snapshot's blocks from the cache, the telemetry's compressed now, the checksums joined.
    pub(super) fn gzip(&self, source: &dyn Source, exposition: &Exposition) -> std::io::Result<Made<4>> {
        let collection = self.collect(source, exposition, true);
        let compressed = match collection.compressed {
            Some(compressed) => compressed,
            None => compress(&collection.text)?,
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
        Ok((collection.made_of.number, [Bytes::from_static(&GZIP_HEADER), compressed.blocks, Bytes::from(last), Bytes::from(trailer)]))
    }

    fn collect(&self, source: &dyn Source, exposition: &Exposition, compressed: bool) -> Collection {
        // A panic while rendering leaves the earlier collection in place, which is still true of its snapshot.
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let made_of = self.newest(source);
        let mut collection = match newest.take() {
            Some(collection) if collection.made_of.number == made_of.number => collection,
            earlier => {
                let mut text = String::with_capacity(earlier.map_or(0, |earlier| earlier.text.len() * 9 / 8));
                exposition.render(&made_of.snapshot, &mut text);
                Collection { made_of, text: Bytes::from(text), compressed: None }
            }
        };
        if compressed && collection.compressed.is_none() {
            collection.compressed = compress(&collection.text).ok();
        }
        newest.insert(collection).clone()
    }
}

fn telemetry(source: &dyn Source) -> Bytes {
    let mut text = String::new();
    source.render_telemetry(&mut text);
    Bytes::from(text)
}

fn compress(text: &[u8]) -> std::io::Result<Compressed> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(text.len() / 8), Compression::new(LEVEL));
    encoder.write_all(text)?;
    // A flush ends the block on a byte; `finish` would mark it as the last of the stream.
    encoder.flush()?;
    let blocks = std::mem::take(encoder.get_mut());
    Ok(Compressed { blocks: Bytes::from(blocks), crc: Arc::new(crc_of(text)) })
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

    struct Fixed(Mutex<Arc<Snapshot>>);

    impl Source for Fixed {
        fn snapshot(&self) -> Arc<Snapshot> {
            Arc::clone(&self.0.lock().unwrap())
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

    fn fixture() -> (Fixed, Exposition, impl FnMut() -> Arc<Snapshot>) {
        let configuration = crate::config::Configuration::default();
        let mut engine = Engine::new(Arc::new(configuration.engine.clone()));
        let mut snapshot = move || Arc::new(engine.snapshot());
        (Fixed(Mutex::new(snapshot())), Exposition::new(&configuration), snapshot)
    }

    #[test]
    fn a_snapshot_is_rendered_once_however_often_it_is_asked_for() {
        let (source, exposition, mut snapshot) = fixture();
        let collector = Collector::default();
        let collected = |collector: &Collector| {
            let collection = collector.collect(&source, &exposition, true);
            (collection.made_of.number, Arc::as_ptr(&collection.compressed.unwrap().crc))
        };
        let (first, again) = (collected(&collector), collected(&collector));
        assert_eq!(first, again);
        *source.0.lock().unwrap() = snapshot();
        assert_ne!(first.0, collected(&collector).0);
    }

    #[test]
    fn the_gzip_form_unpacks_to_the_plain_form() {
        let (source, exposition, _) = fixture();
        let collector = Collector::default();
        for _ in 0..2 {
            let plain = collector.plain(&source, &exposition).1.concat();
            let packed = collector.gzip(&source, &exposition).unwrap().1.concat();
            let mut unpacked = Vec::new();
            // One member only: not every scraper reads on after the first.
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain);
            assert!(plain.ends_with(b"telemetry 1\n"));
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
