//! A to C: faults of the whole text or of one place in it: syntax, encoding, size, depth.

use super::*;

#[test]
fn a_syntax() {
    check("", EMPTY);
    check("   ", EMPTY);
    check(" \t\r\n", EMPTY);
    for kind in Kind::ALL {
        assert_eq!(fate(kind, None, None), Ignored);
    }
    check("{", SYNTAX);
    check("{}", MISSING_FIELD);
    check(" { } ", MISSING_FIELD);
    check("[]", NOT_OBJECT);
    check(r#""x""#, NOT_OBJECT);
    check("null", NOT_OBJECT);
    check("true", NOT_OBJECT);
    check("1", NOT_OBJECT);
    check("-1.5e3", NOT_OBJECT);
    check_edited(|good| good.replace('}', ",}").into(), SYNTAX);
    check_edited(|good| good.replace('{', "{,").into(), SYNTAX);
    check_edited(|good| good.replacen(',', ",,", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(',', " ", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(':', " ", 1).into(), SYNTAX);
    check_edited(|good| good.replacen(':', "::", 1).into(), SYNTAX);
    check_edited(|good| good.repeat(2).into(), SYNTAX);
    check_edited(|good| format!("{good},").into(), SYNTAX);
    check_edited(|good| format!("{good}\0").into(), SYNTAX);
    check_edited(|good| format!("{good}x").into(), SYNTAX);
    check_edited(|good| good.replace('"', "'").into(), SYNTAX);
    check_edited(|good| good.replacen("\"id\"", "id", 1).into(), SYNTAX);
    check_edited(|good| format!("/* */{good}").into(), SYNTAX);
    check_edited(|good| format!("{good}// end").into(), SYNTAX);
    check_edited(|good| good.replacen('{', "[", 1).into(), SYNTAX);
    check_edited(|good| good.replace('}', "]").into(), SYNTAX);
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "-01",
        "+1",
        ".5",
        "-.5",
        "1.",
        "1.e3",
        "1e",
        "1e+",
        "-",
        "0x1F",
        "1_000",
        "--1",
        "1,",
        "0b1",
    ] {
        check_with(&[("x", number)], SYNTAX);
        check_with(&[("time", number)], SYNTAX);
    }
    for literal in [
        "True",
        "nul",
        "nulll",
        "tru",
        "falsee",
        "undefined",
        "'x'",
        "x",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
    ] {
        check_with(&[("x", literal)], SYNTAX);
    }
    for string in [
        "\"\t\"",
        "\"\n\"",
        "\"\r\"",
        "\"\u{1F}\"",
        "\"\u{0}\"",
        r#""\x41""#,
        r#""\'""#,
        r#""\u12""#,
        r#""\u12G4""#,
        r#""\""#,
        r#""\U0041""#,
    ] {
        check_with(&[("x", string)], SYNTAX);
        check_with(&[("team", string)], SYNTAX);
    }
    check_edited(|good| format!("{good}\n").into(), Applied);
    check_edited(|good| format!(" \r\n\t{good}\r\n").into(), Applied);
    check_edited(|good| good.replace(':', " :\n").replace(',', "\t, ").into(), Applied);
    check("[".repeat(200 * 1024), DEPTH);
    check("{\"a\":".repeat(40 * 1024), DEPTH);
}

#[test]
fn a_valid_event_cut_at_any_byte_is_no_json() {
    let whole = event_text(
        CREATED,
        &[("note", r#""caf\u00e9 żółw 中 \ud83d\ude00 😀""#), ("x", r#"[true,-1.5e3,{"y":null}]"#), ("team", r#""a\\b""#)],
    );
    check_on(Kind::Tickets, &whole, Applied);
    for cut in 0..whole.len() {
        let expected = match cut {
            0 => EMPTY,
            _ if whole.is_char_boundary(cut) => SYNTAX,
            _ => ENCODING,
        };
        check_on(Kind::Tickets, &whole.as_bytes()[..cut], expected);
    }
}

#[test]
fn b_encoding() {
    check_edited(|good| [b"\xEF\xBB\xBF", good.as_bytes()].concat(), ENCODING);
    check("\u{FEFF}", ENCODING);
    check_edited(|good| good.encode_utf16().flat_map(u16::to_le_bytes).collect(), ENCODING);
    check_edited(|good| good.encode_utf16().flat_map(u16::to_be_bytes).collect(), ENCODING);
    check_edited(|good| [0xFEFF].into_iter().chain(good.encode_utf16()).flat_map(u16::to_le_bytes).collect(), ENCODING);
    check_edited(|good| [0xFEFF].into_iter().chain(good.encode_utf16()).flat_map(u16::to_be_bytes).collect(), ENCODING);
    check(b"\0", ENCODING);
    for bad in
        [&b"caf\xE9"[..], b"\xC0\x80", b"\xED\xA0\x80", b"\xE4\xB8", b"\xF0\x9F\x98", b"\xFF", b"\x80", b"\xF4\x90\x80\x80", b"\xC1\xBF"]
    {
        let place = |good: &str, around: &str| {
            let text = good.replacen('{', &format!("{{{around}"), 1);
            let (before, after) = text.split_once('@').unwrap();
            [before.as_bytes(), bad, after.as_bytes()].concat()
        };
        check_edited(|good| place(good, r#""note":"@","#), ENCODING);
        check_edited(|good| place(good, r#""@":1,"#), ENCODING);
        check_edited(|good| place(good, "@"), ENCODING);
        // A fault of the whole text comes before a fault at one place.
        check_edited(|good| place(good, r#""a":1,"a":01,"note":"@","#), ENCODING);
    }
    for escape in
        [r"\uD800", r"\uDC00", r"\uDBFF", r"\uDFFF", r"\uDC00\uD800", r"\uD800\uD800", r"\uD800x", r"\uD800\n", r"\ud83d\u0041", r"x\uD800"]
    {
        check_with(&[("x", &format!("\"{escape}\""))], ENCODING);
        check_with(&[("x", &format!("[{{\"{escape}\":1}}]"))], ENCODING);
        check_with(&[("team", &format!("\"{escape}\""))], ENCODING);
        check(format!("[\"{escape}\"]"), ENCODING);
    }
    check_with(&[("note", r#""\ud83d\ude00\uD83D\uDE00""#)], Applied);
    check_with(&[("note", "\"\u{FFFF}\u{10FFFF}\u{FFFE}\"")], Applied);
    check_with(&[("note", r#""\uFFFF\u0000\u001f\"\\\/\b\f\n\r\t""#)], Applied);
    check_with(&[("note", "\"\u{7F}\u{80}\u{2028}\"")], Applied);
    check_with(&[("id", r#""a\u0000b""#)], BAD_VALUE);
    check_on(Kind::Tickets, event_text(CREATED, &[("ticket_id", r#""\u0000""#)]), BAD_VALUE);
    check_on(Kind::Chats, event_text(CHAT, &[("agent_id", r#""\u0000""#)]), BAD_VALUE);
}

#[test]
fn c_size_and_depth() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    check_with(&[("x", &nested(31))], Applied);
    check_with(&[("x", &nested(32))], DEPTH);
    check_with(&[("x", &objects(31))], Applied);
    check_with(&[("x", &objects(32))], DEPTH);
    check_with(&[("x", &nested(100_000))], DEPTH);
    check(nested(32), NOT_OBJECT);
    check(nested(33), DEPTH);

    let sized =
        |good: &str, bytes: usize| good.replacen('}', &format!(",\"x\":\"{}\"}}", "y".repeat(bytes - good.len() - 7)), 1).into_bytes();
    check_edited(|good| sized(good, 256 * 1024), Applied);
    check_edited(|good| sized(good, 256 * 1024 + 1), TOO_LARGE);
    check_edited(|good| sized(good, 1024 * 1024), TOO_LARGE);
    check(" ".repeat(256 * 1024), EMPTY);
    check(" ".repeat(256 * 1024 + 1), TOO_LARGE);
    check(vec![0xFF; 300 * 1024], TOO_LARGE);

    let crowd = |count: usize| (0..count).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",");
    for (kind, good) in GOOD {
        let with = |count: usize| event_text(good, &[]).replacen('{', &format!("{{{},", crowd(count)), 1);
        check_on(kind, with(256 - good.len()), Applied);
        check_on(kind, with(257 - good.len()), TOO_LARGE);
    }
    check_with(&[("x", &format!("{{{}}}", crowd(256)))], Applied);
    check_with(&[("x", &format!("{{{}}}", crowd(257)))], TOO_LARGE);
    check_with(&[("x", &format!("{{{},}}", crowd(256)))], SYNTAX);
    check_with(&[("n".repeat(128).as_str(), "1")], Applied);
    check_with(&[("n".repeat(129).as_str(), "1")], TOO_LARGE);
    check_with(&[("n".repeat(200 * 1024).as_str(), "1")], TOO_LARGE);
    check_with(&[("x", &format!("{{\"{}\":1}}", "n".repeat(129)))], TOO_LARGE);
    check_with(&[("x", &"9".repeat(128))], Applied);
    check_with(&[("x", &"9".repeat(129))], TOO_LARGE);
    check_with(&[("x", &"9".repeat(100_000))], TOO_LARGE);
    check_with(&[("x", &format!("0.{}", "0".repeat(100_000)))], TOO_LARGE);
    check_with(&[("x", &format!("[{}]", vec!["1"; 10_000].join(",")))], Applied);
    check_with(&[("x", &format!("[{}]", vec!["[]"; 10_000].join(",")))], Applied);

    for (kind, id) in
        [(Kind::Tickets, "ticket_id"), (Kind::Chats, "chat_id"), (Kind::Surveys, "survey_id"), (Kind::Customers, "customer_id")]
    {
        let (_, good) = GOOD.into_iter().find(|(other, _)| *other == kind).unwrap();
        for member in ["id", id, "source"] {
            let quoted = |text: String| format!("\"{text}\"");
            check_on(kind, event_text(good, &[(member, &quoted("x".repeat(128)))]), Applied);
            check_on(kind, event_text(good, &[(member, &quoted("x".repeat(129)))]), BAD_VALUE);
            check_on(kind, event_text(good, &[(member, &quoted("é".repeat(64)))]), Applied);
            check_on(kind, event_text(good, &[(member, &quoted("é".repeat(65)))]), BAD_VALUE);
            check_on(kind, event_text(good, &[(member, &quoted(r"\u0041".repeat(128)))]), Applied);
            check_on(kind, event_text(good, &[(member, &quoted(r"\u0041".repeat(129)))]), BAD_VALUE);
            check_on(kind, event_text(good, &[(member, &quoted(r"\u0041".repeat(30_000)))]), BAD_VALUE);
            check_on(kind, event_text(good, &[(member, &quoted("x".repeat(200_000)))]), BAD_VALUE);
        }
    }
}
