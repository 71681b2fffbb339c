//! Checkpoints: the state of one partition group as one file, and the store that holds such files.
//!
//! A file says of itself to what it belongs (consumer group, partition number, settings) and up to which offsets its state has counted.
//! It is used whole or not at all: what is cut, changed, foreign or newer than this program is refused with the reason, and the file before
//! it is looked at. In reading order:
//!
//! * `key.rs`, `header.rs`, `file.rs`, `refusal.rs` - the layout of a file, and why one is refused;
//! * `fingerprint.rs` - which settings shape the state, as 32 bytes;
//! * `location.rs`, `object_name.rs` - where the files lie, and what they are called;
//! * `store.rs`, `options.rs`, `failure.rs`, `pace.rs` - writing, restoring and pruning, for threads that may block;
//! * `backend.rs`, `credentials.rs`, `staged_files.rs` - folders and buckets.
//!
//! The state itself is opaque here: of the engine only the settings are known. Does not know Kafka, or when a checkpoint is due.

mod backend;
mod byte_reader;
mod credentials;
mod failure;
mod file;
mod fingerprint;
mod header;
mod key;
mod location;
mod object_name;
mod options;
mod pace;
mod refusal;
mod staged_files;
mod store;

pub use failure::{FailureKind, Operation, StoreFailure};
pub use file::{Checkpoint, LAYOUT_VERSION, PREFIX_BYTES_MAX, encode, read, read_header};
pub use fingerprint::{SettingDifference, StateSettings, StateVersions};
pub use header::CheckpointHeader;
pub use key::{CheckpointKey, Fingerprint};
pub use location::{LocationProblem, StoreLocation};
pub use object_name::ObjectName;
pub use options::{EndpointProblem, S3Options, StoreOptions};
pub use pace::Pace;
pub use refusal::Refusal;
pub use store::{CheckpointStore, Found, Listed, OtherFingerprint, PutReport, Refused};
