//! The numbers that each alert on the organisation shows in the step in which its test looks at it. Does not know how they come about.

/// The text of an alert, which is named as its test names it.
pub(crate) fn evidence_of(alert: &str, apart: &str) -> &'static str {
    EVIDENCE.iter().find(|(name, of, _)| (*name, *of) == (alert, apart)).map_or("", |(_, _, text)| text)
}

/// The name of the alert, the labels that tell it from others of the same name, and the text.
const EVIDENCE: &[(&str, &str, &str)] = &[
    ("CxBacklogGrowing", r#"against="history""#, "Usually 60. "),
    ("CxBacklogGrowing", r#"against="trend""#, "Created 500 (300 resolved). "),
    ("CxCesWorsened", r#"of="all",window="24h""#, "Now 25% (400 answers). Expected 5.096% to 14.9%. The window is counted to 100%. "),
    ("CxCesWorsened", r#"of="all",window="7d""#, "Now 25% (400 answers). Expected 6.109% to 13.89%. The window is counted to 100%. "),
    ("CxCesWorsened", r#"of="team",window="24h""#, "Now 25% (400 answers). Expected 5.096% to 14.9%. The window is counted to 100%. "),
    ("CxCesWorsened", r#"of="team",window="7d""#, "Now 25% (400 answers). Expected 6.109% to 13.89%. The window is counted to 100%. "),
    (
        "CxChatAbandonmentRising",
        r#"window="24h""#,
        "Now 21.74% (360 accepted chats). Expected 4.493% to 13.69%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxChatAbandonmentRising",
        r#"window="7d""#,
        "Now 21.74% (360 accepted chats). Expected 5.581% to 12.6%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxChatWaitHigh", "", "Now 33.33% (30 decided). Target 80%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC."),
    ("CxChatsWaiting", "", "Since 1970-01-01 00:00:00 +0000 UTC."),
    ("CxChurnAboveTarget", "", "Now 9% (1000 customers). Target 5%. The window is counted to 100%. "),
    ("CxChurnRising", "", "Now 7% (1000 customers). Expected 1.156% to 4.844%. The window is counted to 100%. "),
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
    (
        "CxCsatDropped",
        r#"of="all",window="24h""#,
        "Now 72.5% (400 answers). Expected 85.01% to 94.99%. What moved in all against the rest of 7d, by team: a -7.0 points, b -3.5 points, mix +0.0 points. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxCsatDropped",
        r#"of="all",window="7d""#,
        "Now 72.5% (400 answers). Expected 86.04% to 93.96%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxCsatDropped",
        r#"of="team",window="24h""#,
        "Now 72.5% (400 answers). Expected 85.01% to 94.99%. Most of it in channel chat (-50 answers). The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    (
        "CxCsatDropped",
        r#"of="team",window="7d""#,
        "Now 72.5% (400 answers). Expected 86.04% to 93.96%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxDueSoon", r#"target="first_response""#, "Usually 6. "),
    ("CxDueSoon", r#"target="next_response""#, "Usually 6. "),
    ("CxDueSoon", r#"target="resolution""#, "Usually 6. "),
    (
        "CxFirstResponseSlower",
        r#"against="history""#,
        "Now 3h 30m 0s (100 first responses). 2.7 times as long as usual over 24h in channel email. The window is counted to 100%. ",
    ),
    (
        "CxFirstResponseSlower",
        r#"against="history",by="waits""#,
        "Now 54m 26s (100 first responses). Over 8h in channel email, 45 points more of the tickets than usual still waited at the age of 30m. The window is counted to 100%. ",
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
        r#"window="24h""#,
        "Now 50% (300 customers went on). Expected 78.33% to 88.34%. The window is counted to 100%. ",
    ),
    (
        "CxJourneyConversionDropped",
        r#"window="7d""#,
        "Now 50% (300 customers went on). Expected 79.32% to 87.35%. The window is counted to 100%. ",
    ),
    (
        "CxNextResponseTargetMissed",
        "",
        "Now 75% (100 decided). Target 90%. The window is counted to 100%. Since 1970-01-01 00:00:00 +0000 UTC.",
    ),
    ("CxNoSurveyAnswers", "", "Now 0 (60 surveys sent). The window is counted to 100%. "),
    ("CxNpsBelowTarget", r#"scope="experience""#, "Now -20.0 (100 answers). Target 20.0. The window is counted to 100%. "),
    ("CxNpsBelowTarget", r#"scope="service""#, "Now -20.0 (100 answers). Target 20.0. The window is counted to 100%. "),
    ("CxNpsDropped", r#"window="24h""#, "Now -30.0 (100 answers). Expected -16.0 to 16.0. The window is counted to 100%. "),
    ("CxNpsDropped", r#"window="7d""#, "Now -30.0 (100 answers). Expected -16.0 to 16.0. The window is counted to 100%. "),
    (
        "CxResolutionSlower",
        r#"against="history""#,
        "Now 3h 30m 0s (100 resolutions). 2.7 times as long as usual over 24h in channel email. The window is counted to 100%. ",
    ),
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
    ("CxUnansweredPastTarget", r#"against="history""#, "Now 20 (40 tickets wait for an answer). Usually 1. "),
    ("CxUnansweredPastTarget", r#"against="trend""#, "Now 6 (40 tickets wait for an answer). Since 1970-01-01 00:00:00 +0000 UTC."),
    ("CxUnansweredRising", "", "Usually 10. "),
];
