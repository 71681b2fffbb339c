//! The upper part of the page: the state of now, what came in, and a card for each headline number.
//!
//! Knows markup; which numbers there are is `kpi`'s business, what they mean `verdict`'s.

use super::format::{Unit, duration};
use super::html::{Escaped, Html, Shown};
use super::kpi::{KPIS, Kpi, Labels, Target};
use super::spark;
use super::verdict::{judge, write_target, write_trend};
use super::view::{Statistic, View};
use crate::engine::Snapshot;
use crate::metrics::{Exposition, Values};

/// A tile: title, family, labels, and the family of the instant since when the oldest of them waits.
type Tile = (&'static str, &'static str, Option<&'static str>);

const NOW: [Tile; 7] = [
    ("Open tickets", "cx_backlog_tickets", None),
    ("Unanswered", "cx_backlog_unanswered_tickets", Some("cx_backlog_oldest_unanswered_timestamp_seconds")),
    ("Past target", "cx_backlog_unanswered_past_target_tickets", None),
    ("Awaiting a reply", "cx_backlog_awaiting_reply_tickets", Some("cx_backlog_oldest_awaiting_reply_timestamp_seconds")),
    ("Chats waiting", "cx_chats_waiting", None),
    ("Chats going on", "cx_chats_active", None),
    ("Customers", "cx_customers_active", None),
];

/// Title, family, labels, unit.
const FLOW: [(&str, &str, Labels, Unit); 8] = [
    ("Tickets created", "cx_tickets_created", &[], Unit::Count),
    ("Tickets solved", "cx_tickets_resolved", &[], Unit::Count),
    ("Escalated", "cx_tickets_escalated", &[], Unit::Count),
    ("Chats started", "cx_chats_started", &[], Unit::Count),
    ("Repeat contacts", "cx_repeat_contact_ratio", &[], Unit::Percent),
    ("CSAT surveys answered", "cx_survey_response_ratio", &[("metric", "csat")], Unit::Percent),
    ("NPS surveys answered", "cx_survey_response_ratio", &[("metric", "nps")], Unit::Percent),
    ("CES surveys answered", "cx_survey_response_ratio", &[("metric", "ces")], Unit::Percent),
];

/// The numbers that the history keeps: the state of now, then each headline number in each window. NaN where there is none.
pub(in crate::http) fn row(exposition: &Exposition, snapshot: &Snapshot) -> Vec<f64> {
    let now = exposition.values(snapshot, 0);
    let mut row: Vec<f64> = NOW.iter().map(|tile| now.overall(tile.1, &[]).map_or(f64::NAN, |sample| sample.value)).collect();
    for window in 0..snapshot.windows.len() {
        let values = exposition.values(snapshot, window);
        row.extend(KPIS.iter().map(|kpi| kpi.read(&values, None).map_or(f64::NAN, |(sample, _)| sample.value)));
    }
    row
}

/// The length of such a row.
pub(super) fn columns(snapshot: &Snapshot) -> usize {
    NOW.len() + snapshot.windows.len() * KPIS.len()
}

/// The state of now.
pub(super) fn now(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.raw("<section aria-labelledby=\"now\"><h2 id=\"now\">Right now</h2><dl class=\"tiles\">");
    for (column, (title, family, oldest)) in NOW.iter().enumerate() {
        let Some(sample) = values.overall(family, &[]) else { continue };
        html.put(format_args!("<div><dt>{title}</dt><dd><span class=\"figure\">{}</span>", Shown(&sample, Unit::Count)));
        if let Some(since) = oldest.and_then(|family| values.overall(family, &[])) {
            let age = (view.snapshot.now.as_seconds() - since.value).max(0.0);
            html.put(format_args!("<span class=\"soft\">oldest {}</span>", duration(age)));
        }
        if let Some(line) = view.history.line(column) {
            spark::line(html, &line, Unit::Count, None);
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

/// The headline numbers of the window.
pub(super) fn cards(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    html.put(format_args!(
        "<section aria-labelledby=\"headline\"><h2 id=\"headline\">Headline <span class=\"soft\">last {}",
        Escaped(view.window_name())
    ));
    if let Some(line) = view.history.line(0) {
        html.put(format_args!("; the lines show the last {}", duration(line.seconds())));
    }
    html.raw("</span></h2><ul class=\"cards\">");
    for (at, kpi) in KPIS.iter().enumerate() {
        card(html, view, values, kpi, NOW.len() + view.window * KPIS.len() + at);
    }
    html.raw("</ul><dl class=\"flow\">");
    for (title, family, labels, unit) in FLOW {
        if let Some(sample) = values.overall(family, labels) {
            html.put(format_args!("<div><dt>{title}</dt><dd>{}</dd></div>", Shown(&sample, unit)));
        }
    }
    html.raw("</dl></section>");
}

fn card(html: &mut Html, view: &View<'_>, values: &Values<'_>, kpi: &Kpi, column: usize) {
    let (read, count) = (kpi.read(values, None), kpi.count(values, None));
    let what = read.as_ref().map_or_else(|| kpi.families.first().map_or("", |(_, what)| *what), |(_, what)| *what);
    let statistic = view.gated(read.map(|(sample, _)| sample), count);
    let is_shown = matches!(statistic, Statistic::Of(..));
    let judged = if is_shown { judge(view, values, None, kpi) } else { None };
    let class = judged.as_ref().map_or("", |judged| judged.verdict.class());
    let (id, title) = (kpi.id, kpi.title);
    html.put(format_args!("<li class=\"card {class}\"><h3 id=\"{id}\">{title} <span class=\"soft\">{what}</span></h3>"));
    match &statistic {
        Statistic::Of(sample, _) => {
            html.put(format_args!("<div class=\"reading\"><p class=\"figure\">{}</p>", Shown(sample, kpi.unit)));
            let target = judged.as_ref().filter(|judged| judged.attainment.is_none()).map(|judged| judged.target.value);
            if let Some(line) = view.history.line(column) {
                spark::line(html, &line, kpi.unit, target);
            }
            html.raw("</div>");
        }
        Statistic::TooFew(count) => html.put(format_args!(
            "<p class=\"figure none\">too few</p><p class=\"interval soft\">{} {}, shown from {}</p>",
            Unit::Count.text(*count),
            kpi.cases,
            view.group_size_min
        )),
        Statistic::None => html.put(format_args!("<p class=\"figure none\">none</p><p class=\"interval soft\">{}</p>", absence(view, kpi))),
    }
    if is_shown {
        details(html, view, values, kpi, count);
        match &judged {
            Some(judged) => write_target(html, judged, kpi.unit),
            None if has_target(values, kpi) && !view.is_complete() => {
                html.raw("<p class=\"verdict soft\">Target not judged yet</p>");
            }
            None => {}
        }
        write_trend(html, view, values, kpi);
    }
    html.raw("</li>");
}

/// The line below a figure: its interval or its slowest tenth, and its cases.
fn details(html: &mut Html, view: &View<'_>, values: &Values<'_>, kpi: &Kpi, count: f64) {
    html.raw("<p class=\"interval soft\">");
    if let Some((lower, upper)) = kpi.bounds(values, None) {
        html.put(format_args!("{} to {}, ", Shown(&lower, kpi.unit), Shown(&upper, kpi.unit)));
    }
    if let (Unit::Duration, Some(p90)) = (kpi.unit, slow(kpi).and_then(|family| values.overall(&family, &[]))) {
        html.put(format_args!("90\u{a0}% within {}, ", Shown(&p90, Unit::Duration)));
    }
    cases(html, values, kpi, count);
    if kpi.counts.is_empty() {
        health(html, view, values);
    }
    html.raw("</p>");
}

/// What the index is made of.
fn health(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    let mut is_first = true;
    for labels in values.labels_of("cx_health_part") {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, text)| (*name, text.as_str())).collect();
        if let Some(part) = values.overall("cx_health_part", &labels) {
            let name = labels.first().map_or("", |(_, text)| *text);
            html.put(format_args!("{}{name} {}", if is_first { "" } else { ", " }, Shown(&part, Unit::Percent)));
            is_first = false;
        }
    }
    if !is_first && !view.is_complete() {
        html.raw(" of the part seen");
    }
}

/// How many cases, as the exposition has it where one family counts them.
fn cases(html: &mut Html, values: &Values<'_>, kpi: &Kpi, count: f64) {
    match kpi.counts {
        [] => {}
        [(family, labels)] => {
            if let Some(sample) = values.overall(family, labels) {
                html.put(format_args!("{} {}", Shown(&sample, Unit::Count), kpi.cases));
            }
        }
        _ => html.put(format_args!("{} {}", Unit::Count.text(count), kpi.cases)),
    }
}

/// The family of the slowest tenth.
fn slow(kpi: &Kpi) -> Option<String> {
    let (family, _) = kpi.families.first()?;
    family.contains("_p50_").then(|| family.replace("_p50_", "_p90_"))
}

fn has_target(values: &Values<'_>, kpi: &Kpi) -> bool {
    let metric = match &kpi.target {
        Some(Target::Value(metric)) => metric,
        Some(Target::Attainment { share, .. }) => share,
        None => return false,
    };
    values.overall("cx_target", &[("metric", metric)]).is_some()
}

fn absence(view: &View<'_>, kpi: &Kpi) -> &'static str {
    let is_of_base = kpi.absent.starts_with("withheld");
    if view.is_complete() || is_of_base { kpi.absent } else { "nothing of it in the part of the window seen so far" }
}
