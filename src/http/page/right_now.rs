//! The tiles of the current state: how much is open, how much waits, and since when.
//!
//! Knows markup. Does not know windows: these values are about now.

use super::PageContext;
use super::html::{Html, Shown};
use super::marked_changes;
use super::number_format::{Unit, duration};
use super::sparklines::{self, Levels};
use super::tiles::{TILES, Tile};
use crate::metrics::Values;

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
        if let Some(mut sparkline) = page.history.sparkline(at) {
            sparkline.marks = marked_changes::within(page, sparkline.seconds);
            sparklines::draw(html, &sparkline, Unit::Count, &Levels::default());
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
