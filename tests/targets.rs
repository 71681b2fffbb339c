//! Targets and business hours: schedules against a slow second implementation, and decisions through the whole product.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod targets {
    mod any_order;
    mod chats;
    mod desk;
    mod families;
    mod first_response;
    mod resolution;
    mod schedules;
    mod told;
}
