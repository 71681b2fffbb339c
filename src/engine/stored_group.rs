//! Storing and restoring the whole state of one partition group.
//!
//! The stored state means the same in another process: its names belong to the group. It goes on at its own next offsets, and what was stored is all
//! that later values depend on, beside the settings and the records that follow. Does not know where the bytes are kept, nor whether the log still
//! holds the records that follow.

use std::sync::Arc;

use super::codec::{RestoreError, StateReader, StateWriter, StoredState};
use super::partition::GroupState;
use super::terms::{Names, Terms};
use super::windows::Outbox;
use super::{Engine, PartitionGroup};
use crate::time::EventTime;

/// The version of the form in which states are stored. Rises when bytes of before cannot be read, or would be read wrongly.
pub const STATE_LAYOUT_VERSION: u32 = 4;
/// Rises when the same events would be counted differently, although the form stays.
pub const STATE_MEANING_VERSION: u32 = 1;

impl Engine {
    /// The sum of the next offsets of an assigned or parked group: of two states of a group the one with the greater sum has counted more. `None` if
    /// nothing of the group was handled.
    #[must_use]
    pub fn offset_sum(&self, group: PartitionGroup) -> Option<u64> {
        let state = self.assigned.0.get(&group).or_else(|| self.parked.get(&group))?;
        let offsets = state.topics.iter().filter_map(|topic| topic.next_offset);
        offsets.map(|offset| u64::try_from(offset).unwrap_or_default()).reduce(u64::saturating_add)
    }

    /// The state of an assigned or parked group as of now; `None` if there is none. The events that follow do not change it.
    ///
    /// # Panics
    /// If the engine keeps the facts themselves, which are not stored.
    pub fn store(&mut self, group: PartitionGroup) -> Option<StoredState> {
        assert!(!self.keeps_facts, "facts are not stored");
        self.take_in();
        let mut out = StateWriter::default();
        if let Some(state) = self.assigned.0.get_mut(&group) {
            out.put(&self.windows.now);
            state.store(&mut out);
            self.windows.store(&mut state.panes, &state.lives.terms.names, &mut out);
        } else {
            let state = self.parked.get_mut(&group)?;
            // Slots may have been closed since the group was parked, and their numbers used again; the panes of such slots have left every window.
            self.windows.catch_up(&mut state.panes);
            out.put(&self.windows.now);
            state.store(&mut out);
            self.windows.store_flushed(&mut state.panes, &state.lives.terms.names, &mut out);
        }
        Some(out.into_state())
    }

    /// Restores the state of a group, which is then parked: [`Self::assign`] resumes it. Moves `now` to the instant of the stored state if that is
    /// later. Replaces what is parked of the group.
    ///
    /// # Errors
    /// If the bytes cannot be read, or do not fit the settings.
    ///
    /// # Panics
    /// If the group is assigned. The life of a ticket, chat or customer is read out of its bytes when it is needed, and bytes that were changed inside it
    /// panic then: a caller restores only what a checksum vouches for, as the store of checkpoints does.
    pub fn restore(&mut self, group: PartitionGroup, bytes: &[u8]) -> Result<(), RestoreError> {
        assert!(!self.assigned.0.contains_key(&group), "a state is restored before its group is assigned");
        let mut input = StateReader::new(bytes);
        let now: EventTime = input.take()?;
        // Before the slots of the group are opened: to advance frees the slots of series that no known group holds.
        self.advance_to(now);
        let Self { windows, bins, keeps_facts, .. } = self;
        let (settings, agreed) = (Arc::clone(&windows.settings), windows.agreed_names().clone());
        let terms_of = |input: &mut StateReader<'_>| {
            let names = Names::restore(input, &settings, &agreed.values)?;
            Ok(Terms::with_names(names, &settings, bins, &agreed))
        };
        let panes = |input: &mut StateReader<'_>, terms: &mut Terms| windows.restore(&terms.names, &mut terms.scales, input);
        let mut state = GroupState::restore(&mut input, Outbox::new(*keeps_facts), terms_of, panes)?;
        input.end()?;
        state.lives.terms.now = now;
        self.parked.insert(group, state);
        Ok(())
    }

    /// Drops the parked states of all groups.
    pub fn drop_parked(&mut self) {
        self.parked.clear();
    }
}
