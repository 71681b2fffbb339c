//! The effects of marked changes equal a slow recomputation from the standing facts: for a made desk with a planted effect, for random histories with
//! corrections in any order over several engines with a restore between, and for the public data sets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "shared with tests that read more of an exposition")]
    pub(crate) mod data;
    #[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
    pub(crate) mod engine_driver;
    #[allow(dead_code, reason = "shared with tests that read more of an exposition")]
    pub(crate) mod exposition;
    #[allow(dead_code, reason = "shared with tests that leave out other things")]
    pub(crate) mod left_out;
    #[allow(dead_code, reason = "shared with tests that measure more")]
    pub(crate) mod measured;
    pub(crate) mod promtool;
    pub(crate) mod tools;
}

#[path = "change_effects/desk.rs"]
mod desk;
#[path = "change_effects/histories.rs"]
mod histories;
#[path = "change_effects/planted.rs"]
mod planted;
#[path = "change_effects/public.rs"]
mod public;
#[path = "change_effects/replicas.rs"]
mod replicas;
#[path = "change_effects/slow.rs"]
mod slow;
