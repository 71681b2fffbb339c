//! Feeds: small programs in jq that turn the payload of a help desk into events of the contract.
//!
//! * [`FeedSettings`] says what a feed is: its name, its program, and how ids and record keys are made;
//! * [`Feed`] is a compiled feed: one payload goes in, and events come out or a [`Rejection`];
//! * [`shipped`] are the feeds that are part of the binary;
//! * [`SignatureScheme`] proves that a payload over HTTP comes from the vendor;
//! * [`Example`] is a payload with the events that it becomes.
//!
//! Does not know Kafka, HTTP, the engine, or a clock: the caller says when the time of a payload is over.

mod constants;
mod event_output;
mod example;
mod functions;
mod hexadecimal;
mod payload;
mod payload_value;
mod program;
mod quick_functions;
mod rejection;
mod run;
mod settings;
mod shipped;
mod shortcuts;
mod signature;
mod steps;
mod table_topic;
mod tables;
mod term_change;

pub use event_output::{MappedEvent, RecordTarget};
pub use example::{Example, ExampleError};
pub use payload::{Payload, PayloadError, batch_of, without_registry_framing};
pub use program::{Feed, Mapped, ProgramError, STACK_BYTES};
pub use rejection::{Rejection, RejectionReason};
pub use settings::{FeedSettings, RecordKey};
pub use shipped::{SHIPPED, ShippedFeed, shipped};
pub use signature::{Credential, Refused, SignatureScheme, SignedRequest};
pub use table_topic::TableTopic;
pub use tables::Tables;
