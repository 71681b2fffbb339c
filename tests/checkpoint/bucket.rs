//! A store in a bucket of an S3-compatible server, which may be away.

use std::time::{Duration, Instant};

use cxpulse::checkpoint::{
    CheckpointKey, CheckpointStore, FailureKind, Fingerprint, Operation, S3Options, StoreFailure, StoreLocation, StoreOptions,
};

use super::moto::{Door, Moto};
use super::sample::{header, key, noise};

fn options(moto: &Moto, endpoint: String) -> StoreOptions {
    let s3 = S3Options {
        endpoint: Some(endpoint),
        region: Some("us-east-1".into()),
        credentials_file: Some(moto.credentials_file()),
        allow_insecure: false,
    };
    StoreOptions { operation_time_max: Duration::from_secs(20), write_time_max: Duration::from_secs(20), s3, ..StoreOptions::default() }
}

fn open(moto: &Moto, url: &str, endpoint: String) -> CheckpointStore {
    CheckpointStore::open(&StoreLocation::parse(url).unwrap(), options(moto, endpoint)).unwrap()
}

fn found_body(store: &CheckpointStore) -> Option<Vec<u8>> {
    store.newest(&key(), |_| Ok(())).unwrap().checkpoint.map(|checkpoint| checkpoint.body)
}

#[test]
fn a_bucket_does_what_a_folder_does() {
    let Some(moto) = Moto::start() else { return };
    let store = open(&moto, "s3://checkpoints/desk/state", moto.endpoint());
    assert_eq!(store.place(), "s3://checkpoints/desk/state");
    store.check_writable().unwrap();
    assert!(found_body(&store).is_none() && store.list().unwrap().is_empty());
    for (sequence, offsets) in [(1, 900), (2, 1_000), (3, 1_100), (4, 1_200), (5, 1_300)] {
        let report = store.put(&header(&key(), offsets, sequence), &noise(3 << 20)).unwrap();
        assert_eq!((report.pruning_failure, report.removed), (None, usize::from(sequence > 3)));
    }
    let sums: Vec<_> = store.list().unwrap().iter().map(|listed| listed.name().offset_sum).collect();
    assert_eq!(sums, [1_100, 1_200, 1_300]);
    assert_eq!(found_body(&open(&moto, "s3://checkpoints/desk/state", moto.endpoint())), Some(noise(3 << 20)));
    assert!(found_body(&open(&moto, "s3://checkpoints/desk", moto.endpoint())).is_none(), "another prefix");

    let listed = &store.list().unwrap()[0];
    assert_eq!(store.header(listed).unwrap(), Ok(header(&key(), 1_100, 3)));
    assert_eq!(store.verify(listed).unwrap().map(|checkpoint| checkpoint.header), Ok(header(&key(), 1_100, 3)));
    let other = CheckpointKey { fingerprint: Fingerprint([9; 32]), ..key() };
    store.put(&header(&other, 5_000, 1), b"other").unwrap();
    let found = store.other_fingerprints(&key()).unwrap();
    assert_eq!((found.len(), found[0].header.clone()), (1, Ok(header(&other, 5_000, 1))));
    let group = CheckpointKey { group: "desk/ü 2".into(), ..key() };
    store.put(&header(&group, 10, 1), b"group").unwrap();
    assert_eq!(store.newest(&group, |_| Ok(())).unwrap().checkpoint.map(|c| c.body).as_deref(), Some(&b"group"[..]));
    let refused = store.newest(&key(), |_| Err("another log".into())).unwrap().refused;
    store.retire(&key(), &[refused[0].name.clone()]).unwrap();
    assert_eq!((refused.len(), store.list().unwrap().len()), (3, 4));
}

#[test]
fn two_writers_on_one_bucket_never_collide() {
    let Some(moto) = Moto::start() else { return };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = open(&moto, "s3://checkpoints", moto.endpoint());
                for round in 1..=8_i64 {
                    let report = store.put(&header(&key(), round, round as u64), round.to_string().as_bytes()).unwrap();
                    assert_eq!(report.pruning_failure, None);
                    let found: i64 = String::from_utf8(found_body(&store).unwrap()).unwrap().parse().unwrap();
                    assert!(found >= round, "an older one was found after a newer one was written");
                }
            });
        }
    });
    assert_eq!(found_body(&open(&moto, "s3://checkpoints", moto.endpoint())).as_deref(), Some(&b"8"[..]));
}

#[test]
fn a_store_that_is_away_for_some_seconds_is_waited_for() {
    let Some(moto) = Moto::start() else { return };
    open(&moto, "s3://checkpoints", moto.endpoint()).put(&header(&key(), 100, 1), b"100").unwrap();

    let door = Door::open_late(&moto, Duration::from_secs(3), 2, "503 Slow Down");
    let store = open(&moto, "s3://checkpoints", door.endpoint());
    let begun = Instant::now();
    store.put(&header(&key(), 200, 2), b"200").unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2), "the door was closed: {:?}", begun.elapsed());
    assert_eq!(door.turned_away(), 2, "both faults were met");
    assert_eq!(found_body(&store).as_deref(), Some(&b"200"[..]));

    moto.signal("-STOP");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            moto.signal("-CONT");
        });
        assert_eq!(found_body(&store).as_deref(), Some(&b"200"[..]), "the answer came late");
    });
}

#[test]
fn a_store_that_stays_away_fails_within_its_time_and_without_a_secret() {
    let Some(moto) = Moto::start() else { return };
    let hours = Duration::from_secs(3_600);
    let failure_of = |endpoint: String, url: &str| -> (Vec<StoreFailure>, Duration) {
        let mut options = options(&moto, endpoint);
        (options.operation_time_max, options.write_time_max) = (Duration::from_secs(4), Duration::from_secs(4));
        let store = CheckpointStore::open(&StoreLocation::parse(url).unwrap(), options).unwrap();
        let begun = Instant::now();
        let failures = vec![
            store.put(&header(&key(), 1, 1), b"x").expect_err("no store"),
            store.newest(&key(), |_| Ok(())).expect_err("no store"),
            store.list().expect_err("no store"),
        ];
        (failures, begun.elapsed())
    };
    let gone = failure_of(Door::open_late(&moto, hours, 0, "").endpoint(), "s3://checkpoints");
    let denied = failure_of(Door::open_late(&moto, Duration::ZERO, usize::MAX, "403 Forbidden").endpoint(), "s3://checkpoints");
    let broken = failure_of(Door::open_late(&moto, Duration::ZERO, usize::MAX, "500 Oops").endpoint(), "s3://checkpoints");
    let missing = failure_of(moto.endpoint(), "s3://no-such-bucket/x");
    let expected = [(gone, FailureKind::Away), (denied, FailureKind::Denied), (broken, FailureKind::Away), (missing, FailureKind::Missing)];
    for ((failures, elapsed), kind) in expected {
        assert!(elapsed < Duration::from_secs(16), "{kind:?}: {elapsed:?} for three operations of 4 s");
        for (failure, operation) in failures.iter().zip([Operation::Write, Operation::List, Operation::List]) {
            assert_eq!((failure.operation, failure.kind), (operation, kind), "{failure}");
            assert!(!failure.to_string().contains("CANARY") && !format!("{failure:?}").contains("CANARY"), "{failure}");
        }
    }
}

#[test]
fn settings_without_credentials_or_with_a_bad_endpoint_end_the_start_with_code_78() {
    let at = StoreLocation::parse("s3://checkpoints").unwrap();
    let with = |s3: S3Options| CheckpointStore::open(&at, StoreOptions { s3, ..StoreOptions::default() }).err().unwrap();
    let absent = with(S3Options { credentials_file: Some("/no/such/file".into()), ..S3Options::default() });
    assert_eq!((absent.kind, absent.exit_code()), (FailureKind::Settings, 78), "{absent}");
    assert!(absent.reason.starts_with("`/no/such/file` cannot be read"), "{absent}");
    let plain = with(S3Options { endpoint: Some("http://minio.example".into()), ..S3Options::default() });
    assert_eq!(plain.reason, "plain `http` to another machine is not allowed");
}
