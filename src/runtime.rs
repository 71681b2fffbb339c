//! The shell around the engine: the loops, the wall clock, and what scrapes read. Nothing else reads a clock.
//!
//! * [`Service`] is the running whole: a thread that polls, workers that consume, and what they show to the world;
//! * [`MemoryBudget`] is what the state may take, beside what the process may have;
//! * [`Shared`] is that: the newest snapshot, the process's own telemetry, whether it is ready and healthy.
//!
//! Does not know how HTTP asks, what metric text looks like or how Kafka delivers. Each worker has an engine of its own for the partition groups of
//! its share; the polling thread stops all of them for the moment in which their sums are gathered, and reads a snapshot while they go on.

mod asked;
mod clock;
mod consume;
mod crew;
mod journal;
mod memory;
mod pipeline;
mod publisher;
mod sampled;
mod service;
mod shared;
mod silence;

pub use clock::wall_now;
pub use memory::{MemoryBudget, memory_limit};
pub use service::{Failure, Service};
pub use shared::Shared;
