//! The loop and the wiring; the only place with the clock.
