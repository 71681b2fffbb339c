//! `cxpulse feed` with a real broker, from outside: raw records and webhooks go in, canonical events come out, each once.
//!
//! Without Java or the broker's jars each test prints that it is left out, and passes; `tests/run.sh` brings both.

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod broker;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod data;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod measured;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod service;
    pub(crate) mod tools;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod topics;
}

mod feed_stage {
    mod committed;
    mod doctor;
    mod exports;
    mod killed;
    mod process;
    mod web;
    mod webhooks;
}
