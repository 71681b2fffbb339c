//! The values of several engines as one: each handles partition groups of its own, on a thread of its own, and their sums are added up when somebody
//! asks. Aggregates are groups of integers, so nothing is derived before the sum, and the values are those of one engine over all groups.

use super::snapshot::{GroupsState, take};
use super::view::View;
use super::{Engine, Group, Rules, Snapshot};

/// The sums of several engines, and what is read from them.
#[derive(Debug)]
pub struct Together {
    view: View,
    rules: Rules,
    state: GroupsState,
}

impl Together {
    /// For this engine and those beside it.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let mut view = engine.view.beside();
        let rules = Rules::new(&mut view);
        Self { view, rules, state: GroupsState::default() }
    }

    /// Adds up what the engines hold, after it has brought all of them to the instant of the one that is ahead. Quick, so that they can go on:
    /// nothing is derived here.
    pub fn gather(&mut self, engines: &mut [&mut Engine]) {
        engines.iter_mut().for_each(|engine| engine.take_in());
        if let Some(now) = engines.iter().map(|engine| engine.view.now).max() {
            engines.iter_mut().for_each(|engine| engine.advance_to(now));
        }
        engines.iter_mut().for_each(|engine| engine.settle());
        self.view.hold_sums_of(engines.iter().map(|engine| &engine.view));
        let views: Vec<&View> = engines.iter().map(|engine| &engine.view).collect();
        let groups: Vec<&Group> = engines.iter().flat_map(|engine| engine.assigned.values()).collect();
        self.state = GroupsState::of(&views, &groups);
    }

    /// All values as of what was gathered last.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        take(&self.view, &self.rules, self.state.clone())
    }
}
