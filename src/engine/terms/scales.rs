//! Survey scales as small numbers, so that answers of different scales lie in cells of their own and are brought together when they are read.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::AgreedList;
use crate::event::Scale;

/// Distinct scales kept apart at most; answers on further ones share the last number and lose their mean.
pub(crate) const SCALES_MAX: usize = 4_096;

/// The number of a scale in the windows of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScaleId(pub(crate) u16);

/// The scales that one partition group has met.
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
