//! The lines that commands print: results on stdout, notes for people on stderr.
//!
//! A reader may go away before the end, as `head` does. A command then ends at its next line, quietly and with success. Does not know what is printed.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line of a result on stdout.
///
/// # Errors
/// When nobody reads stdout any more, or it cannot be written.
pub(super) fn print_line(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints a note on stderr. Where that is not possible, no way is left to say so.
pub(super) fn note(line: impl Display) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Whether a command ended because nobody reads its output any more.
pub(super) fn is_output_closed(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
