//! Entries that leave the state: when they leave, that this is counted, and that their facts stay in the windows. Ticket snapshots that enter it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

// The path is given, because `cargo fmt` would look for it below `retention/`.
#[path = "support"]
mod support {
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
}

mod retention {
    mod changes;
    mod desk;
    mod expiry;
    mod leaving;
    mod limits;
    mod settling;
    mod ticket_snapshots;
}
