//! The file of `cxpulse feed`: the brokers, the canonical topics, the spool and the feeds.
//!
//! Does not know whether a program can be compiled, nor what a feed does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::duration::within;
use super::layers::{self, Node};
use super::place::KeyPlace;
use super::problem::{ConfigError, Problem, ProblemKind, ProblemReport, complaint};
use super::resolve::read_file;
use super::secret::{Secret, read_secret};
use super::section::Section;
use super::spelling_hints::{listed, nearest};
use super::value::{KeyType, number_within, shown};
use super::written_keys::WrittenKeys;
use super::{KafkaSettings, LogSettings, WebSettings, kafka, run_and_log, web};
use crate::event::Kind;
use crate::feed::{Credential, FeedSettings, RecordKey, SHIPPED, SignatureScheme, TableTopic, Tables, shipped};
use crate::time::Span;

/// The text of a commented configuration of feeds, which may be used as a template.
#[must_use]
pub const fn default_feeds_file() -> &'static str {
    include_str!("../../config/feeds.toml")
}

/// All settings of `cxpulse feed`.
#[derive(Clone, Debug)]
pub struct FeedsConfiguration {
    /// The connection to Kafka. Its group reads the raw topics.
    pub kafka: KafkaSettings,
    /// The canonical topic of each kind of events, in the order of [`Kind::ALL`].
    pub topics: [String; 4],
    /// The topic of rejected payloads.
    pub rejected_topic: String,
    /// The server of webhooks and metrics. It has no page, and no path that reloads.
    pub web: WebSettings,
    /// How many bytes a webhook may have. Default 1 MiB, 1 KiB to 16 MiB.
    pub body_bytes_max: usize,
    /// How far a signature's timestamp may be from now. Default 24 hours.
    pub signature_tolerance: Span,
    /// The folder of the spool.
    pub spool_folder: PathBuf,
    /// How many bytes the spool may take. Default 256 MiB, 1 MiB to 1 TiB.
    pub spool_bytes_max: u64,
    /// The name of this process among those of its group: it makes the transactional id.
    pub instance: String,
    /// The log.
    pub log: LogSettings,
    /// The feeds in their order; at least one.
    pub feeds: Vec<ConfiguredFeed>,
}

/// One feed with where its payloads come from.
#[derive(Clone, Debug)]
pub struct ConfiguredFeed {
    /// The feed itself.
    pub settings: FeedSettings,
    /// The raw topics.
    pub topics: Vec<String>,
    /// Whether Confluent's five bytes stand in front of the JSON.
    pub has_registry_framing: bool,
    /// The path of its webhooks.
    pub path: Option<String>,
    /// What a sender of webhooks must prove.
    pub credential: Credential,
}

/// A configuration of feeds that can be used.
#[derive(Clone, Debug)]
pub struct LoadedFeeds {
    /// The resolved configuration.
    pub configuration: FeedsConfiguration,
    /// Problems with which the configuration can be used; the user should look at them.
    pub warnings: Vec<Problem>,
    /// The keys that the file and the flags give.
    pub written: WrittenKeys,
}

impl FeedsConfiguration {
    /// The canonical topic of a kind.
    #[must_use]
    pub fn topic(&self, kind: Kind) -> &str {
        &self.topics[kind as usize]
    }
}

/// Reads the configuration of feeds, and the flags that override it.
///
/// # Errors
/// [`ConfigError`] with all problems.
pub fn load_feeds(path: &Path, overrides: &[(String, String)]) -> Result<LoadedFeeds, ConfigError> {
    let report = ProblemReport::default();
    let Some(mut root) = read_file(path, &report) else {
        let (problems, warnings) = report.into_parts();
        return Err(ConfigError { problems, warnings });
    };
    layers::lay_flags(&mut root, overrides, &report);
    let written = WrittenKeys::of(&root);
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let configuration = resolve(root, folder, &report);
    let (problems, warnings) = report.into_parts();
    if problems.is_empty() { Ok(LoadedFeeds { configuration, warnings, written }) } else { Err(ConfigError { problems, warnings }) }
}

fn resolve(root: Node, folder: &Path, report: &ProblemReport) -> FeedsConfiguration {
    let mut root = Section::new(root, "", report);
    let section = root.section("kafka");
    let has_group = section.has("group_id");
    let mut kafka = kafka::resolve(section, folder);
    if !has_group {
        kafka.group_id = "cxpulse-feed".to_owned();
    }
    let mut section = root.section("topics");
    let topics = Kind::ALL.map(|kind| section.or(kind.name(), kind.name().to_owned()));
    let rejected_topic = section.or("rejected", "cxpulse-rejected".to_owned());
    section.finish();

    let mut section = root.section("webhooks");
    let body_bytes_max = section.checked("body_bytes_max", 1024 * 1024, number_within(1024, 16 * 1024 * 1024));
    let signature_tolerance = section.checked("signature_tolerance", Span::hours(24), within(Span::minutes(1), Span::days(30)));
    section.finish();
    let mut section = root.section("spool");
    let spool_folder: String = section.or("folder", "spool".to_owned());
    let spool_bytes_max = section.checked("bytes_max", 256 * 1024 * 1024, number_within(1024 * 1024, 1 << 40));
    section.finish();
    let instance = root.or("instance", "1".to_owned());
    let section = root.section("web");
    let has_addresses = section.has("listen_addresses");
    for (key, hint) in [
        ("page", "remove it: the page is that of `cxpulse run`"),
        (
            "enable_lifecycle",
            "remove it: send SIGHUP after a change of tables or programs; certificates and passwords are read again by themselves",
        ),
    ] {
        if section.has(key) {
            section.complain(key, complaint(ProblemKind::UnknownKey, format!("`cxpulse feed` has no `web.{key}`"), hint));
        }
    }
    let mut web = web::web(section, folder, 5);
    if !has_addresses {
        web.listen_addresses = vec![SocketAddr::from(([127, 0, 0, 1], 19_271))];
    }
    let log = run_and_log::log(root.section("log"));
    let is_near = web.listen_addresses.iter().all(|address| address.ip().is_loopback());
    let place = root.place().clone();
    let feeds = match root.tables("feeds", "name") {
        Some(sections) => sections.into_iter().filter_map(|section| feed(section, folder, is_near)).collect(),
        None => Vec::new(),
    };
    if feeds.is_empty() {
        report.add(&place, complaint(ProblemKind::MissingKey, "no feed is configured", "add `[[feeds]]` with a `name`"));
    }
    check_feeds(&feeds, &place, report);
    root.finish();
    FeedsConfiguration {
        kafka,
        topics,
        rejected_topic,
        web,
        body_bytes_max: usize::try_from(body_bytes_max).unwrap_or(1024 * 1024),
        signature_tolerance,
        spool_folder: folder.join(spool_folder),
        spool_bytes_max: u64::try_from(spool_bytes_max).unwrap_or(256 * 1024 * 1024),
        instance,
        log,
        feeds,
    }
}

/// Two feeds must not share a name, a topic or a path.
fn check_feeds(feeds: &[ConfiguredFeed], place: &KeyPlace, report: &ProblemReport) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for feed in feeds {
        let name = feed.settings.name.as_str();
        let topics = feed.topics.iter().map(|topic| ("topic", topic.as_str()));
        let path = feed.path.iter().map(|path| ("path", path.as_str()));
        for (what, value) in [("name", name)].into_iter().chain(topics).chain(path) {
            if let Some(other) = seen.insert((what, value), name) {
                let problem = format!("the {what} `{}` belongs to the feeds `{other}` and `{name}`", shown(value));
                report.add(place, complaint(ProblemKind::Duplicate, problem, "give each feed its own"));
            }
        }
    }
}

fn feed(mut section: Section<'_>, folder: &Path, is_near: bool) -> Option<ConfiguredFeed> {
    let name: String = section.required("name", "name the feed, such as `name = \"zendesk\"`: its ids carry the name")?;
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !letters || !(1..=32).contains(&name.len()) {
        let what = format!("`{}` cannot be a feed; allowed are 1 to 32 letters, digits, `-`, `_` and `.`", shown(&name));
        section.complain("name", complaint(ProblemKind::BadName, what, "use such as `zendesk`"));
    }
    let program_name: String = section.or("program", name.clone());
    let (program, origin, default_key, scheme) = program(&program_name, folder, &section)?;
    let owns_customers = section.choice("customer_ids", [("shared", false), ("own", true)]);
    let has_key = section.has("key");
    let key = section.choice("key", [("customer", RecordKey::Customer), ("contact", RecordKey::Contact)]);
    let has_registry_framing = section.choice("framing", [("none", false), ("registry", true)]);
    let desk = section.value("desk");
    let topics: Vec<String> = section.or("topics", Vec::new());
    let path: Option<String> = section.value("path");
    if let Some(path) = &path
        && (!path.starts_with('/') || path.starts_with("/-/") || path.len() < 2)
    {
        let what = format!("`{}` cannot be the path of a webhook", shown(path));
        section.complain("path", complaint(ProblemKind::BadPath, what, "use such as `/zendesk`"));
    }
    if topics.is_empty() && path.is_none() {
        let what = "neither `topics` nor `path`: nothing comes in";
        section.report.add(section.place(), complaint(ProblemKind::MissingKey, what, "name the raw topics, or the path of the webhook"));
    }
    let credential = credential(&mut section, scheme, folder);
    if path.is_some() && credential == Credential::Nothing && !is_near {
        let what = "anybody could send to it: the address is not of this machine alone, and no secret is given";
        let hint = "give `secret` for a signature, `token` for a bearer token, or `user` and `password`";
        section.report.add(section.place(), complaint(ProblemKind::MissingKey, what, hint));
    }
    let tables = tables(section.section("tables"));
    let table_topics: Vec<TableTopic> = section.tables("table_topics", "table").into_iter().flatten().filter_map(table_topic).collect();
    section.finish();
    let key = if has_key { key } else { default_key };
    let settings = FeedSettings { name, program, origin, desk, owns_customers, key, tables, table_topics };
    Some(ConfiguredFeed { settings, topics, has_registry_framing, path, credential })
}

type Program = (String, String, RecordKey, Option<SignatureScheme>);

/// The text of a program: a shipped one by its name, or a file where the name has a `/` or ends in `.jq`.
fn program(name: &str, folder: &Path, section: &Section<'_>) -> Option<Program> {
    if !name.contains('/') && !name.ends_with(".jq") {
        if let Some(feed) = shipped(name) {
            return Some((feed.program.to_owned(), feed.name.to_owned(), feed.key, feed.signature));
        }
        let names: Vec<&str> = SHIPPED.iter().map(|feed| feed.name).collect();
        let what = format!("no feed `{}` is part of cxpulse; there are {}", shown(name), listed(&names));
        let hint = nearest(name, &names).map_or_else(
            || "name one, or the path of a program of your own, such as `./own.jq`".into(),
            |n| format!("did you mean `{n}`?"),
        );
        section.complain("program", complaint(ProblemKind::UnknownChoice, what, hint));
        return None;
    }
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some((text, path.display().to_string(), RecordKey::Contact, None)),
        Err(error) => {
            let what = format!("`{}` cannot be read: {}", path.display(), super::secret::reason(&error));
            section.complain(
                "program",
                complaint(
                    ProblemKind::UnreadableFile,
                    what,
                    "name the file of the program; a relative path starts from the configuration's folder",
                ),
            );
            None
        }
    }
}

fn credential(section: &mut Section<'_>, scheme: Option<SignatureScheme>, folder: &Path) -> Credential {
    let word: Option<String> = section.value("signature");
    let scheme = match word {
        Some(word) => match SignatureScheme::ALL.into_iter().find(|(name, _)| *name == word) {
            Some((_, scheme)) => Some(scheme),
            None => {
                let names = SignatureScheme::ALL.map(|(name, _)| name);
                let what = format!("no vendor `{}`; allowed are {}", shown(&word), listed(&names));
                section.complain("signature", complaint(ProblemKind::UnknownChoice, what, "name the vendor whose signature it is"));
                None
            }
        },
        None => scheme,
    };
    let mut secret = |key: &'static str| {
        let node = section.node(key)?;
        let place = section.place_of(key);
        read_secret(node, &place, folder, section.report).map(|Secret(text)| text)
    };
    let (signed, token, user, password) = (secret("secret"), secret("token"), secret("user"), secret("password"));
    match (signed, token, user, password) {
        (Some(secret), ..) => match scheme {
            Some(scheme) => Credential::Signature(scheme, secret),
            None => {
                let what = "a secret of a signature, but the feed has no vendor that signs";
                section.complain("secret", complaint(ProblemKind::MissingKey, what, "add `signature`, or use `token`"));
                Credential::Nothing
            }
        },
        (None, Some(token), ..) => Credential::Bearer(token),
        (None, None, Some(user), Some(password)) => Credential::Basic(format!("{user}:{password}")),
        _ => Credential::Nothing,
    }
}

fn table_topic(mut section: Section<'_>) -> Option<TableTopic> {
    let table: Option<String> = section.required("table", "name the table of `lookup`, such as `table = \"teams\"`");
    let topic: Option<String> = section.required("topic", "name the topic with the rows of that table");
    let rows_of: Option<String> = section.value("rows_of");
    let (key, value) = (section.or("key", "id".to_owned()), section.or("value", "name".to_owned()));
    section.finish();
    let table = table?;
    Some(TableTopic { rows_of: rows_of.unwrap_or_else(|| table.clone()), topic: topic?, table, key, value })
}

fn tables(mut section: Section<'_>) -> Tables {
    let report = section.report;
    let mut tables = Tables::default();
    for (table, place, node) in section.take_entries() {
        tables.add_table(&table);
        let mut entries = Section::new(node, place.path, report);
        for (key, place, node) in entries.take_entries() {
            if let Some(value) = String::read(node, &place, report) {
                tables.set(&table, key, value);
            }
        }
        entries.finish();
    }
    section.finish();
    tables
}
