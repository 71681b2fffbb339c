//! The interned names of one partition group: numbers for the values of dimensions and for tuples of values.
//!
//! Hot code passes a [`DimensionsId`]; text appears only when an event names a value and when a value is read. The numbers belong to the group, so
//! that its state means the same in another process; which number a value has in the windows of this process is kept beside it.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{AgreedList, EngineSettings, JOURNEY_STAGE};
use crate::event::DimensionValues;

/// Distinct tuples kept apart at most; beyond, an event's dimensions all read `other`.
const TUPLES_MAX: usize = 1 << 20;

/// The number of a dimension's value in one partition group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ValueId(u16);

/// The number of a dimension's value in the windows of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueNumber(pub(crate) u16);

/// An interned tuple of dimension values, some of them unset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DimensionsId(u32);

/// The values of each dimension that have a number in the windows of this process.
pub(crate) type AgreedValues = Arc<[Arc<AgreedList<Box<str>>>]>;

type Tuple = SmallVec<[ValueId; 8]>;

/// All names of one partition group.
#[derive(Debug)]
pub(crate) struct Names {
    dimensions: Vec<DimensionNames>,
    tuples: Vec<Tuple>,
    tuple_ids: FxHashMap<Tuple, DimensionsId>,
    /// The tuples by the texts that events spelled them with, so that an event whose like was seen before costs one look.
    spelled: FxHashMap<Box<[u8]>, DimensionsId>,
    overlays: FxHashMap<(DimensionsId, DimensionsId), DimensionsId>,
    /// The tuple whose values all read `other`.
    beyond_limit: DimensionsId,
}

/// The values of one dimension.
#[derive(Debug)]
struct DimensionNames {
    /// Whether it describes the customer.
    of_customer: bool,
    texts: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, ValueId>,
    /// The number of each value in the windows.
    numbers: Vec<ValueNumber>,
    agreed: Arc<AgreedList<Box<str>>>,
    /// How many values may have a number in the windows, the reserved ones included.
    values_max: usize,
    /// How many events named a value beyond that.
    overflows: u64,
}

impl ValueId {
    /// `unknown`, set in so many words.
    pub(crate) const UNKNOWN: Self = Self(0);
    /// `other`: a value beyond the limit of values.
    const OTHER: Self = Self(1);
    /// A dimension that is not set; it reads as `unknown`.
    const UNSET: Self = Self(u16::MAX);

    /// Whether it is another value than `unknown`.
    pub(crate) fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }
}

impl ValueNumber {
    /// `other`: a value beyond the limit of values.
    pub(super) const OTHER: Self = Self(ValueId::OTHER.0);
}

/// The lists of values of a new process: the reserved ones come first.
pub(super) fn agreed_values(settings: &EngineSettings) -> AgreedValues {
    let list = |_: &_| {
        let list = AgreedList::default();
        let reserved = ["unknown", "other"].map(|text| list.number(text, 2, || text.into()));
        assert_eq!(reserved, [ValueId::UNKNOWN, ValueId::OTHER].map(|id| Some(u32::from(id.0))), "the reserved values come first");
        Arc::new(list)
    };
    settings.dimensions.iter().map(list).collect()
}

/// How many values of a dimension may have a number in the windows, given its configured limit: the reserved ones come beside it.
pub(super) fn numbered_values_max(values_max: usize) -> usize {
    (values_max + 2).min(usize::from(u16::MAX))
}

impl Names {
    pub(crate) fn new(settings: &EngineSettings, agreed: &AgreedValues) -> Self {
        let dimension = |(d, agreed): (&super::EngineDimension, &Arc<AgreedList<Box<str>>>)| {
            DimensionNames::new(d.of_customer, numbered_values_max(d.values_max), agreed)
        };
        let mut names = Self {
            dimensions: settings.dimensions.iter().zip(agreed.iter()).map(dimension).collect(),
            tuples: Vec::new(),
            tuple_ids: FxHashMap::default(),
            spelled: FxHashMap::default(),
            overlays: FxHashMap::default(),
            beyond_limit: DimensionsId::default(),
        };
        names.tuple(SmallVec::from_elem(ValueId::UNSET, settings.dimensions.len()));
        names.beyond_limit = names.tuple(SmallVec::from_elem(ValueId::OTHER, settings.dimensions.len()));
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
        let mut tuple = Tuple::from_elem(ValueId::UNSET, self.dimensions.len());
        let mut is_within_limits = true;
        for (dimension, text) in values {
            let dimension = usize::from(*dimension);
            let value = self.dimensions[dimension].find(text);
            is_within_limits &= value.is_some();
            tuple[dimension] = value.unwrap_or(ValueId::OTHER);
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
        let tuple = pairs.map(|(b, o)| if *o == ValueId::UNSET { *b } else { *o }).collect();
        let id = self.tuple(tuple);
        if self.overlays.len() < TUPLES_MAX {
            self.overlays.insert((base, over), id);
        }
        id
    }

    /// The values of dimensions that describe the customer, the others unset: a contact's own are not inherited from its customer.
    pub(crate) fn of_customer(&mut self, of: DimensionsId) -> DimensionsId {
        let values = self.tuples[of.0 as usize].iter().zip(&self.dimensions);
        let tuple = values.map(|(value, dimension)| if dimension.of_customer { *value } else { ValueId::UNSET }).collect();
        self.tuple(tuple)
    }

    /// The number of one dimension's value; unset reads as `unknown`.
    pub(crate) fn value(&self, of: DimensionsId, dimension: u8) -> ValueId {
        let value = self.tuples[of.0 as usize][usize::from(dimension)];
        if value == ValueId::UNSET { ValueId::UNKNOWN } else { value }
    }

    /// Whether a dimension is set.
    pub(crate) fn is_set(&self, of: DimensionsId, dimension: u8) -> bool {
        self.tuples[of.0 as usize][usize::from(dimension)] != ValueId::UNSET
    }

    /// The journey stage of a tuple; `None` where it is unset or `unknown`.
    pub(crate) fn known_stage(&self, of: DimensionsId) -> Option<ValueId> {
        Some(self.value(of, JOURNEY_STAGE)).filter(|stage| stage.is_known())
    }

    /// Whether a tuple sets the journey stage, be it to `unknown`.
    pub(crate) fn names_stage(&self, of: DimensionsId) -> bool {
        self.is_set(of, JOURNEY_STAGE)
    }

    /// The number of a value that is named in the configuration, such as the channel `phone`.
    pub(crate) fn value_named(&mut self, dimension: u8, text: &str) -> ValueId {
        self.dimensions[usize::from(dimension)].find(text).unwrap_or(ValueId::OTHER)
    }

    /// The texts of all dimensions; an unset one reads as `unknown`.
    pub(crate) fn texts_of(&self, of: DimensionsId) -> SmallVec<[&str; 8]> {
        (0..self.dimensions.len() as u8).map(|dimension| self.text(dimension, self.value(of, dimension))).collect()
    }

    /// The text of one dimension's value.
    pub(crate) fn text(&self, dimension: u8, value: ValueId) -> &str {
        &self.dimensions[usize::from(dimension)].texts[usize::from(value.0)]
    }

    /// The number of a value in the windows.
    pub(crate) fn number(&self, dimension: u8, value: ValueId) -> ValueNumber {
        self.dimensions[usize::from(dimension)].numbers[usize::from(value.0)]
    }

    /// The numbers of a tuple's values in the windows; an unset one reads as `unknown`.
    pub(crate) fn numbers_of(&self, of: DimensionsId) -> SmallVec<[ValueNumber; 8]> {
        (0..self.dimensions.len() as u8).map(|dimension| self.number(dimension, self.value(of, dimension))).collect()
    }

    /// All tuples that have a number now.
    pub(crate) fn tuples(&self) -> impl Iterator<Item = DimensionsId> {
        (0..self.tuples.len() as u32).map(DimensionsId)
    }

    /// How many events named a value beyond the limit, by dimension.
    pub(crate) fn overflows(&self) -> impl Iterator<Item = u64> {
        self.dimensions.iter().map(|d| d.overflows)
    }

    fn tuple(&mut self, tuple: Tuple) -> DimensionsId {
        if let Some(id) = self.tuple_ids.get(&tuple) {
            return *id;
        }
        if self.tuples.len() >= TUPLES_MAX {
            return self.beyond_limit;
        }
        let id = DimensionsId(self.tuples.len() as u32);
        self.tuple_ids.insert(tuple.clone(), id);
        self.tuples.push(tuple);
        id
    }
}

impl DimensionsId {
    /// Its place among the tuples of its group.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl DimensionNames {
    fn new(of_customer: bool, values_max: usize, agreed: &Arc<AgreedList<Box<str>>>) -> Self {
        let (texts, ids, numbers, agreed) = (Vec::new(), FxHashMap::default(), Vec::new(), Arc::clone(agreed));
        let mut names = Self { of_customer, texts, ids, numbers, agreed, values_max, overflows: 0 };
        let reserved = ["unknown", "other"].map(|text| names.find(text));
        assert_eq!(reserved, [ValueId::UNKNOWN, ValueId::OTHER].map(Some), "the reserved values come first");
        names
    }

    /// The number of a text; `None`, counted, where it lies beyond the limit.
    fn find(&mut self, text: &str) -> Option<ValueId> {
        self.ids.get(text).copied().or_else(|| self.enter(text))
    }

    #[cold]
    fn enter(&mut self, text: &str) -> Option<ValueId> {
        let Some(number) = self.agreed.number(text, self.values_max, || text.into()) else {
            self.overflows += 1;
            return None;
        };
        let id = ValueId(self.texts.len() as u16);
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        self.numbers.push(ValueNumber(number as u16));
        Some(id)
    }
}
