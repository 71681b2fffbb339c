//! What the binary does: run, demo, replay, generate, check.
