//! The wire forms: flat, CloudEvents structured, CloudEvents binary.
