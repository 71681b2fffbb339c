//! Stage 1 of the way of an event: records come from the brokers. This is the only user of rdkafka.
//!
//! * [`wait_for_topics`] comes first: it waits until every topic exists, and refuses unequal partition counts;
//! * [`Session`] is one membership of the consumer group: it polls the client and follows the assignment;
//! * [`WorkerPartitions`] are the partition groups of one worker: they take records and hand them to a [`Sink`];
//! * [`PartitionProgress`] is how far one topic partition has been read, and [`LogIdentity`] by what its log is recognised;
//! * [`run_stage()`] maps the records of topics in transactions, and [`ConfirmedProducer`] sends what came over HTTP;
//! * [`inspect()`] asks a cluster the questions of `check --connect`, and [`read_newest()`] reads records for it.
//!
//! Does not know events, the engine, metrics or the wall clock. The [`Sink`] knows the meaning of a record, and the offset at which a partition resumes.

mod batch_probe;
mod certificate_probe;
mod client_context;
mod client_errors;
mod cloud_event_headers;
mod cluster;
mod cluster_check;
mod cluster_observer;
mod commits;
mod confirmed_producer;
mod dead_letter_topic;
pub mod dead_letters;
pub mod embedded_broker;
mod failure;
mod fetch_queue;
mod finding;
mod group_queues;
mod history_transfer;
mod letter_check;
mod letter_line;
mod letter_offsets;
mod log_identity;
mod losses;
mod partition_progress;
pub mod producer;
mod properties;
mod question_context;
mod read_again;
mod read_to_ends;
mod reading_order;
mod rebalance;
mod record_sample;
mod session;
mod session_settings;
mod sink;
mod stage_client;
mod stage_record;
mod stage_session;
mod table_rows;
mod token;
mod topic_ids;
mod undecodable;
mod undecodable_partitions;
#[cfg(unpacking_is_bounded)]
mod unpacking;
mod worker_partitions;

pub use cluster::{Cluster, Lookup, LookupError, TopicPresence, wait_for_topics};
pub use cluster_check::inspect;
pub use confirmed_producer::{ConfirmedProducer, Unconfirmed};
pub use dead_letter_topic::{DeadLetter, RecordOrigin, read_dead_letters, send_back};
pub use dead_letters::DeadLetters;
pub use failure::Failure;
pub use finding::{Finding, FindingSeverity};
pub use history_transfer::{HistoryTransfer, TransferError};
pub use letter_check::inspect_dead_letters;
pub use letter_line::{letter_of_line, line_of_letter};
pub use log_identity::{LastRecord, LogIdentity, RecordComparison, TopicId, record_hash};
pub use losses::{Loss, LossEnd, SkippedBatch};
pub use partition_progress::{Hold, LogStart, PartitionProgress, TopicPartition};
pub use properties::{check_client, group_consumer, session_timeout};
pub use record_sample::read_newest;
pub use session::{Session, StuckPartition};
pub use session_settings::{SessionSettings, StartAt};
pub use sink::{ArrivedRecord, AssignmentChange, RefusedRecord, Sink, TimestampKind};
pub use stage_record::{RawRecord, StageRecord};
pub use stage_session::{RawRecordMapper, StageStatus, run_stage};
pub use table_rows::TableRows;
pub use undecodable::UndecodableReason;
pub use worker_partitions::{StoppedPartitions, WorkerPartitions, stop_all, stop_all_settled, worker_of};

/// The C libraries that are linked in and speak with brokers, each with its version.
#[must_use]
pub fn libraries() -> [(&'static str, String); 2] {
    let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
    // The text is such as `OpenSSL 3.5.0 8 Apr 2025`.
    let openssl = openssl::version::version();
    [("librdkafka", librdkafka), ("openssl", openssl.split(' ').nth(1).unwrap_or(openssl).to_owned())]
}
