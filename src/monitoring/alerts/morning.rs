//! What fired on the organisation overnight and has ended, so that the message of the morning can hold it: Alertmanager forgets an alert that ended before it
//! was sent.
//!
//! Does not know the other alerts.

use super::conditions::organisation_alert;
use crate::monitoring::alert::{Alert, AlertSeverity};

/// The alerts that count: those that notify a person.
const NOTIFYING: &str = "ALERTS{alertstate=\"firing\",about=\"organisation\",severity!=\"info\"}";

pub(super) fn alerts() -> Vec<Alert> {
    // A rebalance may interrupt an alert for some seconds, which is no end.
    let ended = format!("max without (alertstate) (max_over_time({NOTIFYING}[16h]) unless max_over_time({NOTIFYING}[5m]))");
    let named = format!("label_replace({ended}, \"ended\", \"$1\", \"alertname\", \"(.+)\")");
    let alert = Alert { hold: None, keep: None, ..organisation_alert("CxEnded", named, "") };
    vec![alert.of_severity(AlertSeverity::Info).saying(
        "An alert on the organisation has ended.",
        "{{ $labels.ended }}{{ with $labels.team }} of team {{ . }}{{ end }} fired within the last 16 hours and has ended.",
    )]
}
