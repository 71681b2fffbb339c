//! Alerts on churn and the journey, and a check that every alert on the organisation is tested.

use cxpulse::config::Configuration;
use cxpulse::monitoring::{self, Alert, RuleParameters};

use super::kpi::{Kpi, constant, run_all, series};
use super::surveys::trend;
use super::{response_and_chats, surveys};

const MONTH: &str = "window=\"30d\"";
const DAY: &str = "journey_stage=\"trial\",window=\"24h\"";
const ADVANCED_DAY: &str = "cx_journey_advanced{journey_stage=\"trial\",window=\"24h\"}";
const DROPPED_DAY: &str = "cx_journey_dropped{journey_stage=\"trial\",window=\"24h\"}";
const STAGE_MONTH: &str = "journey_stage=\"trial\",window=\"30d\"";
const WEEK: &str = "journey_stage=\"trial\",window=\"7d\"";

#[test]
fn churn_and_journey() {
    run_all(&kpis());
}

#[test]
fn every_alert_on_the_organisation_has_its_cases() {
    let all: Vec<Kpi> = surveys::kpis().into_iter().chain(response_and_chats::kpis()).chain(kpis()).collect();
    // The one that has no values of its own is tested below.
    let is_tested_here = |alert: &&Alert| alert.is_of_organisation && alert.name != "CxEnded";
    for alert in monitoring::alerts(&Configuration::default(), &RuleParameters::default()).iter().filter(is_tested_here) {
        assert!(all.iter().any(|kpi| kpi.is_of(alert)), "{} {:?}", alert.name, alert.apart);
    }
}

fn kpis() -> Vec<Kpi> {
    let steps = ["cx_journey_advanced", "cx_journey_dropped"];
    let kpi = |alert, apart, labels, says, series, silent| Kpi { alert, apart, labels, says, series, silent };
    vec![
        kpi(
            "CxChurnAboveTarget",
            "",
            MONTH,
            "Over 30d at least 7.38% of the customers left.",
            vec![
                series("cx_customers_active_at_start", MONTH, [1000.0, 1000.0, 1000.0, 90.0]),
                series("cx_customers_churned", MONTH, [20.0, 90.0, 20.0, 20.0]),
                constant("cx_target", "metric=\"churn\"", 0.05),
            ],
            vec![("55 of 1000, which may be chance", vec![("cx_customers_churned", 55.0)])],
        ),
        kpi(
            "CxChurnRising",
            "",
            MONTH,
            "The share of customers who left within 30d has risen by more than chance: z is 4.3.",
            vec![
                series("cx_customers_active_at_start", MONTH, [1000.0, 1000.0, 1000.0, 90.0]),
                series("cx_customers_churned", MONTH, [30.0, 70.0, 30.0, 20.0]),
            ],
            vec![("fewer", vec![("cx_customers_churned", 5.0)])],
        ),
        kpi(
            "CxJourneyConversionDropped",
            "window=\"24h\"",
            "journey_stage=\"trial\",window=\"24h\",baseline=\"30d\"",
            "The share of customers who go on from stage trial has fallen by more than chance: z is -13.0.",
            trend(steps, [DAY, STAGE_MONTH], [300.0, 300.0, 60.0], [2_400.0, 480.0], [5.0, 5.0]),
            vec![("more of them", vec![(ADVANCED_DAY, 390.0), (DROPPED_DAY, 10.0)])],
        ),
        kpi(
            "CxJourneyConversionDropped",
            "window=\"7d\"",
            "journey_stage=\"trial\",window=\"7d\",baseline=\"30d\"",
            "The share of customers who go on from stage trial has fallen by more than chance: z is -16.3.",
            trend(steps, [WEEK, STAGE_MONTH], [300.0, 300.0, 60.0], [2_400.0, 480.0], [5.0, 5.0]),
            Vec::new(),
        ),
    ]
}
