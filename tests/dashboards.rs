//! The dashboards: generated equals committed, and every panel asks for something that is there, in a way that means something.

mod dashboards {
    mod expressions;
    mod files;
    mod linted;
    mod panels;
}
