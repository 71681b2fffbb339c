//! The confidence intervals that are exported beside the values: Wilson's and Newcombe's for proportions, the adjusted interval of NPS, and
//! Fisher's for correlations. The rules for Prometheus repeat their formulas in PromQL, with the constants from here.
//!
//! Does not know where the counts come from.

/// The confidence level of every interval, in percent. [`Z`] and [`Z_SQUARED`] follow from it.
pub const CONFIDENCE_PERCENT: u8 = 95;

/// The number of standard errors from the centre of an interval to its bounds: the 97.5 % quantile of the standard normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;

/// The square of the same quantile: the 95 % quantile of the chi-squared distribution with one degree of freedom. It is the square of the
/// exact number, so it differs from `Z * Z` in the last digit.
///
/// ```
/// use cxpulse::metrics::statistics::{Z, Z_SQUARED};
/// assert!((Z * Z - Z_SQUARED).abs() < 1e-14);
/// ```
pub const Z_SQUARED: f64 = 3.841_458_820_694_124;

/// The Wilson score interval of the proportion `part / whole`: its lower and upper bound, both 0 to 1; `None` where `whole` is 0.
///
/// With p = part / n, n = whole and z = [`Z`], the bounds are (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n). `part` must be 0 to
/// `whole`. Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
///
/// Eight of ten:
///
/// ```
/// let (lower, upper) = cxpulse::metrics::statistics::wilson(8, 10).unwrap();
/// assert!((lower - 0.490162).abs() < 1e-6 && (upper - 0.943318).abs() < 1e-6);
/// assert_eq!(cxpulse::metrics::statistics::wilson(0, 0), None);
/// ```
#[must_use]
pub fn wilson(part: i64, whole: i64) -> Option<(f64, f64)> {
    if whole <= 0 {
        return None;
    }
    let (n, z2) = (whole as f64, Z * Z);
    let p = part as f64 / n;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At 0 and 1 the bound is exact; the subtraction would leave a rounding error.
    let lower = if part == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if part == whole { 1.0 } else { (centre + half).min(1.0) };
    Some((lower, upper))
}

/// The difference of two independent proportions, each given as its part and whole, with the lower and the upper bound of Newcombe's
/// interval; all three are -1 to 1. `None` where a whole is 0.
///
/// With the Wilson bounds l and u of each proportion p, the bounds are p₁ - p₂ - √((p₁ - l₁)² + (u₂ - p₂)²) and p₁ - p₂ + √((u₁ - p₁)² +
/// (p₂ - l₂)²). Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", 1998, method 10.
///
/// 90 of 100 against 80 of 100:
///
/// ```
/// let (difference, lower, upper) = cxpulse::metrics::statistics::newcombe((90, 100), (80, 100)).unwrap();
/// assert!((difference - 0.1).abs() < 1e-12 && (lower - 0.000149).abs() < 1e-6 && (upper - 0.199474).abs() < 1e-6);
/// ```
#[must_use]
pub fn newcombe(first: (i64, i64), second: (i64, i64)) -> Option<(f64, f64, f64)> {
    let ((lower1, upper1), (lower2, upper2)) = (wilson(first.0, first.1)?, wilson(second.0, second.1)?);
    let (p1, p2) = (first.0 as f64 / first.1 as f64, second.0 as f64 / second.1 as f64);
    let down = ((p1 - lower1).powi(2) + (upper2 - p2).powi(2)).sqrt();
    let up = ((upper1 - p1).powi(2) + (p2 - lower2).powi(2)).sqrt();
    Some((p1 - p2, p1 - p2 - down, p1 - p2 + up))
}

/// The net promoter score (-100 to 100), with the lower and the upper bound of its adjusted interval, which can lie beyond -100 and 100;
/// `None` without answers.
///
/// The score is 100 (promoters - detractors) / answers. For the interval one promoter, one passive and one detractor are added to the
/// answers; with the shares p and d of promoters and detractors in these n + 3 answers, the bounds are 100 (p - d ± z √((p + d - (p - d)²)
/// / (n + 3))).
///
/// Five promoters, two detractors and three passives: the interval is 23.077 ± 43.456.
///
/// ```
/// let (score, lower, upper) = cxpulse::metrics::statistics::nps(5, 2, 10).unwrap();
/// assert_eq!(score, 30.0);
/// assert!(((lower + upper) / 2.0 - 23.077).abs() < 1e-3 && ((upper - lower) / 2.0 - 43.456).abs() < 1e-3);
/// ```
#[must_use]
pub fn nps(promoters: i64, detractors: i64, answers: i64) -> Option<(f64, f64, f64)> {
    if answers <= 0 {
        return None;
    }
    let n = (answers + 3) as f64;
    let (p, d) = ((promoters + 1) as f64 / n, (detractors + 1) as f64 / n);
    let half = Z * ((p + d - (p - d).powi(2)) / n).sqrt();
    let score = 100.0 * (promoters - detractors) as f64 / answers as f64;
    Some((score, 100.0 * (p - d - half), 100.0 * (p - d + half)))
}

/// The lower and the upper bound of Fisher's interval of Spearman's `rho` (-1 to 1) over `n` pairs, of which there must be more than 3. A
/// rho of -1 or 1 is its own lower and upper bound.
///
/// The bounds are tanh(atanh(rho) ± z √((1 + rho²/2) / (n - 3))). Source of the standard error: D. G. Bonett and T. A. Wright, "Sample size
/// requirements for estimating Pearson, Kendall and Spearman correlations", 2000.
///
/// A rho of -0.4 over 20 pairs:
///
/// ```
/// let (lower, upper) = cxpulse::metrics::statistics::fisher(-0.4, 20);
/// assert!((lower + 0.7248).abs() < 1e-4 && (upper - 0.0702).abs() < 1e-4);
/// ```
#[must_use]
pub fn fisher(rho: f64, n: i64) -> (f64, f64) {
    if rho.abs() >= 1.0 {
        return (rho, rho);
    }
    let half = Z * ((1.0 + rho * rho / 2.0) / (n - 3) as f64).sqrt();
    ((rho.atanh() - half).tanh(), (rho.atanh() + half).tanh())
}

/// By how many standard deviations a share has changed from the share before it; positive above it. Each side is given as its part and whole, which are
/// whole numbers; `None` where a whole is 0. `days_differ` is the variance of the share of one day beyond chance.
///
/// It is the signed root of the likelihood ratio: with p of n cases now and p₀ of n₀ cases before, √(2 n (p ln(p/p₀) + (1 - p) ln((1 - p)/(1 - p₀))) /
/// (1 + n (1/n₀ + days_differ / (p₀ (1 - p₀))))). No share before counts as nearer to 0 or 1 than one in a hundred. The rules `:z_rest` have the same.
///
/// 18 of 25 after 90 of 1000, and 3 of 30:
///
/// ```
/// use cxpulse::metrics::statistics::change_of_share;
/// assert!((change_of_share((18.0, 25.0), (90.0, 1000.0), 0.0005).unwrap() - 7.039622).abs() < 1e-6);
/// assert!((change_of_share((3.0, 30.0), (90.0, 1000.0), 0.0005).unwrap() - 0.170996).abs() < 1e-6);
/// ```
#[must_use]
pub fn change_of_share(now: (f64, f64), before: (f64, f64), days_differ: f64) -> Option<f64> {
    let ((part, n), (part_before, n0)) = (now, before);
    if n <= 0.0 || n0 <= 0.0 {
        return None;
    }
    let (p, p0) = ((part / n).clamp(1e-6, 0.999_999), (part_before / n0).clamp(0.01, 0.99));
    let divergence = p * (p / p0).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - p0)).ln();
    let more = 1.0 + n * (1.0 / n0 + days_differ / (p0 * (1.0 - p0)));
    Some((2.0 * n * divergence.max(0.0) / more).sqrt().copysign(p - p0))
}

/// The number of standard errors from an estimate to its bounds where the error itself was estimated with `degrees` of freedom, at least 2: the 97.5 %
/// quantile of Student's t distribution.
///
/// It is the expansion z + g₁/ν + g₂/ν² + g₃/ν³ + g₄/ν⁴ with g₁ = (z³ + z)/4, g₂ = (5z⁵ + 16z³ + 3z)/96, g₃ = (3z⁷ + 19z⁵ + 17z³ - 15z)/384 and
/// g₄ = (79z⁹ + 776z⁷ + 1482z⁵ - 1920z³ - 945z)/92160, z = [`Z`], which the rules repeat. It is off by 0.03 % at 4 degrees, and by 0.7 % at 2. Source: M.
/// Abramowitz and I. A. Stegun, "Handbook of mathematical functions", 26.7.5.
///
/// ```
/// let quantile = cxpulse::metrics::statistics::student(6.0);
/// assert!((quantile - 2.4469).abs() < 1e-4);
/// ```
#[must_use]
pub fn student(degrees: f64) -> f64 {
    let terms = STUDENT_TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees);
    Z + terms
}

/// The terms g₁ to g₄ of [`student`], rounded.
pub const STUDENT_TERMS: [f64; 4] = [2.372_271, 2.822_499, 2.555_850, 1.589_534];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_numbers_of_wilson() {
        for (part, whole, lower, upper) in [
            (8, 10, 0.490162, 0.943318),
            (0, 5, 0.0, 0.434482),
            (5, 5, 0.565518, 1.0),
            (1, 1, 0.206549, 1.0),
            (90, 100, 0.825634, 0.944771),
            (450, 500, 0.870578, 0.923322),
        ] {
            let (l, u) = wilson(part, whole).unwrap();
            assert!((l - lower).abs() < 1e-6 && (u - upper).abs() < 1e-6, "{part}/{whole}: {l}..{u}");
        }
    }

    #[test]
    fn worked_numbers_of_newcombe() {
        let (difference, lower, upper) = newcombe((9, 10), (8, 10)).unwrap();
        assert!((difference - 0.1).abs() < 1e-9 && (lower + 0.236225).abs() < 1e-6 && (upper - 0.420536).abs() < 1e-6);
    }

    #[test]
    fn worked_numbers_of_nps() {
        for (promoters, passives, detractors, score, centre, margin) in
            [(1, 0, 0, 100.0, 25.0, 81.256), (0, 4, 0, 0.0, 0.0, 39.597), (10, 0, 0, 100.0, 76.923, 31.292)]
        {
            let (s, l, u) = nps(promoters, detractors, promoters + passives + detractors).unwrap();
            assert!(s == score && ((l + u) / 2.0 - centre).abs() < 1e-3 && ((u - l) / 2.0 - margin).abs() < 1e-3);
        }
    }

    #[test]
    fn worked_numbers_of_fisher() {
        let (lower, upper) = fisher(-0.4, 100);
        assert!((lower + 0.5584).abs() < 1e-4 && (upper + 0.2135).abs() < 1e-4);
    }
}
