//! How the data gets here: which part of each window has been seen, how far behind each topic is, what was refused and why, and the process itself.
//!
//! Knows markup. What the state counted comes from the snapshot, what the process counted from its telemetry.

use super::format::{Unit, bytes, duration};
use super::groups::count;
use super::html::{Escaped, Html, Shown};
use super::spark;
use super::view::{View, is_complete};
use crate::metrics::{Sample, Values};
use crate::time::EventTime;

/// Outcomes of the ledger, and what they are called.
const OUTCOMES: [(&str, &str); 6] = [
    ("Counted", "applied"),
    ("Repeated", "duplicate"),
    ("Too late", "late"),
    ("In the future", "future"),
    ("Refused", "invalid"),
    ("Not wanted", "ignored"),
];

/// The section.
pub(super) fn section(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.raw("<section aria-labelledby=\"pipeline\"><h2 id=\"pipeline\">Pipeline</h2><div class=\"pipeline\">");
    windows(html, view, values);
    topics(html, view, values);
    refusals(html, view);
    process(html, view, values);
    html.raw("</div></section>");
}

fn windows(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.raw(
        "<div class=\"panel\"><h3 id=\"windows\">Windows</h3><table role=\"table\" aria-labelledby=\"windows\"><thead role=\"rowgroup\"><tr role=\"row\">\
         <th scope=\"col\" role=\"columnheader\">Window</th><th scope=\"col\" role=\"columnheader\">Seen</th>\
         <th scope=\"col\" role=\"columnheader\">State</th></tr></thead><tbody role=\"rowgroup\">",
    );
    let coverages = values.of_state("cx_window_coverage_ratio");
    for window in &view.snapshot.windows {
        let name = window.settings.name.as_str();
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\" data-label=\"Seen\">",
            Escaped(name)
        ));
        match of_label(&coverages, "window", name) {
            Some(sample) => {
                html.put(format_args!("{}", Shown(sample, Unit::Percent)));
                spark::share(html, "seen", sample.value);
            }
            None => html.raw("nothing"),
        }
        html.raw("</td><td role=\"cell\" data-label=\"State\">");
        match (is_complete(window), window.complete_at) {
            (true, _) => html.raw("<span class=\"sign met\" aria-hidden=\"true\">✓</span> complete"),
            (false, Some(at)) if at > view.snapshot.now => {
                html.raw("<span class=\"sign open\" aria-hidden=\"true\">…</span> complete ");
                time(html, at);
            }
            (false, _) => html.raw("<span class=\"sign open\" aria-hidden=\"true\">…</span> incomplete"),
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

fn topics(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.raw("<div class=\"panel wide\"><h3 id=\"topics\">Topics</h3><table class=\"groups\" role=\"table\" aria-labelledby=\"topics\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for title in ["Topic", "Partitions", "Lag", "Read up to"].into_iter().chain(OUTCOMES.map(|(title, _)| title)) {
        html.put(format_args!("<th scope=\"col\" role=\"columnheader\">{title}</th>"));
    }
    html.raw("</tr></thead><tbody role=\"rowgroup\">");
    let (ledger, watermarks) = (values.of_state("cx_ledger_records"), values.of_state("cx_watermark_timestamp_seconds"));
    for topic in &view.snapshot.topics {
        let name = topic.name.as_str();
        let own = |family: &str| view.telemetry.sample(family, &[("topic", name)]);
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\" data-label=\"Partitions\">",
            Escaped(name)
        ));
        match (own("cx_kafka_partitions_assigned"), own("cx_kafka_partitions")) {
            (Some(own), Some(all)) => html.put(format_args!("{} of {}", Shown(own, Unit::Count), Shown(all, Unit::Count))),
            _ => html.raw("–"),
        }
        let lags: Vec<&Sample> = view.telemetry.all("cx_kafka_lag_records", &[("topic", name)]).collect();
        let lag: f64 = lags.iter().map(|sample| sample.value).sum();
        let lag = if lags.is_empty() { "–".to_owned() } else { Unit::Count.text(lag) };
        html.put(format_args!("</td><td role=\"cell\" data-label=\"Lag\">{lag}</td><td role=\"cell\" data-label=\"Read up to\">"));
        match of_label(&watermarks, "topic", name).and(topic.watermark) {
            Some(watermark) => {
                time(html, watermark);
                let age = (view.snapshot.now - watermark).as_seconds();
                if age >= 1.0 {
                    html.put(format_args!("<span class=\"n\">{} ago</span>", duration(age)));
                }
            }
            None => html.raw("–"),
        }
        html.raw("</td>");
        for (title, outcome) in OUTCOMES {
            let wanted = [("outcome", outcome), ("topic", name)];
            let has = |labels: &[(&str, String)]| labels.iter().map(|(label, text)| (*label, text.as_str())).eq(wanted);
            count(html, title, ledger.iter().find(|(labels, _)| has(labels)).map(|(_, sample)| sample.clone()));
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div>");
}

fn refusals(html: &mut Html, view: &View<'_>) {
    html.raw("<div class=\"panel\"><h3 id=\"refused\">Refused since the start, by reason</h3>");
    let mut reasons: Vec<(&str, f64)> = Vec::new();
    for reason in view.telemetry.values_of("cx_events_invalid_total", "reason") {
        let sum: f64 = view.telemetry.all("cx_events_invalid_total", &[("reason", reason)]).map(|sample| sample.value).sum();
        if sum > 0.0 {
            reasons.push((reason, sum));
        }
    }
    reasons.sort_by(|a, b| b.1.total_cmp(&a.1));
    if reasons.is_empty() {
        html.raw("<p>None.</p></div>");
        return;
    }
    html.raw(
        "<table role=\"table\" aria-labelledby=\"refused\"><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Reason</th>\
         <th scope=\"col\" role=\"columnheader\">Records</th></tr></thead><tbody role=\"rowgroup\">",
    );
    for (reason, sum) in reasons {
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><code>{}</code></th><td role=\"cell\" data-label=\"Records\">{}</td></tr>",
            Escaped(reason),
            Unit::Count.text(sum)
        ));
    }
    html.raw("</tbody></table></div>");
}

fn process(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.raw("<div class=\"panel\"><h3>Process</h3><dl class=\"facts\">");
    let mut fact = |title: &str, text: std::fmt::Arguments<'_>| html.put(format_args!("<div><dt>{title}</dt><dd>{text}</dd></div>"));
    fact("Version", format_args!("{}", env!("CARGO_PKG_VERSION")));
    let own = |family: &str| view.telemetry.sample(family, &[]).map(|sample| sample.value);
    if let Some(up) = own("cx_kafka_up") {
        fact("Kafka", format_args!("{}", if up == 1.0 { "answers" } else { "does not answer" }));
    }
    if let Some(since) = own("process_start_time_seconds") {
        // A replayed log may be evaluated at an instant before the process began.
        let age = view.snapshot.now.as_seconds() - since;
        if age >= 0.0 {
            fact("Runs for", format_args!("{}", duration(age)));
        }
    }
    if let Some(memory) = own("process_resident_memory_bytes") {
        fact("Memory", format_args!("{}", bytes(memory)));
    }
    let (series, limit) = (values.of_state("cx_series"), values.of_state("cx_series_limit"));
    if let (Some((_, series)), Some((_, limit))) = (series.first(), limit.first()) {
        fact("Label sets", format_args!("{} of {}", Shown(series, Unit::Count), Shown(limit, Unit::Count)));
    }
    let evicted: f64 = values.of_state("cx_state_limit_evictions_total").iter().map(|(_, sample)| sample.value).sum();
    if evicted > 0.0 {
        fact("Forgotten at a limit", format_args!("{}", Unit::Count.text(evicted)));
    }
    html.raw("</dl></div>");
}

/// An instant, in UTC until the page's script puts it into the reader's own time.
pub(super) fn time(html: &mut Html, at: EventTime) {
    let text = at.to_string();
    let short = text.get(..16).map_or_else(|| text.clone(), |minute| minute.replace('T', " "));
    html.put(format_args!("<time datetime=\"{text}\">{short} UTC</time>"));
}

fn of_label<'a>(samples: &'a [(Vec<(&'static str, String)>, Sample)], label: &str, text: &str) -> Option<&'a Sample> {
    samples.iter().find(|(labels, _)| labels.iter().any(|(l, t)| *l == label && t == text)).map(|(_, sample)| sample)
}
