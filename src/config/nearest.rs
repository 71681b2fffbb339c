//! The known word nearest to a misspelt one, for hints. Knows nothing of configuration.

/// The nearest of `known` by edits, unless it needs more than a third of the word's letters (at least two); else the shortest that holds the
/// whole word, if that has three letters.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let letters = word.chars().count();
    let allowed = (letters / 3).max(2);
    let similar = known.iter().map(|k| (edits(word, k), *k)).filter(|(n, _)| *n <= allowed).min();
    let longer = || known.iter().filter(|k| letters >= 3 && k.contains(word)).map(|k| (k.len(), *k)).min();
    similar.or_else(longer).map(|(_, k)| k)
}

/// "did you mean" and the nearest word, or all the known ones.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    meant(word, known).unwrap_or_else(|| format!("known here: {}", listed(known)))
}

/// "did you mean" and the nearest word, or a pointer to the known ones, where the message has just listed them.
pub(super) fn suggestion_below_list(word: &str, known: &[&str]) -> String {
    meant(word, known).unwrap_or_else(|| "use one of these".into())
}

fn meant(word: &str, known: &[&str]) -> Option<String> {
    nearest(word, known).map(|k| format!("did you mean `{k}`?"))
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
