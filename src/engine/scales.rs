//! Survey scales as small numbers, so that answers of different scales lie in cells of their own and are brought together when read.

use rustc_hash::FxHashMap;

use super::fact::Label;
use crate::event::Scale;

/// Distinct scales kept apart at most; answers on further ones share the last and lose their mean.
const SCALES_MAX: usize = 4_096;

/// All scales seen by this process.
#[derive(Debug, Default)]
pub(crate) struct Scales {
    scales: Vec<Scale>,
    labels: FxHashMap<Scale, Label>,
}

impl Scales {
    /// The label of a scale.
    pub(crate) fn label(&mut self, scale: Scale) -> Label {
        if let Some(label) = self.labels.get(&scale) {
            return *label;
        }
        if self.scales.len() >= SCALES_MAX {
            return Label(SCALES_MAX as u32 - 1);
        }
        let label = Label(self.scales.len() as u32);
        self.scales.push(scale);
        self.labels.insert(scale, label);
        label
    }

    /// All scales in the order of their labels.
    pub(crate) fn all(&self) -> &[Scale] {
        &self.scales
    }
}
