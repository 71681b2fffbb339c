//! The rules for Prometheus: complete against the catalogue, committed as generated, and true by `promtool`.

mod rules {
    mod catalogue;
    mod committed;
}
// Named, because `cargo fmt` would look for it below `rules/`.
#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod promtool;
    pub(crate) mod tools;
}
