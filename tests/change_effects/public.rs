//! The effects of changes that might have been made in the public data sets are those of the facts that `replay --facts` prints.

use std::io::{BufRead, BufReader};

use cxpulse::time::Span;
use flate2::read::MultiGzDecoder;

use crate::desk::{DAY, Desk, configured};
use crate::slow;
use crate::support::data::data_set;
use crate::support::left_out::leave_out;
use crate::support::measured::measured;

/// A change of a data set: the time, the teams, and when it is looked at.
struct Made {
    set: &'static str,
    at: &'static str,
    teams: &'static [&'static str],
    now: &'static str,
}

const MADE: [Made; 7] = [
    Made { set: "ecommerce_csat", at: "2023-08-16T09:30:00Z", teams: &["team-3", "team-5"], now: "2023-09-01T00:00:00Z" },
    Made { set: "ecommerce_csat", at: "2023-08-14T23:59:59Z", teams: &["team-1"], now: "2023-08-31T12:00:00Z" },
    Made { set: "ecommerce_csat", at: "2023-08-20T00:00:00Z", teams: &["team-2"], now: "2023-08-30T00:00:00Z" },
    Made { set: "support_day", at: "2023-08-16T09:30:00Z", teams: &["team-4"], now: "2023-09-01T00:00:00Z" },
    Made { set: "support_day", at: "2023-08-21T12:00:00Z", teams: &["team-3", "team-4"], now: "2023-08-31T00:00:00Z" },
    Made { set: "italian_helpdesk", at: "2012-03-05T12:00:00Z", teams: &["workgroup-1"], now: "2012-04-05T00:00:00Z" },
    Made { set: "italian_helpdesk", at: "2013-02-04T12:00:00Z", teams: &["workgroup-2", "workgroup-4"], now: "2013-03-15T00:00:00Z" },
];

fn millis(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// The lines of a set with their topics up to an instant, in the order of their times.
fn lines(set: &str, now: i64) -> Result<Vec<(i64, u8, String)>, String> {
    let folder = data_set(set)?;
    let mut all = Vec::new();
    for (topic, kind) in ["tickets", "chats", "surveys", "customers"].iter().enumerate() {
        let Ok(file) = std::fs::File::open(folder.join(format!("{kind}.jsonl.gz"))) else { continue };
        for line in BufReader::new(MultiGzDecoder::new(file)).lines().map(Result::unwrap) {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            all.push((millis(event["time"].as_str().unwrap()), topic as u8, line));
        }
    }
    all.retain(|(time, ..)| *time <= now);
    all.sort_by_key(|(time, ..)| *time);
    Ok(all)
}

#[test]
fn effects_in_the_public_data_sets_are_those_of_their_facts() {
    let mut present = 0;
    for Made { set, at, teams, now } in MADE {
        let now = millis(now);
        let lines = match lines(set, now) {
            Ok(lines) => lines,
            Err(why) => return leave_out(&why),
        };
        let named: Vec<String> = teams.iter().map(|team| format!("\"{team}\"")).collect();
        let changes = format!("[{{ name = \"made\", at = \"{at}\", where = {{ team = [{}] }} }}]", named.join(", "));
        let mut desk = Desk::new(configured(&changes, Span::days(2)), 1, 1, true);
        for (_, topic, line) in &lines {
            assert_eq!(desk.take_line(*topic, line), "applied", "{line}");
        }
        let seen = desk.look(now);
        let weeks = |part: &str| seen.value(&format!("cx_change_weeks{{change=\"made\",part=\"{part}\"}}")).unwrap() as i64;
        let dimensions: Vec<String> = desk.configuration.engine.dimensions.iter().map(|dimension| dimension.name.clone()).collect();
        let cases = slow::cases(&desk.engines[0], &dimensions, millis(at), &[("team", teams)]);
        // A week after the change is over a day after its end, and before it the whole days since the first record count.
        let first = lines[0].0.div_euclid(DAY) + 1;
        let kept = first.max(now.div_euclid(DAY) - 84 - 2);
        let change = millis(at).div_euclid(DAY);
        let wanted = ((change - kept) / 7).min((now.div_euclid(DAY) - change - 2) / 7).min(4);
        assert_eq!(weeks("effect"), wanted, "{set} {at}");
        assert_eq!(weeks("placebo"), if (change - kept) / 7 >= 2 * wanted { wanted } else { 0 }, "{set} {at}");
        for metric in ["csat", "high_effort", "nps", "first_response", "resolution"] {
            let shown = |end: &str| seen.value(&format!("cx_change_effect{end}{{change=\"made\",metric=\"{metric}\"}}"));
            let slow = cases.get(metric).and_then(|cases| slow::effect(cases, wanted, weeks("placebo") > 0));
            let Some(slow) = slow else {
                assert_eq!((shown(""), shown("_placebo")), (None, None), "{set} {at} {metric}");
                continue;
            };
            // A logarithm is that of the middle of a bin, which is off by less than 0.01 either way.
            let close = if metric.contains("re") { 0.01 } else { 1e-9 } + 4e-4 * (slow.upper - slow.lower);
            for (end, wanted) in
                [("", Some(slow.effect)), ("_lower", Some(slow.lower)), ("_upper", Some(slow.upper)), ("_placebo", slow.placebo)]
            {
                let got = shown(end);
                let is_same = got.zip(wanted).map_or(got == wanted, |(got, wanted)| (got - wanted).abs() <= close);
                assert!(is_same, "{set} {at} {metric}{end}: {got:?}, not {wanted:?}");
            }
            measured(&format!(
                "{set} from {at} on, {}: {metric} {:+.3} ({:+.3} to {:+.3}), one span earlier {}",
                teams.join(" and "),
                slow.effect,
                slow.lower,
                slow.upper,
                slow.placebo.map_or_else(|| "not kept".to_owned(), |placebo| format!("{placebo:+.3}"))
            ));
            present += 1;
        }
    }
    assert!(present >= 5, "only {present} effects were compared");
}
