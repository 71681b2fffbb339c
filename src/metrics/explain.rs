//! Explains facts in the words of the catalogue: the family that a fact adds to, its own labels, the group that an answer falls into, and
//! its value in the unit of the family.
//!
//! Does not know the ids of tickets, chats, surveys or customers, nor where the words are written.

use rustc_hash::FxHashMap;

use super::catalogue::{catalogue, journey, nps};
use super::family::{Family, OwnLabels};
use crate::engine::read::{Label, Measure, POINT};
use crate::engine::{EngineSettings, FactValue, Snapshot, StandingFact};
use crate::event::Scale;

/// Explains the facts of an engine; built from a snapshot of that engine.
pub struct Explainer<'a> {
    snapshot: &'a Snapshot,
    families: FxHashMap<String, OwnLabels>,
    labels: FxHashMap<(Measure, Label), String>,
}

impl<'a> Explainer<'a> {
    /// The words for the facts of the engine that made the snapshot.
    #[must_use]
    pub fn new(settings: &EngineSettings, snapshot: &'a Snapshot) -> Self {
        let own = |family: Family| (family.name, family.labels);
        Self { snapshot, families: catalogue(settings).into_iter().map(own).collect(), labels: FxHashMap::default() }
    }

    /// The family that the fact adds to, or from whose facts a value of the family is computed.
    #[must_use]
    pub fn family(fact: &StandingFact<'_>) -> &'static str {
        family_of(fact.measure)
    }

    /// The own labels of the fact as `name=value`, separated by semicolons; empty where it has none.
    pub fn label(&mut self, fact: &StandingFact<'_>) -> &str {
        let (snapshot, families) = (self.snapshot, &self.families);
        self.labels.entry((fact.measure, fact.label)).or_insert_with(|| label_text(fact, snapshot, families))
    }

    /// The group that an answer falls into: `satisfied`, `promoter`, `passive`, `detractor`, `low_effort`, `high_effort`, or empty.
    #[must_use]
    pub fn group(fact: &StandingFact<'_>) -> &'static str {
        let FactValue::Answer { is_good, is_bad, .. } = fact.value else { return "" };
        let [good, bad, neither] = if fact.measure == Measure::Nps {
            ["promoter", "detractor", "passive"]
        } else if is_effort(fact.measure) {
            ["low_effort", "high_effort", ""]
        } else {
            ["satisfied", "", ""]
        };
        if is_good {
            good
        } else if is_bad {
            bad
        } else {
            neither
        }
    }

    /// The value in the unit of the family: a count, seconds, a score, an effort of 1 to 5, an amount of money, or seconds since 1970; 1 for a pair.
    #[must_use]
    pub fn value(&self, fact: &StandingFact<'_>) -> f64 {
        match fact.value {
            // The customers at the start of a window are those of now less those who came within it, so an activation counts as -1.
            FactValue::Count(n) if [Measure::CustomerActivations, Measure::ExperienceActivations].contains(&fact.measure) => -n as f64,
            FactValue::Count(n) => n as f64,
            FactValue::Duration(span) => span.as_seconds(),
            FactValue::Answer { points, .. } if is_effort(fact.measure) => {
                let scale = scale_of(fact, self.snapshot);
                1.0 + 4.0 * points as f64 / (scale.max - scale.min) as f64
            }
            FactValue::Answer { points, .. } => points as f64 / POINT as f64,
            FactValue::Amount(amount) => amount as f64 / POINT as f64,
            FactValue::Pair => 1.0,
            FactValue::Since(time) => time.as_seconds(),
        }
    }
}

const fn is_effort(measure: Measure) -> bool {
    matches!(measure, Measure::Ces | Measure::StageCes)
}

/// The scale of an answer whose label holds a scale, either alone or after a stage.
fn scale_of(fact: &StandingFact<'_>, snapshot: &Snapshot) -> Scale {
    let is_in_stage = matches!(fact.measure, Measure::StageCsat | Measure::StageCes);
    snapshot.scales[if is_in_stage { usize::from(fact.label.split().1) } else { fact.label.0 as usize }]
}

fn scale_text(fact: &StandingFact<'_>, snapshot: &Snapshot) -> String {
    let scale = scale_of(fact, snapshot);
    let [min, max] = [scale.min, scale.max].map(|bound| bound as f64 / POINT as f64);
    format!("scale={min}..{max}{}", if scale.ease { ";direction=ease" } else { "" })
}

fn label_text(fact: &StandingFact<'_>, snapshot: &Snapshot, families: &FxHashMap<String, OwnLabels>) -> String {
    if matches!(fact.measure, Measure::Csat | Measure::Ces) {
        return scale_text(fact, snapshot);
    }
    if matches!(fact.measure, Measure::StageCsat | Measure::StageCes) {
        let stage = Label(u32::from(fact.label.split().0));
        return format!("{};{}", texts_of(journey::STAGE, stage, snapshot), scale_text(fact, snapshot));
    }
    // The family of NPS answers also has the label `group`, which the measure does not have.
    let is_nps = fact.measure == Measure::Nps;
    let of_family = || families.get(family_of(fact.measure)).copied().unwrap_or(OwnLabels::NONE);
    texts_of(if is_nps { nps::SCOPE } else { of_family() }, fact.label, snapshot)
}

fn texts_of(labels: OwnLabels, label: Label, snapshot: &Snapshot) -> String {
    let variants = labels.variants(snapshot);
    let Some(variant) = variants.iter().find(|variant| variant.label == label) else { return String::new() };
    let texts: Vec<_> = labels.pairs(variant).map(|(name, value)| format!("{name}={value}")).collect();
    texts.join(";")
}

/// The family that a measure is exported under. Every measure has one, so every number can be explained.
const fn family_of(measure: Measure) -> &'static str {
    match measure {
        Measure::TicketsCreated => "cx_tickets_created",
        Measure::TicketsFirstResponded => "cx_tickets_first_responded",
        Measure::TicketsResolved => "cx_tickets_resolved",
        Measure::TicketsReopened => "cx_tickets_reopened",
        Measure::TicketsEscalated => "cx_tickets_escalated",
        Measure::TicketsTransferred => "cx_tickets_transferred",
        Measure::TicketsSolvedWithoutResponse => "cx_tickets_solved_without_response",
        Measure::TicketsSolvedByAutomation => "cx_tickets_solved_by_automation",
        Measure::TicketsResolvedReopened => "cx_tickets_resolved_reopened",
        Measure::TicketsResolvedEscalated => "cx_tickets_resolved_escalated",
        Measure::TicketsResolvedTransferred => "cx_tickets_resolved_transferred",
        Measure::FirstContactResolved => "cx_first_contact_resolved",
        Measure::FirstResponse => "cx_first_response_seconds",
        Measure::FirstResponseBusiness => "cx_first_response_business_seconds",
        Measure::FirstResponseDecided => "cx_first_response_target_decided",
        Measure::FirstResponseWithin => "cx_first_response_within_target",
        Measure::FirstResponseWaits => "cx_first_response_waits",
        Measure::FirstResponseWaitsUnanswered => "cx_first_response_waits_unanswered",
        Measure::NextResponseDecided => "cx_next_response_target_decided",
        Measure::NextResponseWithin => "cx_next_response_within_target",
        Measure::AutomatedFirstResponse => "cx_automated_first_response_seconds",
        Measure::NextResponse => "cx_next_response_seconds",
        Measure::Resolution => "cx_resolution_seconds",
        Measure::ResolutionBusiness => "cx_resolution_business_seconds",
        Measure::ResolutionDecided => "cx_resolution_target_decided",
        Measure::ResolutionWithin => "cx_resolution_within_target",
        Measure::ResolutionWithinReopened => "cx_resolution_within_target_reopened",
        Measure::TargetUndecided => "cx_target_undecided",
        Measure::Handoffs => "cx_handoffs",
        Measure::BacklogWithoutTeam => "cx_backlog_without_team_tickets",
        Measure::BacklogPastTarget => "cx_backlog_past_target_tickets",
        Measure::BacklogDue => "cx_backlog_due_tickets",
        Measure::FirstResolution => "cx_first_resolution_seconds",
        Measure::RequesterWait => "cx_requester_wait_seconds",
        Measure::ChatsStarted => "cx_chats_started",
        Measure::ChatsAccepted => "cx_chats_accepted",
        Measure::ChatsAbandoned => "cx_chats_abandoned",
        Measure::ChatsAbandonedLate => "cx_chats_abandoned_counted",
        Measure::ChatsEnded => "cx_chats_ended",
        Measure::ChatsTransferred => "cx_chats_transferred",
        Measure::ChatsIdleEnded => "cx_chats_idle_ended",
        Measure::ChatWait => "cx_chat_wait_seconds",
        Measure::ChatWaitDecided => "cx_chat_wait_target_decided",
        Measure::ChatWaitWithin => "cx_chat_wait_within_target",
        Measure::ChatDuration => "cx_chat_duration_seconds",
        Measure::SurveysSent => "cx_surveys_sent",
        Measure::SurveysAnswered => "cx_surveys_answered",
        Measure::Csat => "cx_csat_responses",
        Measure::CsatScores => "cx_csat_score_responses",
        Measure::CsatWithinTarget => "cx_csat_responses_within_first_response_target",
        Measure::CsatBeyondTarget => "cx_csat_responses_beyond_first_response_target",
        Measure::Nps => "cx_nps_responses",
        Measure::Ces => "cx_ces_responses",
        Measure::Contacts => "cx_contacts",
        Measure::RepeatContacts => "cx_repeat_contacts",
        Measure::ChannelSwitches => "cx_channel_switches",
        Measure::Touchpoints => "cx_journey_touchpoints",
        Measure::Correlation => "cx_correlation_pairs",
        Measure::CustomerActivations => "cx_customers_active_at_start",
        Measure::CustomerDepartures => "cx_customers_churned",
        Measure::CustomersNew => "cx_customers_new",
        Measure::CustomersLostBefore => "cx_customers_lost_before",
        Measure::ExperienceActive | Measure::ExperienceActivations => "cx_customers_active_at_start_by_experience",
        Measure::ExperienceDepartures => "cx_customers_churned_by_experience",
        Measure::JourneyCustomers => "cx_journey_customers",
        Measure::JourneyTransitions => "cx_journey_transitions",
        Measure::JourneyEntered => "cx_journey_entered",
        Measure::JourneyAdvanced => "cx_journey_advanced",
        Measure::JourneyDropped => "cx_journey_dropped",
        Measure::JourneyStageTime => "cx_journey_stage_seconds",
        Measure::StageContacts => "cx_journey_contacts",
        Measure::StageRepeatContacts => "cx_journey_repeat_contacts",
        Measure::StageCsat => "cx_journey_csat_responses",
        Measure::StageCes => "cx_journey_ces_responses",
        Measure::BacklogTickets => "cx_backlog_tickets",
        Measure::BacklogUnansweredTickets => "cx_backlog_unanswered_tickets",
        Measure::BacklogAwaitingReplyTickets => "cx_backlog_awaiting_reply_tickets",
        Measure::BacklogByStatus => "cx_backlog_tickets_by_status",
        Measure::BacklogUnansweredPastTarget => "cx_backlog_unanswered_past_target_tickets",
        Measure::BacklogOldestUnanswered => "cx_backlog_oldest_unanswered_timestamp_seconds",
        Measure::BacklogOldestAwaitingReply => "cx_backlog_oldest_awaiting_reply_timestamp_seconds",
        Measure::ChatsWaiting => "cx_chats_waiting",
        Measure::ChatsActive => "cx_chats_active",
        Measure::CustomersActive => "cx_customers_active",
        Measure::CustomersValue => "cx_customers_value",
        Measure::ValueDepartures => "cx_customers_value_churned",
        Measure::ValueAtRisk => "cx_customers_value_at_risk",
    }
}
