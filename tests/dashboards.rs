//! The dashboards: the committed files equal the generated ones, and every panel queries series that exist, in a way that has a meaning.

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
