//! What the binary does: run, demo, replay, generate, check.

pub mod check;
