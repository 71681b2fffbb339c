//! Writing samples as text: names, labels, values, nothing about meaning.

/// Appends a family's `# HELP` and `# TYPE` lines.
pub(super) fn write_header(out: &mut String, name: &str, help: &str, kind: &str) {
    for part in ["# HELP ", name, " ", &help.replace('\\', "\\\\").replace('\n', "\\n"), "\n# TYPE ", name, " ", kind, "\n"] {
        out.push_str(part);
    }
}

/// One series under construction: its labels are written once and its samples share them.
#[derive(Debug, Default)]
pub(super) struct Labels {
    text: String,
}

impl Labels {
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

    /// How much has been written, to come back to.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes back what was written after `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
    }

    /// Appends the labels behind a name.
    pub(super) fn write_series(&self, out: &mut String) {
        if !self.text.is_empty() {
            out.push('{');
            out.push_str(&self.text);
            out.push('}');
        }
    }

    /// Appends one sample line; `timestamp_seconds` only where history is written.
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

/// Appends a number, whole ones without a point.
pub(super) fn write_number(out: &mut String, value: f64) {
    // Whole numbers up to 2^53 are exact as integers, and most samples are counts.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        out.push_str(itoa::Buffer::new().format(value as i64));
    } else {
        out.push_str(zmij::Buffer::new().format(value));
    }
}
