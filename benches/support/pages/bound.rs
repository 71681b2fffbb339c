//! How fast any detector can be: Lorden's bound. At a mean time between false alarms of T, no detector has a mean delay below about
//! ln(T r) / (r KL(p1, p0)), where r is the number of cases an hour.
//!
//! The delay until a customer answers is not part of it.

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

/// The bound in hours, at `cases` an hour.
pub(crate) fn delay_hours(cases: f64, divergence: f64) -> f64 {
    (BETWEEN_FALSE_ALARMS_HOURS * cases).max(std::f64::consts::E).ln() / (cases * divergence)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0.62 ln(0.62/0.82) + 0.38 ln(0.38/0.18) = -0.17334 + 0.28394 = 0.11060; ln(5,840 * 10) = 10.97508; so 10.97508 / 1.1060 = 9.92 hours.
    #[test]
    fn ten_answers_an_hour_that_fall_from_82_to_62_percent_take_ten_hours() {
        let divergence = divergence_of_shares(0.62, 0.82);
        assert!((divergence - 0.1106).abs() < 1e-4, "{divergence}");
        let hours = delay_hours(10.0, divergence);
        assert!((hours - 9.92).abs() < 0.02, "{hours}");
    }

    /// ln(2)^2 / (2 * 0.81) = 0.48045 / 1.62 = 0.29657.
    #[test]
    fn times_that_double_diverge_by_the_square_of_the_logarithm() {
        assert!((divergence_of_durations(2.0, 0.9) - 0.29657).abs() < 1e-5);
    }
}
