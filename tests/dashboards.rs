//! The dashboards: generated equals committed, and every panel asks for something that is there, in a way that means something.

#[path = "support"]
mod support {
    pub(crate) mod left_out;
    pub(crate) mod panels;
    pub(crate) mod tools;
}

mod dashboards {
    mod expressions;
    mod files;
    mod linted;
    mod types;
}
