//! The replays among the golden cases, against the real store.
#![allow(clippy::unwrap_used)]

mod house;

use attendance::golden;

const CASES: &str = include_str!("../../attendance/tests/golden/attendance-cases.json");

#[test]
fn every_replay_holds_step_by_step() {
    let report = golden::check_with(CASES, &['R'], |case| {
        let (store, _database) = house::store();
        hub::golden::replay(store, case).map_err(|error| error.to_string())
    });
    let report = report.unwrap();
    let failed: Vec<String> = report.failed.iter().map(|case| format!("{}: {}", case.id, case.what)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!((report.passed, report.skipped.len()), (7, 0));
}

#[test]
fn a_replay_whose_expectation_is_wrong_fails_by_field() {
    let wrong =
        CASES.replace("\"tardy_count\": 1", "\"tardy_count\": 3").replace("\"tardy_count\":1", "\"tardy_count\":3");
    let report = golden::check_with(&wrong, &['R'], |case| {
        let (store, _database) = house::store();
        hub::golden::replay(store, case).map_err(|error| error.to_string())
    });
    let failed = report.unwrap().failed;
    assert!(failed.iter().any(|case| case.what.contains("tardy_count: expected 3, got 1")), "{failed:?}");
}
