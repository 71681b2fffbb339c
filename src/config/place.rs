//! The place of a value, for messages: the layer that it came from, and its key.
//!
//! Does not know which keys exist.

use std::fmt;
use std::sync::Arc;

/// The layer that a value came from.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// No layer: a built-in default.
    Default,
    /// The file, by its path as the user wrote it.
    File(Arc<str>),
    /// An environment variable, by its name.
    Variable(Arc<str>),
    /// A flag of the command line.
    Flag,
}

/// The origin of a value and its dotted key.
#[derive(Clone)]
pub(super) struct KeyPlace {
    pub(super) origin: Origin,
    pub(super) path: String,
}

impl KeyPlace {
    pub(super) fn new(origin: &Origin, path: impl Into<String>) -> Self {
        Self { origin: origin.clone(), path: path.into() }
    }

    /// The place of an entry of the list at this place.
    pub(super) fn entry(&self, i: usize) -> Self {
        Self::new(&self.origin, format!("{}[{i}]", self.path))
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str("configuration")?,
            Origin::File(name) => f.write_str(name)?,
            Origin::Variable(name) => write!(f, "environment variable {name}")?,
            Origin::Flag => f.write_str("flags")?,
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, ": {}", self.path) }
    }
}
