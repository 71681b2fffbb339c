//! The shell around the engine: the loop, the wall clock, and what scrapes read. Nothing else reads a clock.
//!
//! * [`Service`] is the running whole: a thread that consumes, and what it shows to the world;
//! * [`Shared`] is that: the newest snapshot, the process's own telemetry, whether it is ready and healthy.
//!
//! Does not know how HTTP asks, what metric text looks like or how Kafka delivers. One thread holds the engine for now; the pipeline (decode, engine, telemetry, sampled
//! log) is one value, so that there can be one per partition group on threads of their own later.

mod clock;
mod consume;
mod pipeline;
mod sampled;
mod service;
mod shared;

pub use clock::wall_now;
pub use service::{Failure, Service};
pub use shared::Shared;
