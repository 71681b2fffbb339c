//! The formulas, as a textbook writes them.

/// The 97.5 % quantile of the standard normal distribution.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// The 95 % Wilson interval of `part` of `whole`.
pub(crate) fn wilson(part: i64, whole: i64) -> (f64, f64) {
    let (n, p) = (whole as f64, part as f64 / whole as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// An NPS with its adjusted interval: one promoter, one passive and one detractor added.
pub(crate) fn nps(promoters: i64, passives: i64, detractors: i64) -> (f64, f64, f64) {
    let n = (promoters + passives + detractors) as f64;
    let (p, d) = ((promoters + 1) as f64 / (n + 3.0), (detractors + 1) as f64 / (n + 3.0));
    let half = Z * ((p + d - (p - d) * (p - d)) / (n + 3.0)).sqrt();
    (100.0 * (promoters - detractors) as f64 / n, 100.0 * (p - d - half), 100.0 * (p - d + half))
}

/// Newcombe's interval of a difference of two proportions: (difference, lower, upper).
pub(crate) fn newcombe(a: (i64, i64), b: (i64, i64)) -> (f64, f64, f64) {
    let (pa, pb) = (a.0 as f64 / a.1 as f64, b.0 as f64 / b.1 as f64);
    let ((la, ua), (lb, ub)) = (wilson(a.0, a.1), wilson(b.0, b.1));
    let difference = pa - pb;
    (difference, difference - (pa - la).hypot(ub - pb), difference + (ua - pa).hypot(pb - lb))
}

/// The index of the nearest-rank quantile among `n` sorted values.
pub(crate) fn nearest_rank(n: usize, percent: u8) -> usize {
    (n * usize::from(percent)).div_ceil(100).max(1) - 1
}

/// The Fisher interval of a rank correlation.
pub(crate) fn fisher(rho: f64, n: usize) -> (f64, f64) {
    if rho.abs() >= 1.0 {
        return (rho, rho);
    }
    let half = Z * ((1.0 + rho * rho / 2.0) / (n as f64 - 3.0)).sqrt();
    ((rho.atanh() - half).tanh(), (rho.atanh() + half).tanh())
}

/// Spearman's rho of pairs, ties by mid-ranks; `None` below 10 pairs or when one side is constant.
pub(crate) fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let x = mid_ranks(pairs.iter().map(|p| p.0));
    let y = mid_ranks(pairs.iter().map(|p| p.1));
    let mean = (pairs.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let spread = product(&x, &x) * product(&y, &y);
    (pairs.len() >= 10 && spread > 0.0).then(|| (product(&x, &y) / spread.sqrt()).clamp(-1.0, 1.0))
}

/// The rank of each value: how many lie below it, and half of those beside it.
fn mid_ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|x| x < value);
        let up_to = sorted.partition_point(|x| x <= value);
        (below + up_to + 1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}
