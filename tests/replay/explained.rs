//! Facts as CSV: what a number is made of, and that the sums are the printed series.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use cxpulse::command::replay::{Explained, TopicFile};
use cxpulse::config::Configuration;
use cxpulse::time::EventTime;
use indicatif::ProgressBar;

use super::small_inputs::{Files, MINUTE, NINE, SURVEYS, TICKETS};
use crate::support::left_out::{leave_out, variable};

/// A customer who answers twice, comes back, and touches; a chat; a ticket that is withdrawn; a rating that is changed.
const MORE_TICKETS: &str = r#"
{"id":"u1","type":"ticket.created","time":1777885200000,"ticket_id":"C","channel":"email","team":"orders","customer_id":"K"}
{"id":"u2","type":"ticket.created","time":1777885260000,"ticket_id":"D","channel":"web","customer_id":"K"}
{"id":"u3","type":"ticket.status_changed","time":1777885320000,"ticket_id":"C","status":"solved"}
{"id":"u4","type":"ticket.status_changed","time":1777885380000,"ticket_id":"C","status":"open"}
{"id":"u5","type":"ticket.status_changed","time":1777885440000,"ticket_id":"D","status":"spam"}
{"id":"u6","type":"ticket.message","time":1777885500000,"ticket_id":"C","author":"agent"}
"#;
const CHATS: &str = r#"
{"id":"c1","type":"chat.started","time":1777885200000,"chat_id":"1,2","customer_id":"K"}
{"id":"c2","type":"chat.accepted","time":1777885230000,"chat_id":"1,2","team":"sales"}
{"id":"c3","type":"chat.started","time":1777885200000,"chat_id":"Y"}
{"id":"c4","type":"chat.abandoned","time":1777885290000,"chat_id":"Y"}
"#;
const MORE_SURVEYS: &str = r#"
{"id":"r1","type":"survey.sent","time":1777885200000,"survey_id":"S","metric":"csat","ticket_id":"C"}
{"id":"r2","type":"survey.responded","time":1777885500000,"survey_id":"S","metric":"csat","score":5,"ticket_id":"C"}
{"id":"r3","type":"survey.responded","time":1777885560000,"survey_id":"S","metric":"csat","score":2,"ticket_id":"C"}
{"id":"r4","type":"survey.responded","time":1777885560000,"metric":"nps","score":3,"customer_id":"K"}
{"id":"r5","type":"survey.responded","time":1777885620000,"metric":"nps","score":9,"customer_id":"K"}
{"id":"r6","type":"survey.responded","time":1777885620000,"metric":"ces","score":2,"direction":"effort","ticket_id":"C"}
"#;
const CUSTOMERS: &str = r#"
{"id":"k1","type":"customer.subscribed","time":1777885100000,"customer_id":"K","segment":"smb"}
{"id":"k2","type":"customer.touchpoint","time":1777885150000,"customer_id":"K","journey_stage":"buy"}
{"id":"k3","type":"customer.erased","time":1777885700000,"customer_id":"K"}
"#;

/// With everything on that makes facts of its own.
const CONFIGURATION: &str = r#"
[journey]
stages = [{ name = "buy", idle_timeout = "3h" }, { name = "onboarding", idle_timeout = "20d" }, { name = "use", idle_timeout = "2d" }]
[schedules.office]
zone = "Europe/Rome"
monday = ["10:00-13:00", "14:00-19:00"]
tuesday = ["10:00-19:00"]
thursday = ["00:00-24:00"]
[targets.first_response]
within = "4m"
overrides = [{ where = { channel = ["chat"] }, within = "2m", clock = "calendar" }]
[targets.resolution]
within = "30m"
[targets.chat_wait]
within = "30s"
"#;

fn files() -> Files {
    let files = Files::new().with("tickets", TICKETS).with("surveys", SURVEYS);
    files.with("tickets", MORE_TICKETS).with("chats", CHATS).with("surveys", MORE_SURVEYS).with("customers", CUSTOMERS)
}

/// The facts by column, and the exposition of the same instant.
pub(super) struct Told {
    pub(super) facts: Vec<BTreeMap<String, String>>,
    lines: Vec<String>,
    pub(super) exposition: String,
    pub(super) configuration: Configuration,
}

fn told(inputs: &[TopicFile], until: Option<EventTime>) -> Told {
    told_with(CONFIGURATION, inputs, until)
}

/// The facts of these files under this configuration.
pub(super) fn told_with(configuration: &str, inputs: &[TopicFile], until: Option<EventTime>) -> Told {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), configuration).unwrap();
    let mut configuration = cxpulse::config::load(Some(file.path()), [], &[]).unwrap().configuration;
    configuration.topics.iter_mut().for_each(|topic| topic.allowed_lateness = cxpulse::time::Span::days(1));
    configuration.engine.topics.iter_mut().for_each(|topic| topic.allowed_lateness = cxpulse::time::Span::days(1));
    let mut explained = Explained::until(&configuration, inputs, until, &ProgressBar::hidden()).unwrap();
    let mut csv = Vec::new();
    explained.write_facts(&mut csv).unwrap();
    let lines: Vec<String> = String::from_utf8(csv).unwrap().lines().map(str::to_owned).collect();
    let names = fields(&lines[0]);
    let fact = |line: &String| {
        let values = fields(line);
        assert_eq!(values.len(), names.len(), "{line}");
        names.iter().cloned().zip(values).collect()
    };
    let facts = lines[1..].iter().map(fact).collect();
    let exposition = explained.replayed.exposition;
    Told { facts, lines, exposition, configuration }
}

/// The fields of a line, of which one in quotes may hold a comma.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            letter => fields.last_mut().unwrap().push(letter),
        }
    }
    fields
}

/// A family without grouping set and its labels, those of the grouping set and the window among them.
type Series = (String, BTreeMap<String, String>);

impl Told {
    /// What the facts add up to, by series.
    pub(super) fn sums(&self) -> BTreeMap<Series, f64> {
        let settings = &self.configuration.engine;
        let of_set = |set: &Vec<u8>| set.iter().map(|d| settings.dimensions[usize::from(*d)].name.clone()).collect::<Vec<_>>();
        let mut sets: Vec<Vec<String>> = settings.grouping_sets.iter().chain(&settings.customer_grouping_sets).map(of_set).collect();
        sets.push(Vec::new());
        let all_windows: Vec<&str> = settings.windows.iter().map(|window| window.name.as_str()).collect();
        let mut sums = BTreeMap::new();
        let exposition = cxpulse::metrics::Exposition::new(&self.configuration);
        let known: std::collections::BTreeSet<&str> = exposition.families().iter().map(|family| family.name.as_str()).collect();
        for fact in &self.facts {
            assert!(known.contains(fact["measure"].as_str()), "no family {}", fact["measure"]);
            for (family, own, amount) in parts(fact) {
                let windows: Vec<Option<&str>> = match fact["windows"].as_str() {
                    "" => vec![],
                    "now" if family.contains("_at_start") => all_windows.iter().copied().map(Some).collect(),
                    "now" => vec![None],
                    listed => listed.split('|').map(Some).collect(),
                };
                // A label of its own that has a dimension's name is no grouping set.
                let sets = || sets.iter().filter(|set| !set.iter().any(|name| own.contains_key(name)));
                for (window, set) in windows.iter().flat_map(|window| sets().map(move |set| (window, set))) {
                    let mut labels = own.clone();
                    labels.extend(set.iter().map(|name| (name.clone(), fact[name].clone())));
                    labels.extend(window.map(|window| ("window".to_owned(), window.to_owned())));
                    *sums.entry((family.clone(), labels)).or_insert(0.0) += amount;
                }
            }
        }
        sums
    }

    /// Compares every series of the families that facts add up to; gives how many.
    fn compare(&self) -> usize {
        let sums = self.sums();
        let families: std::collections::BTreeSet<&str> = sums.keys().map(|(family, _)| family.as_str()).collect();
        let (mut compared, mut printed) = (0, std::collections::BTreeSet::new());
        for line in self.exposition.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket")) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let Some(family) = family_of(name, &families) else { continue };
            let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty());
            let labels = labels.map(|label| label.trim_end_matches('"').split_once("=\"").unwrap());
            let key = (family, labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
            let (value, sum): (f64, f64) = (value.parse().unwrap(), sums.get(&key).copied().unwrap_or(0.0));
            let allowed = if value.fract() == 0.0 { 1e-6 } else { value.abs() * 1e-9 };
            assert!((value - sum).abs() <= allowed, "{line}, but the facts add up to {sum}");
            compared += 1;
            printed.insert(key);
        }
        let dimensions: Vec<&String> = self.configuration.engine.dimensions.iter().map(|dimension| &dimension.name).collect();
        for ((family, labels), sum) in &sums {
            // Families of customers are absent where the base is not known; which families exist for which set is the catalogue's business.
            let is_overall = family.contains("touchpoints") || !labels.keys().any(|label| dimensions.contains(&label));
            let is_printed = printed.contains(&(family.clone(), labels.clone()));
            let may_be_absent = family.starts_with("cx_customers") || family.contains("touchpoints") && labels.len() > 3;
            assert!(!is_overall || *sum == 0.0 || is_printed || may_be_absent, "{family}{labels:?} {sum} is not printed");
        }
        compared
    }
}

/// The series that a fact adds to, before windows and grouping sets.
fn parts(fact: &BTreeMap<String, String>) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let (measure, value) = (fact["measure"].as_str(), fact["value"].parse::<f64>().unwrap());
    let own: BTreeMap<String, String> =
        fact["label"].split(';').filter_map(|label| label.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let plain = |family: &str, amount: f64| (family.to_owned(), BTreeMap::new(), amount);
    // Answers are kept by scale, and shown without it.
    let stage = own.get("journey_stage").map(|stage| ("journey_stage".to_owned(), stage.clone()));
    let in_stage = |family: &str, amount: f64| (family.to_owned(), stage.clone().into_iter().collect(), amount);
    let group = fact["group"].as_str();
    match measure {
        _ if measure.contains("csat_responses") => {
            let satisfied = measure.replace("csat_responses", "csat_satisfied_responses");
            let mut parts = vec![in_stage(measure, 1.0), in_stage(&satisfied, f64::from(u8::from(group == "satisfied")))];
            parts.extend((measure == "cx_csat_responses").then(|| plain("cx_csat_score_points", value)));
            parts
        }
        "cx_journey_ces_responses" => vec![in_stage(measure, 1.0), in_stage("cx_journey_ces_effort_points", value)],
        "cx_ces_responses" => vec![
            plain(measure, 1.0),
            plain("cx_ces_effort_points", value),
            plain("cx_ces_low_effort_responses", f64::from(u8::from(group == "low_effort"))),
            plain("cx_ces_high_effort_responses", f64::from(u8::from(group == "high_effort"))),
        ],
        "cx_nps_responses" => {
            let mut labels = own;
            labels.insert("group".to_owned(), group.to_owned());
            vec![(measure.to_owned(), labels, 1.0)]
        }
        "cx_customers_active" => vec![plain(measure, value), plain("cx_customers_active_at_start", value)],
        // The oldest of them is shown, not their sum.
        _ if measure.ends_with("_timestamp_seconds") => vec![],
        _ if measure.ends_with("_seconds") => vec![in_stage(&format!("{measure}_sum"), value), in_stage(&format!("{measure}_count"), 1.0)],
        _ => vec![(measure.to_owned(), own, value)],
    }
}

/// The family of a series without the suffix of a grouping set, which stands before that of a histogram.
fn family_of(name: &str, families: &std::collections::BTreeSet<&str>) -> Option<String> {
    let suffix = ["_sum", "_count"].into_iter().find(|suffix| name.ends_with(suffix)).unwrap_or("");
    let stem = &name[..name.len() - suffix.len()];
    let mut ends: Vec<usize> = stem.match_indices("_by_").map(|(at, _)| at).collect();
    ends.push(stem.len());
    ends.iter().rev().map(|end| format!("{}{suffix}", &stem[..*end])).find(|family| families.contains(family.as_str()))
}

#[test]
fn a_fact_says_whose_it_is_when_it_was_and_in_which_windows_it_counts() {
    let told = told(&files().inputs, None);
    assert_eq!(told.lines[0], "measure,kind,id,time,value,group,label,channel,journey_stage,team,priority,brand,segment,windows,opened");
    for wanted in [
        "cx_first_response_seconds,ticket,A,2026-05-04T09:05:00.000Z,300,,,email,unknown,orders,unknown,unknown,unknown,1h|24h|7d|30d,2026-05-04T09:00:00.000Z",
        "cx_tickets_created,ticket,B,2026-05-04T10:00:00.000Z,1,,,web,unknown,unknown,unknown,unknown,unknown,5m|1h|24h|7d|30d,",
        "cx_backlog_tickets,ticket,B,,1,,,web,unknown,unknown,unknown,unknown,unknown,now,",
        "cx_csat_responses,survey,2,2026-05-04T09:41:00.000Z,2,,scale=1..5,unknown,unknown,unknown,unknown,unknown,unknown,1h|24h|7d|30d,",
        "cx_chats_accepted,chat,\"1,2\",2026-05-04T09:00:30.000Z,1,,,chat,unknown,sales,unknown,unknown,unknown,24h|7d|30d,",
        "cx_journey_touchpoints,customer,K,2026-05-04T08:59:10.000Z,1,,journey_stage=buy;channel=unknown,unknown,buy,unknown,unknown,unknown,unknown,24h|7d|30d,",
    ] {
        assert!(told.lines.iter().any(|line| line == wanted), "{wanted} is missing in\n{}", told.lines.join("\n"));
    }
    let withdrawn: Vec<_> = told.lines.iter().filter(|line| line.contains(",ticket,D,")).collect();
    let wanted = "target=first_response;reason=withdrawn";
    assert!(withdrawn.iter().all(|line| line.starts_with("cx_target_undecided,")), "of what is withdrawn only that stands: {withdrawn:?}");
    assert!(withdrawn.iter().any(|line| line.contains(wanted)), "{wanted} is missing in {withdrawn:?}");
    let of_customer: Vec<_> = told.facts.iter().filter(|fact| fact["measure"] == "cx_nps_responses").collect();
    assert_eq!(of_customer.len(), 1);
    assert_eq!((of_customer[0]["id"].as_str(), of_customer[0]["group"].as_str()), ("K", "promoter"));
}

#[test]
fn facts_add_up_to_the_printed_series() {
    let files = files();
    let compared = |minutes: i64| told(&files.inputs, Some(EventTime(NINE + minutes * MINUTE))).compare();
    let compared: usize = [0, 3, 5, 6, 20, 60, 200, 60 * 24 * 40].into_iter().map(compared).sum();
    assert!(compared > 2_000, "only {compared} series were compared");
}

#[test]
fn facts_of_the_torture_set_add_up_to_the_printed_series() {
    let Some(data) = variable("CXPULSE_DATA").map(PathBuf::from) else {
        return leave_out("no data sets: CXPULSE_DATA does not name their folder");
    };
    let input = |topic: &str| TopicFile { topic: topic.to_owned(), path: data.join(format!("torture/{topic}.jsonl.gz")) };
    let inputs = ["tickets", "chats", "surveys", "customers"].map(input);
    if inputs.iter().any(|input| !input.path.is_file()) {
        return leave_out("no data set `torture` below CXPULSE_DATA");
    }
    let told = told(&inputs, None);
    let compared = told.compare();
    assert!(compared > 1_000 && told.facts.len() > 10_000, "{compared} series of {} facts", told.facts.len());
    let measures: std::collections::BTreeSet<&str> = told.facts.iter().map(|fact| fact["measure"].as_str()).collect();
    assert!(measures.len() >= 65, "{} families: {measures:?}", measures.len());
    assert!(told.facts.iter().all(|fact| !fact["id"].is_empty()), "a fact without an id");
}

#[test]
fn an_answer_that_names_nothing_has_the_id_of_its_event() {
    let surveys = r#"
{"specversion":"1.0","id":"cloud","source":"x","type":"survey.responded","time":"2026-05-04T09:00:00Z","data":{"metric":"csat","score":4}}
{"id":"own","type":"survey.responded","time":1777885200000,"metric":"csat","score":4,"ticket_id":"T"}
"#;
    let told = told(&Files::new().with("surveys", surveys).inputs, None);
    let mut subjects: Vec<_> =
        told.facts.iter().filter(|f| f["measure"] == "cx_csat_responses").map(|f| (f["kind"].as_str(), f["id"].as_str())).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [("event", "cloud"), ("ticket", "T")]);
}

#[test]
fn the_command_writes_the_file_and_prints_the_exposition() {
    let files = files();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.csv");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    command.arg("replay").arg("--facts").arg(&path);
    files.inputs.iter().for_each(|input| _ = command.arg("--input").arg(format!("{}={}", input.topic, input.path.display())));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\ncx_tickets_created{window=\"24h\"} "));
    assert!(std::fs::read_to_string(&path).unwrap().contains("\ncx_tickets_created,ticket,A,"));

    let output = command.arg("--facts").arg(folder.path().join("none/facts.csv")).output().unwrap();
    assert_eq!(output.status.code(), Some(64), "twice is wrong");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    let output = command.args(["replay", "--input", "tickets=-", "--facts"]).arg(folder.path().join("none/facts.csv")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("none/facts.csv") && said.contains("hint: "), "{said}");
}
