//! How a person reads a number: its unit, its digits and its sign.
//!
//! Does not know markup, nor which number it is.

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number of things.
    Count,
    /// Seconds.
    Duration,
    /// A share, shown in percent.
    Percent,
    /// A score of -100 to 100, or of 0 to 100.
    Score,
    /// Effort of 1 to 5, or an index of 0 to 1.
    Hundredths,
    /// A rho of -1 to 1, with its sign.
    Rho,
    /// An amount of money, without its currency.
    Amount,
    /// A difference of natural logarithms, shown as the percentage by which the one is greater.
    Logarithm,
}

/// A space at which a line does not break.
const SPACE: char = '\u{a0}';
/// A minus as wide as a digit.
const MINUS: char = '\u{2212}';

impl Unit {
    /// The name of the unit in the markup.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Duration => "duration",
            Self::Percent => "percent",
            Self::Score => "score",
            Self::Hundredths => "hundredths",
            Self::Rho => "rho",
            Self::Amount => "amount",
            Self::Logarithm => "logarithm",
        }
    }

    /// The number as a person reads it.
    pub(super) fn text(self, value: f64) -> String {
        match self {
            Self::Count => grouped(value),
            Self::Duration => duration(value),
            // With one digit a small share would be rounded to 0.
            Self::Percent if value != 0.0 && value.abs() < 0.01 => format!("{}{SPACE}%", decimals(value * 100.0, 2)),
            Self::Percent => format!("{}{SPACE}%", decimals(value * 100.0, 1)),
            Self::Score => decimals(value, 1),
            Self::Hundredths => decimals(value, 2),
            Self::Rho => signed(value, 2),
            Self::Logarithm => self.difference(value),
            // Cents matter where there are few of them.
            Self::Amount => {
                if value.abs() < 100.0 {
                    decimals(value, 2)
                } else {
                    grouped(value)
                }
            }
        }
    }

    /// A part of a difference, with its sign and without the unit that the difference has been given in.
    pub(super) fn part(self, value: f64) -> String {
        match self {
            Self::Percent => signed(value * 100.0, 1),
            Self::Score => signed(value, 1),
            Self::Count | Self::Duration | Self::Hundredths | Self::Rho | Self::Amount | Self::Logarithm => self.difference(value),
        }
    }

    /// The size of a difference, whatever its sign.
    pub(super) fn size(self, value: f64) -> String {
        self.difference(value.abs()).trim_start_matches('+').to_owned()
    }

    /// The difference of two such numbers, with its sign.
    pub(super) fn difference(self, value: f64) -> String {
        match self {
            Self::Count | Self::Amount => signed(value, 0),
            Self::Duration => format!("{}{}", if value < 0.0 { MINUS } else { '+' }, duration(value.abs())),
            Self::Percent => format!("{}{SPACE}points", signed(value * 100.0, 1)),
            Self::Score => format!("{}{SPACE}points", signed(value, 1)),
            Self::Hundredths | Self::Rho => signed(value, 2),
            Self::Logarithm => format!("{}{SPACE}%", signed(value.exp_m1() * 100.0, 1)),
        }
    }
}

/// A duration in two units at most: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1}{SPACE}s");
    }
    // Rounded to the nearest second; a duration is never negative.
    let s = seconds.round() as u64;
    let (larger, large, smaller, small) = match s {
        0..60 => return format!("{s}{SPACE}s"),
        60..3_600 => (s / 60, "min", s % 60, "s"),
        3_600..86_400 => (s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => (s / 86_400, "d", s % 86_400 / 3_600, "h"),
    };
    if smaller == 0 { format!("{larger}{SPACE}{large}") } else { format!("{larger}{SPACE}{large} {smaller}{SPACE}{small}") }
}

/// A size in bytes, in the largest binary unit of which it has at least one.
pub(super) fn bytes(size: f64) -> String {
    let units = [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| size >= *unit).unwrap_or((1.0, "bytes"));
    format!("{:.0}{SPACE}{name}", size / unit)
}

/// The text with a capital letter at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn decimals(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !is_zero { format!("{MINUS}{text}") } else { text }
}

fn signed(value: f64, digits: usize) -> String {
    let text = decimals(value, digits);
    if text.starts_with(MINUS) { text } else { format!("+{text}") }
}

/// A whole number with narrow spaces between groups of three digits.
fn grouped(value: f64) -> String {
    let digits = decimals(value, 0);
    let count = digits.chars().filter(char::is_ascii_digit).count();
    if count <= 4 {
        return digits;
    }
    let mut text = String::new();
    let mut left = count;
    for c in digits.chars() {
        if c.is_ascii_digit() {
            if left % 3 == 0 && left != count {
                text.push('\u{202f}');
            }
            left -= 1;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_two_units_at_most() {
        let cases =
            [(0.25, "0.2 s"), (59.4, "59 s"), (60.0, "1 min"), (200.0, "3 min 20 s"), (7_500.0, "2 h 5 min"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds).replace(SPACE, " "), expected);
        }
    }

    #[test]
    fn numbers_have_a_true_minus_and_none_at_nothing() {
        assert_eq!(Unit::Score.text(-12.34), "\u{2212}12.3");
        assert_eq!(Unit::Score.text(-0.04), "0.0");
        assert_eq!((Unit::Rho.text(0.4), Unit::Rho.text(-0.001)), ("+0.40".into(), "+0.00".into()));
        assert_eq!(Unit::Duration.difference(-61.0), "\u{2212}1\u{a0}min 1\u{a0}s");
    }

    #[test]
    fn large_counts_are_grouped_and_small_shares_keep_a_digit() {
        assert_eq!(
            ["9999", "24\u{202f}073", "1\u{202f}234\u{202f}567"],
            [9_999.0, 24_073.0, 1_234_567.0].map(|n| Unit::Count.text(n)).each_ref().map(String::as_str)
        );
        assert_eq!(
            ["9.90", "1234", "12\u{202f}346"],
            [9.9, 1_234.4, 12_345.6].map(|n| Unit::Amount.text(n)).each_ref().map(String::as_str)
        );
        assert_eq!(Unit::Percent.text(0.00087), "0.09\u{a0}%");
        assert_eq!(Unit::Percent.text(0.875), "87.5\u{a0}%");
        assert_eq!(bytes(400e6), "381\u{a0}MiB");
    }
}
