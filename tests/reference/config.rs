//! How many cases a property tries, and where seeds that failed are kept.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

const CASES: u32 = 256;

/// The settings of the property with this name.
pub(crate) fn config(name: &'static str) -> ProptestConfig {
    let cases = std::env::var_os("CXPULSE_CASES").map(|n| n.to_str().and_then(|n| n.parse().ok()).expect("CXPULSE_CASES is a number"));
    let persistence = FileFailurePersistence::Direct("tests/reference/proptest-regressions.txt");
    ProptestConfig {
        cases: cases.unwrap_or(CASES),
        max_shrink_iters: 3_000,
        failure_persistence: Some(Box::new(persistence)),
        source_file: Some(file!()),
        test_name: Some(name),
        ..ProptestConfig::default()
    }
}
