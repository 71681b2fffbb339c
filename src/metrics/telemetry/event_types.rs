//! The contract's event types as label values: which a topic of a kind can carry, and which one an event is.

use crate::event::{Body, Contact, ContactAction, CustomerAction, Kind, SurveyAction};

/// The event types of each kind, in the contract's order.
const EVENT_TYPES: [(Kind, &[&str]); 4] = [
    (
        Kind::Tickets,
        &[
            "ticket.created",
            "ticket.message",
            "ticket.status_changed",
            "ticket.assigned",
            "ticket.escalated",
            "ticket.merged",
            "ticket.snapshot",
            "ticket.snapshot_completed",
        ],
    ),
    (Kind::Chats, &["chat.started", "chat.accepted", "chat.message", "chat.transferred", "chat.ended", "chat.abandoned"]),
    (Kind::Surveys, &["survey.sent", "survey.responded"]),
    (Kind::Customers, &["customer.active", "customer.subscribed", "customer.cancelled", "customer.erased", "customer.touchpoint"]),
];

/// The event types that a topic of this kind carries.
pub(super) fn types_of(kind: Kind) -> &'static [&'static str] {
    EVENT_TYPES.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, types)| types)
}

/// The contract's name of an event's type.
pub(super) fn type_name(body: &Body) -> &'static str {
    match body {
        Body::Contact(Contact::Ticket(_), action) => match action {
            ContactAction::Opened(_) => "ticket.created",
            ContactAction::Message(_) => "ticket.message",
            ContactAction::Status(_) => "ticket.status_changed",
            ContactAction::Escalated => "ticket.escalated",
            ContactAction::Merged => "ticket.merged",
            ContactAction::Snapshot(_) => "ticket.snapshot",
            // The rest is said of chats only.
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
            // The rest is said of tickets only.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_contract_is_there_once() {
        let mut types: Vec<&str> = EVENT_TYPES.iter().flat_map(|(_, types)| types.iter().copied()).collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), 21);
    }
}
