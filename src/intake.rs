//! The stage `cxpulse feed`: payloads come in from topics and over HTTP, feeds map them, and events go out to the canonical topics.
//!
//! * [`TopicIntake`] maps the records of raw topics, for [`crate::kafka::run_stage`];
//! * [`WebhookIntake`] takes payloads over HTTP, and answers once they are safe;
//! * [`FirstSnapshot`] sees whether the first snapshot of a database is complete;
//! * [`ExportIntake`] maps the objects of an export, each with its whole history;
//! * [`SortedHistory`] brings the past of a help desk into the order of time;
//! * [`Spool`] keeps on disk what no broker has confirmed yet.
//!
//! Does not know a vendor, nor what an event means.

mod exports;
mod first_snapshot;
mod history;
mod mapping;
mod recent;
mod spool;
mod topics;
mod webhooks;

pub use exports::ExportIntake;
pub use first_snapshot::FirstSnapshot;
pub use history::SortedHistory;
pub use mapping::FeedMapper;
pub use spool::{Spool, SpoolError};
pub use topics::TopicIntake;
pub use webhooks::WebhookIntake;
