//! The memory budget's bytes per entry are at least the measured ones, and less than twice as many; limits hold memory within the budget, whatever
//! ids come; and a checkpoint copies a small part of the state.
#![expect(unsafe_code, reason = "an allocator that counts can only be put in by an unsafe implementation")]

#[path = "../benches/support/living.rs"]
mod living;
#[path = "support/measured.rs"]
mod measured;

use cxpulse::engine::{
    CELL_BYTES, CHECKPOINT_PERCENT, CONTACT_BYTES, CUSTOMER_BYTES, DAY_SUM_BYTES, HELD_EVENT_BYTES, SHOWN_CELL_BYTES, SURVEY_BYTES,
    TUPLE_BYTES, UNSETTLED_EVENT_BYTES,
};
use measured::measured;

#[global_allocator]
static ALLOCATOR: living::Counting = living::Counting;

/// There is one test only, because allocations of other threads would be counted too.
#[test]
fn the_budget_is_what_was_measured_and_limits_keep_to_it() {
    bytes_of_an_entry_are_those_measured_rounded_up();
    ids_without_end_stay_within_the_budget();
    a_checkpoint_copies_tables_and_shares_what_lies_behind_them();
}

fn a_checkpoint_copies_tables_and_shares_what_lies_behind_them() {
    let living::CheckpointShares { copied, most } = living::checkpoint_shares();
    let budget = CHECKPOINT_PERCENT as f64 / 100.0;
    measured(&format!(
        "a checkpoint copies {:.0} % of a state of which every part changes, and takes {:.0} % at most; {CHECKPOINT_PERCENT} % in the budget",
        100.0 * copied,
        100.0 * most
    ));
    assert!((0.02..0.3).contains(&copied), "{copied}");
    assert!(most <= budget && budget < 2.0 * most, "{most}");
}

fn ids_without_end_stay_within_the_budget() {
    let floods = living::floods();
    for flood in &floods {
        let living::Flood { kind, bytes, budget, slowness } = flood;
        measured(&format!(
            "a flood of {kind:<18} at most {bytes:>10} bytes of a budget of {budget}, {slowness:.2} times the time without limits"
        ));
    }
    for flood in floods {
        assert!(flood.bytes as u64 <= flood.budget, "{flood:?}");
        assert!(flood.slowness < 2.5, "{flood:?}");
    }
}

fn bytes_of_an_entry_are_those_measured_rounded_up() {
    let (kept, shown) = living::label_set();
    let entries = [
        ("ticket", CONTACT_BYTES, living::open_ticket().max(living::ended_ticket())),
        ("customer", CUSTOMER_BYTES, living::customer()),
        ("survey", SURVEY_BYTES, living::survey()),
        ("customer, ticket and survey", CONTACT_BYTES + CUSTOMER_BYTES + SURVEY_BYTES, living::customer_with_ticket_and_answer()),
        ("unsettled event", UNSETTLED_EVENT_BYTES, living::unsettled_event()),
        ("tuple of dimension values", TUPLE_BYTES, living::tuple()),
        ("event ahead of now", HELD_EVENT_BYTES, living::held_event()),
        ("sum of a day of openings", DAY_SUM_BYTES, living::day_sum()),
        ("label set in a window", CELL_BYTES, kept),
        ("the same in a snapshot", SHOWN_CELL_BYTES, shown),
    ];
    for (what, budget, bytes) in entries {
        measured(&format!("{what:<30}{bytes:>6} bytes, {budget} in the budget"));
    }
    for (what, budget, bytes) in entries {
        let bytes = bytes as u64;
        assert!(bytes <= budget && budget < 2 * bytes, "{what}: {bytes} bytes measured, {budget} in the budget");
    }
}
