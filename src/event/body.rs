//! The body of an event: reads the members that its type asks for. Required members are checked before optional ones.
//!
//! Does not know the envelope, nor what a score is worth, nor that the channel of a chat defaults to `chat`: the engine knows that. The
//! customer that an event names is read together with the envelope.

use super::contract::{
    ASSIGN_REASONS, AUTHORS, CREATORS, ChangeType, ChatType, CustomerType, DIRECTIONS, EventType, METRICS, SCOPES, STATUSES, SurveyType,
    TOUCHPOINT_OUTCOMES, TicketType,
};
use super::dimension;
use super::id_namespace::IdNamespace;
use super::member::{Member, Members};
use super::number::{POINT, millionths};
use super::value::JsonValue;
use super::{
    Answer, Body, Change, Contact, ContactAction, CreatedBy, CustomerAction, DecodeSettings, Message, Reason, Scale, Survey, SurveyAction,
    SurveyMetric, TicketSnapshot,
};

const NPS_SCALE: Scale = Scale { min: 0, max: 10 * POINT, ease: false };
/// The greatest distance of a scale from zero, in millionths.
const SCALE_BOUND_MAX: i64 = 1000 * POINT;

impl Body {
    /// The event type that this body was decoded from.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Contact(Contact::Ticket(_), action) => EventType::Ticket(match action {
                ContactAction::Opened(_) => TicketType::Created,
                ContactAction::Message(_) => TicketType::Message,
                ContactAction::Status(_) => TicketType::StatusChanged,
                ContactAction::Escalated => TicketType::Escalated,
                ContactAction::Merged => TicketType::Merged,
                ContactAction::Unmerged => TicketType::Unmerged,
                ContactAction::Handoff => TicketType::Handoff,
                ContactAction::Snapshot(_) => TicketType::Snapshot,
                // Decoding makes the other actions of chats only.
                ContactAction::Assigned(_) | ContactAction::Accepted | ContactAction::Ended | ContactAction::Abandoned => {
                    TicketType::Assigned
                }
            }),
            Self::Contact(Contact::Chat(_), action) => EventType::Chat(match action {
                ContactAction::Opened(_) => ChatType::Started,
                ContactAction::Accepted => ChatType::Accepted,
                ContactAction::Message(_) => ChatType::Message,
                ContactAction::Ended => ChatType::Ended,
                ContactAction::Abandoned => ChatType::Abandoned,
                ContactAction::Handoff => ChatType::Handoff,
                // Decoding makes the other actions of tickets only.
                ContactAction::Assigned(_)
                | ContactAction::Status(_)
                | ContactAction::Escalated
                | ContactAction::Merged
                | ContactAction::Unmerged
                | ContactAction::Snapshot(_) => ChatType::Transferred,
            }),
            Self::SnapshotCompleted(_) => EventType::Ticket(TicketType::SnapshotCompleted),
            Self::Survey(survey) => EventType::Survey(match survey.action {
                SurveyAction::Sent => SurveyType::Sent,
                SurveyAction::Responded(_) => SurveyType::Responded,
            }),
            Self::Customer(action) => EventType::Customer(match action {
                CustomerAction::Active(_) => CustomerType::Active,
                CustomerAction::Subscribed(_) => CustomerType::Subscribed,
                CustomerAction::Cancelled => CustomerType::Cancelled,
                CustomerAction::Merged(_) => CustomerType::Merged,
                CustomerAction::Erased => CustomerType::Erased,
                CustomerAction::Touchpoint(..) => CustomerType::Touchpoint,
            }),
            Self::Change(_) => EventType::Change(ChangeType::Marked),
        }
    }
}

/// The body of a ticket event.
pub(super) fn ticket(ticket_type: TicketType, payload: &Members<'_>, ids: IdNamespace<'_>) -> Result<Body, Reason> {
    if ticket_type == TicketType::SnapshotCompleted {
        return Ok(Body::SnapshotCompleted(payload.required(Member::StartedTime)?.time()?));
    }
    let ticket = Contact::Ticket(payload.required_key(Member::TicketId, ids)?);
    let action = match ticket_type {
        TicketType::Created => ContactAction::Opened(payload.choice(Member::CreatedBy, &CREATORS)?.unwrap_or_default()),
        TicketType::Message => message(payload)?,
        TicketType::StatusChanged => ContactAction::Status(payload.required_choice(Member::Status, &STATUSES)?),
        TicketType::Assigned => ContactAction::Assigned(payload.choice(Member::Reason, &ASSIGN_REASONS)?),
        TicketType::Escalated => ContactAction::Escalated,
        TicketType::Merged => {
            payload.required(Member::IntoTicketId)?.check_id()?;
            ContactAction::Merged
        }
        TicketType::Unmerged => ContactAction::Unmerged,
        TicketType::Handoff => ContactAction::Handoff,
        TicketType::Snapshot | TicketType::SnapshotCompleted => snapshot(payload)?,
    };
    Ok(Body::Contact(ticket, action))
}

/// The body of a chat event.
pub(super) fn chat(chat_type: ChatType, payload: &Members<'_>, ids: IdNamespace<'_>) -> Result<Body, Reason> {
    let chat = Contact::Chat(payload.required_key(Member::ChatId, ids)?);
    let action = match chat_type {
        ChatType::Message => message(payload)?,
        ChatType::Started => ContactAction::Opened(CreatedBy::Customer),
        ChatType::Accepted => ContactAction::Accepted,
        ChatType::Transferred => ContactAction::Assigned(payload.choice(Member::Reason, &ASSIGN_REASONS)?),
        ChatType::Handoff => ContactAction::Handoff,
        ChatType::Ended => ContactAction::Ended,
        ChatType::Abandoned => ContactAction::Abandoned,
    };
    Ok(Body::Contact(chat, action))
}

/// The body of a survey event.
pub(super) fn survey(
    survey_type: SurveyType,
    payload: &Members<'_>,
    settings: &DecodeSettings,
    ids: IdNamespace<'_>,
) -> Result<Body, Reason> {
    let is_answer = survey_type == SurveyType::Responded;
    if !is_answer {
        payload.required(Member::SurveyId)?.check_id()?;
    }
    let metric = payload.required_choice(Member::Metric, &METRICS)?;
    let key = |member| payload.key(member, ids);
    let (ticket, chat) = (key(Member::TicketId)?, key(Member::ChatId)?);
    let action = if is_answer { SurveyAction::Responded(answer(metric, payload, settings)?) } else { SurveyAction::Sent };
    Ok(Body::Survey(Survey { survey: key(Member::SurveyId)?, metric, ticket, chat, action }))
}

fn answer(metric: SurveyMetric, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Answer, Reason> {
    let scope = payload.choice(Member::Scope, &SCOPES)?;
    let direction = payload.choice(Member::Direction, &DIRECTIONS)?.or(settings.ces_ease);
    let score = payload.required(Member::Score)?;
    let ease = match metric {
        SurveyMetric::Ces => direction.ok_or(Reason::MissingField)?,
        SurveyMetric::Csat | SurveyMetric::Nps => false,
    };
    let score = millionths(score.number()?).ok_or(Reason::BadValue)?;
    let scale = Scale { ease, ..scale(metric, payload, settings)? };
    let score = score_within(score, metric, scale)?;
    Ok(Answer { score, scale, scope })
}

fn scale(metric: SurveyMetric, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Scale, Reason> {
    let bound = |member| payload.get(member).map(|value| millionths(value.number()?).ok_or(Reason::BadValue)).transpose();
    let default = match metric {
        SurveyMetric::Csat => settings.csat_scale,
        SurveyMetric::Nps => NPS_SCALE,
        SurveyMetric::Ces => settings.ces_scale,
    };
    let scale = match (bound(Member::ScaleMin)?, bound(Member::ScaleMax)?) {
        (None, None) => return Ok(default),
        // A bound beyond the integers stays beyond the greatest distance from zero.
        (Some(min), Some(max)) => Scale { min: min as i64, max: max as i64, ease: false },
        _ => return Err(Reason::BadValue),
    };
    let is_nps_scale = (scale.min, scale.max) == (NPS_SCALE.min, NPS_SCALE.max);
    let is_sound = -SCALE_BOUND_MAX <= scale.min && scale.min < scale.max && scale.max <= SCALE_BOUND_MAX;
    if is_sound && (metric != SurveyMetric::Nps || is_nps_scale) { Ok(scale) } else { Err(Reason::BadValue) }
}

/// A score in whole millionths, as an integer. Checks that an NPS score is whole, and then that the score is within the scale.
fn score_within(score: f64, metric: SurveyMetric, scale: Scale) -> Result<i64, Reason> {
    // Divided and not taken modulo, because a number far beyond the scale has no exact millionths.
    if metric == SurveyMetric::Nps && (score / POINT as f64).fract() != 0.0 {
        return Err(Reason::BadValue);
    }
    if score < scale.min as f64 || score > scale.max as f64 {
        return Err(Reason::ScoreOutOfRange);
    }
    Ok(score as i64)
}

/// The body of a customer event.
pub(super) fn customer(customer_type: CustomerType, payload: &Members<'_>, ids: IdNamespace<'_>) -> Result<Body, Reason> {
    payload.required(Member::CustomerId)?.check_id()?;
    if customer_type == CustomerType::Touchpoint {
        // Its value is read with the other dimensions.
        payload.required(Member::JourneyStage)?;
    }
    let value = || payload.get(Member::Value).map(JsonValue::amount).transpose();
    Ok(Body::Customer(match customer_type {
        CustomerType::Active => CustomerAction::Active(value()?),
        CustomerType::Subscribed => CustomerAction::Subscribed(value()?),
        CustomerType::Cancelled => CustomerAction::Cancelled,
        CustomerType::Merged => CustomerAction::Merged(payload.required_key(Member::IntoCustomerId, ids)?),
        CustomerType::Erased => CustomerAction::Erased,
        CustomerType::Touchpoint => CustomerAction::Touchpoint(payload.choice(Member::Outcome, &TOUCHPOINT_OUTCOMES)?, value()?),
    }))
}

/// The body of an event about a change.
pub(super) fn change(payload: &Members<'_>) -> Result<Body, Reason> {
    let name = dimension::name(payload.required(Member::Name)?)?;
    Ok(Body::Change(Change { name, withdrawn: payload.flag(Member::Withdrawn, false)? }))
}

/// A message of a ticket or chat.
fn message(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let author = payload.required_choice(Member::Author, &AUTHORS)?;
    let (public, automated) = (payload.flag(Member::Public, true)?, payload.flag(Member::Automated, false)?);
    Ok(ContactAction::Message(Message { author, public, automated }))
}

fn snapshot(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let created = payload.required(Member::CreatedTime)?.time()?;
    let status = payload.required_choice(Member::Status, &STATUSES)?;
    Ok(ContactAction::Snapshot(Box::new(TicketSnapshot {
        created,
        status,
        first_response: payload.time(Member::FirstResponseTime)?,
        solved: payload.time(Member::SolvedTime)?,
        awaiting_reply_since: payload.time(Member::AwaitingReplySince)?,
        answered: payload.get(Member::Answered).map(JsonValue::flag).transpose()?,
    })))
}
