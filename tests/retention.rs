//! What leaves the state, when, and that it is counted; what must stay in the windows all the same; and what snapshots bring into it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

// Named, because `cargo fmt` would look for it below `retention/`.
#[path = "support"]
mod support {
    pub(crate) mod fed;
}

mod retention {
    mod desk;
    mod expiry;
    mod leaving;
    mod limits;
    mod told;
}
