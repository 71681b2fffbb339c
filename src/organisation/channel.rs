//! The channels: their shares of the contacts, and the response time that customers expect on each.
//!
//! Does not know contacts or customers.

use super::chance::Chance;

/// The channel of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Email,
    Web,
    Social,
    Chat,
    Phone,
}

impl Channel {
    /// Every channel with its share of the contacts during opening hours.
    pub(super) const ALL: [(Self, f64); 5] =
        [(Self::Email, 0.33), (Self::Web, 0.16), (Self::Social, 0.07), (Self::Chat, 0.28), (Self::Phone, 0.16)];

    /// Draws a channel with a probability in proportion to its share.
    pub(super) fn pick(chance: &mut Chance) -> Self {
        Self::ALL[chance.weighted(&Self::ALL.map(|(_, share)| share))].0
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Web => "web",
            Self::Social => "social",
            Self::Chat => "chat",
            Self::Phone => "phone",
        }
    }

    /// Whether a contact is a chat or a call, which an agent must take at once.
    pub(super) const fn is_live(self) -> bool {
        matches!(self, Self::Chat | Self::Phone)
    }

    /// The wait for a first response that customers expect, in seconds.
    pub(super) const fn expected_wait_seconds(self) -> f64 {
        match self {
            Self::Email | Self::Web => 2_400.0,
            Self::Social => 1_500.0,
            Self::Chat => 60.0,
            Self::Phone => 75.0,
        }
    }
}
