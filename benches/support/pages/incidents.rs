//! Incidents: what goes wrong, in which team, from when to when and how much. They act on contacts and on the feed, never on answers or metrics.
//!
//! Does not know the alerts that should find them, beyond their names.

use cxpulse::time::EventTime;

use super::organisation::{DAY, HOUR, Line, MINUTE, SURVEYS};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The satisfied share of contacts solved meanwhile falls by this much.
    Csat(f64),
    /// The same, growing evenly from nothing to this much.
    Drift(f64),
    /// First responses to contacts created meanwhile take this many times as long.
    Response(f64),
    /// The share of contacts that are hard for the customer rises by this much.
    Effort(f64),
    /// The share of promoters falls by this much.
    Nps(f64),
    /// Chats wait this many times as long, so that more customers give up.
    ChatWait(f64),
    /// Half of the contacts created meanwhile are answered only after the end.
    Unanswered,
    /// This many times as many contacts. It is no fault of quality.
    Volume(f64),
    /// No surveys are sent or answered.
    SurveysStop,
    /// No event arrives; all of them come at the end.
    FeedStops,
    /// Every event arrives half an hour later than it should.
    FeedBehind,
    /// Every event comes twice.
    FeedTwice,
}

/// One incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incident {
    pub(crate) kind: Kind,
    /// The team; `None` for all.
    pub(crate) team: Option<usize>,
    pub(crate) from: EventTime,
    pub(crate) to: EventTime,
}

impl Kind {
    /// The name in the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Csat(share) => format!("CSAT down by {:.0} points", 100.0 * share),
            Self::Drift(share) => format!("CSAT drifting down by {:.0} points", 100.0 * share),
            Self::Response(factor) => format!("first response x{factor}"),
            Self::Effort(share) => format!("high effort up by {:.0} points", 100.0 * share),
            Self::Nps(share) => format!("promoters down by {:.0} points", 100.0 * share),
            Self::ChatWait(factor) => format!("chat wait x{factor}"),
            Self::Unanswered => "half is left unanswered".to_owned(),
            Self::Volume(factor) => format!("traffic x{factor}"),
            Self::SurveysStop => "the survey tool stops".to_owned(),
            Self::FeedStops => "the feed stops".to_owned(),
            Self::FeedBehind => "the feed is 30 min behind".to_owned(),
            Self::FeedTwice => "the feed comes twice".to_owned(),
        }
    }

    /// Whether the pipeline is at fault, so that an alert on the organisation would be wrong.
    pub(crate) const fn is_of_pipeline(self) -> bool {
        matches!(self, Self::SurveysStop | Self::FeedStops | Self::FeedBehind | Self::FeedTwice)
    }

    /// The alerts that find it. None finds what is no fault; any alert on the pipeline finds a fault of the pipeline.
    pub(crate) const fn found_by(self) -> &'static [&'static str] {
        match self {
            Self::Csat(_) | Self::Drift(_) => &["CxCsatDropped", "CxCsatBelowTarget"],
            Self::Response(_) => &["CxFirstResponseSlower", "CxFirstResponseTargetMissed", "CxUnansweredPastTarget", "CxUnansweredRising"],
            Self::Effort(_) => &["CxCesWorsened"],
            Self::Nps(_) => &["CxNpsDropped", "CxNpsBelowTarget"],
            Self::ChatWait(_) => &["CxChatAbandonmentRising", "CxChatWaitHigh", "CxChatsWaiting", "CxFirstResponseSlower"],
            Self::Unanswered => &["CxUnansweredPastTarget", "CxUnansweredRising", "CxBacklogGrowing", "CxDueSoon", "CxFirstResponseSlower"],
            Self::Volume(_) | Self::SurveysStop | Self::FeedStops | Self::FeedBehind | Self::FeedTwice => &[],
        }
    }
}

impl Incident {
    pub(crate) fn holds_at(&self, at: i64) -> bool {
        (self.from.0..self.to.0).contains(&at)
    }

    /// Its length in hours.
    pub(crate) fn hours(&self) -> f64 {
        (self.to.0 - self.from.0) as f64 / HOUR as f64
    }
}

/// The incidents that concern one team.
pub(crate) struct Effects<'a> {
    team: usize,
    incidents: &'a [Incident],
}

impl<'a> Effects<'a> {
    pub(crate) const fn of_team(team: usize, incidents: &'a [Incident]) -> Self {
        Self { team, incidents }
    }

    /// The factor of the number of contacts.
    pub(crate) fn volume(&self, at: i64) -> f64 {
        self.product(at, |kind| if let Kind::Volume(factor) = kind { Some(factor) } else { None })
    }

    /// The factor of the time to the first response.
    pub(crate) fn response(&self, at: i64) -> f64 {
        self.product(at, |kind| if let Kind::Response(factor) = kind { Some(factor) } else { None })
    }

    /// The factor of the wait of a chat.
    pub(crate) fn chat_wait(&self, at: i64) -> f64 {
        self.product(at, |kind| if let Kind::ChatWait(factor) = kind { Some(factor) } else { None })
    }

    /// How much the satisfied share is lower.
    pub(crate) fn less_satisfied(&self, at: i64) -> f64 {
        let fall = |incident: &Incident| {
            let grown = (at - incident.from.0) as f64 / (incident.to.0 - incident.from.0) as f64;
            if let Kind::Csat(share) = incident.kind {
                share
            } else if let Kind::Drift(share) = incident.kind {
                share * grown
            } else {
                0.0
            }
        };
        self.now(at).map(fall).sum()
    }

    /// How much the share of contacts with high effort is larger.
    pub(crate) fn more_effort(&self, at: i64) -> f64 {
        self.now(at).map(|incident| if let Kind::Effort(share) = incident.kind { share } else { 0.0 }).sum()
    }

    /// How much the share of promoters is lower.
    pub(crate) fn fewer_promoters(&self, at: i64) -> f64 {
        self.now(at).map(|incident| if let Kind::Nps(share) = incident.kind { share } else { 0.0 }).sum()
    }

    /// Until when a contact is left unanswered, if the draw says that it is among those.
    pub(crate) fn left_unanswered(&self, at: i64, is_drawn: bool) -> Option<i64> {
        self.now(at).find(|incident| is_drawn && incident.kind == Kind::Unanswered).map(|incident| incident.to.0)
    }

    fn product(&self, at: i64, factor: impl Fn(Kind) -> Option<f64>) -> f64 {
        self.now(at).filter_map(|incident| factor(incident.kind)).product()
    }

    fn now(&self, at: i64) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().filter(move |incident| incident.team.is_none_or(|team| team == self.team) && incident.holds_at(at))
    }
}

/// Lets incidents of the feed act on the records.
pub(crate) fn disturb_feed(lines: &mut Vec<Line>, incidents: &[Incident]) {
    for incident in incidents {
        if incident.kind == Kind::SurveysStop {
            lines.retain(|line| line.topic != SURVEYS || !incident.holds_at(line.arrives.0));
        } else if incident.kind == Kind::FeedTwice {
            let twice = lines.iter().filter(|line| incident.holds_at(line.arrives.0));
            let again =
                |line: &Line| Line { arrives: EventTime(line.arrives.0 + MINUTE), topic: line.topic, payload: line.payload.clone() };
            let copies: Vec<Line> = twice.map(again).collect();
            lines.extend(copies);
        }
        if matches!(incident.kind, Kind::FeedStops | Kind::FeedBehind) {
            for line in lines.iter_mut().filter(|line| incident.holds_at(line.arrives.0)) {
                let behind = EventTime(line.arrives.0 + 30 * MINUTE);
                line.arrives = if incident.kind == Kind::FeedStops { incident.to } else { behind };
            }
        }
    }
}

/// A plan: after the days of warming up, each team has one incident in every slot of a fortnight, and the kinds of all teams at once take turns with
/// them. `round` shifts the kinds, so that over several rounds each team has each.
pub(crate) fn planned(kinds: &[(Kind, i64, bool)], warm_days: i64, days: i64, round: usize) -> Vec<Incident> {
    let single: Vec<_> = kinds.iter().filter(|(_, _, is_of_all)| !is_of_all).collect();
    let common: Vec<_> = kinds.iter().filter(|(_, _, is_of_all)| *is_of_all).collect();
    let mut incidents = Vec::new();
    for slot in 0..(days - warm_days) / 15 {
        let begin = super::organisation::START.0 + (warm_days + 15 * slot) * DAY;
        for team in 0..super::organisation::TEAMS.len() {
            let number = round * 31 + slot as usize * 8 + team;
            if let Some((kind, hours, _)) = single.get(number % single.len().max(1)) {
                // They begin on different mornings and afternoons of the first week.
                let from = begin + (team as i64 % 4) * DAY + (9 + 2 * (number as i64 % 3)) * HOUR;
                incidents.push(Incident { kind: *kind, team: Some(team), from: EventTime(from), to: EventTime(from + hours * HOUR) });
            }
        }
        if let Some((kind, hours, _)) = common.get((round * 7 + slot as usize) % common.len().max(1)) {
            let from = begin + 11 * DAY + 10 * HOUR;
            incidents.push(Incident { kind: *kind, team: None, from: EventTime(from), to: EventTime(from + hours * HOUR) });
        }
    }
    incidents
}
