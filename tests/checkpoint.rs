//! Checkpoints as files and in stores: what was written comes back, and nothing else is taken for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "checkpoint/faults.rs"]
mod faults;
#[path = "checkpoint/file.rs"]
mod file;
#[path = "checkpoint/folder.rs"]
mod folder;
#[path = "checkpoint/sample.rs"]
mod sample;
