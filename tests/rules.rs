//! The rules for Prometheus: complete against the catalogue, committed as generated, and true by `promtool`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rules {
    mod answers;
    mod catalogue;
    mod committed;
    mod customers;
    mod deployed;
    mod kpi;
    mod pipeline;
    mod shipped;
    mod speed;
    mod timeline;
}
// Named, because `cargo fmt` would look for it below `rules/`.
#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod promtool;
    pub(crate) mod tools;
}
