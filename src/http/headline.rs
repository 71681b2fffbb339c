//! The few numbers that the landing page shows, picked out of the exposition text.
//!
//! Knows names of families and how a person reads their values; does not know HTML.

/// Values of one family, one per window, in the windows' order; `None` where there is no value.
pub(super) struct Headline {
    /// What the row is called.
    pub(super) title: &'static str,
    /// The values as a person reads them.
    pub(super) values: Vec<Option<String>>,
}

/// What the page shows.
pub(super) struct Headlines {
    /// The windows, shortest first.
    pub(super) windows: Vec<String>,
    /// One row per family that has a value.
    pub(super) windowed: Vec<Headline>,
    /// State, without windows: title and value.
    pub(super) now: Vec<(&'static str, String)>,
}

/// How a value is written for people.
#[derive(Clone, Copy)]
enum Reading {
    Count,
    Duration,
    Percent,
    Score,
}

/// Title, family, label beside the window, reading.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>, Reading);

const WINDOWED: [Row; 16] = [
    ("First response, mean", "cx_first_response_mean_seconds", None, Reading::Duration),
    ("First response, p90", "cx_first_response_p90_seconds", None, Reading::Duration),
    ("Next response, mean", "cx_next_response_mean_seconds", None, Reading::Duration),
    ("Resolution, mean", "cx_resolution_mean_seconds", None, Reading::Duration),
    ("Resolution, p90", "cx_resolution_p90_seconds", None, Reading::Duration),
    ("Chat wait, mean", "cx_chat_wait_mean_seconds", None, Reading::Duration),
    ("Chats abandoned", "cx_chat_abandonment_ratio", None, Reading::Percent),
    ("CSAT", "cx_csat_ratio", None, Reading::Percent),
    ("CSAT answers", "cx_csat_responses", None, Reading::Count),
    ("NPS, service", "cx_nps_score", Some(("scope", "service")), Reading::Score),
    ("NPS, experience", "cx_nps_score", Some(("scope", "experience")), Reading::Score),
    ("CES (1 to 5, low is good)", "cx_ces_effort_score", None, Reading::Score),
    ("Tickets created", "cx_tickets_created", None, Reading::Count),
    ("Tickets resolved", "cx_tickets_resolved", None, Reading::Count),
    ("Chats started", "cx_chats_started", None, Reading::Count),
    ("Data seen", "cx_window_coverage_ratio", None, Reading::Percent),
];

const NOW: [Row; 5] = [
    ("Open tickets", "cx_backlog_tickets", None, Reading::Count),
    ("Without a first response", "cx_backlog_unanswered_tickets", None, Reading::Count),
    ("Awaiting a reply", "cx_backlog_awaiting_reply_tickets", None, Reading::Count),
    ("Chats waiting", "cx_chats_waiting", None, Reading::Count),
    ("Chats active", "cx_chats_active", None, Reading::Count),
];

impl Headlines {
    /// Reads the headline numbers of an exposition.
    pub(super) fn read(exposition: &str) -> Self {
        let samples: Vec<Sample<'_>> = exposition.lines().filter_map(Sample::read).collect();
        let mut ranges: Vec<(f64, &str)> =
            samples.iter().filter(|s| s.name == "cx_window_range_seconds").filter_map(|s| Some((s.value, s.label("window")?))).collect();
        ranges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let windows: Vec<String> = ranges.iter().map(|(_, window)| (*window).to_owned()).collect();

        let mut windowed = Vec::new();
        for row in WINDOWED {
            let value_in = |window: &String| find(&samples, row, Some(window)).map(|value| row.3.text(value));
            let values: Vec<_> = windows.iter().map(value_in).collect();
            if values.iter().any(Option::is_some) {
                windowed.push(Headline { title: row.0, values });
            }
        }
        let now = NOW.iter().filter_map(|row| Some((row.0, row.3.text(find(&samples, *row, None)?)))).collect();
        Self { windows, windowed, now }
    }
}

/// One line of the exposition.
struct Sample<'a> {
    name: &'a str,
    labels: &'a str,
    value: f64,
}

impl<'a> Sample<'a> {
    /// A sample of a family that the page shows; `None` for every other line.
    fn read(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let name = line.get(..end)?;
        let shown = name == "cx_window_range_seconds" || WINDOWED.iter().chain(&NOW).any(|row| row.1 == name);
        if !shown {
            return None;
        }
        let (labels, value) = match line.get(end..)?.strip_prefix('{') {
            Some(rest) => rest.rsplit_once('}')?,
            None => ("", line.get(end..)?),
        };
        Some(Self { name, labels, value: value.split_whitespace().next()?.parse().ok()? })
    }

    /// A label's value. Enough for windows and scopes, whose values hold no comma and no quote.
    fn label(&self, name: &str) -> Option<&'a str> {
        self.labels.split(',').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
    }
}

fn find(samples: &[Sample<'_>], row: Row, window: Option<&str>) -> Option<f64> {
    let (_, name, extra, _) = row;
    let fits =
        |s: &&Sample<'_>| s.name == name && s.label("window") == window && extra.is_none_or(|(label, value)| s.label(label) == Some(value));
    samples.iter().find(fits).map(|s| s.value)
}

impl Reading {
    fn text(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Percent => format!("{:.1} %", value * 100.0),
            Self::Score => format!("{value:.1}"),
            Self::Duration => duration(value),
        }
    }
}

/// Two units at most: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    // Rounded to the nearest second; a duration is never negative.
    let s = seconds.round() as u64;
    let (larger, large, smaller, small) = match s {
        0..60 => return format!("{s} s"),
        60..3_600 => (s / 60, "min", s % 60, "s"),
        3_600..86_400 => (s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => (s / 86_400, "d", s % 86_400 / 3_600, "h"),
    };
    if smaller == 0 { format!("{larger} {large}") } else { format!("{larger} {large} {smaller} {small}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPOSITION: &str = "\
# TYPE cx_window_range_seconds gauge
cx_window_range_seconds{window=\"24h\"} 86400
cx_window_range_seconds{window=\"5m\"} 300
cx_csat_ratio{window=\"24h\"} 0.875
cx_csat_ratio_by_team{team=\"a\",window=\"24h\"} 0.5
cx_nps_score{scope=\"experience\",window=\"5m\"} -12.5
cx_first_response_mean_seconds{window=\"5m\"} 3725
cx_backlog_tickets 17
";

    #[test]
    fn windows_are_in_order_of_length_and_rows_without_values_are_left_out() {
        let headlines = Headlines::read(EXPOSITION);
        assert_eq!(headlines.windows, ["5m", "24h"]);
        let titles: Vec<_> = headlines.windowed.iter().map(|row| row.title).collect();
        assert_eq!(titles, ["First response, mean", "CSAT", "NPS, experience"]);
        assert_eq!(headlines.windowed[0].values, [Some("1 h 2 min".to_owned()), None]);
        assert_eq!(headlines.windowed[1].values, [None, Some("87.5 %".to_owned())]);
        assert_eq!(headlines.windowed[2].values, [Some("-12.5".to_owned()), None]);
        assert_eq!(headlines.now, [("Open tickets", "17".to_owned())]);
    }

    #[test]
    fn durations_show_two_units_at_most() {
        let cases =
            [(0.25, "0.2 s"), (59.4, "59 s"), (60.0, "1 min"), (200.0, "3 min 20 s"), (7_500.0, "2 h 5 min"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }
}
