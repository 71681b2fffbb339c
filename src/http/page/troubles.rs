//! The troubles of now: which number of which team is worse than before, by more than chance.
//!
//! Each window shorter than a day is held against the rest of the baseline of the first pair of windows in `[trend]`. A change counts by the same z as for the
//! alerts (`:z_rest`). As for those, it is the team's if that has more than half of the change of the whole, and otherwise that of the whole. How many
//! contacts come depends on the hour, so a team has more of them only where its share of the contacts has risen within the hour.
//!
//! Does not know markup, nor since when a change lasts.

use super::PageContext;
use super::onset::Tally;
use super::withholding::is_complete;
use crate::metrics::statistics::{Z, change_of_share};
use crate::metrics::{DAYS_DIFFER, DAYS_DIFFER_IN_TIME, Group, GroupLabels, Values};

/// The least z of a change. The alerts take 3.8 for a team. The page is looked at more often, and each look is at several numbers over several windows.
const Z_MIN: f64 = 4.5;
/// The least number of cases on each side, as for the alert on chats over minutes.
const CASES_MIN: f64 = 10.0;
/// A team has more contacts than before from this factor on.
const MORE_CONTACTS_MIN: f64 = 1.5;
/// The share of the durations before that the bound of slow ones holds at least.
const WITHIN_BOUND_MIN: f64 = 0.85;
/// Windows shorter than this are about now.
const DAY_SECONDS: f64 = 86_400.0;
/// The families that count new contacts.
const CONTACTS: [&str; 2] = ["cx_tickets_created", "cx_chats_started"];

/// A number that is watched: a share of cases that are bad.
pub(super) struct Watched {
    /// What has changed, in a few words for people.
    pub(super) words: &'static str,
    /// The word for the cases.
    pub(super) cases: &'static str,
    /// What the shown share of the cases did; the bound of slow ones follows.
    pub(super) did: &'static str,
    /// Whether the shown share is that of the good cases.
    pub(super) is_good_shown: bool,
    kind: Kind,
}

/// How the bad cases of a number are counted.
enum Kind {
    /// Those of a histogram that are above a bound.
    Slow(&'static str),
    /// By a ratio and the families that count its cases.
    Ratio(&'static str, &'static [&'static str]),
}

/// The numbers, in the order of the page. Those of which a night makes a bad morning, such as the response to tickets, are not among them.
pub(super) const WATCHED: [Watched; 4] = [
    Watched {
        words: "chats wait longer",
        cases: "chats",
        did: "waited for more than",
        is_good_shown: false,
        kind: Kind::Slow("cx_chat_wait_seconds"),
    },
    Watched {
        words: "more chats given up",
        cases: "chats",
        did: "ended before an agent joined",
        is_good_shown: false,
        kind: Kind::Ratio("cx_chat_abandonment_ratio", &["cx_chats_accepted", "cx_chats_abandoned_counted"]),
    },
    Watched {
        words: "less satisfied customers",
        cases: "answers",
        did: "were satisfied",
        is_good_shown: true,
        kind: Kind::Ratio("cx_csat_ratio", &["cx_csat_responses"]),
    },
    Watched {
        words: "help is harder to get",
        cases: "answers",
        did: "told of high effort",
        is_good_shown: false,
        kind: Kind::Ratio("cx_ces_high_effort_ratio", &["cx_ces_responses"]),
    },
];

/// From which bound on a duration is slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SlowBound {
    /// Its place among those of the histogram.
    pub(super) place: usize,
    pub(super) seconds: f64,
}

/// Whom a trouble concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concerned {
    /// This team, which has more than half of the change.
    Team(String),
    /// Every team, none of which has more than half of the change.
    AllTeams,
    /// The whole, and not every team.
    Whole,
}

/// The two sides of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sides {
    pub(super) now: Tally,
    pub(super) rest: Tally,
}

/// What has changed for the worse.
pub(super) enum Change {
    /// A share of the cases: the number, the sides of those concerned and of the whole, the bound of slow ones, and how long a case of the
    /// window lasted until it counted, where it is a duration.
    Share { watched: &'static Watched, sides: Sides, whole: Sides, bound: Option<SlowBound>, lasted_seconds: f64 },
    /// More new contacts than the rest of the longer window makes expect.
    Contacts { count: f64, expected: f64 },
}

/// Something that is worse than before.
pub(super) struct Trouble {
    pub(super) concerned: Concerned,
    pub(super) change: Change,
    /// The index of the window that is worse, and of the one against whose rest it is held.
    pub(super) windows: (usize, usize),
    /// By how many standard deviations it has changed.
    pub(super) z: f64,
    /// Whether the shortest window has enough cases and is as before.
    pub(super) is_past: bool,
}

/// The windows that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// The index of each window about now, the shortest first.
    pub(super) short: Vec<usize>,
    /// The index of the window against whose rest they are held.
    pub(super) baseline: usize,
}

/// The windows to compare; `None` where no pair has a window shorter than a day, or where the baseline is not complete.
pub(super) fn compared(page: &PageContext<'_>) -> Option<Compared> {
    let windows = &page.snapshot.windows;
    let is_about_now = |at: usize| windows.get(at).is_some_and(|window| window.settings.range.as_seconds() < DAY_SECONDS);
    let pair = page.snapshot.trends.iter().filter(|trend| is_about_now(trend.short)).min_by_key(|trend| trend.short)?;
    let is_whole = |at: &usize| windows.get(*at).is_some_and(is_complete);
    let short: Vec<usize> = (0..=pair.short).filter(is_whole).collect();
    (is_whole(&pair.baseline) && !short.is_empty()).then_some(Compared { short, baseline: pair.baseline })
}

/// All troubles, in the order of [`WATCHED`], and then those of contacts.
pub(super) fn troubles(page: &PageContext<'_>, compared: &Compared) -> Vec<Trouble> {
    let mut found: Vec<Trouble> = WATCHED.iter().filter_map(|watched| of_number(page, compared, watched)).collect();
    found.extend(of_contacts(page, compared));
    found
}

/// The bad ones of the cases of a number, of a group or overall.
pub(super) fn tally(values: &Values<'_>, group: Option<&Group<'_>>, watched: &Watched, bound: Option<SlowBound>) -> Tally {
    let value = |name: &str| value_of(values, group, name);
    let count = |name: &str| value(name).unwrap_or(0.0);
    match watched.kind {
        Kind::Slow(histogram) => {
            let cases = count(&format!("{histogram}_count"));
            let within =
                bound.and_then(|bound| values.at_most(group, histogram).get(bound.place).copied()).map_or(cases, |(_, count)| count);
            Tally { bad: cases - within, cases }
        }
        Kind::Ratio(ratio, families) => {
            let cases: f64 = families.iter().map(|family| count(family)).sum();
            let share = value(ratio).unwrap_or(0.0);
            // Without cases there is no ratio, and nothing is bad.
            let bad = if watched.is_good_shown { (1.0 - share) * cases } else { share * cases };
            Tally { bad: bad.round(), cases }
        }
    }
}

/// The value of a family of a group, or the overall one.
fn value_of(values: &Values<'_>, group: Option<&Group<'_>>, name: &str) -> Option<f64> {
    let sample = match group {
        Some(group) => values.of_group(group, name, &[]),
        None => values.overall(name, &[]),
    };
    sample.map(|sample| sample.value)
}

/// The bound of slow ones: the least that holds most of the durations of the rest. `None` where none does.
fn slow_bound(page: &PageContext<'_>, windows: (usize, usize), watched: &Watched) -> Option<SlowBound> {
    let Kind::Slow(histogram) = watched.kind else { return None };
    let [short, long] = [windows.0, windows.1].map(|window| page.exposition.values(page.snapshot, window));
    let cases = |values: &Values<'_>| value_of(values, None, &format!("{histogram}_count")).unwrap_or(0.0);
    let rest = cases(&long) - cases(&short);
    let (within_short, within_long) = (short.at_most(None, histogram), long.at_most(None, histogram));
    let mut bounds = within_short.iter().zip(&within_long).enumerate();
    bounds.find_map(|(at, ((seconds, short), (_, long)))| {
        (rest > 0.0 && long - short >= WITHIN_BOUND_MIN * rest).then_some(SlowBound { place: at, seconds: *seconds })
    })
}

/// How long a case over a window lasted on average until it counted; 0 where it is no duration.
fn lasted_seconds(page: &PageContext<'_>, window: usize, watched: &Watched, concerned: &Concerned) -> f64 {
    let Kind::Slow(histogram) = watched.kind else { return 0.0 };
    let mean = histogram.replace("_seconds", "_mean_seconds");
    let values = page.exposition.values(page.snapshot, window);
    let seconds = match concerned {
        Concerned::Team(team) => {
            let group = teams(&values).into_iter().find(|group| group.texts().first() == Some(team));
            group.and_then(|group| value_of(&values, Some(&group), &mean))
        }
        Concerned::AllTeams | Concerned::Whole => value_of(&values, None, &mean),
    };
    seconds.unwrap_or(0.0)
}

/// The trouble of a number over the shortest window that has one.
fn of_number(page: &PageContext<'_>, compared: &Compared, watched: &'static Watched) -> Option<Trouble> {
    compared.short.iter().find_map(|window| {
        let windows = (*window, compared.baseline);
        let bound = slow_bound(page, windows, watched);
        if bound.is_none() && matches!(watched.kind, Kind::Slow(_)) {
            return None;
        }
        let sides = |windows| sides_of_all(page, windows, |values, group| tally(values, group, watched, bound));
        let (whole, teams) = sides(windows);
        let (concerned, found, z) = attribute(whole, &teams, cases_min(page), watched.days_differ())?;
        let is_past = compared.short.first().is_some_and(|shortest| {
            let (whole, teams) = sides((*shortest, compared.baseline));
            let latest = match &concerned {
                Concerned::Team(team) => teams.into_iter().find(|(name, _)| name == team).map(|(_, sides)| sides),
                Concerned::AllTeams | Concerned::Whole => Some(whole),
            };
            latest.is_some_and(|sides| sides.z(cases_min(page), watched.days_differ()).is_some_and(|z| z < Z))
        });
        let lasted_seconds = lasted_seconds(page, *window, watched, &concerned);
        let change = Change::Share { watched, sides: found, whole, bound, lasted_seconds };
        Some(Trouble { concerned, change, windows, z, is_past })
    })
}

/// The team that has more new contacts, over the shortest pair of windows that are both shorter than a day.
fn of_contacts(page: &PageContext<'_>, compared: &Compared) -> Option<Trouble> {
    let [short, long] = *compared.short.first_chunk()?;
    let count =
        |values: &Values<'_>, group: Option<&Group<'_>>| -> f64 { CONTACTS.iter().filter_map(|name| value_of(values, group, name)).sum() };
    let (whole, teams) = sides_of_all(page, (short, long), |values, group| Tally { bad: count(values, group), cases: count(values, None) });
    let range = |window: usize| page.snapshot.windows.get(window).map(|window| window.settings.range.as_seconds());
    let pace = range(short)? / (range(long)? - range(short)?);
    let surplus = |sides: &Sides| (sides.now.bad - sides.rest.bad / sides.rest.cases * whole.now.cases).max(0.0);
    let all: f64 = teams.iter().map(|(_, sides)| surplus(sides)).sum();
    let (team, sides) = teams.iter().find(|(_, sides)| surplus(sides) > all / 2.0)?;
    let (count, expected) = (sides.now.bad, sides.rest.bad * pace);
    let z = sides.z(cases_min(page), DAYS_DIFFER).filter(|z| *z >= Z_MIN)?;
    let is_more = count >= cases_min(page) && count >= MORE_CONTACTS_MIN * expected;
    let concerned = Concerned::Team(team.clone());
    is_more.then_some(Trouble { concerned, change: Change::Contacts { count, expected }, windows: (short, long), z, is_past: false })
}

/// The sides of the whole and of each team: the window, and the rest of the longer one.
fn sides_of_all(
    page: &PageContext<'_>,
    (short, long): (usize, usize),
    tally: impl Fn(&Values<'_>, Option<&Group<'_>>) -> Tally,
) -> (Sides, Vec<(String, Sides)>) {
    let [short, long] = [short, long].map(|window| page.exposition.values(page.snapshot, window));
    let sides = |group: Option<&Group<'_>>| {
        let now = tally(&short, group);
        Sides { now, rest: tally(&long, group).without(now) }
    };
    let named = teams(&short).into_iter().filter_map(|group| Some((group.texts().first()?.clone(), sides(Some(&group)))));
    (sides(None), named.collect())
}

/// The teams, where they are a grouping set.
fn teams<'a>(values: &Values<'a>) -> Vec<Group<'a>> {
    let of_teams = |grouping: &GroupLabels<'_>| !grouping.is_customer && grouping.labels == ["team"];
    values.groupings().into_iter().find(of_teams).map_or_else(Vec::new, |grouping| values.groups(&grouping))
}

/// Whom a change for the worse concerns, with the sides and the z of it.
fn attribute(whole: Sides, teams: &[(String, Sides)], cases_min: f64, days_differ: f64) -> Option<(Concerned, Sides, f64)> {
    let clear = |sides: &Sides| sides.z(cases_min, days_differ).filter(|z| *z >= Z_MIN);
    let change = whole.part()?;
    // The values of a dimension beyond its limit are one group, which is no team.
    let of_team = teams.iter().filter(|(name, sides)| name != "other" && sides.part().is_some_and(|part| part > change / 2.0));
    let by_team = of_team.filter_map(|(name, sides)| Some((Concerned::Team(name.clone()), *sides, clear(sides)?)));
    by_team.max_by(|(.., a), (.., b)| a.total_cmp(b)).or_else(|| {
        let z = clear(&whole)?;
        let known: Vec<f64> = teams.iter().filter_map(|(_, sides)| sides.z(cases_min, days_differ)).collect();
        let is_all = known.len() >= 2 && known.iter().all(|z| *z >= Z);
        Some((if is_all { Concerned::AllTeams } else { Concerned::Whole }, whole, z))
    })
}

/// The least number of cases on each side: that of a change, or more where smaller groups are withheld.
fn cases_min(page: &PageContext<'_>) -> f64 {
    CASES_MIN.max(f64::from(page.group_size_min))
}

impl Trouble {
    /// The index of the window within which the change lies for certain. Where the rest of a longer window about now is as before, that is the longer one.
    pub(super) const fn shown_within(&self) -> usize {
        match self.change {
            Change::Share { .. } => self.windows.0,
            Change::Contacts { .. } => self.windows.1,
        }
    }
}

impl Watched {
    const fn days_differ(&self) -> f64 {
        match self.kind {
            Kind::Slow(_) => DAYS_DIFFER_IN_TIME,
            Kind::Ratio(..) => DAYS_DIFFER,
        }
    }
}

impl Sides {
    /// By how many standard deviations the bad share has risen; `None` with too few cases.
    fn z(self, cases_min: f64, days_differ: f64) -> Option<f64> {
        let has_enough = self.now.cases >= cases_min && self.rest.cases >= cases_min;
        let pair = |tally: Tally| (tally.bad, tally.cases);
        if has_enough { change_of_share(pair(self.now), pair(self.rest), days_differ) } else { None }
    }

    /// How many more bad cases there are now than the rest makes expect.
    fn part(self) -> Option<f64> {
        Some(self.now.bad - self.rest.share()? * self.now.cases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(now: (f64, f64), rest: (f64, f64)) -> Sides {
        let tally = |(bad, cases)| Tally { bad, cases };
        Sides { now: tally(now), rest: tally(rest) }
    }

    fn judged(teams: &[(&str, Sides)]) -> Option<Concerned> {
        let add = |a: Tally, b: Tally| Tally { bad: a.bad + b.bad, cases: a.cases + b.cases };
        let whole = teams.iter().fold(Sides::default(), |sum, (_, s)| Sides { now: add(sum.now, s.now), rest: add(sum.rest, s.rest) });
        let teams: Vec<(String, Sides)> = teams.iter().map(|(name, sides)| ((*name).to_owned(), *sides)).collect();
        attribute(whole, &teams, CASES_MIN, DAYS_DIFFER_IN_TIME).map(|(concerned, ..)| concerned)
    }

    const CALM: Sides = Sides { now: Tally { bad: 3.0, cases: 30.0 }, rest: Tally { bad: 100.0, cases: 1_000.0 } };

    #[test]
    fn a_team_that_has_most_of_the_change_is_named_and_no_other() {
        let bad = sides((20.0, 30.0), (100.0, 1_000.0));
        assert_eq!(judged(&[("accounts", CALM), ("billing", bad), ("technical", CALM)]), Some(Concerned::Team("billing".to_owned())));
    }

    #[test]
    fn a_change_of_every_team_is_that_of_all_teams() {
        let bad = sides((18.0, 30.0), (100.0, 1_000.0));
        assert_eq!(judged(&[("accounts", bad), ("billing", bad), ("technical", bad)]), Some(Concerned::AllTeams));
        assert_eq!(judged(&[("accounts", bad), ("billing", bad), ("technical", CALM)]), Some(Concerned::Whole));
    }

    #[test]
    fn chance_few_cases_and_a_change_for_the_better_are_no_trouble() {
        assert_eq!(judged(&[("accounts", CALM), ("billing", sides((6.0, 30.0), (100.0, 1_000.0)))]), None, "chance");
        assert_eq!(judged(&[("billing", sides((9.0, 9.0), (100.0, 1_000.0)))]), None, "few cases");
        assert_eq!(judged(&[("billing", sides((9.0, 30.0), (5.0, 9.0)))]), None, "few cases before");
        assert_eq!(judged(&[("billing", sides((1.0, 60.0), (500.0, 1_000.0)))]), None, "better");
        assert_eq!(judged(&[]), None, "nothing");
    }

    #[test]
    fn values_beyond_the_limit_of_a_dimension_are_no_team() {
        assert_eq!(judged(&[("accounts", CALM), ("other", sides((25.0, 30.0), (100.0, 1_000.0)))]), Some(Concerned::Whole));
    }
}
