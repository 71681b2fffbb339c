//! Open tickets with a running clock: those that fall due soon, and those that are past their target.

use crate::engine::read::{Label, Measure, due_label};
use crate::engine::{Snapshot, TargetSettings, TimedTarget};
use crate::metrics::family::{Family, OwnLabels, Variant};

/// The times that tickets are held to. A chat has no backlog.
const OF_TICKETS: [TimedTarget; 3] = [TimedTarget::FirstResponse, TimedTarget::NextResponse, TimedTarget::Resolution];

/// `target`: every time of tickets that has a target.
const TARGET: OwnLabels = OwnLabels::new(&["target"], |snapshot| {
    of_tickets(snapshot).map(|time| Variant::of_label(Label(time as u32), &[time.name()])).collect()
});

/// `target` and `within`: for every time of tickets that has a target, each configured time ahead.
const TARGET_AND_WITHIN: OwnLabels = OwnLabels::new(&["target", "within"], |snapshot| {
    let within = |time: TimedTarget| {
        let each = snapshot.due_within.iter().enumerate();
        each.map(move |(number, within)| Variant::of_label(due_label(time, number), &[time.name(), within]))
    };
    of_tickets(snapshot).flat_map(within).collect()
});

pub(super) fn families(settings: &TargetSettings) -> Vec<Family> {
    let has = |time: TimedTarget| settings.of_time(time).is_configured();
    let due = "Open tickets now whose clock of the target is undecided and falls due within the time, by the calendar; a longer time includes the \
               shorter ones. A paused clock does not fall due.";
    let past = "Open tickets now that are past the target, with its clock still running.";
    let unanswered = "Open tickets without a first response whose first-response target has passed.";
    vec![
        Family::count("cx_backlog_due_tickets", due, Measure::BacklogDue)
            .labelled(TARGET_AND_WITHIN)
            .of_now()
            .only_if(OF_TICKETS.into_iter().any(has) && !settings.due_within.is_empty()),
        Family::count("cx_backlog_past_target_tickets", past, Measure::BacklogPastTarget)
            .labelled(TARGET)
            .of_now()
            .only_if(OF_TICKETS.into_iter().any(has)),
        Family::count("cx_backlog_unanswered_past_target_tickets", unanswered, Measure::BacklogUnansweredPastTarget)
            .of_now()
            .only_if(has(TimedTarget::FirstResponse)),
    ]
}

fn of_tickets(snapshot: &Snapshot) -> impl Iterator<Item = TimedTarget> {
    snapshot.timed_targets.iter().copied().filter(|time| OF_TICKETS.contains(time))
}
