//! Thresholds that the exposition, the rules for Prometheus and the live page apply alike, so that all three agree on a value.
//!
//! Does not know where each of them is applied.

/// The least `cx_window_coverage_ratio` (0 to 1) at which a window counts as complete. The alerts on the organisation hold only for
/// complete windows, and the dashboards and the live page show the values of other windows as partial.
///
/// It is below 1 because the events of the last seconds are always still on their way.
pub const COMPLETE_COVERAGE_RATIO_MIN: f64 = 0.95;

/// The least share (0 to 1) of the configured weights whose parts must be present for a weighted index (`cx_health_index` and
/// `cx_journey_pain_index`) to be exported; below it the index is absent.
///
/// It is 60 %, less 1e-9 as room for rounding: weights such as 0.1 and 0.2 do not add up to exactly 0.3 in binary.
pub const INDEX_WEIGHT_RATIO_MIN: f64 = 0.599_999_999;

/// The variance of the satisfied share of one day beyond chance: days differ by a standard deviation of 1.4 points. The other shares have the same. Days
/// differ by more than chance, so each comparison of shares has a part that more cases do not make smaller.
pub const DAYS_DIFFER: f64 = 0.0002;

/// The variance of the share of one day that is within a time, likewise: 2.2 points.
pub const DAYS_DIFFER_IN_TIME: f64 = 0.0005;

/// A ratio in whole percent, as texts for people have it.
///
/// ```
/// assert_eq!(cxpulse::metrics::percent(cxpulse::metrics::INDEX_WEIGHT_RATIO_MIN), "60 %");
/// ```
#[must_use]
pub fn percent(ratio: f64) -> String {
    format!("{:.0} %", 100.0 * ratio)
}
