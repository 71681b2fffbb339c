//! Open tickets now, and how long their customers have been waiting.

use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels, Merge, Sets};

pub(in crate::metrics) fn families() -> Vec<Family> {
    let counts = [
        ("cx_backlog_tickets", Measure::BacklogTickets, "Open tickets now: created, not solved, closed or withdrawn."),
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
            "When the longest wait for a first response began; absent when nobody waits.",
        ),
        (
            "cx_backlog_oldest_awaiting_reply_timestamp_seconds",
            Measure::BacklogOldestAwaitingReply,
            "When the longest wait for a further reply began; absent when nobody waits.",
        ),
    ];
    let by_status = Family::count("cx_backlog_tickets_by_status", "Open tickets now by status.", Measure::BacklogByStatus);
    let mut families: Vec<Family> = counts.iter().map(|(name, measure, help)| Family::count(name, help, *measure).of_now()).collect();
    families.push(by_status.labelled(Labels::Status).over(Sets::Overall).of_now());
    families.extend(oldest.map(|(name, measure, help)| {
        Family::value(name, help, &[measure], move |reader, _| reader.oldest_seconds(measure)).merged(Merge::Min).of_now()
    }));
    families
}
