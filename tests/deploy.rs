//! What lies in `deploy/`: every configuration is taken by the real binary, every file by the checker of its own world.
//!
//! The checkers come from `tests/run.sh`; without them their tests say so and pass.

#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod tools;
}

mod deploy {
    mod checkers;
    mod compose;
    mod configurations;
    mod files;
    mod healthcheck;
    mod helm;
    mod image;
    mod kafka;
    mod kubernetes;
    mod systemd;
}
