//! The customer journey and churn by experience, through the engine's public interface: worked cases, and random histories in any order of arrival,
//! compared with a slow recomputation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::wildcard_enum_match_arm, reason = "what a rule is not about it passes over")]

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "support/engine_driver.rs"]
mod engine_driver;
#[allow(dead_code, reason = "shared with tests that read a scrape in other ways")]
#[path = "support/exposition.rs"]
mod exposition;

mod journey {
    mod cases;
    mod churn;
    mod erasure;
    mod facts;
    mod model;
    mod pain;
    mod properties;
    mod world;
}
