//! A store in a folder: the newest is found, three are kept, and what is damaged or denied is said.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cxpulse::checkpoint::{
    CheckpointKey, CheckpointStore, FailureKind, Fingerprint, Found, Operation, Refusal, StoreLocation, StoreOptions, encode,
};
use tempfile::TempDir;

use super::sample::{header, key, noise};

fn open(folder: &Path) -> CheckpointStore {
    CheckpointStore::open(&StoreLocation::Folder(folder.to_owned()), StoreOptions::default()).unwrap()
}

fn newest(store: &CheckpointStore) -> Found {
    store.newest(&key(), |_| Ok(())).unwrap()
}

/// The body that a search finds.
fn body(found: &Found) -> Option<&[u8]> {
    found.checkpoint.as_ref().map(|checkpoint| checkpoint.body.as_slice())
}

/// All files below a folder, in the order of their paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// A store with checkpoints of 100, 200 and 300 records, whose bodies are these numbers.
fn store_of_three() -> (TempDir, CheckpointStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for (sequence, offsets) in [(1, 100), (2, 200), (3, 300)] {
        store.put(&header(&key(), offsets, sequence), offsets.to_string().as_bytes()).unwrap();
    }
    (folder, store)
}

/// Sets the time of a file back.
fn make_older(path: &Path, age: Duration) {
    let file = fs::File::options().write(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - age).unwrap();
}

#[test]
fn an_empty_store_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("made/on/demand"));
    let found = newest(&store);
    assert!(found.checkpoint.is_none() && found.refused.is_empty());
    assert!(store.list().unwrap().is_empty() && store.other_fingerprints(&key()).unwrap().is_empty());
    store.check_writable().unwrap();
    assert!(files(folder.path()).is_empty(), "the trial leaves nothing behind");
}

#[test]
fn the_greatest_sum_of_offsets_is_the_newest_and_three_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for (sequence, offsets) in [(1, 900), (2, 1_000), (3, 1_100), (4, 1_200), (5, 1_300)] {
        let report = store.put(&header(&key(), offsets, sequence), &noise(2_000)).unwrap();
        assert_eq!((report.pruning_failure, report.removed), (None, usize::from(sequence > 3)));
        assert_eq!(report.name.offset_sum, offsets as u64);
    }
    let names: Vec<_> = store.list().unwrap().iter().map(|listed| listed.name().offset_sum).collect();
    assert_eq!(names, [1_100, 1_200, 1_300]);
    let found = newest(&open(folder.path())).checkpoint.unwrap();
    assert_eq!((found.header, found.body), (header(&key(), 1_300, 5), noise(2_000)));
    let listed = &store.list().unwrap()[0];
    assert_eq!((listed.group_folder(), listed.fingerprint(), listed.partition()), ("desk", key().fingerprint, 3));
    assert_eq!(store.header(listed).unwrap(), Ok(header(&key(), 1_100, 3)));
    assert_eq!(store.verify(listed).unwrap().unwrap().header, header(&key(), 1_100, 3));
}

#[test]
fn partition_groups_settings_and_consumer_groups_are_apart() {
    let (folder, store) = store_of_three();
    let others = [
        CheckpointKey { partition: 4, ..key() },
        CheckpointKey { group: "desk/2".into(), ..key() },
        CheckpointKey { fingerprint: Fingerprint([9; 32]), ..key() },
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(store.newest(other, |_| Ok(())).unwrap().checkpoint.is_none());
        store.put(&header(other, 5_000, 1), &[at as u8]).unwrap();
    }
    assert_eq!(body(&newest(&store)), Some(&b"300"[..]));
    for (at, other) in others.iter().enumerate() {
        let found = store.newest(other, |_| Ok(())).unwrap();
        assert_eq!(body(&found), Some(&[at as u8][..]));
    }
    let found = store.other_fingerprints(&key()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].fingerprint, found[0].header.clone()), (others[2].fingerprint, Ok(header(&others[2], 5_000, 1))));
    assert_eq!(files(folder.path()).len(), 6);
}

#[test]
fn a_refused_one_gives_way_to_the_one_before() {
    let (_folder, store) = store_of_three();
    let found = store.newest(&key(), |header| if header.offset_sum() > 150 { Err("beyond the log".into()) } else { Ok(()) }).unwrap();
    assert_eq!(body(&found), Some(&b"100"[..]));
    let refused: Vec<_> = found.refused.iter().map(|refused| (refused.name.offset_sum, refused.refusal.to_string())).collect();
    assert_eq!(refused, [(300, "beyond the log".to_owned()), (200, "beyond the log".to_owned())]);
}

#[test]
fn file_of_another_partition_is_refused_and_is_no_damage() {
    let (folder, store) = store_of_three();
    let paths = files(folder.path());
    let other = CheckpointKey { partition: 4, ..key() };
    fs::write(&paths[2], encode(&header(&other, 300, 3), b"300").unwrap()).unwrap();
    let found = newest(&store);
    assert_eq!(body(&found), Some(&b"200"[..]));
    assert!(
        matches!(found.refused.as_slice(), [refused] if matches!(refused.refusal, Refusal::OtherPartition { .. })),
        "{:?}",
        found.refused
    );
    store.put(&header(&key(), 400, 4), b"400").unwrap();
    let names: Vec<_> = store.list().unwrap().iter().map(|listed| listed.name().offset_sum).collect();
    assert_eq!(names, [200, 300, 400], "whoever wrote it there may still need it");
}

#[test]
fn damaged_files_are_refused_and_do_not_count_among_the_kept() {
    let (folder, store) = store_of_three();
    let paths = files(folder.path());
    let whole = fs::read(&paths[2]).unwrap();
    fs::write(&paths[2], &whole[..whole.len() - 1]).unwrap();
    let mut flipped = fs::read(&paths[1]).unwrap();
    flipped[60] ^= 4;
    fs::write(&paths[1], flipped).unwrap();

    let found = newest(&store);
    assert_eq!(body(&found), Some(&b"100"[..]));
    let refusals: Vec<_> = found.refused.iter().map(|refused| refused.refusal.clone()).collect();
    assert_eq!(refusals, [Refusal::Truncated, Refusal::Damaged { section: Some("header") }]);

    for (offsets, expected_files) in [(400, 4), (500, 3), (600, 3)] {
        store.put(&header(&key(), offsets, 9), b"new").unwrap();
        assert_eq!(files(folder.path()).len(), expected_files, "after the checkpoint at {offsets}");
    }
    assert!(newest(&store).refused.is_empty());
}

#[test]
fn one_under_the_name_of_another_is_refused() {
    let (folder, store) = store_of_three();
    let paths = files(folder.path());
    let oldest = fs::read(&paths[0]).unwrap();
    fs::write(&paths[2], oldest).unwrap();
    let found = newest(&store);
    assert_eq!(body(&found), Some(&b"200"[..]));
    assert_eq!(found.refused[0].refusal, Refusal::OtherName);
}

#[test]
fn every_way_to_spoil_all_three_ends_in_none_and_never_in_a_wrong_one() {
    let whole = encode(&header(&key(), 300, 3), b"300").unwrap();
    let of_another = |key: &CheckpointKey| encode(&header(key, 300, 3), b"foreign").unwrap();
    let contents = [
        (Vec::new(), "truncated"),
        (vec![0; whole.len()], "truncated"),
        (whole.repeat(2), "truncated"),
        (whole[..20].to_vec(), "truncated"),
        (b"not at all".to_vec(), "not_a_checkpoint"),
        (of_another(&CheckpointKey { partition: 4, ..key() }), "foreign"),
        (of_another(&CheckpointKey { group: "other".into(), ..key() }), "foreign"),
        (of_another(&CheckpointKey { fingerprint: Fingerprint([1; 32]), ..key() }), "foreign"),
    ];
    for (content, reason) in contents {
        let (folder, store) = store_of_three();
        for path in files(folder.path()) {
            fs::write(path, &content).unwrap();
        }
        let found = newest(&store);
        assert!(found.checkpoint.is_none(), "{reason}");
        let reasons: Vec<_> = found.refused.iter().map(|refused| refused.refusal.name()).collect();
        assert_eq!(reasons, [reason; 3]);
        store.put(&header(&key(), 400, 4), b"400").unwrap();
        assert_eq!(body(&newest(&store)), Some(&b"400"[..]));
    }
}

#[test]
fn a_late_write_of_a_process_that_was_replaced_harms_nothing() {
    let (folder, zombie) = store_of_three();
    let heir = open(folder.path());
    for (sequence, offsets) in [(4, 400), (5, 500), (6, 600)] {
        heir.put(&header(&key(), offsets, sequence), offsets.to_string().as_bytes()).unwrap();
    }
    zombie.put(&header(&key(), 350, 4), b"350").unwrap();
    assert_eq!(body(&newest(&heir)), Some(&b"600"[..]));
    let sums: Vec<_> = heir.list().unwrap().iter().map(|listed| listed.name().offset_sum).collect();
    assert_eq!(sums, [350, 400, 500, 600], "nothing newer was removed");
    heir.put(&header(&key(), 700, 7), b"700").unwrap();
    let sums: Vec<_> = heir.list().unwrap().iter().map(|listed| listed.name().offset_sum).collect();
    assert_eq!(sums, [500, 600, 700]);
}

#[test]
fn two_writers_of_the_same_state_never_collide() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = open(folder.path());
                for round in 1..=15_i64 {
                    let report = store.put(&header(&key(), round, round as u64), round.to_string().as_bytes()).unwrap();
                    assert_eq!(report.pruning_failure, None);
                    let found = newest(&store);
                    assert!(found.refused.is_empty(), "{:?}", found.refused);
                    let sum: i64 = String::from_utf8_lossy(body(&found).unwrap()).parse().unwrap();
                    assert!(sum >= round, "an older one was found after a newer one was written");
                }
            });
        }
    });
    assert_eq!(body(&newest(&open(folder.path()))), Some(&b"15"[..]));
}

#[test]
fn checkpoints_of_a_replaced_log_are_retired() {
    let (_folder, store) = store_of_three();
    let refused = store.newest(&key(), |_| Err("another log".into())).unwrap().refused;
    store.put(&header(&key(), 10, 4), b"10").unwrap();
    assert_eq!(body(&newest(&store)), Some(&b"300"[..]), "a greater sum is newer, whatever the log");
    let names: Vec<_> = refused.into_iter().map(|refused| refused.name).collect();
    store.retire(&key(), &names).unwrap();
    store.retire(&key(), &names).expect("those that are gone are no error");
    assert_eq!(body(&newest(&store)), Some(&b"10"[..]));
}

#[test]
fn other_settings_are_kept_for_a_week() {
    let (folder, store) = store_of_three();
    let other = CheckpointKey { fingerprint: Fingerprint([9; 32]), ..key() };
    for (sequence, offsets) in [(1, 10), (2, 20)] {
        store.put(&header(&other, offsets, sequence), b"other").unwrap();
    }
    let age = |path: &Path, days: u64| make_older(path, Duration::from_secs(days * 86_400 + 60));
    let of_other = |path: &PathBuf| path.to_string_lossy().contains(&other.fingerprint.to_string());
    let others: Vec<_> = files(folder.path()).into_iter().filter(of_other).collect();
    age(&others[0], 7);
    age(&others[1], 6);
    for path in files(folder.path()).iter().filter(|path| !of_other(path)) {
        age(path, 30);
    }
    let report = store.put(&header(&key(), 301, 4), b"301").unwrap();
    assert_eq!((report.removed, report.pruning_failure), (2, None), "the oldest of its own, and the one of a week");
    assert!(!others[0].exists() && others[1].exists());
    assert_eq!(body(&store.newest(&other, |_| Ok(())).unwrap()), Some(&b"other"[..]), "a roll-back finds its own");
}

#[test]
fn what_a_killed_process_left_half_written_is_removed_when_nobody_writes_it_any_more() {
    let (folder, store) = store_of_three();
    let newest_path = files(folder.path()).pop().unwrap();
    let staged = PathBuf::from(format!("{}#1", newest_path.display()).replace("00300-", "00400-"));
    fs::write(&staged, b"half").unwrap();
    assert_eq!(body(&newest(&store)), Some(&b"300"[..]));
    drop(open(folder.path()));
    assert!(staged.exists(), "another process may write it now");
    make_older(&staged, Duration::from_secs(3_600));
    store.put(&header(&key(), 500, 5), b"500").unwrap();
    assert!(!staged.exists());
}

#[test]
fn a_folder_that_cannot_be_written_says_so_and_what_is_there_is_still_used() {
    let (folder, store) = store_of_three();
    let bed = folder.path().join("desk").join(key().fingerprint.to_string()).join("3");
    fs::set_permissions(&bed, fs::Permissions::from_mode(0o555)).unwrap();
    let is_root = fs::write(bed.join("probe"), b"").is_ok();
    if is_root {
        // The superuser may write everywhere. A file in place of the folder stops it too.
        fs::remove_file(bed.join("probe")).unwrap();
        fs::set_permissions(&bed, fs::Permissions::from_mode(0o755)).unwrap();
        let other = CheckpointKey { partition: 5, ..key() };
        fs::write(bed.with_file_name("5"), b"a file").unwrap();
        let failure = store.put(&header(&other, 1, 1), b"x").expect_err("a file is in the way");
        assert_eq!((failure.operation, failure.kind), (Operation::Write, FailureKind::Missing), "{failure}");
    } else {
        let failure = store.put(&header(&key(), 400, 4), b"400").expect_err("read-only");
        assert_eq!((failure.operation, failure.kind), (Operation::Write, FailureKind::Denied), "{failure}");
        assert!(failure.to_string().contains("\nhint: give this user the right"), "{failure}");
        fs::set_permissions(&bed, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_eq!(body(&newest(&store)), Some(&b"300"[..]));
    store.put(&header(&key(), 400, 4), b"400").unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_ends_the_start_with_code_1() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    let location = StoreLocation::Folder(folder.path().join("file/state"));
    let failure = CheckpointStore::open(&location, StoreOptions::default()).err().unwrap();
    assert_eq!((failure.operation, failure.exit_code()), (Operation::Open, 1));
    assert!(failure.to_string().contains("file/state` cannot be opened: "), "{failure}");
}

#[test]
fn a_deleted_folder_is_made_again() {
    let (folder, store) = store_of_three();
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(newest(&store).checkpoint.is_none());
    store.put(&header(&key(), 400, 4), b"400").unwrap();
    assert_eq!(body(&newest(&store)), Some(&b"400"[..]));
}
