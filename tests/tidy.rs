//! The repository checks itself: which module uses which, where libraries, clocks and unsafe code may be, sizes and first lines of files, and pages
//! that are true to the code.
//!
//! The tests read text only. They do not repeat what the compiler and clippy check.

mod tidy {
    mod architecture;
    mod circles;
    mod code;
    mod crate_map;
    mod names;
    mod pages;
    mod repository;
    mod rust;
}
