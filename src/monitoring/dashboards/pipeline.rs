//! The board on the pipeline, which shows whether the numbers can be trusted: the replicas, Kafka, the outcomes of records, and the limits.

use super::board::{Board, Choice};
use super::family_lookup::FamilyLookup;
use super::panel::{Panel, PanelKind, Role};
use super::query::{INSTANCE, JOB, of_replicas};

pub(super) fn board(s: &FamilyLookup) -> Board {
    Board::new(
        "pipeline",
        "Pipeline",
        "Whether the values can be trusted: the replicas, Kafka, the outcome of every record, and the limits of memory.",
        &[Choice::Instance],
    )
    .row("Replicas and partitions", presence(s))
    .row("Progress", progress(s))
    .row("Outcomes of records", outcomes(s))
    .row("Completeness of windows", windows(s))
    .row("Limits", bounds(s))
    .row("The process", process(s))
}

fn presence(s: &FamilyLookup) -> Vec<Panel> {
    let states = |title: &str, family: &str, expression: &str, legend: &str| {
        Panel::about(s, PanelKind::States, title, family).query(Role::Value, expression, legend).unit("bool").wide(12).high(6)
    };
    vec![
        states("Ready", "cx_ready", &of_replicas("cx_ready", ""), "{{instance}}"),
        states("Kafka answers", "cx_kafka_up", &of_replicas("cx_kafka_up", ""), "{{instance}}"),
        states("Every partition has one owner", "cx_kafka_partitions_assigned", &format!("cx:partitions_owned:bool{{{JOB}}}"), "owned"),
        Panel::about(s, PanelKind::Lines, "Partitions read", "cx_kafka_partitions_assigned")
            .query(Role::Value, &format!("sum by (instance) ({})", of_replicas("cx_kafka_partitions_assigned", "")), "{{instance}}")
            .query(Role::Target, &format!("sum (cx:kafka_partitions:max{{{JOB}}})"), "existing")
            .saying("The dashed line is the number of partitions that exist.")
            .high(6),
        Panel::about(s, PanelKind::Stat, "Versions", "cx_build_info")
            .query(Role::Value, &format!("count by (version, revision) ({})", of_replicas("cx_build_info", "")), "{{version}} {{revision}}")
            .wide(12),
        Panel::about(s, PanelKind::Lines, "Changes of the assignment", "cx_kafka_rebalances_total")
            .query(
                Role::Value,
                &format!("increase({}[$__rate_interval])", of_replicas("cx_kafka_rebalances_total", "")),
                "{{instance}} {{kind}}",
            )
            .high(5),
    ]
}

fn progress(s: &FamilyLookup) -> Vec<Panel> {
    let delay = of_replicas("cx_event_delay_seconds_bucket", "");
    vec![
        Panel::about(s, PanelKind::Lines, "Lag", "cx_kafka_lag_records").query(
            Role::Value,
            &format!("cx:kafka_lag_records:sum{{{JOB}}}"),
            "{{topic}}",
        ),
        Panel::about(s, PanelKind::Lines, "Lost offsets", "cx_kafka_lost_offsets_total").query(
            Role::Value,
            &format!("sum by (topic) (increase({}[$__rate_interval]))", of_replicas("cx_kafka_lost_offsets_total", "")),
            "{{topic}}",
        ),
        Panel::about(s, PanelKind::Lines, "Offsets passed over", "cx_kafka_skipped_offsets_total").query(
            Role::Value,
            &format!("sum by (topic, reason) (increase({}[$__rate_interval]))", of_replicas("cx_kafka_skipped_offsets_total", "")),
            "{{topic}} {{reason}}",
        ),
        Panel::about(s, PanelKind::Lines, "Age of the watermark", "cx_watermark_timestamp_seconds")
            .query(Role::Value, &format!("time() - cx:watermark_timestamp_seconds:min{{{JOB}}}"), "{{topic}}")
            .unit("s")
            .saying("The panel shows its age, which also grows while a topic has no events."),
        Panel::about(s, PanelKind::Lines, "Time from an event until it is counted, 95 %", "cx_event_delay_seconds").query(
            Role::Value,
            &format!("histogram_quantile(0.95, sum by (le, instance) (rate({delay}[$__rate_interval]))) >= 0"),
            "{{instance}}",
        ),
        Panel::about(s, PanelKind::Lines, "Time to make a snapshot", "cx_collect_seconds").query(
            Role::Value,
            &of_replicas("cx_collect_seconds", ""),
            "{{instance}}",
        ),
    ]
}

fn outcomes(s: &FamilyLookup) -> Vec<Panel> {
    let rate = |title: &str, family: &str, matchers: &str, by: &str, legend: &str| {
        Panel::about(s, PanelKind::Stack, title, family)
            .query(Role::Value, &format!("sum by ({by}) (rate({}[$__rate_interval]))", of_replicas(family, matchers)), legend)
            .unit("ops")
    };
    vec![
        rate("Records by topic", "cx_events_total", "", "topic", "{{topic}}"),
        rate("Records that were not counted", "cx_events_total", "outcome!=\"applied\"", "outcome, topic", "{{outcome}} {{topic}}"),
        rate("Refused records by reason", "cx_events_invalid_total", "", "reason, topic", "{{reason}} {{topic}}"),
        rate("Counted events by type", "cx_events_applied_total", "", "type", "{{type}}"),
        rate("Events about unknown contacts", "cx_events_orphaned_total", "", "topic", "{{topic}}").wide(8),
        rate("Events that changed nothing", "cx_events_without_effect_total", "", "topic, type", "{{type}} {{topic}}").wide(8),
        Panel::about(s, PanelKind::Lines, "How far back duplicates are recognised", "cx_dedup_horizon_seconds")
            .query(Role::Value, &format!("cx:dedup_horizon_seconds:min{{{JOB}}}"), "{{topic}}")
            .wide(8),
    ]
}

fn windows(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        // Every window is a series of its own; windows are never combined.
        Panel::about(s, PanelKind::States, "Windows that are complete", "cx_window_coverage_ratio")
            .query(Role::Value, &format!("cx:window_complete:bool{{{JOB}}}"), "{{window}}")
            .unit("bool")
            .wide(12)
            .high(8),
        Panel::about(s, PanelKind::Lines, "Coverage of the windows", "cx_window_coverage_ratio")
            .query(Role::Value, &of_replicas("cx_window_coverage_ratio", ""), "{{instance}} {{window}}")
            .range(0.0, 1.0),
    ]
}

fn bounds(s: &FamilyLookup) -> Vec<Panel> {
    let early = "Above 0, a limit was reached.";
    let growth = |title: &str, family: &str, by: &str| {
        let expression = format!("sum by ({by}) (increase({}[$__rate_interval]))", of_replicas(family, ""));
        Panel::about(s, PanelKind::Lines, title, family).query(Role::Value, &expression, &format!("{{{{{by}}}}}")).saying(early).wide(8)
    };
    vec![
        Panel::about(s, PanelKind::Lines, "Entries kept", "cx_state_entries")
            .query(Role::Value, &format!("cx:state_entries:sum{{{JOB}}}"), "{{store}}")
            .wide(8),
        growth("Entries that left early", "cx_state_limit_evictions_total", "store"),
        growth("Values counted as other", "cx_series_overflow_total", "dimension"),
        Panel::about(s, PanelKind::Lines, "Label sets against their limit", "cx_series")
            .query(Role::Value, &format!("{} / {}", of_replicas("cx_series", ""), of_replicas("cx_series_limit", "")), "{{instance}}")
            .unit("percentunit")
            .range(0.0, 1.0),
        Panel::about(s, PanelKind::Lines, "Open files against their limit", "process_open_fds")
            .query(
                Role::Value,
                &format!("{} / {}", of_replicas("process_open_fds", ""), of_replicas("process_max_fds", "")),
                "{{instance}}",
            )
            .unit("percentunit"),
    ]
}

fn process(s: &FamilyLookup) -> Vec<Panel> {
    vec![
        Panel::about(s, PanelKind::Lines, "Memory", "process_resident_memory_bytes")
            .query(Role::Value, &of_replicas("process_resident_memory_bytes", ""), "{{instance}}")
            .wide(8),
        Panel::about(s, PanelKind::Lines, "Processor", "process_cpu_seconds_total")
            .query(Role::Value, &format!("rate({}[$__rate_interval])", of_replicas("process_cpu_seconds_total", "")), "{{instance}}")
            .unit("percentunit")
            .saying("100 % is one core.")
            .wide(8),
        Panel::about(s, PanelKind::Stat, "Started", "process_start_time_seconds")
            .query(Role::Value, &format!("process_start_time_seconds{{{INSTANCE}}} * 1000"), "{{instance}}")
            .unit("dateTimeFromNow")
            .wide(8)
            .high(8),
    ]
}
