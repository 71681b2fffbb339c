//! Record batches written byte by byte, with the faults that no client would write, and a raw request that plants them in a topic.
//!
//! Does not know what a reader makes of them.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The number of bytes of a batch before its attributes, with which the checksummed part begins.
const CHECKED_FROM: usize = 21;
/// The number of bytes of a batch before its records.
const HEADER: usize = 61;
/// The codec of the attributes.
const ZSTD: u8 = 4;
const GZIP: u8 = 1;
const SNAPPY: u8 = 2;
/// A control batch of a transaction.
const CONTROL: u8 = 0x30;

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A bit of a record flipped on the disk.
    Checksum,
    /// The records are not compressed as the batch says.
    Compression,
    /// A compression that does not exist.
    Codec,
    /// A format by this number, which is not the one of the batch.
    Magic(u8),
    /// The batch says that it has this many records.
    RecordCount(i32),
    /// A record says that it is longer than the batch.
    RecordLength,
    /// A record says that its length is below zero.
    NegativeLength,
    /// A record says that its offset lies far beyond the log.
    Offset,
}

/// A batch of records with a key each, uncompressed.
pub(crate) fn batch(timestamp_ms: i64, values: &[Vec<u8>]) -> Vec<u8> {
    let mut records = Vec::new();
    for (delta, value) in values.iter().enumerate() {
        record(&mut records, i64::try_from(delta).expect("a small number"), value);
    }
    batch_of(timestamp_ms, i32::try_from(values.len()).expect("a small number"), 0, &records)
}

/// A batch with one record, whose value is a text of this many bytes, packed with zstd.
pub(crate) fn zstd_bomb(timestamp_ms: i64, value_bytes: usize) -> Vec<u8> {
    let mut records = Vec::new();
    record(&mut records, 0, &vec![b' '; value_bytes]);
    let packed = zstd::bulk::compress(&records, 3).expect("memory");
    batch_of(timestamp_ms, 1, ZSTD, &packed)
}

/// A batch with one record, whose value is a text of this many bytes, packed with gzip.
#[allow(dead_code, reason = "only some tests use gzip")]
pub(crate) fn gzip_bomb(timestamp_ms: i64, value_bytes: usize) -> Vec<u8> {
    let mut records = Vec::new();
    record(&mut records, 0, &vec![b' '; value_bytes]);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    packer.write_all(&records).expect("memory");
    drop(records);
    batch_of(timestamp_ms, 1, GZIP, &packer.finish().expect("memory"))
}

/// A batch whose records are a snappy block that claims to unpack to so many bytes.
#[allow(dead_code, reason = "only some tests use snappy")]
pub(crate) fn snappy_claim(timestamp_ms: i64, claimed: u32) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut left = claimed;
    while left >= 0x80 {
        packed.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    packed.push(left as u8);
    // One literal of four bytes is all that comes.
    packed.extend([3 << 2, b'a', b'b', b'c', b'd']);
    batch_of(timestamp_ms, 1, SNAPPY, &packed)
}

/// A batch that ends a transaction: its one record is none of a producer.
#[allow(dead_code, reason = "only some tests use transactions")]
pub(crate) fn control_batch(timestamp_ms: i64) -> Vec<u8> {
    let mut body = vec![0];
    varint(&mut body, 0);
    varint(&mut body, 0);
    varint(&mut body, 4);
    // The version, and that it is a commit.
    body.extend([0, 0, 0, 1]);
    varint(&mut body, 6);
    body.extend([0; 6]);
    varint(&mut body, 0);
    let mut records = Vec::new();
    varint(&mut records, i64::try_from(body.len()).expect("a length"));
    records.extend(body);
    let mut batch = batch_of(timestamp_ms, 1, CONTROL, &records);
    // A producer with an id ended it.
    batch[43..51].copy_from_slice(&7_i64.to_be_bytes());
    batch[51..53].copy_from_slice(&0_i16.to_be_bytes());
    let checksum = crc32c(&batch[CHECKED_FROM..]);
    batch[17..CHECKED_FROM].copy_from_slice(&checksum.to_be_bytes());
    batch
}

/// Makes a batch faulty where it lies. Its length and its first offset stay as they are.
pub(crate) fn spoil(batch: &mut [u8], fault: Fault) {
    match fault {
        Fault::Checksum => {
            let last = batch.len() - 1;
            batch[last] ^= 0x10;
            return;
        }
        // The format is not part of the checksummed bytes.
        Fault::Magic(format) => {
            batch[16] = format;
            return;
        }
        Fault::RecordCount(count) => batch[HEADER - 4..HEADER].copy_from_slice(&count.to_be_bytes()),
        Fault::Compression => batch[CHECKED_FROM + 1] = ZSTD,
        Fault::Codec => batch[CHECKED_FROM + 1] = 7,
        // The length is a varint of two bytes, and 0x7f in the second one makes it about 8,000.
        Fault::RecordLength => {
            assert!(batch[HEADER] & 0x80 != 0, "a record of 64 bytes or more");
            batch[HEADER + 1] = 0x7f;
        }
        // The same two bytes in zigzag: the lowest bit is the sign.
        Fault::NegativeLength => batch[HEADER] |= 1,
        Fault::Offset => unreachable!("an offset of so many bytes does not fit where a small one lay; see `with_far_offset`"),
    }
    let checksum = crc32c(&batch[CHECKED_FROM..]);
    batch[17..CHECKED_FROM].copy_from_slice(&checksum.to_be_bytes());
}

/// A batch with one record that says that its offset lies `delta` beyond the first one of the batch.
pub(crate) fn with_far_offset(timestamp_ms: i64, delta: i64, value: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    record(&mut records, delta, value);
    batch_of(timestamp_ms, 1, 0, &records)
}

/// The length in bytes of the batch that begins here.
pub(crate) fn length_of(batch: &[u8]) -> usize {
    usize::try_from(i32::from_be_bytes(batch[8..12].try_into().expect("four bytes"))).expect("a length") + 12
}

/// Appends a batch to a partition as it is, by one request to its leader. Returns the broker's error code and the first offset.
pub(crate) fn produce(server: &str, topic: &str, partition: i32, batch: &[u8]) -> (i16, i64) {
    let mut body = Vec::new();
    body.extend((-1_i16).to_be_bytes()); // no transaction
    body.extend((-1_i16).to_be_bytes()); // every replica confirms
    body.extend(30_000_i32.to_be_bytes());
    body.extend(1_i32.to_be_bytes());
    text(&mut body, topic);
    body.extend(1_i32.to_be_bytes());
    body.extend(partition.to_be_bytes());
    body.extend(i32::try_from(batch.len()).expect("a small batch").to_be_bytes());
    body.extend(batch);
    let mut request = Vec::new();
    request.extend(0_i16.to_be_bytes()); // produce
    request.extend(7_i16.to_be_bytes()); // the first version with zstd
    request.extend(1_i32.to_be_bytes());
    text(&mut request, "tests");
    request.extend(body);
    let mut stream = TcpStream::connect(server).expect("the broker listens");
    stream.write_all(&i32::try_from(request.len()).expect("a small request").to_be_bytes()).expect("the broker reads");
    stream.write_all(&request).expect("the broker reads");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("the broker answers");
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
    stream.read_exact(&mut answer).expect("the broker answers");
    // Correlation, one topic with its name, one partition with its number.
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    let code = i16::from_be_bytes(answer[at..at + 2].try_into().expect("two bytes"));
    (code, i64::from_be_bytes(answer[at + 2..at + 10].try_into().expect("eight bytes")))
}

fn batch_of(timestamp_ms: i64, count: i32, codec: u8, records: &[u8]) -> Vec<u8> {
    let mut checked = vec![0, codec];
    checked.extend((count - 1).to_be_bytes());
    checked.extend(timestamp_ms.to_be_bytes());
    checked.extend(timestamp_ms.to_be_bytes());
    checked.extend((-1_i64).to_be_bytes()); // no producer id
    checked.extend((-1_i16).to_be_bytes());
    checked.extend((-1_i32).to_be_bytes());
    checked.extend(count.to_be_bytes());
    checked.extend(records);
    let mut batch = 0_i64.to_be_bytes().to_vec();
    batch.extend(i32::try_from(checked.len() + 9).expect("a small batch").to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

fn record(out: &mut Vec<u8>, offset_delta: i64, value: &[u8]) {
    let mut body = vec![0];
    varint(&mut body, 0); // the timestamp
    varint(&mut body, offset_delta);
    varint(&mut body, 3);
    body.extend(b"key");
    varint(&mut body, i64::try_from(value.len()).expect("a length"));
    body.extend(value);
    varint(&mut body, 0); // no headers
    varint(out, i64::try_from(body.len()).expect("a length"));
    out.extend(body);
}

/// A number in zigzag, seven bits a byte.
fn varint(out: &mut Vec<u8>, number: i64) {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while left >= 0x80 {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(i16::try_from(text.len()).expect("a short text").to_be_bytes());
    out.extend(text.as_bytes());
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut checksum = u32::MAX;
    for byte in bytes {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = if checksum & 1 == 1 { checksum >> 1 ^ 0x82f6_3b78 } else { checksum >> 1 };
        }
    }
    !checksum
}
