//! What the state may take in memory at the configured limits.
//!
//! The constants are bytes that `cargo bench --bench memory` measures at a 32nd of the default limits, rounded up; `tests/memory_budget.rs` fails
//! where they are too small, or twice what is measured. Does not know how many partition groups there are, nor what a machine has.

use super::terms::EngineSettings;
use super::windows::Geometry;

/// Bytes of a ticket or chat that ended, its opening as its customer knows it, and when it is looked at again.
pub const CONTACT_BYTES: u64 = 500;
/// Bytes of a customer.
pub const CUSTOMER_BYTES: u64 = 350;
/// Bytes of a survey with its answer.
pub const SURVEY_BYTES: u64 = 550;
/// Bytes of an event that something late may still precede: in a history, and its identity.
pub const UNSETTLED_EVENT_BYTES: u64 = 400;
/// Bytes of an event ahead of now, with its identity.
pub const HELD_EVENT_BYTES: u64 = 500;
/// Bytes of a label set in one window, in an engine.
pub const CELL_BYTES: u64 = 120;
/// The same in a snapshot.
pub const SHOWN_CELL_BYTES: u64 = 150;
/// Bytes of a pane's entry: a line of twelve, in a list that may have grown to twice its length.
const PANE_ENTRY_BYTES: u64 = 24;
/// Samples of a ticket with its answers, each an entry at the most.
const SAMPLES_OF_A_CONTACT: u64 = 24;
/// The snapshot that is shown, and the one that is being made.
const SNAPSHOTS: u64 = 2;

/// One part of what the state may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPart {
    /// What takes it.
    pub name: &'static str,
    /// The setting that bounds it.
    pub limit: &'static str,
    /// At the most.
    pub bytes: u64,
}

impl EngineSettings {
    /// What the state of each partition group may take.
    #[must_use]
    pub fn budget_of_a_group(&self) -> [BudgetPart; 6] {
        let limits = &self.limits;
        let part = |name, limit, entries: usize, bytes| BudgetPart { name, limit, bytes: (entries as u64).saturating_mul(bytes) };
        let identities = limits.identities_max.saturating_mul(self.topics.len());
        // Facts of one account in one pane are one entry, and each is of something that is known.
        let samples = (limits.contacts_max as u64).saturating_mul(SAMPLES_OF_A_CONTACT);
        let entries = samples.min((limits.cells_max as u64).saturating_mul(self.panes()));
        [
            part("tickets and chats", "limits.contacts_max", limits.contacts_max, CONTACT_BYTES),
            part("customers", "limits.customers_max", limits.customers_max, CUSTOMER_BYTES),
            part("surveys", "limits.surveys_max", limits.surveys_max, SURVEY_BYTES),
            part("identities and histories", "limits.identities_max", identities, UNSETTLED_EVENT_BYTES),
            part("events ahead of now", "limits.held_max", limits.held_max, HELD_EVENT_BYTES),
            BudgetPart { name: "panes", limit: "limits.contacts_max", bytes: entries.saturating_mul(PANE_ENTRY_BYTES) },
        ]
    }

    /// What label sets may take, whatever the number of groups: in each engine, in their sums, and in snapshots.
    #[must_use]
    pub fn budget_of_label_sets(&self, engines: usize) -> BudgetPart {
        let each = CELL_BYTES * (engines as u64 + 1) + SHOWN_CELL_BYTES * SNAPSHOTS;
        let cells = (self.limits.cells_max as u64).saturating_mul(self.windows.len() as u64);
        BudgetPart { name: "label sets", limit: "limits.cells_max", bytes: cells.saturating_mul(each) }
    }

    /// How many panes a group has at the most.
    fn panes(&self) -> u64 {
        let geometry = Geometry::new(&self.windows);
        let ends = self.windows.iter().map(|window| window.range.0 + window.hop.0);
        let begins = std::iter::once(0).chain(self.windows.iter().map(|window| window.range.0 - window.hop.0));
        let tiers = ends.zip(begins).enumerate();
        tiers.map(|(tier, (end, begin))| (end - begin).div_euclid(geometry.width(tier).0).unsigned_abs() + 1).sum()
    }
}
