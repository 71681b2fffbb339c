//! The generated rules in a real Prometheus: two replicas of the real binary, an incident, and alerts that fire and resolve.
//!
//! To watch it: `cargo test --test monitoring -- --nocapture`, with Prometheus and the test broker as `tests/run.sh` installs them.

// The path is given because `cargo fmt` would look for the folder below `monitoring/`.
#[path = "support"]
mod support {
    #[allow(dead_code, reason = "the tests on the broker use more of it")]
    pub(crate) mod broker;
    pub(crate) mod compressed;
    #[allow(dead_code, reason = "the tests on the broker use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod live;
    #[allow(dead_code, reason = "the tests of the dashboards use more of it")]
    pub(crate) mod panels;
    pub(crate) mod ports;
    pub(crate) mod prometheus;
    #[allow(dead_code, reason = "the tests on the broker use more of it")]
    pub(crate) mod service;
    pub(crate) mod tools;
    #[allow(dead_code, reason = "the tests on the broker use more of it")]
    pub(crate) mod topics;
}

mod monitoring {
    mod incident;
    mod panels;
}
