//! The properties: whatever happens, in whatever order it arrives, the product exports what the model computes from scratch.
//!
//! `CXPULSE_CASES` sets the number of cases of each property: 256 without it, 1,024 in `tests/run.sh`. They come from a fixed seed, so that a run can be
//! repeated. A night's worth of others is `CXPULSE_SEED=random CXPULSE_CASES=100000 cargo test --release --test reference properties`. A seed that failed
//! is kept in `proptest-regressions.txt` beside this file and is tried first ever after; what it came to is a named test in `found`.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use super::compare::{Act, Scenario};
use super::config::config;
use super::model::values;
use super::outcome::judge;
use super::sequence::{Draft, changed_draft, draft, rated, told_draft};

/// Tries many drafts; the first that fails is told with the fewest acts that still fail.
#[track_caller]
fn holds<S: Strategy<Value = Draft>>(config: ProptestConfig, drafts: S, scenario: impl Fn(&Draft) -> Scenario) {
    let mut runner = TestRunner::new(config);
    match runner.run(&drafts, |draft| scenario(&draft).check().map_err(TestCaseError::fail)) {
        Ok(()) => {}
        Err(TestError::Fail(_, draft)) => panic!("{}", scenario(&draft).least_failing()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_series_is_what_a_computation_from_scratch_gives() {
    holds(config("every_series"), draft(60), Draft::in_one_group);
}

#[test]
fn few_events_in_every_order_give_what_a_computation_from_scratch_gives() {
    holds(config("few_events"), draft(6), Draft::in_one_group);
}

#[test]
fn snapshots_and_full_sets_in_every_order_give_what_a_computation_from_scratch_gives() {
    holds(config("snapshots"), told_draft(16), Draft::in_one_group);
}

#[test]
fn partition_groups_keyed_by_customer_merge_to_the_whole() {
    holds(config("partition_groups"), draft(60), |draft| draft.by_customer(3));
}

#[test]
fn changes_in_every_order_and_in_several_partition_groups_are_the_last_words_about_them() {
    holds(config("changes"), changed_draft(24), Draft::in_one_group);
    holds(config("changes_of_groups"), changed_draft(24), |draft| draft.by_customer(3));
}

#[test]
fn correlations_are_those_of_exact_ranks() {
    // These cases are many times as large.
    let config = config("correlations");
    holds(ProptestConfig { cases: config.cases.div_ceil(4), ..config }, rated(), Draft::in_one_group);
}

/// What random sequences never bring about is not tested by them.
#[test]
fn random_sequences_bring_about_every_outcome_and_family() {
    let mut runner = TestRunner::deterministic();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for case in 0..400 {
        let scenario = if case % 10 == 0 {
            rated().new_tree(&mut runner).expect("a case").current().in_one_group()
        } else if case == 399 {
            // Last, so that it moves no earlier case.
            changed_draft(60).new_tree(&mut runner).expect("a case").current().in_one_group()
        } else {
            draft(60).new_tree(&mut runner).expect("a case").current().in_one_group()
        };
        let arrivals: Vec<_> =
            scenario.acts.iter().filter_map(|act| if let Act::Arrive(a) = act { Some(a.clone()) } else { None }).collect();
        let Some(now) = judge(&arrivals, &scenario.settings, i64::MAX).applied.iter().map(|event| event.time).max() else { continue };
        for (series, value) in values(&arrivals, &scenario.settings, now) {
            let outcome = series.label("outcome").map(|outcome| format!(" {outcome}")).unwrap_or_default();
            let name = format!("{}{outcome}", series.base());
            if value.number().is_some_and(|x| x != 0.0) {
                seen.insert(name);
            } else {
                missing.insert(name);
            }
        }
    }
    let missing: Vec<_> = missing.difference(&seen).map(String::as_str).collect();
    // Files hold no tombstones.
    assert_eq!(missing, ["cx_ledger_records ignored"]);
}
