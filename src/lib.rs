//! Live customer service and customer experience metrics: Kafka events in, rolling windows in memory, Prometheus gauges out.
//!
//! In reading order, which is the way of an event:
//!
//! * [`time`] - instants and spans, without a clock;
//! * [`event`] - a record's bytes to an [`event::Event`] or a reason of refusal;
//! * [`feed`] - programs in jq that turn the payloads of help desks into events;
//! * [`engine`] - the pure state machine: once-only, life cycles, facts, panes, rolling windows, snapshots;
//! * [`metrics`] - the catalogue of families and the text of a snapshot;
//! * [`monitoring`] - recording rules and alerts for Prometheus, from the catalogue;
//! * [`config`] - file, environment and flags to a resolved configuration;
//! * [`kafka`], [`http`], [`runtime`] - the shell: the only places with I/O and a clock;
//! * [`checkpoint`] - the state of a partition group as a file, and the store of such files;
//! * [`intake`] - the stage that feeds the canonical topics, from raw topics and webhooks;
//! * [`simulator`] - a synthetic support organisation, for the demo and the generator;
//! * [`command`] - what the binary does;
//! * [`kill_point`] - where tests have the process killed.
//!
//! `ARCHITECTURE.md` says for each part what it does *not* know.

pub mod checkpoint;
pub mod command;
pub mod config;
pub mod engine;
pub mod event;
pub mod feed;
pub mod http;
pub mod intake;
pub mod kafka;
pub mod kill_point;
pub mod metrics;
pub mod monitoring;
pub mod runtime;
pub mod simulator;
pub mod time;
