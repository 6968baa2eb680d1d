//! A terminal's log is erased only when the hub holds all of it.

use std::collections::HashSet;

use attendance::punch::{Fingerprint, RawPunch};
use edge::{Unproven, Visit, prove_held};
use simulator::Terminal;
use zk::client::Options;

use crate::poller::{records, serve};

/// A hub that holds all punches but the last `lacking`.
fn hub_without(lacking: usize, all: &[RawPunch]) -> impl Fn(&[RawPunch]) -> Result<Vec<bool>, String> {
    let held: HashSet<Fingerprint> = all.iter().rev().skip(lacking).map(RawPunch::fingerprint).collect();
    move |asked| Ok(asked.iter().map(|punch| held.contains(&punch.fingerprint())).collect())
}

async fn visit(sim: &Terminal) -> Visit {
    Visit::begin(&serve(sim).await, Some("SIM1"), Options::default()).await.unwrap()
}

async fn punches(visit: &mut Visit) -> Vec<RawPunch> {
    edge::read_once(visit, "SIM1", &jiff::tz::TimeZone::UTC).await.unwrap().punches
}

#[tokio::test]
async fn a_log_that_the_hub_holds_is_erased() {
    let sim = Terminal::builder("SIM1").log(records(2500)).build();
    let mut visit = visit(&sim).await;
    let all = punches(&mut visit).await;
    let proof = prove_held(&mut visit, "SIM1", hub_without(0, &all)).await.unwrap();
    assert_eq!((proof.records(), sim.log_len()), (2500, 2500));
    visit.client.clear_attendance(proof).await.unwrap();
    visit.end().await;
    assert_eq!(sim.log_len(), 0);
}

#[tokio::test]
async fn one_record_that_the_hub_lacks_or_that_nobody_answered_for_keeps_all() {
    let sim = Terminal::builder("SIM1").log(records(2500)).build();
    let mut visit = visit(&sim).await;
    let all = punches(&mut visit).await;
    let refused = prove_held(&mut visit, "SIM1", hub_without(1, &all)).await.unwrap_err();
    assert!(matches!(refused, Unproven::Missing { missing: 1, total: 2500 }), "{refused}");
    assert!(refused.to_string().contains("punchclock terminal poll"), "{refused}");
    let refused = prove_held(&mut visit, "SIM1", |_| Ok::<_, String>(Vec::new())).await.unwrap_err();
    assert!(matches!(refused, Unproven::Missing { missing: 2500, .. }), "{refused}");
    let refused = prove_held(&mut visit, "SIM1", |_| Err("the hub is away")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the hub is away");
    visit.end().await;
    assert_eq!(sim.log_len(), 2500);
}

#[tokio::test]
async fn a_punch_made_after_the_hub_was_asked_keeps_all() {
    let sim = Terminal::builder("SIM1").log(records(10)).build();
    let mut visit = visit(&sim).await;
    let all = punches(&mut visit).await;
    let proof = prove_held(&mut visit, "SIM1", hub_without(0, &all)).await.unwrap();
    assert!(sim.punch("5", jiff::civil::date(2025, 12, 1).at(8, 0, 0, 0), 0, 1));
    let error = visit.client.clear_attendance(proof).await.unwrap_err();
    assert!(error.to_string().contains("nothing was erased"), "{error}");
    visit.end().await;
    assert_eq!(sim.log_len(), 11);
}

/// Their number is not in the record, so the record itself is asked for.
#[tokio::test]
async fn records_that_name_a_slot_are_asked_for_by_their_bytes() {
    let sim = Terminal::builder("SIM1").profile("ma300".parse().unwrap()).log(records(3)).build();
    let mut visit = visit(&sim).await;
    let held: Vec<Vec<u8>> = punches(&mut visit).await.into_iter().map(|punch| punch.original).collect();
    let proof = prove_held(&mut visit, "SIM1", |asked| {
        assert!(asked.iter().all(|punch| punch.user.is_empty() && punch.origin == "SIM1"));
        Ok::<_, String>(asked.iter().map(|punch| held.contains(&punch.original)).collect())
    });
    assert_eq!(proof.await.unwrap().records(), 3);
    visit.end().await;
}
