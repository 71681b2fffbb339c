//! The body of an event: reads the members that its type asks for. Required members are checked before optional ones.
//!
//! Does not know the envelope, nor what a score is worth, nor that the channel of a chat defaults to `chat`: the engine knows that. The
//! customer that an event names is read together with the envelope.

use super::contract::{
    ASSIGN_REASONS, AUTHORS, CREATORS, ChatType, CustomerType, DIRECTIONS, EventType, METRICS, SCOPES, STATUSES, SurveyType,
    TOUCHPOINT_OUTCOMES, TicketType,
};
use super::dimension::LABEL_BYTES_MAX;
use super::member::{Member, Members};
use super::number::{POINT, millionths, points};
use super::{
    Answer, Body, Contact, ContactAction, CreatedBy, CustomerAction, DecodeSettings, IdentityKey, Message, Reason, Scale, Scope, Survey,
    SurveyAction, SurveyMetric, TicketSnapshot,
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
                ContactAction::Snapshot(_) => TicketType::Snapshot,
                // Decoding makes the other actions of chats only.
                ContactAction::Assigned(_)
                | ContactAction::Accepted
                | ContactAction::Transferred
                | ContactAction::Ended
                | ContactAction::Abandoned => TicketType::Assigned,
            }),
            Self::Contact(Contact::Chat(_), action) => EventType::Chat(match action {
                ContactAction::Opened(_) => ChatType::Started,
                ContactAction::Accepted => ChatType::Accepted,
                ContactAction::Message(_) => ChatType::Message,
                ContactAction::Ended => ChatType::Ended,
                ContactAction::Abandoned => ChatType::Abandoned,
                // Decoding makes the other actions of tickets only.
                ContactAction::Transferred
                | ContactAction::Assigned(_)
                | ContactAction::Status(_)
                | ContactAction::Escalated
                | ContactAction::Merged
                | ContactAction::Snapshot(_) => ChatType::Transferred,
            }),
            Self::SnapshotCompleted(_) => EventType::Ticket(TicketType::SnapshotCompleted),
            Self::Survey(survey) => EventType::Survey(match survey.action {
                SurveyAction::Sent => SurveyType::Sent,
                SurveyAction::Responded(_) => SurveyType::Responded,
            }),
            Self::Customer(action) => EventType::Customer(match action {
                CustomerAction::Active => CustomerType::Active,
                CustomerAction::Subscribed => CustomerType::Subscribed,
                CustomerAction::Cancelled => CustomerType::Cancelled,
                CustomerAction::Erased => CustomerType::Erased,
                CustomerAction::Touchpoint(_) => CustomerType::Touchpoint,
            }),
        }
    }
}

/// The body of a ticket event.
pub(super) fn ticket(ticket_type: TicketType, payload: &Members<'_>, identity_key: &IdentityKey) -> Result<Body, Reason> {
    let ticket = || payload.required_key(Member::TicketId, identity_key).map(Contact::Ticket);
    let (ticket, action) = match ticket_type {
        TicketType::SnapshotCompleted => {
            let started = payload.required(Member::StartedTime)?.time()?;
            payload.check_optional()?;
            return Ok(Body::SnapshotCompleted(started));
        }
        TicketType::Message => (ticket()?, message(payload)?),
        TicketType::Snapshot => (ticket()?, snapshot(payload)?),
        TicketType::Created => {
            let ticket = ticket()?;
            payload.check_optional()?;
            (ticket, ContactAction::Opened(payload.choice(Member::CreatedBy, &CREATORS)?.unwrap_or_default()))
        }
        TicketType::StatusChanged => {
            let (ticket, status) = (ticket()?, payload.required_choice(Member::Status, &STATUSES)?);
            payload.check_optional()?;
            (ticket, ContactAction::Status(status))
        }
        TicketType::Assigned => {
            let ticket = ticket()?;
            payload.check_optional()?;
            (ticket, ContactAction::Assigned(payload.choice(Member::Reason, &ASSIGN_REASONS)?))
        }
        TicketType::Escalated => {
            let ticket = ticket()?;
            payload.check_optional()?;
            (ticket, ContactAction::Escalated)
        }
        TicketType::Merged => {
            let ticket = ticket()?;
            payload.required(Member::IntoTicketId)?.check_id()?;
            payload.check_optional()?;
            (ticket, ContactAction::Merged)
        }
    };
    Ok(Body::Contact(ticket, action))
}

/// The body of a chat event.
pub(super) fn chat(chat_type: ChatType, payload: &Members<'_>, identity_key: &IdentityKey) -> Result<Body, Reason> {
    let chat = Contact::Chat(payload.required_key(Member::ChatId, identity_key)?);
    let action = match chat_type {
        ChatType::Message => return Ok(Body::Contact(chat, message(payload)?)),
        ChatType::Started => ContactAction::Opened(CreatedBy::Customer),
        ChatType::Accepted => ContactAction::Accepted,
        ChatType::Transferred => ContactAction::Transferred,
        ChatType::Ended => ContactAction::Ended,
        ChatType::Abandoned => ContactAction::Abandoned,
    };
    payload.check_optional()?;
    Ok(Body::Contact(chat, action))
}

/// The body of a survey event.
pub(super) fn survey(survey_type: SurveyType, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Body, Reason> {
    let is_answer = survey_type == SurveyType::Responded;
    if !is_answer {
        payload.required(Member::SurveyId)?.check_id()?;
    }
    let metric = payload.required_choice(Member::Metric, &METRICS)?;
    payload.check_optional()?;
    let key = |member| payload.key(member, &settings.identity_key);
    let about = match key(Member::TicketId)? {
        Some(ticket) => Some(Contact::Ticket(ticket)),
        None => key(Member::ChatId)?.map(Contact::Chat),
    };
    let action = if is_answer { SurveyAction::Responded(answer(metric, about.is_some(), payload, settings)?) } else { SurveyAction::Sent };
    Ok(Body::Survey(Survey { survey: key(Member::SurveyId)?, metric, about, action }))
}

fn answer(metric: SurveyMetric, names_contact: bool, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Answer, Reason> {
    let scope = payload.choice(Member::Scope, &SCOPES)?;
    let direction = payload.choice(Member::Direction, &DIRECTIONS)?.or(settings.ces_ease);
    let score = payload.required(Member::Score)?;
    let ease = match metric {
        SurveyMetric::Ces => direction.ok_or(Reason::MissingField)?,
        SurveyMetric::Csat | SurveyMetric::Nps => false,
    };
    let score = points(score.number()?);
    let scale = Scale { ease, ..scale(metric, payload, settings)? };
    let score = score_within(score, metric, scale)?;
    let default_scope = if names_contact { Scope::Service } else { Scope::Experience };
    Ok(Answer { score, scale, scope: scope.unwrap_or(default_scope) })
}

fn scale(metric: SurveyMetric, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Scale, Reason> {
    let bound = |member| payload.get(member).map(|value| value.number().map(|number| millionths(points(number)))).transpose();
    let default = match metric {
        SurveyMetric::Csat => settings.csat_scale,
        SurveyMetric::Nps => NPS_SCALE,
        SurveyMetric::Ces => settings.ces_scale,
    };
    let scale = match (bound(Member::ScaleMin)?, bound(Member::ScaleMax)?) {
        (None, None) => return Ok(default),
        (Some(Some(min)), Some(Some(max))) => Scale { min, max, ease: false },
        _ => return Err(Reason::BadValue),
    };
    let is_nps_scale = (scale.min, scale.max) == (NPS_SCALE.min, NPS_SCALE.max);
    let is_sound = -SCALE_BOUND_MAX <= scale.min && scale.min < scale.max && scale.max <= SCALE_BOUND_MAX;
    if is_sound && (metric != SurveyMetric::Nps || is_nps_scale) { Ok(scale) } else { Err(Reason::BadValue) }
}

/// The score in millionths. Checks in this order: that it is finite, that an NPS score is whole, that it is within the scale, that it is
/// not finer than a millionth.
fn score_within(score: f64, metric: SurveyMetric, scale: Scale) -> Result<i64, Reason> {
    if !score.is_finite() || (metric == SurveyMetric::Nps && score.fract() != 0.0) {
        return Err(Reason::BadValue);
    }
    // A bound is a whole number of millionths, so the division gives the same float as parsing the text of the bound.
    let [min, max] = [scale.min, scale.max].map(|bound| bound as f64 / POINT as f64);
    if score < min || score > max {
        return Err(Reason::ScoreOutOfRange);
    }
    millionths(score).ok_or(Reason::BadValue)
}

/// The body of a customer event.
pub(super) fn customer(customer_type: CustomerType, payload: &Members<'_>) -> Result<Body, Reason> {
    payload.required(Member::CustomerId)?.check_id()?;
    if customer_type == CustomerType::Touchpoint && payload.required(Member::JourneyStage)?.with_text(LABEL_BYTES_MAX, str::is_empty)? {
        return Err(Reason::BadValue);
    }
    payload.check_optional()?;
    Ok(Body::Customer(match customer_type {
        CustomerType::Active => CustomerAction::Active,
        CustomerType::Subscribed => CustomerAction::Subscribed,
        CustomerType::Cancelled => CustomerAction::Cancelled,
        CustomerType::Erased => CustomerAction::Erased,
        CustomerType::Touchpoint => CustomerAction::Touchpoint(payload.choice(Member::Outcome, &TOUCHPOINT_OUTCOMES)?),
    }))
}

/// A message of a ticket or chat.
fn message(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let author = payload.required_choice(Member::Author, &AUTHORS)?;
    payload.check_optional()?;
    let (public, automated) = (payload.flag(Member::Public, true), payload.flag(Member::Automated, false));
    Ok(ContactAction::Message(Message { author, public, automated }))
}

fn snapshot(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let created = payload.required(Member::CreatedTime)?.time()?;
    let status = payload.required_choice(Member::Status, &STATUSES)?;
    payload.check_optional()?;
    Ok(ContactAction::Snapshot(Box::new(TicketSnapshot {
        created,
        status,
        first_response: payload.time(Member::FirstResponseTime)?,
        solved: payload.time(Member::SolvedTime)?,
        awaiting_reply_since: payload.time(Member::AwaitingReplySince)?,
    })))
}
