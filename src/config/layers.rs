//! The layers of a configuration: file, environment, flags, each over the one before, as one tree that remembers where a value came from.
//!
//! Does not know which keys there are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::problem::{ProblemKind, Report, complaint};

/// Names of variables begin with this.
pub(super) const VARIABLE_PREFIX: &str = "CXPULSE_";

/// Variables with the prefix that are not configuration: the path of the file, and the test data.
const VARIABLES_OF_OTHERS: [&str; 2] = ["CXPULSE_CONFIG", "CXPULSE_DATA"];

/// Where a value came from.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// No layer names it.
    Default,
    /// The file, by its path as given.
    File(Arc<str>),
    /// A variable, by its name.
    Variable(Arc<str>),
    /// A flag.
    Flag,
}

/// Where a value stands: its origin and its key.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) origin: Origin,
    pub(super) path: String,
}

impl Place {
    pub(super) fn new(origin: &Origin, path: impl Into<String>) -> Self {
        Self { origin: origin.clone(), path: path.into() }
    }

    /// The place of an entry of the list at this place.
    pub(super) fn entry(&self, i: usize) -> Self {
        Self::new(&self.origin, format!("{}[{i}]", self.path))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str("configuration")?,
            Origin::File(name) => f.write_str(name)?,
            Origin::Variable(name) => write!(f, "environment variable {name}")?,
            Origin::Flag => f.write_str("flags")?,
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, ": {}", self.path) }
    }
}

/// One value with its origin. Has no `Debug`, because values may be secret.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// A value of the tree.
#[derive(Clone)]
pub(super) enum Value {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Instant,
    /// Text of a variable or flag, whose type only its key knows.
    Raw(String),
}

impl Node {
    fn new(origin: &Origin, value: toml::Value) -> Self {
        let value = match value {
            toml::Value::Table(t) => Value::Table(t.into_iter().map(|(k, v)| (k, Self::new(origin, v))).collect()),
            toml::Value::Array(a) => Value::List(a.into_iter().map(|v| Self::new(origin, v)).collect()),
            toml::Value::String(s) => Value::Text(s),
            toml::Value::Integer(i) => Value::Integer(i),
            toml::Value::Float(x) => Value::Float(x),
            toml::Value::Boolean(b) => Value::Boolean(b),
            toml::Value::Datetime(_) => Value::Instant,
        };
        Self { origin: origin.clone(), value }
    }

    /// An empty tree.
    pub(super) fn root() -> Self {
        Self { origin: Origin::Default, value: Value::Table(BTreeMap::new()) }
    }

    /// Where this is raw text that reads as a TOML list or inline table, that; else this.
    pub(super) fn structured(self) -> Self {
        let Value::Raw(text) = &self.value else { return self };
        match toml::from_str::<toml::Table>(&format!("value = {text}")).ok().and_then(|mut t| t.remove("value")) {
            Some(v @ (toml::Value::Table(_) | toml::Value::Array(_))) => Self::new(&self.origin, v),
            _ => self,
        }
    }
}

/// The tree of a file's text.
pub(super) fn of_file(name: &str, text: &str, report: &Report) -> Option<Node> {
    let origin = Origin::File(Arc::from(name));
    match toml::from_str::<toml::Table>(text) {
        Ok(table) => Some(Node::new(&origin, toml::Value::Table(table))),
        Err(e) => {
            let before = e.span().map_or("", |s| text.get(..s.start).unwrap_or(""));
            let line = before.matches('\n').count() + 1;
            // The message alone: the library's `Display` also shows the line, which may hold a secret.
            let message = e.message().lines().collect::<Vec<_>>().join("; ");
            let what = format!("not TOML at line {line}: {message}");
            report.add(
                &Place::new(&origin, ""),
                complaint(ProblemKind::Syntax, what, "texts stand in quotes, and a section or key may stand once only"),
            );
            None
        }
    }
}

/// Lays the variables over the tree: `CXPULSE_KAFKA__GROUP_ID` is `kafka.group_id`; what no key answers to is warned of by the reader.
pub(super) fn lay_environment(root: &mut Node, variables: impl IntoIterator<Item = (String, String)>, report: &Report) {
    let mut variables: Vec<_> = variables.into_iter().filter(|(k, _)| !VARIABLES_OF_OTHERS.contains(&k.as_str())).collect();
    // The order of an environment means nothing, and messages must not depend on it.
    variables.sort();
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
        let mut path: Vec<String> = key.split("__").map(str::to_ascii_lowercase).collect();
        // Names of librdkafka properties have dots, which names of variables cannot have.
        if let [section, properties, property, ..] = path.as_mut_slice()
            && section == "kafka"
            && properties == "properties"
        {
            *property = property.replace('_', ".");
        }
        lay(root, &path, &Origin::Variable(Arc::from(name.as_str())), value, report);
    }
}

/// Lays flags over the tree: dotted keys as TOML writes them.
pub(super) fn lay_flags(root: &mut Node, overrides: &[(String, String)], report: &Report) {
    for (key, value) in overrides {
        match dotted(key) {
            Some(path) => lay(root, &path, &Origin::Flag, value.clone(), report),
            None => report.add(
                &Place::new(&Origin::Flag, ""),
                complaint(
                    ProblemKind::BadOverride,
                    format!("`{key}` is not a dotted key"),
                    "write it as in the file, such as `kafka.group_id` or `kafka.properties.\"client.id\"`",
                ),
            ),
        }
    }
}

/// The parts of a dotted key. Behind `kafka.properties.` everything without quotes is one name, because such names have dots.
fn dotted(key: &str) -> Option<Vec<String>> {
    const PROPERTIES: &str = "kafka.properties.";
    if let Some(property) = key.strip_prefix(PROPERTIES)
        && !property.is_empty()
        && !property.contains(['"', '\''])
    {
        return Some(vec!["kafka".into(), "properties".into(), property.into()]);
    }
    let mut value = toml::Value::Table(toml::from_str(&format!("{key} = 0")).ok()?);
    let mut path = Vec::new();
    while let toml::Value::Table(table) = value {
        let mut entries = table.into_iter();
        let (part, inner) = entries.next()?;
        if entries.next().is_some() {
            return None;
        }
        path.push(part);
        value = inner;
    }
    Some(path)
}

/// Sets the value at a path, making the tables on the way; a table is added to and never replaced by text.
fn lay(root: &mut Node, path: &[String], origin: &Origin, text: String, report: &Report) {
    let Some((last, way)) = path.split_last() else { return };
    let mut node = root;
    for part in way {
        if !matches!(node.value, Value::Table(_)) {
            *node = Node { origin: origin.clone(), value: Value::Table(BTreeMap::new()) };
        }
        let Value::Table(table) = &mut node.value else { unreachable!("made a table above") };
        node = table.entry(part.clone()).or_insert_with(|| Node { origin: origin.clone(), value: Value::Table(BTreeMap::new()) });
    }
    if !matches!(node.value, Value::Table(_)) {
        node.value = Value::Table(BTreeMap::new());
    }
    let Value::Table(table) = &mut node.value else { unreachable!("made a table above") };
    let new = Node { origin: origin.clone(), value: Value::Raw(text) };
    match table.get_mut(last) {
        Some(old) if matches!(old.value, Value::Table(_)) => {
            let new = new.structured();
            if matches!(new.value, Value::Table(_)) {
                merge(old, new);
            } else {
                let what = "a section, and text cannot replace it";
                let hint = format!("set one of its keys, such as `{VARIABLE_PREFIX}KAFKA__GROUP_ID` or `kafka.group_id`");
                report.add(&Place::new(origin, path.join(".")), complaint(ProblemKind::WrongType, what, hint));
            }
        }
        _ => {
            table.insert(last.clone(), new);
        }
    }
}

/// Lays one table over another, key by key.
fn merge(old: &mut Node, new: Node) {
    match (&mut old.value, new.value) {
        (Value::Table(below), Value::Table(above)) => {
            for (key, node) in above {
                match below.get_mut(&key) {
                    Some(old) => merge(old, node),
                    None => {
                        below.insert(key, node);
                    }
                }
            }
        }
        (_, value) => *old = Node { origin: new.origin, value },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_quoted_keys_and_bare_property_names() {
        assert_eq!(dotted("web.page").unwrap(), ["web", "page"]);
        assert_eq!(dotted("kafka.properties.client.id").unwrap(), ["kafka", "properties", "client.id"]);
        assert_eq!(dotted("kafka.properties.\"sasl.password\".file").unwrap(), ["kafka", "properties", "sasl.password", "file"]);
        assert_eq!(dotted("a = 1\nb"), None);
        assert_eq!(dotted(""), None);
    }
}
