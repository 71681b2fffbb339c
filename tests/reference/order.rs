//! The order of what happened to one ticket or chat: sessions, the creation first, last words, and the order of one instant.

use cxpulse::time::Span;

use super::reader::Happening;

/// How far clocks of two servers may lie apart: what lies up to so long before a creation, and a reply up to so long after an end.
const SKEW: i64 = 2_000;

/// One event of a contact, and when it counts as happened.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// Its place among all events.
    pub(crate) place: usize,
    /// When it counts as happened.
    pub(crate) at: i64,
    /// Its rank among what happened at that instant.
    rank: u8,
    opens: bool,
    ends: bool,
    solves: bool,
    replies: bool,
    accepts: bool,
    is_ended: bool,
}

impl Moment {
    /// An event where the log has it.
    pub(crate) fn new(place: usize, e: &Happening) -> Self {
        let what = e.what.split_once('.').map_or("", |(_, what)| what);
        Self {
            place,
            at: e.time,
            rank: rank(what, e),
            opens: matches!(what, "created" | "started"),
            ends: matches!(what, "ended" | "abandoned"),
            solves: what == "status_changed" && matches!(e.text("status"), Some("solved" | "closed")),
            replies: is_human_reply(e),
            accepts: what == "accepted",
            is_ended: what == "ended",
        }
    }
}

/// The order of one instant: creation or start, hand-off, customer message, other message (acceptance with it), assignment, status, end, snapshot.
fn rank(what: &str, e: &Happening) -> u8 {
    match what {
        "created" | "started" => 0,
        "handoff" => 1,
        "message" if e.text("author") == Some("customer") => 2,
        "message" | "accepted" => 3,
        "assigned" | "transferred" | "escalated" => 4,
        "status_changed" | "merged" | "unmerged" => 5,
        "ended" | "abandoned" => 6,
        _ => 7,
    }
}

/// Whether it is a message.
pub(crate) fn is_message(e: &Happening) -> bool {
    matches!(e.what.as_str(), "ticket.message" | "chat.message")
}

/// A public message that a person of the help desk wrote.
pub(crate) fn is_human_reply(e: &Happening) -> bool {
    is_message(e) && e.text("author") == Some("agent") && e.flag("public", true) && !e.flag("automated", false)
}

/// A customer's message that waits for an answer: an out-of-office reply does not.
pub(crate) fn is_question(e: &Happening) -> bool {
    is_message(e) && e.text("author") == Some("customer") && !e.flag("automated", false)
}

/// A public message of a bot, or one that a rule sent in an agent's or the help desk's name.
pub(crate) fn is_automated_reply(e: &Happening) -> bool {
    let by_rule = e.flag("automated", false) && matches!(e.text("author"), Some("agent" | "system"));
    is_message(e) && e.flag("public", true) && (e.text("author") == Some("bot") || by_rule)
}

/// The events of a ticket, or of each session of a chat, in the order in which they count.
pub(crate) fn sessions(log: Vec<Moment>, idle: Option<Span>) -> Vec<Vec<Moment>> {
    let mut out = parted(by_instant(log), idle);
    for session in &mut out {
        say_last_words(session);
    }
    out
}

/// Orders every instant. Where a chat ends that ran before and starts again at the same instant, the end and what the log has before both come first.
fn by_instant(log: Vec<Moment>) -> Vec<Moment> {
    let mut out = Vec::new();
    let mut running = false;
    for instant in log.chunk_by(|a, b| a.at == b.at) {
        let mut rest = instant.to_vec();
        let mut first = Vec::new();
        let end = rest.iter().position(|m| m.ends);
        if let (true, true, Some(end)) = (running, rest.iter().any(|m| m.opens), end) {
            let before_both = rest.iter().position(|m| m.opens || m.ends).expect("there is one");
            first.push(rest.remove(end));
            first.extend(rest.drain(..before_both));
        }
        first.sort_by_key(|m| (m.rank, m.place));
        rest.sort_by_key(|m| (m.rank, m.place));
        for moment in first.into_iter().chain(rest) {
            running = moment.opens || (running && !moment.ends);
            out.push(moment);
        }
    }
    out
}

/// Parts a log at every opening after an end; what lies up to 2 s before an opening, and after the end before it, counts as at its instant.
fn parted(log: Vec<Moment>, idle: Option<Span>) -> Vec<Vec<Moment>> {
    let mut out: Vec<Vec<Moment>> = vec![Vec::new()];
    // How many of the latest events of the last session lie before an opening, or after its end.
    let (mut opened, mut running) = (false, false);
    let mut loose: Vec<usize> = Vec::new();
    let mut latest = i64::MIN;
    for mut moment in log {
        if let Some(Span(idle)) = idle.filter(|_| running) {
            running = moment.at < latest + idle + i64::from(!moment.opens);
        }
        latest = moment.at;
        let last = out.last_mut().expect("there is one");
        if moment.opens && !running {
            let is_moved = |m: &Moment| loose.contains(&m.place) && m.at >= moment.at - SKEW;
            let (mut moved, rest): (Vec<Moment>, Vec<Moment>) = last.drain(..).partition(is_moved);
            for early in &mut moved {
                early.at = moment.at;
            }
            running = !moved.iter().any(|m| m.ends);
            let begins_anew = opened || rest.iter().any(|m| m.ends);
            *last = rest;
            moved.push(moment);
            if begins_anew {
                out.push(moved);
            } else {
                last.extend(moved);
            }
            opened = true;
            loose.clear();
            continue;
        }
        if running {
            running = !moment.ends;
        } else if !(opened && moment.ends) {
            loose.push(moment.place);
        }
        moment.opens = false;
        last.push(moment);
    }
    out
}

/// A reply at most 2 s after a solve, close or end counts as just before it; an abandonment is an end only where somebody was there.
fn say_last_words(session: &mut [Moment]) {
    session.sort_by_key(|m| (m.at, m.rank, m.place));
    let mut stops: Vec<i64> = session.iter().filter(|m| m.solves).map(|m| m.at).collect();
    if let Some(end) = session.iter().position(|m| m.ends) {
        let opening = session.iter().position(|m| m.opens).unwrap_or(usize::MAX);
        let was_there = session[..end].iter().enumerate().any(|(i, m)| m.accepts || (m.replies && i > opening));
        stops.extend((session[end].is_ended || was_there).then_some(session[end].at));
    }
    for moment in session.iter_mut().filter(|m| m.replies) {
        let just_before = stops.iter().filter(|stop| (1..=SKEW).contains(&(moment.at - **stop)));
        moment.at = just_before.copied().min().unwrap_or(moment.at);
    }
    session.sort_by_key(|m| (m.at, m.rank, m.place));
}
