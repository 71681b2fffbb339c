//! `[customers]`: the currency of what customers are worth.
//!
//! Does not know how values are added up, nor which codes a bank would take.

use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::shown;

/// The code of the currency, in the form of ISO 4217; `None` where it is empty.
pub(super) fn currency(mut section: Section<'_>) -> Option<String> {
    let code = section.checked("currency", String::new(), |code: &String| currency_code(code));
    section.finish();
    Some(code).filter(|code| !code.is_empty())
}

fn currency_code(code: &str) -> Result<(), Complaint> {
    if code.is_empty() || code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(());
    }
    let what = format!("`{}` is no code of a currency; allowed are three capital letters, as ISO 4217 has them", shown(code));
    Err(complaint(ProblemKind::BadName, what, "write such as `EUR`, `USD` or `JPY`, or leave it empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_three_capital_letters() {
        let is_allowed = |code: &str| currency_code(code).is_ok();
        assert!(["", "EUR", "JPY"].into_iter().all(is_allowed));
        assert!(!["eur", "EU", "EURO", "E R", "€€€", "E1R"].into_iter().any(is_allowed));
    }
}
