//! The shell around the engine: its threads, the wall clock, and the values that HTTP serves. No other part lets the wall clock into a number.
//!
//! * [`Service`] is the running whole: a polling thread and the workers, from start to stop;
//! * [`ServiceView`] is its outside: the newest snapshot, the process's own telemetry, and whether it is healthy and ready;
//! * [`CurrentView`] is the outside of one service after the other, where a reload replaces the service;
//! * [`MemoryBudget`] is the memory that the state may take, and [`memory_limit`] the memory that the process may have.
//!
//! Does not know HTTP requests, the text of metrics or how Kafka delivers. Each worker has an engine of its own for its partition groups. For a snapshot
//! the polling thread stops all workers while their totals are gathered, and reads the values from the sums after the workers have gone on.

mod allocator;
mod catch_up;
mod catch_up_pace;
mod checkpoints;
mod clock;
mod clock_step;
mod current_view;
mod failure;
mod health;
mod memory_budget;
mod pipeline;
mod poll_loop;
mod record_log;
mod service;
mod service_view;
mod settings_change;
mod snapshot_publisher;
mod snapshot_requests;
mod watchdog;
mod workers;

pub use allocator::{give_back_freed_memory, memory_in_use};
pub use clock::wall_now;
pub use clock_step::{ClockReading, ClockSteps};
pub use current_view::CurrentView;
pub use failure::ServiceFailure;
pub use memory_budget::{MemoryBudget, memory_limit};
pub use service::Service;
pub use service_view::ServiceView;
pub use settings_change::{predict_settings_change, recount_loss};
