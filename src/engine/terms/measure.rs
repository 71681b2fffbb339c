//! Measures: the quantities that facts belong to, the grouping sets for which each is kept, and the labels that distinguish facts of one measure.

use serde::{Deserialize, Serialize};

/// The quantity that a fact belongs to, in the order of the metric catalogue. A checkpoint stores its number, so a new order is a new layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Measure {
    TicketsCreated,
    TicketsFirstResponded,
    TicketsResolved,
    TicketsReopened,
    TicketsEscalated,
    TicketsTransferred,
    TicketsSolvedWithoutResponse,
    TicketsSolvedByAutomation,
    /// Resolved tickets that had ever been reopened by their latest solve.
    TicketsResolvedReopened,
    /// Resolved tickets that had ever been escalated by their latest solve.
    TicketsResolvedEscalated,
    /// Resolved tickets that had ever been transferred by their latest solve.
    TicketsResolvedTransferred,
    FirstContactResolved,
    FirstResponse,
    FirstResponseBusiness,
    FirstResponseDecided,
    FirstResponseWithin,
    /// Tickets whose wait for the first response came to an age, of those that still waited at the age before. Label: the number of the age.
    FirstResponseWaits,
    /// Of these, the tickets that still waited. Label: the number of the age.
    FirstResponseWaitsUnanswered,
    NextResponseDecided,
    NextResponseWithin,
    AutomatedFirstResponse,
    NextResponse,
    Resolution,
    ResolutionBusiness,
    ResolutionDecided,
    ResolutionWithin,
    /// Met, and reopened since.
    ResolutionWithinReopened,
    /// Label: target and reason.
    TargetUndecided,
    FirstResolution,
    RequesterWait,
    ChatsStarted,
    ChatsAccepted,
    ChatsAbandoned,
    /// Abandoned chats that lasted long enough for the abandonment ratio.
    ChatsAbandonedLate,
    ChatsEnded,
    ChatsTransferred,
    ChatsIdleEnded,
    ChatWait,
    ChatWaitDecided,
    ChatWaitWithin,
    ChatDuration,
    /// Label: the survey metric.
    SurveysSent,
    /// Label: the survey metric.
    SurveysAnswered,
    /// Label: the scale.
    Csat,
    /// Label: the score.
    CsatScores,
    /// CSAT of contacts whose first-response target was met.
    CsatWithinTarget,
    /// CSAT of contacts whose first-response target was missed.
    CsatBeyondTarget,
    /// Label: the scope.
    Nps,
    /// Label: the scale.
    Ces,
    Contacts,
    RepeatContacts,
    ChannelSwitches,
    /// Label: the stage and the channel.
    Touchpoints,
    /// Label: the pair of [`super::PAIRS`].
    Correlation,
    /// Subscriptions less cancellations.
    CustomerActivations,
    /// Cancellations less subscriptions, of customers who have cancelled now.
    CustomerDepartures,
    CustomersNew,
    /// Customers who are active at the start of a trend's baseline window and not at the start of its short window. Label: the trend.
    CustomersLostBefore,
    /// The same as [`Self::CustomerActivations`], by the customer's latest experience. Label: the metric and the experience.
    ExperienceActivations,
    /// The same as [`Self::CustomerDepartures`], by the customer's latest experience. Label: the metric and the experience.
    ExperienceDepartures,
    /// The same as [`Self::CustomerDepartures`], with what the customers were worth.
    ValueDepartures,
    /// What the active customers are worth whose latest answer of a kind was bad, at the time of that answer. Label: the kind.
    ValueAtRisk,
    /// Label: the stages from and to.
    JourneyTransitions,
    /// Label: the stage.
    JourneyEntered,
    /// Customers who moved on to a later stage. Label: the stage that they left.
    JourneyAdvanced,
    /// Customers who dropped out, at a time that may lie ahead of now. Label: the stage.
    JourneyDropped,
    /// The time that customers spent in a stage before they moved. Label: the stage that they left.
    JourneyStageTime,
    /// Label: the stage.
    StageContacts,
    /// Label: the stage.
    StageRepeatContacts,
    /// Label: the stage and the scale.
    StageCsat,
    /// Label: the stage and the scale.
    StageCes,
    BacklogTickets,
    BacklogUnansweredTickets,
    BacklogAwaitingReplyTickets,
    /// Label: the status.
    BacklogByStatus,
    /// Tickets past their first-response target; each counts from its deadline on.
    BacklogUnansweredPastTarget,
    BacklogWithoutTeam,
    /// Label: the target. Counts from the deadline on.
    BacklogPastTarget,
    /// Label: the target and how soon. Counts until the deadline.
    BacklogDue,
    /// First hand-offs from bots to people.
    Handoffs,
    BacklogOldestUnanswered,
    BacklogOldestAwaitingReply,
    ChatsWaiting,
    ChatsActive,
    CustomersActive,
    /// What the active customers are worth.
    CustomersValue,
    /// Label: the metric and the experience.
    ExperienceActive,
    /// Customers in a stage, without those who have dropped out of it. Label: the stage.
    JourneyCustomers,
}

/// The grouping sets that a measure is kept for, beside the overall value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// All configured grouping sets.
    All,
    /// The grouping sets of one dimension.
    OneDimension,
    /// No grouping set.
    Overall,
    /// The grouping sets over customer dimensions.
    Customer,
}

impl Measure {
    /// The number of measures.
    pub(crate) const COUNT: usize = Self::JourneyCustomers as usize + 1;

    /// The grouping sets that the measure is kept for.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most measures are kept for all sets, and the others are listed")]
    pub(crate) const fn grouping(self) -> Grouping {
        match self {
            Self::CsatScores
            | Self::CsatWithinTarget
            | Self::CsatBeyondTarget
            | Self::Touchpoints
            | Self::BacklogByStatus
            | Self::CustomersLostBefore
            | Self::ExperienceActive
            | Self::ExperienceActivations
            | Self::ExperienceDepartures
            | Self::JourneyCustomers
            | Self::JourneyTransitions
            | Self::JourneyEntered
            | Self::JourneyAdvanced
            | Self::JourneyDropped
            | Self::JourneyStageTime
            | Self::StageContacts
            | Self::StageRepeatContacts
            | Self::StageCsat
            | Self::StageCes => Grouping::Overall,
            Self::Correlation => Grouping::OneDimension,
            Self::CustomerActivations
            | Self::CustomerDepartures
            | Self::CustomersNew
            | Self::CustomersActive
            | Self::CustomersValue
            | Self::ValueDepartures
            | Self::ValueAtRisk => Grouping::Customer,
            _ => Grouping::All,
        }
    }

    /// Whether the overall value is kept by slices of each window, for the lines of the live page.
    pub(crate) const fn has_course(self) -> bool {
        matches!(
            self,
            Self::FirstResponse
                | Self::Resolution
                | Self::ChatWait
                | Self::ChatsAccepted
                | Self::ChatsAbandonedLate
                | Self::Csat
                | Self::Nps
                | Self::Ces
                | Self::TicketsResolved
                | Self::TicketsResolvedReopened
                | Self::FirstContactResolved
        )
    }

    /// Whether the measure is a state as of now, without a window.
    pub(crate) const fn is_state(self) -> bool {
        matches!(
            self,
            Self::BacklogTickets
                | Self::BacklogUnansweredTickets
                | Self::BacklogAwaitingReplyTickets
                | Self::BacklogByStatus
                | Self::BacklogUnansweredPastTarget
                | Self::BacklogWithoutTeam
                | Self::BacklogPastTarget
                | Self::BacklogDue
                | Self::BacklogOldestUnanswered
                | Self::BacklogOldestAwaitingReply
                | Self::ChatsWaiting
                | Self::ChatsActive
                | Self::CustomersActive
                | Self::CustomersValue
                | Self::CustomersLostBefore
                | Self::ExperienceActive
                | Self::JourneyCustomers
        )
    }
}

/// A measure's own label as a number of this process; 0 if the measure has no label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label(pub(crate) u32);

impl Label {
    /// The label that combines two numbers, such as those of a stage and a channel.
    pub(crate) const fn of_two(first: u16, second: u16) -> Self {
        Self((first as u32) << 16 | second as u32)
    }

    /// The two numbers of a label made by [`Self::of_two`].
    pub(crate) const fn split(self) -> (u16, u16) {
        ((self.0 >> 16) as u16, self.0 as u16)
    }
}
