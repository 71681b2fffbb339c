//! The namespaces of the ids that the events of a topic name: which ids of which feeds are the same.
//!
//! Does not know which member holds an id.

use super::identity::{IdentityKey, Key};
use super::settings::{FeedSettings, TopicSettings};

/// The hashes of the ids that the events of one topic name. Its feed is the namespace of tickets, chats and surveys, and of customers only where the
/// feed says so.
#[derive(Clone, Copy)]
pub(super) struct IdNamespace<'a> {
    key: &'a IdentityKey,
    feed: Option<&'a FeedSettings>,
}

impl<'a> IdNamespace<'a> {
    pub(super) const fn new(key: &'a IdentityKey, topic: &'a TopicSettings) -> Self {
        Self { key, feed: topic.feed.as_ref() }
    }

    /// The hash of the id of a ticket, chat or survey, or of a customer.
    #[inline]
    pub(super) fn key_of(&self, id: &str, is_of_customer: bool) -> Key {
        match self.feed {
            Some(feed) if feed.owns_customers || !is_of_customer => self.key.of_event(&feed.name, id),
            _ => self.key.of(id),
        }
    }
}
