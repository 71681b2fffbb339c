//! Alerts on churn and on the stages of the customer journey.

use super::comparisons::WatchedProportion;
use super::conditions::{Breakdown, Conditions, OVERALL, complete, complete_then, organisation_alert};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;

const JOURNEY: &str = "cx-journey";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let month = conditions.window("30d");
    let base = format!("cx:customers_active_at_start:sum{{window=\"{month}\"}}");
    let above = format!(
        "cx:churn_ratio_lower:merged{{window=\"{month}\"}} > ignoring (window, metric) group_left () cx:target:max{{metric=\"churn\"}} \
         and {base} >= 100 {}",
        complete(),
    );
    let value = format!("cx:churn_ratio:merged{{window=\"{month}\",{GROUP}}}");
    let now = || {
        let customers = format!("cx:customers_active_at_start:sum{{window=\"{month}\",{GROUP}}}");
        Evidence::of(OVERALL).now(&value, Format::Share, &customers, "customers")
    };
    let target = now().target(&format!("cx:target:max{{metric=\"churn\",{GROUP}}}"), Format::Share);
    let mut alerts = vec![organisation_alert("CxChurnAboveTarget", above, "6h").shown_by(target, Some(month)).on(JOURNEY).saying(
        "More customers leave than the target allows.",
        "Over {{ $labels.window }} at least {{ $value | humanizePercentage }} of the customers left.",
    )];
    // The product has no window that is longer than a month, so this comparison needs 60 days of history in Prometheus.
    if conditions.parameters.baseline.has_offset() {
        let rising = format!(
            "cx:churn_ratio:z_30d{{window=\"{month}\"}} > {} and {base} >= 100 and ({base} offset 30d) >= 100 {} {}",
            OVERALL.z,
            complete(),
            complete_then("30d"),
        );
        let z = format!("cx:churn_ratio:z_30d{{window=\"{month}\",{GROUP}}}");
        let evidence = now().expected(&format!("({value} offset 30d)"), &value, &z, "", Format::Share);
        alerts.push(organisation_alert("CxChurnRising", rising, "6h").shown_by(evidence, Some(month)).on(JOURNEY).saying(
            "More customers leave than a month ago.",
            "The share of customers who left within {{ $labels.window }} has risen by more than chance: z is {{ printf \"%.1f\" $value }}.",
        ));
    }
    let conversion = WatchedProportion {
        family: "cx:journey_conversion_ratio",
        count: "cx:journey_advanced",
        noun: "customers went on",
        falls: true,
        count_min: 30,
        is_watched_overall_too: false,
    };
    let stages = Breakdown { labels: ", journey_stage", ..OVERALL };
    alerts.extend(conversion.changed(conditions, stages).into_iter().map(|change| {
        change.alert("CxJourneyConversionDropped", "1h").on(JOURNEY).saying(
            "Fewer customers than before go on from a stage of the journey.",
            "The share of customers who go on from stage {{ $labels.journey_stage }} has fallen by more than chance: z is {{ printf \
             \"%.1f\" $value }}.",
        )
    }));
    alerts
}
