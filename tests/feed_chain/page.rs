//! The blocks of a feed's page, which the test uses as they stand.

use std::path::Path;

use serde_json::{Map, Value};

/// The text of the `index`th block of a language, such as `sql` or `json`.
pub(crate) fn block(feed: &str, language: &str, index: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/feeds").join(feed).join("README.md");
    let page = std::fs::read_to_string(path).expect("the page of the feed");
    let begin = format!("```{language}\n");
    let blocks: Vec<&str> = page.split(&begin).skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    (*blocks.get(index).unwrap_or_else(|| panic!("no block {index} of {language}"))).to_owned()
}

/// The connector's configuration of a page. Pages other than Chatwoot's name the members that differ from it.
pub(crate) fn connector(feed: &str) -> Map<String, Value> {
    let page: Value = serde_json::from_str(&block("chatwoot", "json", 0)).expect("the page has JSON");
    let mut connector = page["config"].as_object().expect("a configuration").clone();
    if feed != "chatwoot" {
        let members: Map<String, Value> = serde_json::from_str(&format!("{{{}}}", block(feed, "json", 0))).expect("the page has members");
        connector.extend(members);
    }
    connector
}

/// The configuration of the stage on a page. Pages other than Chatwoot's have the part of the feed alone.
pub(crate) fn stage(feed: &str) -> String {
    let text = block("chatwoot", "toml", 0);
    let (before, _) = text.split_once("[[feeds]]").expect("a feed");
    if feed == "chatwoot" { text } else { format!("{before}{}", block(feed, "toml", 0)) }
}
