//! Targets in calendar time: each clock followed from its start, and its verdict read off the state at its deadline.

use cxpulse::engine::{Ruled, TimeTarget};
use cxpulse::time::Span;

use super::answers::latest;
use super::contact::{State, Story};
use super::due;
use super::families::timed;
use super::model::Past;
use super::series::Value;
use super::setup::PAUSES;
use super::sheet::Sheet;
use super::world::{Dims, Name, Timed};

/// The targets of time, as the label `target` spells them.
pub(crate) const TARGETS: [&str; 4] = ["first_response", "next_response", "resolution", "chat_wait"];

/// What became of one clock.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// Met when the clock stopped; of a resolution, whether the ticket was reopened since.
    Met(Timed<()>, bool),
    /// Missed at the deadline.
    Missed(Timed<()>),
    /// It never comes: what ended the clock, and when.
    Undecided(Timed<&'static str>),
    /// It never comes and is not counted: nobody but the help desk knows, or the chat still went on.
    Unknown,
    /// The clock runs, or is paused.
    Running,
}

/// A clock with its deadline, where time does not stand still.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// When it falls due, as far as is known.
    pub(crate) deadline: Option<i64>,
    /// What became of it.
    pub(crate) verdict: Verdict,
}

/// Whether a target is configured.
pub(crate) fn is_configured(past: &Past<'_>, target: &str) -> bool {
    rules(past, target).is_configured()
}

fn rules<'p>(past: &'p Past<'_>, target: &str) -> &'p Ruled<TimeTarget> {
    let targets = &past.world.setup.targets;
    match target {
        "first_response" => &targets.first_response,
        "next_response" => &past.world.setup.targets.next_response,
        "resolution" => &targets.resolution,
        _ => &targets.chat_wait,
    }
}

/// Whether the clock of a target stands still while the contact has a status. A chat has none.
fn is_paused(past: &Past<'_>, target: &str, name: &Name, status: &str) -> bool {
    let pauses = &past.world.setup.targets.pauses;
    let pauses = match target {
        _ if name.is_chat => &[][..],
        "first_response" => &pauses.first_response,
        "next_response" => &pauses.next_response,
        "resolution" => &pauses.resolution,
        _ => &[],
    };
    PAUSES.iter().any(|(pause, spelled)| *spelled == status && pauses.contains(pause))
}

/// Everything that was decided in the window.
pub(crate) fn windowed(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    for target in TARGETS {
        if is_configured(past, target) {
            attainment(target, past, sheet);
        }
    }
    if is_configured(past, "first_response") {
        satisfaction(past, sheet);
    }
}

/// Tickets that wait beyond the target now, and those that soon will.
pub(crate) fn state(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    due::state(past, sheet);
}

/// Every clock of a target, with the contact that it belongs to.
pub(crate) fn all<'p>(past: &'p Past<'_>, target: &str) -> Vec<(&'p Name, &'p Story, Judged)> {
    let stories = past.all_tickets.iter().chain(&past.all_chats);
    stories.flat_map(|(name, story)| clocks(past, target, name, story).into_iter().map(move |judged| (name, story, judged))).collect()
}

/// The clocks of a target that one contact has.
pub(crate) fn clocks(past: &Past<'_>, target: &str, name: &Name, story: &Story) -> Vec<Judged> {
    match target {
        "first_response" => first_response(past, name, story).into_iter().collect(),
        "next_response" => story
            .waits
            .iter()
            .filter_map(|wait| {
                let reply = wait.reply.as_ref().map(|reply| timed(reply, ()));
                let stop = reply.zip(wait.end);
                let clock = Watch { target, name, story, start: wait.since, state: wait.state, known_from: wait.known_from };
                clock.judge(past, stop, None)
            })
            .collect(),
        "resolution" => resolution(past, name, story).into_iter().collect(),
        _ => chat_wait(past, name, story).into_iter().collect(),
    }
}

fn attainment(target: &str, past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let (mut decided, mut reopened, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
    for (_, story, judged) in all(past, target) {
        match judged.verdict {
            Verdict::Met(at, since) if !story.gone() => {
                decided.push(timed(&at, true));
                reopened.extend(since.then_some(at));
            }
            Verdict::Missed(at) if !story.gone() => decided.push(timed(&at, false)),
            // Withdrawing a ticket does not hide that nobody kept the promise.
            Verdict::Undecided(why) => undecided.push(why),
            Verdict::Met(..) | Verdict::Missed(_) | Verdict::Unknown | Verdict::Running => {}
        }
    }
    sheet.count(&format!("cx_{target}_target_decided"), &decided);
    sheet.ratio(&format!("cx_{target}_attainment_ratio"), Some(&format!("cx_{target}_within_target")), &[], &decided);
    if target == "resolution" {
        sheet.count("cx_resolution_within_target_reopened", &reopened);
    }
    for reason in ["ended_without_reply", "withdrawn"] {
        let because: Vec<_> = undecided.iter().filter(|why| why.value == reason).cloned().collect();
        for group in sheet.groups(&because) {
            let labels = [("target", target), ("reason", reason)];
            sheet.put_in(&group, "cx_target_undecided", "", &labels, Value::Count(group.inside.len() as i64));
        }
    }
}

/// Satisfied or not, of those answered in time, and of those answered beyond the target or never: the latest answer about each contact.
fn satisfaction(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let contact = |a: &super::survey::Answer| a.about.as_ref().map(|about| past.records.contact(about).clone());
    for (side, met) in [("within", true), ("beyond", false)] {
        let mut rated = Vec::new();
        for (name, answer) in latest(past.answers("csat"), contact) {
            let name = past.responding(&name);
            let verdict = past.contact(name).and_then(|story| first_response(past, name, story)).map(|judged| judged.verdict);
            let at = match verdict {
                Some(Verdict::Met(at, _)) if met => at,
                Some(Verdict::Missed(at)) if !met => at,
                _ => continue,
            };
            rated.push(Timed { at: at.at.max(answer.at), ..timed(&at, answer.is_satisfied(&past.world)) });
        }
        let overall = sheet.groups_of(&[], &rated).remove(0);
        let (good, all) = (overall.inside.iter().filter(|s| s.value).count() as i64, overall.inside.len() as i64);
        sheet.put(&format!("cx_csat_responses_{side}_first_response_target"), &[], Value::Count(all));
        sheet.put(&format!("cx_csat_satisfied_responses_{side}_first_response_target"), &[], Value::Count(good));
        sheet.proportion(&overall, &format!("cx_csat_ratio_{side}_first_response_target"), &[], good, all);
    }
}

/// One clock of a target.
struct Watch<'p> {
    target: &'p str,
    name: &'p Name,
    story: &'p Story,
    start: i64,
    /// The state after the event that started it.
    state: usize,
    /// What lies before makes no sample.
    known_from: i64,
}

impl Watch<'_> {
    /// The instant at which the time is used up that the target allows, in the statuses that do not pause it.
    fn deadline(&self, past: &Past<'_>, within: Span) -> Option<i64> {
        debug_assert!(past.world.setup.targets.schedules.is_empty(), "business hours have tests of their own");
        let is_paused = |status: &str| is_paused(past, self.target, self.name, status);
        // The time before the snapshot that tells of the clock counts as spent in the snapshot's status.
        let mut status = self.story.states[self.state].status.as_str();
        let (mut from, mut left) = (self.start, within.0);
        for state in &self.story.states[self.state + 1..] {
            if !is_paused(status) {
                if left <= state.at - from {
                    break;
                }
                left -= state.at - from;
            }
            (from, status) = (state.at, &state.status);
        }
        (!is_paused(status)).then_some(from + left)
    }

    /// The time that the first matching rule allows a contact as it is when the clock starts.
    fn within(&self, past: &Past<'_>) -> Option<Span> {
        let state = &self.story.states[self.state];
        let dims = dims(past, state);
        let matching = rules(past, self.target).first(|condition| condition.values.contains(&dims[usize::from(condition.dimension)]));
        matching.map(|target| target.within)
    }

    /// The verdict of a clock that a reply or an acceptance stops, in a state; an end without either ends it for good.
    fn judge(&self, past: &Past<'_>, stop: Option<(Timed<()>, usize)>, answered_silently: Option<usize>) -> Option<Judged> {
        let deadline = self.deadline(past, self.within(past)?);
        let by_then = |state: &State| deadline.is_none_or(|deadline| state.at <= deadline);
        let of = |verdict| Some(Judged { deadline, verdict });
        for (i, state) in self.story.states.iter().enumerate().skip(self.state).take_while(|(_, state)| by_then(state)) {
            if let Some((at, _)) = stop.as_ref().filter(|(_, stopped)| *stopped == i) {
                return of(Verdict::Met(at.clone(), false));
            }
            if answered_silently == Some(i) {
                return of(Verdict::Unknown);
            }
            if state.solved || state.gone {
                let reason = if state.solved { "ended_without_reply" } else { "withdrawn" };
                return of(Verdict::Undecided(Timed { at: state.at, value: reason, dims: dims(past, state) }));
            }
        }
        of(match deadline {
            Some(deadline) if deadline <= past.now => self.missed(past, deadline),
            _ => Verdict::Running,
        })
    }

    /// Missed, for whom it counted at the deadline. What a snapshot tells of makes no sample for what lies before the snapshot.
    fn missed(&self, past: &Past<'_>, deadline: i64) -> Verdict {
        if deadline < self.known_from {
            return Verdict::Unknown;
        }
        let holder = self.story.states.iter().rfind(|state| state.at <= deadline).unwrap_or(&self.story.states[self.state]);
        let dims = past.world.dims_at_end_of(&holder.own, holder.customer.as_ref(), deadline);
        Verdict::Missed(Timed { at: deadline, value: (), dims })
    }
}

fn dims(past: &Past<'_>, state: &State) -> Dims {
    past.world.dims(&state.own, state.customer.as_ref(), state.heard_at)
}

/// The clock of the first response. A record has one of its own only where nobody answered in its chat.
fn first_response(past: &Past<'_>, name: &Name, story: &Story) -> Option<Judged> {
    let clock = story.clock?;
    let origin = past.records.chat(name).and_then(|chat| past.all_chats.get(chat));
    if origin.is_some_and(|chat| !chat.silent) {
        return None;
    }
    let stop = story.first_response.as_ref().map(|first| timed(first, ())).zip(story.first_response_state);
    let watch = Watch { target: "first_response", name, story, start: clock.start, state: clock.state, known_from: clock.known_from };
    let mut judged = watch.judge(past, stop, story.answered_silently)?;
    let went_on = |deadline| origin.and_then(Story::over_at).is_some_and(|over| deadline < over);
    if matches!(&judged.verdict, Verdict::Missed(at) if went_on(at.at)) {
        judged.verdict = Verdict::Unknown;
    }
    Some(judged)
}

fn chat_wait(past: &Past<'_>, name: &Name, story: &Story) -> Option<Judged> {
    let clock = story.clock.filter(|_| name.is_chat)?;
    if story.accepted_state.is_some_and(|accepted| accepted < clock.state) {
        return None;
    }
    let stop = story.accepted.as_ref().map(|accepted| timed(accepted, ())).zip(story.accepted_state);
    let watch = Watch { target: "chat_wait", name, story, start: clock.start, state: clock.state, known_from: clock.known_from };
    watch.judge(past, stop, None)
}

/// Solved at the deadline is met, open at it is missed; until then a ticket that is solved counts as met.
fn resolution(past: &Past<'_>, name: &Name, story: &Story) -> Option<Judged> {
    let (start, opened) = (story.created.filter(|_| !name.is_chat)?, story.opened_state?);
    let known_from = story.states[opened].at;
    let watch = Watch { target: "resolution", name, story, start, state: opened, known_from };
    let deadline = watch.deadline(past, watch.within(past)?);
    let by_then = |state: &&State| deadline.is_none_or(|deadline| state.at <= deadline);
    let of = |verdict| Some(Judged { deadline, verdict });
    let Some(last) = story.states.iter().take_while(by_then).count().checked_sub(1).filter(|last| *last >= opened) else {
        return of(Verdict::Unknown);
    };
    let states = &story.states[..=last];
    // Since when it is so.
    let since = |test: fn(&State) -> bool| states.iter().rposition(|state| !test(state)).map_or(0, |before| before + 1);
    let solved = states[last].solved.then(|| since(|state| state.solved));
    let gone = states[last].gone.then(|| since(|state| state.gone));
    // What ends underneath while a ticket is withdrawn does not undo that.
    if let Some(gone) = gone.filter(|gone| solved.is_none_or(|solved| solved >= *gone)) {
        // A ticket that a snapshot told of when it was withdrawn already makes no sample.
        if gone < opened && story.opened.is_none() {
            return of(Verdict::Unknown);
        }
        let gone = &states[gone.max(opened)];
        return of(Verdict::Undecided(Timed { at: gone.at, value: "withdrawn", dims: dims(past, gone) }));
    }
    if let Some(solved) = solved {
        // What was solved before its creation, or before the first snapshot, makes no sample.
        if solved < opened || (solved == opened && story.opened.is_none()) {
            return of(Verdict::Unknown);
        }
        let at = Timed { at: states[solved].at, value: (), dims: dims(past, &states[solved]) };
        let reopened = story.reopens.iter().any(|(state, _)| *state > solved);
        return of(Verdict::Met(at, reopened));
    }
    of(match deadline {
        Some(deadline) if deadline <= past.now => watch.missed(past, deadline),
        _ => Verdict::Running,
    })
}
