//! How many cases a property tries, and where seeds that failed are kept.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

const CASES: u32 = 256;

/// The seed of the cases that every run tries, so that a run can be repeated. With `CXPULSE_SEED=random` each run tries others.
const SEED: u64 = 9;

/// The settings of the property with this name.
pub(crate) fn config(name: &'static str) -> ProptestConfig {
    let cases = std::env::var_os("CXPULSE_CASES").map(|n| n.to_str().and_then(|n| n.parse().ok()).expect("CXPULSE_CASES is a number"));
    let persistence = FileFailurePersistence::Direct("tests/reference/proptest-regressions.txt");
    ProptestConfig {
        rng_seed: if std::env::var_os("CXPULSE_SEED").is_some() { RngSeed::Random } else { RngSeed::Fixed(SEED) },
        cases: cases.unwrap_or(CASES),
        max_shrink_iters: 3_000,
        failure_persistence: Some(Box::new(persistence)),
        source_file: Some(file!()),
        test_name: Some(name),
        ..ProptestConfig::default()
    }
}
