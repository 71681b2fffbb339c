//! The event types of the contract: their names, by the kind of topic that carries them.

use super::Kind;

/// An event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Ticket(TicketType),
    Chat(ChatType),
    Survey(SurveyType),
    Customer(CustomerType),
}

/// `ticket.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketType {
    Created,
    Message,
    StatusChanged,
    Assigned,
    Escalated,
    Merged,
    Snapshot,
    SnapshotCompleted,
}

/// `chat.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChatType {
    Started,
    Accepted,
    Message,
    Transferred,
    Ended,
    Abandoned,
}

/// `survey.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SurveyType {
    Sent,
    Responded,
}

/// `customer.*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CustomerType {
    Active,
    Subscribed,
    Cancelled,
    Erased,
    Touchpoint,
}

macro_rules! names {
    ($($name:literal => $event_type:expr,)*) => {
        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($name),*];

        /// The type of that name, if the contract has one.
        pub(super) fn of(name: &str) -> Option<Self> {
            match name {
                $($name => Some($event_type),)*
                _ => None,
            }
        }
    };
}

impl EventType {
    names! {
        "ticket.created" => Self::Ticket(TicketType::Created),
        "ticket.message" => Self::Ticket(TicketType::Message),
        "ticket.status_changed" => Self::Ticket(TicketType::StatusChanged),
        "ticket.assigned" => Self::Ticket(TicketType::Assigned),
        "ticket.escalated" => Self::Ticket(TicketType::Escalated),
        "ticket.merged" => Self::Ticket(TicketType::Merged),
        "ticket.snapshot" => Self::Ticket(TicketType::Snapshot),
        "ticket.snapshot_completed" => Self::Ticket(TicketType::SnapshotCompleted),
        "chat.started" => Self::Chat(ChatType::Started),
        "chat.accepted" => Self::Chat(ChatType::Accepted),
        "chat.message" => Self::Chat(ChatType::Message),
        "chat.transferred" => Self::Chat(ChatType::Transferred),
        "chat.ended" => Self::Chat(ChatType::Ended),
        "chat.abandoned" => Self::Chat(ChatType::Abandoned),
        "survey.sent" => Self::Survey(SurveyType::Sent),
        "survey.responded" => Self::Survey(SurveyType::Responded),
        "customer.active" => Self::Customer(CustomerType::Active),
        "customer.subscribed" => Self::Customer(CustomerType::Subscribed),
        "customer.cancelled" => Self::Customer(CustomerType::Cancelled),
        "customer.erased" => Self::Customer(CustomerType::Erased),
        "customer.touchpoint" => Self::Customer(CustomerType::Touchpoint),
    }

    /// The kind of topic that carries it.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Ticket(_) => Kind::Tickets,
            Self::Chat(_) => Kind::Chats,
            Self::Survey(_) => Kind::Surveys,
            Self::Customer(_) => Kind::Customers,
        }
    }

    /// Whether events of this type name a customer.
    pub(super) const fn names_customer(self) -> bool {
        match self {
            Self::Ticket(ticket) => matches!(ticket, TicketType::Created | TicketType::Snapshot),
            Self::Chat(chat) => matches!(chat, ChatType::Started),
            Self::Survey(_) | Self::Customer(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_belongs_to_the_topic_that_its_name_says() {
        for name in EventType::NAMES {
            let kind = EventType::of(name).unwrap().kind();
            assert_eq!(format!("{}s", name.split('.').next().unwrap()), kind.name(), "{name}");
        }
    }

    #[test]
    fn every_type_of_the_contract_is_decoded_and_listed_once() {
        let listed: Vec<&str> = Kind::ALL.iter().flat_map(|kind| kind.event_types().iter().copied()).collect();
        assert_eq!(listed, EventType::NAMES);
        assert_eq!(listed.iter().collect::<std::collections::BTreeSet<_>>().len(), 21);
    }
}
