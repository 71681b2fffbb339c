//! The parts of the bench of the alerts, so that its figures mean what they say.

#[allow(dead_code, reason = "the bench uses the rest")]
#[path = "../benches/support/pages/mod.rs"]
mod pages;
