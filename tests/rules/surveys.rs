//! Alerts on the answers to surveys. Does not know how an alert is evaluated.

use super::kpi::{Kpi, Series, constant, run_all, series};

const ALL: [&str; 2] = ["cx_csat_responses", "cx_csat_satisfied_responses"];
const SATISFIED_DAY: &str = "cx_csat_satisfied_responses_by_team{team=\"a\",window=\"24h\"}";
const RESPONSES: &str = "cx_csat_responses_by_team";
const SATISFIED: &str = "cx_csat_satisfied_responses_by_team";
const BY_CHANNEL: [&str; 2] = ["cx_csat_responses_by_team_channel", "cx_csat_satisfied_responses_by_team_channel"];
const EMAILS_OF_DAY: &str = "team=\"a\",channel=\"email\",window=\"24h\"";
const EMAILS_OF_MONTH: &str = "team=\"a\",channel=\"email\",window=\"30d\"";
const CHATS_OF_DAY: &str = "team=\"a\",channel=\"chat\",window=\"24h\"";
const CHATS_OF_MONTH: &str = "team=\"a\",channel=\"chat\",window=\"30d\"";
const DAY: &str = "team=\"a\",window=\"24h\"";
const WEEK: &str = "team=\"a\",window=\"7d\"";
const MONTH: &str = "team=\"a\",window=\"30d\"";
const OTHER_DAY: &str = "team=\"b\",window=\"24h\"";
const OTHER_WEEK: &str = "team=\"b\",window=\"7d\"";
const OTHER_MONTH: &str = "team=\"b\",window=\"30d\"";
const ALL_DAY: &str = "window=\"24h\"";
const ALL_WEEK: &str = "window=\"7d\"";
const ALL_MONTH: &str = "window=\"30d\"";
const DAY_AGAINST_MONTH: &str = "team=\"a\",window=\"24h\",baseline=\"30d\"";
const WEEK_AGAINST_MONTH: &str = "team=\"a\",window=\"7d\",baseline=\"30d\"";
const ALL_DAY_AGAINST_MONTH: &str = "window=\"24h\",baseline=\"30d\"";
const ALL_WEEK_AGAINST_MONTH: &str = "window=\"7d\",baseline=\"30d\"";

#[test]
fn satisfaction() {
    run_all(&satisfaction_kpis());
}

#[test]
fn promoters_effort_and_silence() {
    run_all(&other_kpis());
}

pub(crate) fn kpis() -> Vec<Kpi> {
    satisfaction_kpis().into_iter().chain(other_kpis()).collect()
}

fn satisfaction_kpis() -> Vec<Kpi> {
    let target = || constant("cx_target_by_team", "team=\"a\",metric=\"csat\"", 0.85);
    vec![
        Kpi {
            alert: "CxCsatBelowTarget",
            apart: "window=\"24h\"",
            labels: DAY,
            says: "Over 24h satisfaction with team a is at best 78.25%.",
            series: vec![series(RESPONSES, DAY, [900.0, 900.0, 900.0, 5.0]), series(SATISFIED, DAY, [860.0, 680.0, 860.0, 2.0]), target()],
            silent: vec![
                ("0 of 1", vec![(RESPONSES, 1.0), (SATISFIED, 0.0)]),
                ("0 of 3", vec![(RESPONSES, 3.0), (SATISFIED, 0.0)]),
                ("3 of 4", vec![(RESPONSES, 4.0), (SATISFIED, 3.0)]),
                ("82 of 100, which may be chance", vec![(RESPONSES, 100.0), (SATISFIED, 82.0)]),
            ],
        },
        Kpi {
            alert: "CxCsatBelowTarget",
            apart: "window=\"7d\"",
            labels: WEEK,
            says: "Over 7d satisfaction with team a is at best 75.78%.",
            series: vec![
                series(RESPONSES, WEEK, [40.0, 40.0, 40.0, 5.0]),
                series(SATISFIED, WEEK, [39.0, 25.0, 39.0, 2.0]),
                constant(RESPONSES, DAY, 6.0),
                target(),
            ],
            silent: vec![("a team with enough answers in a day", vec![("cx_csat_responses_by_team{team=\"a\",window=\"24h\"}", 25.0)])],
        },
        Kpi {
            alert: "CxCsatDropped",
            apart: "of=\"team\",window=\"24h\"",
            labels: DAY_AGAINST_MONTH,
            says: "Satisfaction of team a has fallen by more than chance: z is -6.9.",
            // The whole has not fallen.
            series: fallen([RESPONSES, SATISFIED], [DAY, MONTH])
                .into_iter()
                .chain(trend(ALL, [ALL_DAY, ALL_MONTH], [4_000.0, 3_600.0, 3_600.0], [24_000.0, 21_600.0], [100.0, 90.0]))
                // 250 of 300 and 40 of 100 where 90 % were to be expected: 20 and 50 fewer.
                .chain(trend(BY_CHANNEL, [EMAILS_OF_DAY, EMAILS_OF_MONTH], [300.0, 250.0, 270.0], [1_800.0, 1_620.0], [6.0, 5.0]))
                .chain(trend(BY_CHANNEL, [CHATS_OF_DAY, CHATS_OF_MONTH], [100.0, 40.0, 90.0], [600.0, 540.0], [4.0, 2.0]))
                .collect(),
            silent: vec![
                ("the whole has fallen, and not for this team", vec![("cx_csat_satisfied_responses{window=\"24h\"}", 3_000.0)]),
                ("no change", vec![(SATISFIED_DAY, 360.0)]),
                ("a rise", vec![(SATISFIED_DAY, 390.0)]),
                // z is -3.2.
                ("a fall that may be chance", vec![(SATISFIED_DAY, 330.0)]),
            ],
        },
        Kpi {
            alert: "CxCsatDropped",
            apart: "of=\"team\",window=\"7d\"",
            labels: WEEK_AGAINST_MONTH,
            says: "Satisfaction of team a has fallen by more than chance: z is -8.7.",
            series: fallen([RESPONSES, SATISFIED], [WEEK, MONTH]),
            silent: Vec::new(),
        },
        Kpi {
            alert: "CxCsatDropped",
            apart: "of=\"all\",window=\"24h\"",
            labels: ALL_DAY_AGAINST_MONTH,
            says: "Satisfaction has fallen by more than chance: z is -6.9.",
            // Two of more teams have fallen alike. What moved is told against the rest of the week.
            series: [
                fallen(ALL, [ALL_DAY, ALL_WEEK]),
                fallen(ALL, [ALL_DAY, ALL_MONTH]).into_iter().skip(2).collect(),
                two_fifths([DAY, WEEK]),
                two_fifths([DAY, MONTH]).into_iter().skip(2).collect(),
                one_fifth([OTHER_DAY, OTHER_WEEK]),
                one_fifth([OTHER_DAY, OTHER_MONTH]).into_iter().skip(2).collect(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            silent: vec![("one team has more than half of the fall, and alerts for it", vec![(SATISFIED_DAY, 90.0)])],
        },
        Kpi {
            alert: "CxCsatDropped",
            apart: "of=\"all\",window=\"7d\"",
            labels: ALL_WEEK_AGAINST_MONTH,
            says: "Satisfaction has fallen by more than chance: z is -8.7.",
            series: fallen(ALL, [ALL_WEEK, ALL_MONTH]),
            silent: Vec::new(),
        },
    ]
}

fn other_kpis() -> Vec<Kpi> {
    let mut kpis = effort();
    kpis.extend(promoters());
    let sent = "metric=\"csat\",window=\"24h\"";
    kpis.push(Kpi {
        alert: "CxNoSurveyAnswers",
        apart: "",
        labels: ALL_DAY,
        says: "More than 50 satisfaction surveys were sent within 24h, and not one answer has arrived.",
        series: vec![
            series("cx_csat_responses", ALL_DAY, [10.0, 0.0, 10.0, 0.0]),
            series("cx_surveys_sent", sent, [60.0, 60.0, 60.0, 20.0]),
        ],
        silent: vec![("one answer", vec![("cx_csat_responses", 1.0)])],
    });
    kpis
}

fn effort() -> Vec<Kpi> {
    let kpi = |of: &'static str, apart, labels, says, series| Kpi {
        alert: "CxCesWorsened",
        apart,
        labels,
        says,
        series,
        silent: vec![(
            "less effort",
            vec![(if of == "team" { "cx_ces_high_effort_responses_by_team" } else { "cx_ces_high_effort_responses" }, 5.0)],
        )],
    };
    let team = ["cx_ces_responses_by_team", "cx_ces_high_effort_responses_by_team"];
    let all = ["cx_ces_responses", "cx_ces_high_effort_responses"];
    let risen = |names, windows| trend(names, windows, [400.0, 100.0, 40.0], [2_400.0, 240.0], [10.0, 5.0]);
    let of_team = "The share of answers with high effort for team a has risen by more than chance: z is 6.0.";
    let of_team_over_a_week = "The share of answers with high effort for team a has risen by more than chance: z is 7.6.";
    let of_all = "The share of answers with high effort has risen by more than chance: z is 6.0.";
    let of_all_over_a_week = "The share of answers with high effort has risen by more than chance: z is 7.6.";
    vec![
        kpi("team", "of=\"team\",window=\"24h\"", DAY_AGAINST_MONTH, of_team, risen(team, [DAY, MONTH])),
        kpi("team", "of=\"team\",window=\"7d\"", WEEK_AGAINST_MONTH, of_team_over_a_week, risen(team, [WEEK, MONTH])),
        kpi("all", "of=\"all\",window=\"24h\"", ALL_DAY_AGAINST_MONTH, of_all, risen(all, [ALL_DAY, ALL_MONTH])),
        kpi("all", "of=\"all\",window=\"7d\"", ALL_WEEK_AGAINST_MONTH, of_all_over_a_week, risen(all, [ALL_WEEK, ALL_MONTH])),
    ]
}

fn promoters() -> Vec<Kpi> {
    let below = |scope: &'static str, labels, says, other: [&'static str; 3], own: [&'static str; 3], metric| Kpi {
        alert: "CxNpsBelowTarget",
        apart: scope,
        labels,
        says,
        series: nps(own, [[60.0, 20.0, 60.0, 1.0], [30.0, 40.0, 30.0, 2.0], [10.0, 40.0, 10.0, 2.0]])
            .into_iter()
            .chain(nps(other, [[60.0, 20.0, 60.0, 60.0], [30.0; 4], [10.0, 40.0, 10.0, 10.0]]))
            .chain([constant("cx_target", metric, 20.0)])
            .collect(),
        // The other scope stays bad.
        silent: vec![("the other scope falls", vec![(own[0], 60.0), (own[2], 10.0)])],
    };
    let then = [[50.0, 20.0, 50.0, 2.0], [30.0, 30.0, 30.0, 3.0], [20.0, 50.0, 20.0, 5.0]];
    let month = then.map(|[_, bad, good, few]| [350.0, 300.0 + bad, 300.0 + good, 300.0 + few]);
    vec![
        below(
            "scope=\"service\"",
            "scope=\"service\",window=\"30d\"",
            "Over 30d the net promoter score in the scope service is at best -5.",
            EXPERIENCE_MONTH,
            SERVICE_MONTH,
            "metric=\"nps_service\"",
        ),
        below(
            "scope=\"experience\"",
            "scope=\"experience\",window=\"30d\"",
            "Over 30d the net promoter score in the scope experience is at best -5.",
            SERVICE_MONTH,
            EXPERIENCE_MONTH,
            "metric=\"nps_experience\"",
        ),
        Kpi {
            alert: "CxNpsDropped",
            apart: "window=\"7d\"",
            labels: "scope=\"service\",window=\"7d\",baseline=\"30d\"",
            says: "The net promoter score in the scope service has fallen by more than chance: z is -3.6.",
            series: nps(SERVICE_WEEK, then).into_iter().chain(nps(SERVICE_MONTH, month)).collect(),
            silent: Vec::new(),
        },
        Kpi {
            alert: "CxNpsDropped",
            apart: "window=\"24h\"",
            labels: "scope=\"service\",window=\"24h\",baseline=\"30d\"",
            says: "The net promoter score in the scope service has fallen by more than chance: z is -3.6.",
            series: nps(SERVICE_DAY, then).into_iter().chain(nps(SERVICE_MONTH, month)).collect(),
            silent: Vec::new(),
        },
    ]
}

const SERVICE_DAY: [&str; 3] = [
    "cx_nps_responses{scope=\"service\",group=\"promoter\",window=\"24h\"}",
    "cx_nps_responses{scope=\"service\",group=\"passive\",window=\"24h\"}",
    "cx_nps_responses{scope=\"service\",group=\"detractor\",window=\"24h\"}",
];
const SERVICE_WEEK: [&str; 3] = [
    "cx_nps_responses{scope=\"service\",group=\"promoter\",window=\"7d\"}",
    "cx_nps_responses{scope=\"service\",group=\"passive\",window=\"7d\"}",
    "cx_nps_responses{scope=\"service\",group=\"detractor\",window=\"7d\"}",
];
const SERVICE_MONTH: [&str; 3] = [
    "cx_nps_responses{scope=\"service\",group=\"promoter\",window=\"30d\"}",
    "cx_nps_responses{scope=\"service\",group=\"passive\",window=\"30d\"}",
    "cx_nps_responses{scope=\"service\",group=\"detractor\",window=\"30d\"}",
];
const EXPERIENCE_MONTH: [&str; 3] = [
    "cx_nps_responses{scope=\"experience\",group=\"promoter\",window=\"30d\"}",
    "cx_nps_responses{scope=\"experience\",group=\"passive\",window=\"30d\"}",
    "cx_nps_responses{scope=\"experience\",group=\"detractor\",window=\"30d\"}",
];

/// The answers of the three groups.
fn nps(series_of: [&'static str; 3], values: [[f64; 4]; 3]) -> Vec<Series> {
    series_of
        .into_iter()
        .zip(values)
        .map(|(key, values)| {
            let (name, labels) = key.trim_end_matches('}').split_once('{').unwrap();
            series(name, labels, values)
        })
        .collect()
}

/// A satisfied share that has fallen from 90 % of 2,400 answers to 72.5 % of 400.
fn fallen(names: [&'static str; 2], windows: [&'static str; 2]) -> Vec<Series> {
    trend(names, windows, [400.0, 290.0, 360.0], [2_400.0, 2_160.0], [10.0, 7.0])
}

/// The same share in a team with two fifths of the answers.
fn two_fifths(windows: [&'static str; 2]) -> Vec<Series> {
    trend([RESPONSES, SATISFIED], windows, [160.0, 116.0, 144.0], [960.0, 864.0], [4.0, 3.0])
}

/// The same share in a team with a fifth of the answers.
fn one_fifth(windows: [&'static str; 2]) -> Vec<Series> {
    trend([RESPONSES, SATISFIED], windows, [80.0, 58.0, 72.0], [480.0, 432.0], [2.0, 1.0])
}

/// The whole and the part of a day as `[whole, bad part, good part]`; of the rest of the week that contains the day, `rest`, as `[whole,
/// part]`; and a small sample, `few`, as `[whole, part]`.
pub(crate) fn trend(names: [&'static str; 2], windows: [&'static str; 2], day: [f64; 3], rest: [f64; 2], few: [f64; 2]) -> Vec<Series> {
    let ([whole, part], [short, long], [all, bad, good]) = (names, windows, day);
    vec![
        series(whole, short, [all, all, all, few[0]]),
        series(part, short, [good, bad, good, few[1]]),
        series(whole, long, [rest[0] + all, rest[0] + all, rest[0] + all, rest[0] + few[0]]),
        series(part, long, [rest[1] + good, rest[1] + bad, rest[1] + good, rest[1] + few[1]]),
    ]
}
