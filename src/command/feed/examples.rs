//! `cxpulse feed test`: whether a feed's examples become the events that they say.
//!
//! Does not know where a feed is shipped.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{decode_settings, on_deep_stack};
use crate::command::failure::Reported;
use crate::command::printing::print_line;
use crate::feed::{Example, Feed, FeedSettings, RecordKey};

/// Runs the examples of a feed, and shows where its events differ from theirs.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TestArgs {
    /// The folder of the feed, with `feed.jq` and `examples/`.
    folder: PathBuf,

    /// Write the events into the examples, to be read before they are kept.
    #[arg(long)]
    write: bool,
}

/// Runs the examples.
///
/// # Errors
/// A program with a fault, an example that cannot be read, or one whose events differ, which has been reported by then.
pub(super) fn test(args: &TestArgs) -> anyhow::Result<()> {
    let args = args.clone();
    on_deep_stack(move || test_all(&args))
}

fn test_all(args: &TestArgs) -> anyhow::Result<()> {
    let feed = feed_of(&args.folder)?;
    let folder = args.folder.join("examples");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut failed = 0;
    for path in &paths {
        let text = std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let example = Example::parse(&text).with_context(|| path.display().to_string())?;
        let mapped = example.map(&feed);
        let now = example.with_result(&mapped);
        if let Some(rejection) = &mapped.rejection {
            failed += 1;
            print_line(format!("{}: rejected: {rejection}", path.display()))?;
        } else if args.write {
            std::fs::write(path, now.text())?;
        } else if (&now.events, &now.unknown) != (&example.events, &example.unknown) {
            failed += 1;
            print_line(format!("{}: the events differ\n{}", path.display(), difference(&example.text(), &now.text()).trim_end()))?;
        }
    }
    print_line(format!("{} examples, {failed} failed", paths.len()))?;
    if failed > 0 || paths.is_empty() { Err(Reported::FAILURE.into()) } else { Ok(()) }
}

/// The feed of a folder, under the folder's name.
fn feed_of(folder: &Path) -> anyhow::Result<Feed> {
    let path = folder.join("feed.jq");
    let program = std::fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let folder = folder.canonicalize()?;
    let name = folder.file_name().map_or_else(|| "feed".to_owned(), |name| name.to_string_lossy().into_owned());
    let settings = FeedSettings::new(name, program, path.display().to_string(), RecordKey::Contact);
    Ok(Feed::new(settings, decode_settings())?)
}

/// The lines in which two texts differ: those that only the first has with `-`, those that only the second has with `+`, as far as they come in one order.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut common = vec![vec![0_u32; after.len() + 1]; before.len() + 1];
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in after.iter().enumerate().rev() {
            common[i][j] = if old == new { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if j < after.len() && (i == before.len() || common[i][j + 1] >= common[i + 1][j]) {
            text += &format!("  + {}\n", after[j].trim_end());
            j += 1;
        } else {
            text += &format!("  - {}\n", before[i].trim_end());
            i += 1;
        }
    }
    text
}
