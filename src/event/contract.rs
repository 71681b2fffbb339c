//! The input contract as one table: every event type with the kinds of topics that carry it, its members, their values and a meaning.
//!
//! Names, topic kinds and allowed words of decoding come from here, and `EVENTS.md` is tested against it. To add an event type, add a row
//! to `event_types!` and read its members in `body.rs`. Does not know JSON, nor what an event does to a ticket, chat or customer.

use super::member::Member;
use super::{AssignReason, Author, CreatedBy, Kind, Scope, Status, SurveyMetric, TouchpointOutcome};

/// An event type of the contract.
#[derive(Clone, Copy, Debug)]
pub struct EventContract {
    /// The value of the member `type`.
    pub name: &'static str,
    /// The kinds of topics that carry it.
    pub kinds: &'static [Kind],
    /// What happened, in one sentence.
    pub meaning: &'static str,
    /// The members without which an event of this type is refused, in the order in which they are checked.
    pub required: &'static [MemberContract],
    /// The further members that decoding reads for this type. Every event may carry dimensions besides.
    pub optional: &'static [MemberContract],
}

/// A member as an event type or the envelope uses it.
#[derive(Clone, Copy, Debug)]
pub struct MemberContract {
    member: Member,
    /// The values that are allowed.
    pub value: MemberValue,
    /// What the member says, in one sentence, with the default of an optional one.
    pub meaning: &'static str,
}

/// The values that a member may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberValue {
    /// A string of 1 to 128 bytes without a NUL character, or an integer, which is the same as its decimal text.
    Id,
    /// A string.
    Text,
    /// A string of at most 1,024 bytes that can be the value of a label once the white space around it is cut off: 1 to 64 characters, without control
    /// characters and overrides of the direction of text.
    Label,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A number of at least 0 and at most [`super::AMOUNT_MAX`].
    Amount,
    /// An instant of the years 2000 to 2100: an RFC 3339 string with an offset, or a whole number of milliseconds since 1970.
    Time,
}

impl MemberContract {
    const fn new(member: Member, value: MemberValue, meaning: &'static str) -> Self {
        Self { member, value, meaning }
    }

    pub(super) const fn member(&self) -> Member {
        self.member
    }

    /// The member's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.member.name()
    }
}

/// The members of the envelope that every event needs, in the order in which they are checked. A topic can be configured to take `id` and
/// `time` from the record where an event lacks them.
pub const ENVELOPE_REQUIRED: &[MemberContract] = &[
    MemberContract::new(
        Member::Id,
        MemberValue::Id,
        "The identity of the event: two events with the same `id` and `source` are the same event.",
    ),
    MemberContract::new(Member::Type, MemberValue::Text, "One of the event types below."),
    MemberContract::new(Member::Time, MemberValue::Time, "When it happened (event time)."),
];

/// The members of the envelope that an event may leave out.
pub const ENVELOPE_OPTIONAL: &[MemberContract] = &[MemberContract::new(
    Member::Source,
    MemberValue::Text,
    "The producer of the event, in 1 to 128 bytes. Default: the name of the topic.",
)];

/// The words of `author`.
pub(super) const AUTHORS: [(&str, Author); 4] =
    [("customer", Author::Customer), ("agent", Author::Agent), ("bot", Author::Bot), ("system", Author::System)];
/// The words of `status`.
pub(super) const STATUSES: [(&str, Status); 8] = [
    ("new", Status::New),
    ("open", Status::Open),
    ("pending", Status::Pending),
    ("on_hold", Status::OnHold),
    ("solved", Status::Solved),
    ("closed", Status::Closed),
    ("spam", Status::Spam),
    ("deleted", Status::Deleted),
];
/// The words of `created_by`.
pub(super) const CREATORS: [(&str, CreatedBy); 4] = [
    ("customer", CreatedBy::Customer),
    ("agent", CreatedBy::Agent),
    ("system", CreatedBy::System),
    ("first_author", CreatedBy::FirstAuthor),
];
/// The words of `reason` on `ticket.assigned`.
pub(super) const ASSIGN_REASONS: [(&str, AssignReason); 3] =
    [("transfer", AssignReason::Transfer), ("escalation", AssignReason::Escalation), ("auto", AssignReason::Auto)];
/// The words of `metric`.
pub(super) const METRICS: [(&str, SurveyMetric); 3] =
    [("csat", SurveyMetric::Csat), ("nps", SurveyMetric::Nps), ("ces", SurveyMetric::Ces)];
/// The words of `scope`.
pub(super) const SCOPES: [(&str, Scope); 2] = [("service", Scope::Service), ("experience", Scope::Experience)];
/// The words of `direction`, and whether each says that a high score means ease.
pub(super) const DIRECTIONS: [(&str, bool); 2] = [("effort", false), ("ease", true)];
/// The words of `outcome`.
pub(super) const TOUCHPOINT_OUTCOMES: [(&str, TouchpointOutcome); 3] =
    [("completed", TouchpointOutcome::Completed), ("abandoned", TouchpointOutcome::Abandoned), ("failed", TouchpointOutcome::Failed)];

const AUTHOR_WORDS: &[&str] = &words(&AUTHORS);
const STATUS_WORDS: &[&str] = &words(&STATUSES);
const CREATOR_WORDS: &[&str] = &words(&CREATORS);
const ASSIGN_REASON_WORDS: &[&str] = &words(&ASSIGN_REASONS);
const METRIC_WORDS: &[&str] = &words(&METRICS);
const SCOPE_WORDS: &[&str] = &words(&SCOPES);
const DIRECTION_WORDS: &[&str] = &words(&DIRECTIONS);
const TOUCHPOINT_OUTCOME_WORDS: &[&str] = &words(&TOUCHPOINT_OUTCOMES);

/// The words of a closed set.
const fn words<T: Copy, const N: usize>(choices: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut index = 0;
    while index < N {
        words[index] = choices[index].0;
        index += 1;
    }
    words
}

/// Declares the table, and from it the enums, their names and the contracts.
macro_rules! event_types {
    ($($kinds:expr => $group:ident($group_type:ident) {
        $($variant:ident = $name:literal, $meaning:literal
            required [$($required:ident $required_value:expr, $required_meaning:literal;)*]
            optional [$($optional:ident $optional_value:expr, $optional_meaning:literal;)*])*
    })*) => {
        /// An event type of the contract, by what it is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventType {
            $(#[doc = concat!("An event about a ", stringify!($group), ".")] $group($group_type),)*
        }

        $(
            #[doc = concat!("An event type about a ", stringify!($group), ".")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $group_type {
                $(#[doc = concat!("`", $name, "`: ", $meaning)] $variant,)*
            }
        )*

        impl EventType {
            /// Every event type, in the order of the contract.
            pub const ALL: &'static [Self] = &[$($(Self::$group($group_type::$variant),)*)*];

            /// The type of that name, if the contract has one.
            pub(super) fn of(name: &str) -> Option<Self> {
                match name {
                    $($($name => Some(Self::$group($group_type::$variant)),)*)*
                    _ => None,
                }
            }

            /// The row of the contract.
            #[must_use]
            pub const fn contract(self) -> &'static EventContract {
                match self {
                    $($(Self::$group($group_type::$variant) => {
                        const CONTRACT: &EventContract = &EventContract {
                            name: $name,
                            kinds: $kinds,
                            meaning: $meaning,
                            required: &[$(MemberContract::new(Member::$required, $required_value, $required_meaning)),*],
                            optional: &[$(MemberContract::new(Member::$optional, $optional_value, $optional_meaning)),*],
                        };
                        CONTRACT
                    })*)*
                }
            }

            /// The value of the member `type`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.contract().name
            }

            /// Whether events of this type name a customer.
            pub(super) const fn names_customer(self) -> bool {
                match self {
                    $($(Self::$group($group_type::$variant) => const {
                        let contract = Self::$group($group_type::$variant).contract();
                        names(contract.required, Member::CustomerId) || names(contract.optional, Member::CustomerId)
                    },)*)*
                }
            }

            /// Whether events of this type may name an agent.
            pub(super) const fn names_agent(self) -> bool {
                match self {
                    $($(Self::$group($group_type::$variant) => const {
                        names(Self::$group($group_type::$variant).contract().optional, Member::AgentId)
                    },)*)*
                }
            }
        }
    };
}

impl Kind {
    /// The names of the event types that a topic of this kind carries, in the order of the contract.
    #[must_use]
    pub const fn event_types(self) -> &'static [&'static str] {
        match self {
            Self::Tickets => const { &types_of::<{ count_of(Self::Tickets) }>(Self::Tickets) },
            Self::Chats => const { &types_of::<{ count_of(Self::Chats) }>(Self::Chats) },
            Self::Surveys => const { &types_of::<{ count_of(Self::Surveys) }>(Self::Surveys) },
            Self::Customers => const { &types_of::<{ count_of(Self::Customers) }>(Self::Customers) },
        }
    }
}

/// How many event types a topic of a kind carries.
const fn count_of(kind: Kind) -> usize {
    let (mut count, mut index) = (0, 0);
    while index < EventType::ALL.len() {
        count += EventType::ALL[index].is_carried_by(kind) as usize;
        index += 1;
    }
    count
}

/// The names of the event types that a topic of a kind carries.
const fn types_of<const N: usize>(kind: Kind) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut count, mut index) = (0, 0);
    while index < EventType::ALL.len() {
        if EventType::ALL[index].is_carried_by(kind) {
            names[count] = EventType::ALL[index].name();
            count += 1;
        }
        index += 1;
    }
    names
}

impl EventType {
    /// Whether a topic of a kind carries it.
    #[must_use]
    pub const fn is_carried_by(self, kind: Kind) -> bool {
        let kinds = self.contract().kinds;
        let mut index = 0;
        while index < kinds.len() {
            if kinds[index] as u8 == kind as u8 {
                return true;
            }
            index += 1;
        }
        false
    }

    /// Whether a `team` that is null or empty on an event of this type says that the contact has no team any more.
    pub(super) const fn takes_team_away(self) -> bool {
        matches!(self, Self::Ticket(TicketType::Assigned) | Self::Chat(ChatType::Transferred))
    }
}

const fn names(members: &[MemberContract], member: Member) -> bool {
    let mut index = 0;
    while index < members.len() {
        if members[index].member as u8 == member as u8 {
            return true;
        }
        index += 1;
    }
    false
}

event_types! {
    &[Kind::Tickets] => Ticket(TicketType) {
        Created = "ticket.created", "A ticket was created."
            required [TicketId MemberValue::Id, "The ticket.";]
            optional [
                CustomerId MemberValue::Id, "The customer who asks.";
                CreatedBy MemberValue::Choice(CREATOR_WORDS), "Who created it. Default: `customer`. With `agent` or `system` the first-response clock starts with the customer's first message; `first_author` is whoever writes the first public message.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
            ]
        Message = "ticket.message", "A message was written."
            required [
                TicketId MemberValue::Id, "The ticket.";
                Author MemberValue::Choice(AUTHOR_WORDS), "Who wrote it.";
            ]
            optional [
                Public MemberValue::Boolean, "Whether the customer can see it. Default: `true`.";
                Automated MemberValue::Boolean, "Whether a rule sent it, such as an out-of-office reply. Default: `false`.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
            ]
        StatusChanged = "ticket.status_changed", "The status of a ticket changed."
            required [
                TicketId MemberValue::Id, "The ticket.";
                Status MemberValue::Choice(STATUS_WORDS), "The new status. `spam` and `deleted` withdraw the ticket from every value.";
            ]
            optional [AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";]
        Assigned = "ticket.assigned", "A ticket was assigned to a team or an agent."
            required [TicketId MemberValue::Id, "The ticket.";]
            optional [
                Reason MemberValue::Choice(ASSIGN_REASON_WORDS), "Why it was assigned. A change of team is a transfer, unless the reason is `auto`.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
            ]
        Escalated = "ticket.escalated", "A ticket was escalated."
            required [TicketId MemberValue::Id, "The ticket.";]
            optional []
        Merged = "ticket.merged", "A ticket was merged into another ticket."
            required [
                TicketId MemberValue::Id, "The ticket that was merged away.";
                IntoTicketId MemberValue::Id, "The ticket that it became part of.";
            ]
            optional []
        Unmerged = "ticket.unmerged", "The merging of a ticket was taken back."
            required [TicketId MemberValue::Id, "The ticket.";]
            optional []
        Handoff = "ticket.handoff", "A bot handed a ticket over to people."
            required [TicketId MemberValue::Id, "The ticket.";]
            optional []
        Snapshot = "ticket.snapshot", "The help desk states what it knows of a ticket at the event's time."
            required [
                TicketId MemberValue::Id, "The ticket.";
                CreatedTime MemberValue::Time, "When it was created.";
                Status MemberValue::Choice(STATUS_WORDS), "Its status.";
            ]
            optional [
                FirstResponseTime MemberValue::Time, "When it was first answered.";
                SolvedTime MemberValue::Time, "When it was solved.";
                AwaitingReplySince MemberValue::Time, "Since when the customer has been waiting for a reply.";
                Answered MemberValue::Boolean, "Whether a person ever answered it.";
                CustomerId MemberValue::Id, "The customer who asks.";
            ]
        SnapshotCompleted = "ticket.snapshot_completed", "A full set of ticket snapshots has been sent to this partition."
            required [StartedTime MemberValue::Time, "When the set was begun. Open tickets of its feed and partition without a snapshot since then end.";]
            optional []
    }
    &[Kind::Chats] => Chat(ChatType) {
        Started = "chat.started", "A customer started a chat or a telephone call."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [
                CustomerId MemberValue::Id, "The customer who asks.";
                TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";
            ]
        Accepted = "chat.accepted", "An agent joined a chat."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
                TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";
            ]
        Message = "chat.message", "A message was written."
            required [
                ChatId MemberValue::Id, "The chat.";
                Author MemberValue::Choice(AUTHOR_WORDS), "Who wrote it.";
            ]
            optional [
                Public MemberValue::Boolean, "Whether the customer can see it. Default: `true`.";
                Automated MemberValue::Boolean, "Whether a rule sent it. Default: `false`.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
                TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";
            ]
        Transferred = "chat.transferred", "A chat was handed to another team or agent."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [
                Reason MemberValue::Choice(ASSIGN_REASON_WORDS), "Why. A change of team is a transfer, unless the reason is `auto`.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
                TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";
            ]
        Handoff = "chat.handoff", "A bot handed a chat over to people."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";]
        Ended = "chat.ended", "A chat ended."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";]
        Abandoned = "chat.abandoned", "The customer left a chat before an agent joined."
            required [ChatId MemberValue::Id, "The chat.";]
            optional [TicketId MemberValue::Id, "The ticket that the help desk keeps of the chat.";]
    }
    &[Kind::Surveys] => Survey(SurveyType) {
        Sent = "survey.sent", "A survey was sent."
            required [
                SurveyId MemberValue::Id, "The survey.";
                Metric MemberValue::Choice(METRIC_WORDS), "What it asks.";
            ]
            optional [
                TicketId MemberValue::Id, "The ticket that it is about.";
                ChatId MemberValue::Id, "The chat that it is about, where no ticket is named.";
                CustomerId MemberValue::Id, "The customer who was asked.";
            ]
        Responded = "survey.responded", "A survey was answered, or an answer was changed."
            required [
                Metric MemberValue::Choice(METRIC_WORDS), "What it asks.";
                Score MemberValue::Number, "The score, within its scale; rounded to six decimals; for `nps` then a whole number.";
            ]
            optional [
                SurveyId MemberValue::Id, "The survey. A second answer to it replaces the first.";
                TicketId MemberValue::Id, "The ticket that it is about.";
                ChatId MemberValue::Id, "The chat that it is about, where no ticket is named.";
                CustomerId MemberValue::Id, "The customer who answered.";
                AgentId MemberValue::Id, "The agent. Not kept, unless configuration makes it a dimension.";
                Scope MemberValue::Choice(SCOPE_WORDS), "For `nps`: about one contact, or about the relationship. Default: `service` where a ticket or chat is named, else `experience`.";
                ScaleMin MemberValue::Number, "The lowest score of the scale, from -1000. Given only together with `scale_max`. For `nps` always 0.";
                ScaleMax MemberValue::Number, "The highest score of the scale, to 1000. Given only together with `scale_min`. For `nps` always 10.";
                Direction MemberValue::Choice(DIRECTION_WORDS), "For `ces`: what a high score means. Required where `surveys.ces_direction` does not say it.";
            ]
    }
    &[Kind::Customers] => Customer(CustomerType) {
        Active = "customer.active", "A customer was a customer already; nobody was won."
            required [CustomerId MemberValue::Id, "The customer.";]
            optional [Value MemberValue::Amount, "What the customer is worth from then on, such as the revenue of a month, in the configured currency; rounded to six decimals.";]
        Subscribed = "customer.subscribed", "Somebody became a customer, or came back."
            required [CustomerId MemberValue::Id, "The customer.";]
            optional [Value MemberValue::Amount, "What the customer is worth from then on, as on `customer.active`.";]
        Cancelled = "customer.cancelled", "A customer left."
            required [CustomerId MemberValue::Id, "The customer.";]
            optional []
        Merged = "customer.merged", "Two records turned out to be one person."
            required [
                CustomerId MemberValue::Id, "The record that goes.";
                IntoCustomerId MemberValue::Id, "The customer that it is.";
            ]
            optional []
        Erased = "customer.erased", "The identity of a customer is to be forgotten; sums stay."
            required [CustomerId MemberValue::Id, "The customer.";]
            optional []
        Touchpoint = "customer.touchpoint", "A customer did something in a stage of the journey."
            required [
                CustomerId MemberValue::Id, "The customer.";
                JourneyStage MemberValue::Text, "The stage.";
            ]
            optional [
                Outcome MemberValue::Choice(TOUCHPOINT_OUTCOME_WORDS), "How it ended.";
                Value MemberValue::Amount, "What the customer is worth from then on, as on `customer.active`.";
            ]
    }
    &Kind::ALL => Change(ChangeType) {
        Marked = "change.marked", "Somebody changed something in the organisation at the event's time, such as the macros of a team."
            required [Name MemberValue::Label, "What was changed. Everybody who sees the metrics reads it, so it names no person.";]
            optional [Withdrawn MemberValue::Boolean, "Whether what an event of this name and these dimensions has marked, up to this time, is taken back. Default: `false`.";]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_belongs_to_the_topic_that_its_name_says_and_a_change_to_any() {
        for event_type in EventType::ALL {
            let EventContract { name, kinds, .. } = event_type.contract();
            assert_eq!(event_type.name(), *name);
            if matches!(event_type, EventType::Change(_)) {
                assert_eq!(*kinds, Kind::ALL, "{name}");
            } else {
                assert_eq!(kinds.len(), 1, "{name}");
                assert_eq!(format!("{}s", name.split('.').next().unwrap()), kinds[0].name(), "{name}");
            }
            for kind in Kind::ALL {
                assert_eq!(event_type.is_carried_by(kind), kinds.contains(&kind), "{name}");
                assert_eq!(kind.event_types().contains(name), kinds.contains(&kind), "{name}");
            }
        }
    }

    #[test]
    fn every_type_of_the_contract_is_decoded_and_listed_once() {
        let names: std::collections::BTreeSet<&str> = EventType::ALL.iter().map(|event_type| event_type.name()).collect();
        assert_eq!((names.len(), EventType::ALL.len()), (26, 26));
        for event_type in EventType::ALL {
            assert_eq!(EventType::of(event_type.name()), Some(*event_type));
        }
        for kind in Kind::ALL {
            let carried = EventType::ALL.iter().filter(|event_type| event_type.is_carried_by(kind)).map(|event_type| event_type.name());
            assert_eq!(kind.event_types(), carried.collect::<Vec<_>>(), "{}", kind.name());
        }
    }
}
