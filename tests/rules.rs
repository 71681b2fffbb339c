//! The rules for Prometheus: they cover the catalogue, the committed files equal the generated ones, and `promtool` proves the alerts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rules {
    mod catalogue;
    mod committed;
    mod contributions;
    mod deployed;
    mod evidence;
    mod journey;
    mod kpi;
    mod marked_changes;
    mod merged_values;
    mod past_weeks;
    mod pipeline;
    mod response_and_chats;
    mod shipped;
    mod surveys;
    mod timeline;
}
// The path is given because `cargo fmt` would look for the folder below `rules/`.
#[path = "support"]
mod support {
    pub(crate) mod contributions;
    pub(crate) mod left_out;
    pub(crate) mod promtool;
    pub(crate) mod tools;
}
