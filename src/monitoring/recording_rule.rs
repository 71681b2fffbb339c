//! One recording rule. Does not know which rules exist, nor YAML.

/// A recording rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRule {
    /// The name of the recorded series.
    pub record: String,
    /// The labels that the rule adds to the recorded series.
    pub labels: Vec<(&'static str, String)>,
    /// The PromQL expression.
    pub expression: String,
}

impl RecordingRule {
    pub(super) fn new(record: String, expression: String) -> Self {
        Self { record, labels: Vec::new(), expression }
    }

    pub(super) fn labelled(mut self, name: &'static str, value: &str) -> Self {
        self.labels.push((name, value.to_owned()));
        self
    }
}
