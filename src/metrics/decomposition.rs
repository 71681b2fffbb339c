//! What moved: the change of a mean from the baseline to the short window, taken apart by the values of one dimension.
//!
//! A value contributes by its rate, `mean weight x change of rate`, and by its mix, `change of weight x (mean rate - mean overall rate)`. Its weight is
//! its share of the cases. The weights of each side add up to 1, so the contributions of a dimension add up to the change of the whole. A value without
//! cases on one side has no rate there, and contributes by its mix alone.
//!
//! Source of the split: E. M. Kitagawa, "Components of a difference between two rates", 1955. Does not know where the numbers come from.

/// The value that small groups are added up under, as does the engine with the values of a dimension beyond its limit.
pub(super) const OTHER: &str = "other";

/// The numerator and the denominator of a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// What is averaged, added up: satisfied answers, points, seconds.
    pub(super) points: f64,
    /// The number of cases, which is whole and not negative.
    pub(super) cases: f64,
}

/// The sums of the two sides that are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sides {
    /// Over the short window.
    pub(super) now: Sums,
    /// Over the baseline window without the short one.
    pub(super) rest: Sums,
}

/// What one value of a dimension contributed to a change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part<'a> {
    /// The value.
    pub(super) value: &'a str,
    /// By the change of its rate; `None` where it has cases on one side only.
    pub(super) rate: Option<f64>,
    /// By the change of its weight.
    pub(super) mix: f64,
}

impl Sums {
    fn less(self, other: Self) -> Self {
        Self { points: self.points - other.points, cases: self.cases - other.cases }
    }

    fn and(self, other: Self) -> Self {
        Self { points: self.points + other.points, cases: self.cases + other.cases }
    }

    fn mean(self) -> Option<f64> {
        (self.cases > 0.0).then(|| self.points / self.cases)
    }
}

impl Sides {
    /// The sides of a short window, and of the longer one that holds it.
    pub(super) fn of_windows(short: Sums, long: Sums) -> Self {
        Self { now: short, rest: long.less(short) }
    }

    /// The change of the mean; `None` where one side has no cases.
    pub(super) fn change(self) -> Option<f64> {
        Some(self.now.mean()? - self.rest.mean()?)
    }

    /// Whether no side has fewer than `cases_min` cases, except none at all.
    fn may_be_shown(self, cases_min: f64) -> bool {
        let is_fit = |side: Sums| side.cases == 0.0 || side.cases >= cases_min;
        is_fit(self.now) && is_fit(self.rest) && self.now.cases + self.rest.cases > 0.0
    }
}

/// Takes the change of the whole apart. Groups of fewer than `cases_min` cases on a side that has any, and the cases of the whole that no group has,
/// are one group, [`OTHER`], at the end. Nothing where one side of the whole has no cases.
pub(super) fn decompose<'a>(whole: Sides, groups: impl Iterator<Item = (&'a str, Sides)>, cases_min: f64) -> Vec<Part<'a>> {
    let Some((now_mean, rest_mean)) = whole.now.mean().zip(whole.rest.mean()) else { return Vec::new() };
    let mut shown: Vec<(&str, Sides)> = groups.filter(|(value, sides)| *value != OTHER && sides.may_be_shown(cases_min)).collect();
    let sum = |side: fn(&Sides) -> Sums| shown.iter().fold(Sums::default(), |sum, (_, sides)| sum.and(side(sides)));
    let other = Sides { now: whole.now.less(sum(|sides| sides.now)), rest: whole.rest.less(sum(|sides| sides.rest)) };
    shown.push((OTHER, other));
    let part = |(value, sides): (&'a str, Sides)| {
        let (weight_now, weight_rest) = (sides.now.cases / whole.now.cases, sides.rest.cases / whole.rest.cases);
        let (now, rest) = (sides.now.mean(), sides.rest.mean());
        let mean = f64::midpoint(now.or(rest)?, rest.or(now)?);
        let rate = now.zip(rest).map(|(now, rest)| f64::midpoint(weight_now, weight_rest) * (now - rest));
        Some(Part { value, rate, mix: (weight_now - weight_rest) * (mean - f64::midpoint(now_mean, rest_mean)) })
    };
    shown.into_iter().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sides(now: (f64, f64), rest: (f64, f64)) -> Sides {
        let sums = |(points, cases)| Sums { points, cases };
        Sides { now: sums(now), rest: sums(rest) }
    }

    fn add(a: Sides, b: Sides) -> Sides {
        Sides { now: a.now.and(b.now), rest: a.rest.and(b.rest) }
    }

    /// A group of at most 40 cases on each side, each with 0 to 5 points.
    fn group() -> impl Strategy<Value = Sides> {
        let side = (0_u32..40).prop_flat_map(|cases| (0..=5 * cases).prop_map(move |points| (f64::from(points), f64::from(cases))));
        (side.clone(), side).prop_map(|(now, rest)| sides(now, rest))
    }

    #[test]
    fn a_worked_example() {
        // Billing falls from 0.8 to 0.4 at a weight of a half; orders keeps its 0.8.
        let (billing, orders) = (sides((4.0, 10.0), (40.0, 50.0)), sides((8.0, 10.0), (40.0, 50.0)));
        let parts = decompose(add(billing, orders), [("billing", billing), ("orders", orders)].into_iter(), 5.0);
        assert_eq!(parts.len(), 2, "nothing is left for others: {parts:?}");
        assert!(parts[0].value == "billing" && (parts[0].rate.unwrap() + 0.2).abs() < 1e-12 && parts[0].mix.abs() < 1e-12, "{parts:?}");
        assert!(parts[1].rate.unwrap().abs() < 1e-12 && parts[1].mix.abs() < 1e-12, "{parts:?}");
    }

    #[test]
    fn a_group_of_few_cases_is_part_of_the_others_and_one_on_one_side_has_a_mix_alone() {
        let (large, small, new) = (sides((6.0, 10.0), (80.0, 90.0)), sides((1.0, 2.0), (9.0, 9.0)), sides((5.0, 8.0), (0.0, 0.0)));
        let whole = add(add(large, small), new);
        let parts = decompose(whole, [("large", large), ("new", new), ("small", small)].into_iter(), 5.0);
        assert_eq!(parts.iter().map(|part| part.value).collect::<Vec<_>>(), ["large", "new", OTHER]);
        assert_eq!(parts.iter().map(|part| part.rate.is_some()).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn without_cases_on_one_side_there_is_nothing_to_take_apart() {
        let group = sides((3.0, 10.0), (0.0, 0.0));
        assert!(decompose(group, [("a", group)].into_iter(), 1.0).is_empty() && group.change().is_none());
    }

    proptest! {
        #[test]
        fn the_parts_of_a_dimension_add_up_to_the_change(
            groups in prop::collection::vec(group(), 1..12),
            unnamed in group(),
            cases_min in 1_u32..30,
        ) {
            let whole = groups.iter().fold(unnamed, |sum, sides| add(sum, *sides));
            let names: Vec<String> = (0..groups.len()).map(|at| if at == 3 { OTHER.to_owned() } else { at.to_string() }).collect();
            let named = names.iter().map(String::as_str).zip(groups.iter().copied());
            let parts = decompose(whole, named, f64::from(cases_min));
            let sum: f64 = parts.iter().map(|part| part.rate.unwrap_or(0.0) + part.mix).sum();
            let change = whole.change();
            prop_assert_eq!(parts.is_empty(), change.is_none());
            prop_assert!((sum - change.unwrap_or(0.0)).abs() < 1e-12, "{} and {:?}", sum, change);
            prop_assert!(parts.iter().filter(|part| part.value == OTHER).count() <= 1);
        }
    }
}
