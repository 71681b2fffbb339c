//! A real broker with TLS, SASL and ACLs: who is let in with exactly the documented rights, and which message says why another one is not.
//!
//! Every secret is a canary that must appear nowhere. Without Java or the broker's jars each test prints that it is left out, and passes.

#[path = "support"]
mod support {
    pub(crate) mod acls;
    #[allow(dead_code, reason = "other live tests use more of it")]
    pub(crate) mod broker;
    #[allow(dead_code, reason = "other live tests use more of it")]
    pub(crate) mod exposition;
    pub(crate) mod left_out;
    pub(crate) mod measured;
    pub(crate) mod ports;
    #[allow(dead_code, reason = "other live tests use more of it")]
    pub(crate) mod service;
    pub(crate) mod tools;
    pub(crate) mod topics;
}

#[allow(dead_code, reason = "other live tests use more of it")]
#[path = "broker/set_up.rs"]
mod set_up;

mod broker_security {
    mod certificates;
    mod identities;
    mod refusals;
    mod rights;
    mod secured;
}
