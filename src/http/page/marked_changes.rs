//! What somebody has changed: the list of the latest marked changes with what each did, and their places on the lines.
//!
//! Knows markup. Does not know how an effect is computed.

use super::PageContext;
use super::html::{Escaped, Html, write_instant};
use super::number_format::Unit;
use crate::engine::{ChangeDays, DatedMetric};
use crate::metrics::change_effects::{ChangeEffect, compared_weeks, effects_of};
use crate::metrics::change_sample;

/// The most changes of the list, so that it stays a note beside the numbers.
const LISTED_MAX: usize = 8;

/// The section; none where no change has been made yet.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>) {
    let changes = page.exposition.changes_made(page.snapshot);
    if changes.is_empty() {
        return;
    }
    html.raw("<section aria-labelledby=\"changed\"><h2 id=\"changed\">Marked changes <span class=\"soft\">");
    html.raw("the latest first; an upright line above marks each that is within its time</span></h2><ul class=\"follows\">");
    for change in changes.into_iter().take(LISTED_MAX) {
        html.put(format_args!("<li><strong>{}</strong> ", Escaped(&change.name)));
        write_instant(html, change.at);
        let groups: Vec<String> = change.groups.iter().map(|(dimension, values)| format!("{dimension} {}", values.join(", "))).collect();
        let groups = if groups.is_empty() { "the whole organisation".to_owned() } else { groups.join("; ") };
        html.put(format_args!(" <span class=\"soft\">{}</span>", Escaped(&groups)));
        // An event of the same name may be for other contacts, and the effect is not one on them.
        if page.exposition.is_configured(&change)
            && let Some(days) = page.snapshot.compared_changes.iter().find(|days| days.name == change.name)
        {
            write_effects(html, days, page.group_size_min);
        }
        html.raw("</li>");
    }
    html.raw("</ul></section>");
}

/// Writes what a change did to each number: after it against before it, less the same in all other contacts.
fn write_effects(html: &mut Html, change: &ChangeDays, group_size_min: u32) {
    let effects = effects_of(change).into_iter().filter(|effect| effect.cases >= i64::from(group_size_min));
    for (nth, effect) in effects.enumerate() {
        let (what, unit) = words_of(effect.metric);
        html.raw(if nth == 0 { "<br>" } else { "; " });
        html.put(format_args!("{} {what} ", if nth == 0 { "effect on" } else { "on" }));
        write_value(html, change, &effect, "", effect.effect, unit);
        html.raw(" (");
        write_value(html, change, &effect, "_lower", effect.lower, unit);
        html.raw(" to ");
        write_value(html, change, &effect, "_upper", effect.upper, unit);
        html.raw(")");
        if let Some(placebo) = effect.placebo {
            html.raw(", one span earlier ");
            write_value(html, change, &effect, "_placebo", placebo, unit);
        }
        if nth == 0 {
            let weeks = compared_weeks(change);
            let span = if weeks == 1 { "a week".to_owned() } else { format!("{weeks} weeks") };
            html.put(format_args!(" <span class=\"soft\">{span} after it against {span} before it, less the same in all others</span>"));
        }
    }
}

fn write_value(html: &mut Html, change: &ChangeDays, effect: &ChangeEffect, bound: &str, value: f64, unit: Unit) {
    let sample = change_sample(&change.name, effect.metric, bound, value);
    let (exact, series) = (sample.exact(), Escaped(&sample.series));
    html.put(format_args!(
        "<data value=\"{exact}\" data-unit=\"difference-{}\" title=\"{series}\">{}</data>",
        unit.name(),
        unit.difference(value)
    ));
}

/// A number in the words of the page, with the unit of an effect on it.
const fn words_of(metric: DatedMetric) -> (&'static str, Unit) {
    match metric {
        DatedMetric::Csat => ("CSAT", Unit::Percent),
        DatedMetric::HighEffort => ("answers with high effort", Unit::Percent),
        DatedMetric::Nps => ("NPS", Unit::Score),
        DatedMetric::FirstResponse => ("the time to the first response", Unit::Logarithm),
        DatedMetric::Resolution => ("the time to the resolution", Unit::Logarithm),
    }
}

/// The changes within the last seconds, each as its place from the beginning of that time, 0, to now, 1, with its name.
pub(super) fn within(page: &PageContext<'_>, seconds: f64) -> Vec<(f64, String)> {
    let now = page.snapshot.now;
    let changes = page.exposition.changes_made(page.snapshot).into_iter();
    let placed = changes.map(|change| (1.0 - (now - change.at).as_seconds() / seconds, change.name));
    let mut placed: Vec<(f64, String)> = placed.filter(|(place, _)| *place >= 0.0).collect();
    // What was for several groups is one line.
    placed.dedup();
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::engine::{ChangeMark, ChangePeriod, ComparedDay, DaySum, Snapshot};
    use crate::http::page::SparklineHistory;
    use crate::metrics::Exposition;
    use crate::time::EventTime;

    /// Something of a page on which two changes have been made, an hour and two hours ago; a third is still to come.
    fn on_a_page<T>(changes: &str, of: impl FnOnce(&PageContext<'_>) -> T) -> T {
        let flags = [("changes".to_owned(), changes.to_owned())];
        let configuration = load(None, [], &flags).unwrap_or_else(|error| panic!("{error}")).configuration;
        let (exposition, history) = (Exposition::new(&configuration), SparklineHistory::default());
        let snapshot = Snapshot { now: EventTime(1_772_452_800_000), ..Snapshot::default() };
        of(&PageContext {
            exposition: &exposition,
            snapshot: &snapshot,
            number: 7,
            window: 0,
            telemetry: Vec::new(),
            refusals: Vec::new(),
            ready: Ok(()),
            history: &history,
            telemetry_path: "/metrics",
            group_size_min: 5,
        })
    }

    const CHANGES: &str = "[{ name = \"<b>macros</b>\", at = \"2026-03-02T10:00:00Z\", where = { team = [\"<i>\", \"orders\"], channel = \"chat\" } }, \
         { name = \"new site\", at = \"2026-03-02T11:00:00Z\" }, { name = \"to come\", at = \"2026-03-02T13:00:00Z\" }]";

    #[test]
    fn the_list_says_what_when_and_where_and_is_text() {
        let html = on_a_page(CHANGES, |page| {
            let mut html = Html::default();
            section(&mut html, page);
            html.finish()
        });
        let list = html.split_once("<ul class=\"follows\">").unwrap().1;
        assert_eq!(
            list,
            "<li><strong>new site</strong> <time datetime=\"2026-03-02T11:00:00.000Z\">2026-03-02 11:00 UTC</time> \
             <span class=\"soft\">the whole organisation</span></li>\
             <li><strong>&lt;b&gt;macros&lt;/b&gt;</strong> <time datetime=\"2026-03-02T10:00:00.000Z\">2026-03-02 10:00 UTC</time> \
             <span class=\"soft\">channel chat; team &lt;i&gt;, orders</span></li></ul></section>"
        );
    }

    #[test]
    fn the_list_has_the_changes_of_events_too() {
        let mark = |value: &str| ChangeMark {
            name: "shifts".to_owned(),
            at: EventTime(1_772_450_000_000),
            group: vec![("team".to_owned(), value.to_owned())],
        };
        let html = on_a_page(CHANGES, |page| {
            let snapshot = Snapshot { changes: vec![mark("<a>"), mark("b")], ..page.snapshot.clone() };
            let mut html = Html::default();
            section(&mut html, &PageContext { snapshot: &snapshot, telemetry: Vec::new(), refusals: Vec::new(), ready: Ok(()), ..*page });
            html.finish()
        });
        let item = "<li><strong>shifts</strong> <time datetime=\"2026-03-02T11:13:20.000Z\">2026-03-02 11:13 UTC</time> \
                    <span class=\"soft\">team &lt;a&gt;, b</span></li><li><strong>new site</strong>";
        assert!(html.contains(item), "{html}");
    }

    /// A week before the change of the macros and a week after it, in which satisfaction rose.
    fn days_of_macros() -> ChangeDays {
        let day = |at: i32| {
            let period = if at < 0 { ChangePeriod::Before } else { ChangePeriod::After };
            let (cases, good) = (10, if at < 0 { 5 } else { 6 + i64::from(at % 3) });
            ComparedDay {
                metric: DatedMetric::Csat,
                period,
                day: at,
                marked: DaySum { cases, sum: good },
                others: DaySum { cases, sum: 5 },
            }
        };
        let days = (-7..0).chain(1..8).map(day).collect();
        ChangeDays { name: "<b>macros</b>".to_owned(), weeks: 1, has_earlier: false, coverage: 1.0, days }
    }

    #[test]
    fn an_event_of_the_name_of_a_configured_change_does_not_show_its_effect() {
        let group = vec![("team".to_owned(), "billing".to_owned())];
        let mark = ChangeMark { name: "<b>macros</b>".to_owned(), at: EventTime(1_772_450_000_000), group };
        let html = on_a_page(CHANGES, |page| {
            let snapshot = Snapshot { changes: vec![mark], compared_changes: vec![days_of_macros()], ..page.snapshot.clone() };
            let mut html = Html::default();
            section(&mut html, &PageContext { snapshot: &snapshot, telemetry: Vec::new(), refusals: Vec::new(), ready: Ok(()), ..*page });
            html.finish()
        });
        let items: Vec<&str> = html.split("<li>").filter(|item| item.contains("macros")).collect();
        let has_effect: Vec<bool> = items.iter().map(|item| item.contains("effect on CSAT")).collect();
        assert!(items[0].contains("team billing") && items[1].contains("channel chat"), "{html}");
        assert_eq!(has_effect, [false, true], "{html}");
    }

    #[test]
    fn a_change_says_what_it_did_where_there_are_answers_enough_to_show() {
        let change = days_of_macros();
        let shown = |group_size_min| {
            let mut html = Html::default();
            write_effects(&mut html, &change, group_size_min);
            html.finish()
        };
        let html = shown(5);
        let text = html.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect::<String>();
        let words = "effect on CSAT +20.0\u{a0}points (+12.4\u{a0}points to +27.6\u{a0}points) a week after it against a week before it, less the same in all others";
        assert_eq!(text, words, "{html}");
        assert!(
            html.contains("title=\"cx_change_effect{change=&quot;&lt;b&gt;macros&lt;/b&gt;&quot;,metric=&quot;csat&quot;}\""),
            "{html}"
        );
        assert_eq!(shown(71), "");
    }

    #[test]
    fn without_a_change_there_is_no_list() {
        let html = on_a_page("[{ name = \"to come\", at = \"2026-03-02T13:00:00Z\" }]", |page| {
            let mut html = Html::default();
            section(&mut html, page);
            html.finish()
        });
        assert_eq!(html, "");
    }

    #[test]
    fn a_line_has_the_changes_within_its_time() {
        let places = |seconds| on_a_page(CHANGES, |page| within(page, seconds));
        assert_eq!(places(8.0 * 3_600.0), [(0.875, "new site".to_owned()), (0.75, "<b>macros</b>".to_owned())]);
        assert_eq!(places(3_600.0), [(0.0, "new site".to_owned())]);
        assert!(places(3_599.0).is_empty());
    }
}
