//! The bound on what a batch may unpack to, for each compression but zstd, which librdkafka bounds itself: `build.rs` lets it call these functions in
//! place of its own.
//!
//! A batch beyond the bound fails as one that cannot be unpacked. Does not know what becomes of it.
#![allow(unsafe_code, reason = "librdkafka calls these functions with its own memory")]

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::io::Read;
use std::ptr;

use flate2::bufread::GzDecoder;
use rdkafka::bindings::rd_kafka_mem_malloc;

/// The most bytes to which a batch may unpack: those of `receive.message.max.bytes`, by which librdkafka bounds zstd.
const UNPACKED_MAX: usize = 16 << 20;
/// The codes of an lz4 error are the greatest numbers.
const LZ4_ERROR: usize = usize::MAX;

thread_local! {
    /// The bytes that the lz4 batch in work may still unpack to.
    static LZ4_LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

unsafe extern "C" {
    fn __real_rd_kafka_snappy_uncompressed_length(packed: *const c_char, length: usize, unpacked: *mut usize) -> bool;
    fn __real_rd_kafka_snappy_java_uncompress(
        packed: *const c_char,
        length: usize,
        unpacked: *mut usize,
        error: *mut c_char,
        error_size: usize,
    ) -> *mut c_char;
    fn __real_rd_kafka_lz4_decompress(
        broker: *mut c_void,
        has_proper_checksum: c_int,
        offset: i64,
        packed: *mut c_char,
        length: usize,
        unpacked: *mut *mut c_void,
        unpacked_length: *mut usize,
    ) -> c_int;
    fn __real_LZ4F_decompress(
        context: *mut c_void,
        unpacked: *mut c_void,
        unpacked_length: *mut usize,
        packed: *const c_void,
        length: *mut usize,
        options: *const c_void,
    ) -> usize;
}

/// Unpacks gzip into memory that librdkafka frees; null where it cannot be unpacked within the bound.
///
/// # Safety
/// As librdkafka calls its own: `packed` has `length` bytes, and `unpacked_length` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_gz_decompress(packed: *const c_void, length: c_int, unpacked_length: *mut u64) -> *mut c_void {
    // SAFETY: by the promise of the caller.
    let packed = unsafe { slice_of(packed.cast(), usize::try_from(length).unwrap_or(0)) };
    let Some(unpacked) = gunzip(packed) else { return ptr::null_mut() };
    // SAFETY: librdkafka's own allocation of one byte more than is copied, for the NUL that it wants at the end.
    unsafe {
        let memory = rd_kafka_mem_malloc(ptr::null_mut(), unpacked.len() + 1).cast::<u8>();
        if memory.is_null() {
            return ptr::null_mut();
        }
        ptr::copy_nonoverlapping(unpacked.as_ptr(), memory, unpacked.len());
        *memory.add(unpacked.len()) = 0;
        *unpacked_length = unpacked.len() as u64;
        memory.cast()
    }
}

/// # Safety
/// As librdkafka calls its own: `packed` has `length` bytes, and `unpacked` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_kafka_snappy_uncompressed_length(packed: *const c_char, length: usize, unpacked: *mut usize) -> bool {
    // SAFETY: by the promise of the caller.
    unsafe { __real_rd_kafka_snappy_uncompressed_length(packed, length, unpacked) && *unpacked <= UNPACKED_MAX }
}

/// # Safety
/// As librdkafka calls its own: `packed` has `length` bytes, `error` has `error_size`, and `unpacked` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_kafka_snappy_java_uncompress(
    packed: *const c_char,
    length: usize,
    unpacked: *mut usize,
    error: *mut c_char,
    error_size: usize,
) -> *mut c_char {
    // SAFETY: by the promise of the caller.
    unsafe {
        if snappy_blocks_length(slice_of(packed.cast(), length)) > UNPACKED_MAX {
            if error_size > 0 {
                *error = 0;
            }
            return ptr::null_mut();
        }
        __real_rd_kafka_snappy_java_uncompress(packed, length, unpacked, error, error_size)
    }
}

/// # Safety
/// As librdkafka calls its own.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_rd_kafka_lz4_decompress(
    broker: *mut c_void,
    has_proper_checksum: c_int,
    offset: i64,
    packed: *mut c_char,
    length: usize,
    unpacked: *mut *mut c_void,
    unpacked_length: *mut usize,
) -> c_int {
    LZ4_LEFT.set(UNPACKED_MAX);
    // SAFETY: the arguments are passed on as they came.
    let code = unsafe { __real_rd_kafka_lz4_decompress(broker, has_proper_checksum, offset, packed, length, unpacked, unpacked_length) };
    LZ4_LEFT.set(usize::MAX);
    code
}

/// # Safety
/// As librdkafka calls its own.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_LZ4F_decompress(
    context: *mut c_void,
    unpacked: *mut c_void,
    unpacked_length: *mut usize,
    packed: *const c_void,
    length: *mut usize,
    options: *const c_void,
) -> usize {
    // SAFETY: the arguments are passed on as they came; the length says afterwards how many bytes were unpacked.
    let (code, unpacked) =
        unsafe { (__real_LZ4F_decompress(context, unpacked, unpacked_length, packed, length, options), *unpacked_length) };
    let left = LZ4_LEFT.get();
    LZ4_LEFT.set(left.saturating_sub(unpacked));
    if unpacked > left { LZ4_ERROR } else { code }
}

fn gunzip(packed: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    GzDecoder::new(packed).take(UNPACKED_MAX as u64 + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() <= UNPACKED_MAX).then_some(unpacked)
}

/// The sum of the lengths that the blocks of Java's snappy framing claim: each has its packed length in four bytes, and begins with its unpacked length
/// as a varint. A framing that ends early is left to librdkafka.
fn snappy_blocks_length(mut packed: &[u8]) -> usize {
    let mut sum = 0_usize;
    while let Some((length, rest)) = packed.split_first_chunk::<4>() {
        let Some((block, rest)) = usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| rest.split_at_checked(length)) else {
            break;
        };
        let claimed = block.iter().take(5).enumerate().try_fold(0_u64, |number, (at, byte)| {
            let number = number | u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 { Err(number) } else { Ok(number) }
        });
        let (Ok(claimed) | Err(claimed)) = claimed;
        sum = sum.saturating_add(usize::try_from(claimed).unwrap_or(usize::MAX));
        packed = rest;
    }
    sum
}

/// # Safety
/// `bytes` has `length` bytes that nothing changes as long as the slice is used.
unsafe fn slice_of<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: by the promise of the caller.
    if bytes.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(bytes, length) } }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn gzip_is_unpacked_up_to_the_bound_and_not_beyond() {
        for length in [0, 1, 100_000, UNPACKED_MAX] {
            let bytes = vec![7; length];
            assert_eq!(gunzip(&gzip(&bytes)), Some(bytes));
        }
        assert_eq!(gunzip(&gzip(&vec![7; UNPACKED_MAX + 1])), None);
        let whole = gzip(b"a text that is cut off");
        assert_eq!(gunzip(&whole[..whole.len() - 9]), None);
        assert_eq!(gunzip(b"no gzip at all"), None);
    }

    #[test]
    fn the_blocks_of_javas_framing_are_added_up() {
        let mut framing = Vec::new();
        for claimed in [[0x05].as_slice(), &[0x80, 0x80, 0x80, 0x08]] {
            framing.extend(u32::try_from(claimed.len() + 2).unwrap().to_be_bytes());
            framing.extend(claimed);
            framing.extend([0, 0]);
        }
        assert_eq!(snappy_blocks_length(&framing), 5 + (8 << 21));
        assert_eq!(snappy_blocks_length(&framing[..3]), 0);
    }

    #[test]
    fn librdkafkas_calls_come_here() {
        // SAFETY: both buffers live through the calls, and the lengths are theirs.
        unsafe extern "C" {
            fn rd_kafka_snappy_uncompressed_length(packed: *const c_char, length: usize, unpacked: *mut usize) -> bool;
        }
        let mut unpacked = 0;
        for (claim, is_taken) in [([0xff_u8, 0xff, 0x03, 0x00], true), ([0xff, 0xff, 0xff, 0x7f], false)] {
            let taken = unsafe { rd_kafka_snappy_uncompressed_length(claim.as_ptr().cast(), claim.len(), &raw mut unpacked) };
            assert_eq!(taken, is_taken, "{unpacked}");
        }
    }
}
