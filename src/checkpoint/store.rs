//! The store: writing, restoring, listing and pruning checkpoints.
//!
//! A checkpoint is written under a new name each time and never changed, so two processes on one store cannot spoil each other's. Every call
//! blocks until the store has answered, within the time and the retries of the options; it must not be made on a thread of an asynchronous
//! runtime. At most one write and one restore run at a time. Does not know when a checkpoint is due, or what its state means.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::runtime::Runtime;

use super::backend;
use super::failure::{FailureKind, Operation, StoreFailure};
use super::file::{Checkpoint, PREFIX_BYTES_MAX, encode_at, read, read_header};
use super::header::CheckpointHeader;
use super::key::{CheckpointKey, Fingerprint};
use super::location::StoreLocation;
use super::object_name::{ObjectName, ObjectPlace, folder, group_folder};
use super::options::StoreOptions;
use super::pace::Pace;
use super::refusal::Refusal;
use super::staged_files::remove_abandoned;
use crate::kill_point::KillPoint;

/// The pause before a write to a folder is tried again, times the number of the attempt.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// The pause before it is looked again whether another write is over.
const TURN_PAUSE: Duration = Duration::from_millis(10);
/// A listing that is out of date is made again so often.
const LISTINGS_MAX: usize = 4;

/// The store of the checkpoints of any number of partition groups.
pub struct CheckpointStore {
    /// Always there until the store is dropped.
    runtime: Option<Runtime>,
    store: Arc<dyn ObjectStore>,
    root: Path,
    /// The folder behind the store, if it is one.
    folder: Option<PathBuf>,
    /// The place for messages, without credentials.
    place: String,
    is_remote: bool,
    options: StoreOptions,
    writing: Mutex<()>,
    restoring: Mutex<()>,
    /// Files that a restore found to be damaged: they do not count among those that are kept.
    damaged: Mutex<BTreeSet<Path>>,
}

/// What came of a write.
#[derive(Clone, Debug)]
pub struct PutReport {
    /// The name of the new checkpoint in its folder.
    pub name: ObjectName,
    /// Its size in bytes.
    pub bytes: u64,
    /// The time that building, writing and pruning took.
    pub duration: Duration,
    /// How many older checkpoints were removed.
    pub removed: usize,
    /// Why older checkpoints could not be removed, if so. The new one is safe all the same.
    pub pruning_failure: Option<StoreFailure>,
}

/// What a search for a checkpoint found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The newest checkpoint that can be used.
    pub checkpoint: Option<Checkpoint>,
    /// The newer ones that cannot, the newest first.
    pub refused: Vec<Refused>,
}

/// A checkpoint that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name in its folder.
    pub name: ObjectName,
    /// Why.
    pub refusal: Refusal,
}

/// The newest checkpoint of a partition group with other settings.
#[derive(Clone, Debug)]
pub struct OtherFingerprint {
    /// The fingerprint of those settings.
    pub fingerprint: Fingerprint,
    /// What the checkpoint says of itself, or why that cannot be read.
    pub header: Result<CheckpointHeader, Refusal>,
}

/// A checkpoint in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    place: ObjectPlace,
    /// Its size in bytes.
    pub bytes: u64,
    /// When the store took it, by the store's clock. In seconds since 1970.
    pub stored_at_seconds: i64,
    path: Path,
}

impl Listed {
    /// The consumer group as the store's folders spell it: `/` is `%2F`.
    #[must_use]
    pub fn group_folder(&self) -> &str {
        &self.place.group_folder
    }

    /// The settings.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.place.fingerprint
    }

    /// The number of the partition.
    #[must_use]
    pub const fn partition(&self) -> i32 {
        self.place.partition
    }

    /// The name in its folder.
    #[must_use]
    pub const fn name(&self) -> &ObjectName {
        &self.place.name
    }

    /// The path below the store's location.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_ref()
    }
}

impl CheckpointStore {
    /// Opens a store. A folder is made if it does not exist, and what killed processes left half written there is removed. A bucket is not
    /// asked; [`Self::check_writable`] does that.
    ///
    /// # Errors
    /// A folder that cannot be made, or settings with which no client can be made.
    pub fn open(location: &StoreLocation, options: StoreOptions) -> Result<Self, StoreFailure> {
        if let StoreLocation::Folder(folder) = location {
            backend::make_folder(folder).map_err(|error| StoreFailure::of_io(Operation::Open, location, &error))?;
            remove_abandoned(folder, options.write_time_max * 2);
        }
        Self::open_existing(location, options)
    }

    /// Opens a store to look at it: makes and removes nothing.
    ///
    /// # Errors
    /// A folder that does not exist, or settings with which no client can be made.
    pub fn open_existing(location: &StoreLocation, options: StoreOptions) -> Result<Self, StoreFailure> {
        let (store, root) = backend::open(location, &options)?;
        let mut opened = Self::over(store, location.to_string(), options)?;
        opened.root = root;
        opened.is_remote = !location.is_local();
        if let StoreLocation::Folder(folder) = location {
            // A message must not depend on the working directory.
            opened.place = std::path::absolute(folder).unwrap_or_else(|_| folder.clone()).display().to_string();
            opened.folder = Some(folder.clone());
        }
        Ok(opened)
    }

    /// A store over any object store, such as one in memory or one that makes faults. `place` stands in messages.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn over(store: Arc<dyn ObjectStore>, place: String, options: StoreOptions) -> Result<Self, StoreFailure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("checkpoints").enable_all().build();
        let runtime = runtime.map_err(|error| StoreFailure::of_io(Operation::Open, &place, &error))?;
        Ok(Self {
            runtime: Some(runtime),
            store,
            root: Path::default(),
            folder: None,
            place,
            is_remote: false,
            options,
            writing: Mutex::default(),
            restoring: Mutex::default(),
            damaged: Mutex::default(),
        })
    }

    /// Where the store lies, without credentials.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Writes a small object, lists it and removes it: whether the service can work with the store at all.
    ///
    /// # Errors
    /// The step that failed.
    pub fn check_writable(&self) -> Result<(), StoreFailure> {
        let path = self.root.clone().join(format!("write-test-{}", hex(&self.random()?)));
        self.within(Operation::Write, &self.place, self.store.put(&path, "cxpulse".into()))?;
        let listed = self.list_below(&self.root.clone());
        self.within(Operation::Remove, &self.place, self.store.delete(&path))?;
        listed.map(drop)
    }

    /// Writes a checkpoint under a new name. When a listing shows it, the ones beyond the last `keep` are removed, and those of other settings
    /// that are older than `keep_other_settings`.
    ///
    /// Never removes one that has counted more than the new one: another process may have written it.
    ///
    /// # Errors
    /// If the checkpoint could not be written in the allowed time and attempts. What was there before is still there.
    pub fn put(&self, header: &CheckpointHeader, body: &[u8]) -> Result<PutReport, StoreFailure> {
        let begun = Instant::now();
        let mut report = self.put_at(Pace::beside_workers(), header, body, self.options.write_time_max)?;
        KillPoint::Renamed.pass();
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.prune(&header.key, &report.name, report.bytes) {
            Ok(removed) => report.removed = removed,
            Err(failure) => report.pruning_failure = Some(failure),
        }
        self.remove_staged(&folder(&self.root, &header.key));
        report.duration = begun.elapsed();
        Ok(report)
    }

    /// Writes a checkpoint in a time of its own, such as what is left before a process must end, and without pauses. Removes none; the next
    /// [`Self::put`] does.
    ///
    /// # Errors
    /// If the checkpoint could not be written in this time.
    pub fn put_within(&self, header: &CheckpointHeader, body: &[u8], time_max: Duration) -> Result<PutReport, StoreFailure> {
        self.put_at(Pace::without_pauses(), header, body, time_max)
    }

    fn put_at(&self, mut pace: Pace, header: &CheckpointHeader, body: &[u8], time_max: Duration) -> Result<PutReport, StoreFailure> {
        let begun = Instant::now();
        let _one_at_a_time = self.turn_to_write(begun + time_max)?;
        let folder = folder(&self.root, &header.key);
        let file =
            encode_at(&mut pace, header, body).map_err(|error| StoreFailure::of_io(Operation::Write, self.shown(&folder), &error))?;
        let bytes = file.len() as u64;
        let name = self.write(header, &folder, &file.into(), begun + time_max)?;
        Ok(PutReport { name, bytes, duration: begun.elapsed(), removed: 0, pruning_failure: None })
    }

    /// The names of the checkpoints of a partition group, the newest first. Nothing of them is read.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub fn names(&self, key: &CheckpointKey) -> Result<Vec<ObjectName>, StoreFailure> {
        Ok(self.newest_first(&folder(&self.root, key))?.into_iter().map(|listed| listed.place.name).collect())
    }

    /// The newest checkpoint of a partition group that is whole and that `accept` takes.
    ///
    /// Looks at them from the greatest sum of offsets downwards. `accept` judges what only the caller knows, such as whether the log still has
    /// these offsets; its error is the reason in one sentence.
    ///
    /// # Errors
    /// If the store cannot be asked. A single file that cannot be read is refused, and the one before it is looked at.
    pub fn newest(&self, key: &CheckpointKey, accept: impl Fn(&CheckpointHeader) -> Result<(), String>) -> Result<Found, StoreFailure> {
        let _one_at_a_time = self.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut looked_at) = (Found::default(), BTreeSet::new());
        let folder = folder(&self.root, key);
        for _ in 0..LISTINGS_MAX {
            let mut has_vanished = false;
            for listed in self.newest_first(&folder)? {
                if !looked_at.insert(listed.path.clone()) {
                    continue;
                }
                match self.read_whole(&listed, key)? {
                    None => has_vanished = true,
                    Some(Ok(checkpoint)) => match accept(&checkpoint.header) {
                        Ok(()) => {
                            found.checkpoint = Some(checkpoint);
                            return Ok(found);
                        }
                        Err(reason) => found.refused.push(Refused { name: listed.place.name, refusal: Refusal::NotAccepted(reason) }),
                    },
                    Some(Err(refusal)) => {
                        if refusal.is_damage() {
                            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(listed.path);
                        }
                        found.refused.push(Refused { name: listed.place.name, refusal });
                    }
                }
            }
            // One that vanished was removed by another process, which has written a newer one.
            if !has_vanished {
                break;
            }
        }
        Ok(found)
    }

    /// The other settings with which this consumer group has checkpoints of this partition, each with the header of the newest.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub fn other_fingerprints(&self, key: &CheckpointKey) -> Result<Vec<OtherFingerprint>, StoreFailure> {
        let mut others = Vec::new();
        for fingerprint in self.fingerprints(&key.group)?.into_iter().filter(|fingerprint| *fingerprint != key.fingerprint) {
            let folder = folder(&self.root, &CheckpointKey { fingerprint, ..key.clone() });
            if let Some(newest) = self.newest_first(&folder)?.first() {
                others.push(OtherFingerprint { fingerprint, header: self.header(newest)? });
            }
        }
        Ok(others)
    }

    /// Everything that lies in the store, in the order of groups, settings, partitions and age.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub fn list(&self) -> Result<Vec<Listed>, StoreFailure> {
        self.list_below(&self.root)
    }

    /// What a checkpoint says of itself. Only the beginning of the file is read, and the state is not checked.
    ///
    /// # Errors
    /// If the store cannot be asked; the inner error is the reason why the file is no checkpoint.
    pub fn header(&self, listed: &Listed) -> Result<Result<CheckpointHeader, Refusal>, StoreFailure> {
        let range = Some(GetRange::Bounded(0..PREFIX_BYTES_MAX.min(listed.bytes)));
        if listed.bytes == 0 {
            return Ok(Err(Refusal::Empty));
        }
        let options = GetOptions { range, ..GetOptions::default() };
        let bytes = self
            .within(Operation::Read, self.shown(&listed.path), async { self.store.get_opts(&listed.path, options).await?.bytes().await })?;
        Ok(read_header(&bytes))
    }

    /// Reads a checkpoint whole and compares everything: its checksums, and that it lies where it belongs.
    ///
    /// # Errors
    /// If the store cannot be asked; the inner error is the reason why the checkpoint cannot be used.
    pub fn verify(&self, listed: &Listed) -> Result<Result<Checkpoint, Refusal>, StoreFailure> {
        let header = match self.header(listed)? {
            Ok(header) => header,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let key =
            CheckpointKey { fingerprint: listed.place.fingerprint, partition: listed.place.partition, group: header.key.group.clone() };
        if group_folder(&self.root, &key.group).filename() != Some(listed.place.group_folder.as_str()) {
            return Ok(Err(Refusal::OtherGroup { found: key.group }));
        }
        Ok(self.read_whole(listed, &key)?.unwrap_or_else(|| Err(Refusal::Unreadable("it was removed meanwhile".to_owned()))))
    }

    /// Removes checkpoints of a partition group that will never be used again, such as those of a log that was replaced.
    ///
    /// Call it only after a newer checkpoint of the new log was written.
    ///
    /// # Errors
    /// If one cannot be removed. One that is no longer there is no error.
    pub fn retire(&self, key: &CheckpointKey, names: &[ObjectName]) -> Result<(), StoreFailure> {
        let folder = folder(&self.root, key);
        names.iter().try_for_each(|name| self.remove(&folder.clone().join(name.to_string())).map(drop))
    }

    /// Writes the bytes under a name that nobody else uses. An attempt that failed leaves its name alone: what a failed sync left behind may
    /// look whole and is not.
    fn write(&self, header: &CheckpointHeader, folder: &Path, file: &PutPayload, deadline: Instant) -> Result<ObjectName, StoreFailure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let name = ObjectName::new(header, self.random()?);
            let path = folder.clone().join(name.to_string());
            self.pass_staged(&path, file);
            let time_max = deadline.saturating_duration_since(Instant::now());
            match self.within_time(Operation::Write, self.shown(folder), time_max, self.store.put(&path, file.clone())) {
                Ok(_) => return Ok(name),
                Err(failure) if self.may_pass(&failure) && attempt <= self.options.retries && Instant::now() < deadline => {
                    std::thread::sleep(RETRY_PAUSE * u32::try_from(attempt).unwrap_or(1));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Passes the points within a put, whose inside has no place for one: they leave the file, half or whole, beside its place.
    fn pass_staged(&self, path: &Path, file: &PutPayload) {
        for (point, share) in [(KillPoint::StagedHalf, 2), (KillPoint::StagedWhole, 1)] {
            point.pass_after(|| {
                let place = path.parts().fold(self.folder.clone().unwrap_or_default(), |place, part| place.join(part.as_ref()));
                let bytes: Vec<u8> = file.iter().flatten().copied().collect();
                let made = place.parent().map(std::fs::create_dir_all);
                let written = std::fs::write(format!("{}#1", place.display()), &bytes[..bytes.len() / share]);
                assert!(written.is_ok(), "{made:?}, {written:?}");
            });
        }
    }

    /// Whether the same call may succeed a moment later. A bucket's client tries again itself.
    const fn may_pass(&self, failure: &StoreFailure) -> bool {
        match failure.kind {
            FailureKind::Other => !self.is_remote,
            FailureKind::Denied | FailureKind::Full | FailureKind::Away | FailureKind::Missing | FailureKind::Settings => false,
        }
    }

    fn prune(&self, key: &CheckpointKey, written: &ObjectName, bytes: u64) -> Result<usize, StoreFailure> {
        let folder = folder(&self.root, key);
        let own = self.newest_first(&folder)?;
        let keep = self.options.keep.max(1);
        let Some(new) = own.iter().find(|listed| listed.place.name == *written && listed.bytes == bytes) else {
            // Another writer has gone ahead, and has removed this one with the older ones.
            if own.iter().filter(|listed| listed.place.name > *written).count() >= keep {
                return Ok(0);
            }
            let reason = "the listing does not show the new checkpoint yet, so no older one is removed";
            return Err(StoreFailure::new(Operation::List, self.shown(&folder), FailureKind::Away, reason));
        };
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (spoilt, valid): (Vec<_>, Vec<_>) =
            own.iter().filter(|listed| listed.place.name <= *written).partition(|listed| damaged.contains(&listed.path));
        let spoilt = spoilt.into_iter().filter(|_| valid.len() >= keep);
        let removed = valid.iter().skip(keep).copied().chain(spoilt).try_fold(0, |sum, listed| Ok(sum + self.remove(&listed.path)?))?;
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| own.iter().any(|listed| listed.path == *path));
        Ok(removed + self.prune_other_settings(key, new.stored_at_seconds)?)
    }

    /// Removes what is older than allowed, by the store's own clock.
    fn prune_other_settings(&self, key: &CheckpointKey, now_seconds: i64) -> Result<usize, StoreFailure> {
        let oldest_seconds = now_seconds.saturating_sub(self.options.keep_other_settings.0 / 1_000);
        let mut removed = 0;
        for fingerprint in self.fingerprints(&key.group)?.into_iter().filter(|fingerprint| *fingerprint != key.fingerprint) {
            let folder = folder(&self.root, &CheckpointKey { fingerprint, ..key.clone() });
            for listed in self.newest_first(&folder)?.iter().filter(|listed| listed.stored_at_seconds < oldest_seconds) {
                removed += self.remove(&listed.path)?;
            }
        }
        Ok(removed)
    }

    fn remove(&self, path: &Path) -> Result<usize, StoreFailure> {
        match self.within(Operation::Remove, self.shown(path), self.store.delete(path)) {
            Ok(()) => {
                KillPoint::Pruned.pass();
                Ok(1)
            }
            Err(failure) if failure.kind == FailureKind::Missing => Ok(0),
            Err(failure) => Err(failure),
        }
    }

    /// The fingerprints with which a consumer group has folders.
    fn fingerprints(&self, group: &str) -> Result<Vec<Fingerprint>, StoreFailure> {
        let folder = group_folder(&self.root, group);
        let listing = self.within(Operation::List, self.shown(&folder), self.store.list_with_delimiter(Some(&folder)))?;
        let names = listing.common_prefixes.iter().filter_map(|path| Fingerprint::of_hex(path.filename()?));
        Ok(names.collect())
    }

    fn newest_first(&self, folder: &Path) -> Result<Vec<Listed>, StoreFailure> {
        let mut listed = self.list_below(folder)?;
        listed.sort_unstable_by(|a, b| b.place.name.cmp(&a.place.name));
        Ok(listed)
    }

    fn list_below(&self, folder: &Path) -> Result<Vec<Listed>, StoreFailure> {
        let objects: Vec<ObjectMeta> = self.within(Operation::List, self.shown(folder), self.store.list(Some(folder)).try_collect())?;
        let listed = objects.into_iter().filter_map(|object| {
            let place = ObjectPlace::of(&object.location, &self.root)?;
            Some(Listed { place, bytes: object.size, stored_at_seconds: object.last_modified.timestamp(), path: object.location })
        });
        let mut listed: Vec<Listed> = listed.collect();
        listed.sort_unstable();
        Ok(listed)
    }

    /// Reads and checks a file. `None` if it is no longer there.
    fn read_whole(&self, listed: &Listed, key: &CheckpointKey) -> Result<Option<Result<Checkpoint, Refusal>>, StoreFailure> {
        let allowed = self.options.body_bytes_max.saturating_add(2 * PREFIX_BYTES_MAX);
        if listed.bytes > allowed {
            return Ok(Some(Err(Refusal::TooLarge { bytes: listed.bytes, allowed })));
        }
        let got = self.within(Operation::Read, self.shown(&listed.path), async {
            let got = self.store.get(&listed.path).await?;
            if got.meta.size > allowed { Ok(Err(got.meta.size)) } else { got.bytes().await.map(Ok) }
        });
        match got {
            Ok(Ok(bytes)) => {
                let read = read(&bytes, Some(key), self.options.body_bytes_max);
                Ok(Some(read.and_then(
                    |checkpoint| if listed.place.name.is_of(&checkpoint.header) { Ok(checkpoint) } else { Err(Refusal::OtherName) },
                )))
            }
            Ok(Err(bytes)) => Ok(Some(Err(Refusal::TooLarge { bytes, allowed }))),
            Err(failure) if failure.kind == FailureKind::Missing => Ok(None),
            Err(failure) if self.may_pass(&failure) => Ok(Some(Err(Refusal::Unreadable(failure.reason)))),
            Err(failure) => Err(failure),
        }
    }

    fn remove_staged(&self, folder: &Path) {
        if let Some(root) = &self.folder {
            let folder = folder.parts().fold(root.clone(), |path, part| path.join(part.as_ref()));
            remove_abandoned(&folder, self.options.write_time_max * 2);
        }
    }

    /// Waits for an answer of the store within the allowed time.
    fn within<T>(
        &self,
        operation: Operation,
        place: impl Display,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreFailure> {
        self.within_time(operation, place, self.options.operation_time_max, answer)
    }

    fn within_time<T>(
        &self,
        operation: Operation,
        place: impl Display,
        time_max: Duration,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreFailure> {
        // The runtime is only taken out when the store is dropped.
        let Some(runtime) = &self.runtime else { unreachable!("a store that was dropped is not used") };
        match runtime.block_on(async { tokio::time::timeout(time_max, answer).await }) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreFailure::of_store(operation, place, &error, self.is_remote)),
            Err(_) => {
                let reason = format!("no answer within {:.1} s", time_max.as_secs_f64());
                Err(StoreFailure::new(operation, place, FailureKind::Away, reason))
            }
        }
    }

    /// Waits until no other write is on its way, but not beyond the deadline.
    fn turn_to_write(&self, deadline: Instant) -> Result<MutexGuard<'_, ()>, StoreFailure> {
        loop {
            match self.writing.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(TURN_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreFailure::new(Operation::Write, &self.place, FailureKind::Away, "another write is still on its way"));
                }
            }
        }
    }

    fn random(&self) -> Result<[u8; 12], StoreFailure> {
        let mut random = [0; 12];
        let filled = SystemRandom::new().fill(&mut random);
        filled.map_err(|_| StoreFailure::new(Operation::Write, &self.place, FailureKind::Other, "the system gives no random numbers"))?;
        Ok(random)
    }

    fn shown(&self, path: &Path) -> String {
        let below: String =
            path.prefix_match(&self.root).map(|parts| parts.map(|part| format!("/{}", part.as_ref())).collect()).unwrap_or_default();
        format!("{}{below}", self.place)
    }
}

impl Drop for CheckpointStore {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A file system that hangs must not hold up the end of the process.
            runtime.shutdown_background();
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
