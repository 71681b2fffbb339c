//! Hints on misspelt words: the nearest known word.
//!
//! Does not know where the words come from.

/// The known word with the fewest edits, if they are at most a third of the word's letters, or at most two in a short word. Otherwise the
/// shortest known word that contains the whole word, if that has at least three letters.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let letters = word.chars().count();
    let allowed = (letters / 3).max(2);
    let similar = known.iter().map(|k| (edits(word, k), *k)).filter(|(n, _)| *n <= allowed).min();
    let longer = || known.iter().filter(|k| letters >= 3 && k.contains(word)).map(|k| (k.len(), *k)).min();
    similar.or_else(longer).map(|(_, k)| k)
}

/// "did you mean" with the nearest known word, or a list of all known words.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    meant(word, known).unwrap_or_else(|| format!("known here: {}", listed(known)))
}

/// "did you mean" with the nearest known word, or a reference to the known words, which the message has just listed.
pub(super) fn suggestion_below_list(word: &str, known: &[&str]) -> String {
    meant(word, known).unwrap_or_else(|| "use one of these".into())
}

fn meant(word: &str, known: &[&str]) -> Option<String> {
    nearest(word, known).map(|k| format!("did you mean `{k}`?"))
}

/// The words in backticks, separated by commas.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// Levenshtein's distance: the number of insertions, deletions and replacements that turn one word into the other.
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
        assert_eq!(nearest("bootstrap_server", &["group_id", "bootstrap_servers"]), Some("bootstrap_servers"));
        assert_eq!(nearest("hopp", &["range", "hop", "name"]), Some("hop"));
        assert_eq!(nearest("colour", &["range", "hop", "name"]), None);
        assert_eq!(nearest("lateness", &["allowed_lateness", "name"]), Some("allowed_lateness"));
    }

    #[test]
    fn edits_are_counted_one_by_one() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "abc"), 0);
    }
}
