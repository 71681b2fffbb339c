//! The names of the members in the contract, and the members of one JSON object.
//!
//! Does not know the grammar of JSON, nor which members an event type asks for: `contract.rs` and `body.rs` do.

use smallvec::SmallVec;

use super::id_namespace::IdNamespace;
use super::spelling::Spelling;
use super::value::{JsonValue, Raw, choice_of, is_id_length};
use super::{DimensionSettings, Key, Reason};
use crate::time::EventTime;

/// Declares the members.
macro_rules! members {
    ($($member:ident = $name:literal,)*) => {
        /// A member that the contract names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Member { $($member,)* }

        impl Member {
            const COUNT: usize = [$($name),*].len();
            const ALL: [Self; Self::COUNT] = [$(Self::$member),*];
            const NAMES: [&str; Self::COUNT] = [$($name),*];
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
    IntoCustomerId = "into_customer_id",
    Channel = "channel",
    Team = "team",
    Priority = "priority",
    Segment = "segment",
    JourneyStage = "journey_stage",
    Tier = "tier",
    Public = "public",
    Automated = "automated",
    Answered = "answered",
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
    Value = "value",
    Name = "name",
    Withdrawn = "withdrawn",
}

/// A perfect hash table of the names: the member in each slot. A slot that no name hashes to holds some other member, whose name then
/// differs.
static SLOTS: [Member; 1 << SLOT_BITS] = {
    let mut slots = [Member::Id; 1 << SLOT_BITS];
    let mut taken = [false; 1 << SLOT_BITS];
    let mut index = 0;
    while index < Member::COUNT {
        let slot = SPELLINGS[index].slot(SLOT_BITS, SLOT_FACTOR);
        assert!(!taken[slot], "two names fall into one slot: choose another `SLOT_FACTOR`");
        taken[slot] = true;
        slots[slot] = Member::ALL[index];
        index += 1;
    }
    slots
};
const SLOT_BITS: u32 = 7;
const SLOT_FACTOR: u64 = 0x0A61_58EB_6F6C_80FB;

/// The spelling of each member's name.
static SPELLINGS: [Spelling; Member::COUNT] = {
    let mut spellings = [Spelling::of(b""); Member::COUNT];
    let mut index = 0;
    while index < Member::COUNT {
        spellings[index] = Spelling::of(Member::NAMES[index].as_bytes());
        index += 1;
    }
    spellings
};

impl Member {
    /// Whether it holds the id of a customer.
    #[inline]
    pub(super) const fn is_of_customer(self) -> bool {
        matches!(self, Self::CustomerId | Self::IntoCustomerId)
    }

    /// The member of that name, if the contract has it.
    #[inline]
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Self::spelled(Spelling::of(name), name)
    }

    /// The member of that name and spelling, if the contract has it.
    #[inline]
    pub(super) fn spelled(spelling: Spelling, name: &[u8]) -> Option<Self> {
        let member = SLOTS[spelling.slot(SLOT_BITS, SLOT_FACTOR)];
        let is_spelled_so = SPELLINGS[member as usize] == spelling;
        (is_spelled_so && (name.len() <= Spelling::BYTES_MAX || Self::NAMES[member as usize].as_bytes() == name)).then_some(member)
    }

    /// The name in the contract.
    pub(super) const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// The members of one object that are in the contract or configured as dimensions.
pub(super) struct Members<'a> {
    text: &'a str,
    /// A bit for every [`Member`] that is present and neither null nor an empty text.
    present: u64,
    /// A bit for every [`Member`] that is present.
    named: u64,
    values: [Raw; Member::COUNT],
    /// The values, except nulls and empty texts, of configured dimensions that are not in the contract, by the index of the dimension.
    others: SmallVec<[(u8, Raw); 8]>,
}

impl<'a> Members<'a> {
    /// An object in `text` without members.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, present: 0, named: 0, values: [Raw::NULL; Member::COUNT], others: SmallVec::new() }
    }

    /// Adds a name; false where the object has it already.
    #[inline]
    pub(super) fn note(&mut self, member: Member) -> bool {
        let is_new = self.named & member.bit() == 0;
        self.named |= member.bit();
        is_new
    }

    /// Adds the value of a member whose name was added. An empty text says as little as null, and counts as null.
    #[inline]
    pub(super) fn set(&mut self, member: Member, value: Raw) {
        let is_blank = value.is_blank();
        self.present |= member.bit() & if is_blank { 0 } else { u64::MAX };
        self.values[member as usize] = if is_blank { Raw::NULL } else { value };
    }

    /// Adds the value of a name that is not in the contract, if it is a configured dimension.
    pub(super) fn set_other(&mut self, name: &[u8], value: Raw, dimensions: &[DimensionSettings]) {
        if !value.is_blank()
            && let Some(index) = dimensions.iter().position(|dimension| dimension.name.as_bytes() == name)
        {
            // Configuration allows far fewer dimensions than one byte can count.
            self.others.push((u8::try_from(index).unwrap_or(u8::MAX), value));
        }
    }

    /// The value of a configured dimension; null where it is absent.
    #[inline]
    pub(super) fn dimension(&self, index: u8, settings: &DimensionSettings) -> Raw {
        match Member::of(settings.name.as_bytes()) {
            Some(member) => self.values[member as usize],
            None => self.others.iter().find(|(other, _)| *other == index).map_or(Raw::NULL, |(_, value)| *value),
        }
    }

    /// The text in which the values are.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether a member is present, even if it is null or an empty text.
    pub(super) fn has_name(&self, member: Member) -> bool {
        self.named & member.bit() != 0
    }

    /// Whether a member is present and neither null nor an empty text.
    pub(super) fn has(&self, member: Member) -> bool {
        self.present & member.bit() != 0
    }

    /// The value of a member; `None` where it is absent, null or an empty text.
    pub(super) fn get(&self, member: Member) -> Option<JsonValue<'a>> {
        self.has(member).then(|| self.values[member as usize].read(self.text))
    }

    /// The value of a required member, or `missing_field`.
    pub(super) fn required(&self, member: Member) -> Result<JsonValue<'a>, Reason> {
        self.get(member).ok_or(Reason::MissingField)
    }

    /// The value of a member as the scan found it; null where it is absent.
    #[inline]
    pub(super) const fn raw(&self, member: Member) -> Raw {
        self.values[member as usize]
    }

    /// The text of a member whose value is a string without escapes; `None` for any other value.
    #[inline]
    pub(super) fn plain_text(&self, member: Member) -> Option<&'a str> {
        self.values[member as usize].plain_text(self.text)
    }

    /// The hash of a required id, or `missing_field`.
    pub(super) fn required_key(&self, member: Member, ids: IdNamespace<'_>) -> Result<Key, Reason> {
        self.key(member, ids)?.ok_or(Reason::MissingField)
    }

    /// The hash of an id; `None` where it is absent.
    #[inline]
    pub(super) fn key(&self, member: Member, ids: IdNamespace<'_>) -> Result<Option<Key>, Reason> {
        match self.plain_text(member) {
            Some(id) if is_id_length(id.len()) => Ok(Some(ids.key_of(id, member.is_of_customer()))),
            _ => self.get(member).map(|value| value.with_id(|id| ids.key_of(id, member.is_of_customer()))).transpose(),
        }
    }

    /// The choice of a required member with a closed set of words, or `missing_field`.
    pub(super) fn required_choice<T: Copy>(&self, member: Member, choices: &[(&str, T)]) -> Result<T, Reason> {
        self.choice(member, choices)?.ok_or(Reason::MissingField)
    }

    /// The choice of a member with a closed set of words; `None` where it is absent.
    #[inline]
    pub(super) fn choice<T: Copy>(&self, member: Member, choices: &[(&str, T)]) -> Result<Option<T>, Reason> {
        match self.plain_text(member) {
            Some(text) => choice_of(choices, text).map(Some),
            None => self.get(member).map(|value| value.choice(choices)).transpose(),
        }
    }

    /// The instant of a member; `None` where it is absent.
    pub(super) fn time(&self, member: Member) -> Result<Option<EventTime>, Reason> {
        self.get(member).map(JsonValue::time).transpose()
    }

    /// A boolean, or its default where it is absent.
    pub(super) fn flag(&self, member: Member, default: bool) -> Result<bool, Reason> {
        self.get(member).map_or(Ok(default), JsonValue::flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_found_by_its_name_and_no_other() {
        for (index, name) in Member::NAMES.into_iter().enumerate() {
            assert_eq!(Member::of(name.as_bytes()).map(|member| member as usize), Some(index), "{name}");
        }
        for name in ["", "Id", "ids", "ticket", "first_responsf_time", "__proto__", "$ref"] {
            assert_eq!(Member::of(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn null_is_absent_but_its_name_is_taken() {
        let mut members = Members::new("");
        assert!(members.note(Member::Team));
        members.set(Member::Team, Raw::NULL);
        assert_eq!((members.get(Member::Team), members.has_name(Member::Team)), (None, true));
        assert!(!members.note(Member::Team));
    }
}
