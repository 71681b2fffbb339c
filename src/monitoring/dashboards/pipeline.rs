//! Whether the numbers can be trusted: each replica, Kafka, what became of the records, and the bounds.

use super::board::{Board, Choice};
use super::panel::{Kind, Panel, Role};
use super::query::{INSTANCE, JOB, own};
use super::source::Source;

pub(super) fn board(s: &Source) -> Board {
    Board::new(
        "pipeline",
        "Pipeline",
        "Whether the numbers can be trusted: replicas, Kafka, what became of every record, and the bounds of memory.",
        &[Choice::Instance],
    )
    .row("Is it there", presence(s))
    .row("Does it keep up", progress(s))
    .row("What became of the records", outcomes(s))
    .row("Can the windows be trusted", windows(s))
    .row("Bounds", bounds(s))
    .row("The process", process(s))
}

fn presence(s: &Source) -> Vec<Panel> {
    let states = |title: &str, family: &str, expression: &str, legend: &str| {
        Panel::about(s, Kind::States, title, family).query(Role::Value, expression, legend).unit("bool").wide(12).high(6)
    };
    vec![
        states("Ready", "cx_ready", &own("cx_ready", ""), "{{instance}}"),
        states("Kafka answers", "cx_kafka_up", &own("cx_kafka_up", ""), "{{instance}}"),
        states("Every partition has one owner", "cx_kafka_partitions_assigned", &format!("cx:partitions_owned:bool{{{JOB}}}"), "owned"),
        Panel::about(s, Kind::Lines, "Partitions read", "cx_kafka_partitions_assigned")
            .query(Role::Value, &format!("sum by (instance) ({})", own("cx_kafka_partitions_assigned", "")), "{{instance}}")
            .query(Role::Target, &format!("sum (cx:kafka_partitions:max{{{JOB}}})"), "there are")
            .saying("The dashed line is how many there are.")
            .high(6),
        Panel::about(s, Kind::Stat, "Versions", "cx_build_info")
            .query(Role::Value, &format!("count by (version, revision) ({})", own("cx_build_info", "")), "{{version}} {{revision}}")
            .wide(12),
        Panel::about(s, Kind::Lines, "Changes of the assignment", "cx_kafka_rebalances_total")
            .query(Role::Value, &format!("increase({}[$__rate_interval])", own("cx_kafka_rebalances_total", "")), "{{instance}} {{kind}}")
            .high(5),
    ]
}

fn progress(s: &Source) -> Vec<Panel> {
    let delay = own("cx_event_delay_seconds_bucket", "");
    vec![
        Panel::about(s, Kind::Lines, "Lag", "cx_kafka_lag_records").query(
            Role::Value,
            &format!("cx:kafka_lag_records:sum{{{JOB}}}"),
            "{{topic}}",
        ),
        Panel::about(s, Kind::Lines, "Age of the watermark", "cx_watermark_timestamp_seconds")
            .query(Role::Value, &format!("time() - cx:watermark_timestamp_seconds:min{{{JOB}}}"), "{{topic}}")
            .unit("s")
            .saying("Its age; a topic in which nothing happens grows older."),
        Panel::about(s, Kind::Lines, "From an event to its being counted, 95 %", "cx_event_delay_seconds").query(
            Role::Value,
            &format!("histogram_quantile(0.95, sum by (le, instance) (rate({delay}[$__rate_interval]))) >= 0"),
            "{{instance}}",
        ),
        Panel::about(s, Kind::Lines, "Time to make a snapshot", "cx_collect_seconds").query(
            Role::Value,
            &own("cx_collect_seconds", ""),
            "{{instance}}",
        ),
    ]
}

fn outcomes(s: &Source) -> Vec<Panel> {
    let rate = |title: &str, family: &str, matchers: &str, by: &str, legend: &str| {
        Panel::about(s, Kind::Stack, title, family)
            .query(Role::Value, &format!("sum by ({by}) (rate({}[$__rate_interval]))", own(family, matchers)), legend)
            .unit("ops")
    };
    vec![
        rate("Records by topic", "cx_events_total", "", "topic", "{{topic}}"),
        rate("Records that were not counted", "cx_events_total", "outcome!=\"applied\"", "outcome, topic", "{{outcome}} {{topic}}"),
        rate("Refused records by reason", "cx_events_invalid_total", "", "reason, topic", "{{reason}} {{topic}}"),
        rate("Counted events by type", "cx_events_applied_total", "", "type", "{{type}}"),
        rate("Events about the unknown", "cx_events_orphaned_total", "", "topic", "{{topic}}"),
        Panel::about(s, Kind::Lines, "How far back copies are recognised", "cx_dedup_horizon_seconds").query(
            Role::Value,
            &format!("cx:dedup_horizon_seconds:min{{{JOB}}}"),
            "{{topic}}",
        ),
    ]
}

fn windows(s: &Source) -> Vec<Panel> {
    vec![
        // One series a window, side by side: none is combined with another.
        Panel::about(s, Kind::States, "Windows that are complete", "cx_window_coverage_ratio")
            .query(Role::Value, &format!("cx:window_complete:bool{{{JOB}}}"), "{{window}}")
            .unit("bool")
            .wide(12)
            .high(8),
        Panel::about(s, Kind::Lines, "Coverage of the windows", "cx_window_coverage_ratio")
            .query(Role::Value, &own("cx_window_coverage_ratio", ""), "{{instance}} {{window}}")
            .range(0.0, 1.0),
    ]
}

fn bounds(s: &Source) -> Vec<Panel> {
    let early = "Above 0 a limit was reached.";
    let growth = |title: &str, family: &str, by: &str| {
        let expression = format!("sum by ({by}) (increase({}[$__rate_interval]))", own(family, ""));
        Panel::about(s, Kind::Lines, title, family).query(Role::Value, &expression, &format!("{{{{{by}}}}}")).saying(early).wide(8)
    };
    vec![
        Panel::about(s, Kind::Lines, "Entries kept", "cx_state_entries")
            .query(Role::Value, &format!("cx:state_entries:sum{{{JOB}}}"), "{{store}}")
            .wide(8),
        growth("Entries that left early", "cx_state_limit_evictions_total", "store"),
        growth("Values counted as other", "cx_series_overflow_total", "dimension"),
        Panel::about(s, Kind::Lines, "Label sets against their limit", "cx_series")
            .query(Role::Value, &format!("{} / {}", own("cx_series", ""), own("cx_series_limit", "")), "{{instance}}")
            .unit("percentunit")
            .range(0.0, 1.0),
        Panel::about(s, Kind::Lines, "Open files against their limit", "process_open_fds")
            .query(Role::Value, &format!("{} / {}", own("process_open_fds", ""), own("process_max_fds", "")), "{{instance}}")
            .unit("percentunit"),
    ]
}

fn process(s: &Source) -> Vec<Panel> {
    vec![
        Panel::about(s, Kind::Lines, "Memory", "process_resident_memory_bytes")
            .query(Role::Value, &own("process_resident_memory_bytes", ""), "{{instance}}")
            .wide(8),
        Panel::about(s, Kind::Lines, "Processor", "process_cpu_seconds_total")
            .query(Role::Value, &format!("rate({}[$__rate_interval])", own("process_cpu_seconds_total", "")), "{{instance}}")
            .unit("percentunit")
            .saying("100 % is one core.")
            .wide(8),
        Panel::about(s, Kind::Stat, "Started", "process_start_time_seconds")
            .query(Role::Value, &format!("process_start_time_seconds{{{INSTANCE}}} * 1000"), "{{instance}}")
            .unit("dateTimeFromNow")
            .wide(8)
            .high(8),
    ]
}
