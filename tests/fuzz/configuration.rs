//! Configuration files: each gives a configuration, or problems with their places.

use std::path::Path;

use cxpulse::config::{default_file, load};

use super::script::{Tried, changed};

fn seeds() -> Vec<Vec<u8>> {
    // One section each, so that a change is likely to meet something.
    let mut seeds: Vec<Vec<u8>> = default_file().split("\n\n").map(|section| section.as_bytes().to_vec()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let is_toml = |path: &&std::path::PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    seeds.extend(paths.iter().filter(is_toml).map(|path| std::fs::read(path).expect("the file is readable")));
    seeds
}

fn judge(bytes: &[u8], path: &Path) {
    std::fs::write(path, bytes).expect("the file is writable");
    match load(Some(path), Vec::new(), &[]) {
        Ok(loaded) => assert!(!loaded.configuration.topics.is_empty() && !loaded.configuration.engine.windows.is_empty()),
        Err(error) => {
            assert!(!error.problems.is_empty(), "an error without a problem");
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn configuration() {
    let seeds = seeds();
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    let tried = Tried::by("configuration");
    bolero::check!(name = "configuration").for_each(|input: &[u8]| {
        tried.one_more();
        judge(input, file.path());
        judge(&changed(&seeds, input), file.path());
    });
}
