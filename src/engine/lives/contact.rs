//! The life of one ticket or chat: its history, the summary of it, and the facts that follow.

mod correlation_pairs;
mod facts;
mod history;
mod linked_surveys;
mod summary;
mod targets;
mod transitions;

pub(crate) use correlation_pairs::pair_facts;
pub(crate) use facts::{Seen, facts, idle_end_of};
pub(crate) use history::{ContactChange, ContactState};
pub(crate) use summary::{Action, HistoryEvent, Opening};
