//! The layers of a configuration as one tree: the file, then the environment, then the flags. A later layer replaces the values of an
//! earlier one, and each value remembers its layer.
//!
//! Does not know which keys there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::place::{KeyPlace, Origin};
use super::problem::{ProblemKind, ProblemReport, complaint};

/// The names of all variables of the configuration begin with this.
pub(super) const VARIABLE_PREFIX: &str = "CXPULSE_";

/// Variables with the prefix that are not configuration: the path of the file, and the folder of the test data.
const VARIABLES_OF_OTHERS: [&str; 2] = ["CXPULSE_CONFIG", "CXPULSE_DATA"];

/// A value with its origin. Has no `Debug`, because values may be secret.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: TreeValue,
}

/// A value of the tree.
#[derive(Clone)]
pub(super) enum TreeValue {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Instant,
    /// The text of a variable or flag, whose type depends on its key.
    Raw(String),
}

impl Node {
    fn new(origin: &Origin, value: toml::Value) -> Self {
        let value = match value {
            toml::Value::Table(t) => TreeValue::Table(t.into_iter().map(|(k, v)| (k, Self::new(origin, v))).collect()),
            toml::Value::Array(a) => TreeValue::List(a.into_iter().map(|v| Self::new(origin, v)).collect()),
            toml::Value::String(s) => TreeValue::Text(s),
            toml::Value::Integer(i) => TreeValue::Integer(i),
            toml::Value::Float(x) => TreeValue::Float(x),
            toml::Value::Boolean(b) => TreeValue::Boolean(b),
            toml::Value::Datetime(_) => TreeValue::Instant,
        };
        Self { origin: origin.clone(), value }
    }

    /// An empty tree.
    pub(super) fn root() -> Self {
        Self { origin: Origin::Default, value: TreeValue::Table(BTreeMap::new()) }
    }

    /// Turns raw text that is a TOML list or inline table into that list or table; leaves everything else as it is.
    pub(super) fn structured(self) -> Self {
        let TreeValue::Raw(text) = &self.value else { return self };
        match toml::from_str::<toml::Table>(&format!("value = {text}")).ok().and_then(|mut t| t.remove("value")) {
            Some(v @ (toml::Value::Table(_) | toml::Value::Array(_))) => Self::new(&self.origin, v),
            _ => self,
        }
    }
}

/// The tree of a file's text; `None` where the text is not TOML, which is reported.
pub(super) fn of_file(name: &str, text: &str, report: &ProblemReport) -> Option<Node> {
    let origin = Origin::File(Arc::from(name));
    match toml::from_str::<toml::Table>(text) {
        Ok(table) => Some(Node::new(&origin, toml::Value::Table(table))),
        Err(e) => {
            let before = e.span().map_or("", |s| text.get(..s.start).unwrap_or(""));
            let line = before.matches('\n').count() + 1;
            // Only the message: the library's `Display` also shows the line, which may hold a secret.
            let message = e.message().lines().collect::<Vec<_>>().join("; ");
            let what = format!("not TOML at line {line}: {message}");
            report.add(
                &KeyPlace::new(&origin, ""),
                complaint(ProblemKind::Syntax, what, "texts stand in quotes, and a section or key may stand once only"),
            );
            None
        }
    }
}

/// Adds the variables to the tree: `CXPULSE_KAFKA__GROUP_ID` is `kafka.group_id`. The reader of a section warns of variables without a key.
pub(super) fn lay_environment(root: &mut Node, variables: impl IntoIterator<Item = (String, String)>, report: &ProblemReport) {
    let mut variables: Vec<_> = variables.into_iter().filter(|(k, _)| !VARIABLES_OF_OTHERS.contains(&k.as_str())).collect();
    // The order of an environment has no meaning, and messages must not depend on it.
    variables.sort();
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
        let mut path: Vec<String> = key.split("__").map(str::to_ascii_lowercase).collect();
        // Names of librdkafka properties contain dots, which names of variables cannot contain.
        if let [section, properties, property, ..] = path.as_mut_slice()
            && section == "kafka"
            && properties == "properties"
        {
            *property = property.replace('_', ".");
        }
        lay(root, &path, &Origin::Variable(Arc::from(name.as_str())), value, report);
    }
}

/// Adds the flags to the tree; their keys are dotted keys as in TOML.
pub(super) fn lay_flags(root: &mut Node, overrides: &[(String, String)], report: &ProblemReport) {
    for (key, value) in overrides {
        match dotted(key) {
            Some(path) => lay(root, &path, &Origin::Flag, value.clone(), report),
            None => report.add(
                &KeyPlace::new(&Origin::Flag, ""),
                complaint(
                    ProblemKind::BadOverride,
                    format!("`{key}` is not a dotted key"),
                    "write it as in the file, such as `kafka.group_id` or `kafka.properties.\"client.id\"`",
                ),
            ),
        }
    }
}

/// The parts of a dotted key; `None` where it is not one. After `kafka.properties.` an unquoted rest is one part, because names of
/// properties contain dots.
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

/// Sets the value at a path and makes the tables on the way. Adds to a table that exists already; text never replaces a table.
fn lay(root: &mut Node, path: &[String], origin: &Origin, text: String, report: &ProblemReport) {
    let Some((last, way)) = path.split_last() else { return };
    let mut node = root;
    for part in way {
        if !matches!(node.value, TreeValue::Table(_)) {
            *node = Node { origin: origin.clone(), value: TreeValue::Table(BTreeMap::new()) };
        }
        let TreeValue::Table(table) = &mut node.value else { unreachable!("made a table above") };
        node = table.entry(part.clone()).or_insert_with(|| Node { origin: origin.clone(), value: TreeValue::Table(BTreeMap::new()) });
    }
    if !matches!(node.value, TreeValue::Table(_)) {
        node.value = TreeValue::Table(BTreeMap::new());
    }
    let TreeValue::Table(table) = &mut node.value else { unreachable!("made a table above") };
    let new = Node { origin: origin.clone(), value: TreeValue::Raw(text) };
    match table.get_mut(last) {
        Some(old) if matches!(old.value, TreeValue::Table(_)) => {
            let new = new.structured();
            if matches!(new.value, TreeValue::Table(_)) {
                merge(old, new);
            } else {
                let what = "a section, and text cannot replace it";
                let hint = format!("set one of its keys, such as `{VARIABLE_PREFIX}KAFKA__GROUP_ID` or `kafka.group_id`");
                report.add(&KeyPlace::new(origin, path.join(".")), complaint(ProblemKind::WrongType, what, hint));
            }
        }
        _ => {
            table.insert(last.clone(), new);
        }
    }
}

/// Replaces the values of one table with those of another, key by key.
fn merge(old: &mut Node, new: Node) {
    match (&mut old.value, new.value) {
        (TreeValue::Table(below), TreeValue::Table(above)) => {
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
