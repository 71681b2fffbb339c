//! The texts that the scan accepts and refuses, compared with `serde_json`.

use proptest::prelude::*;

use super::super::value::JsonValue;
use super::*;

fn scan(text: &str) -> Result<Document<'_>, Reason> {
    let mut document = Document::new(text);
    document.scan(&[], 1).map(|()| document)
}

#[test]
fn the_first_fault_in_byte_order_gives_the_reason() {
    let deep = "[".repeat(33);
    for (text, reason) in [
        (format!(r#"{{"a":1,"a":{deep}"#), Reason::DuplicateKey),
        (format!(r#"{{"a":{deep},"a":1}}"#), Reason::Depth),
        (format!(r#"{{"a":01,"b":{deep}"#), Reason::Syntax),
        (format!(r#"{{"a":"\uD800","b":{deep}"#), Reason::Encoding),
        (format!(r#"{{"{}"#, "n".repeat(129)), Reason::TooLarge),
        (format!(r#"{{"{}"#, "n".repeat(128)), Reason::Syntax),
        (format!("{{\"{}\n", "n".repeat(200)), Reason::TooLarge),
        (format!("{{\"{}\n", "n".repeat(100)), Reason::Syntax),
        (format!(r#"{{"a":{}x"#, "1".repeat(129)), Reason::TooLarge),
        (r#"[{"x":{"a":1,"b":{"a":2},"a":3}}]"#.into(), Reason::DuplicateKey),
    ] {
        assert_eq!(scan(&text).err(), Some(reason), "{text}");
    }
}

#[test]
fn objects_and_arrays_may_be_as_deep_as_the_bound_and_no_deeper() {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let in_arrays = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    for text in [nested(DEPTH_MAX), in_arrays(DEPTH_MAX)] {
        assert!(scan(&text).is_ok(), "{text}");
    }
    for text in [nested(DEPTH_MAX + 1), in_arrays(DEPTH_MAX + 1)] {
        assert_eq!(scan(&text).err(), Some(Reason::Depth), "{text}");
    }
}

#[test]
fn a_name_is_measured_once_its_escapes_are_read() {
    assert!(scan(&format!(r#"{{"{}":1}}"#, r"\u0061".repeat(128))).is_ok());
    assert_eq!(scan(&format!(r#"{{"{}":1}}"#, r"\u0061".repeat(129))).err(), Some(Reason::TooLarge));
    assert_eq!(scan(&format!(r#"{{"{}":1}}"#, r"\u00e9".repeat(65))).err(), Some(Reason::TooLarge));
    assert!(scan(&format!(r#"{{"{}":1}}"#, r"\ud83d\ude00".repeat(32))).is_ok());
    assert_eq!(scan(&format!(r#"{{"{}":1}}"#, r"\ud83d\ude00".repeat(33))).err(), Some(Reason::TooLarge));
}

#[test]
fn members_of_the_root_and_of_its_data_are_handed_out() {
    let document =
        scan(r#" { "id" : "e\n1" , "x" : {"id":1,"data":{"time":3}} , "data" : {"score":-1.5e0,"data":{"time":2}} } "#).ok().unwrap();
    assert_eq!(document.root.get(Member::Id), Some(JsonValue::Escaped(r#""e\n1""#)));
    assert_eq!(document.root.get(Member::Data), Some(JsonValue::Object));
    assert_eq!(document.root.get(Member::Time), None);
    let data = document.data.unwrap();
    assert_eq!(data.get(Member::Score), Some(JsonValue::Decimal("-1.5e0")));
    assert_eq!((data.get(Member::Data), data.get(Member::Time)), (Some(JsonValue::Object), None));
}

/// JSON texts with random white space, escapes and order, and texts that are almost JSON.
fn json() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-c]{0,2}".prop_map(|s| format!("\"{s}\"")),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        r#""(\\u[0-9a-fD]{4}|\\["\\/bfnrtx]|[a-z]){0,6}""#,
    ];
    let leaf =
        prop_oneof![string.clone(), r"-?[0-9]{1,3}(\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?", "true|false|null|nul|NaN|-|'a'|\\PC{0,3}",];
    let space = "[ \n\t]{0,2}";
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec((space, inner.clone()), 0..6)
                .prop_map(|items| format!("[{}]", items.iter().map(|(s, i)| format!("{s}{i}{s}")).collect::<Vec<_>>().join(","))),
            proptest::collection::vec((string.clone(), space, inner), 0..6).prop_map(|members| format!(
                "{{{}}}",
                members.iter().map(|(n, s, v)| format!("{s}{n}{s}:{s}{v}{s}")).collect::<Vec<_>>().join(",")
            )),
        ]
    })
}

/// Checks that the scan accepts the texts that serde_json accepts, except for bounds, repeated names and lone surrogates (which serde_json
/// accepts in values that it skips), and that it reports `syntax` only for texts that serde_json refuses.
fn compare(text: &str) -> Result<(), TestCaseError> {
    let reference = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    match scan(text).err() {
        None | Some(Reason::NotObject) => prop_assert!(reference, "accepted {text:?}"),
        Some(Reason::Syntax) => prop_assert!(!reference, "refused {text:?}"),
        Some(Reason::DuplicateKey | Reason::Encoding | Reason::TooLarge | Reason::Depth) => {}
        Some(other) => prop_assert!(false, "{other} for {text:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn the_scan_accepts_what_serde_json_accepts(text in json(), cut in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:0e.\\\\ ]?", whole: bool) {
        compare(&text)?;
        if !whole && !text.is_empty() {
            let at = (0..=cut.index(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            compare(&text[..at])?;
            compare(&format!("{}{with}{}", &text[..at], &text[at..]))?;
        }
    }

    #[test]
    fn values_are_those_that_serde_json_reads(id in any::<String>(), score in any::<f64>(), time in any::<i64>(), public: bool) {
        prop_assume!(score.is_finite());
        let text = serde_json::json!({ "id": id, "score": score, "time": time, "public": public, "team": null, "x": [id, {}] }).to_string();
        let document = scan(&text).ok().unwrap();
        let read = document.root.get(Member::Id).map(|value| value.with_text(1 << 20, str::to_owned).unwrap());
        prop_assert_eq!(read, Some(id).filter(|id| !id.is_empty()));
        prop_assert_eq!(document.root.get(Member::Score).unwrap().number().unwrap().parse::<f64>().unwrap(), score);
        prop_assert_eq!(document.root.get(Member::Time).unwrap().number().unwrap().parse::<i64>().unwrap(), time);
        prop_assert_eq!(document.root.get(Member::Public), Some(JsonValue::Bool(public)));
        prop_assert_eq!(document.root.get(Member::Team), None);
    }
}
