//! The flow of tickets, and the shares of those that were resolved.

use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::Family;

const COUNTS: [(&str, Measure, &str); 12] = [
    ("cx_tickets_created", Measure::TicketsCreated, "Tickets created in the window."),
    ("cx_tickets_first_responded", Measure::TicketsFirstResponded, "Tickets whose first response lies in the window."),
    ("cx_tickets_resolved", Measure::TicketsResolved, "Tickets whose latest solve lies in the window."),
    ("cx_tickets_reopened", Measure::TicketsReopened, "Reopenings in the window: from solved or closed to new, open, pending or on_hold."),
    ("cx_tickets_escalated", Measure::TicketsEscalated, "Tickets whose latest escalation lies in the window."),
    ("cx_tickets_transferred", Measure::TicketsTransferred, "Tickets whose latest transfer lies in the window, by the receiving team."),
    (
        "cx_tickets_solved_without_response",
        Measure::TicketsSolvedWithoutResponse,
        "Tickets whose latest solve lies in the window and that no human has answered so far.",
    ),
    (
        "cx_tickets_solved_by_automation",
        Measure::TicketsSolvedByAutomation,
        "Of cx_tickets_solved_without_response: those that a bot or a rule answered.",
    ),
    ("cx_tickets_resolved_reopened", Measure::TicketsResolvedReopened, "Tickets resolved in the window that ever were reopened."),
    ("cx_tickets_resolved_escalated", Measure::TicketsResolvedEscalated, "Tickets resolved in the window that ever were escalated."),
    ("cx_tickets_resolved_transferred", Measure::TicketsResolvedTransferred, "Tickets resolved in the window that ever were transferred."),
    (
        "cx_first_contact_resolved",
        Measure::FirstContactResolved,
        "Tickets resolved in the window with exactly one public human reply and no reopening; provisional until reopened.",
    ),
];

const RATIOS: [(&str, Measure, &str); 4] = [
    ("cx_reopen_ratio", Measure::TicketsResolvedReopened, "Share of the tickets resolved in the window that ever were reopened."),
    ("cx_escalation_ratio", Measure::TicketsResolvedEscalated, "Share of the tickets resolved in the window that ever were escalated."),
    ("cx_transfer_ratio", Measure::TicketsResolvedTransferred, "Share of the tickets resolved in the window that ever were transferred."),
    (
        "cx_first_contact_resolution_ratio",
        Measure::FirstContactResolved,
        "Share of the tickets resolved in the window with exactly one public human reply and no reopening.",
    ),
];

pub(in crate::metrics) fn families() -> Vec<Family> {
    let counts = COUNTS.iter().map(|(name, measure, help)| Family::count(name, help, *measure));
    let ratios = RATIOS.iter().flat_map(|&(name, part, help)| {
        proportion(name, help, &[Measure::TicketsResolved], move |r, _| Some((r.count(part), r.count(Measure::TicketsResolved))))
    });
    counts.chain(ratios).collect()
}
