//! The sequence of the events of one ticket or chat: which session each belongs to, and at which instant each counts.
//!
//! Help desks send one action as several webhooks, from several servers. So events of one instant have a fixed order (the rank in [`EventOrder`]); events
//! up to 2 s before a creation count at its instant; and a public human reply up to 2 s after a solve, a close or an end counts as just before it.
//! Does not know the effect of an event.

use smallvec::SmallVec;

use super::marks::{Action, HistoryEvent};
use crate::engine::terms::EventOrder;
use crate::event::{Author, ContactAction, Message, Status};
use crate::time::{EventTime, Span};

/// How far the clocks of two servers may differ.
pub(super) const SKEW: Span = Span::seconds(2);

/// One event in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequenced {
    /// Its index in the history.
    pub(super) index: usize,
    /// The event, at the instant at which it counts.
    pub(super) order: EventOrder,
    /// Whether a new session of a chat begins with it.
    pub(super) begins: bool,
}

impl Sequenced {
    /// Where it counts: among events of one rank that were moved to one instant the earlier comes first.
    fn place(&self) -> (EventTime, u64, usize) {
        (self.order.time, self.order.rank(), self.index)
    }
}

/// The sequence of some events.
pub(super) type Sequence = SmallVec<[Sequenced; 8]>;

/// What is known before the events that are put in sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// Whether the creation or a start is known.
    pub(super) was_opened: bool,
    /// Whether it is opened, and, a chat, neither ended nor abandoned.
    pub(super) is_running: bool,
    /// Whether a chat's session has ended or was abandoned.
    pub(super) has_ended: bool,
    /// The last event.
    pub(super) last: Option<EventTime>,
}

/// The sequence of events that are in the order of [`EventOrder`]; `idle_end` is the time without events after which a chat has ended.
pub(super) fn sequence(events: &[HistoryEvent], before: Before, idle_end: Option<Span>) -> Sequence {
    let mut sessions = sessions(by_instant(events, before.is_running), events, before, idle_end);
    let mut sequence = Sequence::new();
    for (session, begins) in &mut sessions {
        // What was moved to the instant of an opening takes its place among the events of that instant.
        session.sort_by_key(Sequenced::place);
        place_last_words(session, events);
        let from = sequence.len();
        sequence.extend(session.drain(..));
        if let (true, Some(first)) = (*begins, sequence.get_mut(from)) {
            first.begins = true;
        }
    }
    sequence
}

/// Whether an event that comes last changes the place of no other event, and keeps its own; `events` are the unfolded ones before it.
pub(super) fn is_plain(event: &HistoryEvent, events: &[HistoryEvent], before: Before, idle_end: Option<Span>) -> bool {
    let is_idle = before.last.zip(idle_end).is_some_and(|(last, idle)| event.order.time >= last + idle);
    let since = |from: EventTime| events.iter().rev().take_while(move |known| known.order.time >= from);
    // What lies shortly before a creation counts at its instant, where the rank decides.
    let is_before_a_moved_one =
        || since(event.order.time).any(is_opening) && since(event.order.time - SKEW).any(|known| known.order.time < event.order.time);
    match &event.action {
        _ if is_before_a_moved_one() => false,
        Action::Event(ContactAction::Opened(_)) => (before.is_running && !is_idle) || before.last.is_none(),
        Action::Event(ContactAction::Ended | ContactAction::Abandoned) => !since(event.order.time).any(is_opening),
        action if is_human_reply(action) => !since(event.order.time - SKEW).any(|known| is_stop(&known.action)),
        Action::Event(_) | Action::SetCompleted(_) => true,
    }
}

/// A public message that a person of the help desk wrote.
pub(super) fn is_human_reply(action: &Action) -> bool {
    matches!(action, Action::Event(ContactAction::Message(Message { author: Author::Agent, public: true, automated: false })))
}

type Session = (Sequence, bool);

/// The order of the log. If a running chat ends and starts again at one instant, its end and the events that the log has before both come first.
fn by_instant(events: &[HistoryEvent], mut is_running: bool) -> Sequence {
    let mut out = Sequence::new();
    let plain = |index: usize| Sequenced { index, order: events[index].order, begins: false };
    let mut from = 0;
    while from < events.len() {
        let time = events[from].order.time;
        let until = from + events[from..].iter().take_while(|event| event.order.time == time).count();
        let mut instant: SmallVec<[usize; 8]> = (from..until).collect();
        let first_end = instant.iter().copied().filter(|at| is_end(&events[*at])).min_by_key(|at| events[*at].order.unranked());
        let first_start = instant.iter().copied().filter(|at| is_opening(&events[*at])).min_by_key(|at| events[*at].order.unranked());
        if let (true, Some(end), Some(start)) = (is_running, first_end, first_start) {
            let limit = events[end].order.unranked().min(events[start].order.unranked());
            // A stable sort: within both parts the rank decides.
            instant.sort_by_key(|at| !(*at == end || events[*at].order.unranked() < limit));
        }
        for at in instant {
            is_running = is_opening(&events[at]) || (is_running && !is_end(&events[at]));
            out.push(plain(at));
        }
        from = until;
    }
    out
}

/// Divides a log at every opening after an end. Events up to 2 s before an opening, and after the end before it, count at its instant.
fn sessions(log: Sequence, events: &[HistoryEvent], before: Before, idle_end: Option<Span>) -> SmallVec<[Session; 1]> {
    let mut out: SmallVec<[Session; 1]> = SmallVec::from_iter([(Sequence::new(), false)]);
    let Before { mut was_opened, mut is_running, mut has_ended, mut last } = before;
    // The events of the present session that lie before its opening, or after its end.
    let mut loose: SmallVec<[usize; 8]> = SmallVec::new();
    for sequenced in log {
        let event = &events[sequenced.index];
        if let Some((idle, last)) = idle_end.zip(last).filter(|_| is_running) {
            let is_idle = if is_opening(event) { event.order.time >= last + idle } else { event.order.time > last + idle };
            (is_running, has_ended) = (!is_idle, has_ended || is_idle);
        }
        last = Some(event.order.time);
        let (session, _) = out.last_mut().unwrap_or_else(|| unreachable!("there is always one session"));
        if is_opening(event) && !is_running {
            let is_moved = |known: &Sequenced| {
                let is_set = matches!(events[known.index].action, Action::SetCompleted(_));
                !is_set && loose.contains(&known.index) && known.order.time >= event.order.time - SKEW
            };
            let (moved, rest): (Sequence, Sequence) = session.drain(..).partition(is_moved);
            let mut moved: Sequence =
                moved.into_iter().map(|known| Sequenced { order: known.order.at(event.order.time), ..known }).collect();
            is_running = !moved.iter().any(|known| is_end(&events[known.index]));
            let begins = was_opened || has_ended || rest.iter().any(|known| is_end(&events[known.index]));
            *session = rest;
            moved.push(sequenced);
            if begins {
                out.push((moved, true));
            } else {
                session.extend(moved);
            }
            (was_opened, has_ended) = (true, !is_running);
            loose.clear();
            continue;
        }
        if is_running {
            is_running = !is_end(event);
            has_ended |= !is_running;
        } else if !(was_opened && is_end(event)) {
            loose.push(sequenced.index);
        }
        // What was moved to this instant stands among what happened at it.
        let is_after = |known: &&Sequenced| known.order.time == sequenced.order.time && known.order > sequenced.order;
        let at = session.len() - session.iter().rev().take_while(is_after).count();
        session.insert(at, sequenced);
    }
    out
}

/// Puts a reply at most 2 s after a solve, a close or the session's end just before it. An abandonment is such an end only where a person was there.
fn place_last_words(session: &mut Sequence, events: &[HistoryEvent]) {
    let action = |known: &Sequenced| &events[known.index].action;
    if !session.iter().any(|known| is_human_reply(action(known))) {
        return;
    }
    let mut stops: SmallVec<[EventTime; 4]> =
        session.iter().filter(|known| is_solve(action(known))).map(|known| known.order.time).collect();
    if let Some(end) = session.iter().position(|known| is_end(&events[known.index])) {
        let start = session.iter().position(|known| is_opening(&events[known.index]));
        let was_there = |(at, known): (usize, &Sequenced)| {
            matches!(action(known), Action::Event(ContactAction::Accepted))
                || (is_human_reply(action(known)) && start.is_none_or(|start| at > start))
        };
        let is_ended = matches!(action(&session[end]), Action::Event(ContactAction::Ended));
        if is_ended || session[..end].iter().enumerate().any(was_there) {
            stops.push(session[end].order.time);
        }
    }
    let mut is_moved = false;
    for known in session.iter_mut() {
        let time = known.order.time;
        if is_human_reply(&events[known.index].action)
            && let Some(stop) = stops.iter().copied().filter(|stop| *stop < time && time <= *stop + SKEW).min()
        {
            (known.order, is_moved) = (known.order.at(stop), true);
        }
    }
    if is_moved {
        session.sort_by_key(Sequenced::place);
    }
}

fn is_opening(event: &HistoryEvent) -> bool {
    matches!(event.action, Action::Event(ContactAction::Opened(_)))
}

fn is_end(event: &HistoryEvent) -> bool {
    matches!(event.action, Action::Event(ContactAction::Ended | ContactAction::Abandoned))
}

fn is_solve(action: &Action) -> bool {
    matches!(action, Action::Event(ContactAction::Status(Status::Solved | Status::Closed)))
}

fn is_stop(action: &Action) -> bool {
    is_solve(action) || matches!(action, Action::Event(ContactAction::Ended | ContactAction::Abandoned))
}
