//! Which episodes are false, which incidents were found and how fast, beside the bound.
//!
//! Does not know how an episode came about.

use std::collections::BTreeMap;

use super::bound::{delay_hours, divergence_of_durations, divergence_of_shares, divergence_of_waits};
use super::evaluation::Fired;
use super::incidents::{Incident, Kind};
use super::organisation::{
    ANSWERED, CHAT_WAIT_SIGMA, CHATS, DAY, HOUR, RESPONSE_SIGMA, SATISFIED, START, TEAMS, hour_share, usual_response_minutes,
};

/// What became of one incident.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The hours from its start until the first right alert; `None` where none fired before its end.
    pub(crate) delay_hours: Option<f64>,
    /// The alerts that should not have fired because of it, each with its number of episodes.
    pub(crate) besides: BTreeMap<String, usize>,
}

/// What became of an incident, by the alerts that fired in its run.
pub(crate) fn judge(incident: &Incident, fired: &[Fired]) -> Found {
    let team = incident.team.map(|team| TEAMS[team].0);
    let concerns = |one: &&Fired| team.is_none() || one.team.is_none() || one.team.as_deref() == team;
    let is_right = |one: &Fired| {
        if incident.kind.is_of_pipeline() { !one.is_of_organisation } else { incident.kind.found_by().contains(&one.alert.as_str()) }
    };
    let (from, to) = (incident.from.0 / 1_000, incident.to.0 / 1_000);
    let begun = |one: &&Fired, until: i64| (from..=until).contains(&one.episode.from);
    let first = fired.iter().filter(concerns).filter(|one| is_right(one) && begun(one, to)).map(|one| one.episode.from).min();
    let mut besides = BTreeMap::new();
    for one in fired.iter().filter(concerns).filter(|one| one.is_of_organisation && !is_right(one) && begun(one, to + DAY / 1_000)) {
        *besides.entry(one.alert.clone()).or_default() += 1;
    }
    Found { delay_hours: first.map(|at| (at - from) as f64 / 3_600.0), besides }
}

/// The bound for an incident of one team, in hours; `None` where it has none.
pub(crate) fn bound_hours(incident: &Incident) -> Option<f64> {
    let team = incident.team?;
    let known_at_once = |divergence: f64| -> Box<dyn Fn(f64) -> f64> { Box::new(move |_| divergence) };
    let shares = |now: f64, before: f64| known_at_once(divergence_of_shares(now, before));
    let (share, divergence) = match incident.kind {
        Kind::Csat(fall) => (ANSWERED, shares(SATISFIED - fall, SATISFIED)),
        Kind::Effort(rise) => (0.5 * ANSWERED, shares(0.12 + rise, 0.12)),
        Kind::Nps(fall) => (0.25 * ANSWERED, shares(0.55 - fall, 0.55)),
        Kind::ChatWait(factor) => (CHATS, known_at_once(divergence_of_durations(factor, CHAT_WAIT_SIGMA))),
        Kind::Response(factor) => {
            let median = usual_response_minutes(team) / 60.0;
            let of_wait = move |age: f64| divergence_of_waits(age, median, factor, RESPONSE_SIGMA);
            (1.0 - CHATS, Box::new(of_wait) as Box<dyn Fn(f64) -> f64>)
        }
        Kind::Drift(_) | Kind::Unanswered | Kind::Volume(_) | Kind::SurveysStop | Kind::FeedStops | Kind::FeedBehind | Kind::FeedTwice => {
            return None;
        }
    };
    let first = (incident.from.0 - START.0) / HOUR;
    let cases = |hour: f64| share * TEAMS[team].1 * hour_share(((first + hour as i64) % 168) as usize);
    let hours = (incident.hours() as i64).max(1);
    let mean = (0..hours).map(|hour| cases(hour as f64)).sum::<f64>() / hours as f64;
    Some(delay_hours(mean, cases, divergence))
}

/// Whether the bound says that an incident can be found within half of its length.
pub(crate) fn is_eligible(incident: &Incident) -> bool {
    bound_hours(incident).is_some_and(|hours| hours <= incident.hours() / 2.0)
}

/// The value below which this share of the values lies; `None` without values.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 * share).ceil() as usize).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use cxpulse::time::EventTime;

    use super::super::episodes::Episode;
    use super::*;

    fn fired(alert: &str, team: Option<&str>, hour: i64) -> Fired {
        let at = START.0 / 1_000 + hour * 3_600;
        Fired {
            alert: alert.to_owned(),
            is_of_organisation: true,
            severity: "warning".to_owned(),
            team: team.map(str::to_owned),
            episode: Episode { from: at, to: at },
        }
    }

    fn incident(kind: Kind, from: i64, to: i64) -> Incident {
        Incident { kind, team: Some(7), from: EventTime(START.0 + from * HOUR), to: EventTime(START.0 + to * HOUR) }
    }

    #[test]
    fn the_first_right_alert_of_the_team_within_the_incident_finds_it() {
        let all = [
            fired("CxCsatDropped", Some("general"), 9),
            fired("CxCsatDropped", Some("billing"), 12),
            fired("CxCsatDropped", Some("general"), 14),
            fired("CxFirstResponseSlower", Some("general"), 13),
            fired("CxFirstResponseSlower", Some("general"), 80),
        ];
        let found = judge(&incident(Kind::Csat(0.2), 10, 34), &all);
        assert_eq!(found.delay_hours, Some(4.0));
        assert_eq!(found.besides, BTreeMap::from([("CxFirstResponseSlower".to_owned(), 1)]));
        assert_eq!(judge(&incident(Kind::Csat(0.2), 40, 64), &all).delay_hours, None);
    }

    #[test]
    fn an_alert_on_the_organisation_does_not_find_a_fault_of_the_pipeline() {
        let stop = Incident { team: None, ..incident(Kind::FeedStops, 10, 13) };
        let found = judge(&stop, &[fired("CxCsatDropped", None, 11)]);
        assert_eq!((found.delay_hours, found.besides.len()), (None, 1));
    }

    #[test]
    fn a_large_fall_in_a_large_team_is_eligible_and_a_short_one_is_not() {
        assert!(is_eligible(&incident(Kind::Csat(0.3), 9, 81)));
        assert!(!is_eligible(&incident(Kind::Csat(0.1), 9, 15)));
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.9), Some(3.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
