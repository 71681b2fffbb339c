//! Hop 1 of the way of an event: broker bytes to records. The only place with rdkafka.
//!
//! * [`Session`] is one membership of the consumer group: it polls and follows the assignment;
//! * [`Share`] is one worker's part of it: it takes the records of some partition groups and hands them to a [`Sink`];
//! * [`wait_for_topics`] is what comes before: every topic there, with equal partition counts;
//! * [`inspect()`] is what `check --connect` asks a cluster.
//!
//! Does not know events, the engine, metrics or the wall clock. What a record means, and which offset a partition group goes on from, is the
//! [`Sink`]'s business.

mod assignment;
mod attributes;
mod cluster;
mod context;
pub mod embedded;
mod failure;
mod group;
mod inspect;
mod observer;
pub mod produce;
mod properties;
mod session;
mod share;
mod sink;

pub use assignment::{Feed, TopicPartition};
pub use cluster::{Cluster, Lookup, LookupError, TopicState, wait_for_topics};
pub use failure::Failure;
pub use inspect::{Finding, Severity, inspect};
pub use properties::group_consumer;
pub use session::{Session, SessionSettings, StartAt};
pub use share::{Held, Share, Stopped, stop_all, stop_all_settled};
pub use sink::{Arrived, Rebalance, Sink, TimestampKind};
