//! Reads the cases of bad input in `tests/corpus`, whose README says how they are written.
//!
//! Does not know decoder, engine or broker.

use std::path::Path;

use cxpulse::event::Kind;

/// The timestamp of every record: 2026-03-02T09:00:00Z, in milliseconds since 1970.
pub(crate) const NOW_MS: i64 = 1_772_442_000_000;

/// A record as a producer sends it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CorpusRecord {
    /// `None` is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// The key, or else any.
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) partition: i32,
}

/// One record between two good ones.
pub(crate) struct CorpusCase {
    /// The file and the name of the case, for messages.
    pub(crate) place: String,
    /// The name of the case, which is also the team of the good records.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The name of the outcome, or of the reason for which the record is refused.
    pub(crate) expected: String,
    pub(crate) before: CorpusRecord,
    pub(crate) record: CorpusRecord,
    pub(crate) after: CorpusRecord,
}

/// Every case of every file, in their order.
pub(crate) fn cases() -> Vec<CorpusCase> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("the file is text");
        let file = path.file_stem().expect("a name").to_string_lossy();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            read_line(&file, line, &mut cases);
        }
    }
    cases
}

fn read_line(file: &str, line: &str, cases: &mut Vec<CorpusCase>) {
    let (head, value) = line.split_once(": ").unwrap_or_else(|| panic!("{file}: no `: ` in {line}"));
    let (expected, rest) = head.split_once(' ').unwrap_or_else(|| panic!("{file}: no topics in {line}"));
    let (topics, name) = rest.trim_start().split_once(' ').unwrap_or_else(|| panic!("{file}: no name in {line}"));
    let name = name.trim_start();
    for kind in Kind::ALL.into_iter().filter(|kind| topics == "all" || topics.split(',').any(|topic| topic == kind.name())) {
        let (value, is_cut) = value.strip_prefix("«cuts»").map_or((value, false), |value| (value, true));
        let whole = CaseText { kind, number: cases.len(), name }.record(value);
        let lengths = if is_cut { 1..whole.value.as_ref().map_or(0, Vec::len) } else { 0..1 };
        for length in lengths {
            let text = CaseText { kind, number: cases.len(), name };
            let mut record = whole.clone();
            if is_cut && let Some(value) = &mut record.value {
                value.truncate(length);
            }
            let partition = record.partition;
            let good = |place: &str| {
                let value = Some(neighbour(kind, &text.id(place), name).into_bytes());
                CorpusRecord { value, partition, ..CorpusRecord::default() }
            };
            // A record of another partition does not lie between those of this one.
            let before = CorpusRecord { partition: 0, ..good("before") };
            cases.push(CorpusCase {
                place: format!("{file}, {name}, {}, {}", kind.name(), text.number),
                name: name.to_owned(),
                kind,
                expected: expected.to_owned(),
                before,
                record,
                after: good("after"),
            });
        }
    }
}

/// A good event that is counted for this team.
fn neighbour(kind: Kind, id: &str, team: &str) -> String {
    let (event_type, rest) = match kind {
        Kind::Tickets => ("ticket.created", format!(r#""ticket_id":"T-{id}""#)),
        Kind::Chats => ("chat.started", format!(r#""chat_id":"C-{id}""#)),
        Kind::Surveys => ("survey.responded", r#""metric":"csat","score":4"#.to_owned()),
        Kind::Customers => ("customer.touchpoint", format!(r#""customer_id":"P-{id}","journey_stage":"use""#)),
    };
    format!(r#"{{"id":"{id}","type":"{event_type}","time":{NOW_MS},{rest},"team":"{team}"}}"#)
}

/// What the text of one case is about.
struct CaseText<'a> {
    kind: Kind,
    number: usize,
    name: &'a str,
}

impl CaseText<'_> {
    fn id(&self, place: &str) -> String {
        format!("{}-{place}", self.number)
    }

    /// The members of the good event, each with its name.
    fn members(&self) -> Vec<(&'static str, String)> {
        let id = self.id("case");
        let (event_type, rest) = match self.kind {
            Kind::Tickets => ("ticket.created", vec![("ticket_id", format!("\"T-{id}\""))]),
            Kind::Chats => ("chat.message", vec![("chat_id", format!("\"C-{id}\"")), ("author", "\"bot\"".to_owned())]),
            Kind::Surveys => ("survey.responded", vec![("metric", "\"nps\"".to_owned()), ("score", "9".to_owned())]),
            Kind::Customers => {
                ("customer.touchpoint", vec![("customer_id", format!("\"P-{id}\"")), ("journey_stage", "\"use\"".to_owned())])
            }
        };
        let mut members = vec![("id", format!("\"{id}\"")), ("type", format!("\"{event_type}\"")), ("time", NOW_MS.to_string())];
        members.extend(rest);
        members
    }

    fn members_without(&self, left_out: &str) -> String {
        let members = self.members().into_iter().filter(|(name, _)| *name != left_out);
        members.map(|(name, value)| format!("\"{name}\":{value}")).collect::<Vec<_>>().join(",")
    }

    fn record(&self, text: &str) -> CorpusRecord {
        let mut record = CorpusRecord { value: Some(Vec::new()), ..CorpusRecord::default() };
        let (text, encoding) = ["«utf-16le»", "«utf-16be»"]
            .iter()
            .find_map(|encoding| Some((text.strip_prefix(encoding)?, Some(*encoding))))
            .unwrap_or((text, None));
        let mut bytes = Vec::new();
        let mut padding = None;
        self.expand(text, &mut record, &mut bytes, &mut padding);
        if let Some((at, size)) = padding {
            let missing = size - bytes.len();
            bytes.splice(at..at, std::iter::repeat_n(b'y', missing));
        }
        if let Some(encoding) = encoding {
            let units = String::from_utf8(bytes).expect("text").encode_utf16().collect::<Vec<_>>();
            let to_bytes = if encoding == "«utf-16le»" { u16::to_le_bytes } else { u16::to_be_bytes };
            bytes = units.into_iter().flat_map(to_bytes).collect();
        }
        if record.value.is_some() {
            record.value = Some(bytes);
        }
        record
    }

    /// Appends the bytes that a text stands for. `padding` is the place and the total size of a `«pad N»`.
    fn expand(&self, text: &str, record: &mut CorpusRecord, bytes: &mut Vec<u8>, padding: &mut Option<(usize, usize)>) {
        let mut rest = text;
        while let Some(at) = rest.find('«') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let end = end_of_macro(&rest[at..]);
            self.expand_macro(&rest[at + '«'.len_utf8()..at + end - '»'.len_utf8()], record, bytes, padding);
            rest = &rest[at + end..];
        }
        bytes.extend_from_slice(rest.as_bytes());
    }

    fn expand_macro(&self, text: &str, record: &mut CorpusRecord, bytes: &mut Vec<u8>, padding: &mut Option<(usize, usize)>) {
        let mut inner = |text: &str| {
            let mut bytes = Vec::new();
            self.expand(text, record, &mut bytes, &mut None);
            bytes
        };
        if let Some((count, repeated)) = text.split_once(" × ").filter(|(count, _)| count.parse::<usize>().is_ok()) {
            return bytes.extend(inner(repeated).repeat(number(count)));
        }
        let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "good" => bytes.extend(format!("{{{}}}", self.members_without("")).bytes()),
            "members" => bytes.extend(self.members_without("").bytes()),
            "without" => bytes.extend(self.members_without(argument).bytes()),
            "id" => bytes.extend(self.id("case").bytes()),
            "before-id" => bytes.extend(self.id("before").bytes()),
            "before" => bytes.extend(neighbour(self.kind, &self.id("before"), self.name).bytes()),
            "names" => bytes.extend((0..number(argument)).map(|n| format!("\"m{n}\":{n}")).collect::<Vec<_>>().join(",").bytes()),
            "pad" => *padding = Some((bytes.len(), number(argument))),
            "null" => record.value = None,
            "partition" => record.partition = i32::try_from(number(argument)).expect("a small number"),
            "key" => {
                let (count, text) = argument.split_once(" × ").expect("a count");
                record.key = Some(text.repeat(number(count)).into_bytes());
            }
            "headers" => record.headers.extend((0..number(argument)).map(|n| (format!("header-{n}"), n.to_string().into_bytes()))),
            "header" => {
                let (name, text) = argument.split_once(' ').expect("a name and a text");
                let text = match text.split_once(" × ") {
                    Some((count, text)) => text.repeat(number(count)).into_bytes(),
                    None => inner(text),
                };
                record.headers.push((name.to_owned(), text));
            }
            _ => bytes.extend(text.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap_or_else(|_| panic!("unknown: «{text}»")))),
        }
    }
}

/// The length of the macro with which a text begins, with what lies in it.
fn end_of_macro(text: &str) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '«' => depth += 1,
            '»' if depth == 1 => return at + character.len_utf8(),
            '»' => depth -= 1,
            _ => {}
        }
    }
    panic!("a `«` stays open in {text}")
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}
