//! The table of the tiles of the current state: the title and the families of each.
//!
//! Does not know markup, nor how a line is drawn.

/// A value of the current state.
pub(super) struct Tile {
    pub(super) title: &'static str,
    /// The family of the value.
    pub(super) family: &'static str,
    /// The family that holds the instant since which the oldest one waits.
    pub(super) oldest_since: Option<&'static str>,
}

/// The tiles in the order of the page.
pub(super) const TILES: [Tile; 7] = [
    tile("Open tickets", "cx_backlog_tickets", None),
    tile("Unanswered", "cx_backlog_unanswered_tickets", Some("cx_backlog_oldest_unanswered_timestamp_seconds")),
    tile("Past target", "cx_backlog_unanswered_past_target_tickets", None),
    tile("Awaiting a reply", "cx_backlog_awaiting_reply_tickets", Some("cx_backlog_oldest_awaiting_reply_timestamp_seconds")),
    tile("Chats waiting", "cx_chats_waiting", None),
    tile("Chats going on", "cx_chats_active", None),
    tile("Customers", "cx_customers_active", None),
];

const fn tile(title: &'static str, family: &'static str, oldest_since: Option<&'static str>) -> Tile {
    Tile { title, family, oldest_since }
}
