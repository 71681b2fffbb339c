//! How fast any detector can be: Lorden's bound. At a mean time between false alarms of T, no detector has a mean delay below about
//! ln(T r) / (r KL(p1, p0)), where r is the number of cases an hour.
//!
//! Cases come at the rates of their hours, so that nothing can be known of a night without any. The delay until a customer answers is not part of it.

/// The hours between false alarms of one team at one false alarm a month for eight teams.
pub(crate) const BETWEEN_FALSE_ALARMS_HOURS: f64 = 8.0 * 730.0;

/// The divergence of a share `now` from a share `before`, in nats for each case.
pub(crate) fn divergence_of_shares(now: f64, before: f64) -> f64 {
    now * (now / before).ln() + (1.0 - now) * ((1.0 - now) / (1.0 - before)).ln()
}

/// The divergence of two normal distributions of logarithms with one standard deviation, whose medians differ by a factor.
pub(crate) fn divergence_of_durations(factor: f64, sigma: f64) -> f64 {
    factor.ln().powi(2) / (2.0 * sigma * sigma)
}

/// The divergence of a wait that is known up to an age, from the same at usual speed: of a wait that goes on, only that it does. `median` is the usual one, in the
/// unit of the age; `factor` and `sigma` are as in [`divergence_of_durations`].
///
/// With the end b = ln(age / (factor median)) / sigma in standard deviations and the shift d = ln(factor) / sigma, it is d^2/2 P(b) - d p(b) for the waits that
/// end before, and (1 - P(b)) ln((1 - P(b)) / (1 - P(b + d))) for those that go on; p and P are the standard normal density and distribution.
pub(crate) fn divergence_of_waits(age: f64, median: f64, factor: f64, sigma: f64) -> f64 {
    let (shift, end) = (factor.ln() / sigma, (age / (factor * median)).ln() / sigma);
    let [goes_on, would_go_on] = [end, end + shift].map(|at| 1.0 - normal_distribution(at));
    let ended = shift * shift / 2.0 * (1.0 - goes_on) - shift * (-end * end / 2.0).exp() / std::f64::consts::TAU.sqrt();
    ended + if goes_on > 1e-6 { goes_on * (goes_on / would_go_on.max(1e-12)).ln() } else { 0.0 }
}

/// The bound in hours for cases that come at changing rates, of each of which so much is known after an age: the instant at which what is known of all adds
/// up to ln(T r). `cases` gives the cases an hour at a time since the start, and `divergence` what is known of one at an age, both times in hours; r is the mean
/// number of cases an hour. Up to 14 days, and infinite beyond.
pub(crate) fn delay_hours(mean_cases: f64, cases: impl Fn(f64) -> f64, divergence: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 12.0;
    const STEPS: usize = 14 * 24 * 12;
    let needed = (BETWEEN_FALSE_ALARMS_HOURS * mean_cases).max(std::f64::consts::E).ln();
    let middle = |step: usize| (step as f64 + 0.5) * STEP;
    let (mut came, mut known_of_one, mut before) = (Vec::with_capacity(STEPS), Vec::with_capacity(STEPS), 0.0);
    for step in 0..STEPS {
        came.push(cases(middle(step)) * STEP);
        known_of_one.push(divergence(middle(step)));
        let known: f64 = came.iter().zip(known_of_one.iter().rev()).map(|(cases, known)| cases * known).sum();
        if known >= needed {
            return (step as f64 + (needed - before) / (known - before)) * STEP;
        }
        before = known;
    }
    f64::INFINITY
}

/// The standard normal distribution, by Abramowitz and Stegun 26.2.17, with an error below 1e-7.
fn normal_distribution(at: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * at.abs());
    let sum =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429].into_iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    let beyond = (-at * at / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum;
    if at < 0.0 { beyond } else { 1.0 - beyond }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0.62 ln(0.62/0.82) + 0.38 ln(0.38/0.18) = -0.17334 + 0.28394 = 0.11060; ln(5,840 * 10) = 10.97508; so 10.97508 / 1.1060 = 9.92 hours.
    #[test]
    fn ten_answers_an_hour_that_fall_from_82_to_62_percent_take_ten_hours() {
        let divergence = divergence_of_shares(0.62, 0.82);
        assert!((divergence - 0.1106).abs() < 1e-4, "{divergence}");
        let hours = delay_hours(10.0, |_| 10.0, |_| divergence);
        assert!((hours - 9.92).abs() < 0.02, "{hours}");
    }

    /// At the age of its usual median, b = -ln(2)/0.9 = -0.77016 and b + d = 0: P(b) = 0.22060, p(b) = 0.29656. d^2/2 P(b) - d p(b) = 0.06543 - 0.22840, and
    /// 0.77940 ln(0.77940 / 0.5) = 0.34599. Known to its end, it is what durations diverge by; known to no age, nothing.
    #[test]
    fn a_wait_tells_more_the_longer_it_is_known() {
        let of = |age: f64| divergence_of_waits(age, 1.0, 2.0, 0.9);
        assert!((of(1.0) - 0.18301).abs() < 1e-4, "{}", of(1.0));
        assert!(of(1e-3).abs() < 1e-6 && (of(1e6) - divergence_of_durations(2.0, 0.9)).abs() < 1e-6);
        assert!((1..100).all(|age| of(f64::from(age) / 10.0) < of(f64::from(age + 1) / 10.0)));
    }

    /// Of a wait less is known than of a duration, so its bound is later.
    #[test]
    fn waits_that_go_on_have_a_later_bound_than_durations_that_are_known_at_once() {
        let hours = |divergence: &dyn Fn(f64) -> f64| delay_hours(10.0, |_| 10.0, divergence);
        assert!(hours(&|age| divergence_of_waits(age, 1.0, 2.0, 0.9)) > hours(&|_| divergence_of_durations(2.0, 0.9)) + 0.5);
    }

    /// Nothing is known before cases come: 12 hours without any delay the bound by 12 hours. Where too little ever comes, there is none.
    #[test]
    fn cases_that_come_later_are_known_later() {
        let late = delay_hours(10.0, |hour| if hour < 12.0 { 0.0 } else { 10.0 }, |_| 0.1106);
        assert!((late - 21.92).abs() < 0.02, "{late}");
        assert_eq!(delay_hours(10.0, |_| 0.01, |_| 0.1106), f64::INFINITY);
    }

    /// ln(2)^2 / (2 * 0.81) = 0.48045 / 1.62 = 0.29657.
    #[test]
    fn times_that_double_diverge_by_the_square_of_the_logarithm() {
        assert!((divergence_of_durations(2.0, 0.9) - 0.29657).abs() < 1e-5);
    }
}
