//! The golden cases, whole: every field of every record.

use attendance::golden;

const CASES: &str = include_str!("golden/attendance-cases.json");

#[test]
fn every_case_of_a_supported_kind_is_met() {
    let report = golden::check(CASES, &[]).unwrap();
    let failed: Vec<_> = report.failed.iter().map(|failure| format!("{}\n{}", failure.id, failure.what)).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), report.passed + failed.len(), failed.join("\n"));
    assert_eq!(report.passed, 249);
    // What a store keeps over several runs.
    assert!(report.skipped.iter().all(|skipped| skipped.id.starts_with('R')), "{:?}", report.skipped);
}
