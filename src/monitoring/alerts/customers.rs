//! Alerts on where customers go: away, or not on to the next stage.

use super::answers::Watched;
use super::{OVERALL, Terms, Whom, complete, complete_then, kpi};
use crate::monitoring::alert::Alert;

const JOURNEY: &str = "cx-journey";

pub(super) fn alerts(terms: &Terms<'_>) -> Vec<Alert> {
    let month = terms.window("30d");
    let base = format!("cx:customers_active_at_start:sum{{window=\"{month}\"}}");
    let above = format!(
        "cx:churn_ratio_lower:merged{{window=\"{month}\"}} > ignoring (window, metric) group_left () cx:target:max{{metric=\"churn\"}} \
         and {base} >= 100 {}",
        complete(),
    );
    let mut alerts = vec![kpi("CxChurnAboveTarget", above, "6h").on(JOURNEY).saying(
        "More customers leave than the target allows.",
        "Over {{ $labels.window }} at least {{ $value | humanizePercentage }} of the customers left.",
    )];
    // The product has no longer window to hold a month against, so this needs 60 days of Prometheus' own history or a longer retention.
    if terms.scale.baseline.has_offset() {
        let rising = format!(
            "cx:churn_ratio:z_30d{{window=\"{month}\"}} > 2.33 and {base} >= 100 and ({base} offset 30d) >= 100 {} {}",
            complete(),
            complete_then("30d"),
        );
        alerts.push(kpi("CxChurnRising", rising, "6h").on(JOURNEY).saying(
            "More customers leave than a month ago.",
            "The share of customers who left within {{ $labels.window }} has risen by more than chance: z is {{ printf \"%.1f\" $value }}.",
        ));
    }
    let conversion = Watched { family: "cx:journey_conversion_ratio", count: "cx:journey_advanced", falls: true, count_min: 30 };
    let stages = Whom { labels: ", journey_stage", z: "3.09", ..OVERALL };
    alerts.extend(conversion.changed(terms, stages).into_iter().map(|(against, expression)| {
        kpi("CxJourneyConversionDropped", expression, "1h").apart_by("against", against).on(JOURNEY).saying(
            "Fewer customers than before go on from a stage of the journey.",
            "The share of customers who go on from stage {{ $labels.journey_stage }} has fallen by more than chance: z is {{ printf \
             \"%.1f\" $value }}.",
        )
    }));
    alerts
}
