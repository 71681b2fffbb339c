//! The lines at the top of the page while something is worse than before: at which team, since when, and what has changed, from what to what.
//!
//! They are the same on the page of every window, and there are none while nothing is worse by more than chance. Knows markup. Does not know what counts
//! as worse (see `troubles`), nor where a spell begins (see `onset`).

use super::PageContext;
use super::html::{Escaped, Html, write_minute};
use super::number_format::{Unit, capitalised, duration};
use super::onset::{Tally, spell};
use super::troubles::{Change, Compared, Concerned, Trouble, Watched, compared, tally, troubles};
use crate::time::{EventTime, Span};

/// Since when something is worse, as far as a course shows it.
struct Since {
    /// Between which instants it began.
    between: (EventTime, EventTime),
    /// The end of its last slice, if others follow.
    end: Option<EventTime>,
    gain: f64,
}

/// The section. Where there is nothing to say it is an empty element, so that the script need not move what follows.
pub(super) fn section(html: &mut Html, page: &PageContext<'_>) {
    let compared = compared(page);
    let all = compared.as_ref().map_or_else(Vec::new, |compared| troubles(page, compared));
    // What goes on comes before what is over, and then what is clearer.
    let most = all.iter().min_by(|a, b| a.is_past.cmp(&b.is_past).then(b.z.total_cmp(&a.z))).map(|trouble| trouble.concerned.clone());
    let (Some(compared), Some(concerned)) = (compared, most) else {
        html.raw("<div id=\"incident\" hidden></div>\n");
        return;
    };
    let (told, others): (Vec<Trouble>, Vec<Trouble>) = all.into_iter().partition(|trouble| trouble.concerned == concerned);
    let class = if is_past(&told) { "incident past" } else { "incident" };
    html.put(format_args!("<section id=\"incident\" class=\"{class}\" aria-labelledby=\"incident-title\"><h2 id=\"incident-title\">"));
    html.put(format_args!("{}</h2><p class=\"since\">", Escaped(&title(&told))));
    write_since(html, page, &compared, &told);
    html.raw("</p><ul>");
    for trouble in &told {
        let windows = (window_name(page, trouble.windows.0), window_name(page, trouble.windows.1));
        html.put(format_args!("<li>{}</li>", Escaped(&said(trouble, windows))));
    }
    html.raw("</ul>");
    if !others.is_empty() {
        let titles: Vec<String> = others.iter().map(|other| title(std::slice::from_ref(other))).collect();
        html.put(format_args!("<p class=\"soft\">Also: {}.</p>", Escaped(&titles.join("; "))));
    }
    html.raw("</section>\n");
}

fn is_past(told: &[Trouble]) -> bool {
    told.iter().all(|trouble| trouble.is_past)
}

/// Whom it concerns, and in a few words what has changed.
fn title(told: &[Trouble]) -> String {
    let whom = match told.first().map(|trouble| &trouble.concerned) {
        Some(Concerned::Team(team)) => format!("Team {team}"),
        Some(Concerned::AllTeams) => "All teams".to_owned(),
        Some(Concerned::Whole) | None => "Overall".to_owned(),
    };
    let words: Vec<&str> = told.iter().map(words).collect();
    format!("{whom}: {}", words.join(", "))
}

const fn words(trouble: &Trouble) -> &'static str {
    match &trouble.change {
        Change::Share { watched, .. } => watched.words,
        Change::Contacts { .. } => "more contacts",
    }
}

/// What has changed, with the number now and the number before.
fn said(trouble: &Trouble, (window, longer): (&str, &str)) -> String {
    let what = capitalised(words(trouble));
    match &trouble.change {
        Change::Share { watched, sides, bound, .. } => {
            let Watched { cases, did, is_good_shown, .. } = watched;
            let share = |tally: Tally| {
                let bad = tally.share().unwrap_or(0.0);
                Unit::Percent.text(if *is_good_shown { 1.0 - bad } else { bad })
            };
            let (now, rest, count) = (share(sides.now), share(sides.rest), Unit::Count.text(sides.now.cases));
            let bound = bound.map_or_else(String::new, |bound| format!(" {}", duration(bound.seconds)));
            format!("{what}: {now} of {count} {cases} {did}{bound} in the last {window}; {rest} in the rest of {longer}.")
        }
        Change::Contacts { count, expected } => {
            let usual = if *expected < 10.0 { Unit::Score } else { Unit::Count }.text(*expected);
            let count = Unit::Count.text(*count);
            format!("{what}: {count} new tickets and chats in the last {window}; {usual} at the pace of the rest of {longer}.")
        }
    }
}

/// Since when, or from when to when; where no course shows it, over which window it shows.
fn write_since(html: &mut Html, page: &PageContext<'_>, compared: &Compared, told: &[Trouble]) {
    let clearest = told.iter().filter_map(|trouble| since(page, compared, trouble)).max_by(|a, b| a.gain.total_cmp(&b.gain));
    match clearest {
        Some(since) => write_spell(html, &since, is_past(told), page.snapshot.now),
        None => {
            let window = told.iter().map(Trouble::shown_within).max().map_or("", |window| window_name(page, window));
            html.put(format_args!("Within the last {}; since when exactly is not known.", Escaped(window)));
        }
    }
}

fn write_spell(html: &mut Html, since: &Since, is_past: bool, now: EventTime) {
    let Since { between: (earliest, latest), end, .. } = *since;
    html.raw(if is_past { "From some time between " } else { "Since some time between " });
    write_minute(html, earliest, now);
    html.raw(" and ");
    write_minute(html, latest, now);
    if let Some(end) = end.filter(|_| is_past) {
        html.raw(" to about ");
        write_minute(html, end, now);
    }
    html.raw(if is_past { "; it is over for now." } else { "." });
}

/// Since when a trouble lasts, by the course of the whole: of the longest window about now, or of the baseline where it began before that one.
fn since(page: &PageContext<'_>, compared: &Compared, trouble: &Trouble) -> Option<Since> {
    let Change::Share { watched, whole, bound, lasted_seconds, .. } = &trouble.change else { return None };
    let (now, before) = (whole.now.share()?, whole.rest.share()?);
    [*compared.short.last()?, compared.baseline].into_iter().find_map(|window| {
        let slices = page.snapshot.course(window)?;
        let of_slice = |slice| tally(&page.exposition.values(slices, slice), None, watched, *bound);
        let course: Vec<Tally> = (0..slices.windows.len()).map(of_slice).collect();
        // One that may have begun in the first slice may have begun before it.
        let spell = spell(&course, now, before).filter(|spell| spell.may_begin.0 > 0)?;
        let slice = |at: usize| slices.windows.get(at);
        let step = slice(0)?.settings.range;
        let (earliest, latest) = spell.may_begin;
        // A wait counts at its end: one that is slow began at least its bound before, and on average as long before as waits last now.
        let span = |seconds: f64| Span((seconds * 1_000.0) as i64);
        let (least, mean) = (span(bound.map_or(0.0, |bound| bound.seconds)), span(*lasted_seconds));
        // What begins within a slice shows in it or only in the next one, by which half of it is left.
        let half = Span(step.0 / 2);
        let latest = slice(latest)?.start + half - least.min(mean);
        Some(Since {
            between: (slice(earliest)?.start - half - mean, latest.min(page.snapshot.now)),
            end: slice(spell.last + 1).map(|next| next.start),
            gain: spell.gain,
        })
    })
}

fn window_name<'a>(page: &PageContext<'a>, window: usize) -> &'a str {
    page.snapshot.windows.get(window).map_or("", |window| window.settings.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::onset::Tally;
    use super::super::troubles::{Sides, SlowBound, WATCHED};
    use super::*;

    fn sides(now: (f64, f64), rest: (f64, f64)) -> Sides {
        let tally = |(bad, cases)| Tally { bad, cases };
        Sides { now: tally(now), rest: tally(rest) }
    }

    fn trouble(change: Change) -> Trouble {
        Trouble { concerned: Concerned::Team("billing".to_owned()), change, windows: (0, 1), z: 7.0, is_past: false }
    }

    fn share(id: usize, sides: Sides, bound: Option<SlowBound>) -> Trouble {
        trouble(Change::Share { watched: &WATCHED[id], sides, whole: sides, bound, lasted_seconds: 0.0 })
    }

    fn told(trouble: &Trouble) -> String {
        said(trouble, ("5m", "24h")).replace('\u{a0}', " ")
    }

    /// The text of a spell that began at some time from 10:00 to 10:05, seen at 11:00 on a day.
    fn spell_told(end_minute: Option<i64>, is_past: bool) -> String {
        let at = |minutes| EventTime(1_772_445_600_000) + Span::minutes(minutes);
        let since = Since { between: (at(0), at(5)), end: end_minute.map(at), gain: 9.0 };
        let mut html = Html::default();
        write_spell(&mut html, &since, is_past, at(60));
        html.finish().split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
    }

    #[test]
    fn spell_that_goes_on_has_a_begin_and_one_that_is_over_an_end_too() {
        assert_eq!(spell_told(None, false), "Since some time between 10:00 UTC and 10:05 UTC.");
        assert_eq!(spell_told(Some(40), false), "Since some time between 10:00 UTC and 10:05 UTC.", "it may come back at any moment");
        assert_eq!(spell_told(Some(40), true), "From some time between 10:00 UTC and 10:05 UTC to about 10:40 UTC; it is over for now.");
        assert_eq!(spell_told(None, true), "From some time between 10:00 UTC and 10:05 UTC; it is over for now.");
    }

    #[test]
    fn whom_it_concerns_comes_first_and_then_all_that_has_changed() {
        let all =
            [share(0, Sides::default(), None), share(1, Sides::default(), None), trouble(Change::Contacts { count: 49.0, expected: 9.1 })];
        assert_eq!(title(&all), "Team billing: chats wait longer, more chats given up, more contacts");
        assert_eq!(
            title(&[Trouble { concerned: Concerned::AllTeams, ..share(2, Sides::default(), None) }]),
            "All teams: less satisfied customers"
        );
    }

    #[test]
    fn each_change_is_told_from_what_to_what() {
        assert_eq!(
            told(&share(0, sides((18.0, 25.0), (90.0, 1_000.0)), Some(SlowBound { place: 4, seconds: 60.0 }))),
            "Chats wait longer: 72.0 % of 25 chats waited for more than 1 min in the last 5m; 9.0 % in the rest of 24h."
        );
        assert_eq!(
            told(&share(2, sides((30.0, 40.0), (250.0, 1_000.0)), None)),
            "Less satisfied customers: 25.0 % of 40 answers were satisfied in the last 5m; 75.0 % in the rest of 24h."
        );
        assert_eq!(
            told(&trouble(Change::Contacts { count: 49.0, expected: 9.14 })),
            "More contacts: 49 new tickets and chats in the last 5m; 9.1 at the pace of the rest of 24h."
        );
    }
}
