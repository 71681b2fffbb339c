//! The landing page: rendered here, without script, and readable on a phone, in the dark and without a network.
//!
//! Knows HTML; the numbers come from `headline`.

use std::fmt::Write;

use super::headline::Headlines;

/// Where the style sheet is; a file of its own, so that the policy needs no exception for inline styles.
pub(super) const STYLE_PATH: &str = "/-/page.css";

/// Nothing but this server's style sheet may be loaded, and nobody may frame the page.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style sheet.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page of one exposition.
pub(super) fn render(exposition: &str, ready: &Result<(), String>, telemetry_path: &str) -> String {
    let headlines = Headlines::read(exposition);
    let mut html = String::with_capacity(8 * 1024);
    html.push_str(HEAD);
    let version = env!("CARGO_PKG_VERSION");
    push(&mut html, format_args!("<header><h1>cxpulse</h1><span class=\"version\">{version}</span>"));
    match ready {
        Ok(()) => html.push_str("<span class=\"state ready\">ready</span></header>\n"),
        Err(reason) => {
            push(&mut html, format_args!("<span class=\"state waiting\">not ready: {}</span></header>\n", Escaped(reason)));
        }
    }
    now(&mut html, &headlines);
    windows(&mut html, &headlines);
    push(
        &mut html,
        format_args!(
            "<nav><a href=\"{}\">metrics</a> <a href=\"/-/ready\">ready</a> <a href=\"/-/healthy\">healthy</a></nav>\n",
            Escaped(telemetry_path)
        ),
    );
    html.push_str("<p class=\"note\">Values speak for the partitions of this instance. The page renews itself every 10 seconds.</p>\n</main>\n</html>\n");
    html
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
<meta http-equiv=\"refresh\" content=\"10\">\n<title>cxpulse</title>\n<link rel=\"stylesheet\" href=\"/-/page.css\">\n</head>\n<main>\n";

fn now(html: &mut String, headlines: &Headlines) {
    if headlines.now.is_empty() {
        return;
    }
    html.push_str("<dl>\n");
    for (title, value) in &headlines.now {
        push(html, format_args!("<div><dt>{}</dt><dd>{}</dd></div>\n", Escaped(title), Escaped(value)));
    }
    html.push_str("</dl>\n");
}

fn windows(html: &mut String, headlines: &Headlines) {
    if headlines.windowed.is_empty() {
        html.push_str("<p>No values yet: they appear with the first events.</p>\n");
        return;
    }
    html.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">in the last</th>");
    for window in &headlines.windows {
        push(html, format_args!("<th scope=\"col\">{}</th>", Escaped(window)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &headlines.windowed {
        push(html, format_args!("<tr><th scope=\"row\">{}</th>", Escaped(row.title)));
        for value in &row.values {
            push(html, format_args!("<td>{}</td>", Escaped(value.as_deref().unwrap_or("\u{2013}"))));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).expect("writing to a String cannot fail");
}

/// A text that may stand between tags and in double quotes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_become_markup() {
        let html = render("", &Err("topic `<script>` is \"missing\"".to_owned()), "/metrics");
        assert!(html.contains("topic `&lt;script&gt;` is &quot;missing&quot;"), "{html}");
        assert!(!html.contains("<script"));
    }

    #[test]
    fn a_missing_value_is_a_dash_and_never_a_zero() {
        let text =
            "cx_window_range_seconds{window=\"5m\"} 300\ncx_window_range_seconds{window=\"1h\"} 3600\ncx_csat_ratio{window=\"1h\"} 1\n";
        let html = render(text, &Ok(()), "/metrics");
        assert!(html.contains("<tr><th scope=\"row\">CSAT</th><td>\u{2013}</td><td>100.0 %</td></tr>"), "{html}");
    }
}
