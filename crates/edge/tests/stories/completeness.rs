//! Each reading tells what the terminal holds of each day; what the hub lacks is sent once more.

use attendance::punch::Fingerprint;
use jiff::civil::Date;
use simulator::Terminal;

use crate::fake_hub::{FakeHub, Held};
use crate::poller::{polled, serve, start};
use crate::workplace::Workplace;

fn two_days() -> Terminal {
    let sim = Terminal::builder("SIM1").users([zk::User::new("3", "Ana Cruz"), zk::User::new("4", "Ben Cruz")]).build();
    for (user, day, hour) in [("3", 1, 8), ("4", 1, 8), ("3", 1, 17), ("3", 2, 8)] {
        assert!(sim.punch(user, jiff::civil::date(2025, 12, day).at(hour, 0, 0, 0), 0, 1));
    }
    sim
}

fn counts(held: &Held) -> Vec<(Date, u64, Option<u64>)> {
    let days = held.reading("SIM1").map(|reading| reading.days.clone()).unwrap_or_default();
    days.iter().map(|day| (day.date, day.closeout.punches, day.in_spool)).collect()
}

fn date(day: i8) -> Date {
    jiff::civil::date(2025, 12, day)
}

#[tokio::test]
async fn a_reading_tells_each_day_once_the_hub_holds_what_it_brought() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals = vec![polled("SIM1", "")]);
    let address = serve(&two_days()).await;
    hub.with(|held| held.terminals = vec![polled("SIM1", &address)]);
    // Answers are lost: the hub has the punches before the edge knows it.
    hub.with(|held| held.faults.extend([crate::fake_hub::Fault::LostAck, crate::fake_hub::Fault::Away]));
    let edge = start(&place, &hub).await;
    hub.until("the reading", |held| held.reading("SIM1").is_some()).await;
    hub.with(|held| {
        assert_eq!(held.punches.len(), 4, "all of it was here before it was told");
        assert_eq!(counts(held), [(date(1), 3, Some(3)), (date(2), 1, Some(1))]);
        assert_eq!(held.reading("SIM1").unwrap().from, Some(date(1)));
        let doubts = held.reading("SIM1").unwrap().days.iter().filter(|day| day.listed.is_some()).count();
        assert_eq!(doubts, 0, "nobody doubts it");
    });
    edge.shutdown().await;
}

#[tokio::test]
async fn what_the_hub_has_lost_is_listed_and_then_sent_once_more() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let sim = two_days();
    hub.with(|held| held.terminals = vec![polled("SIM1", "")]);
    let address = serve(&sim).await;
    hub.with(|held| held.terminals = vec![polled("SIM1", &address)]);
    let edge = start(&place, &hub).await;
    hub.until("the log", |held| held.punches.len() == 4).await;
    // The hub acknowledged it, and holds it no more: nothing that was sent so far can bring it back.
    let lost: Fingerprint = hub.with(|held| {
        let of_ben = held.punches.iter().find(|(_, (punch, _))| punch.user == "4").map(|(key, _)| *key).unwrap();
        held.punches.remove(&of_ben);
        of_ben
    });
    hub.until("the lost punch", |held| held.punches.contains_key(&lost)).await;
    hub.with(|held| {
        let mut readings = held.heartbeats.iter().flat_map(|beat| beat.readings.iter());
        let listed = readings.find_map(|reading| reading.days.iter().find_map(|day| day.listed.clone())).unwrap();
        let users: Vec<&str> = listed.iter().map(|(user, _)| user.as_str()).collect();
        assert_eq!(users, ["3", "4", "3"], "the punches of the doubted day, so that the hub can name what it lacks");
    });
    hub.until("a reading without doubts", |held| {
        held.reading("SIM1").is_some_and(|reading| reading.days.iter().all(|day| day.listed.is_none()))
    })
    .await;
    assert_eq!(hub.with(|held| held.punches.len()), 4);
    edge.shutdown().await;
}
