//! Alerts on the pipeline: the processes, the partitions, the events and the state.

use super::conditions::{Conditions, pipeline_alert};
use crate::monitoring::alert::{Alert, AlertSeverity};
use crate::monitoring::promql::{INSTALLATION, REPLICA_LABELS};

const PIPELINE: &str = "cx-pipeline";
/// The name of the job in `deploy/prometheus/prometheus.yml`. It is written out because an absent series has no labels to take it from.
const JOB: &str = "job=\"cxpulse\"";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = of_processes();
    alerts.extend(of_partitions());
    alerts.extend(of_events());
    alerts.extend(of_state(conditions));
    alerts.into_iter().map(|alert| alert.on(PIPELINE)).collect()
}

fn of_processes() -> Vec<Alert> {
    let critical = AlertSeverity::Critical;
    vec![
        Alert { hold: None, ..pipeline_alert("CxWatchdog", "vector(1)".to_owned(), "") }
            .of_severity(AlertSeverity::Info)
            .saying("This alert always fires.", "When its notifications stop, Prometheus or Alertmanager is down."),
        pipeline_alert("CxAbsent", format!("absent(cx_build_info{{{JOB}}})"), "5m")
            .of_severity(critical)
            .saying("No replica of cxpulse is scraped.", "Prometheus has no series of job {{ $labels.job }}: the dashboards show no data."),
        pipeline_alert("CxReplicaDown", format!("avg_over_time(up{{{JOB}}}[5m]) < 0.5"), "2m").saying(
            "A replica of cxpulse does not answer.",
            "{{ $labels.instance }} answered {{ $value | humanizePercentage }} of the last scrapes.",
        ),
        pipeline_alert(
            "CxVersionSkew",
            format!("count without (version, revision, fingerprint) (count without ({REPLICA_LABELS}) (cx_build_info)) > 1"),
            "1h",
        )
        .saying(
            "Replicas of cxpulse run different versions or settings.",
            "{{ $value }} versions or settings run at once: an upgrade has stopped half-way, and replicas count differently.",
        ),
        pipeline_alert("CxScrapeSlow", "min_over_time(cx_collect_seconds[10m]) > 5".to_owned(), "10m").saying(
            "It takes too long to make the values of a scrape.",
            "{{ $labels.instance }} needs {{ $value | humanizeDuration }} to make the values of one scrape; scrapes will begin to fail.",
        ),
    ]
}

fn of_partitions() -> Vec<Alert> {
    let critical = AlertSeverity::Critical;
    let lag = "cx:kafka_lag_records:sum";
    let stalled = format!(
        "time() - cx:watermark_timestamp_seconds:min > 900 and on ({INSTALLATION}, topic) sum without (outcome) (cx:events:rate5m) > 0"
    );
    vec![
        pipeline_alert("CxKafkaDown", "max_over_time(cx_kafka_up[2m]) == 0".to_owned(), "5m")
            .of_severity(critical)
            .saying("A replica of cxpulse does not reach Kafka.", "{{ $labels.instance }} has had no answer from a broker for minutes."),
        pipeline_alert("CxPartitionsUnowned", "cx:kafka_partitions_assigned:sum < cx:kafka_partitions:max".to_owned(), "10m")
            .of_severity(critical)
            .saying(
                "Partitions are read by no replica.",
                "Only {{ $value }} partitions of topic {{ $labels.topic }} are read; the events of the others are missing from every value.",
            ),
        pipeline_alert("CxPartitionOwnedTwice", format!("count without ({REPLICA_LABELS}) (cx_kafka_partition_assigned == 1) > 1"), "2m")
            .of_severity(critical)
            .saying(
                "A partition is read by two replicas.",
                "{{ $value }} replicas read partition {{ $labels.partition }} of topic {{ $labels.topic }}: its events count twice.",
            ),
        pipeline_alert("CxLagGrowing", format!("{lag} > 10000 and {lag} >= {lag} offset 15m"), "15m").saying(
            "cxpulse is falling behind its topics.",
            "{{ $value }} records of topic {{ $labels.topic }} have not been read yet, no fewer than a quarter of an hour ago.",
        ),
        pipeline_alert("CxPartitionPaused", format!("sum without ({REPLICA_LABELS}) (min_over_time(cx_kafka_partitions_paused[2m])) > 0"), "3m")
            .of_severity(critical)
            .saying(
                "A partition waits for an operator.",
                "{{ $value }} partitions of topic {{ $labels.topic }} wait; their events are missing from every value. /-/ready of the replica says why.",
            ),
        pipeline_alert(
            "CxBatchesSkipped",
            format!("sum without ({REPLICA_LABELS}, reason) (increase(cx_kafka_skipped_offsets_total[1h])) > 0"),
            "1m",
        )
        .saying(
            "Records that cannot be read were passed over.",
            "{{ printf \"%.0f\" $value }} offsets of topic {{ $labels.topic }} were passed over within an hour: what they held is in no value.",
        ),
        pipeline_alert("CxWatermarkStalled", stalled, "10m").of_severity(critical).saying(
            "Event time does not advance although events arrive.",
            "The newest event of topic {{ $labels.topic }} is {{ $value | humanizeDuration }} old.",
        ),
        pipeline_alert(
            "CxRebalanceStorm",
            format!("max without ({REPLICA_LABELS}) (increase(cx_kafka_rebalances_total{{kind=\"assign\"}}[30m])) > 6"),
            "10m",
        )
        .saying(
            "The consumer group keeps rebalancing.",
            "Partitions were reassigned {{ printf \"%.0f\" $value }} times within half an hour.",
        ),
    ]
}

fn of_events() -> Vec<Alert> {
    // With 20 records expected, none is chance less often than once in a hundred million times. It must be so many, because a holiday has a fifth of them.
    let silence = |span: &str| {
        let none = format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total[{span}])) == 0");
        format!("{none} and ignoring (over) cx:events:usual{{over=\"{span}\"}} >= 20")
    };
    let silent = ["30m", "2h", "6h"].map(silence).join(" or ");
    let of = |outcome: &str| format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total{{outcome=\"{outcome}\"}}[1h]))");
    let all = format!("sum without ({REPLICA_LABELS}, outcome) (increase(cx_events_total[1h]))");
    let share = |outcome: &str, share: &str, least: u32| format!("{0} / {all} > {share} and {0} > {least}", of(outcome));
    let dead = format!("sum without ({REPLICA_LABELS}) (increase(cx_dead_letters_total[1h]))");
    let failing = format!("sum without ({REPLICA_LABELS}) (increase(cx_dead_letter_failures_total[10m])) > 0");
    vec![
        pipeline_alert("CxDeadLetters", format!("{dead} / {all} > 0.005 and {dead} > 5"), "15m").saying(
            "Many refused records are in the dead-letter topic.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} were refused.",
        ),
        pipeline_alert("CxDeadLetterFailing", failing, "5m").of_severity(AlertSeverity::Critical).saying(
            "Refused records cannot be kept.",
            "{{ printf \"%.0f\" $value }} tries to copy a record of topic {{ $labels.topic }} to the dead-letter topic failed.",
        ),
        pipeline_alert("CxNoEvents", silent, "5m").saying(
            "A topic that usually has events now has none.",
            "Topic {{ $labels.topic }} has had no event for so long that it usually has 20 and more in this time of the week.",
        ),
        pipeline_alert("CxDuplicateEvents", share("duplicate", "0.2", 50), "15m").saying(
            "Many events come twice.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} had come before.",
        ),
        pipeline_alert("CxLateEvents", share("late", "0.01", 20), "30m").saying(
            "Events arrive too late to count.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} were further behind the watermark than is allowed.",
        ),
        pipeline_alert("CxInvalidEvents", share("invalid", "0.005", 5), "15m").saying(
            "Records cannot be read.",
            "{{ $value | humanizePercentage }} of the last hour's records of topic {{ $labels.topic }} were refused.",
        ),
    ]
}

fn of_state(conditions: &Conditions<'_>) -> Vec<Alert> {
    let stale = format!(
        "time() - cx_checkpoint_last_success_timestamp_seconds > 3 * cx_checkpoint_interval_seconds \
         and on ({INSTALLATION}, instance) sum without (topic) (cx_kafka_partitions_assigned) > 0"
    );
    let windows = ["5m", "1h", "24h"].map(|window| conditions.window(window)).join("|");
    let full = "cx_series / cx_series_limit > 0.9 or sum without (dimension) (increase(cx_series_overflow_total[1h])) > 0";
    vec![
        pipeline_alert("CxWindowIncomplete", format!("cx:window_complete:bool{{window=~\"{windows}\"}} == 0"), "2h")
            .of_severity(AlertSeverity::Info)
            .saying(
                "A window is not complete.",
                "Window {{ $labels.window }} has been incomplete for a long time; the alerts on it are silent.",
            ),
        pipeline_alert("CxConfigReloadFailed", "cx_config_last_reload_successful == 0".to_owned(), "5m")
            .saying("A changed configuration was not applied.", "{{ $labels.instance }} keeps using its previous configuration."),
        pipeline_alert("CxCheckpointStale", stale, "5m").saying(
            "The state was not kept for three intervals.",
            "The oldest of the newest checkpoints of {{ $labels.instance }} is {{ $value | humanizeDuration }} old: a restart reads that much of the log again, if the log still has it.",
        ),
        pipeline_alert("CxSeriesLimit", full.to_owned(), "30m")
            .saying("The limit of label sets is near or reached.", "{{ $labels.instance }} counts new values as `other`, or soon will."),
        pipeline_alert(
            "CxStateEvictions",
            format!("sum without ({REPLICA_LABELS}) (increase(cx_state_limit_evictions_total{{store!=\"changes\"}}[1h])) > 0"),
            "15m",
        )
        .saying(
            "Entries leave memory before their time.",
            "{{ printf \"%.0f\" $value }} entries of {{ $labels.store }} left within an hour because a configured limit was reached.",
        ),
    ]
}
