//! Which families are written, where only some are wanted: a list of their exported names.
//!
//! Does not know which families exist.

/// The families that are wanted, by name. Without any name, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilySelection(Vec<String>);

impl FamilySelection {
    /// The families with these exported names, such as `cx_csat_ratio_by_team`. A name that ends in `*` stands for all that begin so. A histogram
    /// is named without `_bucket`, `_sum` and `_count`.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Whether families are chosen by name.
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether the family of this name is wanted.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let is_meant = |wanted: &String| wanted.strip_suffix('*').map_or(wanted == name, |start| name.starts_with(start));
        self.0.is_empty() || self.0.iter().any(is_meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_itself_and_a_start_for_all_that_begin_so() {
        let selection = FamilySelection::of(["cx_csat_ratio", "cx_kafka_*"]);
        let has = ["cx_csat_ratio", "cx_csat_ratio_by_team", "cx_kafka_up", "cx_ready"].map(|name| selection.has(name));
        assert_eq!(has, [true, false, true, false]);
        assert!(FamilySelection::default().has("cx_ready"));
    }
}
