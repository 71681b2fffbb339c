//! Group keys: the values of a grouping set's dimensions, as numbers that all engines of a process agree on.
//!
//! A fact names a tuple of values. The tuple's bundle contains its key in each grouping set. Does not know the numbers that a partition group uses
//! for its names, nor the cells.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::engine::terms::{AgreedNames, AgreedNumbers, EngineSettings, ValueNumber};

/// An interned key of some grouping set; 0 is the overall key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(pub(crate) u32);

/// An interned list of keys, one for each grouping set of contacts or of customers. 0 is the empty list, for facts that count in the overall value
/// only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BundleId(pub(super) u32);

type KeyValues = SmallVec<[ValueNumber; 8]>;
type Bundle = SmallVec<[KeyId; 8]>;

/// All keys, as one engine knows them.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The grouping sets of contacts, followed by those of customers, as indices of dimensions.
    sets: Vec<Vec<u8>>,
    contact_sets: usize,
    /// The texts of each dimension's values.
    values: Vec<AgreedNumbers<Box<str>>>,
    keys: AgreedNumbers<(u8, KeyValues)>,
    bundles: Vec<Bundle>,
    bundle_ids: FxHashMap<Bundle, BundleId>,
}

impl Keys {
    pub(crate) fn new(settings: &EngineSettings, agreed: &AgreedNames) -> Self {
        let values = agreed.values.iter().map(AgreedNumbers::of).collect();
        Self::of(settings, values, AgreedNumbers::of(&Arc::default()))
    }

    /// The same keys for another engine.
    pub(crate) fn beside(&self, settings: &EngineSettings) -> Self {
        Self::of(settings, self.values.iter().map(AgreedNumbers::beside).collect(), self.keys.beside())
    }

    fn of(settings: &EngineSettings, values: Vec<AgreedNumbers<Box<str>>>, mut keys: AgreedNumbers<(u8, KeyValues)>) -> Self {
        let overall = (u8::MAX, KeyValues::new());
        assert_eq!(keys.number(&overall, usize::MAX, || overall.clone()), Some(KeyId::default().0), "the overall key comes first");
        let mut keys = Self {
            sets: settings.grouping_sets.iter().chain(&settings.customer_grouping_sets).cloned().collect(),
            contact_sets: settings.grouping_sets.len(),
            values,
            keys,
            bundles: Vec::new(),
            bundle_ids: FxHashMap::default(),
        };
        keys.bundle(Bundle::new());
        keys
    }

    /// Copies the values and keys that other engines have added.
    pub(crate) fn catch_up(&mut self) {
        self.values.iter_mut().for_each(AgreedNumbers::catch_up);
        self.keys.catch_up();
    }

    /// The two bundles of a tuple of values: its keys in the grouping sets of contacts, and its keys in those of customers.
    pub(super) fn bundles_of(&mut self, values: &[ValueNumber]) -> [BundleId; 2] {
        let (contact_sets, sets) = (self.contact_sets, self.sets.len());
        [0..contact_sets, contact_sets..sets].map(|sets| {
            let keys = sets.map(|set| self.key_of(set, values)).collect();
            self.bundle(keys)
        })
    }

    /// The keys of a bundle, in the order of the grouping sets.
    pub(super) fn keys_of(&self, bundle: BundleId) -> &[KeyId] {
        &self.bundles[bundle.0 as usize]
    }

    /// The value of a dimension in a bundle of contacts; `None` if no grouping set has the dimension.
    pub(super) fn value_in(&self, bundle: BundleId, dimension: u8) -> Option<&str> {
        self.keys_of(bundle).iter().find_map(|key| {
            let (set, values) = &self.keys.all()[key.0 as usize];
            let at = self.sets.get(usize::from(*set))?.iter().position(|of| *of == dimension)?;
            Some(self.text(dimension, values[at]))
        })
    }

    /// The number of dimensions of a key.
    pub(super) fn key_len(&self, key: KeyId) -> usize {
        self.keys.all()[key.0 as usize].1.len()
    }

    /// The index of a key's grouping set; `u8::MAX` for the overall key.
    pub(super) fn set_of(&self, key: KeyId) -> u8 {
        self.keys.all()[key.0 as usize].0
    }

    /// The grouping set of a key and the texts of its values; `None` for the overall key.
    pub(crate) fn key_texts(&self, key: KeyId) -> Option<(usize, Vec<&str>)> {
        let (set, values) = &self.keys.all()[key.0 as usize];
        let set = usize::from(*set);
        let dimensions = self.sets.get(set)?;
        Some((set, dimensions.iter().zip(values).map(|(d, v)| self.text(*d, *v)).collect()))
    }

    /// The text of one dimension's value.
    pub(crate) fn text(&self, dimension: u8, value: ValueNumber) -> &str {
        &self.values[usize::from(dimension)].all()[usize::from(value.0)]
    }

    fn bundle(&mut self, keys: Bundle) -> BundleId {
        if let Some(id) = self.bundle_ids.get(&keys) {
            return *id;
        }
        let id = BundleId(self.bundles.len() as u32);
        self.bundle_ids.insert(keys.clone(), id);
        self.bundles.push(keys);
        id
    }

    fn key_of(&mut self, set: usize, values: &[ValueNumber]) -> KeyId {
        let entry = (set as u8, self.sets[set].iter().map(|d| values[usize::from(*d)]).collect::<KeyValues>());
        KeyId(self.keys.number(&entry, usize::MAX, || entry.clone()).expect("keys are not limited"))
    }
}
