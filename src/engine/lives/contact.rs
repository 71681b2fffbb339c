//! The life of one ticket or chat: its history, the summary of it, and the facts that follow.

mod facts;
mod history;
mod linked_surveys;
mod pairs;
mod summary;
mod targets;
mod transitions;

pub(crate) use facts::{Seen, facts, idle_end_of};
pub(crate) use history::{ContactChange, ContactState};
pub(crate) use pairs::pair_facts;
pub(crate) use summary::{Action, HistoryEvent, Opening};
