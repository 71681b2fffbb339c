//! Taking in applied events, many at once, and moving now: what an engine does between two records and before every look.
//!
//! Does not know records or outcomes; an event that comes here has been judged.

use super::group::Arrived;
use super::{Engine, PartitionGroup};
use crate::time::EventTime;

/// What a caller must see to.
pub(super) const ASSIGNED: &str = "records come from assigned partition groups only";

/// So many events are taken in at once, unless somebody looks or time moves before: the code that judges a record and the code that applies an event
/// do not fit a processor's instruction cache together, so that doing either for many in a row takes half the time.
const TAKEN_AT_ONCE: usize = 128;

impl Engine {
    /// Takes in the applied events once there are many.
    pub(super) fn take_in_if_many(&mut self) {
        if self.arrived.len() >= TAKEN_AT_ONCE {
            self.take_in();
        }
    }

    /// Takes in the events that were applied since it last did.
    pub(super) fn take_in(&mut self) {
        let arrived = std::mem::take(&mut self.arrived);
        let (mut rest, mut moved) = (arrived.as_slice(), false);
        while let Some((_, first)) = rest.first() {
            let Some(limit) = self.follow_until else {
                self.take_in_run(rest);
                break;
            };
            // Label sets give their places back at instants that events decide, and not by how many of them are taken in at once.
            let follow_to = first.order.time.min(limit);
            if follow_to >= self.view.next_freeing() {
                moved |= self.move_to(follow_to);
                self.free_if_due();
            }
            let next_freeing = self.view.next_freeing();
            let crosses = |(_, arrived): &(PartitionGroup, Arrived)| arrived.order.time.min(limit) >= next_freeing;
            let length = 1 + rest[1..].iter().position(crosses).unwrap_or(rest.len() - 1);
            let (run, others) = rest.split_at(length);
            moved |= self.take_in_run(run);
            rest = others;
        }
        // Not before all have been taken in: their watermark says that nothing comes any more before what they are themselves.
        if moved {
            self.settle_groups();
        }
        self.arrived = arrived;
        self.arrived.clear();
    }

    /// Takes some of them in; gives whether a window moved.
    fn take_in_run(&mut self, run: &[(PartitionGroup, Arrived)]) -> bool {
        let latest = run.iter().map(|(_, arrived)| arrived.order.time).max();
        let follow_to = self.follow_until.and_then(|limit| latest.map(|latest| latest.min(limit))).filter(|now| *now > self.view.now);
        let moved = follow_to.is_some_and(|now| self.move_to(now));
        // Each waits for memory that none of the others needs, so all of that is fetched side by side before the first is applied.
        for (group, arrived) in run {
            std::hint::black_box(self.assigned.get(group).map(|group| group.glance(arrived)));
        }
        for (group, arrived) in run {
            self.assigned.get_mut(group).expect(ASSIGNED).take_in(arrived, &mut self.view, &self.rules);
        }
        self.assigned.values_mut().for_each(|group| self.view.post_noted(&mut group.panes));
        moved
    }

    /// Moves now on, and applies what was held until then; gives whether a window moved.
    pub(super) fn move_to(&mut self, now: EventTime) -> bool {
        let moved = self.view.advance_to(now);
        for group in self.assigned.values_mut() {
            self.view.reach(&mut group.panes);
            group.release_held(&mut self.view, &self.rules);
            self.view.post_noted(&mut group.panes);
        }
        moved
    }

    pub(super) fn settle_groups(&mut self) {
        for group in self.assigned.values_mut() {
            group.settle(&mut self.view, &self.rules);
            self.view.post_noted(&mut group.panes);
        }
    }

    pub(super) fn free_if_due(&mut self) {
        if self.view.must_free() {
            self.assigned.values_mut().for_each(|group| self.view.settle(&mut group.panes));
            self.expire(true);
        }
    }
}
