//! The shipped feeds and the runner of their programs: every example becomes its events, nothing else of a payload gets out, and no program runs on.

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod decode_settings;
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod left_out;
}

mod feeds {
    mod bounds;
    mod examples;
    mod fixtures;
    mod privacy;
    mod replayed;
    mod shared;
    mod shortcuts;
}
