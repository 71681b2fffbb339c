//! Files through decoder, engine and exposition, as `cxpulse replay` sends them: small ones with known numbers, and the published data sets
//! against their expected values.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

// Named, because `cargo fmt` would look for it below `replay/`.
#[path = "support"]
mod support {
    pub(crate) mod contributions;
    pub(crate) mod left_out;
}

mod replay {
    mod backfill;
    mod changes;
    mod contributions;
    mod data_sets;
    mod explained;
    mod real_desks;
    mod reported;
    mod small_inputs;
}
