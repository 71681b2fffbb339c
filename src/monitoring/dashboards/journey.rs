//! The board on the customer journey: the stages, the pain index, and churn.

use super::board::{Board, Choice};
use super::family_lookup::FamilyLookup;
use super::panel::{Panel, PanelKind, Role};
use super::query::merged;

/// The legend of a series for each stage.
const STAGE: &str = "{{journey_stage}}";

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "journey",
        "Journey and churn",
        "The customers in each stage of the journey, the pain index of the stages, and churn. All of this needs topics that are keyed by customer.",
        &[Choice::Window],
    )
    .row("Stages now", stages(s))
    .row("Moves between stages", moves(s))
    .row("Pain index", pain(s))
    .row("Churn", churn(s))
    .row("What customers are worth", value(s))
    .row("Repeat contacts", repeats(s))
}

fn bars(s: &FamilyLookup, title: &str, family: &str, legend: &str) -> Panel {
    Panel { kind: PanelKind::Bars, width: 8, ..Panel::over_time(s, title, family, "", "", legend) }
}

fn stages(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        bars(s, "Customers in the stage", "cx_journey_customers", STAGE),
        bars(s, "Conversion", "cx_journey_conversion_ratio", STAGE).range(0.0, 1.0),
        bars(s, "Pain index", "cx_journey_pain_index", STAGE).range(0.0, 1.0),
    ]
}

fn moves(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::over_time(s, "Conversion by stage", "cx_journey_conversion_ratio", "", "", STAGE).range(0.0, 1.0),
        Panel::over_time(s, "Dropped out of the stage", "cx_journey_dropped", "", "", STAGE),
        Panel::over_time(s, "Moves", "cx_journey_transitions", "", "", "{{from}} to {{to}}"),
        Panel::over_time(s, "Share of the moves out of a stage", "cx_journey_transition_ratio", "", "", "{{from}} to {{to}}")
            .range(0.0, 1.0),
        Panel::over_time(s, "Entered the stage", "cx_journey_entered", "", "", STAGE),
    ];
    let median = "cx_journey_stage_p50_seconds";
    if s.has(median, "") {
        panels.push(
            Panel::over_time(s, "Time in the stage, median", median, "", "", STAGE)
                .query(Role::Target, &merged(s, "cx_journey_dwell_target_seconds", "", ""), "target {{journey_stage}}")
                .saying("The dashed lines are the targets of the stages."),
        );
    }
    panels
}

fn pain(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        Panel::over_time(s, "Pain index by stage", "cx_journey_pain_index", "", "", STAGE).range(0.0, 1.0),
        Panel::over_time(s, "Parts of the pain index", "cx_journey_pain_part", "", "", "{{journey_stage}}: {{part}}").range(0.0, 1.0),
        Panel::about(s, PanelKind::Stack, "Touchpoints by stage", "cx_journey_touchpoints").query(
            Role::Value,
            &format!("sum without (channel) ({})", merged(s, "cx_journey_touchpoints", "", "")),
            STAGE,
        ),
        Panel::over_time(s, "Weight that is present in the pain index", "cx_journey_pain_weight_present_ratio", "", "", STAGE)
            .range(0.0, 1.0),
    ]
}

fn churn(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::over_time(s, "Churn", "cx_churn_ratio", "", "", "churned").interval(s, "cx_churn_ratio", "").target(s, "churn").count(
            s,
            "cx_customers_active_at_start",
            "",
            "customers at the start",
        ),
        Panel::over_time(s, "Churn by last CSAT answer", "cx_churn_ratio_by_experience", "", "metric=\"csat\"", "{{experience}}"),
        Panel::about(s, PanelKind::Lines, "Come and gone", "cx_customers_new")
            .query(Role::Value, &merged(s, "cx_customers_new", "", ""), "new")
            .query(Role::Value, &merged(s, "cx_customers_churned", "", ""), "churned"),
        Panel::about(s, PanelKind::Lines, "Customers", "cx_customers_active").query(
            Role::Value,
            &merged(s, "cx_customers_active", "", ""),
            "now",
        ),
    ];
    if s.has("cx_churn_ratio", "_by_segment") {
        panels.push(Panel::over_time(s, "Churn by segment", "cx_churn_ratio", "_by_segment", "", "{{segment}}"));
    }
    panels.push(Panel::over_time(s, "Retention", "cx_retention_ratio", "", "", "kept").interval(s, "cx_retention_ratio", ""));
    panels
}

fn value(s: &FamilyLookup) -> Vec<Panel> {
    let mut panels = vec![
        Panel::over_time(s, "Value at risk", "cx_customers_value_at_risk", "", "", "{{metric}}"),
        Panel::over_time(s, "Value lost", "cx_customers_value_churned", "", "", "lost"),
        Panel::about(s, PanelKind::Lines, "Value of all customers", "cx_customers_value").query(
            Role::Value,
            &merged(s, "cx_customers_value", "", ""),
            "now",
        ),
        Panel::about(s, PanelKind::Lines, "Customers of known value", "cx_customers_with_value")
            .query(Role::Value, &merged(s, "cx_customers_with_value", "", ""), "of known value")
            .query(Role::Count, &merged(s, "cx_customers_active", "", ""), "all"),
    ];
    if s.has("cx_customers_value_at_risk", "_by_segment") {
        panels.push(Panel::over_time(
            s,
            "Value at risk by segment",
            "cx_customers_value_at_risk",
            "_by_segment",
            "",
            "{{segment}}, {{metric}}",
        ));
    }
    panels
}

fn repeats(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        Panel::over_time(s, "Repeat contacts", "cx_repeat_contact_ratio", "", "", "share")
            .interval(s, "cx_repeat_contact_ratio", "")
            .count(s, "cx_contacts", "", "contacts")
            .range(0.0, 1.0),
        Panel::over_time(s, "Repeats on another channel", "cx_channel_switch_ratio", "", "", "share")
            .interval(s, "cx_channel_switch_ratio", "")
            .count(s, "cx_repeat_contacts", "", "repeats")
            .range(0.0, 1.0),
    ]
}
