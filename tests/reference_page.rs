//! The reference page in the repository equals the page that is generated from the catalogue.

use cxpulse::config::Configuration;
use cxpulse::metrics::reference;

#[test]
fn the_committed_reference_page_is_the_generated_one() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/METRICS.md")).unwrap();
    assert_eq!(committed, reference(&Configuration::default()), "write it again with `cargo run -- metrics > METRICS.md`");
}

#[test]
fn every_family_has_a_unit_or_counts_and_says_what_it_is() {
    let configuration = Configuration::default();
    let families = cxpulse::metrics::catalogue(&configuration.engine);
    let mut names: Vec<&str> = families.iter().map(|family| family.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), families.len(), "a family is declared once");
    for family in &families {
        assert!(family.name.starts_with("cx_") && family.help.ends_with('.'), "{}: {}", family.name, family.help);
    }
}
