//! The blocks of a feed's page, which the test uses as they stand.

use std::path::Path;

/// The text of the `index`th block of a language, such as `sql` or `json`.
pub(crate) fn block(feed: &str, language: &str, index: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(feed).join("README.md");
    let page = std::fs::read_to_string(path).expect("the page of the feed");
    let begin = format!("```{language}\n");
    let blocks: Vec<&str> = page.split(&begin).skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    (*blocks.get(index).unwrap_or_else(|| panic!("no block {index} of {language}"))).to_owned()
}
