//! The section on what the customers are worth: all of now, those who left within the window, and those whose latest answer in it was bad.
//!
//! Knows markup. Where no event ever said what a customer is worth there is no section. Does not know how an answer is judged.

use super::PageContext;
use super::group_tables::write_statistic;
use super::html::{Escaped, Html};
use super::number_format::Unit;
use crate::metrics::Values;

/// The title of each row, the ends of its families' names, and the value of the label `metric`.
const ROWS: [(&str, &str, Option<&str>); 6] = [
    ("All customers now", "", None),
    ("Lost in the window", "_churned", None),
    ("Latest CSAT answer bad", "_at_risk", Some("csat")),
    ("Latest NPS answer about a contact bad", "_at_risk", Some("nps_service")),
    ("Latest NPS answer about the company bad", "_at_risk", Some("nps_experience")),
    ("Latest answer: high effort", "_at_risk", Some("ces")),
];

/// The section.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>, values: &Values<'_>) {
    if values.overall("cx_customers_value", &[]).is_none() {
        return;
    }
    let window = Escaped(page.window_name());
    let currency = page.snapshot.currency();
    let unit = Escaped(currency.unwrap_or("as the events give it"));
    html.put(format_args!(
        "<section aria-labelledby=\"worth\"><h2 id=\"worth\">What customers are worth <span class=\"soft\">{unit}, last {window}</span></h2>"
    ));
    html.raw("<table class=\"groups\" role=\"table\" aria-labelledby=\"worth\"><thead role=\"rowgroup\"><tr role=\"row\">");
    html.raw("<th scope=\"col\" role=\"columnheader\">Customers</th><th scope=\"col\" role=\"columnheader\">Value</th></tr></thead>");
    html.raw("<tbody role=\"rowgroup\">");
    for (title, end, metric) in ROWS {
        let labels = metric.map(|metric| ("metric", metric));
        let labels = labels.as_slice();
        let cases = values.overall(&format!("cx_customers_with_value{end}"), labels).map_or(0.0, |sample| sample.value);
        let statistic = page.statistic(values.overall(&format!("cx_customers_value{end}"), labels), cases);
        html.put(format_args!("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{title}</th>"));
        write_statistic(html, "Value", &statistic, Unit::Amount, None);
        html.raw("</tr>");
    }
    html.raw("</tbody></table><p class=\"note\">What depends on the customers whose latest answer was bad; not an expected loss. A customer can be in several rows.");
    let [known, all] =
        ["cx_customers_with_value", "cx_customers_active"].map(|family| values.overall(family, &[]).map_or(0.0, |sample| sample.value));
    if known < all {
        html.put(format_args!(" The value of {} of {} customers is known.", Unit::Count.text(known), Unit::Count.text(all)));
    }
    html.raw("</p></section>");
}
