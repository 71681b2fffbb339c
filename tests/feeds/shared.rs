//! Compiles feeds and reads their examples, on a thread with the stack that programs need. Does not know what is tested.

use std::path::{Path, PathBuf};

use cxpulse::feed::{Example, Feed, FeedSettings, RecordKey, STACK_BYTES, ShippedFeed};

use crate::support::decode_settings::settings as decode_settings;

/// Runs a test on a thread with the stack that a feed needs.
pub(crate) fn with_stack<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(test).expect("a thread");
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A feed of a program, under the name `desk`.
pub(crate) fn feed_of(program: &str) -> Feed {
    feed("desk", program, RecordKey::Contact)
}

/// A shipped feed under its own name.
pub(crate) fn compiled(shipped: &ShippedFeed) -> Feed {
    feed(shipped.name, shipped.program, shipped.key)
}

fn feed(name: &str, program: &str, key: RecordKey) -> Feed {
    let settings = FeedSettings::new(name, program, name, key);
    let mut decode = decode_settings();
    decode.ces_ease = Some(true);
    Feed::new(settings, decode).unwrap_or_else(|error| panic!("{error}"))
}

/// The folder of a shipped feed.
pub(crate) fn folder(feed: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(feed)
}

/// The examples of a shipped feed with their files, by name.
pub(crate) fn examples(feed: &str) -> Vec<(PathBuf, Example)> {
    let folder = folder(feed).join("examples");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        let example = Example::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, example)
    };
    paths.into_iter().map(read).collect()
}
