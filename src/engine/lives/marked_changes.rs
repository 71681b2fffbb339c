//! What events have marked as changed in the organisation, such as new macros, for which group, and when.
//!
//! Of each name and group the latest event holds, whichever arrived last, so that the order of arrival does not matter and several partition groups can
//! be laid together. Changes shape no value. Does not know the texts of a group's dimensions, nor the changes of the configuration.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::engine::terms::{DimensionsId, MARKED_CHANGES_MAX, Names};
use crate::event::Change;
use crate::time::{EventTime, Span};

/// For how long a change is kept: as long as the longest window that may be configured.
const KEPT_FOR: Span = Span::days(400);

/// The changes that events of one partition group have marked.
#[derive(Debug, Default)]
pub(crate) struct MarkedChanges {
    latest: BTreeMap<(Box<str>, DimensionsId), Standing>,
    /// The number of changes that left because there were too many.
    evictions: u64,
}

/// What the latest event of a name and a group says. The later of two is the greater; of one instant, the withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) time: EventTime,
    pub(crate) withdrawn: bool,
}

impl MarkedChanges {
    /// Stores all of them.
    pub(super) fn store(&self, out: &mut StateWriter) {
        let Self { latest, evictions } = self;
        out.put(latest);
        out.put(evictions);
    }

    /// Restores what [`Self::store`] has stored.
    pub(super) fn restore(input: &mut StateReader<'_>) -> Result<Self, RestoreError> {
        Ok(Self { latest: input.take()?, evictions: input.take()? })
    }

    /// Takes in an event; returns whether it changed anything. What then is too much leaves, the oldest first.
    pub(super) fn take(&mut self, change: &Change, group: DimensionsId, time: EventTime, names: &Names) -> bool {
        let said = Standing { time, withdrawn: change.withdrawn };
        let key = (change.name.clone(), group);
        if self.latest.get(&key).is_some_and(|standing| *standing >= said) {
            return false;
        }
        self.latest.insert(key.clone(), said);
        // The withdrawn are among them: an earlier mark may follow.
        if self.latest.len() > MARKED_CHANGES_MAX {
            self.evictions += 1;
            // Of the equally old the last by its texts, so that it is the same one in whichever order they came.
            let texts = |group| names.set_values(group).map(|(at, value)| (at, names.text(at, value))).collect::<Vec<_>>();
            let age =
                |((name, group), standing): &(&(Box<str>, DimensionsId), &Standing)| (**standing, Reverse((name.clone(), texts(*group))));
            let oldest = self.latest.iter().min_by_key(age).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| self.latest.remove(&oldest));
        }
        self.latest.contains_key(&key)
    }

    /// Forgets what is too old at this time.
    pub(super) fn forget_before(&mut self, horizon: EventTime) {
        self.latest.retain(|_, standing| standing.time > horizon - KEPT_FOR);
    }

    /// Those that may be shown at an instant, withdrawn ones too, with their names and groups.
    pub(crate) fn as_of(&self, now: EventTime) -> impl Iterator<Item = (&str, DimensionsId, Standing)> {
        let all = self.latest.iter().map(|((name, group), standing)| (&**name, *group, *standing));
        all.filter(move |(.., standing)| standing.time <= now && standing.time > now - KEPT_FOR)
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.latest.len()
    }

    /// The number of changes that left because there were too many.
    pub(crate) fn evictions(&self) -> u64 {
        self.evictions
    }
}
