//! The whole way of a help desk's numbers: PostgreSQL, Debezium, Kafka, `cxpulse feed` and `cxpulse run`; and the same numbers by SQL in that database.
//!
//! The connector's configuration and the rights in the database are those of the feed's page, so that the page is tested too. Without PostgreSQL, Java or
//! the jars the test prints that it is left out, and passes; `tests/run.sh` brings all.

#[path = "support"]
mod support {
    #[allow(dead_code, reason = "other tests use more of it")]
    pub(crate) mod broker;
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

mod feed_chain {
    mod chain;
    mod chatwoot;
    mod connect;
    mod database;
    mod day;
    mod freescout;
    mod page;
    mod zammad;
}
