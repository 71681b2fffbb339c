//! The real binary with a real Apache Kafka broker, from outside: records go in; exposition and exit codes come out.
//!
//! Without Java or the broker's jars each test prints that it is left out, and passes; `tests/run.sh` brings both. One broker serves all tests, one at a
//! time.

// The path is named, because `cargo fmt` would search for the folder below `broker/`.
#[path = "support"]
mod support {
    #[allow(dead_code, reason = "the tests with the mock broker use more of it")]
    pub(crate) mod batches;
    pub(crate) mod broker;
    #[allow(dead_code, reason = "the test without a broker uses more of it")]
    pub(crate) mod corpus;
    pub(crate) mod data;
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod measured;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "the tests of the monitoring use more of it")]
    pub(crate) mod prometheus;
    #[allow(dead_code, reason = "the live tests use more of it")]
    pub(crate) mod service;
    pub(crate) mod tools;
    pub(crate) mod topics;
}

mod broker {
    mod catch_up_alerts;
    mod checking;
    mod checkpoint_files;
    mod corpus;
    mod dead_letters;
    mod kills;
    mod latency;
    mod ledger;
    mod load;
    mod log_facts;
    mod membership;
    mod outages;
    mod poison;
    mod rebalances;
    mod recorded_faults;
    mod refusals;
    mod reloads;
    mod replicas;
    mod restarts;
    mod retention;
    mod same_as_replay;
    mod set_up;
    mod shipped_rules;
    mod soak;
    mod storage_outages;
    mod takeover;
    mod tokens;
    mod twins;
}
