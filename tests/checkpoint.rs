//! Checkpoints as files and in stores: what was written comes back, and nothing else is taken for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

#[path = "checkpoint/bucket.rs"]
mod bucket;
#[path = "checkpoint/disk.rs"]
mod disk;
#[path = "checkpoint/faults.rs"]
mod faults;
#[path = "checkpoint/file.rs"]
mod file;
#[path = "checkpoint/folder.rs"]
mod folder;
#[path = "checkpoint/moto.rs"]
mod moto;
#[path = "checkpoint/sample.rs"]
mod sample;

mod support {
    #[path = "../support/left_out.rs"]
    pub(crate) mod left_out;
    #[path = "../support/ports.rs"]
    pub(crate) mod ports;
    #[path = "../support/tools.rs"]
    pub(crate) mod tools;
}
