//! Stage 1 of the way of an event: records come from the brokers. This is the only user of rdkafka.
//!
//! * [`wait_for_topics`] comes first: it waits until every topic exists, and refuses unequal partition counts;
//! * [`Session`] is one membership of the consumer group: it polls the client and follows the assignment;
//! * [`WorkerPartitions`] are the partition groups of one worker: they take records and hand them to a [`Sink`];
//! * [`PartitionProgress`] is how far one topic partition has been read;
//! * [`run_stage()`] maps the records of topics in transactions, and [`ConfirmedProducer`] sends what came over HTTP;
//! * [`inspect()`] asks a cluster the questions of `check --connect`, and [`read_newest()`] reads records for it.
//!
//! Does not know events, the engine, metrics or the wall clock. The [`Sink`] knows the meaning of a record, and the offset at which a partition resumes.

mod client_errors;
mod cloud_event_headers;
mod cluster;
mod cluster_check;
mod cluster_observer;
mod confirmed_producer;
pub mod embedded_broker;
mod failure;
mod group_queues;
mod history_transfer;
mod partition_progress;
pub mod producer;
mod properties;
mod reading_order;
mod rebalance;
mod record_sample;
mod session;
mod sink;
mod stage_record;
mod stage_session;
mod worker_partitions;

pub use cluster::{Cluster, Lookup, LookupError, TopicPresence, wait_for_topics};
pub use cluster_check::{Finding, FindingSeverity, inspect};
pub use confirmed_producer::{ConfirmedProducer, Unconfirmed};
pub use failure::Failure;
pub use history_transfer::{HistoryTransfer, TransferError};
pub use partition_progress::{PartitionProgress, TopicPartition};
pub use properties::group_consumer;
pub use record_sample::read_newest;
pub use session::{Session, SessionSettings, StartAt};
pub use sink::{ArrivedRecord, AssignmentChange, Sink, TimestampKind};
pub use stage_record::{RawRecord, StageRecord};
pub use stage_session::{RawRecordMapper, StageStatus, run_stage};
pub use worker_partitions::{StoppedPartitions, WorkerPartitions, stop_all, stop_all_settled};
