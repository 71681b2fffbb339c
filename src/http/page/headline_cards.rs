//! The cards of the headline numbers, and below them the volume of the window.
//!
//! Knows markup. Does not know which headline numbers there are (see `headline_numbers`), nor whether a value is good (see `verdict`).

use super::PageContext;
use super::contributions::write_moved;
use super::headline_numbers::{KPIS, Kpi, KpiTarget, LabelPairs};
use super::html::{Escaped, Html, Shown};
use super::number_format::{Unit, duration};
use super::sparklines::{self, Levels};
use super::verdict::{baseline, judge, write_target, write_trend};
use super::withholding::Statistic;
use crate::metrics::Values;

/// The volume of the window: title, family, labels and unit.
const VOLUME: [(&str, &str, LabelPairs, Unit); 8] = [
    ("Tickets created", "cx_tickets_created", &[], Unit::Count),
    ("Tickets solved", "cx_tickets_resolved", &[], Unit::Count),
    ("Escalated", "cx_tickets_escalated", &[], Unit::Count),
    ("Chats started", "cx_chats_started", &[], Unit::Count),
    ("Repeat contacts", "cx_repeat_contact_ratio", &[], Unit::Percent),
    ("CSAT surveys answered", "cx_survey_response_ratio", &[("metric", "csat")], Unit::Percent),
    ("NPS surveys answered", "cx_survey_response_ratio", &[("metric", "nps")], Unit::Percent),
    ("CES surveys answered", "cx_survey_response_ratio", &[("metric", "ces")], Unit::Percent),
];

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    html.put(format_args!(
        "<section aria-labelledby=\"headline\"><h2 id=\"headline\">Headline <span class=\"soft\">last {}",
        Escaped(page.window_name())
    ));
    if let Some(step_seconds) = sparklines::step_seconds(page) {
        html.put(format_args!(
            "; the lines show its course in steps of {}, with the target dashed and the rest of the longer window dotted",
            duration(step_seconds)
        ));
    }
    html.raw("</span></h2><ul class=\"cards\">");
    for kpi in &KPIS {
        card(html, page, values, kpi);
    }
    html.raw("</ul><dl class=\"flow\">");
    for (title, family, labels, unit) in VOLUME {
        if let Some(sample) = values.overall(family, labels) {
            html.put(format_args!("<div><dt>{title}</dt><dd>{}</dd></div>", Shown(&sample, unit)));
        }
    }
    html.raw("</dl></section>");
}

fn card(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, kpi: &Kpi) {
    let (read, count) = (kpi.read(values, None), kpi.count(values, None));
    let definition =
        read.as_ref().map_or_else(|| kpi.families.first().map_or("", |(_, definition)| *definition), |(_, definition)| *definition);
    let statistic = page.statistic(read.map(|(sample, _)| sample), count);
    let is_shown = matches!(statistic, Statistic::Of(..));
    let judged = if is_shown { judge(page, values, None, kpi) } else { None };
    let class = judged.as_ref().map_or("", |judged| judged.verdict.class());
    let (id, title) = (kpi.id, kpi.title);
    html.put(format_args!("<li class=\"card {class}\"><h3 id=\"{id}\">{title} <span class=\"soft\">{definition}</span></h3>"));
    match &statistic {
        Statistic::Of(sample, _) => {
            html.put(format_args!("<div class=\"reading\"><p class=\"figure\">{}</p>", Shown(sample, kpi.unit)));
            if let Some(sparkline) = sparklines::course(page, kpi) {
                let levels = Levels { target: value_target(values, kpi), expected: baseline(page, values, kpi) };
                sparklines::draw(html, &sparkline, kpi.unit, &levels);
            }
            html.raw("</div>");
        }
        Statistic::TooFew(count) => html.put(format_args!(
            "<p class=\"figure none\">too few</p><p class=\"interval soft\">{} {}, at least {} are needed</p>",
            Unit::Count.text(*count),
            kpi.cases,
            page.group_size_min
        )),
        Statistic::None => html.put(format_args!("<p class=\"figure none\">none</p><p class=\"interval soft\">{}</p>", absence(page, kpi))),
    }
    if is_shown {
        details(html, page, values, kpi, count);
        match &judged {
            Some(judged) => write_target(html, judged, kpi.unit),
            None if has_target(values, kpi) && !page.is_complete() => {
                html.raw("<p class=\"verdict soft\">Target not judged yet</p>");
            }
            None => {}
        }
        write_trend(html, page, values, kpi);
        write_moved(html, page, values, kpi);
    }
    html.raw("</li>");
}

/// The line below the value: its interval or its 90 % quantile, and its cases.
fn details(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, kpi: &Kpi, count: f64) {
    html.raw("<p class=\"interval soft\">");
    if let Some((lower, upper)) = kpi.bounds(values, None) {
        html.put(format_args!("{} to {}, ", Shown(&lower, kpi.unit), Shown(&upper, kpi.unit)));
    }
    if let (Unit::Duration, Some(p90)) = (kpi.unit, p90_family(kpi).and_then(|family| values.overall(&family, &[]))) {
        html.put(format_args!("90\u{a0}% within {}, ", Shown(&p90, Unit::Duration)));
    }
    cases(html, values, kpi, count);
    if kpi.counts.is_empty() {
        health_parts(html, page, values);
    }
    html.raw("</p>");
}

/// The parts of the health index.
fn health_parts(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    let mut is_first = true;
    for labels in values.labels_of("cx_health_part") {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, text)| (*name, text.as_str())).collect();
        if let Some(part) = values.overall("cx_health_part", &labels) {
            let name = labels.first().map_or("", |(_, text)| *text);
            html.put(format_args!("{}{name} {}", if is_first { "" } else { ", " }, Shown(&part, Unit::Percent)));
            is_first = false;
        }
    }
    if !is_first && !page.is_complete() {
        html.raw(" of the part seen");
    }
}

/// The number of cases. If one family counts them, the number carries the name of its series.
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

/// The family of the 90 % quantile that belongs to a median.
fn p90_family(kpi: &Kpi) -> Option<String> {
    let (family, _) = kpi.families.first()?;
    family.contains("_p50_").then(|| family.replace("_p50_", "_p90_"))
}

/// The target of the value itself. The target of a response time is about a share of the cases, so it is no line beside a median.
fn value_target(values: &Values<'_>, kpi: &Kpi) -> Option<f64> {
    let Some(KpiTarget::Value(metric)) = &kpi.target else { return None };
    values.overall("cx_target", &[("metric", metric)]).map(|sample| sample.value)
}

fn has_target(values: &Values<'_>, kpi: &Kpi) -> bool {
    let metric = match &kpi.target {
        Some(KpiTarget::Value(metric)) => metric,
        Some(KpiTarget::Attainment { share, .. }) => share,
        None => return false,
    };
    values.overall("cx_target", &[("metric", metric)]).is_some()
}

/// The reason why there is no value.
fn absence(page: &PageContext<'_>, kpi: &Kpi) -> &'static str {
    let is_withheld = kpi.absent.starts_with("withheld");
    if page.is_complete() || is_withheld { kpi.absent } else { "no cases in the part of the window seen so far" }
}
