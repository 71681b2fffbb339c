//! The one catalogue: every family of the windows and of the state of now, declared once.
//!
//! A new family is one entry here or in one of the files beside; exposition, reference and rules follow from it.

use super::families;
use super::family::Family;
use crate::engine::EngineSettings;

/// All families in the order of the exposition.
#[must_use]
pub fn catalogue(settings: &EngineSettings) -> Vec<Family> {
    let mut families = Vec::new();
    families.extend(families::durations::families(settings));
    families.extend(families::tickets::families());
    families.extend(families::backlog::families());
    families.extend(families::chats::families());
    families.extend(families::csat::families());
    families.extend(families::surveys::families());
    families.extend(families::nps::families());
    families.extend(families::effort::families());
    families.extend(families::customers::families());
    families.extend(families::contacts::families());
    families.extend(families::experience::families());
    families.extend(families::journey::families(settings));
    families.extend(families::pain::families(settings));
    families.extend(families::correlation::families());
    families.extend(families::trend::families());
    families.extend(families::targets::families(settings));
    families.extend(families::health::families(settings));
    families
}
