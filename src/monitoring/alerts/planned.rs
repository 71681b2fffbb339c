//! Alerts on planned families. They are tested already, but must not be loaded before the families are exported.

use super::conditions::pipeline_alert;
use crate::monitoring::alert::{Alert, AlertSeverity};
use crate::monitoring::promql::REPLICA_LABELS;

const PIPELINE: &str = "cx-pipeline";

pub(super) fn alerts() -> Vec<Alert> {
    let increase = |name: &str, range: &str| format!("sum without ({REPLICA_LABELS}) (increase({name}[{range}]))");
    let dead = increase("cx_dead_letters_total", "1h");
    let all = format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total[1h]))");
    let alerts = [
        pipeline_alert("CxDeadLetters", format!("{dead} / {all} > 0.005 and {dead} > 5"), "15m").saying(
            "Many refused records are in the dead-letter topic.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} were refused.",
        ),
        pipeline_alert("CxDeadLetterFailing", format!("{} > 0", increase("cx_dead_letter_failures_total", "10m")), "5m")
            .of_severity(AlertSeverity::Critical)
            .saying(
                "Refused records cannot be kept.",
                "{{ printf \"%.0f\" $value }} records of topic {{ $labels.topic }} could not be written to the dead-letter topic.",
            ),
    ];
    alerts.map(|alert| alert.on(PIPELINE)).to_vec()
}
