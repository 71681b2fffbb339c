//! The live page: what a person sees who opens the process in a browser. Rendered here and whole without script; the script only fetches it
//! again and exchanges what has changed.
//!
//! Knows markup; the numbers come from the catalogue. Everything that it loads is a file of this server, so its policy needs no exception.

mod connection;
mod format;
mod groups;
mod headline;
mod html;
mod journey;
mod kpi;
mod pipeline;
mod spark;
mod telemetry;
mod verdict;
mod view;

use std::fmt::Write as _;

pub(super) use headline::row;
pub(super) use telemetry::Telemetry;
pub(super) use view::View;

use self::html::{Escaped, Html, Shown};
use crate::engine::Snapshot;

/// Nothing but this server's own files may be loaded, nothing inline may run or style, and nobody may frame the page.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                                 form-action 'none'; frame-ancestors 'none'";

/// The files of the page: path, type, text.
pub(super) const FILES: [(&str, &str, &str); 3] = [
    ("/-/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/-/page.js", "text/javascript; charset=utf-8", include_str!("page/page.js")),
    ("/-/page.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// The window that is shown where none is asked for: the first of a day or longer, since a shorter one has few answers at night.
const SHOWN_FIRST_FROM_SECONDS: f64 = 86_400.0;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>\n<title>cxpulse</title>\n<link rel=\"icon\" href=\"/-/page.svg\" type=\"image/svg+xml\">\n\
<link rel=\"stylesheet\" href=\"/-/page.css\">\n<script src=\"/-/page.js\" defer></script>\n</head>\n";

/// The index of the window that a query asks for, such as `window=24h`; of the usual one where it names none that is configured.
pub(super) fn window_of(query: Option<&str>, snapshot: &Snapshot) -> usize {
    let asked = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("window="));
    let windows = &snapshot.windows;
    let named = asked.and_then(|name| windows.iter().position(|window| window.settings.name == name));
    let usual = || windows.iter().position(|window| window.settings.range.as_seconds() >= SHOWN_FIRST_FROM_SECONDS);
    named.or_else(usual).unwrap_or_else(|| windows.len().saturating_sub(1))
}

/// The page.
pub(super) fn render(view: &View<'_>) -> String {
    let mut html = Html::default();
    html.raw(HEAD);
    html.put(format_args!("<body data-version=\"{}\">\n<a class=\"skip\" href=\"#main\">To the numbers</a>\n", env!("CARGO_PKG_VERSION")));
    header(&mut html, view);
    // The script writes here, and only when contact is lost or found again, so that nobody is read numbers to every few seconds.
    html.raw("<p id=\"contact\" role=\"status\" aria-live=\"polite\"></p>\n<main id=\"main\" tabindex=\"-1\">\n");
    if view.snapshot.windows.is_empty() {
        html.raw("<p class=\"notice\">No values yet: they appear with the first events.</p>\n");
    } else {
        let values = view.values();
        notices(&mut html, view);
        headline::now(&mut html, view, &values);
        headline::cards(&mut html, view, &values);
        groups::tables(&mut html, view, &values);
        journey::stages(&mut html, view, &values);
        connection::section(&mut html, view, &values);
        pipeline::section(&mut html, view, &values);
    }
    html.raw("</main>\n");
    footer(&mut html, view);
    html.raw("</body>\n</html>\n");
    html.finish()
}

/// What stands at `/` where the page is turned off.
pub(super) fn plain(telemetry_path: &str) -> String {
    let mut text = format!("cxpulse {}\n\n", env!("CARGO_PKG_VERSION"));
    for (path, what) in
        [(telemetry_path, "metrics"), ("/-/ready", "whether every value speaks for all data"), ("/-/healthy", "whether it runs")]
    {
        writeln!(text, "{path}  {what}").expect("a String takes all that is written to it");
    }
    text.push_str("\nThe live page is turned off (web.page).\n");
    text
}

fn header(html: &mut Html, view: &View<'_>) {
    html.raw("<header><div class=\"brand\"><h1>cxpulse</h1>");
    match &view.ready {
        Ok(()) => html.raw("<span class=\"state ready\"><span aria-hidden=\"true\">●</span> ready</span>"),
        Err(_) => html.raw("<span class=\"state waiting\"><span aria-hidden=\"true\">○</span> not ready</span>"),
    }
    html.put(format_args!("<span class=\"asof soft\" data-snapshot=\"{}\">as of ", view.number));
    let now = view.snapshot.now.to_string();
    let short = now.get(11..19).unwrap_or(&now);
    html.put(format_args!("<time datetime=\"{now}\" data-precision=\"second\">{short} UTC</time></span></div>"));
    html.raw("<nav aria-label=\"Window\"><ul>");
    for (at, window) in view.snapshot.windows.iter().enumerate() {
        let name = Escaped(&window.settings.name);
        let current = if at == view.window { " aria-current=\"true\"" } else { "" };
        html.put(format_args!("<li><a href=\"/?window={name}\"{current}><span class=\"unseen\">last </span>{name}</a></li>"));
    }
    html.raw("</ul></nav></header>\n");
}

/// What a reader must know before any number: whether all is read, and whether the window is whole.
fn notices(html: &mut Html, view: &View<'_>) {
    if let Err(reason) = &view.ready {
        html.put(format_args!(
            "<p class=\"notice\"><strong>Not ready:</strong> {}. Values are not up to date, or not of all data.</p>\n",
            Escaped(reason)
        ));
    }
    let Some(window) = view.state().filter(|_| !view.is_complete()) else { return };
    let name = Escaped(&window.settings.name);
    html.put(format_args!("<p class=\"notice\"><strong>The window {name} is incomplete:</strong> "));
    match view
        .values()
        .of_state("cx_window_coverage_ratio")
        .iter()
        .find(|(labels, _)| labels.iter().any(|(_, text)| *text == window.settings.name))
    {
        Some((_, coverage)) => html.put(format_args!("{} of it has been seen", Shown(coverage, format::Unit::Percent))),
        None => html.raw("nothing of it has been seen"),
    }
    if let Some(at) = window.complete_at.filter(|at| *at > view.snapshot.now) {
        html.raw(", and it is filled ");
        pipeline::time(html, at);
    }
    html.raw(". Numbers are of that part; verdicts on targets and trends are withheld until it is complete.</p>\n");
}

fn footer(html: &mut Html, view: &View<'_>) {
    let path = Escaped(view.telemetry_path);
    html.put(format_args!(
        "<footer><nav aria-label=\"Elsewhere\"><a href=\"{path}\">Metrics</a> <a href=\"/-/ready\">Ready</a> <a href=\"/-/healthy\">Healthy</a></nav>\
         <p>Values speak for the partitions of this instance. Intervals are at 95\u{a0}%. Statistics of fewer than {} cases are not shown. Lines show what this \
         process remembers: {} points at most, in {}. cxpulse {}, snapshot {}.</p></footer>\n",
        view.group_size_min,
        super::history::POINTS_MAX,
        format::bytes(super::history::bytes_max(headline::columns(view.snapshot))),
        env!("CARGO_PKG_VERSION"),
        view.number
    ));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Configuration;
    use crate::engine::Engine;
    use crate::http::history::History;
    use crate::metrics::Exposition;

    fn snapshot(configuration: &Configuration) -> Snapshot {
        Engine::new(Arc::new(configuration.engine.clone())).snapshot()
    }

    fn page(ready: Result<(), String>) -> String {
        let configuration = Configuration::default();
        let exposition = Exposition::new(&configuration);
        let history = History::default();
        let snapshot = snapshot(&configuration);
        let telemetry = Telemetry::default();
        let view = View {
            exposition: &exposition,
            snapshot: &snapshot,
            number: 7,
            window: 2,
            telemetry,
            ready,
            history: &history,
            telemetry_path: "/metrics",
            group_size_min: 5,
        };
        render(&view)
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
