//! The alerts.

use super::alert::Alert;
use super::scale::Scale;
use crate::config::Configuration;

pub(super) fn of(_configuration: &Configuration, _scale: &Scale) -> Vec<Alert> {
    Vec::new()
}

pub(super) fn later() -> Vec<Alert> {
    Vec::new()
}
