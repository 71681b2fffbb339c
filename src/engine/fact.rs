//! Facts: what the life of a ticket, chat, survey or customer contributes to the windows, as plain values that can be compared.
//!
//! An event changes a history; the facts before and after are compared, and the difference is posted as subtract and add. So corrections of
//! every kind need no code of their own.

use smallvec::SmallVec;

use super::aggregate::Value;
use super::names::DimensionsId;
use crate::time::EventTime;

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

/// A measure's own label as a number; 0 where it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label(pub(crate) u32);

impl Label {
    /// The label of two values, such as a stage and a channel.
    pub(crate) const fn of_two(first: u16, second: u16) -> Self {
        Self((first as u32) << 16 | second as u32)
    }

    /// The two values of such a label.
    pub(crate) const fn split(self) -> (u16, u16) {
        ((self.0 >> 16) as u16, self.0 as u16)
    }
}

/// One contribution to the windows, or to the state of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// What it is about.
    pub(crate) measure: Measure,
    /// Its label.
    pub(crate) label: Label,
    /// The dimensions it is credited to.
    pub(crate) dimensions: DimensionsId,
    /// The instant whose pane it lies in; not read for state.
    pub(crate) time: EventTime,
    /// What it adds.
    pub(crate) value: Value,
}

/// The facts of one entity.
pub(crate) type Facts = SmallVec<[Fact; 16]>;

impl Fact {
    /// One of a thing at an instant.
    pub(crate) fn one(measure: Measure, time: EventTime, dimensions: DimensionsId) -> Self {
        Self { measure, label: Label::default(), dimensions, time, value: Value::Count(1) }
    }

    /// The same with a label.
    pub(crate) fn labelled(self, label: Label) -> Self {
        Self { label, ..self }
    }
}

/// The difference of two lists of facts: what is only in `before` (to be subtracted) and what is only in `after` (to be added).
pub(crate) fn difference(before: &mut Facts, after: &mut Facts) {
    // Equal facts stand at equal places more often than not, so the common start and the common end are skipped first.
    let same = before.iter().zip(after.iter()).take_while(|(b, a)| b == a).count();
    before.drain(..same);
    after.drain(..same);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(b, a)| b == a).count();
    before.truncate(before.len() - same);
    after.truncate(after.len() - same);
    before.retain(|fact| match after.iter().position(|a| a == fact) {
        Some(at) => {
            after.swap_remove(at);
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_keeps_only_what_changed_and_counts_repeats() {
        let fact = |ms| Fact::one(Measure::TicketsReopened, EventTime(ms), DimensionsId::default());
        let mut before: Facts = [fact(1), fact(2), fact(2)].into_iter().collect();
        let mut after: Facts = [fact(1), fact(2), fact(3)].into_iter().collect();
        difference(&mut before, &mut after);
        assert_eq!((before.to_vec(), after.to_vec()), (vec![fact(2)], vec![fact(3)]));
    }
}
