//! Targets as they are exported: by group, as gaps, and together with the answers of customers.

use serde_json::json;

use super::desk::{Desk, HOUR, MINUTE, berlin, created, rated, says, with};

const ALL: &str = r#"
grouping_sets = [["channel"], ["team"], ["segment"]]
customer_grouping_sets = [["segment"]]
[targets.first_response]
within = "1h"
share = 0.9
overrides = [
    { where = { team = "billing", channel = "chat" }, within = "1m" },
    { where = { team = ["billing", "orders"] }, within = "30m", share = 0.5 },
]
[targets.resolution]
within = "24h"
[targets.chat_wait]
within = "60s"
[targets.csat]
value = 0.9
overrides = [{ where = { team = "billing" }, value = 0.25 }]
[targets.nps_service]
value = 10
[targets.nps_experience]
value = 40.5
[targets.ces]
value = 2
[targets.churn]
value = 0.05
overrides = [{ where = { segment = "trial" }, value = 0.5 }]
"#;

#[test]
fn without_targets_there_are_no_families_of_targets() {
    let noon = berlin("2026-05-06T12:00");
    let seen = Desk::new("").with(&[(noon, created("a"))]).look(noon + HOUR);
    let of_targets =
        ["cx_target", "cx_first_response_attainment", "cx_first_response_target", "cx_resolution_within", "cx_chat_wait_target"];
    for start in of_targets.iter().chain(&["cx_backlog_unanswered_past_target", "cx_csat_ratio_within", "cx_csat_responses_beyond"]) {
        assert_eq!(seen.named(start), Vec::<&str>::new());
    }
}

#[test]
fn each_metric_has_its_target_and_each_group_that_of_the_rule_that_its_values_fulfil() {
    let noon = berlin("2026-05-06T12:00");
    let subscribed = |id: &str, segment: &str| json!({"type": "customer.subscribed", "customer_id": id, "segment": segment});
    let seen = Desk::new(ALL)
        .with(&[
            (noon - MINUTE, subscribed("1", "trial")),
            (noon, with(with(created("a"), "team", "billing"), "customer_id", "1")),
            (noon, with(created("b"), "team", "returns")),
        ])
        .look(noon + MINUTE);
    for (metric, value) in [
        ("first_response", 3600.0),
        ("first_response_attainment", 0.9),
        ("resolution", 86400.0),
        ("resolution_attainment", 0.9),
        ("chat_wait", 60.0),
        ("chat_wait_attainment", 0.9),
        ("csat", 0.9),
        ("nps_service", 10.0),
        ("nps_experience", 40.5),
        ("ces", 2.0),
        ("churn", 0.05),
    ] {
        seen.is(&format!("cx_target{{metric=\"{metric}\"}}"), value);
    }
    seen.is("cx_target_by_team{team=\"billing\",metric=\"first_response\"}", 1800.0)
        .is("cx_target_by_team{team=\"billing\",metric=\"first_response_attainment\"}", 0.5)
        .is("cx_target_by_team{team=\"billing\",metric=\"csat\"}", 0.25)
        .is("cx_target_by_team{team=\"returns\",metric=\"csat\"}", 0.9)
        .lacks("cx_target_by_team{team=\"billing\",metric=\"churn\"}")
        // A grouping set of contacts and one of customers over the same dimension are one family.
        .is("cx_target_by_segment{segment=\"trial\",metric=\"churn\"}", 0.5)
        .is("cx_target_by_segment{segment=\"trial\",metric=\"csat\"}", 0.9);
}

#[test]
fn a_gap_is_positive_where_it_is_good() {
    let noon = berlin("2026-05-06T12:00");
    let answer =
        |id: &str, metric: &str, score: i64| json!({"type": "survey.responded", "survey_id": id, "metric": metric, "score": score});
    let effort = |id: &str, score: i64| {
        let mut event = answer(id, "ces", score);
        event["direction"] = "effort".into();
        event
    };
    let active = |id: &str| json!({"type": "customer.active", "customer_id": id});
    let scoped = |id: &str, score: i64, scope: &str| with(answer(id, "nps", score), "scope", scope);
    let seen = Desk::new(ALL)
        .with(&[
            (noon, active("1")),
            (noon, active("2")),
            (noon + HOUR, json!({"type": "customer.cancelled", "customer_id": "2"})),
            (noon + HOUR, with(answer("1", "csat", 5), "team", "billing")),
            (noon + HOUR, with(answer("2", "csat", 2), "team", "billing")),
            (noon + HOUR, effort("3", 1)),
            (noon + HOUR, scoped("4", 10, "experience")),
            (noon + HOUR, scoped("5", 3, "service")),
        ])
        .look(noon + HOUR + MINUTE);
    let gap = |metric: &str| format!("cx_target_gap{{metric=\"{metric}\",window=\"1h\"}}");
    seen.is(&gap("csat"), 0.5 - 0.9)
        .is("cx_target_gap_by_team{team=\"billing\",metric=\"csat\",window=\"1h\"}", 0.25)
        .is(&gap("ces"), 1.0)
        .is(&gap("nps_experience"), 59.5)
        .is(&gap("nps_service"), -110.0)
        .lacks(&gap("first_response_attainment"))
        .lacks(&gap("first_response"));
    let churned = seen.value("cx_churn_ratio{window=\"1h\"}");
    assert_eq!(seen.value(&gap("churn")), churned.map(|ratio| 0.05 - ratio));
    assert_eq!(churned, Some(0.5));
}

#[test]
fn satisfaction_is_told_apart_by_whether_the_reply_was_in_time() {
    let noon = berlin("2026-05-06T12:00");
    let text = "[targets.first_response]\nwithin = \"1h\"\n";
    let mut desk = Desk::new(text).with(&[
        (noon, created("quick")),
        (noon, created("slow")),
        (noon, created("unanswered")),
        (noon, created("rated early")),
        (noon + MINUTE, says("quick", "agent")),
        (noon + 2 * MINUTE, rated("quick", 5)),
        (noon + 3 * MINUTE, rated("rated early", 1)),
    ]);
    let early = desk.look(noon + 4 * MINUTE);
    early.is("cx_csat_ratio_within_first_response_target{window=\"1h\"}", 1.0);
    early.is("cx_csat_responses_beyond_first_response_target{window=\"1h\"}", 0.0);
    early.lacks("cx_csat_ratio_beyond_first_response_target{window=\"1h\"}");
    desk.take(noon + 2 * HOUR, &says("slow", "agent"));
    desk.take(noon + 2 * HOUR, &rated("slow", 2));
    desk.take(noon + 2 * HOUR, &rated("unanswered", 5));
    let seen = desk.look(noon + 3 * HOUR);
    seen.is("cx_csat_responses_beyond_first_response_target{window=\"24h\"}", 3.0)
        .is("cx_csat_satisfied_responses_beyond_first_response_target{window=\"24h\"}", 1.0)
        .is("cx_csat_ratio_within_first_response_target{window=\"24h\"}", 1.0)
        .is("cx_csat_responses_within_first_response_target{window=\"1h\"}", 0.0);
    // A new rating of the same ticket replaces the earlier one.
    desk.take(noon + 3 * HOUR, &rated("quick", 1));
    desk.look(noon + 3 * HOUR)
        .is("cx_csat_ratio_within_first_response_target{window=\"24h\"}", 0.0)
        .is("cx_csat_responses_within_first_response_target{window=\"24h\"}", 1.0);
}
