//! The life of one ticket or chat: its history, the summaries of its sessions, and the facts that follow.

mod clock;
mod correlation_pairs;
mod effect;
mod facts;
mod history;
mod linked_surveys;
mod marks;
mod sequence;
mod summary;
mod targets;
mod transitions;

pub(crate) use correlation_pairs::{PairSides, pair_facts};
pub(crate) use facts::{Seen, facts, idle_end_of};
pub(crate) use history::{ContactChange, ContactState, Known, Unfolded};
pub(crate) use marks::{Action, HistoryEvent, Opening};
pub(crate) use summary::{Origin, Summary};
pub(crate) use targets::last_open_deadline;
