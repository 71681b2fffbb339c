//! The label value `type` of an applied event: the name of its event type in the contract.

use crate::event::{Body, Contact, ContactAction, CustomerAction, SurveyAction};

/// The name of an event's type in the contract.
pub(super) fn type_name(body: &Body) -> &'static str {
    match body {
        Body::Contact(Contact::Ticket(_), action) => match action {
            ContactAction::Opened(_) => "ticket.created",
            ContactAction::Message(_) => "ticket.message",
            ContactAction::Status(_) => "ticket.status_changed",
            ContactAction::Escalated => "ticket.escalated",
            ContactAction::Merged => "ticket.merged",
            ContactAction::Snapshot(_) => "ticket.snapshot",
            // Only `Assigned` occurs here; the other actions occur in chats only.
            ContactAction::Assigned(_)
            | ContactAction::Accepted
            | ContactAction::Transferred
            | ContactAction::Ended
            | ContactAction::Abandoned => "ticket.assigned",
        },
        Body::Contact(Contact::Chat(_), action) => match action {
            ContactAction::Opened(_) => "chat.started",
            ContactAction::Accepted => "chat.accepted",
            ContactAction::Message(_) => "chat.message",
            ContactAction::Ended => "chat.ended",
            ContactAction::Abandoned => "chat.abandoned",
            // Only `Transferred` occurs here; the other actions occur in tickets only.
            ContactAction::Transferred
            | ContactAction::Assigned(_)
            | ContactAction::Status(_)
            | ContactAction::Escalated
            | ContactAction::Merged
            | ContactAction::Snapshot(_) => "chat.transferred",
        },
        Body::SnapshotCompleted(_) => "ticket.snapshot_completed",
        Body::Survey(survey) => match survey.action {
            SurveyAction::Sent => "survey.sent",
            SurveyAction::Responded(_) => "survey.responded",
        },
        Body::Customer(action) => match action {
            CustomerAction::Active => "customer.active",
            CustomerAction::Subscribed => "customer.subscribed",
            CustomerAction::Cancelled => "customer.cancelled",
            CustomerAction::Erased => "customer.erased",
            CustomerAction::Touchpoint(_) => "customer.touchpoint",
        },
    }
}
