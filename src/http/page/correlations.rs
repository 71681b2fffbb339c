//! The section on correlations: each correlation in words, satisfaction after answers in time and late ones, and churn after good and bad experience.
//!
//! Knows markup, and says that a correlation proves no cause. Does not know how a correlation is computed.

use super::PageContext;
use super::html::{Escaped, Html, Shown};
use super::number_format::{Unit, capitalised};
use super::withholding::Statistic;
use crate::metrics::{Sample, Values};

/// The exposition has no rho of fewer pairs.
const PAIRS_MIN: f64 = 10.0;

/// One of the two measures of a correlation.
struct CorrelationSide {
    /// The value of the label `x` or `y`.
    label: &'static str,
    name: &'static str,
    /// Says that the measure grows, as a condition.
    if_it_grows: &'static str,
    /// Says that the measure shrinks, as a consequence.
    then_it_shrinks: &'static str,
    /// Says that the measure grows, as a consequence.
    then_it_grows: &'static str,
}

const SIDES: [CorrelationSide; 5] = [
    CorrelationSide {
        label: "first_response",
        name: "time to first response",
        if_it_grows: "the longer the first response takes",
        then_it_shrinks: "the sooner the first response",
        then_it_grows: "the later the first response",
    },
    CorrelationSide {
        label: "resolution",
        name: "time to resolution",
        if_it_grows: "the longer the resolution takes",
        then_it_shrinks: "the sooner the resolution",
        then_it_grows: "the later the resolution",
    },
    CorrelationSide {
        label: "csat",
        name: "satisfaction",
        if_it_grows: "the higher the satisfaction",
        then_it_shrinks: "the lower the satisfaction",
        then_it_grows: "the higher the satisfaction",
    },
    CorrelationSide {
        label: "ces",
        name: "effort",
        if_it_grows: "the greater the effort",
        then_it_shrinks: "the smaller the effort",
        then_it_grows: "the greater the effort",
    },
    CorrelationSide {
        label: "nps",
        name: "recommendation",
        if_it_grows: "the likelier a recommendation",
        then_it_shrinks: "the less likely a recommendation",
        then_it_grows: "the likelier a recommendation",
    },
];

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    let window = Escaped(page.window_name());
    html.put(format_args!(
        "<section aria-labelledby=\"links\"><h2 id=\"links\">Correlations <span class=\"soft\">last {window}</span></h2><ul class=\"links\">"
    ));
    for labels in values.labels_of("cx_correlation_pairs") {
        let text = |wanted: &str| labels.iter().find(|(name, _)| *name == wanted).map_or("", |(_, text)| text.as_str());
        correlation(html, page, values, text("x"), text("y"));
    }
    html.raw("</ul>");
    satisfaction_after_answers(html, page, values);
    churn_after_experience(html, page, values);
    html.raw(
        "<p class=\"note\">Spearman’s rho with its 95\u{a0}% interval, from −1 to 1. A correlation does not prove a cause.</p></section>",
    );
}

fn correlation(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, x: &str, y: &str) {
    let labels = [("x", x), ("y", y)];
    let sample = |family: &str| values.overall(family, &labels);
    let side = |label: &str| SIDES.iter().find(|side| side.label == label);
    let (Some(pairs), Some(from), Some(to)) = (sample("cx_correlation_pairs"), side(x), side(y)) else { return };
    let least = f64::from(page.group_size_min).max(PAIRS_MIN);
    let rho = sample("cx_correlation").filter(|_| pairs.value >= least);
    let bounds = sample("cx_correlation_lower").zip(sample("cx_correlation_upper"));
    html.put(format_args!("<li><h3>{} and {}</h3>", capitalised(from.name), to.name));
    match rho {
        Some(rho) => {
            html.put(format_args!("<p>{}</p><p class=\"measure\">", sentence(rho.value, bounds.as_ref(), from, to)));
            rho_axis(html, rho.value, bounds.as_ref().map(|(lower, upper)| (lower.value, upper.value)));
            html.put(format_args!("<span class=\"soft\">rho {}", Shown(&rho, Unit::Rho)));
            if let Some((lower, upper)) = &bounds {
                html.put(format_args!(" ({} to {})", Shown(lower, Unit::Rho), Shown(upper, Unit::Rho)));
            }
            html.put(format_args!(", {} pairs</span></p>", Shown(&pairs, Unit::Count)));
        }
        None => {
            html.put(format_args!("<p class=\"soft\">Too few pairs: {} of the {least} that are needed.</p>", Shown(&pairs, Unit::Count)))
        }
    }
    html.raw("</li>");
}

/// A rho in words: how strong the link is, and its direction.
fn sentence(rho: f64, bounds: Option<&(Sample, Sample)>, from: &CorrelationSide, to: &CorrelationSide) -> String {
    if bounds.is_none_or(|(lower, upper)| lower.value <= 0.0 && upper.value >= 0.0) {
        return "No clear link: the interval contains 0.".to_owned();
    }
    let strength = match rho.abs() {
        size if size < 0.1 => "Hardly a link",
        size if size < 0.3 => "A weak link",
        size if size < 0.5 => "A moderate link",
        _ => "A strong link",
    };
    let consequence = if rho > 0.0 { to.then_it_grows } else { to.then_it_shrinks };
    format!("{strength}: {}, {consequence}.", from.if_it_grows)
}

/// Draws a rho of -1 to 1 with its interval.
fn rho_axis(html: &mut Html, value: f64, bounds: Option<(f64, f64)>) {
    let x = |value: f64| 60.0 + value.clamp(-1.0, 1.0) * 58.0;
    html.raw("<svg class=\"rho\" viewBox=\"0 0 120 16\" aria-hidden=\"true\"><path class=\"axis\" d=\"M2 8H118M60 2V14\"/>");
    if let Some((lower, upper)) = bounds {
        html.put(format_args!("<path class=\"band\" d=\"M{:.1} 8H{:.1}\"/>", x(lower), x(upper)));
    }
    html.put(format_args!("<circle cx=\"{:.1}\" cy=\"8\" r=\"3.5\"/></svg>", x(value)));
}

fn satisfaction_after_answers(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    let side = |side: &str| {
        let family = |statistic: &str| format!("cx_csat_{statistic}_{side}_first_response_target");
        let count = values.overall(&family("responses"), &[])?.value;
        Some((page.statistic(values.overall(&family("ratio"), &[]), count), count))
    };
    let Some((within, beyond)) = side("within").zip(side("beyond")) else { return };
    html.raw("<p class=\"follows\"><strong>Answered in time or late.</strong> ");
    for (at, ((statistic, count), group)) in
        [(within, "answered within the first-response target"), (beyond, "answered later")].iter().enumerate()
    {
        html.raw(if at == 0 { "Satisfied: " } else { ", " });
        share_of(html, statistic, *count, group);
    }
    html.raw(".</p>");
}

fn churn_after_experience(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    let of = |experience: &str| {
        let labels = [("metric", "csat"), ("experience", experience)];
        let count = values.overall("cx_customers_active_at_start_by_experience", &labels)?.value;
        Some((page.statistic(values.overall("cx_churn_ratio_by_experience", &labels), count), count))
    };
    let Some(((good, bad), none)) = of("good").zip(of("bad")).zip(of("none")) else { return };
    html.raw("<p class=\"follows\"><strong>Churn after an experience.</strong> Churned in the window: ");
    let sides = [(good, "whose last answer was satisfied"), (bad, "whose last answer was dissatisfied"), (none, "without an answer")];
    for (at, ((statistic, count), group)) in sides.iter().enumerate() {
        html.raw(if at == 0 { "" } else { ", " });
        share_of(html, statistic, *count, group);
    }
    html.raw(".</p>");
}

fn share_of(html: &mut Html, statistic: &Statistic, count: f64, group: &str) {
    match statistic {
        Statistic::Of(sample, _) => html.put(format_args!("{} of those {group}", Shown(sample, Unit::Percent))),
        Statistic::TooFew(_) => html.put(format_args!("too few of those {group}")),
        Statistic::None => html.put(format_args!("no value for those {group}")),
    }
    html.put(format_args!(" <span class=\"soft\">(n\u{a0}{})</span>", Unit::Count.text(count)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_with_its_strength_and_direction() {
        let sample = |value| Sample { series: String::new(), value };
        let told = |rho: f64, lower, upper| sentence(rho, Some(&(sample(lower), sample(upper))), &SIDES[0], &SIDES[2]);
        assert_eq!(told(-0.42, -0.5, -0.3), "A moderate link: the longer the first response takes, the lower the satisfaction.");
        assert_eq!(told(0.6, 0.5, 0.7), "A strong link: the longer the first response takes, the higher the satisfaction.");
        assert_eq!(told(-0.2, -0.5, 0.1), "No clear link: the interval contains 0.");
    }
}
