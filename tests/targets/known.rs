//! Values that are not known are absent, and no value lies where it cannot be: shares of what was never seen, trends, and the health index.

use serde_json::{Value as Json, json};

use super::desk::{DAY, Desk, HOUR, MINUTE, berlin, created, status, with};

/// The three families of a proportion over an hour.
fn ratio(name: &str, label: &str) -> [String; 3] {
    ["", "_lower", "_upper"].map(|end| format!("{name}{end}{{{label}window=\"1h\"}}"))
}

fn about(ticket: &str, what: &str) -> Json {
    json!({"type": format!("ticket.{what}"), "ticket_id": ticket})
}

#[test]
fn the_share_of_escalated_and_transferred_tickets_is_absent_until_one_was_seen() {
    let noon = berlin("2026-05-06T12:00");
    let mut desk =
        Desk::new("").with(&[(noon, created("a")), (noon + MINUTE, status("a", "solved")), (noon, with(created("b"), "team", "x"))]);
    let seen = desk.look(noon + MINUTE);
    for family in ratio("cx_escalation_ratio", "").iter().chain(&ratio("cx_transfer_ratio", "")) {
        seen.lacks(family);
    }
    seen.is("cx_tickets_resolved_escalated{window=\"1h\"}", 0.0).is("cx_escalation_ever_seen", 0.0).is("cx_transfer_ever_seen", 0.0);
    desk.take(noon + 2 * MINUTE, &about("b", "escalated"));
    desk.look(noon + 2 * MINUTE).is("cx_escalation_ratio{window=\"1h\"}", 0.0).lacks("cx_transfer_ratio{window=\"1h\"}");
    desk.take(noon + 3 * MINUTE, &with(about("b", "assigned"), "team", "y"));
    // A ticket that is withdrawn was seen all the same.
    desk.take(noon + 4 * MINUTE, &status("b", "spam"));
    let seen = desk.look(noon + 4 * MINUTE);
    for family in [ratio("cx_escalation_ratio", ""), ratio("cx_transfer_ratio", "")] {
        seen.is(&family[0], 0.0).is(&family[1], 0.0);
        assert!(seen.value(&family[2]).is_some_and(|upper| upper > 0.5), "{family:?}");
    }
    seen.is("cx_escalation_ever_seen", 1.0).is("cx_transfer_ever_seen", 1.0);
}

#[test]
fn the_share_of_answered_surveys_is_absent_until_an_answer_of_the_metric_belonged_to_one() {
    let noon = berlin("2026-05-06T12:00");
    let survey = |what: &str, id: &str, metric: &str| json!({"type": format!("survey.{what}"), "survey_id": id, "metric": metric});
    let answer = |id: &str, metric: &str| {
        let mut event = survey("responded", id, metric);
        event["score"] = 5.into();
        event
    };
    let mut desk = Desk::new("").with(&[
        (noon, survey("sent", "1", "csat")),
        (noon, survey("sent", "2", "nps")),
        (noon + MINUTE, answer("another", "csat")),
        (noon + MINUTE, answer("2", "nps")),
    ]);
    let seen = desk.look(noon + MINUTE);
    for family in ratio("cx_survey_response_ratio", "metric=\"csat\",") {
        seen.lacks(&family);
    }
    seen.is("cx_surveys_sent{metric=\"csat\",window=\"1h\"}", 1.0)
        .is("cx_surveys_answered{metric=\"csat\",window=\"1h\"}", 0.0)
        .is("cx_survey_answer_ever_seen{metric=\"csat\"}", 0.0)
        .is("cx_survey_response_ratio{metric=\"nps\",window=\"1h\"}", 1.0);
    desk.take(noon + 2 * MINUTE, &survey("sent", "another", "csat"));
    desk.look(noon + 2 * MINUTE)
        .is("cx_survey_response_ratio{metric=\"csat\",window=\"1h\"}", 0.5)
        .is("cx_survey_answer_ever_seen{metric=\"csat\"}", 1.0);
}

fn nps(score: i64) -> Json {
    json!({"type": "survey.responded", "metric": "nps", "scope": "service", "survey_id": format!("{score}"), "score": score})
}

#[test]
fn a_trend_and_its_bounds_lie_where_differences_can_be() {
    let noon = berlin("2026-05-06T12:00");
    let trend = |name: &str| format!("{name}{{metric=\"nps_service\",baseline=\"7d\",window=\"24h\"}}");
    let rise = Desk::new("").with(&[(noon - 3 * DAY, nps(0)), (noon, nps(10))]).look(noon);
    rise.is(&trend("cx_trend"), 200.0).is(&trend("cx_trend_upper"), 200.0);
    assert!(rise.value(&trend("cx_trend_lower")).is_some_and(|lower| lower < 200.0));
    let fall = Desk::new("").with(&[(noon - 3 * DAY, nps(10)), (noon, nps(0))]).look(noon);
    fall.is(&trend("cx_trend"), -200.0).is(&trend("cx_trend_lower"), -200.0);
}

#[test]
fn each_point_below_the_target_of_a_net_promoter_score_costs_the_same() {
    let noon = berlin("2026-05-06T12:00");
    let part = "cx_health_part{part=\"perception\",window=\"24h\"}";
    let with_target = |target: &str, score: i64| {
        let text = format!("[targets.nps_service]\nvalue = {target}\n");
        Desk::new(&text).with(&[(noon, nps(score))]).look(noon)
    };
    for (target, score, share) in
        [("0", 8, 1.0), ("0", 0, 0.0), ("1", 8, 0.99), ("-50", 0, 0.5), ("100", 8, 0.0), ("50", 8, 0.5), ("50", 9, 1.0)]
    {
        with_target(target, score).is(part, share);
    }
}

#[test]
fn health_by_a_dimension_of_customers_includes_their_churn() {
    let noon = berlin("2026-05-06T12:00");
    let text = r#"
grouping_sets = [["team"], ["segment"]]
customer_grouping_sets = [["segment"]]
[targets.churn]
value = 0.25
overrides = [{ where = { segment = "trial" }, value = 0.5 }]
"#;
    let active = |id: &str, segment: &str| json!({"type": "customer.active", "customer_id": id, "segment": segment});
    let part = |group: &str| format!("cx_health_part{group},part=\"outcome\",window=\"24h\"}}");
    let mut events =
        vec![(noon - 3 * DAY, active("1", "trial")), (noon - 3 * DAY, active("2", "paid")), (noon - 3 * DAY, active("3", "paid"))];
    events.extend(["1", "2"].map(|id| (noon - HOUR, with(with(created(id), "customer_id", id), "team", "a"))));
    events.extend(["1", "2"].map(|id| (noon - MINUTE, json!({"type": "customer.cancelled", "customer_id": id}))));
    let seen = Desk::new(text).with(&events).look(noon);
    seen.is("cx_health_part{part=\"outcome\",window=\"24h\"}", 0.375)
        .is(&part("_by_segment{segment=\"trial\""), 0.5)
        .is(&part("_by_segment{segment=\"paid\""), 0.5)
        .lacks(&part("_by_team{team=\"a\""));
}
