//! A bare typed `serde_json` deserialisation of an event, which decoding can hardly beat.

use serde::Deserialize;

/// All members of the contract. Texts are borrowed.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is deserialised is the measure, not what is done with it")]
pub(crate) struct Bare<'a, Time> {
    id: &'a str,
    r#type: &'a str,
    time: Time,
    source: Option<&'a str>,
    ticket_id: Option<&'a str>,
    chat_id: Option<&'a str>,
    customer_id: Option<&'a str>,
    survey_id: Option<&'a str>,
    agent_id: Option<&'a str>,
    into_ticket_id: Option<&'a str>,
    channel: Option<&'a str>,
    team: Option<&'a str>,
    priority: Option<&'a str>,
    brand: Option<&'a str>,
    segment: Option<&'a str>,
    journey_stage: Option<&'a str>,
    tier: Option<&'a str>,
    public: Option<bool>,
    automated: Option<bool>,
    author: Option<&'a str>,
    status: Option<&'a str>,
    metric: Option<&'a str>,
    created_by: Option<&'a str>,
    reason: Option<&'a str>,
    scope: Option<&'a str>,
    direction: Option<&'a str>,
    outcome: Option<&'a str>,
    score: Option<f64>,
    scale_min: Option<f64>,
    scale_max: Option<f64>,
}
