//! The real binary against a real Apache Kafka broker, from outside: records in, exposition and exit codes out.
//!
//! Without Java or the broker's jars each test says so and passes; `tests/run.sh` brings both. One broker serves all tests, one at a time.

// Named, because `cargo fmt` would look for it below `broker/`.
#[path = "support"]
mod support {
    pub(crate) mod broker;
    pub(crate) mod data;
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod measured;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "the live tests use more of it")]
    pub(crate) mod service;
    pub(crate) mod tools;
    pub(crate) mod topics;
}

mod broker {
    mod checking;
    mod latency;
    mod ledger;
    mod membership;
    mod outages;
    mod refusals;
    mod same_as_replay;
    mod set_up;
}
