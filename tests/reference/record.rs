//! Tickets made from chats: which ticket is the record of which session, so that the two are one contact.

use std::collections::BTreeMap;

use super::contact::Story;
use super::world::Name;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The sessions that name each ticket first, by feed and ticket id.
pub(crate) struct Origins<'s>(BTreeMap<(String, String), Vec<(&'s Name, &'s Story)>>);

impl<'s> Origins<'s> {
    /// Finds them.
    pub(crate) fn of(chats: &'s BTreeMap<Name, Story>) -> Self {
        let mut out: BTreeMap<(String, String), Vec<(&Name, &Story)>> = BTreeMap::new();
        for (name, chat) in chats {
            if let Some(ticket) = &chat.named_ticket {
                out.entry((name.feed.clone(), ticket.clone())).or_default().push((name, chat));
            }
        }
        Self(out)
    }

    /// The session from which a ticket with this creation was made: of several that name it, the latest to start.
    pub(crate) fn origin(&self, ticket: &Name, created: i64) -> Option<(&'s Name, &'s Story)> {
        let naming = self.0.get(&(ticket.feed.clone(), ticket.id.clone()))?;
        let made = naming.iter().copied().filter(|(_, chat)| is_made_from(created, chat));
        made.max_by_key(|(name, chat)| (chat.order, *name))
    }
}

/// Whether a ticket that a session names first was made from it: created between its start and 1 h after its end, at most 24 h after its last message
/// before that.
fn is_made_from(created: i64, chat: &Story) -> bool {
    let Some(started) = chat.created else { return false };
    let heard = chat.messages.iter().copied().filter(|at| *at <= created).max().unwrap_or(started).max(started);
    started <= created && created <= heard + DAY && chat.over_at().is_none_or(|over| created <= over + HOUR)
}

/// The record of every session that has one, and the session of every record.
#[derive(Debug, Default)]
pub(crate) struct Records {
    chat_of: BTreeMap<Name, Name>,
    ticket_of: BTreeMap<Name, Name>,
}

impl Records {
    /// Finds them among all tickets and chats.
    pub(crate) fn of(tickets: &BTreeMap<Name, Story>, chats: &BTreeMap<Name, Story>) -> Self {
        let mut out = Self::default();
        let origins = Origins::of(chats);
        // A later matter was made from no chat.
        for (ticket, story) in tickets.iter().filter(|(ticket, _)| ticket.nth == 0) {
            if let Some((chat, _)) = story.created.and_then(|created| origins.origin(ticket, created)) {
                out.chat_of.insert(ticket.clone(), chat.clone());
                out.ticket_of.entry(chat.clone()).or_insert_with(|| ticket.clone());
            }
        }
        out
    }

    /// The chat that a ticket is the record of.
    pub(crate) fn chat(&self, ticket: &Name) -> Option<&Name> {
        self.chat_of.get(ticket)
    }

    /// The ticket that is the record of a chat.
    pub(crate) fn ticket(&self, chat: &Name) -> Option<&Name> {
        self.ticket_of.get(chat)
    }

    /// The contact that a ticket or chat is: of a record its chat.
    pub(crate) fn contact<'n>(&'n self, name: &'n Name) -> &'n Name {
        self.chat(name).unwrap_or(name)
    }
}
