//! Fuzz targets: each takes any bytes, as they are and as a script that changes good input, and checks what must hold for every input.
//!
//! `cargo test` replays the saved corpora in `tests/fuzz/__fuzz__` and tries random inputs for a second each. `BOLERO_RANDOM_TEST_TIME_MS=600000
//! cargo test --test fuzz -- --nocapture checkpoint` runs a target for ten minutes; `BOLERO_RANDOM_SEED` repeats the input of a failure.

#[path = "../support"]
mod support {
    #[allow(dead_code, reason = "another test uses more of it")]
    pub(crate) mod corpus;
    pub(crate) mod decode_settings;
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    pub(crate) mod measured;
    #[allow(dead_code, reason = "shared with tests that hold engines beside each other")]
    pub(crate) mod side_by_side;
}

mod checkpoint;
mod configuration;
mod decoder;
mod engine;
mod feed;
mod http;
mod script;
