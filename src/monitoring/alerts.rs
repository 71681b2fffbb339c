//! The alerts, by subject. The files have the names of the dashboards that the alerts lead to.
//!
//! Does not know YAML, nor how a recorded value is computed.

mod chats;
mod comparisons;
mod conditions;
mod evidence;
mod journey;
mod morning;
mod pipeline;
mod response;
mod surveys;

use self::conditions::Conditions;
use super::alert::Alert;
use super::rule_parameters::RuleParameters;
use crate::config::Configuration;

/// All alerts.
pub(super) fn of(configuration: &Configuration, parameters: &RuleParameters) -> Vec<Alert> {
    let conditions = Conditions::new(configuration, parameters);
    let mut alerts = surveys::alerts(&conditions);
    alerts.extend(response::alerts(&conditions));
    alerts.extend(chats::alerts(&conditions));
    alerts.extend(journey::alerts(&conditions));
    alerts.extend(morning::alerts());
    alerts.extend(pipeline::alerts(&conditions));
    alerts
}
