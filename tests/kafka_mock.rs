//! The service with librdkafka's own mock broker: consuming, rebalances, outages, and failures. Without Java, and on loopback only.
//!
//! The mock cluster may not leave the thread that made it, so each test has its own. It waits three seconds before a group's first assignment, which is
//! most of the time of these tests; they run side by side.

#![allow(clippy::unwrap_used, reason = "helpers of tests, where a failure is a failed test")]

// The path is named, because `cargo fmt` would search for the folder below `kafka_mock/`.
#[path = "support"]
mod support {
    #[allow(dead_code, reason = "the tests with a real broker use more of it")]
    pub(crate) mod batches;
}

mod kafka_mock {
    mod batches;
    mod consuming;
    mod dead_letters;
    mod ending;
    mod membership;
    mod outages;
    mod process;
    mod session;
    mod set_up;
    mod undecodable;
}
