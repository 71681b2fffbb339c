//! A made support organisation: pure, seeded, believable.
