//! The process's own telemetry: counters since the start, through the `prometheus` crate.
