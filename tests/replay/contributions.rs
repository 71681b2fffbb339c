//! What moved, on the published data sets (`CXPULSE_DATA`): the contributions of each value equal a slow computation from the facts that
//! `replay --facts` writes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cxpulse::command::replay::TopicFile;
use cxpulse::time::EventTime;

use super::explained::{Told, told_with};
use crate::support::contributions::{Key, Question, recomputed, uses};
use crate::support::left_out::{leave_out, variable};

/// Longer windows than by default, because some sets have few contacts a day, and targets, so that their shares move too.
const CONFIGURATION: &str = r#"
[trend]
pairs = [["24h", "7d"], ["7d", "30d"]]
[targets.first_response]
within = "4m"
[targets.resolution]
within = "8h"
[targets.chat_wait]
within = "30s"
"#;

#[test]
fn contributions_of_every_data_set_are_those_of_its_facts() {
    let Some(data) = variable("CXPULSE_DATA").map(PathBuf::from) else {
        return leave_out("no data sets: CXPULSE_DATA does not name their folder");
    };
    let mut compared = BTreeMap::new();
    for set in ["support_day", "ecommerce_csat", "chat_rooms", "italian_helpdesk", "torture"] {
        let folder = data.join(set);
        let input = |topic: &str| TopicFile { topic: topic.to_owned(), path: folder.join(format!("{topic}.jsonl.gz")) };
        let inputs: Vec<TopicFile> =
            ["tickets", "chats", "surveys", "customers"].map(input).into_iter().filter(|input| input.path.is_file()).collect();
        if inputs.is_empty() {
            return leave_out(&format!("no data set `{set}` below CXPULSE_DATA"));
        }
        let expected: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        // One instant is enough, and a large set takes seconds to read.
        let instant = expected.keys().nth(expected.len() / 2).unwrap();
        let until = EventTime(instant.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        compared.insert(set, compare(told_with(CONFIGURATION, &inputs, Some(until))));
    }
    println!("measured: contributions equal to those of the facts, by data set: {compared:?}");
    let total: usize = compared.values().sum();
    assert!(total > 200 && compared.values().filter(|n| **n > 0).count() >= 3, "{compared:?}");
}

/// Compares every series of `cx_contribution` with the one from the facts, both ways; gives how many there are.
fn compare(mut told: Told) -> usize {
    told.facts.retain(|fact| ["", "_sum"].iter().any(|end| uses(&format!("{}{end}", fact["measure"]))));
    let told = told;
    let settings = &told.configuration.engine;
    let window = |at: usize| settings.windows[at].name.as_str();
    let one = settings.grouping_sets.iter().filter(|set| set.len() == 1);
    let is_known = |metric: &str, long: &str| {
        let flag = |name: &str| told.exposition.lines().any(|line| line == format!("{name} 1"));
        match metric.strip_prefix("survey_response_").map_or((metric, ""), |of| ("survey_response", of)) {
            ("escalation", _) => flag("cx_escalation_ever_seen"),
            ("transfer", _) => flag("cx_transfer_ever_seen"),
            ("survey_response", of) => flag(&format!("cx_survey_answer_ever_seen{{metric=\"{of}\"}}")),
            ("csat_mean_score", _) => told.exposition.contains(&format!("\ncx_csat_mean_score{{window=\"{long}\"}} ")),
            _ => true,
        }
    };
    let question = Question {
        pairs: settings.trends.iter().map(|trend| (window(trend.short), window(trend.baseline))).collect(),
        dimensions: one.map(|set| settings.dimensions[usize::from(set[0])].name.as_str()).collect(),
        cases_min: f64::from(told.configuration.web.group_size_min),
        is_known: &is_known,
    };
    let mut sums = told.sums();
    sums.retain(|(family, _), _| uses(family));
    let mut wanted = recomputed(&sums, &question);
    let exported = contributions(&told.exposition);
    for (key, value) in &exported {
        let want = wanted.remove(key).unwrap_or_else(|| panic!("{key:?} {value}, but the facts have none"));
        assert!((value - want).abs() <= 1e-6 * want.abs().max(1.0), "{key:?} {value}, but the facts give {want}");
    }
    assert!(wanted.is_empty(), "not exported: {wanted:?}");
    exported.len()
}

/// The series of `cx_contribution` under the name of the overall family.
fn contributions(exposition: &str) -> Vec<(Key, f64)> {
    let line = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{')?;
        let labels = labels.trim_end_matches('}').split("\",").map(|label| label.trim_end_matches('"').split_once("=\"").unwrap());
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        name.starts_with("cx_contribution").then(|| (("cx_contribution".to_owned(), labels), value.parse().unwrap()))
    };
    exposition.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
}
