//! What survey tools do: they name the survey alone, or no survey, send the same answer twice, and give scores that are no whole numbers.

use std::collections::BTreeMap;

use super::month::{SURVEYS, Seen, assert_share};
use crate::about;

fn answers() -> Vec<&'static Seen> {
    SURVEYS.iter().filter(|seen| seen.is("survey.responded")).collect()
}

#[test]
fn many_answers_name_the_survey_alone_whose_sending_names_the_contact() {
    let mut sent = BTreeMap::new();
    let (mut alone, mut of) = (0, 0);
    for seen in SURVEYS.iter() {
        let Some(survey) = seen.text("survey_id") else { continue };
        if seen.is("survey.sent") {
            sent.insert(survey, seen);
            continue;
        }
        let sending = sent[survey];
        assert_eq!(sending.key, seen.key);
        if seen.text("scope") == Some("experience") {
            continue;
        }
        of += 1;
        match about(&seen.json) {
            Some(contact) => assert_eq!(Some(contact), about(&sending.json)),
            None => {
                assert!(about(&sending.json).is_some(), "said nowhere: {seen:?}");
                assert!(seen.json.get("customer_id").is_none());
                alone += 1;
            }
        }
    }
    assert_share("answers that name the survey alone", alone, of, 0.25, 0.35);
}

#[test]
fn some_answers_name_a_contact_and_no_survey() {
    let answers = answers();
    let without = answers.iter().filter(|seen| seen.text("survey_id").is_none());
    let without = without.inspect(|seen| assert!(about(&seen.json).is_some(), "about nothing: {seen:?}"));
    assert_share("answers without a survey", without.count(), answers.len(), 0.01, 0.06);
}

#[test]
fn some_answers_come_twice_and_some_are_changed() {
    let mut first = BTreeMap::new();
    let (mut same, mut changed) = (0, 0);
    let answers = answers();
    for seen in &answers {
        let of = (seen.text("survey_id"), about(&seen.json), seen.text("metric"));
        let Some(before) = first.insert(of, seen) else { continue };
        assert_ne!(before.json["id"], seen.json["id"]);
        if before.json["score"] == seen.json["score"] { same += 1 } else { changed += 1 }
    }
    assert_share("the same answer again", same, answers.len(), 0.01, 0.05);
    assert_share("another answer", changed, answers.len(), 0.01, 0.05);
}

#[test]
fn a_few_scores_of_calls_are_no_whole_numbers() {
    let answers = answers();
    let mut halves = 0;
    for seen in &answers {
        let score = seen.json["score"].as_f64().expect("a number");
        if score.fract() != 0.0 {
            assert!((score.fract() - 0.5).abs() < f64::EPSILON && (1.0..5.0).contains(&score), "{seen:?}");
            assert_eq!(seen.text("metric"), Some("csat"));
            halves += 1;
        }
    }
    assert_share("half scores", halves, answers.len(), 0.003, 0.02);
}

#[test]
fn satisfaction_is_that_of_a_good_desk() {
    let scores: Vec<f64> =
        answers().iter().filter(|seen| seen.text("metric") == Some("csat")).filter_map(|seen| seen.json["score"].as_f64()).collect();
    let satisfied = scores.iter().filter(|score| **score >= 4.0).count();
    assert_share("satisfied", satisfied, scores.len(), 0.74, 0.86);
}
