//! The lives of one partition group (its tickets and chats, its surveys and its customers) and the facts that follow from them, and beside them the
//! changes that events have marked.
//!
//! Admission decides whether an event counts. `apply` changes the lives that an event belongs to, and posts the difference of their facts through the
//! door of the windows. `leaving` forgets the lives that are no longer needed. Of the windows it knows the `Door` and what is posted through it
//! (`Subject`, `LoyaltyAnswer`). Does not know panes, cells or other partition groups.

mod admission;
pub(crate) mod apply;
mod contact;
mod customer;
mod customers;
mod dormant;
mod leaving;
mod ledger;
mod marked_changes;
mod store;
mod survey;
mod ticket_sets;
mod timers;

pub(crate) use admission::Admission;
pub(crate) use customer::{ANSWER_KINDS, FEELINGS, METRICS};
pub use ledger::Ledger;
pub(crate) use marked_changes::Standing;
pub(crate) use store::{AdmittedEvent, EverSeen, Evictions, Lives};
pub(crate) use survey::{POINT, score_text};
