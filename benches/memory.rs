//! The memory that one more entry costs: an open ticket, an ended ticket that is retained, a customer, a label set. Run it with
//! `cargo bench --bench memory`. It prints the bytes per entry, from the live heap before and after many of them. The constants of the memory budget
//! (`src/engine/memory_budget.rs`) are these numbers, rounded up.
#![expect(unsafe_code, reason = "an allocator that counts can only be put in by an unsafe implementation")]

#[path = "support/living.rs"]
mod living;

#[global_allocator]
static ALLOCATOR: living::Counting = living::Counting;

fn main() {
    let say = |what: &str, bytes: usize| println!("{what:<44}{bytes:>8} bytes");
    say("open ticket, answered", living::open_ticket());
    say("ended ticket, retained", living::ended_ticket());
    say("customer, subscribed", living::customer());
    say("customer with one answered ticket and CSAT", living::customer_with_ticket_and_answer());
    say("survey, answered", living::survey());
    say("event of an unsettled history, its identity", living::unsettled_event());
    say("tuple of dimension values", living::tuple());
    say("event ahead of now, its identity", living::held_event());
    say("sum of a day of openings", living::day_sum());
    let (kept, shown) = living::label_set();
    say("label set in one window", kept);
    say("the same in a snapshot", shown);
}
