//! The tiles of the current state: how much is open, how much waits, and since when.
//!
//! Knows markup. Does not know windows: these values are about now.

use super::PageContext;
use super::html::{Html, Shown};
use super::number_format::{Unit, duration};
use super::sparklines;
use crate::metrics::Values;

/// A value of the current state.
pub(super) struct Tile {
    title: &'static str,
    /// The family of the value.
    pub(super) family: &'static str,
    /// The family that holds the instant since which the oldest one waits.
    oldest_since: Option<&'static str>,
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

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.raw("<section aria-labelledby=\"now\"><h2 id=\"now\">Right now</h2><dl class=\"tiles\">");
    for (at, Tile { title, family, oldest_since }) in TILES.iter().enumerate() {
        let Some(sample) = values.overall(family, &[]) else { continue };
        html.put(format_args!("<div><dt>{title}</dt><dd><span class=\"figure\">{}</span>", Shown(&sample, Unit::Count)));
        if let Some(since) = oldest_since.and_then(|family| values.overall(family, &[])) {
            let age = (page.snapshot.now.as_seconds() - since.value).max(0.0);
            html.put(format_args!("<span class=\"soft\">oldest {}</span>", duration(age)));
        }
        if let Some(sparkline) = page.history.sparkline(sparklines::column_of_tile(at)) {
            sparklines::draw(html, &sparkline, Unit::Count, None);
        }
        html.raw("</dd></div>");
    }
    html.raw("</dl>");
    let complete = values.of_state("cx_backlog_complete");
    if complete.iter().any(|(_, sample)| sample.value == 0.0) {
        html.raw("<p class=\"note\">The backlog may lack tickets: the history was not read from the log’s start, nor a full set of snapshots.</p>");
    }
    html.raw("</section>");
}
