//! The intervals beside the values: Wilson and Newcombe for proportions, the adjusted interval of NPS, Fisher's for correlations. All at 95 %.

/// The 97.5 % quantile of the standard normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;

/// The Wilson interval of the proportion `part` of `whole` (Wilson 1927); `None` for an empty whole.
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
    // At the ends the bound is exact, where the subtraction leaves a trace of rounding.
    let lower = if part == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if part == whole { 1.0 } else { (centre + half).min(1.0) };
    Some((lower, upper))
}

/// Newcombe's interval of the difference of two independent proportions (Newcombe 1998, method 10): the difference and its bounds.
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

/// The net promoter score with the adjusted interval, in which one promoter, one passive and one detractor are added; `None` without answers.
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

/// The Fisher interval of Spearman's rho over `n` pairs, with the standard error of Bonett and Wright (2000); a rho of -1 or 1 has no width.
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
