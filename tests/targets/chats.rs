//! Chat wait: the service level of chats.

use super::desk::{Desk, MINUTE, berlin, chat, with};

const WAIT: &str = "[targets.chat_wait]\nwithin = \"60s\"\nshare = 0.8\n[targets.first_response]\nwithin = \"5m\"\n";
const SECOND: i64 = 1_000;

#[test]
fn service_level_counts_those_accepted_in_time_of_those_decided() {
    let ten = berlin("2026-05-06T10:00");
    let mut desk = Desk::new(WAIT);
    for name in ["quick", "slow", "gone", "gone late", "waiting"] {
        desk.take(ten, &chat(name, "started"));
    }
    desk.take(ten + 20 * SECOND, &chat("quick", "accepted"));
    desk.take(ten + 30 * SECOND, &chat("gone", "abandoned"));
    desk.look(ten + 59 * SECOND).decided("chat_wait", 1, 1);
    desk.take(ten + 90 * SECOND, &chat("slow", "accepted"));
    desk.take(ten + 90 * SECOND, &chat("gone late", "abandoned"));
    let seen = desk.look(ten + 2 * MINUTE);
    seen.decided("chat_wait", 1, 4).is("cx_chat_wait_attainment_ratio{window=\"1h\"}", 0.25);
    seen.is("cx_target_gap{metric=\"chat_wait_attainment\",window=\"1h\"}", 0.25 - 0.8);
    seen.is("cx_chat_wait_seconds_bucket{window=\"1h\",le=\"60\"}", 1.0);
}

#[test]
fn chats_have_a_first_response_target_too_which_an_accepted_call_meets() {
    let ten = berlin("2026-05-06T10:00");
    let mut desk = Desk::new(WAIT).with(&[
        (ten, with(chat("call", "started"), "channel", "phone")),
        (ten, chat("written", "started")),
        (ten, chat("left", "started")),
        (ten + MINUTE, chat("call", "accepted")),
        (ten + MINUTE, chat("written", "accepted")),
        (ten + MINUTE, chat("left", "ended")),
    ]);
    desk.look(ten + 2 * MINUTE).decided("first_response", 1, 1);
    desk.look(ten + 6 * MINUTE).decided("first_response", 1, 2).is("cx_backlog_unanswered_past_target_tickets", 0.0);
}
