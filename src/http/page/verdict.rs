//! The verdicts on a headline number: whether its target is met, and whether its trend is better or worse, as far as its interval allows to say.
//!
//! Does not know markup beyond one paragraph, nor how a value came about.

use super::PageContext;
use super::headline_numbers::{Kpi, KpiTarget, sample};
use super::html::{Escaped, Html, Shown};
use super::number_format::Unit;
use super::withholding::is_complete;
use crate::metrics::{Group, Sample, Values};

/// The verdict on a number that has a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The whole interval is on the good side of the target.
    Met,
    /// The whole interval is on the bad side of the target.
    Missed,
    /// The target lies within the interval.
    Open,
}

/// A target with the verdict on it.
pub(super) struct Judged {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// The target.
    pub(super) target: Sample,
    /// For a target on time: the share of cases that is compared with the target.
    pub(super) attainment: Option<Attainment>,
}

/// The share of cases that were within a time.
pub(super) struct Attainment {
    /// The time.
    pub(super) seconds: Option<Sample>,
    /// The share, 0 to 1.
    pub(super) share: Sample,
    /// The 95 % confidence interval of the share.
    pub(super) bounds: Option<(Sample, Sample)>,
}

impl Verdict {
    /// The class in the markup.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Open => "open",
        }
    }

    /// The sign, so that the meaning is not in the colour alone.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Met => "✓",
            Self::Missed => "✗",
            Self::Open => "≈",
        }
    }

    /// The words for people.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Open => "too close to tell",
        }
    }

    fn of(value: f64, bounds: Option<(f64, f64)>, target: f64, is_low_good: bool) -> Self {
        let (lower, upper) = bounds.unwrap_or((value, value));
        let (is_above, is_below) = (lower >= target, upper <= target);
        let (is_good, is_bad) = if is_low_good { (is_below, lower > target) } else { (is_above, upper < target) };
        if is_good {
            Self::Met
        } else if is_bad {
            Self::Missed
        } else {
            Self::Open
        }
    }
}

/// The verdict on a number of a group, or overall. There is none without a target, without enough cases, and while the window is incomplete: no alert
/// fires then, so the page gives no verdict either.
pub(super) fn judge(page: &PageContext<'_>, values: &Values<'_>, group: Option<&Group<'_>>, kpi: &Kpi) -> Option<Judged> {
    if !page.is_complete() {
        return None;
    }
    let target_of = |metric: &str| sample(values, group, "cx_target", &[("metric", metric)]);
    match kpi.target.as_ref()? {
        KpiTarget::Value(metric) => {
            let (value, _) = kpi.read(values, group)?;
            let target = target_of(metric)?;
            let bounds = kpi.bounds(values, group).map(|(lower, upper)| (lower.value, upper.value));
            Some(Judged { verdict: Verdict::of(value.value, bounds, target.value, kpi.is_low_good), target, attainment: None })
        }
        KpiTarget::Attainment { seconds, share, ratio, decided } => {
            let count = sample(values, group, decided, &[])?.value;
            if count < f64::from(page.group_size_min) {
                return None;
            }
            let target = target_of(share)?;
            let met = sample(values, group, ratio, &[])?;
            let bound = |side: &str| sample(values, group, &format!("{ratio}_{side}"), &[]);
            let bounds = bound("lower").zip(bound("upper"));
            let verdict = Verdict::of(met.value, bounds.as_ref().map(|(lower, upper)| (lower.value, upper.value)), target.value, false);
            Some(Judged { verdict, target, attainment: Some(Attainment { seconds: target_of(seconds), share: met, bounds }) })
        }
    }
}

/// Writes the paragraph on a target.
pub(super) fn write_target(html: &mut Html, judged: &Judged, unit: Unit) {
    let (class, sign, word) = (judged.verdict.class(), judged.verdict.sign(), judged.verdict.word());
    html.put(format_args!("<p class=\"verdict {class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span> "));
    match &judged.attainment {
        None => html.put(format_args!("Target {} {word}", Shown(&judged.target, unit))),
        Some(attainment) => {
            html.put(format_args!("{} ", Shown(&attainment.share, Unit::Percent)));
            if let Some((lower, upper)) = &attainment.bounds {
                html.put(format_args!("<span class=\"soft\">({} to {})</span> ", Shown(lower, Unit::Percent), Shown(upper, Unit::Percent)));
            }
            match &attainment.seconds {
                Some(seconds) => html.put(format_args!("within {}; ", Shown(seconds, Unit::Duration))),
                None => html.raw("in time; "),
            }
            html.put(format_args!("target {} {word}", Shown(&judged.target, Unit::Percent)));
        }
    }
    html.raw("</p>");
}

/// The difference of a number from the rest of a longer window.
struct Trend {
    difference: Sample,
    /// Its 95 % interval.
    bounds: Option<(Sample, Sample)>,
    /// The name of the longer window.
    baseline: String,
}

/// The value of the rest of the longer window with which a number is compared, and the name of that window; `None` while one of them is incomplete.
pub(super) fn baseline(page: &PageContext<'_>, values: &Values<'_>, kpi: &Kpi) -> Option<(f64, String)> {
    let (value, _) = kpi.read(values, None)?;
    let Trend { difference, baseline, .. } = trends(values, kpi).into_iter().next()?;
    let are_complete = page.is_complete() && is_complete_window(page, &baseline);
    are_complete.then_some((value.value - difference.value, baseline))
}

/// Writes a paragraph for each trend of a number that is configured for the page's window. While that is incomplete, a notice above the numbers says so once.
pub(super) fn write_trend(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>, kpi: &Kpi) {
    if !page.is_complete() {
        return;
    }
    for Trend { difference, bounds, baseline } in &trends(values, kpi) {
        if !is_complete_window(page, baseline) {
            html.put(format_args!("<p class=\"trend waits\">Trend withheld until {} is complete</p>", Escaped(baseline)));
            continue;
        }
        let unit = kpi.unit;
        let is_clear = bounds.as_ref().map(|(lower, upper)| lower.value > 0.0 || upper.value < 0.0);
        let (arrow, word) = direction(kpi, difference.value, is_clear);
        html.put(format_args!(
            "<p class=\"trend\"><span class=\"sign\" aria-hidden=\"true\">{arrow}</span> <data value=\"{}\" data-unit=\"difference-{}\" title=\"{}\">{}</data> \
             vs the rest of {}, {word}</p>",
            difference.exact(),
            unit.name(),
            Escaped(&difference.series),
            unit.difference(difference.value),
            Escaped(baseline)
        ));
    }
}

/// The trends of a number over the page's window.
fn trends(values: &Values<'_>, kpi: &Kpi) -> Vec<Trend> {
    let Some(metric) = kpi.trend else { return Vec::new() };
    let value_of =
        |labels: &[(&'static str, String)], label: &str| labels.iter().find(|(name, _)| *name == label).map(|(_, text)| text.clone());
    let of = |labels: &Vec<(&'static str, String)>| {
        let pairs: Vec<(&str, &str)> = labels.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let sample = |name: &str| values.overall(name, &pairs);
        let bounds = sample("cx_trend_lower").zip(sample("cx_trend_upper"));
        Some(Trend { difference: sample("cx_trend")?, bounds, baseline: value_of(labels, "baseline").unwrap_or_default() })
    };
    let all = values.labels_of("cx_trend");
    all.iter().filter(|labels| value_of(labels, "metric").as_deref() == Some(metric)).filter_map(of).collect()
}

fn is_complete_window(page: &PageContext<'_>, name: &str) -> bool {
    page.snapshot.windows.iter().any(|window| window.settings.name == name && is_complete(window))
}

/// The arrow and the word for a difference. Without an interval the word names the direction only and judges nothing.
fn direction(kpi: &Kpi, value: f64, is_clear: Option<bool>) -> (&'static str, &'static str) {
    if value == 0.0 {
        return ("→", "unchanged");
    }
    let is_up = value > 0.0;
    let word = match is_clear {
        Some(false) => return ("→", "no clear change"),
        Some(true) if is_up != kpi.is_low_good => "better",
        Some(true) => "worse",
        None if kpi.unit == Unit::Duration && is_up => "slower",
        None if kpi.unit == Unit::Duration => "faster",
        None if is_up => "higher",
        None => "lower",
    };
    (if is_up { "↑" } else { "↓" }, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_within_the_interval_is_neither_met_nor_missed() {
        let judge = |lower, upper, is_low_good| Verdict::of((lower + upper) / 2.0, Some((lower, upper)), 0.8, is_low_good);
        assert_eq!(judge(0.81, 0.9, false), Verdict::Met);
        assert_eq!(judge(0.7, 0.79, false), Verdict::Missed);
        assert_eq!(judge(0.75, 0.85, false), Verdict::Open);
        assert_eq!(judge(0.7, 0.79, true), Verdict::Met);
        assert_eq!(judge(0.81, 0.9, true), Verdict::Missed);
    }

    #[test]
    fn a_trend_is_judged_only_where_its_interval_tells_it_from_chance() {
        use super::super::headline_numbers::KPIS;
        let of = |id: &str, value, is_clear| direction(KPIS.iter().find(|kpi| kpi.id == id).unwrap(), value, is_clear);
        assert_eq!(of("csat", 0.1, Some(true)), ("↑", "better"));
        assert_eq!(of("ces", 0.1, Some(true)), ("↑", "worse"));
        assert_eq!(of("csat", -0.1, Some(false)), ("→", "no clear change"));
        assert_eq!(of("resolution", 60.0, None), ("↑", "slower"));
        assert_eq!(of("resolution", 0.0, None), ("→", "unchanged"));
    }

    #[test]
    fn a_number_without_an_interval_stands_for_itself() {
        assert_eq!(Verdict::of(2.5, None, 2.5, true), Verdict::Met);
        assert_eq!(Verdict::of(2.6, None, 2.5, true), Verdict::Missed);
        assert_eq!(Verdict::of(2.5, None, 2.5, false), Verdict::Met);
    }
}
