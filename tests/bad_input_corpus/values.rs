//! E to G: numbers, scales, times, identities and labels.

use super::*;

#[test]
fn e_numbers() {
    check_with(&[("x", "1e309")], Applied);
    check_with(&[("x", "-1E+999999")], Applied);
    check_with(&[("time", "1.772e12")], Applied);
    check_with(&[("time", "1772442000000.0")], Applied);
    for time in ["1772442000000.5", "1.772442e9", "1e309", "-1.772e12"] {
        check_with(&[("time", time)], BAD_TIME);
    }
    for time in ["9007199254740993", "9223372036854775808", "18446744073709551616", "-9223372036854775809", "-0"] {
        check_with(&[("time", time)], BAD_TIME);
    }
    check_with(&[("time", &"1".repeat(128))], BAD_TIME);
    let nps = |score: &str, expected| check_on(Kind::Surveys, event_text(NPS, &[("score", score)]), expected);
    let csat = |score: &str, expected| check_on(Kind::Surveys, event_text(CSAT, &[("score", score)]), expected);
    let ces = |score: &str, expected| check_on(Kind::Surveys, event_text(CES, &[("score", score)]), expected);
    for score in [nps, csat, ces] {
        score("1e309", BAD_VALUE);
        score("-1e309", BAD_VALUE);
        score("\"5\"", WRONG_TYPE);
        score("true", WRONG_TYPE);
        score("[5]", WRONG_TYPE);
        score("5.0", Applied);
        score("0.5e1", Applied);
        score("-1", SCORE_OUT_OF_RANGE);
        score("11", SCORE_OUT_OF_RANGE);
        score("99999999999999999999999", SCORE_OUT_OF_RANGE);
    }
    nps("-0", Applied);
    nps("-0.0", Applied);
    nps("0", Applied);
    nps("10", Applied);
    nps("8.5", BAD_VALUE);
    nps("11.5", BAD_VALUE);
    nps("1e299", SCORE_OUT_OF_RANGE);
    nps("5e-324", Applied);
    nps("8.9999999", Applied);
    csat("0", SCORE_OUT_OF_RANGE);
    csat("6", SCORE_OUT_OF_RANGE);
    csat("4.5", Applied);
    csat("4.333333", Applied);
    csat("4.3333333333333335", Applied);
    csat("5.0000001", Applied);
    csat("5.000001", SCORE_OUT_OF_RANGE);
    ces("0", SCORE_OUT_OF_RANGE);
    ces("7", Applied);
    ces("8", SCORE_OUT_OF_RANGE);
}

#[test]
fn names_of_changes() {
    let change = |name: &str, value: &str, expected| {
        Kind::ALL.into_iter().for_each(|kind| check_on(kind, event_text(CHANGE, &[(name, value)]), expected))
    };
    for value in [r#""a""#, r#"" a ""#, r#""\ta\n""#, &format!("\"{}\"", "é".repeat(64)), &format!("\"{}a\"", " ".repeat(1_023))] {
        change("name", value, Applied);
    }
    for value in ["", "null", r#""""#] {
        change("name", value, MISSING_FIELD);
    }
    for value in [
        r#"" ""#,
        r#""\u00a0""#,
        r#""a\nb""#,
        r#""a\u0000b""#,
        r#""a\u2066b""#,
        &format!("\"{}\"", "é".repeat(65)),
        &format!("\"{}a\"", " ".repeat(1_024)),
        &format!("\"{}a\"", r"\u0020".repeat(1_024)),
        &format!("\"{}\"", "e\u{301}".repeat(350)),
    ] {
        change("name", value, BAD_VALUE);
    }
    for value in ["7", "true", "{}", r#"["a"]"#] {
        change("name", value, WRONG_TYPE);
    }
    for value in ["true", "false", "null", r#""""#] {
        change("withdrawn", value, Applied);
    }
    for value in ["1", r#""true""#, "[]"] {
        change("withdrawn", value, WRONG_TYPE);
    }
    // The name is checked before whether it is withdrawn, and both before dimensions.
    check_on(Kind::Chats, event_text(CHANGE, &[("name", r#"" ""#), ("withdrawn", "1"), ("team", "1")]), BAD_VALUE);
    check_on(Kind::Chats, event_text(CHANGE, &[("team", "1")]), WRONG_TYPE);
}

#[test]
fn e_scales() {
    let scale = |event: &[(&str, &str)], min: &str, max: &str, score: &str, expected| {
        check_on(Kind::Surveys, event_text(event, &[("scale_min", min), ("scale_max", max), ("score", score)]), expected);
    };
    scale(CSAT, "0", "100", "87.5", Applied);
    scale(CSAT, "0", "100", "101", SCORE_OUT_OF_RANGE);
    scale(CSAT, "0", "10", "5e-324", Applied);
    scale(CSAT, "-1000", "1000", "-1000", Applied);
    scale(CSAT, "-1000", "1000", "-1000.5", SCORE_OUT_OF_RANGE);
    scale(CSAT, "-0.5", "0.5", "0.25", Applied);
    scale(CSAT, "null", "null", "5", Applied);
    scale(CSAT, "7", "1", "5", BAD_VALUE);
    scale(CSAT, "5", "5", "5", BAD_VALUE);
    scale(CSAT, "1", "", "5", BAD_VALUE);
    scale(CSAT, "", "5", "5", BAD_VALUE);
    scale(CSAT, "", "null", "5", Applied);
    scale(CSAT, "1", "1000.5", "5", BAD_VALUE);
    scale(CSAT, "-1001", "5", "5", BAD_VALUE);
    scale(CSAT, "1", "1e309", "5", BAD_VALUE);
    scale(CSAT, "1", "5.0000001", "5", Applied);
    scale(CSAT, "1", "1.0000001", "1", BAD_VALUE);
    scale(CSAT, "\"1\"", "5", "5", WRONG_TYPE);
    scale(CSAT, "1", "true", "5", WRONG_TYPE);
    scale(NPS, "0", "10", "9", Applied);
    scale(NPS, "0.0", "1e1", "9", Applied);
    scale(NPS, "1", "10", "9", BAD_VALUE);
    scale(NPS, "0", "100", "90", BAD_VALUE);
}

#[test]
fn f_times() {
    for time in [
        "0",
        "-1",
        "1772442000",
        "1772442000000000",
        "946684799999",
        "4133980800000",
        r#""2026-03-02T09:00:61Z""#,
        r#""2026-02-30T09:00:00Z""#,
        r#""2026-03-02T09:00:00+25:00""#,
        r#""2026-03-02T09:00:00""#,
        r#""2026-03-02""#,
        r#""2026-03-02 09:00""#,
        r#""1772442000000""#,
        r#""yesterday""#,
    ] {
        check_with(&[("time", time)], BAD_TIME);
    }
    for time in [
        "946684800000",
        "4133980799999",
        r#""2026-03-02T14:30:00+05:30""#,
        r#""2026-03-02T09:00:00.123456789Z""#,
        r#""2026-10-25T02:30:00+02:00""#,
        r#""2026-10-25T02:30:00+01:00""#,
        r#""2026-03-02T09:00:00\u005a""#,
        r#""2026-03-02t09:00:60z""#,
    ] {
        check_with(&[("time", time)], Applied);
    }
}

#[test]
fn g_identity_and_abuse() {
    let event =
        |payload: &str| match decode(Record { payload: Some(payload.as_bytes()), ..Record::default() }, &topic(Kind::Tickets), &settings())
        {
            Decoded::Event(event) => (event.identity, event.dimensions.first().map(|(index, value)| (*index, value.to_string()))),
            decoded @ (Decoded::Ignored | Decoded::Invalid(_)) => panic!("{decoded:?} for {payload}"),
        };
    let identity = |changes: &[(&str, &str)]| event(&event_text(CREATED, changes)).0;
    assert_eq!(identity(&[]), identity(&[("team", r#""b""#), ("type", r#""ticket.escalated""#)]));
    assert_eq!(identity(&[]), identity(&[("source", r#""tickets""#)]));
    assert_ne!(identity(&[]), identity(&[("source", r#""desk""#)]));
    assert_ne!(identity(&[]), identity(&[("id", r#""e2""#)]));
    assert_ne!(identity(&[("source", r#""ab""#), ("id", r#""c""#)]), identity(&[("source", r#""a""#), ("id", r#""bc""#)]));

    let team = |value: &str, expected: &str| {
        let payload = event_text(CREATED, &[("team", &serde_json::to_string(value).unwrap())]);
        assert_eq!(event(&payload).1, (!expected.is_empty()).then(|| (2, expected.to_string())), "{value:?}");
    };
    team("billing", "billing");
    team("9", "Billing");
    team("", "");
    team("a\u{202E}b", "other");
    team("a\u{200D}b", "a\u{200D}b");
    team("\u{1B}[31mred\r\n", "other");
    team("\"\\{\n# HELP evil", "other");
    team("\"\\{# HELP evil", "\"\\{# HELP evil");
    team("é", "é");
    team("e\u{301}", "é");
    team(&"x".repeat(64), &"x".repeat(64));
    team(&"x".repeat(65), "other");
    team(&"é".repeat(64), &"é".repeat(64));
    team(&"\u{1}".repeat(30_000), "other");

    // Many similar names must not take more than linear time. This test only shows that they are accepted.
    let objects: Vec<_> =
        (0..60).map(|o| format!("{{{}}}", (0..256).map(|n| format!("\"{o}{n:03}\":1")).collect::<Vec<_>>().join(","))).collect();
    check_with(&[("x", &format!("[{}]", objects.join(",")))], Applied);
}
