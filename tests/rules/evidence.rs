//! The numbers that each alert on the organisation shows in the step in which its test looks at it. Does not know how they come about.

/// The text of an alert, which is named as its test names it.
pub(crate) fn evidence_of(alert: &str, apart: &str) -> &'static str {
    EVIDENCE.iter().find(|(name, of, _)| (*name, *of) == (alert, apart)).map_or("", |(_, _, text)| text)
}

/// The name of the alert, the labels that tell it from others of the same name, and the text.
const EVIDENCE: &[(&str, &str, &str)] = &[
    ("CxBacklogGrowing", r#"against="history""#, "Usually 60. "),
    ("CxBacklogGrowing", r#"against="trend""#, "Created 500 (300 resolved). "),
    ("CxCesWorsened", r#"of="all",against="history""#, "Now 25% (400 answers). Expected 4.734% to 15.27%. The window is counted to 100%. "),
    ("CxCesWorsened", r#"of="all",against="trend""#, "Now 25% (400 answers). Expected 6.543% to 13.46%. The window is counted to 100%. "),
    (
        "CxCesWorsened",
        r#"of="team",against="history""#,
        "Now 25% (400 answers). Expected 4.734% to 15.27%. The window is counted to 100%. ",
    ),
    ("CxCesWorsened", r#"of="team",against="trend""#, "Now 25% (400 answers). Expected 6.543% to 13.46%. The window is counted to 100%. "),
    (
        "CxChatAbandonmentRising",
        r#"against="history""#,
        "Now 25% (300 accepted chats). Expected 4.734% to 15.27%. The window is counted to 100%. ",
    ),
    (
        "CxChatAbandonmentRising",
        r#"against="trend""#,
        "Now 21.74% (360 accepted chats). Expected 5.996% to 12.19%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxChatWaitHigh", "", "Now 33.33% (30 decided). Target 80%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC."),
    ("CxChatsWaiting", "", "Since 1970-01-01 00:00:00 +0000 UTC."),
    ("CxChurnAboveTarget", "", "Now 9% (1000 customers). Target 5%. The window is counted to 100%. "),
    ("CxChurnRising", "", "Now 7% (1000 customers). Expected 1.09% to 4.91%. The window is counted to 100%. "),
    (
        "CxCsatBelowTarget",
        r#"window="24h""#,
        "Now 75.56% (900 answers). Target 85%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxCsatBelowTarget",
        r#"window="7d""#,
        "Now 62.5% (40 answers). Target 85%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxCsatDropped", r#"of="all",against="history""#, "Now 85% (400 answers). Expected 96.35% to 100%. The window is counted to 100%. "),
    (
        "CxCsatDropped",
        r#"of="all",against="trend""#,
        "Now 72.5% (400 answers). Expected 86.5% to 93.5%. What moved in all against the rest of 7d, by team: a -14.6 points, mix -2.9 points. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxCsatDropped",
        r#"of="team",against="history""#,
        "Now 72.5% (400 answers). Expected 84.59% to 95.41%. The window is counted to 100%. ",
    ),
    (
        "CxCsatDropped",
        r#"of="team",against="trend""#,
        "Now 72.5% (400 answers). Expected 86.5% to 93.5%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxDueSoon", r#"target="first_response""#, "Usually 6. "),
    ("CxDueSoon", r#"target="next_response""#, "Usually 6. "),
    ("CxDueSoon", r#"target="resolution""#, "Usually 6. "),
    (
        "CxFirstResponseSlower",
        r#"against="history""#,
        "Now 3h 30m 0s (100 first responses). Usually 54m 26s. The window is counted to 100%. ",
    ),
    (
        "CxFirstResponseSlower",
        r#"against="trend""#,
        "Now 3h 30m 0s (100 first responses). Usually 54m 26s. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxFirstResponseTargetMissed",
        "",
        "Now 75% (100 decided). Target 90%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxJourneyConversionDropped",
        r#"against="history""#,
        "Now 50% (200 customers went on). Expected 68.29% to 81.71%. The window is counted to 100%. ",
    ),
    (
        "CxJourneyConversionDropped",
        r#"against="trend""#,
        "Now 50% (300 customers went on). Expected 79.67% to 87%. The window is counted to 100%. ",
    ),
    (
        "CxNextResponseTargetMissed",
        "",
        "Now 75% (100 decided). Target 90%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxNoSurveyAnswers", "", "Now 0 (60 surveys sent). The window is counted to 100%. "),
    ("CxNpsBelowTarget", r#"scope="experience""#, "Now -20.0 (100 answers). Target 20.0. The window is counted to 100%. "),
    ("CxNpsBelowTarget", r#"scope="service""#, "Now -20.0 (100 answers). Target 20.0. The window is counted to 100%. "),
    ("CxNpsDropped", r#"against="history""#, "Now -30.0 (100 answers). Expected 7.7 to 50.5. The window is counted to 100%. "),
    ("CxNpsDropped", r#"against="trend""#, "Now -30.0 (100 answers). Expected -16.0 to 16.0. The window is counted to 100%. "),
    ("CxResolutionSlower", r#"against="history""#, "Now 3h 30m 0s (100 resolutions). Usually 54m 26s. The window is counted to 100%. "),
    (
        "CxResolutionSlower",
        r#"against="trend""#,
        "Now 3h 30m 0s (100 resolutions). Usually 54m 26s. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxResolutionTargetMissed",
        "",
        "Now 75% (100 decided). Target 90%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxUnansweredPastTarget", "", "Now 6 (40 tickets wait for an answer). Since 1970-01-01 00:00:00 +0000 UTC."),
];
