//! A file is used whole or refused with the reason: every cut, every flipped bit, and everything foreign.

use std::collections::BTreeMap;

use cxpulse::checkpoint::{CheckpointHeader, CheckpointKey, Fingerprint, LAYOUT_VERSION, Refusal, encode, read, read_header};
use cxpulse::time::EventTime;
use proptest::prelude::*;
use ring::digest::{SHA256, digest};

use super::sample::{header, key, noise};

const ALLOWED: u64 = 1 << 30;

fn small_file() -> Vec<u8> {
    encode(&header(&key(), 1_000, 7), b"state of a small partition group, group, group").unwrap()
}

/// Gives a changed file the length and the checksum that fit to it, so that only its content can be wrong.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    let end = file.len() - 40;
    let length = file.len() as u64;
    file[end..end + 8].copy_from_slice(&length.to_le_bytes());
    let sum = digest(&SHA256, &file[..end + 8]);
    file[end + 8..].copy_from_slice(sum.as_ref());
    file
}

/// Puts a section before the end of a file, or in place of the section `state`.
fn with_section(file: &[u8], tag: &[u8; 4], content: &[u8], replaces_state: bool) -> Vec<u8> {
    let end = file.len() - 44;
    let state = file.windows(4).position(|window| window == b"STAT").unwrap();
    let mut section = tag.to_vec();
    section.extend((content.len() as u64).to_le_bytes());
    section.extend(content);
    section.extend(crc32fast::hash(&section).to_le_bytes());
    let mut changed = file[..if replaces_state { state } else { end }].to_vec();
    changed.extend(section);
    changed.extend(&file[end..]);
    sealed(changed)
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let file = small_file();
    assert!(read(&file, Some(&key()), ALLOWED).is_ok());
    for length in 0..file.len() {
        let refusal = read(&file[..length], Some(&key()), ALLOWED).expect_err("a cut file");
        let expected = if length == 0 { Refusal::Empty } else { Refusal::Truncated };
        assert_eq!(refusal, expected, "cut at {length} of {}", file.len());
    }
    for tail in [&[0][..], &file] {
        assert!(read(&[&file, tail].concat(), Some(&key()), ALLOWED).is_err(), "bytes behind the end");
    }
}

#[test]
fn a_file_with_any_bit_flipped_is_refused() {
    let mut file = small_file();
    for at in 0..file.len() {
        for bit in 0..8 {
            file[at] ^= 1 << bit;
            let refusal = read(&file, Some(&key()), ALLOWED).expect_err("a flipped bit");
            let is_expected = match at {
                0..8 => refusal == Refusal::NotACheckpoint,
                8..12 => matches!(refusal, Refusal::NewerLayout { .. } | Refusal::Malformed(_)),
                _ => matches!(refusal, Refusal::Damaged { .. } | Refusal::Truncated),
            };
            assert!(is_expected, "bit {bit} of byte {at}: {refusal}");
            file[at] ^= 1 << bit;
        }
    }
    assert!(read(&file, Some(&key()), ALLOWED).is_ok());
}

#[test]
fn cuts_and_flips_of_a_large_file_are_refused() {
    let file = encode(&header(&key(), 1_000_000, 7), &noise(5 << 20)).unwrap();
    assert!(read(&file, Some(&key()), ALLOWED).is_ok());
    for step in 0..60_u64 {
        let at = (step * 7_919_999_983 % file.len() as u64) as usize;
        assert!(read(&file[..at], Some(&key()), ALLOWED).is_err(), "cut at {at}");
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (step % 8);
        assert!(read(&flipped, Some(&key()), ALLOWED).is_err(), "bit flipped in byte {at}");
    }
}

/// Each file was written by the version that had its layout first, and is never written again.
#[test]
fn a_file_of_each_released_layout_is_read() {
    let released: [(u32, &[u8]); 1] = [(1, include_bytes!("golden/layout-1.checkpoint"))];
    assert_eq!(released.len(), LAYOUT_VERSION as usize, "keep a file of the new layout beside the older ones");
    for (layout, file) in released {
        assert_eq!(file[8..12], layout.to_le_bytes());
        let checkpoint = read(file, Some(&key()), ALLOWED).unwrap_or_else(|refusal| panic!("layout {layout}: {refusal}"));
        let of_setting = |key: &str| checkpoint.header.settings.get(key).map(String::as_str);
        assert_eq!(checkpoint.header.next_offsets, BTreeMap::from([("chats".into(), 7), ("tickets".into(), 123_456)]));
        assert_eq!((checkpoint.header.sequence, of_setting("chats.idle_end")), (4, Some("off")));
        assert_eq!(checkpoint.header.event_time_max, Some(EventTime(1_771_999_990_000)));
        assert_eq!(checkpoint.body, b"the state of a partition group, of a partition group, of a partition group");
    }
}

#[test]
fn the_damaged_section_is_named() {
    let file = small_file();
    let damaged_at = |at: usize| {
        let mut file = file.clone();
        file[at] ^= 1;
        read(&file, None, ALLOWED)
    };
    assert_eq!(damaged_at(30), Err(Refusal::Damaged { section: Some("header") }));
    assert_eq!(damaged_at(file.len() - 50), Err(Refusal::Damaged { section: Some("state") }));
    assert_eq!(damaged_at(file.len() - 1), Err(Refusal::Damaged { section: None }));
    let message = Refusal::Damaged { section: Some("state") }.to_string();
    assert_eq!(message, "its bytes were changed: the checksum of the section `state` is wrong");
}

#[test]
fn what_is_no_checkpoint_is_refused_by_its_own_reason() {
    for length in [1, 11, 12, 56, 100, 4_096, 100_000] {
        assert_eq!(read(&vec![0; length], None, ALLOWED), Err(Refusal::Zeros), "{length} zeros");
    }
    let mut zeros_behind_the_start = small_file();
    zeros_behind_the_start[12..].fill(0);
    assert!(read(&zeros_behind_the_start, None, ALLOWED).is_err());
    for text in ["{}", "\u{89}CXCKP\r\n, but in UTF-8", "PK\u{3}\u{4}"] {
        assert_eq!(read(text.as_bytes(), None, ALLOWED), Err(Refusal::NotACheckpoint), "{text}");
    }
}

#[test]
fn later_layouts_and_unknown_sections_are_refused() {
    let mut later = small_file();
    later[8..12].copy_from_slice(&(LAYOUT_VERSION + 1).to_le_bytes());
    let newer = Refusal::NewerLayout { found: LAYOUT_VERSION + 1, known: LAYOUT_VERSION };
    assert_eq!(read(&sealed(later.clone()), None, ALLOWED), Err(newer.clone()));
    assert_eq!(read_header(&later), Err(newer));

    let added = with_section(&small_file(), b"NEWS", b"from the future", false);
    assert_eq!(read(&added, None, ALLOWED), Err(Refusal::UnknownSection(*b"NEWS")));
    let replaced = with_section(&small_file(), b"NEWS", b"from the future", true);
    assert_eq!(read(&replaced, None, ALLOWED), Err(Refusal::UnknownSection(*b"NEWS")));
}

#[test]
fn what_belongs_elsewhere_is_refused() {
    let file = small_file();
    let other_group = CheckpointKey { group: "other".into(), ..key() };
    assert_eq!(read(&file, Some(&other_group), ALLOWED), Err(Refusal::OtherGroup { found: "desk".into() }));
    let other_partition = CheckpointKey { partition: 4, ..key() };
    assert_eq!(read(&file, Some(&other_partition), ALLOWED), Err(Refusal::OtherPartition { found: 3 }));
    let other_settings = CheckpointKey { fingerprint: Fingerprint([1; 32]), ..key() };
    assert_eq!(read(&file, Some(&other_settings), ALLOWED), Err(Refusal::OtherFingerprint { found: key().fingerprint }));
    assert!(read(&file, None, ALLOWED).is_ok());
}

/// The checksums are right here, so only the bounds of the reader are left.
#[test]
fn a_length_that_is_claimed_and_not_there_takes_no_memory() {
    let claims = |form: u8, length: u64, bytes: &[u8]| {
        let mut content = vec![form];
        content.extend(length.to_le_bytes());
        content.extend(bytes);
        with_section(&small_file(), b"STAT", &content, true)
    };
    for length in [1 << 63, u64::MAX] {
        for form in [0, 1] {
            let refused = read(&claims(form, length, b"x"), None, ALLOWED);
            assert_eq!(refused, Err(Refusal::TooLarge { bytes: length, allowed: ALLOWED }));
        }
    }
    let zeros = zstd::bulk::compress(&vec![0; 8 << 20], 1).unwrap();
    let wrong_length = Err(Refusal::Malformed("the state is not as long as it says"));
    assert_eq!(read(&claims(1, 100, &zeros), None, ALLOWED), wrong_length, "more is in it than is said");
    assert_eq!(read(&claims(1, 9 << 20, &zeros), None, ALLOWED), wrong_length, "less is in it than is said");
    assert_eq!(read(&claims(0, 100, b"x"), None, ALLOWED), wrong_length);
    assert!(matches!(read(&claims(1, 100, b"no frame"), None, ALLOWED), Err(Refusal::Malformed(_))));
    assert!(matches!(read(&claims(2, 1, b"x"), None, ALLOWED), Err(Refusal::Malformed(_))));
    assert_eq!(read(&claims(1, 8 << 20, &zeros), None, ALLOWED).map(|read| read.body.len()), Ok(8 << 20));
    assert!(matches!(read(&claims(1, 8 << 20, &zeros), None, 1 << 20), Err(Refusal::TooLarge { .. })));
}

fn headers() -> impl Strategy<Value = CheckpointHeader> {
    let key = (".{0,20}", any::<[u8; 32]>(), 0..i32::MAX).prop_map(|(group, fingerprint, partition)| CheckpointKey {
        group,
        fingerprint: Fingerprint(fingerprint),
        partition,
    });
    let offsets = proptest::collection::btree_map("[a-z._]{1,9}", 0..i64::MAX, 0..5);
    let settings: BTreeMap<String, String> = BTreeMap::new();
    let settings = prop_oneof![Just(settings), proptest::collection::btree_map("[a-z.]{0,9}", ".{0,30}", 0..9)];
    (key, offsets, any::<u64>(), any::<i64>(), any::<Option<i64>>(), settings).prop_map(
        |(key, next_offsets, sequence, created, event_time_max, settings)| CheckpointHeader {
            key,
            next_offsets,
            sequence,
            created: EventTime(created),
            event_time_max: event_time_max.map(EventTime),
            settings,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_equal_input_gives_equal_bytes(
        header in headers(),
        body in proptest::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..3_000),
    ) {
        let file = encode(&header, &body).unwrap();
        prop_assert_eq!(&file, &encode(&header.clone(), &body.clone()).unwrap());
        prop_assert_eq!(read_header(&file), Ok(header.clone()));
        let read = read(&file, Some(&header.key), ALLOWED).unwrap();
        prop_assert_eq!(read.header, header);
        prop_assert_eq!(read.body, body);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        start in prop_oneof![Just(0_usize), 8..12_usize, 12..60_usize, 0..400_usize],
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        seal in any::<bool>(),
    ) {
        let mut file = small_file();
        file.truncate(start);
        file.extend(bytes);
        prop_assume!(file != small_file());
        if seal && file.len() > 60 {
            let end = file.len() - 44;
            file[end..end + 4].copy_from_slice(b"END.");
            file = sealed(file);
        }
        prop_assert!(read(&file, Some(&key()), ALLOWED).is_err());
        prop_assert!(read_header(&file).map_or(true, |read| read == header(&key(), 1_000, 7)));
    }
}
