//! The real logs beside the project: they derive under every preset, and the docs say what comes of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../examples/presets/report.rs"]
mod report;

use attendance::{MissingIn, MissingOut, POLICY_PRESETS, Pairing, PolicyFile, explain};

fn logs() -> Option<Vec<report::Log>> {
    let logs = report::logs(&testkit::shared("data/attlog")?).unwrap();
    assert!(!logs.is_empty(), "the folder of the real logs is empty");
    Some(logs)
}

/// Every preset as it is, and the default with every way to pair punches, with assumptions.
fn policies() -> Vec<PolicyFile> {
    let mut files: Vec<_> = POLICY_PRESETS.iter().map(|name| PolicyFile::preset(name).unwrap()).collect();
    for pairing in [Pairing::FirstLast, Pairing::Alternate, Pairing::ByState] {
        let mut file = PolicyFile::default();
        file.policy.punch.pairing = pairing;
        file.policy.punch.use_state = true;
        file.policy.missing.arrival = MissingIn::AssumePlanStart;
        file.policy.missing.departure = MissingOut::AssumePlanEnd;
        files.push(file);
    }
    files
}

#[test]
fn every_real_log_derives_under_every_preset() {
    let Some(logs) = logs() else { return };
    for file in policies() {
        for log in &logs {
            let days = log.days(&file, |_, _, _, _| {}).unwrap();
            assert!(days.len() > 1000, "{}: only {} dates", file.title, days.len());
            for day in days {
                let parts = day.covered_minutes + day.tardy_minutes + day.left_early_minutes + day.away_minutes;
                let rest = day.absent_minutes + day.unverified_minutes + day.grace_minutes + day.excused_minutes;
                assert_eq!(day.required_minutes, parts + rest, "{}", file.title);
                assert_eq!(day.pay.sum(), day.worked_minutes - day.unpaid_extra_minutes, "{}", file.title);
            }
        }
    }
}

/// Explaining looks at every punch and writes a sentence for every figure.
#[test]
fn every_day_of_the_real_logs_can_be_explained() {
    let Some(logs) = logs() else { return };
    for log in &logs {
        let mut explained = Vec::new();
        let days = log.days(&PolicyFile::default(), |book, person, range, moment| {
            explained.extend(explain(book, person, range, moment).into_iter().map(|(day, _)| day));
        });
        assert!(days.unwrap() == explained);
    }
}

#[test]
fn the_docs_show_what_every_preset_makes_of_the_real_logs() {
    let Some(logs) = logs() else { return };
    let shown = include_str!("../../../docs/presets.md");
    let made = report::markdown(&logs).unwrap();
    assert!(shown == made, "write it anew: cargo run -p attendance --example presets > docs/presets.md");
}
