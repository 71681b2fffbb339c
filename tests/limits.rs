//! A partition group with small limits under attack, for a moment: memory stays within the announced budget, and every record is counted. The bench of the same
//! name does it for minutes, and looks at the speed.

#[path = "../benches/support/attack.rs"]
mod attack;
#[path = "support/measured.rs"]
mod measured;

use attack::{Attack, Hostile};
use measured::measured;

/// Records of each kind: twice what the limits allow.
const RECORDS: u64 = 20_000;

/// There is one test only, because the memory is that of the process.
#[test]
fn hostile_records_stay_within_the_budget_and_every_record_is_counted() {
    let mut attack = Attack::new(10);
    let budget = attack.budget();
    for hostile in Hostile::ALL {
        let report = attack.run(hostile, |records, _| records < RECORDS);
        let [hostile_records, good] = report.records;
        measured(&format!(
            "{hostile:?}: {hostile_records} beside {good} good records, {} KiB of a budget of {} KiB, {:.0} good a second",
            report.resident >> 10,
            budget >> 10,
            report.good_a_second()
        ));
        assert!(report.resident <= budget, "{report:?}, the budget is {budget}");
    }
    attack.check_counters(&Hostile::ALL);
}
