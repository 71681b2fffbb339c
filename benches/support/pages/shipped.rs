//! The shipped rule files: which recording rules and exported families some alerts need, in which order they can be evaluated, and each expression with
//! the plain merges of replicas put in place of their recorded names, so that these need no pass of their own.
//!
//! Does not know how an expression is evaluated, nor the meaning of any.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::reads::Reads;

/// The start of a merge that drops nothing but the labels of a replica. A history of one replica has none of them, so this merge is the series itself.
const OF_REPLICAS: &str = "without (instance, pod, container, endpoint) (";

/// The end of a condition that is bridged over a gap in the values, from the shipped condition itself on.
const BRIDGE: &str = ") or (last_over_time((";

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// One rule of a file.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Rule {
    pub(crate) record: Option<String>,
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    #[serde(rename = "for")]
    hold: Option<String>,
    keep_firing_for: Option<String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// Recording rules and alerts.
pub(crate) struct Shipped {
    records: Vec<Rule>,
    pub(crate) alerts: Vec<Rule>,
    /// By recorded name: the aggregation and the exported series of a plain merge, such as `sum without (instance) (` and `cx_x{le="+Inf"}`.
    merges: BTreeMap<String, (String, String)>,
}

impl Rule {
    /// The seconds for which the condition must hold, and those for which the alert is kept.
    pub(crate) fn times_seconds(&self) -> (i64, i64) {
        (self.hold.as_deref().map_or(0, seconds), self.keep_firing_for.as_deref().map_or(0, seconds))
    }

    /// The condition without the bridge over gaps. It is the same wherever `cx:windows_settled:bool` is 1.
    pub(crate) fn condition_without_gaps(&self) -> &str {
        self.expr.split_once(BRIDGE).map_or(self.expr.as_str(), |(bridged, _)| bridged.strip_prefix('(').unwrap_or(bridged))
    }
}

impl Shipped {
    /// Reads the two files of a folder.
    pub(crate) fn read(folder: &std::path::Path) -> Self {
        let rules = |file: &str| {
            let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|why| panic!("{}: {why}", folder.join(file).display()));
            let file: File = serde_saphyr::from_str(&text).expect("a rule file");
            let one_line = |rule: Rule| Rule { expr: rule.expr.split_whitespace().collect::<Vec<_>>().join(" "), ..rule };
            file.groups.into_iter().flat_map(|group| group.rules).map(one_line).collect::<Vec<Rule>>()
        };
        Self::new(rules("cxpulse.rules.yml"), rules("cxpulse.alerts.yml"))
    }

    fn new(records: Vec<Rule>, alerts: Vec<Rule>) -> Self {
        let merges = records.iter().filter_map(|rule| Some((rule.record.clone()?, merge(&rule.expr)?))).collect();
        Self { records, alerts, merges }
    }

    /// Keeps only the alerts of these names; all where there are none.
    pub(crate) fn keep_alerts(&mut self, names: &[&str]) {
        self.alerts.retain(|rule| names.is_empty() || rule.alert.as_deref().is_some_and(|name| names.contains(&name)));
    }

    /// The expression with every plain merge written out.
    pub(crate) fn written_out(&self, expr: &str) -> String {
        let mut out = String::new();
        for (word, between) in words(expr) {
            match self.merges.get(word).filter(|_| !has_range(between)) {
                Some((aggregation, series)) => push_merge(&mut out, aggregation, series, between),
                None => out.extend([word, between]),
            }
        }
        out
    }

    /// The recording rules that the alerts and some further expressions need, except plain merges that are written out: pass by pass, where a pass
    /// reads only what earlier passes recorded.
    pub(crate) fn passes(&self, more: &[String]) -> Vec<Vec<&Rule>> {
        let mut wanted = self.names_read(more);
        let mut needed = Vec::new();
        for rule in self.records.iter().rev() {
            if rule.record.as_ref().is_some_and(|record| wanted.contains(record)) {
                wanted.extend(names(&self.written_out(&rule.expr)));
                needed.push(rule);
            }
        }
        needed.reverse();
        let (mut level_of, mut passes): (BTreeMap<&str, usize>, Vec<Vec<&Rule>>) = (BTreeMap::new(), Vec::new());
        for rule in needed {
            let level =
                names(&self.written_out(&rule.expr)).iter().filter_map(|name| level_of.get(name.as_str())).map(|level| level + 1).max();
            let (level, record) = (level.unwrap_or(0), rule.record.as_deref().unwrap_or_default());
            let of_record = level_of.entry(record).or_insert(level);
            *of_record = level.max(*of_record);
            passes.resize_with(passes.len().max(level + 1), Vec::new);
            passes[level].push(rule);
        }
        passes
    }

    /// The series that all of it reads.
    pub(crate) fn reads(&self, more: &[String]) -> Reads {
        let rules = self.passes(more).concat();
        let conditions = self.alerts.iter().map(|rule| rule.expr.as_str()).chain(more.iter().map(String::as_str));
        let mut reads = Reads::default();
        conditions.chain(rules.iter().map(|rule| rule.expr.as_str())).for_each(|expr| reads.add(&words(&self.written_out(expr))));
        reads
    }

    fn names_read(&self, more: &[String]) -> BTreeSet<String> {
        let conditions = self.alerts.iter().map(|rule| rule.expr.as_str()).chain(more.iter().map(String::as_str));
        conditions.flat_map(|expr| names(&self.written_out(expr))).collect()
    }
}

/// Whether a range follows a name, of which this is the rest of the selector and more.
fn has_range(rest: &str) -> bool {
    let after = rest.strip_prefix('{').and_then(|inside| inside.split_once('}')).map_or(rest, |(_, after)| after);
    after.starts_with('[')
}

/// The aggregation and the series of a plain merge.
fn merge(expr: &str) -> Option<(String, String)> {
    let (aggregation, rest) = expr.split_once(") (")?;
    let series = rest.strip_suffix(')')?;
    let is_operator = ["sum without (", "min without (", "max without ("].iter().any(|operator| aggregation.starts_with(operator));
    let is_series = series.starts_with("cx_") && !series.contains([' ', '(', ')', '[']);
    (is_operator && is_series && !aggregation.contains(") ")).then(|| (format!("{aggregation}) ("), series.to_owned()))
}

/// Appends a merge in place of its recorded name, with the matchers and the offset that follow the name.
fn push_merge(out: &mut String, aggregation: &str, series: &str, after: &str) {
    let (matchers, after) = after.strip_prefix('{').and_then(|inside| inside.split_once('}')).unwrap_or(("", after));
    let (offset, after) = match after.strip_prefix(" offset ") {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())),
        None => ("", after),
    };
    let (name, own) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
    let all: Vec<&str> = [own, matchers].into_iter().filter(|part| !part.is_empty()).collect();
    let is_series_itself = aggregation.ends_with(OF_REPLICAS);
    out.push('(');
    out.extend([if is_series_itself { "" } else { aggregation }, name]);
    if !all.is_empty() {
        out.push_str(&format!("{{{}}}", all.join(",")));
    }
    if !offset.is_empty() {
        out.push_str(&format!(" offset {offset}"));
    }
    out.push_str(if is_series_itself { ")" } else { "))" });
    out.push_str(after);
}

/// The expression as names that begin with `cx:` or `cx_`, each with the text up to the next one. The first name is empty. Text in quotes has no names.
fn words(expr: &str) -> Vec<(&str, &str)> {
    let mut starts = Vec::new();
    let (mut is_quoted, mut is_in_word) = (false, false);
    for (at, letter) in expr.char_indices() {
        let is_of_word = letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
        if letter == '"' {
            is_quoted = !is_quoted;
        } else if !is_quoted && !is_in_word && is_of_word && (expr[at..].starts_with("cx:") || expr[at..].starts_with("cx_")) {
            starts.push(at);
        }
        is_in_word = is_of_word;
    }
    let mut words = vec![("", &expr[..starts.first().copied().unwrap_or(expr.len())])];
    for (number, start) in starts.iter().enumerate() {
        let text = &expr[*start..starts.get(number + 1).copied().unwrap_or(expr.len())];
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
        words.push(text.split_at(end));
    }
    words
}

fn names(expr: &str) -> BTreeSet<String> {
    words(expr).into_iter().map(|(word, _)| word.to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The seconds of a duration such as `15m`.
fn seconds(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().unwrap_or_else(|_| panic!("`{text}` is no duration with one unit"));
    number
        * match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => panic!("`{text}` has no known unit"),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(record: &str, expr: &str) -> Rule {
        Rule { record: Some(record.to_owned()), expr: expr.to_owned(), ..Rule::default() }
    }

    #[test]
    fn merges_are_written_out_with_matchers_and_offset_but_not_below_a_range() {
        let records = vec![
            rule("cx:a:sum", "sum without (instance, pod, le) (cx_a)"),
            rule("cx:d:max", "max without (instance, pod, container, endpoint) (cx_d)"),
            rule("cx:b_count:sum", "sum without (instance, le) (cx_b_bucket{le=\"+Inf\"})"),
            rule("cx:c:merged", "cx:a:sum / cx:b_count:sum{window=\"1h\"}"),
        ];
        let shipped = Shipped::new(records, Vec::new());
        assert_eq!(
            shipped.written_out("cx:c:merged > 2 and (cx:a:sum{window=\"1h\"} offset 7d) >= 20 and deriv(cx:a:sum[6h]) > 0"),
            "cx:c:merged > 2 and ((sum without (instance, pod, le) (cx_a{window=\"1h\"} offset 7d))) >= 20 and deriv(cx:a:sum[6h]) > 0"
        );
        // Of one replica this merge is the series itself.
        assert_eq!(shipped.written_out("cx:d:max{window=\"1h\"} offset 7d > 2"), "(cx_d{window=\"1h\"} offset 7d) > 2");
        assert_eq!(
            shipped.written_out("cx:b_count:sum{x=\"cx:a:sum\"}"),
            "(sum without (instance, le) (cx_b_bucket{le=\"+Inf\",x=\"cx:a:sum\"}))"
        );
    }

    #[test]
    fn a_bridge_is_left_out_and_the_condition_before_it_stays_whole() {
        let bridged =
            "((a >= 5 or a >= 3) and b == 1) or (last_over_time((((a >= 5 or a >= 3) and b == 1) and s == 1)[2m:15s]) unless s == 1)";
        let condition = |expr: &str| rule("x", expr).condition_without_gaps().to_owned();
        assert_eq!(condition(bridged), "(a >= 5 or a >= 3) and b == 1");
        assert_eq!(condition("vector(1)"), "vector(1)");
    }

    #[test]
    fn a_pass_reads_only_what_earlier_passes_recorded() {
        let records = vec![
            rule("cx:a:sum", "sum without (instance) (cx_a)"),
            rule("cx:b:merged", "cx:a:sum * 2"),
            rule("cx:c:z", "cx:b:merged + cx:a:sum"),
            rule("cx:d:z", "cx_d"),
        ];
        let alert = Rule { alert: Some("A".to_owned()), expr: "cx:c:z > 1 and deriv(cx:a:sum[6h]) > 0".to_owned(), ..Rule::default() };
        let shipped = Shipped::new(records, vec![alert]);
        let passes: Vec<Vec<&str>> =
            shipped.passes(&[]).iter().map(|pass| pass.iter().filter_map(|rule| rule.record.as_deref()).collect()).collect();
        assert_eq!(passes, [vec!["cx:a:sum", "cx:b:merged"], vec!["cx:c:z"]]);
        assert_eq!(shipped.reads(&[]).families().into_iter().collect::<Vec<_>>(), ["cx_a"]);
    }
}
