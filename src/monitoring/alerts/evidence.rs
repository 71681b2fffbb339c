//! The numbers that an alert carries beside its sentence: the value with its cases, the range that was to be expected, the target, what moved, what somebody
//! changed last, how much of the window is counted, and since when the condition holds.
//!
//! Each is a query that Prometheus makes whenever it evaluates the alert; one without an answer is left out. Does not know when an alert fires.

use super::conditions::{Breakdown, Conditions};
use crate::metrics::MOVING;
use crate::metrics::statistics::Z;
use crate::monitoring::alert::Alert;
use crate::monitoring::recording_rules::marked_changes::LAST;

/// The place in a query where the labels of the alert's group and of its installation stand.
pub(super) const GROUP: &str = "GROUP";
/// The place where those of the installation alone stand.
const WHOLE: &str = "WHOLE";

/// The labels that tell one installation from another, in a query.
const INSTALLATION: [&str; 3] = ["job", "namespace", "cluster"];

/// The labels of alerts that are dimensions, so that a change may be for some of their values.
const TEAM: &str = "team";
const STAGE: &str = "journey_stage";

/// How many values of a dimension are named for what they contributed.
const NAMED: usize = 2;

/// How a number is written.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// A share of 1, in per cent.
    Share,
    /// A number of seconds, in days, hours, minutes and seconds.
    Duration,
    /// A whole number.
    Count,
    /// A score in points.
    Score,
}

impl Format {
    const fn template(self) -> &'static str {
        match self {
            Self::Share => "humanizePercentage",
            Self::Duration => "humanizeDuration",
            Self::Count => "printf \"%.0f\"",
            Self::Score => "printf \"%.1f\"",
        }
    }
}

/// The evidence of one alert while it is put together.
pub(super) struct Evidence {
    /// The labels of the alert that tell one group from another.
    labels: Vec<&'static str>,
    sentences: Vec<String>,
}

impl Evidence {
    /// Evidence about the groups of a breakdown.
    pub(super) fn of(breakdown: Breakdown) -> Self {
        Self { labels: breakdown.labels.split(", ").filter(|label| !label.is_empty()).collect(), sentences: Vec::new() }
    }

    /// The value and the number of its cases, with the noun of a case.
    pub(super) fn now(self, value: &str, format: Format, cases: &str, noun: &str) -> Self {
        self.beside("Now ", value, format, cases, noun)
    }

    /// A value after the word for it, and a number beside it with its noun.
    pub(super) fn beside(self, word: &str, value: &str, format: Format, cases: &str, noun: &str) -> Self {
        let of_cases = self.number(" (", cases, Format::Count, &format!(" {noun})"));
        let sentence = self.number(word, value, format, &format!("{of_cases}. "));
        self.saying(sentence)
    }

    /// The range in which the value would lie by chance in nineteen of twenty cases, from the value and its z: the distance to what was expected,
    /// divided by z, is the standard error of that distance.
    pub(super) fn expected(self, expected: &str, value: &str, z: &str, across: &str, format: Format) -> Self {
        let error = format!("abs(({value} - {across}{expected}) / {across}{z})");
        let bound = |side: char| {
            let bound = format!("({expected}) {side} {across}({Z:.2} * {error})");
            if matches!(format, Format::Share) { format!("clamp({bound}, 0, 1)") } else { bound }
        };
        let upper = self.number(" to ", &bound('+'), format, "");
        let sentence = self.number("Expected ", &bound('-'), format, &format!("{upper}. "));
        self.saying(sentence)
    }

    /// The value that is usual.
    pub(super) fn usual(self, expression: &str, format: Format) -> Self {
        let sentence = self.number("Usually ", expression, format, ". ");
        self.saying(sentence)
    }

    /// How many times as long as usual durations are, where that is most beyond chance: over which span, and in which channel.
    pub(super) fn times_as_usual(self, times: &str, z: &str) -> Self {
        let most = self.query(&format!("{times} and on (channel, window) topk(1, {z})"));
        let channel = "{{ with . | first | label \"channel\" }} in channel {{ . }}{{ end }}";
        let over = "{{ . | first | label \"window\" }}";
        self.saying(format!(
            "{{{{ with {most} }}}}{{{{ . | first | value | printf \"%.1f\" }}}} times as long as usual over {over}{channel}. {{{{ end }}}}"
        ))
    }

    /// How many more of the waits than usual go on, where that is most beyond chance: at which age, over which span, and in which channel. `waits` and `going_on`
    /// are the starts of recorded names, and `of_span` chooses the spans.
    pub(super) fn still_waiting(self, waits: &str, going_on: &str, of_span: &str) -> Self {
        let more = format!("100 * ({going_on}:span / {waits}:span - {waits}:share_past{{{GROUP}}})");
        let most = format!("topk(1, {waits}:z_past{{{of_span},{GROUP}}} > 3)");
        let worst = self.query(&format!("topk(1, {more} and on (channel, window) {most})"));
        let channel = "{{ with . | first | label \"channel\" }} in channel {{ . }}{{ end }}";
        let of = |label: &str| format!("{{{{ . | first | label \"{label}\" }}}}");
        self.saying(format!(
            "{{{{ with {worst} }}}}Over {}{channel}, {{{{ . | first | value | printf \"%.0f\" }}}} points more of the tickets than usual still waited at \
             the age of {}. {{{{ end }}}}",
            of("window"),
            of("age")
        ))
    }

    /// The target.
    pub(super) fn target(self, expression: &str, format: Format) -> Self {
        let sentence = self.number("Target ", expression, format, ". ");
        self.saying(sentence)
    }

    /// The channel of the group in which most of the change lies, with how many more cases than expected there are; fewer are negative.
    pub(super) fn mostly_in_channel(self, beyond: &str, falls: bool, noun: &str) -> Self {
        let worst = self.query(&if falls { format!("bottomk(1, {beyond} < 0)") } else { format!("topk(1, {beyond} > 0)") });
        let of_first = "{{ . | first | label \"channel\" }} ({{ . | first | value | printf \"%+.0f\" }}";
        self.saying(format!("{{{{ with {worst} }}}}Most of it in channel {of_first} {noun}). {{{{ end }}}}"))
    }

    /// What moved in the whole organisation over a day, against the rest of the longer window, by each dimension but the one of the group: the values whose
    /// rate moved most in the direction that is bad, and the mix of all. A mix is always there where a rate is.
    pub(super) fn moved(mut self, conditions: &Conditions<'_>, metric: &str, falls: bool) -> Self {
        let is_taken_apart = MOVING.iter().any(|moving| moving.metric == metric);
        let Some((short, long)) = conditions.trend(conditions.window("24h")).filter(|_| is_taken_apart) else { return self };
        let (scale, digits) = match metric {
            _ if metric.ends_with("_mean") => ("", "%+.0f s"),
            "nps_service" | "nps_experience" => ("", "%+.1f points"),
            _ => ("100 * ", "%+.1f points"),
        };
        let (worst, beyond) = if falls { ("bottomk", "< 0") } else { ("topk", "> 0") };
        for (suffix, dimension) in &conditions.dimensions {
            if self.labels.contains(&dimension.as_str()) {
                continue;
            }
            let part = |part: &str| {
                format!(
                    "cx:contribution{suffix}:merged{{metric=\"{metric}\",window=\"{short}\",baseline=\"{long}\",part=\"{part}\",{WHOLE}}}"
                )
            };
            let named = part("rate").replace(WHOLE, &format!("{dimension}!=\"other\",{WHOLE}"));
            let rates = self.query(&format!("{worst}({NAMED}, {scale}{named} {beyond})"));
            let mix = self.query(&format!("{scale}sum({})", part("mix")));
            self.sentences.push(format!(
                "{{{{ with {rates} }}}}What moved in all against the rest of {long}, by {dimension}: {{{{ range . }}}}{{{{ .Labels.{dimension} }}}} \
                 {{{{ .Value | printf \"{digits}\" }}}}, {{{{ end }}}}\
                 {{{{ with {mix} }}}}mix {{{{ . | first | value | printf \"{digits}\" }}}}{{{{ end }}}}. {{{{ end }}}}"
            ));
        }
        self
    }

    /// The latest marked change that applies to the group: one that was for the group, or for every value of its dimension. An alert on the whole leaves the
    /// changes of single teams to the alerts of these teams.
    fn changed(&self) -> String {
        let changes = |variable: char, absent: &[&str]| {
            let absent: String = absent.iter().map(|dimension| format!(",{dimension}=\"\"")).collect();
            format!("{LAST}{{%[{variable}]s{absent}}}")
        };
        let query = if self.labels.contains(&TEAM) {
            format!("{} or {})` $g $w", changes('1', &[]), changes('2', &[TEAM]))
        } else if self.labels.contains(&STAGE) {
            format!("{} or {})` $g $w", changes('1', &[TEAM]), changes('2', &[TEAM, STAGE]))
        } else {
            format!("{})` $w", changes('1', &[TEAM]))
        };
        format!(
            "{{{{ range printf `topk(1, {query} | query }}}}Last marked change: {{{{ printf \"%q\" .Labels.change }}}} at {{{{ (toTime \
             .Value).Format \"2006-01-02 15:04\" }}}} ({{{{ .Labels.ago }}}}). {{{{ end }}}}"
        )
    }

    /// The text, with what holds for every alert on the organisation: what was changed last, how much of the window is counted, and since when the condition
    /// holds. A condition on the state of now has no window.
    pub(super) fn text(mut self, alert: &str, window: Option<&str>, apart: &[(&'static str, String)]) -> String {
        let changed = self.changed();
        self.sentences.push(changed);
        if let Some(window) = window {
            let coverage = format!("cx:window_coverage_ratio:min{{window=\"{window}\",{WHOLE}}}");
            let sentence = self.number("The window is counted to ", &coverage, Format::Share, ". ");
            self.sentences.push(sentence);
        }
        let own: String = apart.iter().map(|(label, value)| format!(",{label}=\"{value}\"")).collect();
        let since = self.query(&format!("ALERTS_FOR_STATE{{alertname=\"{alert}\"{own},{GROUP}}}"));
        self.sentences.push(format!("{{{{ with {since} }}}}Since {{{{ . | first | value | humanizeTimestamp }}}}.{{{{ end }}}}"));
        // The rules must fit into one object of the operator, so the template has no space that only a reader would want.
        (self.variables() + &self.sentences.concat()).replace("{{ ", "{{").replace(" }}", "}}").replace(" | ", "|")
    }

    fn saying(mut self, sentence: String) -> Self {
        self.sentences.push(sentence);
        self
    }

    /// A number between two texts; nothing at all where the query has no answer. The text after it may hold further queries.
    fn number(&self, before: &str, expression: &str, format: Format, after: &str) -> String {
        let (query, format) = (self.query(expression), format.template());
        format!("{{{{ with {query} }}}}{before}{{{{ . | first | value | {format} }}}}{after}{{{{ end }}}}")
    }

    /// A call of `query`, in which the variables of the template take the places of [`GROUP`] and [`WHOLE`].
    fn query(&self, expression: &str) -> String {
        let variable = if expression.contains(GROUP) { "$g" } else { "$w" };
        let is_once = expression.matches(GROUP).count() + expression.matches(WHOLE).count() == 1;
        let place = if is_once { "%s" } else { "%[1]s" };
        format!("printf `{}` {variable} | query", expression.replace(GROUP, place).replace(WHOLE, place))
    }

    /// The variables of the template: the matchers of the installation, and those of the group with them.
    fn variables(&self) -> String {
        let matchers = INSTALLATION.map(|label| format!("{label}=%q")).join(",");
        let values = INSTALLATION.map(|label| format!("$labels.{label}")).join(" ");
        let whole = format!("{{{{ $w := printf `{matchers}` {values} }}}}");
        if self.labels.is_empty() {
            return whole + "{{ $g := $w }}";
        }
        let matchers: String = self.labels.iter().map(|label| format!(",{label}=%q")).collect();
        let values: String = self.labels.iter().map(|label| format!(" $labels.{label}")).collect();
        whole + &format!("{{{{ $g := printf `%s{matchers}` $w{values} }}}}")
    }
}

impl Alert {
    /// Adds the numbers behind it. The labels that tell it from others must be there already.
    pub(super) fn shown_by(mut self, evidence: Evidence, window: Option<&str>) -> Self {
        self.evidence = evidence.text(self.name, window, &self.apart);
        self.window = window.map(str::to_owned);
        self
    }
}
