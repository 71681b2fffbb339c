//! The live page, for people who open the address of the process in a browser.
//!
//! The server renders the whole page. The page works without script; the script only fetches it again and exchanges the parts that have changed.
//! The page loads nothing but files of this server, so its content security policy needs no exception. Each section is a file below `page/`.
//!
//! Knows markup. Does not know how a value came about: the values come from the catalogue, and each carries the name of its series.

mod contributions;
mod correlations;
mod customer_value;
mod group_tables;
mod headline_cards;
mod headline_numbers;
mod html;
mod incident;
mod journey;
mod marked_changes;
mod number_format;
mod onset;
mod pipeline;
mod right_now;
mod sparkline_history;
mod sparklines;
mod tiles;
mod troubles;
mod verdict;
mod withholding;

use std::fmt::Write as _;

pub(super) use sparkline_history::SparklineHistory;
pub(super) use sparklines::sparkline_row;

use self::html::{Escaped, Html, Shown, write_instant};
use self::number_format::Unit;
use super::TopicRefusal;
use crate::engine::{Snapshot, WindowState};
use crate::metrics::telemetry::TelemetrySample;
use crate::metrics::{Exposition, Values};

/// The content security policy: the page loads this server's own files only, runs no inline script, uses no inline style, and no other page may
/// frame it.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                                 form-action 'none'; frame-ancestors 'none'";

/// The files of the page: path, content type and text.
pub(super) const FILES: [(&str, &str, &str); 3] = [
    ("/-/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/-/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("/-/page.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// Without a window in the query, the page shows the first window that is at least this long, because shorter ones have few answers at night.
const DEFAULT_WINDOW_SECONDS_MIN: f64 = 86_400.0;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>\n<title>cxpulse</title>\n<link rel=\"icon\" href=\"/-/page.svg\" type=\"image/svg+xml\">\n\
<link rel=\"stylesheet\" href=\"/-/page.css\">\n<script src=\"/-/page.js\" defer></script>\n</head>\n";

/// Everything that one page shows.
pub(super) struct PageContext<'a> {
    /// Reads the values of the snapshot.
    pub(super) exposition: &'a Exposition,
    /// The values.
    pub(super) snapshot: &'a Snapshot,
    /// The number of the snapshot, as in the header of every response that is made of it.
    pub(super) number: u64,
    /// The index of the window that the page shows.
    pub(super) window: usize,
    /// The process's own counters and gauges.
    pub(super) telemetry: Vec<TelemetrySample>,
    /// The latest refused record of each reason.
    pub(super) refusals: Vec<TopicRefusal>,
    /// The reason why the values do not cover all data yet, if they do not.
    pub(super) ready: Result<(), String>,
    /// The points of the sparklines.
    pub(super) history: &'a SparklineHistory,
    /// The path of the exposition.
    pub(super) telemetry_path: &'a str,
    /// Statistics of fewer cases are withheld.
    pub(super) group_size_min: u32,
}

impl<'a> PageContext<'a> {
    /// The values over the page's window.
    fn values(&self) -> Values<'a> {
        self.exposition.values(self.snapshot, self.window)
    }

    /// The page's window; `None` if no window is configured, which the configuration does not allow.
    fn window_state(&self) -> Option<&'a WindowState> {
        self.snapshot.windows.get(self.window)
    }

    /// The name of the page's window.
    fn window_name(&self) -> &'a str {
        self.window_state().map_or("", |window| window.settings.name.as_str())
    }
}

/// The index of the window that a query such as `window=24h` names. If it names no configured window, the index of the default window.
pub(super) fn window_of(query: Option<&str>, snapshot: &Snapshot) -> usize {
    let asked = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("window="));
    let windows = &snapshot.windows;
    let named = asked.and_then(|name| windows.iter().position(|window| window.settings.name == name));
    let default = || windows.iter().position(|window| window.settings.range.as_seconds() >= DEFAULT_WINDOW_SECONDS_MIN);
    named.or_else(default).unwrap_or_else(|| windows.len().saturating_sub(1))
}

/// The whole page as HTML.
pub(super) fn render(page: &PageContext<'_>) -> String {
    let mut html = Html::default();
    html.raw(HEAD);
    html.put(format_args!("<body data-version=\"{}\">\n<a class=\"skip\" href=\"#main\">To the numbers</a>\n", env!("CARGO_PKG_VERSION")));
    header(&mut html, page);
    // The script writes here only when contact is lost or restored, so that a screen reader does not read numbers aloud every few seconds.
    html.raw("<p id=\"contact\" role=\"status\" aria-live=\"polite\"></p>\n<main id=\"main\" tabindex=\"-1\">\n");
    if page.snapshot.windows.is_empty() {
        html.raw("<p class=\"notice\">No values yet: they appear with the first events.</p>\n");
    } else {
        let values = page.values();
        incident::section(&mut html, page);
        notices(&mut html, page);
        right_now::section(&mut html, page, &values);
        headline_cards::section(&mut html, page, &values);
        marked_changes::section(&mut html, page);
        group_tables::sections(&mut html, page, &values);
        customer_value::section(&mut html, page, &values);
        journey::section(&mut html, page, &values);
        correlations::section(&mut html, page, &values);
        pipeline::section(&mut html, page, &values);
    }
    html.raw("</main>\n");
    footer(&mut html, page);
    html.raw("</body>\n</html>\n");
    html.finish()
}

/// The text at `/` if the page is turned off.
pub(super) fn plain_index(telemetry_path: &str) -> String {
    let mut text = format!("cxpulse {}\n\n", env!("CARGO_PKG_VERSION"));
    for (path, description) in [
        (telemetry_path, "metrics"),
        ("/-/ready", "whether every value covers all data"),
        ("/-/healthy", "whether the process makes progress"),
    ] {
        writeln!(text, "{path}  {description}").expect("a String takes all that is written to it");
    }
    text.push_str("\nThe live page is turned off (web.page).\n");
    text
}

fn header(html: &mut Html, page: &PageContext<'_>) {
    html.raw("<header><div class=\"brand\"><h1>cxpulse</h1>");
    match &page.ready {
        Ok(()) => html.raw("<span class=\"state ready\"><span aria-hidden=\"true\">●</span> ready</span>"),
        Err(_) => html.raw("<span class=\"state waiting\"><span aria-hidden=\"true\">○</span> not ready</span>"),
    }
    html.put(format_args!("<span class=\"asof soft\" data-snapshot=\"{}\">as of ", page.number));
    let now = page.snapshot.now.to_string();
    let short = now.get(11..19).unwrap_or(&now);
    html.put(format_args!("<time datetime=\"{now}\" data-precision=\"second\">{short} UTC</time></span></div>"));
    html.raw("<nav aria-label=\"Window\"><ul>");
    for (at, window) in page.snapshot.windows.iter().enumerate() {
        let name = Escaped(&window.settings.name);
        let current = if at == page.window { " aria-current=\"true\"" } else { "" };
        html.put(format_args!("<li><a href=\"/?window={name}\"{current}><span class=\"unseen\">last </span>{name}</a></li>"));
    }
    html.raw("</ul></nav></header>\n");
}

/// The notices above the numbers: that not all data is read yet, and that the window is incomplete.
fn notices(html: &mut Html, page: &PageContext<'_>) {
    if let Err(reason) = &page.ready {
        html.put(format_args!(
            "<p class=\"notice\"><strong>Not ready:</strong> {}. The values are out of date, or do not cover all data.</p>\n",
            Escaped(reason)
        ));
    }
    let Some(window) = page.window_state().filter(|_| !page.is_complete()) else { return };
    let name = Escaped(&window.settings.name);
    html.put(format_args!("<p class=\"notice\"><strong>The window {name} is incomplete:</strong> "));
    match page
        .values()
        .of_state("cx_window_coverage_ratio")
        .iter()
        .find(|(labels, _)| labels.iter().any(|(_, text)| *text == window.settings.name))
    {
        Some((_, coverage)) => html.put(format_args!("{} of it has been seen", Shown(coverage, Unit::Percent))),
        None => html.raw("nothing of it has been seen"),
    }
    if let Some(at) = window.complete_at.filter(|at| *at > page.snapshot.now) {
        html.raw("; it will be complete at ");
        write_instant(html, at);
    }
    html.raw(". The numbers cover that part only. Verdicts on targets and trends are withheld until it is complete.</p>\n");
}

fn footer(html: &mut Html, page: &PageContext<'_>) {
    let path = Escaped(page.telemetry_path);
    html.put(format_args!(
        "<footer><nav aria-label=\"Elsewhere\"><a href=\"{path}\">Metrics</a> <a href=\"/-/ready\">Ready</a> <a href=\"/-/healthy\">Healthy</a></nav>\
         <p>The values cover the partitions of this instance. Intervals are 95\u{a0}% confidence intervals. Statistics of fewer than {} cases are withheld. \
         The lines of the headline numbers show the course of the window; those of the present state show what this process remembers, at most {} points in {}. cxpulse {}, snapshot {}.</p></footer>\n",
        page.group_size_min,
        sparkline_history::POINTS_MAX,
        number_format::bytes(sparkline_history::bytes_max(sparklines::COLUMNS)),
        env!("CARGO_PKG_VERSION"),
        page.number
    ));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Configuration;
    use crate::engine::Engine;

    fn snapshot(configuration: &Configuration) -> Snapshot {
        Engine::new(Arc::new(configuration.engine.clone())).snapshot()
    }

    fn page(ready: Result<(), String>) -> String {
        let configuration = Configuration::default();
        let exposition = Exposition::new(&configuration);
        let history = SparklineHistory::default();
        let snapshot = snapshot(&configuration);
        let context = PageContext {
            exposition: &exposition,
            snapshot: &snapshot,
            number: 7,
            window: 2,
            telemetry: Vec::new(),
            refusals: Vec::new(),
            ready,
            history: &history,
            telemetry_path: "/metrics",
            group_size_min: 5,
        };
        render(&context)
    }

    #[test]
    fn text_from_outside_cannot_become_markup() {
        let html = page(Err("topic `<script>` is \"missing\"".to_owned()));
        assert!(html.contains("topic `&lt;script&gt;` is &quot;missing&quot;"), "{html}");
    }

    #[test]
    fn what_is_not_known_is_said_and_never_a_zero() {
        let html = page(Ok(()));
        assert!(html.contains("The window 24h is incomplete:</strong> nothing of it has been seen"), "{html}");
        assert!(html.contains("CSAT <span class=\"soft\">satisfied share</span></h3><p class=\"figure none\">none</p>"), "{html}");
    }

    #[test]
    fn where_nothing_is_worse_the_place_of_the_incident_is_kept_and_empty() {
        let html = page(Ok(()));
        assert!(html.contains("<main id=\"main\" tabindex=\"-1\">\n<div id=\"incident\" hidden></div>\n"), "{html}");
    }

    #[test]
    fn the_policy_is_kept_by_the_page_itself() {
        let html = page(Ok(()));
        for forbidden in ["style=\"", "<style", "<script>", " onclick", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn a_query_chooses_among_the_configured_windows_only() {
        let snapshot = snapshot(&Configuration::default());
        let name = |query| snapshot.windows[window_of(query, &snapshot)].settings.name.as_str();
        assert_eq!(
            [name(None), name(Some("window=7d")), name(Some("a=b&window=5m")), name(Some("window=%3Cb%3E"))],
            ["24h", "7d", "5m", "24h"]
        );
        assert_eq!(window_of(None, &Snapshot::default()), 0);
    }
}
