//! PromQL as text: replacing the series in an expression, and the intervals of `metrics::statistics` as expressions.
//!
//! Does not know which series exist.

use crate::metrics::statistics::{Z, Z_SQUARED};

/// The labels that Prometheus or Kubernetes gives to a replica. Merging drops them, and keeps `job`, `namespace` and `cluster`.
pub(super) const REPLICA_LABELS: &str = "instance,pod,container,endpoint";

/// The labels that tell one installation from another. A label that a series lacks is equal everywhere.
pub(super) const INSTALLATION: &str = "cluster,namespace,job";

/// The instant vector selector that takes the place of a series in an expression.
pub(super) struct Selector {
    /// The name of the series.
    pub(super) name: String,
    /// Further matchers, such as `window="1h"`; may be empty.
    pub(super) matchers: String,
    /// The text after the selector, such as ` offset 7d`; may be empty.
    pub(super) modifier: String,
}

/// The expression in which every name that begins with `cx_` or `raw_cx_` is replaced, except in quotes. Matchers of the template are kept
/// before those of the selector.
pub(super) fn with_selectors(template: &str, select: impl Fn(&str) -> Selector) -> String {
    let mut out = String::with_capacity(2 * template.len());
    let mut rest = template;
    let mut is_quoted = false;
    while let Some(first) = rest.chars().next() {
        let word = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':').len();
        if word == 0 || is_quoted {
            is_quoted ^= first == '"';
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (name, after) = rest.split_at(word);
        rest = after;
        if !name.starts_with("cx_") && !name.starts_with("raw_cx_") {
            out.push_str(name);
            continue;
        }
        let mut matchers = "";
        if let Some((inside, after)) = rest.strip_prefix('{').and_then(|braces| braces.split_once('}')) {
            (matchers, rest) = (inside, after);
        }
        let selector = select(name);
        out.push_str(&selector.name);
        let all: Vec<&str> = [matchers, &selector.matchers].into_iter().filter(|part| !part.is_empty()).collect();
        if !all.is_empty() {
            out.push_str(&format!("{{{}}}", all.join(",")));
        }
        out.push_str(&selector.modifier);
    }
    out
}

/// The names in an expression that begin with `cx_` or `raw_cx_`, in their order.
pub(super) fn names_in(template: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    with_selectors(template, |name| {
        found.borrow_mut().push(name.to_owned());
        Selector { name: String::new(), matchers: String::new(), modifier: String::new() }
    });
    found.into_inner()
}

/// The share of `part` in `whole`; absent where `whole` is 0.
pub(super) fn share(part: &str, whole: &str) -> String {
    format!("{part} / ({whole} > 0)")
}

/// The lower bound of the Wilson interval of the share; the formula is the one of [`crate::metrics::statistics::wilson`].
pub(super) fn wilson_lower(part: &str, whole: &str) -> String {
    format!("clamp_min({}, 0)", wilson(part, whole, '-'))
}

/// The upper bound of the Wilson interval of the share.
pub(super) fn wilson_upper(part: &str, whole: &str) -> String {
    format!("clamp_max({}, 1)", wilson(part, whole, '+'))
}

fn wilson(part: &str, whole: &str, side: char) -> String {
    let (half, quarter) = (Z_SQUARED / 2.0, Z_SQUARED / 4.0);
    let root = format!("sqrt({part} * ({whole} - {part}) / {whole} + {quarter})");
    format!("({part} + {half} {side} {Z} * {root}) / ({whole} + {Z_SQUARED} > {Z_SQUARED})")
}

/// The bound of the interval around `centre` with the standard error `error`, on the side of the operator `side`.
pub(super) fn bound(centre: &str, side: char, error: &str) -> String {
    format!("{centre} {side} {Z} * {error}")
}

/// A share and the number of its cases, as expressions that are operands.
pub(super) struct ShareOfCases {
    pub(super) share: String,
    pub(super) cases: String,
}

/// The signed root of the likelihood ratio of a share `now` against the share that was to be expected `before`: sqrt(2 n KL(p, p0)), by the sign of p - p0,
/// with its variance made larger for the cases of `before` and by `days_differ`. A share `before` counts as 1 to 99 %, because none is known better than
/// that. `across` follows every operator that joins the two sides.
pub(super) fn divergence(now: &ShareOfCases, before: &ShareOfCases, days_differ: f64, across: &str) -> String {
    let (p, n, n0) = (format!("clamp({}, 1e-6, 0.999999)", now.share), &now.cases, &before.cases);
    let p0 = format!("clamp({}, 0.01, 0.99)", before.share);
    let kl = format!("({p} * ln({p} / {across}{p0}) + (1 - {p}) * ln((1 - {p}) / {across}(1 - {p0})))");
    let more = format!("(1 + {n} * {across}(1 / {n0} + {days_differ} / ({p0} * (1 - {p0}))))");
    format!("sgn({p} - {across}{p0}) * sqrt(clamp_min(2 * {n} * {kl}, 0) / {more})")
}

/// The signed root of the likelihood ratio of a count `now` against a mean of which `expected` are expected: sqrt(2 (n ln(n / m) - (n - m))), by the sign of
/// n - m. Customers come in groups, so its variance is one and a quarter of that of chance; it is larger for a mean of few `weeks`, and days differ by a part
/// of the count, of which `days_differ` is the square. No mean counts as less than 1.
pub(super) fn divergence_of_counts(now: &str, expected: &str, weeks: &str, days_differ: f64) -> String {
    let (n, mean) = (format!("clamp_min({now}, 1e-6)"), format!("clamp_min({expected}, 1)"));
    let ratio = format!("2 * ({n} * ln({n} / {mean}) - ({n} - {mean}))");
    format!("sgn({now} - {mean}) * sqrt(clamp_min({ratio}, 0) / (1.25 * (1 + 1 / {weeks}) + {days_differ} * {mean}))")
}

/// The standard deviation of a count of which this many are expected. Customers come in groups, so its variance is one and a quarter of that of chance, and
/// days differ by a part of the count, of which `days_differ` is the square.
pub(super) fn spread_of_count(expected: &str, days_differ: f64) -> String {
    format!("sqrt(1.25 * clamp_min({expected}, 1) + {days_differ} * {expected} ^ 2)")
}

/// The difference of a share from its target in standard deviations of a share that just reaches it; negative below the target. `across` follows every
/// operator that joins the share and the target.
pub(super) fn distance_below(now: &ShareOfCases, target: &str, days_differ: f64, across: &str) -> String {
    let ShareOfCases { share, cases } = now;
    format!("({share} - {across}{target}) / sqrt(1 / ({cases} > 0) * {across}({target} * (1 - {target})) + {days_differ})")
}

/// The expression, in parentheses where it is not a single operand.
pub(super) fn operand(expression: &str) -> String {
    let is_wrapped = expression.starts_with('(') && closes_at_end(expression);
    if is_wrapped || !expression.contains(' ') { expression.to_owned() } else { format!("({expression})") }
}

fn closes_at_end(expression: &str) -> bool {
    let mut depth = 0_usize;
    for (at, letter) in expression.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == expression.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_with_their_matchers_and_not_in_quotes() {
        let select = |name: &str| Selector {
            name: name.replacen("cx_", "cx:", 1),
            matchers: "window=\"1h\"".to_owned(),
            modifier: " offset 7d".to_owned(),
        };
        assert_eq!(
            with_selectors("sum(cx_a{x=\"cx_b\"}) / up + 2 * cx_c", select),
            "sum(cx:a{x=\"cx_b\",window=\"1h\"} offset 7d) / up + 2 * cx:c{window=\"1h\"} offset 7d"
        );
    }

    #[test]
    fn an_operand_is_put_in_parentheses_once() {
        assert_eq!(operand("a"), "a");
        assert_eq!(operand("a + b"), "(a + b)");
        assert_eq!(operand("(a + b)"), "(a + b)");
        assert_eq!(operand("(a) + (b)"), "((a) + (b))");
    }
}
