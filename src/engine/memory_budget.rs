//! The memory that the state may take at the configured limits.
//!
//! The constants are bytes as measured by `cargo bench --bench memory` at a 32nd of the default limits, rounded up. `tests/memory_budget.rs` fails
//! if a constant is too small, or more than twice the measured size. Does not know how many partition groups there are, nor how much memory the
//! machine has.

use super::terms::{EngineSettings, tuples_max};
use super::windows::Geometry;

/// The bytes of an ended ticket or chat, with its opening in its customer's history and its timer.
pub const CONTACT_BYTES: u64 = 520;
/// The bytes of a customer.
pub const CUSTOMER_BYTES: u64 = 350;
/// The bytes of a survey with its answer, sent before or not.
pub const SURVEY_BYTES: u64 = 920;
/// The bytes of an event that a late event may still precede: its entry in a history, and its identity.
pub const UNSETTLED_EVENT_BYTES: u64 = 400;
/// The bytes of an event ahead of now, with its identity.
pub const HELD_EVENT_BYTES: u64 = 500;
/// The bytes of a label set in one window, in one engine.
pub const CELL_BYTES: u64 = 120;
/// The bytes of a label set in one window, in one snapshot.
pub const SHOWN_CELL_BYTES: u64 = 150;
/// The bytes of a tuple of dimension values, with the spelling and the combination by which it is found.
pub const TUPLE_BYTES: u64 = 300;
/// The memory of a checkpoint while it is written, in per cent of that of the group: the copies of what changes meanwhile, the stored bytes and the file.
pub const CHECKPOINT_PERCENT: u64 = 60;
/// The bytes of a sum of a day of openings.
pub const DAY_SUM_BYTES: u64 = 60;
/// The bytes of a pane's entry: a line of twelve bytes, in a list that may have grown to twice its length.
const PANE_ENTRY_BYTES: u64 = 24;
/// The largest number of samples of a ticket with its answers, each of which is at most one entry, without those at each age of its wait.
const SAMPLES_OF_A_CONTACT: u64 = 24;
/// The samples at one age of a ticket's wait.
const SAMPLES_OF_AN_AGE: u64 = 2;
/// The number of snapshots at a time: the one that is shown, and the one that is being made.
const SNAPSHOTS: u64 = 2;

/// One part of the memory that the state may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPart {
    /// The kind of entries that take the memory.
    pub name: &'static str,
    /// The setting that limits it.
    pub limit: &'static str,
    /// The largest number of bytes.
    pub bytes: u64,
}

impl BudgetPart {
    /// So many times the part.
    #[must_use]
    pub const fn times(self, count: usize) -> Self {
        Self { bytes: self.bytes.saturating_mul(count as u64), ..self }
    }
}

impl EngineSettings {
    /// The memory that the state of one partition group may take.
    #[must_use]
    pub fn budget_of_a_group(&self) -> [BudgetPart; 8] {
        let limits = &self.limits;
        let part = |name, limit, entries: usize, bytes| BudgetPart { name, limit, bytes: (entries as u64).saturating_mul(bytes) };
        // The facts of one slot in one pane are a single entry, and each belongs to a contact that is remembered.
        let of_a_contact = SAMPLES_OF_A_CONTACT + SAMPLES_OF_AN_AGE * self.wait_ages.len() as u64;
        let samples = (limits.contacts_max as u64).saturating_mul(of_a_contact);
        let entries = samples.min((limits.cells_max as u64).saturating_mul(self.panes()));
        [
            part("tickets and chats", "limits.contacts_max", limits.contacts_max, CONTACT_BYTES),
            part("customers", "limits.customers_max", limits.customers_max, CUSTOMER_BYTES),
            part("surveys", "limits.surveys_max", limits.surveys_max, SURVEY_BYTES),
            part("identities and histories", "limits.identities_max", self.unfolded_events_max(), UNSETTLED_EVENT_BYTES),
            part("events ahead of now", "limits.held_max", limits.held_max, HELD_EVENT_BYTES),
            part("tuples of dimension values", "limits.cells_max", tuples_max(self), TUPLE_BYTES),
            part("sums by the day of opening", "limits.day_sums_max", limits.day_sums_max, DAY_SUM_BYTES),
            BudgetPart { name: "panes", limit: "limits.contacts_max", bytes: entries.saturating_mul(PANE_ENTRY_BYTES) },
        ]
    }

    /// The memory that label sets may take, whatever the number of groups: in each engine, in the sums of all engines, and in snapshots.
    #[must_use]
    pub fn budget_of_label_sets(&self, engines: usize) -> BudgetPart {
        let each = CELL_BYTES * (engines as u64 + 1) + SHOWN_CELL_BYTES * SNAPSHOTS;
        let cells = (self.limits.cells_max as u64).saturating_mul(self.windows.len() as u64);
        BudgetPart { name: "label sets", limit: "limits.cells_max", bytes: cells.saturating_mul(each) }
    }

    /// The largest number of panes of a group.
    fn panes(&self) -> u64 {
        let geometry = Geometry::new(&self.windows);
        let ends = self.windows.iter().map(|window| window.range.0 + window.hop.0);
        let begins = std::iter::once(0).chain(self.windows.iter().map(|window| window.range.0 - window.hop.0));
        let tiers = ends.zip(begins).enumerate();
        tiers.map(|(tier, (end, begin))| (end - begin).div_euclid(geometry.width(tier).0).unsigned_abs() + 1).sum()
    }
}
