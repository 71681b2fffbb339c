//! The interned names of one partition group: numbers for the values of dimensions and for tuples of values.
//!
//! Hot code passes a [`DimensionsId`]. Text is used only when an event names a value and when a value is read. The numbers belong to the group, so
//! that its state means the same in another process. The number that a value has in the windows of this process is kept beside the group's own
//! number.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{AgreedList, EngineSettings, JOURNEY_STAGE};
use crate::engine::codec::{RestoreError, StateReader, StateWriter};
use crate::event::DimensionValues;

/// The largest number of distinct tuples that are kept apart, whatever the limit of label sets.
const TUPLES_MAX: usize = 1 << 20;
/// The smallest one, so that few label sets do not make every event read `other`.
const TUPLES_MIN: usize = 1 << 12;
/// The number of distinct tuples for each label set that may exist: a label set sums up several.
const TUPLES_OF_A_CELL: usize = 4;
/// Longer spellings are not remembered, because texts may be long and their number large.
const SPELLING_BYTES_MAX: usize = 128;

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
    /// The tuples by the texts of the events that named them, so that an event with the same texts as an earlier one costs a single lookup.
    spelled: FxHashMap<Box<[u8]>, DimensionsId>,
    /// The results of [`Names::overlay`] so far.
    overlays: FxHashMap<(DimensionsId, DimensionsId), DimensionsId>,
    /// The tuple that is used beyond the limit of tuples: all its values read `other`.
    beyond_limit: DimensionsId,
    tuples_max: usize,
}

/// The values of one dimension.
#[derive(Debug)]
struct DimensionNames {
    /// Whether the dimension describes the customer (else the contact).
    of_customer: bool,
    texts: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, ValueId>,
    /// The number of each value in the windows.
    numbers: Vec<ValueNumber>,
    agreed: Arc<AgreedList<Box<str>>>,
    /// The largest number of values that may have a number in the windows, reserved ones included.
    values_max: usize,
    /// The number of times that events named a value that reads `other`: beyond that limit, or unfit for a label.
    overflows: u64,
}

impl ValueId {
    /// The value `unknown`, whether named by an event or read from an unset dimension.
    pub(crate) const UNKNOWN: Self = Self(0);
    /// `other`: a value beyond the limit of values.
    const OTHER: Self = Self(1);
    /// An unset dimension, which reads as `unknown`.
    const UNSET: Self = Self(u16::MAX);

    /// Whether it is a value other than `unknown`.
    pub(crate) fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }
}

impl ValueNumber {
    /// `other`: a value beyond the limit of values.
    pub(super) const OTHER: Self = Self(ValueId::OTHER.0);
}

/// The lists of values of a new process, which begin with the reserved values.
pub(super) fn agreed_values(settings: &EngineSettings) -> AgreedValues {
    let list = |_: &_| {
        let list = AgreedList::default();
        let reserved = ["unknown", "other"].map(|text| list.number(text, 2, || text.into()));
        assert_eq!(reserved, [ValueId::UNKNOWN, ValueId::OTHER].map(|id| Some(u32::from(id.0))), "the reserved values come first");
        Arc::new(list)
    };
    settings.dimensions.iter().map(list).collect()
}

/// The largest number of a dimension's values that may have a number in the windows: its configured limit and the two reserved values.
pub(super) fn numbered_values_max(values_max: usize) -> usize {
    (values_max + 2).min(usize::from(u16::MAX))
}

/// The largest number of distinct tuples that are kept apart in one partition group. Beyond it, all dimensions of an event read `other`.
pub(crate) fn tuples_max(settings: &EngineSettings) -> usize {
    settings.limits.cells_max.saturating_mul(TUPLES_OF_A_CELL).clamp(TUPLES_MIN, TUPLES_MAX)
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
            tuples_max: tuples_max(settings),
        };
        names.tuple(SmallVec::from_elem(ValueId::UNSET, settings.dimensions.len()));
        names.beyond_limit = names.tuple(SmallVec::from_elem(ValueId::OTHER, settings.dimensions.len()));
        names
    }

    /// The tuple of the values that an event carries; the other dimensions are unset.
    pub(crate) fn intern(&mut self, values: &DimensionValues<'_>) -> DimensionsId {
        if values.is_empty() {
            return DimensionsId::default();
        }
        let mut spelling: SmallVec<[u8; 128]> = SmallVec::new();
        for (dimension, text) in values {
            spelling.push(*dimension);
            spelling.extend_from_slice(text.as_bytes());
            // No text contains this byte, so different lists never have the same spelling.
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
        // A value beyond the limit is not remembered, so that each event that names it is counted.
        if is_within_limits && self.spelled.len() < self.tuples_max && spelling.len() <= SPELLING_BYTES_MAX {
            self.spelled.insert(spelling.into(), id);
        }
        id
    }

    /// The tuple `base`, with the values that are set in `over` replacing its own.
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
        if self.overlays.len() < self.tuples_max {
            self.overlays.insert((base, over), id);
        }
        id
    }

    /// The tuple reduced to the dimensions that describe the customer. A contact inherits only these from its customer.
    pub(crate) fn of_customer(&mut self, of: DimensionsId) -> DimensionsId {
        let values = self.tuples[of.0 as usize].iter().zip(&self.dimensions);
        let tuple = values.map(|(value, dimension)| if dimension.of_customer { *value } else { ValueId::UNSET }).collect();
        self.tuple(tuple)
    }

    /// The values that say something: a dimension that was taken away, and so reads `unknown`, is unset.
    pub(crate) fn without_unknown(&mut self, of: DimensionsId) -> DimensionsId {
        let values = &self.tuples[of.0 as usize];
        if !values.contains(&ValueId::UNKNOWN) {
            return of;
        }
        let tuple = values.iter().map(|value| if *value == ValueId::UNKNOWN { ValueId::UNSET } else { *value }).collect();
        self.tuple(tuple)
    }

    /// The value of one dimension; an unset one reads as `unknown`.
    pub(crate) fn value(&self, of: DimensionsId, dimension: u8) -> ValueId {
        let value = self.tuples[of.0 as usize][usize::from(dimension)];
        if value == ValueId::UNSET { ValueId::UNKNOWN } else { value }
    }

    /// Whether a dimension is set.
    pub(crate) fn is_set(&self, of: DimensionsId, dimension: u8) -> bool {
        self.tuples[of.0 as usize][usize::from(dimension)] != ValueId::UNSET
    }

    /// The dimensions that are set, each with its value.
    pub(crate) fn set_values(&self, of: DimensionsId) -> impl Iterator<Item = (u8, ValueId)> {
        let values = (0u8..).zip(self.tuples[of.0 as usize].iter().copied());
        values.filter(|(_, value)| *value != ValueId::UNSET)
    }

    /// The journey stage of a tuple; `None` if it is unset or `unknown`.
    pub(crate) fn known_stage(&self, of: DimensionsId) -> Option<ValueId> {
        Some(self.value(of, JOURNEY_STAGE)).filter(|stage| stage.is_known())
    }

    /// Whether a tuple sets the journey stage, even to `unknown`.
    pub(crate) fn names_stage(&self, of: DimensionsId) -> bool {
        self.is_set(of, JOURNEY_STAGE)
    }

    /// The group's number for a value that the configuration names, such as the channel `phone`.
    pub(crate) fn value_named(&mut self, dimension: u8, text: &str) -> ValueId {
        self.dimensions[usize::from(dimension)].find(text).unwrap_or(ValueId::OTHER)
    }

    /// The texts of all dimensions' values; an unset one reads as `unknown`.
    pub(crate) fn texts_of(&self, of: DimensionsId) -> SmallVec<[&str; 8]> {
        (0..self.dimensions.len() as u8).map(|dimension| self.text(dimension, self.value(of, dimension))).collect()
    }

    /// The text of one dimension's value.
    pub(crate) fn text(&self, dimension: u8, value: ValueId) -> &str {
        &self.dimensions[usize::from(dimension)].texts[usize::from(value.0)]
    }

    /// The number that a value has in the windows.
    pub(crate) fn number(&self, dimension: u8, value: ValueId) -> ValueNumber {
        self.dimensions[usize::from(dimension)].numbers[usize::from(value.0)]
    }

    /// The numbers that a tuple's values have in the windows; an unset one reads as `unknown`.
    pub(crate) fn numbers_of(&self, of: DimensionsId) -> SmallVec<[ValueNumber; 8]> {
        (0..self.dimensions.len() as u8).map(|dimension| self.number(dimension, self.value(of, dimension))).collect()
    }

    /// All tuples known so far.
    pub(crate) fn tuples(&self) -> impl Iterator<Item = DimensionsId> {
        (0..self.tuples.len() as u32).map(DimensionsId)
    }

    /// Counts the values of an event that decoding replaced by `other`; `replaced` has a bit for each dimension.
    pub(crate) fn count_replaced(&mut self, replaced: u32) {
        let is_replaced = |at: usize| replaced.checked_shr(at as u32).is_some_and(|bits| bits & 1 == 1);
        self.dimensions.iter_mut().enumerate().filter(|(at, _)| is_replaced(*at)).for_each(|(_, dimension)| dimension.overflows += 1);
    }

    /// By dimension, the number of times that events named a value that reads `other`.
    pub(crate) fn overflows(&self) -> impl Iterator<Item = u64> {
        self.dimensions.iter().map(|d| d.overflows)
    }

    /// Stores the values and tuples in the order of their numbers. What was only remembered to save work is not stored.
    pub(crate) fn store(&self, out: &mut StateWriter) {
        let Self { dimensions, tuples, tuple_ids: _, spelled: _, overlays: _, beyond_limit: _, tuples_max: _ } = self;
        out.put(&dimensions.len());
        for dimension in dimensions {
            let DimensionNames { of_customer: _, texts, ids: _, numbers: _, agreed: _, values_max: _, overflows } = dimension;
            out.put(texts);
            out.put(overflows);
        }
        out.put(tuples);
    }

    /// Restores the names of another process. A value for which this process has no number left reads `other` in the windows.
    pub(crate) fn restore(input: &mut StateReader<'_>, settings: &EngineSettings, agreed: &AgreedValues) -> Result<Self, RestoreError> {
        let mut names = Self::new(settings, agreed);
        let dimensions: usize = input.take()?;
        if dimensions != names.dimensions.len() {
            let configured = names.dimensions.len();
            return Err(RestoreError::Unfitting(format!("it has {dimensions} dimensions, and {configured} are configured")));
        }
        for dimension in &mut names.dimensions {
            dimension.restore(input.take()?)?;
            dimension.overflows = input.take()?;
        }
        let tuples: Vec<Tuple> = input.take()?;
        if tuples.iter().any(|tuple| tuple.len() != dimensions) || tuples.get(..2) != Some(&names.tuples) {
            return Err(RestoreError::Malformed("its tuples of values do not fit its dimensions".to_owned()));
        }
        names.tuple_ids = (0u32..).zip(&tuples).map(|(number, tuple)| (tuple.clone(), DimensionsId(number))).collect();
        names.tuples = tuples;
        Ok(names)
    }

    /// The group's number for each value of a dimension that has a number in the windows.
    pub(crate) fn ids_by_number(&self, dimension: u8) -> FxHashMap<ValueNumber, ValueId> {
        let numbers = &self.dimensions[usize::from(dimension)].numbers;
        // Several values may read `other`; the first is `other` itself.
        numbers.iter().enumerate().rev().map(|(id, number)| (*number, ValueId(id as u16))).collect()
    }

    /// The number of a tuple, which is added if it is new.
    fn tuple(&mut self, tuple: Tuple) -> DimensionsId {
        if let Some(id) = self.tuple_ids.get(&tuple) {
            return *id;
        }
        if self.tuples.len() >= self.tuples_max {
            return self.beyond_limit;
        }
        let id = DimensionsId(self.tuples.len() as u32);
        self.tuple_ids.insert(tuple.clone(), id);
        self.tuples.push(tuple);
        id
    }
}

impl DimensionsId {
    /// The tuple at an index among the tuples of its group.
    pub(crate) fn of_index(index: usize) -> Self {
        Self(index as u32)
    }

    /// The index among the tuples of its group.
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

    /// The group's number for a text; `None` if it lies beyond the limit, which is counted.
    fn find(&mut self, text: &str) -> Option<ValueId> {
        self.ids.get(text).copied().or_else(|| self.enter(text))
    }

    /// Takes over the values of another process, in the order of their numbers.
    fn restore(&mut self, texts: Vec<Box<str>>) -> Result<(), RestoreError> {
        if texts.get(..2) != Some(&self.texts) {
            return Err(RestoreError::Malformed("its reserved values are missing".to_owned()));
        }
        let number = |text: &str| self.agreed.number(text, self.values_max, || text.into());
        self.numbers = texts.iter().map(|text| number(text).map_or(ValueNumber::OTHER, |number| ValueNumber(number as u16))).collect();
        self.ids = (0u16..).zip(&texts).map(|(id, text)| (text.clone(), ValueId(id))).collect();
        self.texts = texts;
        Ok(())
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
