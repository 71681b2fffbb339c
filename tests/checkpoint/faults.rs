//! A store that fails: it is tried again within bounds, and then the failure says what is wrong.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cxpulse::checkpoint::{CheckpointStore, FailureKind, Operation, Refusal, StoreOptions};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};

use super::sample::{header, key};

/// A store in memory that fails on demand.
#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    /// So many of the next writes fail as a disk fails.
    bad_writes: AtomicUsize,
    /// So many of the next writes are answered with a failure although they were stored.
    unconfirmed_writes: AtomicUsize,
    /// So many of the next reads fail as a disk fails.
    bad_reads: AtomicUsize,
    /// So many of the next listings show nothing.
    stale_lists: AtomicUsize,
    /// While it is not 0, nothing is answered.
    silent: AtomicUsize,
    writes: AtomicUsize,
}

fn is_due(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn bad_disk() -> Error {
    Error::Generic { store: "faulty", source: Box::new(std::io::Error::from_raw_os_error(5)) }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        if self.silent.load(Ordering::SeqCst) > 0 {
            std::future::pending::<()>().await;
        }
        if is_due(&self.bad_writes) {
            return Err(bad_disk());
        }
        let stored = self.inner.put_opts(location, payload, options).await;
        if is_due(&self.unconfirmed_writes) { Err(bad_disk()) } else { stored }
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if is_due(&self.bad_reads) { Err(bad_disk()) } else { self.inner.get_opts(location, options).await }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if is_due(&self.stale_lists) { stream::empty().boxed() } else { self.inner.list(prefix) }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn faulty_store() -> (Arc<Faulty>, CheckpointStore) {
    let faulty = Arc::new(Faulty::default());
    let options = StoreOptions {
        operation_time_max: Duration::from_secs(3),
        write_time_max: Duration::from_secs(3),
        retries: 2,
        ..StoreOptions::default()
    };
    let store = CheckpointStore::over(Arc::clone(&faulty) as Arc<dyn ObjectStore>, "faulty".into(), options).unwrap();
    (faulty, store)
}

fn found_body(store: &CheckpointStore) -> Option<Vec<u8>> {
    store.newest(&key(), |_| Ok(())).unwrap().checkpoint.map(|checkpoint| checkpoint.body)
}

#[test]
fn a_write_that_fails_twice_is_tried_a_third_time_under_another_name() {
    let (faulty, store) = faulty_store();
    faulty.bad_writes.store(1, Ordering::SeqCst);
    faulty.unconfirmed_writes.store(1, Ordering::SeqCst);
    store.put(&header(&key(), 100, 1), b"100").unwrap();
    assert_eq!(faulty.writes.load(Ordering::SeqCst), 3);
    assert_eq!(store.list().unwrap().len(), 2, "the unconfirmed one has a name of its own");
    assert_eq!(found_body(&store).as_deref(), Some(&b"100"[..]));
}

#[test]
fn a_write_that_always_fails_ends_after_the_allowed_attempts_and_keeps_what_was_there() {
    let (faulty, store) = faulty_store();
    store.put(&header(&key(), 100, 1), b"100").unwrap();
    faulty.bad_writes.store(usize::MAX, Ordering::SeqCst);
    let failure = store.put(&header(&key(), 200, 2), b"200").expect_err("a bad disk");
    assert_eq!((failure.operation, failure.kind), (Operation::Write, FailureKind::Other), "{failure}");
    assert_eq!(faulty.writes.load(Ordering::SeqCst), 1 + 3);
    faulty.bad_writes.store(0, Ordering::SeqCst);
    assert_eq!(found_body(&store).as_deref(), Some(&b"100"[..]));
}

#[test]
fn a_store_that_does_not_answer_is_given_up_after_the_allowed_time() {
    let (faulty, store) = faulty_store();
    faulty.silent.store(1, Ordering::SeqCst);
    let begun = Instant::now();
    let failure = store.put(&header(&key(), 100, 1), b"100").expect_err("no answer");
    assert_eq!((failure.kind, failure.reason.as_str()), (FailureKind::Away, "no answer within 3.0 s"));
    assert!((2..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let failure = store.put_within(&header(&key(), 100, 1), b"100", Duration::from_millis(500)).expect_err("no answer");
    assert!(begun.elapsed() < Duration::from_secs(2), "{failure}");
    faulty.silent.store(0, Ordering::SeqCst);
    store.put(&header(&key(), 100, 1), b"100").unwrap();
}

#[test]
fn nothing_is_removed_before_a_listing_shows_the_new_one() {
    let (faulty, store) = faulty_store();
    for sequence in 1..=3 {
        store.put(&header(&key(), sequence * 100, sequence as u64), b"x").unwrap();
    }
    faulty.stale_lists.store(1, Ordering::SeqCst);
    let report = store.put(&header(&key(), 400, 4), b"x").unwrap();
    assert_eq!(report.removed, 0);
    assert!(report.pruning_failure.is_some_and(|failure| failure.operation == Operation::List));
    assert_eq!(store.list().unwrap().len(), 4);
    assert_eq!(store.put(&header(&key(), 500, 5), b"x").unwrap().removed, 2);
}

#[test]
fn a_file_that_cannot_be_read_is_refused_and_the_one_before_is_used() {
    let (faulty, store) = faulty_store();
    for sequence in 1..=2 {
        store.put(&header(&key(), sequence * 100, sequence as u64), sequence.to_string().as_bytes()).unwrap();
    }
    faulty.bad_reads.store(1, Ordering::SeqCst);
    let found = store.newest(&key(), |_| Ok(())).unwrap();
    assert!(matches!(&found.refused[0].refusal, Refusal::Unreadable(reason) if reason.contains("os error 5")), "{:?}", found.refused);
    assert_eq!(found.checkpoint.unwrap().body, b"1");
    assert_eq!(found_body(&store).as_deref(), Some(&b"2"[..]), "it was not taken for damaged");
}
