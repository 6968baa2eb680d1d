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

/// Under every preset as it is, and with each other way to pair punches. Explaining derives the same days and more.
#[test]
fn every_real_log_derives_under_every_preset() {
    let Some(logs) = logs() else { return };
    for name in POLICY_PRESETS {
        for pairing in [Pairing::FirstLast, Pairing::Alternate, Pairing::ByState] {
            let mut file = PolicyFile::preset(name).unwrap();
            file.policy.punch.pairing = pairing;
            file.policy.punch.use_state = pairing == Pairing::ByState;
            file.policy.missing.arrival = MissingIn::AssumePlanStart;
            file.policy.missing.departure = MissingOut::AssumePlanEnd;
            if pairing == Pairing::FirstLast {
                file = PolicyFile::preset(name).unwrap();
            }
            for log in &logs {
                let mut explained = Vec::new();
                let days = log.days(&file, |book, person, range, moment| {
                    explained.extend(explain(book, person, range, moment).into_iter().map(|(day, _)| day));
                });
                let days = days.unwrap();
                assert!(days.len() > 1000 && days == explained);
                for day in days {
                    let parts = day.covered_minutes + day.tardy_minutes + day.left_early_minutes + day.away_minutes;
                    let rest = day.absent_minutes + day.unverified_minutes + day.grace_minutes + day.excused_minutes;
                    assert_eq!(day.required_minutes, parts + rest);
                    assert_eq!(day.pay.sum(), day.worked_minutes - day.unpaid_extra_minutes);
                }
            }
        }
    }
}

#[test]
fn the_docs_show_what_every_preset_makes_of_the_real_logs() {
    let Some(logs) = logs() else { return };
    let shown = include_str!("../../../docs/presets.md");
    let made = report::markdown(&logs).unwrap();
    assert!(shown == made, "write it anew: cargo run -p attendance --example presets > docs/presets.md");
}
