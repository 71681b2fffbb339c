//! Survey scales as small numbers. Answers of different scales lie in different cells, and are brought to one scale when they are read.

use std::sync::Arc;

use super::{AgreedList, AgreedNumbers};
use crate::event::Scale;

/// The largest number of distinct scales that are kept apart. Answers on further scales share the last number and have no mean.
pub(crate) const SCALES_MAX: usize = 4_096;

/// The number of a scale in the windows of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScaleId(pub(crate) u16);

/// The scales that one partition group knows.
#[derive(Debug)]
pub(crate) struct Scales(AgreedNumbers<Scale>);

impl Scales {
    pub(crate) fn new(agreed: &Arc<AgreedList<Scale>>) -> Self {
        Self(AgreedNumbers::of(agreed))
    }

    /// The number of a scale.
    pub(crate) fn id(&mut self, scale: Scale) -> ScaleId {
        ScaleId(self.0.number(&scale, SCALES_MAX, || scale).unwrap_or(SCALES_MAX as u32 - 1) as u16)
    }
}
