//! The product against a slow, obvious second implementation that keeps every event and recomputes every metric from scratch.
//!
//! `model` is the second implementation, with its own reader of the input; `sequence` makes random event sequences; `compare` runs the product and
//! lays its exposition beside the model; `data` lays the model beside published data sets; the rest are named cases.

mod reference {
    mod bad_lines;
    mod cases;
    mod compare;
    mod contact;
    mod customer;
    mod data;
    mod families;
    mod found;
    mod model;
    mod outcome;
    mod product;
    mod properties;
    mod reader;
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
