//! The webhooks that were taken lately, so that one that is sent again is not taken twice.
//!
//! Does not know what makes two webhooks one.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// So many webhooks are remembered.
const REMEMBERED_MAX: usize = 65_536;

/// The webhooks that were taken lately, by a digest of each.
#[derive(Default)]
pub(super) struct RecentDeliveries(Mutex<Deliveries>);

#[derive(Default)]
struct Deliveries {
    known: HashSet<[u8; 16]>,
    oldest_first: VecDeque<[u8; 16]>,
}

impl RecentDeliveries {
    /// Whether a webhook was taken.
    pub(super) fn has(&self, digest: &[u8; 16]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).known.contains(digest)
    }

    /// Notes a webhook that is safe.
    pub(super) fn note(&self, digest: [u8; 16]) {
        let mut deliveries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if deliveries.known.insert(digest) {
            deliveries.oldest_first.push_back(digest);
            if deliveries.oldest_first.len() > REMEMBERED_MAX
                && let Some(oldest) = deliveries.oldest_first.pop_front()
            {
                deliveries.known.remove(&oldest);
            }
        }
    }
}
