//! Prints a report as tables for people, and as CSV for spreadsheets.
//!
//! Does not know which columns there are, or how a value is computed.

use std::fmt;
use std::io::{self, Write};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::columns::{Column, ReportCell, TABLES};
use super::{CalendarReport, PeriodLength};

impl CalendarReport {
    /// Writes a line of CSV for each period. A value that is not defined is empty.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = || TABLES.iter().flat_map(|(_, columns)| *columns);
        write!(out, "start,end")?;
        columns().try_for_each(|column| write!(out, ",{}", column.name))?;
        writeln!(out)?;
        for (start, totals) in &self.rows {
            let instant = |day: Option<Date>| {
                let zoned = day.and_then(|day| self.periods.midnight(day));
                zoned.map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
            };
            write!(out, "{},{}", instant(Some(*start)), instant(self.periods.after(*start)))?;
            for column in columns() {
                match (column.read)(totals) {
                    ReportCell::Count(n) => write!(out, ",{n}")?,
                    ReportCell::Seconds(value) | ReportCell::Ratio(value) | ReportCell::Score(value) => write!(out, ",{value}")?,
                    ReportCell::Absent => write!(out, ",")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>, title: &str, columns: &[Column]) -> fmt::Result {
        writeln!(f, "\n{title}")?;
        let names: Vec<String> = self.rows.keys().map(|start| self.name_of(*start)).collect();
        let first = names.iter().map(String::len).max().unwrap_or(0).max("period".len());
        let width = |column: &Column| column.heading.len().max(8);
        write!(f, "{:<first$}", "period")?;
        columns.iter().try_for_each(|column| write!(f, "  {:>1$}", column.heading, width(column)))?;
        writeln!(f)?;
        for (name, totals) in names.iter().zip(self.rows.values()) {
            write!(f, "{name:<first$}")?;
            columns.iter().try_for_each(|column| write!(f, "  {:>1$}", text_of((column.read)(totals)), width(column)))?;
            writeln!(f)?;
        }
        Ok(())
    }

    /// The name of a period, with a star if the log ends within it.
    fn name_of(&self, start: Date) -> String {
        let name = match self.periods.length {
            PeriodLength::Day => start.strftime("%Y-%m-%d %a"),
            PeriodLength::Week => start.strftime("%G-W%V %b %d"),
            PeriodLength::Month => start.strftime("%Y-%m"),
        };
        let is_unfinished = self.periods.start(self.end) == Some(start);
        format!("{name}{}", if is_unfinished { "*" } else { "" })
    }
}

impl fmt::Display for CalendarReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = match self.periods.length {
            PeriodLength::Day => "days",
            PeriodLength::Week => "weeks from Monday",
            PeriodLength::Month => "months",
        };
        let zone = zone_name(&self.periods.zone);
        writeln!(f, "Calendar {length} in {zone}, by event time, as of {}; * is unfinished. Times are h:mm:ss.", self.end)?;
        TABLES.iter().try_for_each(|(title, columns)| self.write_table(f, title, columns))
    }
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("the given zone")
}

fn text_of(cell: ReportCell) -> String {
    match cell {
        ReportCell::Count(n) => n.to_string(),
        ReportCell::Seconds(seconds) => {
            let whole = seconds.round() as i64;
            format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
        }
        ReportCell::Ratio(share) => format!("{:.1} %", share * 100.0),
        ReportCell::Score(score) => format!("{score:.2}"),
        ReportCell::Absent => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_hours_minutes_and_seconds() {
        let texts = [0.0, 59.6, 3_661.0, 360_000.0].map(|seconds| text_of(ReportCell::Seconds(seconds)));
        assert_eq!(texts, ["0:00:00", "0:01:00", "1:01:01", "100:00:00"]);
        assert_eq!(text_of(ReportCell::Absent), "-");
    }
}
