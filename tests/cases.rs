//! The cases from public reports, where their folder is there: each check runs the binary as a user would, and compares what comes out.
//!
//! The folder is `cases` beside the folder of `CXPULSE_DATA`, or the one that `CXPULSE_CASES_DIR` names. Each case has a `check.json` with its runs. Does
//! not know what a case is about. One failure does not hide the others: all of them are reported together, by case.

#[path = "support"]
mod support {
    #[expect(dead_code, reason = "other tests read more of an exposition")]
    pub(crate) mod exposition;
    pub(crate) mod left_out;
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fancy_regex::Regex;
use serde::Deserialize;
use support::exposition::{Exposition, canonical};
use support::left_out::{leave_out, variable};

/// The content of a `check.json`, as far as it is compared.
#[derive(Deserialize)]
struct Case {
    title: String,
    checks: Vec<Check>,
}

/// One run of the binary.
#[derive(Deserialize)]
struct Check {
    name: String,
    args: Vec<String>,
    config: Option<String>,
    #[serde(default = "replay")]
    command: String,
    /// The values of series; `None` says that a series is absent.
    #[serde(default)]
    expect: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    stderr_contains: Vec<String>,
    #[serde(default)]
    stderr_matches: Vec<String>,
    #[serde(default)]
    output_matches: Vec<String>,
}

/// What a run wrote.
struct Ran {
    is_success: bool,
    output: String,
    messages: String,
}

fn replay() -> String {
    "replay".to_owned()
}

/// The folder of the cases, or why there is none.
fn folder() -> Result<PathBuf, String> {
    let named = variable("CXPULSE_CASES_DIR").map(PathBuf::from);
    let beside = || variable("CXPULSE_DATA").map(|data| Path::new(&data).join("../cases"));
    let folder = named.or_else(beside).ok_or("no cases: neither CXPULSE_CASES_DIR nor CXPULSE_DATA names a folder")?;
    if folder.is_dir() { Ok(folder) } else { Err("no cases: their folder is not there".to_owned()) }
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder was there");
    let mut cases: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a readable folder").path()).filter(|case| case.join("check.json").is_file()).collect();
    cases.sort();
    cases
}

/// Runs the binary in the folder of a case, without any `CXPULSE_` variable of the tests' environment.
fn run(case: &Path, check: &Check) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cxpulse"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CXPULSE_")) {
        command.env_remove(name);
    }
    command.arg(&check.command).args(&check.args).current_dir(case).stdin(Stdio::null());
    if let Some(config) = &check.config {
        command.args(["--config", config]);
    }
    let output = command.output().expect("the binary was built");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the binary writes UTF-8");
    Ran { is_success: output.status.success(), output: text(&output.stdout), messages: text(&output.stderr) }
}

/// What is wrong with a run, in a line each.
fn faults(check: &Check, ran: &Ran) -> Vec<String> {
    let mut faults = Vec::new();
    if check.command == "replay" && !ran.is_success {
        faults.push(format!("the run failed: {}", ran.messages.trim()));
    }
    if ran.is_success && !check.expect.is_empty() {
        let values: BTreeMap<String, f64> =
            Exposition::parse(&ran.output).samples().map(|(series, value)| (canonical(series), value)).collect();
        for (series, expected) in &check.expect {
            let found = values.get(&canonical(series)).copied();
            if !is_equal(series, *expected, found) {
                faults.push(format!("{series} is {}, not {}", shown(found), shown(*expected)));
            }
        }
    }
    for text in check.stderr_contains.iter().filter(|text| !ran.messages.contains(text.as_str())) {
        faults.push(format!("the messages do not hold `{text}`: {}", ran.messages.trim()));
    }
    let both = format!("{}{}", ran.output, ran.messages);
    for (patterns, text) in [(&check.stderr_matches, &ran.messages), (&check.output_matches, &both)] {
        for pattern in patterns {
            let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            if !regex.is_match(text).unwrap_or_else(|error| panic!("{pattern}: {error}")) {
                faults.push(format!("nothing matches `{pattern}` in: {}", text.lines().take(40).collect::<Vec<_>>().join("\n      ")));
            }
        }
    }
    faults
}

/// A whole number is equal, a decimal within 1e-6 of itself. A 0 may be absent where its label set need not have been seen.
fn is_equal(series: &str, expected: Option<f64>, found: Option<f64>) -> bool {
    match (expected, found) {
        (None, None) => true,
        (Some(expected), Some(found)) if expected.fract() == 0.0 => expected == found,
        (Some(expected), Some(found)) => (expected - found).abs() <= 1e-6 * expected.abs(),
        (Some(0.0), None) => label_names(series).any(|name| name != "window"),
        _ => false,
    }
}

/// The names of the labels of a series.
fn label_names(series: &str) -> impl Iterator<Item = &str> {
    let labels = series.split_once('{').map_or("", |(_, labels)| labels);
    // A name stands before `="`, and behind the brace or the comma of the label before it.
    labels.split("=\"").map(|part| part.rsplit(['"', ',']).next().unwrap_or(part)).take(labels.matches("=\"").count())
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| value.to_string())
}

#[test]
fn every_case_has_the_values_and_messages_that_its_check_names() {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(why) => return leave_out(&why),
    };
    let (mut report, mut wrong, mut compared) = (String::new(), 0, 0);
    for path in cases(&folder) {
        let text = std::fs::read_to_string(path.join("check.json")).expect("it is a file");
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut of_case = String::new();
        for check in &case.checks {
            compared += check.expect.len() + check.stderr_contains.len() + check.stderr_matches.len() + check.output_matches.len();
            let found = faults(check, &run(&path, check));
            wrong += found.len();
            of_case.extend(found.iter().map(|fault| format!("  [{}] {fault}\n", check.name)));
        }
        if !of_case.is_empty() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            report.push_str(&format!("{name}: {}\n{of_case}", case.title));
        }
    }
    assert!(compared > 0, "no case in {}", folder.display());
    assert!(wrong == 0, "{wrong} of {compared} are wrong:\n{report}");
}

#[test]
fn a_check_can_fail() {
    let check: Check = serde_json::from_str(
        r#"{"name": "n", "args": [], "config": null, "expect": {"a": 1, "b{window=\"1h\"}": 0, "c{team=\"x\"}": 0, "d": 0.5, "e": null},
            "stderr_contains": ["late"], "stderr_matches": ["(?i)SORT|lateness"], "output_matches": ["(?s)(?=.*gone)(?=.*a)"]}"#,
    )
    .expect("the format of the cases");
    let ran = |output: &str, messages: &str| Ran { is_success: true, output: output.into(), messages: messages.into() };
    let right = ran("a 1\nb{window=\"1h\"} 0\nd 0.5000001\n", "late: sort it\ngone\n");
    assert_eq!(faults(&check, &right), Vec::<String>::new());
    let wrong = ran("a 2\nd 0.51\ne 0\n", "nothing");
    assert_eq!(faults(&check, &wrong).len(), 7, "{:?}", faults(&check, &wrong));
    let failed = Ran { is_success: false, output: String::new(), messages: "late sort gone a".into() };
    assert_eq!(faults(&check, &failed), ["the run failed: late sort gone a"]);
}
