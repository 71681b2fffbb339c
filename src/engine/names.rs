//! Dimension values as small numbers: values, tuples of values, and the group keys that a tuple belongs to.
//!
//! Hot code passes a [`DimensionsId`]; text appears only when an event names a value and when a snapshot is read.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::numbers::Numbers;
use super::{EngineSettings, JOURNEY_STAGE};
use crate::event::DimensionValues;

/// The value number of a dimension that is not set; reads as `unknown`.
const UNSET: u16 = u16::MAX;
/// The value number of `unknown`, set in so many words.
const UNKNOWN: u16 = 0;
/// The value number of `other`: what lies beyond the limit of values.
const OTHER: u16 = 1;
/// Distinct tuples kept apart at most; beyond, an event's dimensions all read `other`.
const TUPLES_MAX: usize = 1 << 20;

/// An interned tuple of dimension values, some of them unset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DimensionsId(u32);

/// An interned key of some grouping set; 0 is the overall key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(pub(crate) u32);

/// An interned list of keys, one in each grouping set of contacts or of customers; 0 is the empty one, of a fact that counts overall alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BundleId(pub(crate) u32);

type Tuple = SmallVec<[u16; 8]>;
type Bundle = SmallVec<[KeyId; 8]>;

/// All names of this process.
#[derive(Debug)]
pub(crate) struct Names {
    dimensions: Vec<Values>,
    /// Grouping sets of contacts, then those of customers; indices of dimensions.
    sets: Vec<Vec<u8>>,
    tuples: Vec<Tuple>,
    tuple_ids: FxHashMap<Tuple, DimensionsId>,
    /// The tuples by the texts that events spelled them with, so that an event whose like was seen before costs one look.
    spelled: FxHashMap<Box<[u8]>, DimensionsId>,
    contact_sets: usize,
    /// The bundles of each tuple: of its keys in the sets of contacts, and in those of customers.
    bundles_of_tuples: Vec<[BundleId; 2]>,
    bundles: Vec<Bundle>,
    bundle_ids: FxHashMap<Bundle, BundleId>,
    keys: Numbers<(u8, Tuple)>,
    overlays: FxHashMap<(DimensionsId, DimensionsId), DimensionsId>,
    /// The tuple whose values all read `other`.
    beyond_limit: DimensionsId,
}

#[derive(Debug)]
struct Values {
    name: String,
    /// Whether it describes the customer.
    of_customer: bool,
    texts: Numbers<Box<str>>,
    values_max: usize,
    overflows: u64,
}

impl Names {
    pub(crate) fn new(settings: &EngineSettings) -> Self {
        let dimensions = settings.dimensions.iter().map(|d| Values::new(&d.name, d.of_customer, d.values_max)).collect();
        Self::of(settings, dimensions, Numbers::default())
    }

    /// The same names for another engine: what both give a number to has one number, but for tuples and bundles.
    pub(crate) fn beside(&self, settings: &EngineSettings) -> Self {
        Self::of(settings, self.dimensions.iter().map(Values::beside).collect(), self.keys.beside())
    }

    /// Learns of the values and keys that other engines have seen.
    pub(crate) fn catch_up(&mut self) {
        self.dimensions.iter_mut().for_each(|values| values.texts.catch_up());
        self.keys.catch_up();
    }

    fn of(settings: &EngineSettings, dimensions: Vec<Values>, mut keys: Numbers<(u8, Tuple)>) -> Self {
        let overall = (u8::MAX, Tuple::new());
        assert_eq!(keys.number(&overall, usize::MAX, || overall.clone()), Some(KeyId::default().0), "the overall key comes first");
        let sets = settings.grouping_sets.iter().chain(&settings.customer_grouping_sets).cloned().collect();
        let mut names = Self {
            dimensions,
            sets,
            tuples: Vec::new(),
            tuple_ids: FxHashMap::default(),
            spelled: FxHashMap::default(),
            contact_sets: settings.grouping_sets.len(),
            bundles_of_tuples: Vec::new(),
            bundles: Vec::new(),
            bundle_ids: FxHashMap::default(),
            keys,
            overlays: FxHashMap::default(),
            beyond_limit: DimensionsId::default(),
        };
        names.bundle(Bundle::new());
        names.tuple(SmallVec::from_elem(UNSET, settings.dimensions.len()));
        names.beyond_limit = names.tuple(SmallVec::from_elem(OTHER, settings.dimensions.len()));
        names
    }

    /// The tuple of the values that an event carries, the others unset.
    pub(crate) fn intern(&mut self, values: &DimensionValues<'_>) -> DimensionsId {
        if values.is_empty() {
            return DimensionsId::default();
        }
        let mut spelling: SmallVec<[u8; 128]> = SmallVec::new();
        for (dimension, text) in values {
            spelling.push(*dimension);
            spelling.extend_from_slice(text.as_bytes());
            // No text holds this byte, so no two lists are spelled the same.
            spelling.push(0xff);
        }
        self.spelled.get(spelling.as_slice()).copied().unwrap_or_else(|| self.intern_spelled(values, &spelling))
    }

    #[cold]
    fn intern_spelled(&mut self, values: &DimensionValues<'_>, spelling: &[u8]) -> DimensionsId {
        let mut tuple = Tuple::from_elem(UNSET, self.dimensions.len());
        let mut is_within_limits = true;
        for (dimension, text) in values {
            let dimension = usize::from(*dimension);
            let value = self.dimensions[dimension].find(text);
            is_within_limits &= value.is_some();
            tuple[dimension] = value.unwrap_or(OTHER);
        }
        let id = self.tuple(tuple);
        // What lies beyond a limit is counted each time.
        if is_within_limits && self.spelled.len() < TUPLES_MAX {
            self.spelled.insert(spelling.into(), id);
        }
        id
    }

    /// `base` with the values that are set in `over` put over it.
    pub(crate) fn overlay(&mut self, base: DimensionsId, over: DimensionsId) -> DimensionsId {
        if over == DimensionsId::default() || base == over {
            return base;
        }
        if base == DimensionsId::default() {
            return over;
        }
        if let Some(found) = self.overlays.get(&(base, over)) {
            return *found;
        }
        let pairs = self.tuples[base.0 as usize].iter().zip(&self.tuples[over.0 as usize]);
        let tuple = pairs.map(|(b, o)| if *o == UNSET { *b } else { *o }).collect();
        let id = self.tuple(tuple);
        if self.overlays.len() < TUPLES_MAX {
            self.overlays.insert((base, over), id);
        }
        id
    }

    /// The values of dimensions that describe the customer, the others unset: a contact's own are not inherited from its customer.
    pub(crate) fn of_customer(&mut self, of: DimensionsId) -> DimensionsId {
        let values = self.tuples[of.0 as usize].iter().zip(&self.dimensions);
        let tuple = values.map(|(value, dimension)| if dimension.of_customer { *value } else { UNSET }).collect();
        self.tuple(tuple)
    }

    /// The number of one dimension's value; unset reads as `unknown`.
    pub(crate) fn value(&self, of: DimensionsId, dimension: u8) -> u16 {
        let value = self.tuples[of.0 as usize][usize::from(dimension)];
        if value == UNSET { UNKNOWN } else { value }
    }

    /// Whether a dimension is set.
    pub(crate) fn is_set(&self, of: DimensionsId, dimension: u8) -> bool {
        self.tuples[of.0 as usize][usize::from(dimension)] != UNSET
    }

    /// The journey stage of a tuple; `None` where it is unset or `unknown`.
    pub(crate) fn known_stage(&self, of: DimensionsId) -> Option<u16> {
        Some(self.value(of, JOURNEY_STAGE)).filter(|stage| self.is_known(*stage))
    }

    /// Whether a tuple sets the journey stage, be it to `unknown`.
    pub(crate) fn names_stage(&self, of: DimensionsId) -> bool {
        self.is_set(of, JOURNEY_STAGE)
    }

    /// Whether a value's number is not that of `unknown`.
    #[expect(clippy::unused_self, reason = "numbers of values mean something to these names only")]
    pub(crate) fn is_known(&self, value: u16) -> bool {
        value != UNKNOWN
    }

    /// The number of a value that is named in the configuration, such as the channel `phone`.
    pub(crate) fn value_named(&mut self, dimension: u8, text: &str) -> u16 {
        self.dimensions[usize::from(dimension)].intern(text)
    }

    /// The texts of all dimensions; unset reads as `unknown`.
    pub(crate) fn texts_of(&self, of: DimensionsId) -> SmallVec<[&str; 8]> {
        (0..self.dimensions.len() as u8).map(|dimension| self.text(dimension, self.value(of, dimension))).collect()
    }

    /// The text of one dimension's value.
    pub(crate) fn text(&self, dimension: u8, value: u16) -> &str {
        &self.dimensions[usize::from(dimension)].texts.all()[usize::from(value)]
    }

    /// The keys of a tuple in the grouping sets of contacts.
    pub(crate) fn contact_keys(&self, of: DimensionsId) -> BundleId {
        self.bundles_of_tuples[of.0 as usize][0]
    }

    /// The keys of a tuple in the grouping sets of customers.
    pub(crate) fn customer_keys(&self, of: DimensionsId) -> BundleId {
        self.bundles_of_tuples[of.0 as usize][1]
    }

    /// The keys of a bundle, in the order of the sets.
    pub(crate) fn keys_of(&self, bundle: BundleId) -> &[KeyId] {
        &self.bundles[bundle.0 as usize]
    }

    /// How many dimensions a key has.
    pub(crate) fn key_len(&self, key: KeyId) -> usize {
        self.keys.all()[key.0 as usize].1.len()
    }

    /// The number of a key's grouping set; the overall key has one of its own.
    pub(crate) fn set_of(&self, key: KeyId) -> u8 {
        self.keys.all()[key.0 as usize].0
    }

    /// The grouping set of a key and the texts of its values; `None` for the overall key.
    pub(crate) fn key_texts(&self, key: KeyId) -> Option<(usize, Vec<&str>)> {
        let (set, tuple) = &self.keys.all()[key.0 as usize];
        let set = usize::from(*set);
        let dimensions = self.sets.get(set)?;
        Some((set, dimensions.iter().zip(tuple).map(|(d, v)| self.text(*d, *v)).collect()))
    }

    /// How many events named a value beyond the limit, by dimension.
    pub(crate) fn overflows(&self) -> impl Iterator<Item = (&str, u64)> {
        self.dimensions.iter().map(|d| (d.name.as_str(), d.overflows))
    }

    fn tuple(&mut self, tuple: Tuple) -> DimensionsId {
        if let Some(id) = self.tuple_ids.get(&tuple) {
            return *id;
        }
        if self.tuples.len() >= TUPLES_MAX {
            return self.beyond_limit;
        }
        let id = DimensionsId(self.tuples.len() as u32);
        let (contact_sets, sets) = (self.contact_sets, self.sets.len());
        let bundles = [0..contact_sets, contact_sets..sets].map(|sets| {
            let keys = sets.map(|set| self.key_of(set, &tuple)).collect();
            self.bundle(keys)
        });
        self.bundles_of_tuples.push(bundles);
        self.tuple_ids.insert(tuple.clone(), id);
        self.tuples.push(tuple);
        id
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

    fn key_of(&mut self, set: usize, tuple: &Tuple) -> KeyId {
        let values = self.sets[set].iter().map(|d| tuple[usize::from(*d)]).map(|v| if v == UNSET { UNKNOWN } else { v }).collect();
        let entry = (set as u8, values);
        KeyId(self.keys.number(&entry, usize::MAX, || entry.clone()).expect("keys are not limited"))
    }
}

impl Values {
    fn new(name: &str, of_customer: bool, values_max: usize) -> Self {
        let mut values = Self { name: name.to_owned(), of_customer, texts: Numbers::default(), values_max: values_max + 2, overflows: 0 };
        assert_eq!((values.intern("unknown"), values.intern("other")), (UNKNOWN, OTHER), "the reserved values come first");
        values
    }

    fn beside(&self) -> Self {
        Self { name: self.name.clone(), texts: self.texts.beside(), overflows: 0, ..*self }
    }

    fn intern(&mut self, text: &str) -> u16 {
        self.find(text).unwrap_or(OTHER)
    }

    /// The number of a text; `None`, counted, where it lies beyond the limit.
    fn find(&mut self, text: &str) -> Option<u16> {
        let number = self.texts.number(text, self.values_max.min(usize::from(UNSET)), || text.into());
        self.overflows += u64::from(number.is_none());
        number.map(|number| number as u16)
    }
}
