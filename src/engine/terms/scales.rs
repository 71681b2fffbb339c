//! Survey scales as small numbers. Answers of different scales lie in different cells, and are brought to one scale when they are read.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::AgreedList;
use crate::event::Scale;

/// The largest number of distinct scales that are kept apart. Answers on further scales share the last number and have no mean.
pub(crate) const SCALES_MAX: usize = 4_096;

/// The number of a scale in the windows of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScaleId(pub(crate) u16);

/// The scales that one partition group has seen.
#[derive(Debug)]
pub(crate) struct Scales {
    known: FxHashMap<Scale, ScaleId>,
    agreed: Arc<AgreedList<Scale>>,
}

impl Scales {
    pub(crate) fn new(agreed: &Arc<AgreedList<Scale>>) -> Self {
        Self { known: FxHashMap::default(), agreed: Arc::clone(agreed) }
    }

    /// The number of a scale.
    pub(crate) fn id(&mut self, scale: Scale) -> ScaleId {
        if let Some(known) = self.known.get(&scale) {
            return *known;
        }
        let id = ScaleId(self.agreed.number(&scale, SCALES_MAX, || scale).unwrap_or(SCALES_MAX as u32 - 1) as u16);
        if self.known.len() < SCALES_MAX {
            self.known.insert(scale, id);
        }
        id
    }
}
