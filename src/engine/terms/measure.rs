//! Measures: what facts are about, for which grouping sets each is kept, and the labels that tell facts of one measure apart.

/// What a fact is about. The order is that of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Measure {
    TicketsCreated,
    TicketsFirstResponded,
    TicketsResolved,
    TicketsReopened,
    TicketsEscalated,
    TicketsTransferred,
    TicketsSolvedWithoutResponse,
    TicketsSolvedByAutomation,
    /// Of the resolved tickets: those that ever were reopened, escalated, transferred, at the latest solve.
    TicketsResolvedReopened,
    TicketsResolvedEscalated,
    TicketsResolvedTransferred,
    FirstContactResolved,
    FirstResponse,
    FirstResponseBusiness,
    FirstResponseDecided,
    FirstResponseWithin,
    AutomatedFirstResponse,
    NextResponse,
    Resolution,
    ResolutionBusiness,
    ResolutionDecided,
    ResolutionWithin,
    FirstResolution,
    RequesterWait,
    ChatsStarted,
    ChatsAccepted,
    ChatsAbandoned,
    /// Abandons that lasted long enough for the ratio.
    ChatsAbandonedLate,
    ChatsEnded,
    ChatsTransferred,
    ChatsIdleEnded,
    ChatWait,
    ChatWaitDecided,
    ChatWaitWithin,
    ChatDuration,
    /// Label: the metric.
    SurveysSent,
    SurveysAnswered,
    /// Label: the scale.
    Csat,
    /// Label: the score.
    CsatScores,
    /// Of contacts whose first-response target was met, missed.
    CsatWithinTarget,
    CsatBeyondTarget,
    /// Label: the scope.
    Nps,
    /// Label: the scale.
    Ces,
    Contacts,
    RepeatContacts,
    ChannelSwitches,
    /// Label: stage and channel.
    Touchpoints,
    /// Label: the pair of sides.
    Correlation,
    /// Subscriptions less cancellations.
    CustomerActivations,
    /// Cancellations less subscriptions, of customers who have cancelled now.
    CustomerDepartures,
    CustomersNew,
    /// Customers at the start of a trend's baseline window who are none at that of its short window. Label: the trend.
    CustomersLostBefore,
    /// The same by what the customer experienced last. Label: metric and experience.
    ExperienceActivations,
    ExperienceDepartures,
    /// Label: the stages from and to.
    JourneyTransitions,
    /// Label: the stage.
    JourneyEntered,
    JourneyAdvanced,
    /// At a time that may lie ahead.
    JourneyDropped,
    JourneyStageTime,
    StageContacts,
    StageRepeatContacts,
    /// Label: the stage and the scale.
    StageCsat,
    StageCes,
    BacklogTickets,
    BacklogUnansweredTickets,
    BacklogAwaitingReplyTickets,
    /// Label: the status.
    BacklogByStatus,
    /// Counts from the deadline on.
    BacklogUnansweredPastTarget,
    BacklogOldestUnanswered,
    BacklogOldestAwaitingReply,
    ChatsWaiting,
    ChatsActive,
    CustomersActive,
    /// Label: metric and experience.
    ExperienceActive,
    /// Label: the stage; less those who have dropped out of it.
    JourneyCustomers,
}

/// Which grouping sets a measure is kept for, beside the overall value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// All configured sets.
    All,
    /// The sets of one dimension.
    OneDimension,
    /// None.
    Overall,
    /// The sets over customer dimensions.
    Customer,
}

impl Measure {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::JourneyCustomers as usize + 1;

    /// Which grouping sets it is kept for.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all sets are the rule and the others are listed")]
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
            Self::CustomerActivations | Self::CustomerDepartures | Self::CustomersNew | Self::CustomersActive => Grouping::Customer,
            _ => Grouping::All,
        }
    }

    /// Whether it is state as of now, without a window.
    pub(crate) const fn is_state(self) -> bool {
        matches!(
            self,
            Self::BacklogTickets
                | Self::BacklogUnansweredTickets
                | Self::BacklogAwaitingReplyTickets
                | Self::BacklogByStatus
                | Self::BacklogUnansweredPastTarget
                | Self::BacklogOldestUnanswered
                | Self::BacklogOldestAwaitingReply
                | Self::ChatsWaiting
                | Self::ChatsActive
                | Self::CustomersActive
                | Self::CustomersLostBefore
                | Self::ExperienceActive
                | Self::JourneyCustomers
        )
    }
}

/// A measure's own label as a number of this process; 0 where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label(pub(crate) u32);

impl Label {
    /// The label of two numbers, such as those of a stage and a channel.
    pub(crate) const fn of_two(first: u16, second: u16) -> Self {
        Self((first as u32) << 16 | second as u32)
    }

    /// The two numbers of such a label.
    pub(crate) const fn split(self) -> (u16, u16) {
        ((self.0 >> 16) as u16, self.0 as u16)
    }
}
