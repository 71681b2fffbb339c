//! Chats: their flow, their state of now, and the share that customers abandoned before an agent joined.

use crate::engine::read::Measure;
use crate::metrics::family::Family;

const COUNTS: [(&str, Measure, &str); 6] = [
    ("cx_chats_started", Measure::ChatsStarted, "Chats started in the window."),
    ("cx_chats_accepted", Measure::ChatsAccepted, "Chats that an agent joined in the window."),
    (
        "cx_chats_abandoned",
        Measure::ChatsAbandoned,
        "Chats that the customer left in the window before an agent joined, including those left after a short time.",
    ),
    ("cx_chats_ended", Measure::ChatsEnded, "Chats ended in the window."),
    ("cx_chats_transferred", Measure::ChatsTransferred, "Chats whose latest transfer lies in the window, by the receiving team."),
    (
        "cx_chats_idle_ended",
        Measure::ChatsIdleEnded,
        "Chats that reached the configured idle time in the window without having been ended.",
    ),
];

pub(in crate::metrics) fn families() -> Vec<Family> {
    let mut families: Vec<Family> = COUNTS.iter().map(|(name, measure, help)| Family::count(name, help, *measure)).collect();
    families.push(Family::count("cx_chats_waiting", "Chats that are waiting for an agent now.", Measure::ChatsWaiting).of_now());
    families.push(Family::count("cx_chats_active", "Chats with an agent now.", Measure::ChatsActive).of_now());
    families.push(Family::count(
        "cx_chats_abandoned_counted",
        "Of cx_chats_abandoned, those that lasted long enough to count in cx_chat_abandonment_ratio: its numerator.",
        Measure::ChatsAbandonedLate,
    ));
    families.extend(Family::proportion(
        "cx_chat_abandonment_ratio",
        "Share of the chats accepted or abandoned in the window that were abandoned; chats abandoned after a short time are left out.",
        &[Measure::ChatsAbandonedLate, Measure::ChatsAccepted],
        |reader, _| {
            let abandoned = reader.count(Measure::ChatsAbandonedLate);
            Some((abandoned, abandoned + reader.count(Measure::ChatsAccepted)))
        },
    ));
    families
}
