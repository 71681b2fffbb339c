//! The section on the customer journey: for each stage its counts of customers, its conversion, the time that customers spend in it, and its pain
//! index.
//!
//! Knows markup. Does not know which stages there are; without stages there is no section.

use super::PageContext;
use super::group_tables::{count, write_statistic};
use super::html::{Escaped, Html, Shown, share_bar};
use super::number_format::Unit;
use super::withholding::Statistic;
use crate::metrics::{Sample, Values};

/// The title and the family of each count.
const COUNTS: [(&str, &str); 4] = [
    ("In it now", "cx_journey_customers"),
    ("Entered", "cx_journey_entered"),
    ("Advanced", "cx_journey_advanced"),
    ("Dropped out", "cx_journey_dropped"),
];

/// The parts of the pain index: the value of the label `part`, the name for people, and the families that count the cases.
const PAINS: [(&str, &str, &[&str]); 5] = [
    ("dropoff", "drop-out", &["cx_journey_advanced", "cx_journey_dropped"]),
    ("csat", "dissatisfaction", &["cx_journey_csat_responses"]),
    ("effort", "effort", &["cx_journey_ces_responses"]),
    ("repeat_contacts", "repeat contacts", &["cx_journey_contacts"]),
    ("dwell", "time spent", &["cx_journey_stage_seconds_count"]),
];

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    let labels = values.labels_of("cx_journey_entered");
    let stages: Vec<&str> = labels.iter().flatten().filter(|(name, _)| *name == "journey_stage").map(|(_, text)| text.as_str()).collect();
    if stages.is_empty() {
        return;
    }
    let window = Escaped(page.window_name());
    html.put(format_args!(
        "<section aria-labelledby=\"journey\"><h2 id=\"journey\">Journey <span class=\"soft\">last {window}</span></h2>"
    ));
    html.raw("<table class=\"groups journey\" role=\"table\" aria-labelledby=\"journey\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for title in ["Stage"].into_iter().chain(COUNTS.map(|(title, _)| title)).chain(["Conversion", "Half move on within", "Pain, 0 to 1"]) {
        html.put(format_args!("<th scope=\"col\" role=\"columnheader\">{title}</th>"));
    }
    html.raw("</tr></thead><tbody role=\"rowgroup\">");
    for stage in stages {
        row(html, page, values, stage);
    }
    html.raw("</tbody></table></section>");
}

fn row(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, stage: &str) {
    let of_stage = |family: &str| values.overall(family, &[("journey_stage", stage)]);
    let number = |family: &str| of_stage(family).map_or(0.0, |sample| sample.value);
    html.put(format_args!("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th>", Escaped(stage)));
    for (title, family) in COUNTS {
        count(html, title, of_stage(family));
    }
    conversion(html, page, &of_stage);
    let stays = number("cx_journey_stage_seconds_count");
    let dwell = of_stage("cx_journey_stage_p50_seconds").or_else(|| of_stage("cx_journey_stage_mean_seconds"));
    write_statistic(html, "Half move on within", &page.statistic(dwell, stays), Unit::Duration, None);
    pain(html, page, values, stage, &of_stage);
    html.raw("</tr>");
}

fn conversion(html: &mut Html, page: &PageContext<'_>, of_stage: &dyn Fn(&str) -> Option<Sample>) {
    let decided: f64 = ["cx_journey_advanced", "cx_journey_dropped"].iter().filter_map(|f| of_stage(f)).map(|s| s.value).sum();
    let statistic = page.statistic(of_stage("cx_journey_conversion_ratio"), decided);
    let Statistic::Of(sample, _) = &statistic else { return write_statistic(html, "Conversion", &statistic, Unit::Percent, None) };
    html.put(format_args!("<td role=\"cell\" data-label=\"Conversion\">{}", Shown(sample, Unit::Percent)));
    if let Some((lower, upper)) = of_stage("cx_journey_conversion_ratio_lower").zip(of_stage("cx_journey_conversion_ratio_upper")) {
        html.put(format_args!("<span class=\"n\">{} to {}</span>", Shown(&lower, Unit::Percent), Shown(&upper, Unit::Percent)));
    }
    share_bar(html, "good", sample.value);
    html.raw("</td>");
}

/// The pain index and its parts, the worst first. Parts of too few cases are withheld, and so is the index if all its parts are.
fn pain(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, stage: &str, of_stage: &dyn Fn(&str) -> Option<Sample>) {
    let cases = |families: &[&str]| families.iter().filter_map(|family| of_stage(family)).map(|sample| sample.value).sum();
    let mut parts: Vec<(&str, Sample)> = Vec::new();
    for (part, name, families) in PAINS {
        let sample = values.overall("cx_journey_pain_part", &[("journey_stage", stage), ("part", part)]);
        if let Statistic::Of(sample, _) = page.statistic(sample, cases(families)) {
            parts.push((name, sample));
        }
    }
    parts.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let Some(index) = of_stage("cx_journey_pain_index").filter(|_| !parts.is_empty()) else {
        return write_statistic(html, "Pain, 0 to 1", &Statistic::None, Unit::Hundredths, None);
    };
    html.put(format_args!("<td role=\"cell\" data-label=\"Pain, 0 to 1\">{}", Shown(&index, Unit::Hundredths)));
    html.raw("<span class=\"n parts\">");
    for (at, (name, sample)) in parts.iter().take(3).enumerate() {
        html.put(format_args!("{}{name} {}", if at == 0 { "" } else { ", " }, Shown(sample, Unit::Hundredths)));
    }
    html.raw("</span>");
    share_bar(html, "bad", index.value);
    html.raw("</td>");
}
