//! Survey scales as small numbers, so that answers of different scales lie in cells of their own and are brought together when read.

use super::fact::Label;
use super::numbers::Numbers;
use crate::event::Scale;

/// Distinct scales kept apart at most; answers on further ones share the last and lose their mean.
const SCALES_MAX: usize = 4_096;

/// All scales seen by this process.
#[derive(Debug, Default)]
pub(crate) struct Scales(Numbers<Scale>);

impl Scales {
    /// The same scales for another engine.
    pub(crate) fn beside(&self) -> Self {
        Self(self.0.beside())
    }

    /// Learns of the scales that other engines have seen.
    pub(crate) fn catch_up(&mut self) {
        self.0.catch_up();
    }

    /// The label of a scale.
    pub(crate) fn label(&mut self, scale: Scale) -> Label {
        Label(self.0.number(&scale, SCALES_MAX, || scale).unwrap_or(SCALES_MAX as u32 - 1))
    }

    /// All scales in the order of their labels.
    pub(crate) fn all(&self) -> &[Scale] {
        self.0.all()
    }
}
