//! `[health]`: how much each part of the health index weighs.

use super::problem::{ProblemKind, complaint};
use super::section::Section;

/// Speed, quality, perception and outcome where the file names none.
const DEFAULT: [(&str, f64); 4] = [("speed", 0.3), ("quality", 0.2), ("perception", 0.3), ("outcome", 0.2)];

pub(super) fn resolve(mut section: Section<'_>) -> [f64; 4] {
    let weights = DEFAULT.map(|(part, default)| {
        section.checked(part, default, |weight: &f64| {
            if (0.0..=1_000.0).contains(weight) {
                return Ok(());
            }
            Err(complaint(
                ProblemKind::OutOfRange,
                format!("`{weight}` is no weight; allowed are 0 to 1000"),
                "only the weights' proportions matter",
            ))
        })
    });
    if weights.iter().sum::<f64>() <= 0.0 {
        let what = "all weights are 0; at least one must be more".to_owned();
        section.complain("speed", complaint(ProblemKind::NoHealthWeight, what, "leave the section out for the default weights"));
    }
    section.finish();
    weights
}
