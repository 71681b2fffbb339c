//! What moved: below a headline number, in words and as a row of bars, how much each value of a dimension contributed to its change.
//!
//! Knows markup. Does not know how a change is taken apart: the parts come from `cx_contribution`.

use super::PageContext;
use super::headline_numbers::Kpi;
use super::html::{Escaped, Html};
use super::withholding::is_complete;
use crate::metrics::{GroupLabels, MOVING, Sample, Values};

/// The headline numbers whose change is taken apart: the id, the value of the label `metric`, and the words for people. Medians cannot be taken apart,
/// so the number of a response time is its mean.
const MOVED: [(&str, &str, &str); 10] = [
    ("first-response", "first_response_mean", "Mean first response"),
    ("resolution", "resolution_mean", "Mean resolution"),
    ("chat-wait", "chat_wait_mean", "Mean chat wait"),
    ("abandonment", "chat_abandonment", "Abandoned chats"),
    ("csat", "csat", "CSAT"),
    ("nps-service", "nps_service", "NPS"),
    ("nps-experience", "nps_experience", "NPS"),
    ("ces", "ces", "Effort"),
    ("first-contact", "first_contact_resolution", "First contact resolution"),
    ("reopened", "reopen", "Reopened"),
];

/// The most values of a dimension that are named. The rest are one bar.
const NAMED_MAX: usize = 3;
/// A number without an interval moved if it changed by this share of what it was.
const CHANGE_RATIO_MIN: f64 = 0.2;

const BAR_WIDTH: f64 = 16.0;
const BAR_STEP: f64 = 20.0;
const HEIGHT: f64 = 24.0;

/// A part of a change. Parts that are a sum of several have no series.
struct Part {
    name: String,
    value: f64,
    sample: Option<Sample>,
}

/// Writes what moved, if the number moved and its window and the baseline are complete.
pub(super) fn write_moved(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, kpi: &Kpi) {
    let Some((_, metric, title)) = MOVED.iter().find(|(id, ..)| *id == kpi.id) else { return };
    let whole = |labels: &&Vec<(&'static str, String)>| labels[0].1 == *metric && labels[1].1 == "whole";
    for labels in values.labels_of("cx_contribution").iter().filter(whole) {
        let baseline = labels[2].1.as_str();
        let Some(change) = values.overall("cx_contribution", &[("metric", metric), ("part", "whole"), ("baseline", baseline)]) else {
            continue;
        };
        let is_whole = page.is_complete() && page.snapshot.windows.iter().any(|w| w.settings.name == baseline && is_complete(w));
        if !is_whole || !has_moved(values, metric, change.value) {
            continue;
        }
        let (unit, side) = (kpi.unit, if change.value < 0.0 { "below" } else { "above" });
        html.put(format_args!(
            "<div class=\"moved\"><p>{title} <data value=\"{}\" data-unit=\"size-{}\" title=\"{}\">{}</data> {side} the rest of {}.</p>",
            change.exact(),
            unit.name(),
            Escaped(&change.series),
            unit.size(change.value),
            Escaped(baseline)
        ));
        for grouping in values.groupings().iter().filter(|grouping| grouping.labels.len() == 1 && !grouping.is_customer) {
            by(html, values, kpi, grouping, (metric, baseline));
        }
        html.raw("</div>");
    }
}

/// Whether the rest of the baseline lies outside the interval of the number or, where it has none, is far enough from it.
fn has_moved(values: &Values<'_>, metric: &str, change: f64) -> bool {
    let Some(moving) = MOVING.iter().find(|moving| moving.metric == metric) else { return false };
    let own: Vec<(&str, &str)> = moving.own.into_iter().collect();
    let read = |end: &str| values.overall(&format!("{}{end}", moving.family), &own).map(|sample| sample.value);
    let Some(now) = read("") else { return false };
    let rest = now - change;
    match read("_lower").zip(read("_upper")) {
        Some((lower, upper)) => rest < lower || rest > upper,
        None => change.abs() > CHANGE_RATIO_MIN * rest.abs(),
    }
}

/// Writes the parts by one dimension.
fn by(html: &mut Html, values: &Values<'_>, kpi: &Kpi, grouping: &GroupLabels<'_>, (metric, baseline): (&str, &str)) {
    let of_part = |part: &str| values.of_set(grouping, "cx_contribution", &[("metric", metric), ("part", part), ("baseline", baseline)]);
    let parts = named_parts(of_part("rate"), &of_part("mix"));
    let largest = parts.iter().map(|part| part.value.abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        return;
    }
    let dimension = grouping.labels.first().map_or("", String::as_str);
    html.put(format_args!("<p class=\"by\">By {}: ", Escaped(dimension)));
    for (at, part) in parts.iter().enumerate() {
        let (comma, name) = (if at == 0 { "" } else { ", " }, Escaped(&part.name));
        let text = kpi.unit.part(part.value);
        match &part.sample {
            Some(sample) => html.put(format_args!(
                "{comma}{name} <data value=\"{}\" data-unit=\"part-{}\" title=\"{}\">{text}</data>",
                sample.exact(),
                kpi.unit.name(),
                Escaped(&sample.series)
            )),
            None => html.put(format_args!("{comma}{name} {text}")),
        }
    }
    html.raw(".</p>");
    bars(html, kpi, &parts, largest);
}

/// The largest rates by name, the mix of all values, and the rates of the others.
fn named_parts(rates: Vec<(String, Sample)>, mixes: &[(String, Sample)]) -> Vec<Part> {
    let (mut named, unnamed): (Vec<_>, Vec<_>) = rates.into_iter().partition(|(name, _)| name != "other");
    named.sort_by(|(_, a), (_, b)| b.value.abs().total_cmp(&a.value.abs()));
    let rest = named.split_off(named.len().min(NAMED_MAX));
    let sum = |samples: &[(String, Sample)]| samples.iter().map(|(_, sample)| sample.value).sum::<f64>();
    let summed = |name: &str, value: f64| Part { name: name.to_owned(), value, sample: None };
    let mut parts: Vec<Part> = named.into_iter().map(|(name, sample)| Part { name, value: sample.value, sample: Some(sample) }).collect();
    parts.push(summed("mix", sum(mixes)));
    if !rest.is_empty() || !unnamed.is_empty() {
        parts.push(summed("others", sum(&rest) + sum(&unnamed)));
    }
    parts
}

/// One bar for each part, up or down from a line. The words above say the same, so a reader who does not see the bars misses nothing.
fn bars(html: &mut Html, kpi: &Kpi, parts: &[Part], largest: f64) {
    let width = BAR_STEP * parts.len() as f64;
    html.put(format_args!(
        "<svg class=\"parts\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" height=\"{HEIGHT}\" aria-hidden=\"true\">"
    ));
    for (at, part) in parts.iter().enumerate() {
        let height = part.value.abs() / largest * (HEIGHT / 2.0);
        let (x, y) = (BAR_STEP * at as f64 + 2.0, if part.value < 0.0 { HEIGHT / 2.0 } else { HEIGHT / 2.0 - height });
        let class = if (part.value < 0.0) == kpi.is_low_good { "good" } else { "bad" };
        html.put(format_args!("<rect class=\"{class}\" x=\"{x:.0}\" y=\"{y:.1}\" width=\"{BAR_WIDTH}\" height=\"{height:.1}\"/>"));
    }
    html.put(format_args!("<path d=\"M0 {0}H{width}\"/></svg>", HEIGHT / 2.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[(&str, f64)]) -> Vec<(String, Sample)> {
        values.iter().map(|(name, value)| ((*name).to_owned(), Sample { series: (*name).to_owned(), value: *value })).collect()
    }

    #[test]
    fn the_largest_are_named_and_all_parts_add_up() {
        let rates = samples(&[("a", 0.1), ("b", -4.8), ("other", -0.2), ("c", 0.5), ("d", -0.6)]);
        let parts = named_parts(rates, &samples(&[("a", -1.0), ("b", 0.25)]));
        let shown: Vec<(&str, bool)> = parts.iter().map(|part| (part.name.as_str(), part.sample.is_some())).collect();
        assert_eq!(shown, [("b", true), ("d", true), ("c", true), ("mix", false), ("others", false)]);
        assert!((parts.iter().map(|part| part.value).sum::<f64>() + 5.75).abs() < 1e-12);
    }

    #[test]
    fn every_headline_number_that_is_taken_apart_is_in_both_tables() {
        for (id, metric, _) in MOVED {
            assert!(super::super::headline_numbers::KPIS.iter().any(|kpi| kpi.id == id), "{id}");
            assert!(MOVING.iter().any(|moving| moving.metric == metric), "{metric}");
        }
    }
}
