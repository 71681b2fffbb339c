//! The product against a slow, obvious second implementation that keeps every event and recomputes every metric from scratch.
//!
//! `model` is the second implementation, with its own reader of the input; `sequence` makes random event sequences; `compare` runs the product and
//! lays its exposition beside the model; `against_data` and `case_files` lay the model alone beside values that somebody else computed; `desk` lays
//! numbers worked out by hand for the rules of real desks beside both; the rest are named cases.

// Named, because `cargo fmt` would look for it below `reference/`.
#[path = "support"]
mod support {
    pub(crate) mod contributions;
}

mod reference {
    mod against_data;
    mod answers;
    mod bad_lines;
    mod case_files;
    mod cases;
    mod changes;
    mod chat;
    mod compare;
    mod config;
    mod contact;
    mod contribution;
    mod customer;
    mod data;
    mod desk;
    mod desk_cases;
    mod desk_chats;
    mod desk_customers;
    mod desk_surveys;
    mod desk_tickets;
    mod due;
    mod families;
    mod found;
    mod identity;
    mod instant;
    mod journey;
    mod json;
    mod laws;
    mod model;
    mod order;
    mod outcome;
    mod product;
    mod properties;
    mod reader;
    mod record;
    mod sequence;
    mod series;
    mod setup;
    mod sheet;
    mod sketch;
    mod statistics;
    mod survey;
    mod targets;
    mod ticket;
    mod trend;
    mod world;
}
