//! Targets and business hours: schedules against a slow second implementation, and decisions about targets and the values made from them through the
//! whole product.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with tests that drive an engine in other ways")]
#[path = "support/engine_driver.rs"]
mod engine_driver;

#[allow(dead_code, reason = "shared with tests that hold several engines beside each other")]
#[path = "support/side_by_side.rs"]
mod side_by_side;

mod targets {
    mod any_order;
    mod changed;
    mod chats;
    mod desk;
    mod due;
    mod families;
    mod first_response;
    mod known;
    mod resolution;
    mod schedules;
    mod ticket_snapshots;
}
