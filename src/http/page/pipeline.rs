//! The section on the pipeline: how complete each window is, how far behind each topic is, which records were refused and why, and the process itself.
//!
//! Knows markup. Counts of the state come from the snapshot, counts of the process from its telemetry. Does not know which outcomes and reasons there
//! are, only the headings of the outcomes.

use super::PageContext;
use super::group_tables::count;
use super::html::{Escaped, Html, Shown, share_bar, write_instant};
use super::number_format::{Unit, bytes, duration};
use super::withholding::is_complete;
use crate::engine::Outcome;
use crate::http::TopicRefusal;
use crate::metrics::telemetry::TelemetrySample;
use crate::metrics::{Sample, Values};

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.raw("<section aria-labelledby=\"pipeline\"><h2 id=\"pipeline\">Pipeline</h2><div class=\"pipeline\">");
    windows(html, page, values);
    topics(html, page, values);
    refusals(html, page);
    process(html, page, values);
    html.raw("</div></section>");
}

fn windows(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.raw(
        "<div class=\"panel\"><h3 id=\"windows\">Windows</h3><table role=\"table\" aria-labelledby=\"windows\"><thead role=\"rowgroup\"><tr role=\"row\">\
         <th scope=\"col\" role=\"columnheader\">Window</th><th scope=\"col\" role=\"columnheader\">Seen</th>\
         <th scope=\"col\" role=\"columnheader\">State</th></tr></thead><tbody role=\"rowgroup\">",
    );
    let coverages = values.of_state("cx_window_coverage_ratio");
    for window in &page.snapshot.windows {
        let name = window.settings.name.as_str();
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\" data-label=\"Seen\">",
            Escaped(name)
        ));
        match of_label(&coverages, "window", name) {
            Some(sample) => {
                html.put(format_args!("{}", Shown(sample, Unit::Percent)));
                share_bar(html, "seen", sample.value);
            }
            None => html.raw("nothing"),
        }
        html.raw("</td><td role=\"cell\" data-label=\"State\">");
        match (is_complete(window), window.complete_at) {
            (true, _) => html.raw("<span class=\"sign met\" aria-hidden=\"true\">✓</span> complete"),
            (false, Some(at)) if at > page.snapshot.now => {
                html.raw("<span class=\"sign open\" aria-hidden=\"true\">…</span> complete at ");
                write_instant(html, at);
            }
            (false, _) => html.raw("<span class=\"sign open\" aria-hidden=\"true\">…</span> incomplete"),
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

fn topics(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.raw("<div class=\"panel wide\"><h3 id=\"topics\">Topics</h3><table class=\"groups\" role=\"table\" aria-labelledby=\"topics\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for title in ["Topic", "Partitions", "Lag", "Read up to"].into_iter().chain(Outcome::NAMES.map(heading)) {
        html.put(format_args!("<th scope=\"col\" role=\"columnheader\">{title}</th>"));
    }
    html.raw("</tr></thead><tbody role=\"rowgroup\">");
    let (ledger, watermarks) = (values.of_state("cx_ledger_records"), values.of_state("cx_watermark_timestamp_seconds"));
    for topic in &page.snapshot.topics {
        let name = topic.name.as_str();
        let own = |family: &str| telemetry(page, family, Some(("topic", name))).first().copied();
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th><td role=\"cell\" data-label=\"Partitions\">",
            Escaped(name)
        ));
        match (own("cx_kafka_partitions_assigned"), own("cx_kafka_partitions")) {
            (Some(own), Some(all)) => html.put(format_args!("{} of {}", Shown(own, Unit::Count), Shown(all, Unit::Count))),
            _ => html.raw("–"),
        }
        let lags = telemetry(page, "cx_kafka_lag_records", Some(("topic", name)));
        let lag: f64 = lags.iter().map(|sample| sample.value).sum();
        let lag = if lags.is_empty() { "–".to_owned() } else { Unit::Count.text(lag) };
        html.put(format_args!("</td><td role=\"cell\" data-label=\"Lag\">{lag}</td><td role=\"cell\" data-label=\"Read up to\">"));
        match of_label(&watermarks, "topic", name).and(topic.watermark) {
            Some(watermark) => {
                write_instant(html, watermark);
                let age = (page.snapshot.now - watermark).as_seconds();
                if age >= 1.0 {
                    html.put(format_args!("<span class=\"n\">{} ago</span>", duration(age)));
                }
            }
            None => html.raw("–"),
        }
        html.raw("</td>");
        for outcome in Outcome::NAMES {
            let wanted = [("outcome", outcome), ("topic", name)];
            let has = |labels: &[(&str, String)]| labels.iter().map(|(label, text)| (*label, text.as_str())).eq(wanted);
            count(html, heading(outcome), ledger.iter().find(|(labels, _)| has(labels)).map(|(_, sample)| sample.clone()));
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div>");
}

fn refusals(html: &mut Html, page: &PageContext<'_>) {
    html.raw("<div class=\"panel\"><h3 id=\"refused\">Refused since the start, by reason</h3>");
    let reasons = refused_by_reason(&page.telemetry);
    if reasons.is_empty() {
        html.raw("<p>None.</p></div>");
        return;
    }
    html.raw(
        "<table role=\"table\" aria-labelledby=\"refused\"><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Reason</th>\
         <th scope=\"col\" role=\"columnheader\">Records</th><th scope=\"col\" role=\"columnheader\">The latest</th></tr></thead><tbody role=\"rowgroup\">",
    );
    for (reason, sum) in reasons {
        html.put(format_args!(
            "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><code>{}</code></th><td role=\"cell\" data-label=\"Records\">{}</td>\
             <td role=\"cell\" data-label=\"The latest\">",
            Escaped(reason),
            Unit::Count.text(sum)
        ));
        match page.refusals.iter().find(|latest| latest.reason == reason) {
            Some(TopicRefusal { topic, why, .. }) => {
                html.put(format_args!("<code>{}</code> {}", Escaped(topic), Escaped(why)));
            }
            None => html.raw("–"),
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

fn process(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.raw("<div class=\"panel\"><h3>Process</h3><dl class=\"facts\">");
    let mut fact = |title: &str, text: std::fmt::Arguments<'_>| html.put(format_args!("<div><dt>{title}</dt><dd>{text}</dd></div>"));
    fact("Version", format_args!("{}", env!("CARGO_PKG_VERSION")));
    let own = |family: &str| telemetry(page, family, None).first().map(|sample| sample.value);
    if let Some(up) = own("cx_kafka_up") {
        fact("Kafka", format_args!("{}", if up == 1.0 { "answers" } else { "does not answer" }));
    }
    if let Some(since) = own("process_start_time_seconds") {
        // A replayed log may be evaluated as of an instant before the process began.
        let age = page.snapshot.now.as_seconds() - since;
        if age >= 0.0 {
            fact("Running for", format_args!("{}", duration(age)));
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
        fact("Evicted at a limit", format_args!("{}", Unit::Count.text(evicted)));
    }
    html.raw("</dl></div>");
}

/// The heading of the column of an outcome.
fn heading(outcome: &'static str) -> &'static str {
    match outcome {
        "applied" => "Counted",
        "duplicate" => "Duplicate",
        "late" => "Too late",
        "future" => "In the future",
        "invalid" => "Refused",
        "ignored" => "Ignored",
        // An outcome that is unknown here still has a column, under its own name.
        other => other,
    }
}

/// The reasons for which records were refused, with the number of records over all topics, the most frequent first.
fn refused_by_reason(telemetry: &[TelemetrySample]) -> Vec<(&str, f64)> {
    let mut reasons: Vec<(&str, f64)> = Vec::new();
    for of_topic in telemetry.iter().filter(|sample| sample.family == "cx_events_invalid_total" && sample.sample.value > 0.0) {
        let Some(reason) = of_topic.label("reason") else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum += of_topic.sample.value,
            None => reasons.push((reason, of_topic.sample.value)),
        }
    }
    reasons.sort_by(|a, b| b.1.total_cmp(&a.1));
    reasons
}

/// The process's own samples of a family, all or those with a label of this name and value.
fn telemetry<'a>(page: &'a PageContext<'_>, family: &str, label: Option<(&str, &str)>) -> Vec<&'a Sample> {
    let has_label = |sample: &TelemetrySample| label.is_none_or(|(name, value)| sample.label(name) == Some(value));
    page.telemetry.iter().filter(|sample| sample.family == family && has_label(sample)).map(|sample| &sample.sample).collect()
}

/// The sample that has a label of this name and value.
fn of_label<'a>(samples: &'a [(Vec<(&'static str, String)>, Sample)], label: &str, text: &str) -> Option<&'a Sample> {
    samples.iter().find(|(labels, _)| labels.iter().any(|(l, t)| *l == label && t == text)).map(|(_, sample)| sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str, topic: &str, value: f64) -> TelemetrySample {
        let labels = vec![("reason".to_owned(), reason.to_owned()), ("topic".to_owned(), topic.to_owned())];
        TelemetrySample { family: "cx_events_invalid_total".to_owned(), labels, sample: Sample { series: String::new(), value } }
    }

    #[test]
    fn refusals_are_added_up_over_topics_and_the_most_frequent_reason_is_first() {
        let telemetry =
            [refused("syntax", "t", 3.0), refused("bad_time", "t", 4.0), refused("empty", "t", 0.0), refused("syntax", "u", 5.0)];
        assert_eq!(refused_by_reason(&telemetry), [("syntax", 8.0), ("bad_time", 4.0)]);
    }

    #[test]
    fn a_refusal_says_why_beside_its_number() {
        let configuration = crate::config::Configuration::default();
        let exposition = crate::metrics::Exposition::new(&configuration);
        let (history, snapshot) = (super::super::SparklineHistory::default(), crate::engine::Snapshot::default());
        let why = "time: \"2026-03-02 09:00\" is not <one>".to_owned();
        let page = PageContext {
            exposition: &exposition,
            snapshot: &snapshot,
            number: 1,
            window: 0,
            telemetry: vec![refused("bad_time", "tickets", 4.0), refused("syntax", "tickets", 1.0)],
            refusals: vec![TopicRefusal { topic: "tickets".into(), reason: "bad_time", why }],
            ready: Ok(()),
            history: &history,
            telemetry_path: "/metrics",
            group_size_min: 5,
        };
        let mut html = Html::default();
        refusals(&mut html, &page);
        let html = html.finish();
        assert!(html.contains("<code>tickets</code> time: &quot;2026-03-02 09:00&quot; is not &lt;one&gt;</td>"), "{html}");
        assert!(html.contains("data-label=\"The latest\">–</td>"), "{html}");
    }

    #[test]
    fn every_outcome_has_a_heading_of_its_own() {
        let headings: std::collections::BTreeSet<&str> = Outcome::NAMES.iter().map(|outcome| heading(outcome)).collect();
        assert_eq!(headings.len(), Outcome::NAMES.len());
        assert!(headings.iter().all(|heading| heading.starts_with(char::is_uppercase)), "{headings:?}");
    }
}
