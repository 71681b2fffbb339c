//! PromQL as text: exchanging names in an expression, and the intervals of `metrics::statistics` written as expressions.
//!
//! Does not know which names there are.

/// Labels that Prometheus or Kubernetes give a replica: merging drops them and keeps `job`, `namespace` and `cluster`.
pub(super) const OF_REPLICA: &str = "instance, pod, container, endpoint";

/// The 97.5 % quantile of the standard normal distribution, as in `metrics::statistics`.
const Z: &str = "1.959963984540054";
const Z_SQUARED: &str = "3.841458820694124";
const HALF_Z_SQUARED: &str = "1.920729410347062";
const QUARTER_Z_SQUARED: &str = "0.960364705173531";

/// What takes the place of a name in an expression.
pub(super) struct Selected {
    /// The other name.
    pub(super) name: String,
    /// Further matchers, such as `window="1h"`; may be empty.
    pub(super) matchers: String,
    /// What follows the selector, such as ` offset 7d`; may be empty.
    pub(super) modifier: String,
}

/// The expression with each name that begins with `cx_` exchanged, outside of quotes.
pub(super) fn with_names(template: &str, exchange: impl Fn(&str) -> Selected) -> String {
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
        let selected = exchange(name);
        out.push_str(&selected.name);
        let all: Vec<&str> = [matchers, &selected.matchers].into_iter().filter(|part| !part.is_empty()).collect();
        if !all.is_empty() {
            out.push_str(&format!("{{{}}}", all.join(",")));
        }
        out.push_str(&selected.modifier);
    }
    out
}

/// The names in an expression that begin with `cx_`.
pub(super) fn names_in(template: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    with_names(template, |name| {
        found.borrow_mut().push(name.to_owned());
        Selected { name: String::new(), matchers: String::new(), modifier: String::new() }
    });
    found.into_inner()
}

/// The share of `part` in `whole`; absent where the whole is empty.
pub(super) fn share(part: &str, whole: &str) -> String {
    format!("{part} / ({whole} > 0)")
}

/// The lower Wilson bound of the share.
pub(super) fn wilson_lower(part: &str, whole: &str) -> String {
    format!("clamp_min({}, 0)", wilson(part, whole, '-'))
}

/// The upper Wilson bound of the share.
pub(super) fn wilson_upper(part: &str, whole: &str) -> String {
    format!("clamp_max({}, 1)", wilson(part, whole, '+'))
}

fn wilson(part: &str, whole: &str, side: char) -> String {
    let root = format!("sqrt({part} * ({whole} - {part}) / {whole} + {QUARTER_Z_SQUARED})");
    format!("({part} + {HALF_Z_SQUARED} {side} {Z} * {root}) / ({whole} + {Z_SQUARED} > {Z_SQUARED})")
}

/// `centre` and 1.96 times a standard error on one side of it.
pub(super) fn bound(centre: &str, side: char, error: &str) -> String {
    format!("{centre} {side} {Z} * {error}")
}

/// The z of the difference of two proportions; NaN, which no comparison lets through, where both are 0 or both are 1.
/// `across` stands behind each operator that joins now and then, such as `ignoring (baseline)`.
pub(super) fn two_proportions(now: (&str, &str), then: (&str, &str), across: &str) -> String {
    let ((s, n), (s0, n0)) = (now, then);
    let pooled = format!("({s} + {across}{s0}) / ({n} + {across}{n0})");
    format!("({s} / {n} - {across}({s0} / {n0})) / sqrt({pooled} * (1 - {pooled}) * (1 / {n} + {across}(1 / {n0})))")
}

/// In parentheses, where it is more than one operand.
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
    fn names_are_exchanged_with_their_matchers_and_not_in_quotes() {
        let exchange = |name: &str| Selected {
            name: name.replacen("cx_", "cx:", 1),
            matchers: "window=\"1h\"".to_owned(),
            modifier: " offset 7d".to_owned(),
        };
        assert_eq!(
            with_names("sum(cx_a{x=\"cx_b\"}) / up + 2 * cx_c", exchange),
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
