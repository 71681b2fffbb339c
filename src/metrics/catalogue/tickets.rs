//! Tickets: their flow, the shares of the resolved ones, and the backlog of open tickets with the longest waits in it.

use crate::engine::EngineSettings;
use crate::engine::read::{EverSeen, Label, Measure, Status};
use crate::metrics::family::{Family, GroupingSets, Merge, OwnLabels, Variant};

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
        "Of cx_tickets_solved_without_response, those that a bot or a rule answered.",
    ),
    ("cx_tickets_resolved_reopened", Measure::TicketsResolvedReopened, "Tickets resolved in the window that were reopened at any time."),
    ("cx_tickets_resolved_escalated", Measure::TicketsResolvedEscalated, "Tickets resolved in the window that were escalated at any time."),
    (
        "cx_tickets_resolved_transferred",
        Measure::TicketsResolvedTransferred,
        "Tickets resolved in the window that were transferred at any time.",
    ),
    (
        "cx_first_contact_resolved",
        Measure::FirstContactResolved,
        "Tickets resolved in the window with exactly one public human reply and without a reopening; a later reopening takes a ticket out again.",
    ),
];

/// Whether a share is known: where the help desk does not say whether tickets are escalated, a share of 0 would be made up.
type IsKnown = fn(&EverSeen) -> bool;

const RATIOS: [(&str, Measure, IsKnown, &str); 4] = [
    (
        "cx_reopen_ratio",
        Measure::TicketsResolvedReopened,
        |_| true,
        "Share of the tickets resolved in the window that were reopened at any time.",
    ),
    (
        "cx_escalation_ratio",
        Measure::TicketsResolvedEscalated,
        |seen| seen.escalation,
        "Share of the tickets resolved in the window that were escalated at any time; absent until any ticket was.",
    ),
    (
        "cx_transfer_ratio",
        Measure::TicketsResolvedTransferred,
        |seen| seen.transfer,
        "Share of the tickets resolved in the window that were transferred at any time; absent until any ticket was.",
    ),
    (
        "cx_first_contact_resolution_ratio",
        Measure::FirstContactResolved,
        |_| true,
        "Share of the tickets resolved in the window with exactly one public human reply and without a reopening.",
    ),
];

/// `status`: the statuses of an open ticket.
const STATUS: OwnLabels = OwnLabels::new(&["status"], |_| {
    let statuses = [(Status::New, "new"), (Status::Open, "open"), (Status::Pending, "pending"), (Status::OnHold, "on_hold")];
    statuses.map(|(status, name)| Variant::of_label(Label(status as u32), &[name])).to_vec()
});

/// The flow of tickets, and the shares of the resolved ones.
pub(in crate::metrics) fn families() -> Vec<Family> {
    let counts = COUNTS.iter().map(|(name, measure, help)| Family::count(name, help, *measure));
    let ratios = RATIOS.iter().flat_map(|&(name, part, is_known, help)| {
        Family::proportion(name, help, &[Measure::TicketsResolved], move |reader, _| {
            is_known(&reader.snapshot.ever_seen).then(|| (reader.count(part), reader.count(Measure::TicketsResolved)))
        })
    });
    let seen = |what: &str, is_known: IsKnown| {
        let name = format!("cx_{what}_ever_seen");
        let help = format!("1 if any {what} of a ticket was ever seen, otherwise 0: until then cx_{what}_ratio is not known, and absent.");
        Family::flag(&name, &help, move |reader, _| is_known(&reader.snapshot.ever_seen))
    };
    let seen = [seen("escalation", |seen| seen.escalation), seen("transfer", |seen| seen.transfer)];
    counts.chain(ratios).chain(seen).collect()
}

/// The open tickets of now, and how long their customers have been waiting.
pub(in crate::metrics) fn backlog(settings: &EngineSettings) -> Vec<Family> {
    let counts = [
        ("cx_backlog_tickets", Measure::BacklogTickets, "Open tickets now: created, and neither solved nor closed nor withdrawn."),
        ("cx_backlog_unanswered_tickets", Measure::BacklogUnansweredTickets, "Open tickets whose first-response clock is running."),
        (
            "cx_backlog_awaiting_reply_tickets",
            Measure::BacklogAwaitingReplyTickets,
            "Open tickets with an unanswered customer message after the first response.",
        ),
    ];
    let oldest = [
        (
            "cx_backlog_oldest_unanswered_timestamp_seconds",
            Measure::BacklogOldestUnanswered,
            "When the longest current wait for a first response began; absent when no customer is waiting for one.",
        ),
        (
            "cx_backlog_oldest_awaiting_reply_timestamp_seconds",
            Measure::BacklogOldestAwaitingReply,
            "When the longest current wait for a further reply began; absent when no customer is waiting for one.",
        ),
    ];
    let by_status = Family::count("cx_backlog_tickets_by_status", "Open tickets now, by status.", Measure::BacklogByStatus);
    let mut families: Vec<Family> = counts.iter().map(|(name, measure, help)| Family::count(name, help, *measure).of_now()).collect();
    families.push(by_status.labelled(STATUS).over(GroupingSets::Overall).of_now());
    let without_team = "Open tickets now that have no team; absent where the configuration has no dimension `team`.";
    families.push(
        Family::count("cx_backlog_without_team_tickets", without_team, Measure::BacklogWithoutTeam)
            .of_now()
            .only_if(settings.team_dimension.is_some()),
    );
    families.extend(oldest.map(|(name, measure, help)| {
        Family::value(name, help, &[measure], move |reader, _| reader.oldest_seconds(measure)).merged(Merge::Min).of_now()
    }));
    families
}
