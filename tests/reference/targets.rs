//! Targets in calendar time: each clock followed from its start, and what became of it decided from the whole history.

use cxpulse::engine::{Ruled, TimeTarget};

use super::contact::Story;
use super::families::{latest, timed};
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;
use super::world::{Dims, Timed};

/// Met or missed, and when that was decided, for whom.
type Decision = Timed<bool>;

/// Tickets that wait beyond the target now.
pub(crate) fn state(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let target = &past.world.settings.targets.first_response;
    let open = past.tickets.iter().filter(|t| t.known.is_some() && t.unsolved && !t.answered);
    let late = open.filter(|t| response_deadline(past, t).is_some_and(|deadline| deadline <= past.now));
    let late: Vec<_> = late.map(|t| Timed { at: 0, value: (), dims: t.dims_now.clone() }).collect();
    if target.is_configured() {
        sheet.count("cx_backlog_unanswered_past_target_tickets", &late);
    }
}

/// Everything that was decided in the window.
pub(crate) fn windowed(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    let targets = &past.world.settings.targets;
    let responses = past.contacts().filter_map(|c| response(past, c)).collect();
    let resolutions = past.tickets.iter().filter_map(|t| resolution(past, t)).collect();
    let waits = past.chats.iter().filter_map(|c| chat_wait(past, c)).collect();
    attainment("first_response", &targets.first_response, responses, past, sheet);
    attainment("resolution", &targets.resolution, resolutions, past, sheet);
    attainment("chat_wait", &targets.chat_wait, waits, past, sheet);
    if targets.first_response.is_configured() {
        satisfaction(past, sheet);
    }
}

fn attainment(name: &str, target: &Ruled<TimeTarget>, mut decided: Vec<Decision>, past: &Past<'_>, sheet: &mut Sheet<'_>) {
    // A deadline still to come has decided nothing.
    decided.retain(|decision| decision.at <= past.now);
    if target.is_configured() {
        sheet.count(&format!("cx_{name}_target_decided"), &decided);
        sheet.ratio(&format!("cx_{name}_attainment_ratio"), Some(&format!("cx_{name}_within_target")), &[], &decided);
    }
}

/// Satisfied or not, of those answered in time and of the others: the latest answer about each.
fn satisfaction(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    for (side, met) in [("within", true), ("beyond", false)] {
        let mut rated = Vec::new();
        for (name, answer) in latest(past.answers("csat"), |a| a.about.clone()) {
            let decision = past.contact(&name).and_then(|c| response(past, c)).filter(|decision| decision.value == met);
            rated.extend(
                decision.map(|decision| Timed { at: decision.at.max(answer.at), ..timed(&decision, answer.is_satisfied(&past.world)) }),
            );
        }
        rated.retain(|sample| sample.at <= past.now);
        let overall = sheet.groups_of(&[], &rated).remove(0);
        let (good, all) = (overall.inside.iter().filter(|s| s.value).count() as i64, overall.inside.len() as i64);
        sheet.put(&format!("cx_csat_responses_{side}_first_response_target"), &[], Value::Count(all));
        sheet.put(&format!("cx_csat_satisfied_responses_{side}_first_response_target"), &[], Value::Count(good));
        sheet.proportion(&overall, &format!("cx_csat_ratio_{side}_first_response_target"), &[], good, all);
    }
}

/// The deadline of a clock that starts at a step.
fn deadline(past: &Past<'_>, target: &Ruled<TimeTarget>, start: i64, dims: &Dims) -> Option<i64> {
    let within = target.first(|condition| condition.values.contains(&dims[usize::from(condition.dimension)]))?.within;
    debug_assert!(past.world.settings.targets.schedules.is_empty(), "business hours have tests of their own");
    Some(start + within.0)
}

fn response_deadline(past: &Past<'_>, story: &Story) -> Option<i64> {
    let (_, at_start) = &story.running.steps[story.clock?];
    deadline(past, &past.world.settings.targets.first_response, story.clock_start?, &at_start.dims)
}

fn response(past: &Past<'_>, story: &Story) -> Option<Decision> {
    let (clock, deadline) = (story.clock?, response_deadline(past, story)?);
    match &story.first_response {
        Some(first) if first.value < 0 => None,
        Some(first) => stopped(story, clock, deadline, &timed(first, ())),
        // When it was answered nobody but the help desk knows.
        None if story.answered => None,
        None => ran_out(story, clock, deadline),
    }
}

fn resolution(past: &Past<'_>, story: &Story) -> Option<Decision> {
    let known = story.known.as_ref()?;
    let start = step_at(story, known.value);
    let deadline = deadline(past, &past.world.settings.targets.resolution, known.at, &known.dims)?;
    if story.unsolved {
        return missed(story, start, deadline);
    }
    let solve = story.solve().filter(|solve| solve.value.is_some_and(|after| after >= 0))?;
    stopped(story, start, deadline, &timed(solve, ()))
}

fn chat_wait(past: &Past<'_>, story: &Story) -> Option<Decision> {
    let (opened, known) = (story.opened.as_ref()?, story.known.as_ref()?);
    let start = step_at(story, known.value);
    let deadline = deadline(past, &past.world.settings.targets.chat_wait, opened.at, &opened.dims)?;
    match &story.accepted {
        Some(accepted) if accepted.at < opened.at => None,
        Some(accepted) => stopped(story, start, deadline, &timed(accepted, ())),
        None => ran_out(story, start, deadline),
    }
}

fn step_at(story: &Story, place: usize) -> usize {
    story.running.steps.iter().position(|(p, _)| *p == place).expect("a step of its own")
}

/// Met up to the deadline, its instant included; else missed.
fn stopped(story: &Story, start: usize, deadline: i64, at: &Timed<()>) -> Option<Decision> {
    if at.at <= deadline { Some(timed(at, true)) } else { missed(story, start, deadline) }
}

/// Missed at the deadline, for whom it counted after the last event up to then. What a snapshot tells of makes no sample for what lies before the
/// snapshot.
fn missed(story: &Story, start: usize, deadline: i64) -> Option<Decision> {
    let steps = &story.running.steps;
    let known_from = steps[start].1.at;
    let holder = steps[start..].iter().map(|(_, step)| step).rfind(|step| step.at <= deadline);
    let dims = holder.unwrap_or(&steps[start].1).dims.clone();
    (deadline >= known_from).then_some(Timed { at: deadline, value: false, dims })
}

/// Nobody stopped it: missed, unless it is over and was so when the deadline came.
fn ran_out(story: &Story, start: usize, deadline: i64) -> Option<Decision> {
    let (_, now) = story.running.steps.last()?;
    let is_over =
        now.value || story.running.told_ends.iter().any(|(place, _)| *place > story.running.steps[story.running.steps.len() - 1].0);
    if !is_over {
        return missed(story, start, deadline);
    }
    let mut ran = true;
    for (at, (place, step)) in story.running.steps.iter().enumerate().skip(start) {
        if step.at <= deadline {
            ran = !step.value;
        }
        let next = story.running.steps.get(at + 1).map_or(usize::MAX, |(place, _)| *place);
        // An end that this step tells of may lie before it; a full set may end the ticket between this step and the next.
        let told = story.running.told_ends.iter().filter(|(p, _)| (*place..next).contains(p));
        if told.into_iter().any(|(_, end)| *end <= deadline) {
            ran = false;
        }
    }
    if ran { missed(story, start, deadline) } else { None }
}
