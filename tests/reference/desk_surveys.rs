//! What real desks do with surveys: whose answer it is, what it is about, and which survey it answers. Worked out by hand.

use serde_json::json;

use super::desk::{DAY, Event, HOUR, answered, answered_plainly, created, in_chat, on_ticket, says, seen, sent, status, with_targets};
use super::setup::setup;

const SATISFIED: &str = "cx_csat_satisfied_responses";

fn of_team(team: &str) -> String {
    format!(r#"cx_csat_responses_by_team{{team="{team}"}}"#)
}

fn moved(at: i64, team: &str) -> Event {
    on_ticket(at, "ticket.assigned", json!({"team": team, "reason": "auto"}))
}

#[test]
fn answer_is_credited_to_its_own_team_then_to_that_of_its_sending_then_to_the_solvers() {
    let rated = |asked: Option<&str>, said: Option<&str>| {
        let events = [
            created(0),
            status(60, "solved"),
            sent(120, json!({"metric": "csat", "ticket_id": "T", "team": asked})),
            moved(180, "archive"),
            answered(240, json!({"metric": "csat", "score": 5, "team": said})),
        ];
        seen(&setup(), &events, 300)
    };
    rated(Some("asked"), Some("said")).is(&of_team("said"), 1.0);
    rated(Some("asked"), None).is(&of_team("asked"), 1.0);
    rated(None, None).is(&of_team("a"), 1.0).is(&of_team("archive"), 0.0);
}

#[test]
fn solve_that_counts_for_an_answer_is_the_latest_before_the_first_sending() {
    let about = json!({"metric": "csat", "ticket_id": "T"});
    let events = [
        created(0),
        status(60, "solved"),
        sent(120, about.clone()),
        status(180, "open"),
        moved(200, "b"),
        status(240, "solved"),
        sent(300, about),
        moved(320, "c"),
    ];
    let with = |answer: Event| [events.to_vec(), vec![answer]].concat();
    seen(&setup(), &with(answered(400, json!({"metric": "csat", "score": 4}))), 500).is(&of_team("a"), 1.0);
    // An answer to a survey that was never sent: the latest solve before the answer.
    let other = (400, "survey.responded", "never sent", json!({"metric": "csat", "score": 4, "ticket_id": "T"}));
    seen(&setup(), &with(other), 500).is(&of_team("b"), 1.0);
    // Not solved yet: what it is at the answer.
    let open = [created(0), moved(60, "b"), answered(120, json!({"metric": "csat", "score": 4, "ticket_id": "T"}))];
    seen(&setup(), &open, 200).is(&of_team("b"), 1.0);
}

#[test]
fn team_that_was_taken_away_before_the_solve_is_no_value() {
    let events = [
        created(0),
        on_ticket(30, "ticket.assigned", json!({"team": null})),
        status(60, "solved"),
        sent(90, json!({"metric": "csat", "ticket_id": "T"})),
        moved(120, "b"),
        answered(180, json!({"metric": "csat", "score": 4})),
    ];
    seen(&setup(), &events, 200).is(&of_team("b"), 1.0).is(&of_team("unknown"), 0.0);
}

#[test]
fn answer_about_a_chat_takes_the_values_at_its_end() {
    let events = [
        in_chat(0, "chat.started", json!({"team": "a"})),
        in_chat(60, "chat.ended", json!({})),
        in_chat(120, "chat.transferred", json!({"team": "b", "reason": "auto"})),
        answered_plainly(180, json!({"metric": "csat", "score": 4, "chat_id": "R"})),
    ];
    seen(&setup(), &events, 200).is(&of_team("a"), 1.0).is(r#"cx_csat_responses_by_channel{channel="chat"}"#, 1.0);
}

#[test]
fn answer_that_names_only_its_survey_is_about_what_the_sending_named() {
    let events = [
        created(0),
        says(60, "agent"),
        status(120, "solved"),
        sent(180, json!({"metric": "nps", "ticket_id": "T", "customer_id": "C"})),
        answered(240, json!({"metric": "nps", "score": 9})),
        status(300, "spam"),
    ];
    let service = r#"cx_nps_responses{scope="service",group="promoter"}"#;
    let linked = seen(&setup(), &events[..5], 300);
    linked.is(service, 1.0).is(r#"cx_nps_responses{scope="experience",group="promoter"}"#, 0.0);
    linked.is(r#"cx_correlation_pairs{x="first_response",y="nps"}"#, 1.0);
    seen(&setup(), &events, 400).is(service, 0.0);
    // Without the sending it is about nothing, so about the relationship.
    let alone = [events[..3].to_vec(), vec![events[4].clone()]].concat();
    seen(&setup(), &alone, 300).is(r#"cx_nps_responses{scope="experience",group="promoter"}"#, 1.0).is(service, 0.0);
}

#[test]
fn reminder_that_names_nothing_keeps_what_the_first_sending_named() {
    let events = [
        created(0),
        says(60, "agent"),
        sent(100, json!({"metric": "csat", "ticket_id": "T"})),
        sent(DAY, json!({"metric": "csat"})),
        answered(DAY + 60, json!({"metric": "csat", "score": 3})),
    ];
    seen(&setup(), &events, DAY + HOUR)
        .is(r#"cx_surveys_sent{metric="csat"}"#, 1.0)
        .is(r#"cx_surveys_answered{metric="csat"}"#, 1.0)
        .is(r#"cx_correlation_pairs{x="first_response",y="csat"}"#, 1.0)
        .is(&of_team("a"), 1.0);
}

#[test]
fn answer_without_a_survey_answers_what_was_last_sent_about_its_ticket() {
    let about = json!({"metric": "csat", "ticket_id": "T"});
    let events = [
        created(0),
        (60, "survey.sent", "S1", about.clone()),
        (120, "survey.sent", "S2", about),
        (150, "survey.sent", "S3", json!({"metric": "ces", "ticket_id": "T"})),
        answered_plainly(180, json!({"metric": "csat", "score": 2, "ticket_id": "T"})),
        (240, "survey.responded", "S2", json!({"metric": "csat", "score": 5})),
        (300, "survey.responded", "S1", json!({"metric": "csat", "score": 4})),
    ];
    seen(&setup(), &events[..5], 200)
        .is(r#"cx_surveys_sent{metric="csat"}"#, 2.0)
        .is(r#"cx_surveys_answered{metric="csat"}"#, 1.0)
        .is(r#"cx_surveys_answered{metric="ces"}"#, 0.0);
    // The plain answer was one to S2, so the next one replaces it; S1 is another survey.
    seen(&setup(), &events[..6], 250).is("cx_csat_responses", 1.0).is(SATISFIED, 1.0);
    seen(&setup(), &events, 400).is("cx_csat_responses", 2.0).is(SATISFIED, 2.0);
}

#[test]
fn same_answer_again_changes_nothing_and_another_one_replaces_it() {
    let answer = |at, score: f64, team: &str| answered(at, json!({"metric": "csat", "score": score, "team": team}));
    let again = [answer(0, 5.0, "a"), answer(8 * DAY, 5.0, "b")];
    // It keeps its time too, so the window of seven days does not hold it.
    seen(&setup(), &again, 8 * DAY + HOUR).is("cx_csat_responses", 0.0);
    let changed = [answer(0, 5.0, "a"), answer(60, 4.0, "b"), answer(120, 5.0, "c")];
    seen(&setup(), &changed, 200).is("cx_csat_responses", 1.0).is(&of_team("c"), 1.0);
}

#[test]
fn scores_may_be_fractional_and_are_satisfied_from_the_lowest_satisfied_one_on() {
    let rated = |score: f64| seen(&setup(), &[answered(0, json!({"metric": "csat", "score": score}))], 60);
    rated(13.0 / 3.0).is(SATISFIED, 1.0).is("cx_csat_score_points", 4.333_333).is(r#"cx_csat_score_responses{score="other"}"#, 1.0);
    rated(4.0).is(SATISFIED, 1.0).is(r#"cx_csat_score_responses{score="4"}"#, 1.0);
    rated(3.999_999_9).is(SATISFIED, 1.0).is("cx_csat_score_points", 4.0);
    rated(3.999_999).is(SATISFIED, 0.0);
}

#[test]
fn whole_scores_have_a_label_on_scales_of_up_to_eleven_points() {
    let rated = |min: i64, max: i64| {
        let members = json!({"metric": "csat", "score": 3, "scale_min": min, "scale_max": max});
        seen(&setup(), &[answered(0, members)], 60)
    };
    for (min, max) in [(0, 10), (1, 10), (3, 13), (-5, 5)] {
        rated(min, max).is(r#"cx_csat_score_responses{score="3"}"#, 1.0);
    }
    for (min, max) in [(0, 11), (-6, 5), (0, 100)] {
        rated(min, max).is(r#"cx_csat_score_responses{score="other"}"#, 1.0);
    }
}

#[test]
fn wide_scale_is_satisfied_from_three_quarters_on() {
    let rated = |score: f64, max: f64| {
        let members = json!({"metric": "csat", "score": score, "scale_min": 0, "scale_max": max});
        seen(&setup(), &[answered(0, members)], 60)
    };
    rated(75.0, 100.0).is(SATISFIED, 1.0);
    rated(74.0, 100.0).is(SATISFIED, 0.0);
    rated(9.0, 10.0).is(SATISFIED, 1.0);
    rated(8.0, 10.0).is(SATISFIED, 0.0);
    // A scale whose bounds are not whole is continuous.
    rated(1.875, 2.5).is(SATISFIED, 1.0);
    rated(1.8, 2.5).is(SATISFIED, 0.0);
}

#[test]
fn share_of_answers_is_absent_until_a_sent_survey_was_answered() {
    let ratio = r#"cx_survey_response_ratio{metric="csat"}"#;
    let events = [
        sent(0, json!({"metric": "csat"})),
        (60, "survey.responded", "another", json!({"metric": "csat", "score": 5})),
        answered(120, json!({"metric": "csat", "score": 5})),
    ];
    seen(&setup(), &events[..2], 100).lacks(ratio).is("cx_csat_responses", 1.0);
    seen(&setup(), &events, 200).is(ratio, 1.0).lacks(r#"cx_survey_response_ratio{metric="ces"}"#);
}

#[test]
fn answers_about_contacts_answered_within_and_beyond_the_target() {
    let rated = |reply: Option<i64>, score: i64| {
        let mut events = vec![created(0)];
        events.extend(reply.map(|at| says(at, "agent")));
        events.push(answered(3 * HOUR, json!({"metric": "csat", "score": score, "ticket_id": "T"})));
        seen(&with_targets(), &events, 4 * HOUR)
    };
    let (within, beyond) = ("cx_csat_ratio_within_first_response_target", "cx_csat_ratio_beyond_first_response_target");
    rated(Some(HOUR), 5).is(within, 1.0).lacks(beyond);
    rated(Some(2 * HOUR), 5).is(beyond, 1.0).lacks(within);
    // Never answered is beyond it too.
    let never = rated(None, 2);
    never.lacks(within);
    assert_eq!(never.value(beyond), Some(0.0));
    // Solved without a reply before the deadline: in neither.
    let silent = [created(0), status(60, "solved"), answered(3 * HOUR, json!({"metric": "csat", "score": 2, "ticket_id": "T"}))];
    seen(&with_targets(), &silent, 4 * HOUR).lacks(within).lacks(beyond);
}

#[test]
fn spam_takes_away_the_answers_that_name_the_ticket_and_no_other() {
    let about = |what: &str| {
        let mut members = json!({"metric": "csat", "score": 1});
        members[what] = json!(if what == "ticket_id" { "T" } else { "R" });
        let events = [
            in_chat(0, "chat.started", json!({"ticket_id": "T"})),
            in_chat(60, "chat.message", json!({"author": "agent"})),
            in_chat(120, "chat.ended", json!({})),
            created(180),
            answered(240, members),
            status(300, "spam"),
            status(400, "closed"),
        ];
        seen(&setup(), &events, 500)
    };
    about("ticket_id").is("cx_csat_responses", 0.0);
    about("chat_id").is("cx_csat_responses", 1.0);
    // Merging a ticket does not delete a bad rating.
    let merged = [
        created(0),
        answered(60, json!({"metric": "csat", "score": 1, "ticket_id": "T"})),
        on_ticket(120, "ticket.merged", json!({"into_ticket_id": "U"})),
    ];
    seen(&setup(), &merged, 200).is("cx_csat_responses", 1.0);
}
