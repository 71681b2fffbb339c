//! The command line of `cxpulse replay`.
//!
//! Does not know how a replay is done.

use std::path::PathBuf;

use super::explained::RequestedExplanation;
use super::{PeriodLength, Periods, Steps, TopicFile};
use crate::command::failure::Usage;
use crate::command::options::{ConfigurationArgs, instant, named_file};
use crate::config::parse_span;
use crate::metrics::FamilySelection;
use crate::time::{EventTime, Span};

const EXAMPLES: &str = "\
Examples:
  Metrics as of noon, from two files:
    cxpulse replay --input tickets=t.jsonl.gz --input surveys=s.jsonl --at 2026-03-02T12:00:00Z
  From a Kafka topic, without a service:
    kcat -C -e -t tickets | cxpulse replay --input tickets=-
  A dump of a help desk's payloads, without a broker:
    cxpulse replay --feed zendesk --input raw=dump.jsonl.gz
  A history for dashboards, as Prometheus blocks:
    cxpulse replay --input tickets=t.jsonl.gz --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --every 1h > past.om
    promtool tsdb create-blocks-from openmetrics past.om /var/lib/prometheus
  Only what the shipped alerts on satisfaction read of it:
    cxpulse replay --input surveys=s.jsonl --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z --every 5m \\
      --families 'cx_csat_*,cx_window_coverage_ratio,cx_kafka_*,cx_events_total,cx_build_info' > past.om
  The facts behind every number, one line each:
    cxpulse replay --input tickets=t.jsonl.gz --at 2026-03-02T12:00:00Z --facts facts.csv > metrics.txt
  Calendar weeks, to compare with the help desk's own report:
    cxpulse replay --input tickets=t.jsonl.gz --report week --zone Europe/Rome --report-csv weeks.csv

Each line is one record, without its line end. The offset of a record is its line number, and it has no record timestamp. Among several topics the next \
line comes from the topic whose last event is oldest, as in the service. Several files of one topic are merged by event time. With --every, whether a \
record is late is decided once, in the order of the lines. The outcomes of the records go to stderr.";

/// Computes the metrics of recorded events: JSON-lines files in, exposition text out.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// The configured name of a topic, and a file of its records (plain or gzip, `-` for standard input). Repeatable, also for the same topic.
    #[arg(long = "input", value_name = "TOPIC=FILE", value_parser = topic_file, required = true)]
    pub inputs: Vec<TopicFile>,

    /// Map the input named `raw` by this feed first: one that is part of cxpulse, or the path of a program. Each line is one payload.
    #[arg(long, value_name = "FEED")]
    pub feed: Option<String>,

    /// The instant of the metrics, as if the log ended there: later events are left out. Default: the largest event time.
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "every", allow_negative_numbers = true)]
    pub at: Option<EventTime>,

    /// With --every: write timestamped OpenMetrics from this instant on. With --report: begin with the period that contains this instant.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub from: Option<EventTime>,

    /// With --every: the last instant of the OpenMetrics, inclusive. With --report: end with the period that contains this instant.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub to: Option<EventTime>,

    /// Write the values of many instants as OpenMetrics, this far apart, such as `1h`.
    #[arg(long, value_name = "SPAN", value_parser = step, requires_all = ["from", "to"], conflicts_with_all = ["facts", "report"])]
    pub every: Option<Span>,

    /// With --every: write only these families, by exported name (`cx_csat_ratio_by_team`), or by a start with `*` behind it (`cx_csat_*`). Those of the
    /// process are then among the choice (`cx_kafka_*`, `cx_events_total`, `cx_build_info`, `cx_ready`), as of one that reads every topic to its end: the
    /// shipped rules need them. Default: all families of the organisation and of the state.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "every")]
    pub families: Vec<String>,

    /// Write every fact that holds at the end of the log to this file as CSV: its family, its ticket, chat, survey or customer, its event time, value and
    /// dimensions, and the windows in which it counts. The facts of a family and a window add up to the printed value. The file has ids in clear,
    /// because the input files have them; no metric, page or log line has any.
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,

    /// Print tables of calendar periods instead of the metrics. Each fact that holds at the end of the log counts in the period of its event time.
    #[arg(long, value_name = "PERIOD")]
    pub report: Option<PeriodLength>,

    /// The time zone of the report as an IANA name, such as Europe/Rome.
    #[arg(long, value_name = "ZONE", value_parser = zone, requires = "report", default_value = "UTC")]
    pub zone: jiff::tz::TimeZone,

    /// Also write the report to this file, as CSV with durations in seconds.
    #[arg(long, value_name = "FILE", requires = "report")]
    pub report_csv: Option<PathBuf>,

    /// The configuration file and overrides.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

impl ReplayArgs {
    /// The instants whose values are to be written, where --every is given.
    pub(super) fn steps(&self) -> Result<Option<Steps>, Usage> {
        match (self.from, self.to, self.every) {
            (Some(from), Some(to), Some(_)) if to < from => {
                Err(Usage(format!("`--to {to}` lies before `--from {from}`\nhint: exchange the two")))
            }
            (Some(from), Some(to), Some(every)) => Ok(Some(Steps { from, to, every })),
            (None, None, None) => Ok(None),
            _ if self.report.is_some() => Ok(None),
            _ => Err(Usage(
                "`--from`, `--to` and `--every` go together\nhint: give all three, or `--report` with `--from` and `--to`".into(),
            )),
        }
    }

    /// The families that --every writes.
    pub(super) fn wanted_families(&self) -> FamilySelection {
        FamilySelection::of(self.families.iter().map(String::as_str))
    }

    /// The requested outputs of facts, if there are any.
    pub(super) fn requested_explanation(&self) -> Option<RequestedExplanation<'_>> {
        let periods = self.report.map(|length| Periods { length, zone: self.zone.clone(), from: self.from, to: self.to });
        let requested = RequestedExplanation { facts: self.facts.as_deref(), report_csv: self.report_csv.as_deref(), periods };
        (requested.facts.is_some() || requested.periods.is_some()).then_some(requested)
    }
}

fn topic_file(text: &str) -> Result<TopicFile, String> {
    let (topic, path) = named_file(text).ok_or("wanted is TOPIC=FILE, such as tickets=tickets.jsonl.gz")?;
    Ok(TopicFile { topic, path })
}

fn zone(text: &str) -> Result<jiff::tz::TimeZone, String> {
    jiff::tz::TimeZone::get(text).map_err(|_| "wanted is the IANA name of a time zone, such as Europe/Rome or UTC".to_owned())
}

fn step(text: &str) -> Result<Span, String> {
    match parse_span(text) {
        Some(span) if span > Span(0) => Ok(span),
        _ => Err("wanted is a length of time above zero, such as 15m, 1h or 1d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_names_topic_and_file() {
        assert_eq!(topic_file("tickets=a=b.gz"), Ok(TopicFile { topic: "tickets".into(), path: "a=b.gz".into() }));
        for text in ["tickets", "=file", "tickets="] {
            assert!(topic_file(text).is_err(), "{text}");
        }
    }
}
