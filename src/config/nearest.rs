//! The known word nearest to a misspelt one, for hints. Knows nothing of configuration.

/// The nearest of `known` by edits, unless it needs more than a third of the word's letters (at least two).
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = (word.chars().count() / 3).max(2);
    known.into_iter().map(|k| (edits(word, k), k)).filter(|(n, _)| *n <= allowed).min().map(|(_, k)| k)
}

/// "did you mean" and the nearest word, or all the known ones.
pub(super) fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(k) => format!("did you mean `{k}`?"),
        None => format!("known here: {}", listed(&known)),
    }
}

/// Words in backticks with commas between.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// Levenshtein's distance: insertions, deletions and replacements from one word to the other.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_finds_its_nearest_and_a_foreign_word_finds_none() {
        assert_eq!(nearest("bootstrap_server", ["group_id", "bootstrap_servers"]), Some("bootstrap_servers"));
        assert_eq!(nearest("hopp", ["range", "hop", "name"]), Some("hop"));
        assert_eq!(nearest("colour", ["range", "hop", "name"]), None);
    }

    #[test]
    fn edits_are_counted_one_by_one() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "abc"), 0);
    }
}
