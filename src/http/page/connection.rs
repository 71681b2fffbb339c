//! What goes with what: the correlations in words, and what late answers and bad experience are followed by.
//!
//! Knows markup. Says how strong a link is and that it proves no cause.

use super::format::{Unit, capital};
use super::html::{Escaped, Html, Shown};
use super::spark;
use super::view::{Statistic, View};
use crate::metrics::{Sample, Values};

/// Of fewer pairs the exposition has no rho.
const PAIRS_MIN: f64 = 10.0;

/// A side by its label value: its name, its growing as a condition, and its shrinking and growing as a consequence.
const SIDES: [(&str, &str, &str, [&str; 2]); 5] = [
    (
        "first_response",
        "time to first response",
        "the longer the first response takes",
        ["the sooner the first response", "the later the first response"],
    ),
    ("resolution", "time to resolution", "the longer the resolution takes", ["the sooner the resolution", "the later the resolution"]),
    ("csat", "satisfaction", "the higher the satisfaction", ["the lower the satisfaction", "the higher the satisfaction"]),
    ("ces", "effort", "the greater the effort", ["the smaller the effort", "the greater the effort"]),
    ("nps", "recommendation", "the likelier a recommendation", ["the less likely a recommendation", "the likelier a recommendation"]),
];

/// The section.
pub(super) fn section(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    let window = Escaped(view.window_name());
    html.put(format_args!(
        "<section aria-labelledby=\"links\"><h2 id=\"links\">What goes with what <span class=\"soft\">last {window}</span></h2><ul class=\"links\">"
    ));
    for labels in values.labels_of("cx_correlation_pairs") {
        let text = |wanted: &str| labels.iter().find(|(name, _)| *name == wanted).map_or("", |(_, text)| text.as_str());
        link(html, view, values, text("x"), text("y"));
    }
    html.raw("</ul>");
    after_late_answers(html, view, values);
    after_experience(html, view, values);
    html.raw("<p class=\"note\">Spearman’s rho with its 95\u{a0}% interval, from −1 to 1. What goes together need not cause each other.</p></section>");
}

fn link(html: &mut Html, view: &View<'_>, values: &Values<'_>, x: &str, y: &str) {
    let labels = [("x", x), ("y", y)];
    let sample = |family: &str| values.overall(family, &labels);
    let side = |name: &str| SIDES.iter().find(|side| side.0 == name);
    let (Some(pairs), Some(from), Some(to)) = (sample("cx_correlation_pairs"), side(x), side(y)) else { return };
    let least = f64::from(view.group_size_min).max(PAIRS_MIN);
    let rho = sample("cx_correlation").filter(|_| pairs.value >= least);
    let bounds = sample("cx_correlation_lower").zip(sample("cx_correlation_upper"));
    html.put(format_args!("<li><h3>{} and {}</h3>", capital(from.1), to.1));
    match rho {
        Some(rho) => {
            html.put(format_args!("<p>{}</p><p class=\"measure\">", sentence(rho.value, bounds.as_ref(), from.2, to.3)));
            spark::rho(html, rho.value, bounds.as_ref().map(|(lower, upper)| (lower.value, upper.value)));
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

/// A rho in words.
fn sentence(rho: f64, bounds: Option<&(Sample, Sample)>, condition: &str, consequence: [&str; 2]) -> String {
    if bounds.is_none_or(|(lower, upper)| lower.value <= 0.0 && upper.value >= 0.0) {
        return "No clear link: the interval holds 0.".to_owned();
    }
    let strength = match rho.abs() {
        size if size < 0.1 => "Hardly a link",
        size if size < 0.3 => "A weak link",
        size if size < 0.5 => "A moderate link",
        _ => "A strong link",
    };
    format!("{strength}: {condition}, {}.", consequence[usize::from(rho > 0.0)])
}

fn after_late_answers(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    let side = |side: &str| {
        let family = |what: &str, end: &str| format!("cx_csat_{what}_{side}_first_response_target{end}");
        let count = values.overall(&family("responses", ""), &[])?.value;
        Some((view.gated(values.overall(&family("ratio", ""), &[]), count), count))
    };
    let Some((within, beyond)) = side("within").zip(side("beyond")) else { return };
    html.raw("<p class=\"follows\"><strong>Answered in time or late.</strong> ");
    for (at, ((statistic, count), what)) in
        [(within, "answered within the first-response target"), (beyond, "answered later")].iter().enumerate()
    {
        html.raw(if at == 0 { "Satisfied: " } else { ", " });
        told(html, statistic, *count, what);
    }
    html.raw(".</p>");
}

fn after_experience(html: &mut Html, view: &View<'_>, values: &Values<'_>) {
    let of = |experience: &str| {
        let labels = [("metric", "csat"), ("experience", experience)];
        let count = values.overall("cx_customers_active_at_start_by_experience", &labels)?.value;
        Some((view.gated(values.overall("cx_churn_ratio_by_experience", &labels), count), count))
    };
    let Some(((good, bad), none)) = of("good").zip(of("bad")).zip(of("none")) else { return };
    html.raw("<p class=\"follows\"><strong>Leaving after an experience.</strong> Churned in the window: ");
    let sides = [(good, "whose last answer was satisfied"), (bad, "whose last answer was dissatisfied"), (none, "without an answer")];
    for (at, ((statistic, count), what)) in sides.iter().enumerate() {
        html.raw(if at == 0 { "" } else { ", " });
        told(html, statistic, *count, what);
    }
    html.raw(".</p>");
}

fn told(html: &mut Html, statistic: &Statistic, count: f64, what: &str) {
    match statistic {
        Statistic::Of(sample, _) => html.put(format_args!("{} of those {what}", Shown(sample, Unit::Percent))),
        Statistic::TooFew(_) => html.put(format_args!("too few of those {what}")),
        Statistic::None => html.put(format_args!("nobody of those {what}")),
    }
    html.put(format_args!(" <span class=\"soft\">(n\u{a0}{})</span>", Unit::Count.text(count)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_with_its_strength_and_direction() {
        let sample = |value| Sample { series: String::new(), value };
        let (_, _, condition, _) = SIDES[0];
        let (.., consequence) = SIDES[2];
        let told = |rho: f64, lower, upper| sentence(rho, Some(&(sample(lower), sample(upper))), condition, consequence);
        assert_eq!(told(-0.42, -0.5, -0.3), "A moderate link: the longer the first response takes, the lower the satisfaction.");
        assert_eq!(told(0.6, 0.5, 0.7), "A strong link: the longer the first response takes, the higher the satisfaction.");
        assert_eq!(told(-0.2, -0.5, 0.1), "No clear link: the interval holds 0.");
    }
}
