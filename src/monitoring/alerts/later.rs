//! Alerts on families that are planned. They are tested already and not to be loaded yet.

use super::{INSTALLATION, pipeline_alert};
use crate::monitoring::alert::{Alert, Severity};
use crate::monitoring::promql::OF_REPLICA;

const PIPELINE: &str = "cx-pipeline";

pub(super) fn alerts() -> Vec<Alert> {
    let increase = |name: &str, range: &str| format!("sum without ({OF_REPLICA}) (increase({name}[{range}]))");
    let dead = increase("cx_dead_letters_total", "1h");
    let all = format!("sum without ({OF_REPLICA}, outcome) (increase(cx_events_total[1h]))");
    let stale = format!(
        "time() - cx_checkpoint_last_success_timestamp_seconds > 300 \
         and on ({INSTALLATION}, instance) sum without (topic) (cx_kafka_partitions_assigned) > 0"
    );
    let alerts = [
        pipeline_alert("CxCheckpointStale", stale, "5m").saying(
            "No checkpoint has been written for minutes.",
            "The newest checkpoint of {{ $labels.instance }} is {{ $value | humanizeDuration }} old; a restart would read that much again.",
        ),
        pipeline_alert("CxDeadLetters", format!("{dead} / {all} > 0.005 and {dead} > 5"), "15m").saying(
            "Refused records pile up in the dead-letter topic.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} were refused.",
        ),
        pipeline_alert("CxDeadLetterFailing", format!("{} > 0", increase("cx_dead_letter_failures_total", "10m")), "5m")
            .of_severity(Severity::Critical)
            .saying(
                "Refused records cannot be put aside.",
                "{{ printf \"%.0f\" $value }} records of topic {{ $labels.topic }} could not be written to the dead-letter topic.",
            ),
        pipeline_alert("CxConfigReloadFailed", "cx_config_last_reload_successful == 0".to_owned(), "5m")
            .saying("A changed configuration was not taken over.", "{{ $labels.instance }} goes on with the configuration that it had."),
    ];
    alerts.map(|alert| alert.on(PIPELINE)).to_vec()
}
