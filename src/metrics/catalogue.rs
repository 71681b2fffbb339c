//! The one catalogue: every family about the organisation, over its windows and as of now, declared once, by subject in the files beside.
//!
//! A new family is one entry in one of those files. The exposition, the reference page, the rules for Prometheus and the dashboards follow
//! from it. Does not know how a family is written, nor the families about the service itself.

pub(super) mod ces;
pub(super) mod chats;
pub(super) mod contacts;
pub(crate) mod contribution;
pub(super) mod correlation;
pub(super) mod csat;
pub(super) mod customers;
pub(super) mod customers_value;
pub(super) mod due;
pub(super) mod durations;
pub(super) mod health;
pub(super) mod journey;
pub(super) mod nps;
pub(super) mod pain;
pub(super) mod surveys;
pub(super) mod targets;
pub(super) mod tickets;
pub(super) mod trend;
pub(super) mod waits;

pub(crate) use self::health::health_parts;
use super::family::Family;
use crate::engine::EngineSettings;

/// All families, in the order of the exposition.
#[must_use]
pub fn catalogue(settings: &EngineSettings) -> Vec<Family> {
    let mut families = Vec::new();
    families.extend(durations::families(settings));
    families.extend(waits::families(settings));
    families.extend(tickets::families());
    families.extend(tickets::backlog(settings));
    families.extend(chats::families());
    families.extend(csat::families());
    families.extend(surveys::families());
    families.extend(nps::families());
    families.extend(ces::families());
    families.extend(customers::families());
    families.extend(customers_value::families(settings));
    families.extend(contacts::families());
    families.extend(customers::churn_by_experience());
    families.extend(journey::families(settings));
    families.extend(pain::families(settings));
    families.extend(correlation::families());
    families.extend(trend::families());
    families.extend(contribution::families());
    families.extend(targets::families(settings));
    families.extend(health::families(settings));
    families
}
