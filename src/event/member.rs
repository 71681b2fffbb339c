//! The members that the contract names, and those of one object of a record.
//!
//! Does not know JSON's grammar, nor which members an event type asks for.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::value::Value;
use super::{DimensionSettings, Reason};
use crate::time::EventTime;

/// Declares the members in the order in which faults of optional ones are reported.
macro_rules! members {
    ($($member:ident = $name:literal,)*) => {
        /// A member that the contract names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Member { $($member,)* }

        impl Member {
            const COUNT: usize = [$($name),*].len();
            #[cfg(test)]
            pub(super) const NAMES: [&str; Self::COUNT] = [$($name),*];

            pub(super) fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$member),)*
                    _ => None,
                }
            }
        }
    };
}

members! {
    Id = "id",
    Type = "type",
    Time = "time",
    Source = "source",
    SpecVersion = "specversion",
    Data = "data",
    TicketId = "ticket_id",
    ChatId = "chat_id",
    CustomerId = "customer_id",
    SurveyId = "survey_id",
    AgentId = "agent_id",
    IntoTicketId = "into_ticket_id",
    Channel = "channel",
    Team = "team",
    Priority = "priority",
    Segment = "segment",
    JourneyStage = "journey_stage",
    Tier = "tier",
    Public = "public",
    Automated = "automated",
    Author = "author",
    Status = "status",
    Metric = "metric",
    CreatedBy = "created_by",
    Reason = "reason",
    Scope = "scope",
    Direction = "direction",
    Outcome = "outcome",
    Score = "score",
    ScaleMin = "scale_min",
    ScaleMax = "scale_max",
    CreatedTime = "created_time",
    FirstResponseTime = "first_response_time",
    SolvedTime = "solved_time",
    AwaitingReplySince = "awaiting_reply_since",
    StartedTime = "started_time",
}

impl Member {
    const fn bit(self) -> u64 {
        1 << self as u32
    }

    /// The bits from this member to `last`.
    const fn through(self, last: Self) -> u64 {
        (last.bit() << 1) - self.bit()
    }
}

/// The members of one object that the contract or the configuration names, each at most once.
pub(super) struct Members<'a> {
    /// A bit for every [`Member`] that is there and not null.
    present: u64,
    /// A bit for every [`Member`] that is there.
    named: u64,
    /// For every present [`Member`], where its value lies.
    slots: [u8; Member::COUNT],
    values: SmallVec<[Value<'a>; 16]>,
    /// Values of the configured dimensions that are not null, by their index.
    pub(super) dimensions: SmallVec<[(u8, Value<'a>); 8]>,
}

impl<'a> Members<'a> {
    pub(super) fn new() -> Self {
        Self { present: 0, named: 0, slots: [0; Member::COUNT], values: SmallVec::new(), dimensions: SmallVec::new() }
    }

    /// Notes a name; false where it was there before.
    pub(super) fn note(&mut self, member: Member) -> bool {
        let is_new = self.named & member.bit() == 0;
        self.named |= member.bit();
        is_new
    }

    /// Takes in the value of a member that was noted.
    pub(super) fn set(&mut self, member: Member, value: Value<'a>) {
        if value != Value::Null {
            self.present |= member.bit();
            self.slots[member as usize] = self.values.len() as u8;
            self.values.push(value);
        }
    }

    /// Takes in the value of a name that may be a configured dimension.
    pub(super) fn set_dimension(&mut self, name: &str, value: Value<'a>, dimensions: &[DimensionSettings]) {
        if value != Value::Null
            && let Some(index) = dimensions.iter().position(|dimension| dimension.name == name)
        {
            // An index of an event's dimension is one byte; configuration keeps their number far below.
            self.dimensions.push((u8::try_from(index).unwrap_or(u8::MAX), value));
        }
    }

    /// Whether a member of that name is there, be it null.
    pub(super) fn has_name(&self, member: Member) -> bool {
        self.named & member.bit() != 0
    }

    /// Whether a member is there and not null.
    pub(super) fn has(&self, member: Member) -> bool {
        self.present & member.bit() != 0
    }

    /// The value of a member that is there and not null.
    pub(super) fn get(&self, member: Member) -> Option<Value<'a>> {
        if self.has(member) { self.values.get(usize::from(self.slots[member as usize])).copied() } else { None }
    }

    /// The value of a member that must be there.
    pub(super) fn required(&self, member: Member) -> Result<Value<'a>, Reason> {
        self.get(member).ok_or(Reason::MissingField)
    }

    /// An id that must be there.
    pub(super) fn required_id(&self, member: Member) -> Result<Cow<'a, str>, Reason> {
        self.required(member)?.id()
    }

    /// One of a closed set that must be there.
    pub(super) fn required_choice<T: Copy>(&self, member: Member, choices: &[(&str, T)]) -> Result<T, Reason> {
        self.required(member)?.choice(choices)
    }

    /// One of a closed set, if there.
    pub(super) fn choice<T: Copy>(&self, member: Member, choices: &[(&str, T)]) -> Result<Option<T>, Reason> {
        self.get(member).map(|value| value.choice(choices)).transpose()
    }

    /// An instant, if there.
    pub(super) fn time(&self, member: Member) -> Result<Option<EventTime>, Reason> {
        self.get(member).map(Value::time).transpose()
    }

    /// A boolean that was checked by [`Members::check_optional`].
    pub(super) fn flag(&self, member: Member, default: bool) -> bool {
        self.get(member).and_then(|value| value.flag().ok()).unwrap_or(default)
    }

    /// Checks what has one type in every event, whether or not the event's type reads it: ids, texts, dimensions, booleans.
    pub(super) fn check_optional(&self) -> Result<(), Reason> {
        for value in self.in_order(Member::TicketId.through(Member::IntoTicketId)) {
            value.id()?;
        }
        let mut texts = self.in_order(Member::Channel.through(Member::Tier)).chain(self.dimensions.iter().map(|(_, value)| *value));
        if !texts.all(Value::is_text) {
            return Err(Reason::WrongType);
        }
        for value in self.in_order(Member::Public.through(Member::Automated)) {
            value.flag()?;
        }
        Ok(())
    }

    /// The values of the present members among `bits`, in the contract's order.
    fn in_order(&self, bits: u64) -> impl Iterator<Item = Value<'a>> {
        let mut bits = self.present & bits;
        std::iter::from_fn(move || {
            let member = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            self.values.get(usize::from(self.slots[member])).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_found_by_its_name_and_no_other() {
        for (index, name) in Member::NAMES.into_iter().enumerate() {
            assert_eq!(Member::of(name).map(|member| member as usize), Some(index), "{name}");
        }
        for name in ["", "Id", "ids", "ticket", "__proto__", "$ref"] {
            assert_eq!(Member::of(name), None, "{name}");
        }
    }

    #[test]
    fn null_is_absent_but_its_name_is_taken() {
        let mut members = Members::new();
        assert!(members.note(Member::Team));
        members.set(Member::Team, Value::Null);
        assert_eq!((members.get(Member::Team), members.has_name(Member::Team)), (None, true));
        assert!(!members.note(Member::Team));
    }
}
