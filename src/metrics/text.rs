//! The syntax of the Prometheus text format: headers, label sets, samples and numbers.
//!
//! Does not know what any of them means.

/// One sample as the exposition has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Name and labels, spelled as in the exposition.
    pub series: String,
    /// The value; finite.
    pub value: f64,
}

impl Sample {
    /// The value, spelled as in the exposition.
    #[must_use]
    pub fn exact(&self) -> String {
        let mut number = String::new();
        write_number(&mut number, self.value);
        number
    }
}

/// The label set of one series while it is written: its samples share the text.
#[derive(Debug, Default)]
pub(super) struct LabelSet {
    text: String,
}

impl LabelSet {
    /// Adds a label; the value is escaped.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(name);
        self.text.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    /// The length of the text so far, for [`Self::truncate`].
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes back the labels that were added after the text had this length.
    pub(super) fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
    }

    /// Appends the labels in braces, as they follow a name; nothing where there are none.
    pub(super) fn write_series(&self, out: &mut String) {
        if !self.text.is_empty() {
            out.push('{');
            out.push_str(&self.text);
            out.push('}');
        }
    }

    /// Appends one sample line. `timestamp_seconds` (since 1970) is given only where history is written.
    pub(super) fn write_sample(&self, out: &mut String, name: &str, suffix: &str, value: f64, timestamp_seconds: Option<f64>) {
        out.push_str(name);
        out.push_str(suffix);
        self.write_series(out);
        out.push(' ');
        write_number(out, value);
        if let Some(seconds) = timestamp_seconds {
            out.push(' ');
            write_number(out, seconds);
        }
        out.push('\n');
    }
}

/// Appends a family's `# HELP` and `# TYPE` lines.
pub(super) fn write_header(out: &mut String, name: &str, help: &str, kind: &str) {
    for part in ["# HELP ", name, " ", &help.replace('\\', "\\\\").replace('\n', "\\n"), "\n# TYPE ", name, " ", kind, "\n"] {
        out.push_str(part);
    }
}

/// Appends a number; a whole number has no decimal point.
pub(super) fn write_number(out: &mut String, value: f64) {
    // Whole numbers up to 2^53 are exact as integers, and most samples are counts, which this way writes faster.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        out.push_str(itoa::Buffer::new().format(value as i64));
    } else {
        out.push_str(zmij::Buffer::new().format(value));
    }
}
