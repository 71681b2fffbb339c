//! The tables by one dimension, such as channel or team: a row for each of its values, a column for each count and headline number.
//!
//! Knows markup. Does not know which dimensions there are: every grouping set of one dimension has a table.

use super::PageContext;
use super::html::{Escaped, Html, Shown};
use super::kpis::{KPIS, Kpi};
use super::number_format::{Unit, capitalised};
use super::verdict::{Verdict, judge};
use super::withholding::Statistic;
use crate::metrics::{Group, Grouping, Sample, Values};

/// The most rows of a table. If there are more groups, those with the most cases are shown.
const ROWS_MAX: usize = 60;

/// The title and the family of each count in a table of contacts.
const CONTACT_COUNTS: [(&str, &str); 3] =
    [("Open now", "cx_backlog_tickets"), ("Unanswered", "cx_backlog_unanswered_tickets"), ("Created", "cx_tickets_created")];
/// The headline numbers in a table of contacts, by their ids.
const CONTACT_KPIS: [&str; 7] = ["first-response", "resolution", "chat-wait", "csat", "nps-service", "ces", "reopened"];

/// The title and the family of each count in a table of customers.
const CUSTOMER_COUNTS: [(&str, &str); 4] = [
    ("Now", "cx_customers_active"),
    ("At the start", "cx_customers_active_at_start"),
    ("New", "cx_customers_new"),
    ("Lost", "cx_customers_churned"),
];
/// The headline numbers in a table of customers, by their ids.
const CUSTOMER_KPIS: [&str; 1] = ["churn"];

/// A section with a table for each grouping set of one dimension.
pub(super) fn sections(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    for (at, grouping) in values.groupings().iter().enumerate().filter(|(_, grouping)| grouping.labels.len() == 1) {
        let (counts, kpis): (&[_], &[_]) =
            if grouping.is_customer { (&CUSTOMER_COUNTS, &CUSTOMER_KPIS) } else { (&CONTACT_COUNTS, &CONTACT_KPIS) };
        let kpis: Vec<&Kpi> = kpis.iter().filter_map(|id| KPIS.iter().find(|kpi| kpi.id == *id)).collect();
        table(html, page, values, (at, grouping), counts, &kpis);
    }
}

fn table(
    html: &mut Html,
    page: &PageContext<'_>,
    values: &Values<'_>,
    (at, grouping): (usize, &Grouping<'_>),
    counts: &[(&str, &str)],
    kpis: &[&Kpi],
) {
    let name = grouping.labels.first().map_or("", String::as_str);
    let (label, heading) = (Escaped(name), capitalised(name));
    let heading = Escaped(&heading);
    let subject = if grouping.is_customer { "Customers by" } else { "By" };
    let window = Escaped(page.window_name());
    let (groups, left_out) = largest(values, grouping, counts, kpis);
    if groups.is_empty() {
        return;
    }
    html.put(format_args!(
        "<section aria-labelledby=\"by-{at}\"><h2 id=\"by-{at}\">{subject} {label} <span class=\"soft\">last {window}</span></h2>"
    ));
    html.put(format_args!("<table class=\"groups\" role=\"table\" aria-labelledby=\"by-{at}\"><thead role=\"rowgroup\"><tr role=\"row\">"));
    html.put(format_args!("<th scope=\"col\" role=\"columnheader\">{heading}</th>"));
    for title in counts.iter().map(|(title, _)| *title).chain(kpis.iter().map(|kpi| kpi.title)) {
        html.put(format_args!("<th scope=\"col\" role=\"columnheader\">{title}</th>"));
    }
    html.raw("</tr></thead><tbody role=\"rowgroup\">");
    for group in &groups {
        let name = Escaped(group.texts().first().map_or("", String::as_str));
        html.put(format_args!("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{name}</th>"));
        for (title, family) in counts {
            count(html, title, values.of_group(group, family, &[]));
        }
        for kpi in kpis {
            cell(html, page, values, group, kpi);
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table>");
    if left_out > 0 {
        html.put(format_args!("<p class=\"note\">{left_out} smaller groups are not shown here; the metrics contain all of them.</p>"));
    }
    html.raw("</section>");
}

/// The largest groups that are not empty, in the order of their names, and how many more there are.
fn largest<'a>(values: &Values<'a>, grouping: &Grouping<'_>, counts: &[(&str, &str)], kpis: &[&Kpi]) -> (Vec<Group<'a>>, usize) {
    let size = |group: &Group<'_>| -> f64 {
        let counted = counts.iter().filter_map(|(_, family)| values.of_group(group, family, &[])).map(|sample| sample.value);
        counted.chain(kpis.iter().map(|kpi| kpi.count(values, Some(group)))).sum()
    };
    let sized = values.groups(grouping).into_iter().map(|group| (size(&group), group)).filter(|(size, _)| *size > 0.0);
    let mut groups: Vec<(usize, (f64, Group<'a>))> = sized.enumerate().collect();
    let left_out = groups.len().saturating_sub(ROWS_MAX);
    if left_out > 0 {
        groups.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0));
        groups.truncate(ROWS_MAX);
        groups.sort_by_key(|(place, _)| *place);
    }
    (groups.into_iter().map(|(_, (_, group))| group).collect(), left_out)
}

fn cell(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, group: &Group<'_>, kpi: &Kpi) {
    let counted = kpi.count(values, Some(group));
    let statistic = page.statistic(kpi.read(values, Some(group)).map(|(sample, _)| sample), counted);
    let judged = matches!(statistic, Statistic::Of(..)).then(|| judge(page, values, Some(group), kpi)).flatten();
    write_statistic(html, kpi.title, &statistic, kpi.unit, judged.map(|judged| judged.verdict));
}

/// Writes a table cell with a count.
pub(super) fn count(html: &mut Html, title: &str, sample: Option<Sample>) {
    match sample {
        Some(sample) => html.put(format_args!("<td role=\"cell\" data-label=\"{title}\">{}</td>", Shown(&sample, Unit::Count))),
        None => empty(html, title),
    }
}

/// Writes a table cell with a statistic, the number of its cases, and a sign for its verdict, which a screen reader reads as words.
pub(super) fn write_statistic(html: &mut Html, title: &str, statistic: &Statistic, unit: Unit, verdict: Option<Verdict>) {
    match statistic {
        Statistic::Of(sample, counted) => {
            html.put(format_args!("<td role=\"cell\" data-label=\"{title}\">{}", Shown(sample, unit)));
            if let Some(verdict) = verdict {
                let (class, sign, word) = (verdict.class(), verdict.sign(), verdict.word());
                html.put(format_args!(
                    "\u{a0}<span class=\"sign {class}\"><span aria-hidden=\"true\">{sign}</span><span class=\"unseen\">target {word}</span></span>"
                ));
            }
            if *counted > 0.0 {
                html.put(format_args!("<span class=\"n\"><abbr title=\"cases\">n</abbr> {}</span>", Unit::Count.text(*counted)));
            }
            html.raw("</td>");
        }
        Statistic::TooFew(counted) => html.put(format_args!(
            "<td role=\"cell\" data-label=\"{title}\"><span class=\"few\">too few</span><span class=\"n\"><abbr title=\"cases\">n</abbr> {}</span></td>",
            Unit::Count.text(*counted)
        )),
        Statistic::None => empty(html, title),
    }
}

fn empty(html: &mut Html, title: &str) {
    html.put(format_args!(
        "<td role=\"cell\" class=\"empty\" data-label=\"{title}\"><span class=\"soft\" aria-hidden=\"true\">–</span><span class=\"unseen\">none</span></td>"
    ));
}
