//! Ticket events: what each type asks for.
//!
//! Does not know the envelope.

use super::event_type::TicketType;
use super::member::{Member, Members};
use super::{AssignReason, Author, Body, Contact, ContactAction, CreatedBy, IdentityKey, Message, Reason, Status, TicketSnapshot};

const AUTHORS: &[(&str, Author)] =
    &[("customer", Author::Customer), ("agent", Author::Agent), ("bot", Author::Bot), ("system", Author::System)];

const STATUSES: &[(&str, Status)] = &[
    ("new", Status::New),
    ("open", Status::Open),
    ("pending", Status::Pending),
    ("on_hold", Status::OnHold),
    ("solved", Status::Solved),
    ("closed", Status::Closed),
    ("spam", Status::Spam),
    ("deleted", Status::Deleted),
];

const CREATORS: &[(&str, CreatedBy)] = &[("customer", CreatedBy::Customer), ("agent", CreatedBy::Agent), ("system", CreatedBy::System)];

const ASSIGN_REASONS: &[(&str, AssignReason)] =
    &[("transfer", AssignReason::Transfer), ("escalation", AssignReason::Escalation), ("auto", AssignReason::Auto)];

/// The body of a ticket event; required members are checked before optional ones.
pub(super) fn body(ticket_type: TicketType, payload: &Members<'_>, identity_key: &IdentityKey) -> Result<Body, Reason> {
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
            (ticket, ContactAction::Opened(payload.choice(Member::CreatedBy, CREATORS)?.unwrap_or_default()))
        }
        TicketType::StatusChanged => {
            let (ticket, status) = (ticket()?, payload.required_choice(Member::Status, STATUSES)?);
            payload.check_optional()?;
            (ticket, ContactAction::Status(status))
        }
        TicketType::Assigned => {
            let ticket = ticket()?;
            payload.check_optional()?;
            (ticket, ContactAction::Assigned(payload.choice(Member::Reason, ASSIGN_REASONS)?))
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

/// A message of a ticket or chat.
pub(super) fn message(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let author = payload.required_choice(Member::Author, AUTHORS)?;
    payload.check_optional()?;
    let (public, automated) = (payload.flag(Member::Public, true), payload.flag(Member::Automated, false));
    Ok(ContactAction::Message(Message { author, public, automated }))
}

fn snapshot(payload: &Members<'_>) -> Result<ContactAction, Reason> {
    let created = payload.required(Member::CreatedTime)?.time()?;
    let status = payload.required_choice(Member::Status, STATUSES)?;
    payload.check_optional()?;
    Ok(ContactAction::Snapshot(Box::new(TicketSnapshot {
        created,
        status,
        first_response: payload.time(Member::FirstResponseTime)?,
        solved: payload.time(Member::SolvedTime)?,
        awaiting_reply_since: payload.time(Member::AwaitingReplySince)?,
    })))
}
