//! Open tickets that fall due soon, and those that are past a target.

use super::contact::Story;
use super::families::is_open;
use super::model::Past;
use super::series::Value;
use super::sheet::Sheet;
use super::targets::{Judged, Verdict, clocks, is_configured};
use super::world::{Name, Timed};

/// What is due, by target.
pub(crate) fn state(past: &Past<'_>, sheet: &mut Sheet<'_>) {
    for target in ["first_response", "next_response", "resolution"] {
        if !is_configured(past, target) {
            continue;
        }
        let open = past.all_tickets.iter().filter(|(_, ticket)| !ticket.gone() && is_open(ticket));
        let running: Vec<Timed<i64>> = open.filter_map(|(name, ticket)| deadline(past, target, name, ticket)).collect();
        let late: Vec<_> = running.iter().filter(|due| due.value <= past.now).cloned().collect();
        for group in sheet.groups(&late) {
            sheet.put_in(&group, "cx_backlog_past_target_tickets", "", &[("target", target)], Value::Count(group.inside.len() as i64));
        }
        if target == "first_response" {
            sheet.count("cx_backlog_unanswered_past_target_tickets", &late);
        }
        for (within, span) in &past.world.setup.targets.due_within {
            let soon = |due: &&Timed<i64>| past.now < due.value && due.value <= past.now + span.0;
            let soon: Vec<_> = running.iter().filter(soon).cloned().collect();
            for group in sheet.groups(&soon) {
                let labels = [("target", target), ("within", within.as_str())];
                sheet.put_in(&group, "cx_backlog_due_tickets", "", &labels, Value::Count(group.inside.len() as i64));
            }
        }
    }
}

/// When the clock of a target falls or fell due that runs on an open ticket.
fn deadline(past: &Past<'_>, target: &str, name: &Name, ticket: &Story) -> Option<Timed<i64>> {
    let judged = clocks(past, target, name, ticket).pop()?;
    let runs = match target {
        "first_response" => !ticket.answered,
        "next_response" => ticket.awaiting_since().is_some(),
        _ => true,
    };
    let due = |Judged { deadline, verdict }| match verdict {
        Verdict::Running | Verdict::Missed(_) => deadline,
        // A miss that nobody counts is one all the same.
        Verdict::Unknown if target != "first_response" || past.records.chat(name).is_none() => deadline,
        Verdict::Unknown | Verdict::Met(..) | Verdict::Undecided(_) => None,
    };
    let deadline = due(judged).filter(|_| runs)?;
    Some(Timed { at: 0, value: deadline, dims: ticket.dims_now(&past.world) })
}
