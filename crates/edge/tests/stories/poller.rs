//! Terminals that are read over port 4370.

use std::time::Duration;

use edge::spool::room::Bounds;
use edge::{Edge, EdgeConfig, EdgeHandle};
use link::{PollOutcome, Via};
use simulator::push::{PushOptions, ServerUrl};
use simulator::{Ends, Faults, Pace, RunOptions, Terminal, ZkServer};

use crate::fake_hub::{FakeHub, Fault, terminal};
use crate::workplace::Workplace;

pub(crate) fn records(count: i32) -> Vec<zk::AttendanceRecord> {
    let record = |n: i32| {
        let number = zk::UserNumber::from((1 + n % 7).to_string().as_str());
        zk::AttendanceRecord::of_number(number, zk::PackedTime(800_000_000 + n * 61))
    };
    (0..count).map(record).collect()
}

/// Serves the terminal on a free port for the rest of the test.
pub(crate) async fn serve(terminal: &Terminal) -> String {
    let server = ZkServer::bind(terminal.clone(), "127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    tokio::spawn(server.serve());
    address
}

pub(crate) fn polled(serial: &str, address: &str) -> link::Terminal {
    link::Terminal { address: Some(address.to_owned()), via: Via::Poll, ..terminal(serial) }
}

pub(crate) async fn start(place: &Workplace, hub: &FakeHub) -> EdgeHandle {
    let config = EdgeConfig { poll_every: Duration::from_millis(200), ..place.config() };
    Edge::start(config, hub.clone()).await.unwrap()
}

#[tokio::test]
async fn the_whole_log_and_the_users_are_read_and_what_is_new_later() {
    let sim = Terminal::builder("SIM1").users([zk::User::new("3", "Ana Cruz")]).log(records(2500)).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals.push(polled("SIM1", "")));
    let address = serve(&sim).await;
    hub.with(|held| held.terminals = vec![polled("SIM1", &address)]);
    let edge = start(&place, &hub).await;
    hub.until("the log", |held| held.punches.len() == 2500).await;
    hub.until("the users", |held| held.users.get("3").is_some_and(|user| user.name == "Ana Cruz")).await;
    let is_read = |records| {
        move |held: &crate::fake_hub::Held| {
            let contact = held.contact("SIM1");
            contact.is_some_and(|contact| {
                contact.records_on_terminal == Some(records) && contact.last_complete_read_us.is_some()
            })
        }
    };
    hub.until("word of the reading", is_read(2500)).await;
    assert!(sim.punch("5", jiff::civil::date(2025, 12, 1).at(8, 0, 0, 0), 0, 1));
    hub.until("the new punch", |held| held.punches.len() == 2501).await;
    hub.until("word of the next reading", is_read(2501)).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_log_larger_than_the_spool_is_taken_in_parts_each_punch_once() {
    let sim = Terminal::builder("SIM1").log(records(12_000)).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| {
        held.terminals.push(polled("SIM1", &address));
        held.faults = vec![Fault::Away; 100].into();
    });
    let spool_bounds = Bounds { max_bytes: 1 << 20, disk_reserve_bytes: 0 };
    let config = EdgeConfig { poll_every: Duration::from_millis(200), spool_bounds, ..place.config() };
    let edge = Edge::start(config, hub.clone()).await.unwrap();
    let says = |held: &crate::fake_hub::Held| held.contact("SIM1").and_then(|contact| contact.trouble.clone());
    hub.until("word of the part", |held| says(held).is_some_and(|trouble| trouble.contains("records are stored")))
        .await;
    let trouble = hub.with(|held| says(held)).unwrap();
    assert!(trouble.contains("of 12000 records are stored, the next poll goes on behind them"), "{trouble}");
    assert!(trouble.contains("see why the hub does not take its entries, or allow more"), "{trouble}");
    assert_eq!(hub.with(|held| held.contact("SIM1").unwrap().last_complete_read_us), None);
    hub.with(|held| held.faults.clear());
    hub.until("the whole log", |held| held.punches.len() == 12_000).await;
    hub.until("word that it was read", |held| {
        held.contact("SIM1").is_some_and(|contact| contact.last_complete_read_us.is_some() && contact.trouble.is_none())
    })
    .await;
    assert!(hub.with(|held| held.punches.values().all(|(_, times)| *times == 1)), "no part drove another one out");
    let polls = hub.with(|held| held.heartbeats.iter().flat_map(|beat| beat.polls.clone()).collect::<Vec<_>>());
    let partial: Vec<_> = polls.iter().filter(|poll| poll.outcome == PollOutcome::Partial).collect();
    assert!(partial.iter().any(|poll| poll.records == Some(12_000) && poll.new > Some(0)), "{partial:?}");
    edge.shutdown().await;
}

#[tokio::test]
async fn how_each_reading_ended_is_told_until_the_hub_has_heard_of_it() {
    let sim = Terminal::builder("SIM1").comm_key(1234).log(records(40)).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    let polls = |held: &crate::fake_hub::Held| -> Vec<link::Poll> {
        held.heartbeats.iter().flat_map(|beat| beat.polls.iter().cloned()).collect()
    };
    let edge = start(&place, &hub).await;
    hub.until("a failed one", |held| !polls(held).is_empty()).await;
    let failed = hub.with(|held| polls(held)[0].clone());
    assert_eq!((failed.outcome, failed.records, failed.new), (PollOutcome::Failed, None, None));
    assert!(failed.says.contains("refused the comm key; write the key"), "{failed:?}");

    hub.with(|held| {
        held.terminals = vec![link::Terminal { comm_key: Some(1234), ..polled("SIM1", &address) }];
        held.lost_answers = 0;
    });
    let whole = |held: &crate::fake_hub::Held| -> Vec<link::Poll> {
        polls(held).into_iter().filter(|poll| poll.outcome == PollOutcome::Whole).collect()
    };
    hub.until("two whole ones", |held| whole(held).len() >= 2).await;
    let counts: Vec<_> = hub.with(|held| whole(held).iter().map(|poll| (poll.records, poll.new)).take(2).collect());
    assert_eq!(counts, [(Some(40), Some(40)), (Some(40), Some(0))]);
    let began = hub.with(|held| whole(held)[0].began_us);
    assert!((jiff::Timestamp::now().as_microsecond() - began).abs() < 60_000_000, "{began}");

    // While the hub does not answer, they are told again; once it does, no more.
    hub.with(|held| held.lost_answers = 3);
    hub.until("its answers", |held| held.lost_answers == 0).await;
    hub.is_followed().await;
    edge.shutdown().await;
    let told = hub.with(|held| polls(held));
    let times = |poll: &link::Poll| told.iter().filter(|other| other.began_us == poll.began_us).count();
    assert!(told.iter().any(|poll| times(poll) > 1), "told again after a lost answer: {told:?}");
    assert!(told.iter().all(|poll| times(poll) <= 4), "and not for ever: {told:?}");
}

#[tokio::test]
async fn pushed_and_polled_at_once_each_punch_is_one() {
    let faults = Faults::default().with("lost-reply=3").unwrap().with("duplicate-batch=2").unwrap();
    let sim = Terminal::builder("SIM1").faults(faults).log(records(1200)).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let zk = ZkServer::bind(sim.clone(), "127.0.0.1:0").await.unwrap();
    let both = link::Terminal { via: Via::Both, ..polled("SIM1", &zk.local_addr().unwrap().to_string()) };
    hub.with(|held| held.terminals.push(both));
    let edge = start(&place, &hub).await;
    let url: ServerUrl = format!("http://{}", edge.terminals_addr()).parse().unwrap();
    let push = PushOptions { error_delay: Some(Duration::from_millis(20)), ..PushOptions::new(url) };
    let options = RunOptions { zk: Some(zk), push: Some(push), pace: Pace::AtOnce, ends: Ends::AtShutdown };
    tokio::spawn(simulator::run(sim.clone(), options, std::future::pending()));
    let mut progress = sim.progress();
    let pushed = progress.wait_for(|now| now.acknowledged == 1200);
    tokio::time::timeout(Duration::from_secs(20), pushed).await.expect("the push ends").unwrap();
    hub.until("a complete reading", |held| held.contact("SIM1").is_some_and(|one| one.last_complete_read_us.is_some()))
        .await;
    hub.until("all punches", |held| held.punches.len() == 1200).await;
    hub.until("an empty queue", |held| held.heartbeats.last().is_some_and(|beat| beat.queued == 0)).await;
    assert_eq!(hub.with(|held| held.punches.len()), 1200, "no twin");
    edge.shutdown().await;
}

#[tokio::test]
async fn old_units_that_record_only_slots_give_user_numbers() {
    for profile in ["mb20-8", "ma300"] {
        let sim = Terminal::builder("SIM1").profile(profile.parse().unwrap()).log(records(30)).build();
        let (place, hub) = (Workplace::new(), FakeHub::default());
        let address = serve(&sim).await;
        hub.with(|held| held.terminals.push(polled("SIM1", &address)));
        let edge = start(&place, &hub).await;
        hub.until("the log", |held| held.punches.len() == 30).await;
        let numbers =
            hub.with(|held| held.said().into_iter().map(|(user, _)| user).collect::<std::collections::BTreeSet<_>>());
        assert_eq!(numbers.into_iter().collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "6", "7"], "{profile}");
        edge.shutdown().await;
    }
}

/// Old units give a slot to somebody else; the log keeps the records of whoever had it.
#[tokio::test]
async fn a_slot_that_changes_hands_leaves_its_old_records_with_who_made_them() {
    let user = |slot, number: &str| zk::User { slot, ..zk::User::new(number, "") };
    let at = |hour| jiff::civil::date(2025, 12, 1).at(hour, 0, 0, 0);
    let sim =
        Terminal::builder("SIM1").profile("ma300".parse().unwrap()).users([user(7, "101"), user(8, "102")]).build();
    for (number, hour) in [("101", 8), ("102", 8), ("101", 17), ("102", 18)] {
        assert!(sim.punch(number, at(hour), 0, 1));
    }
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    let read_records = |records| {
        move |held: &crate::fake_hub::Held| {
            held.contact("SIM1").is_some_and(|contact| contact.records_on_terminal == Some(records))
        }
    };
    let edge = start(&place, &hub).await;
    hub.until("the log", |held| held.punches.len() == 4).await;
    edge.shutdown().await;

    // 101 leaves and 205 gets the slot; 102 leaves and nobody does.
    assert!(sim.delete_user(7).is_some() && sim.delete_user(8).is_some());
    sim.write_user(user(7, "205")).unwrap();
    assert!(sim.punch("205", at(20), 0, 1));
    let edge = start(&place, &hub).await;
    hub.until("a reading after a restart", read_records(5)).await;
    hub.until("the new punch", |held| held.punches.len() == 5).await;
    hub.until("an empty queue", |held| held.heartbeats.last().is_some_and(|beat| beat.queued == 0)).await;
    assert_eq!(hub.with(|held| held.contact("SIM1").unwrap().trouble.clone()), None, "nothing is held");
    edge.shutdown().await;
    let said = hub.with(|held| held.said());
    let expected = [("101", 8), ("101", 17), ("102", 8), ("102", 18), ("205", 20)];
    assert_eq!(said, expected.map(|(number, hour)| (number.to_owned(), format!("2025-12-01 {hour:02}:00:00"))));
}

#[tokio::test]
async fn each_failure_is_told_apart_and_delays_nobody() {
    let good = Terminal::builder("GOOD").log(records(10)).build();
    let keyed = Terminal::builder("KEYED").comm_key(1234).build();
    let locked = Terminal::builder("LOCKED").faults(Faults::default().with("locked").unwrap()).build();
    // The system accepts for it, and nobody ever answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = {
        // A port that was free a moment ago.
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().to_string()
    };
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let list = vec![
        polled("CLOSED", &closed),
        polled("SILENT", &silent.local_addr().unwrap().to_string()),
        polled("KEYED", &serve(&keyed).await),
        polled("LOCKED", &serve(&locked).await),
        polled("OTHER", &serve(&Terminal::builder("SOMEBODY").build()).await),
        polled("WEB", &web_server().await),
        polled("GOOD", &serve(&good).await),
    ];
    hub.with(|held| held.terminals = list);
    let config = EdgeConfig {
        poll_every: Duration::from_millis(200),
        terminal_silence: Duration::from_millis(500),
        ..place.config()
    };
    let edge = Edge::start(config, hub.clone()).await.unwrap();
    hub.until("the good one's log", |held| held.punches.len() == 10).await;
    let expected = [
        ("CLOSED", "refused the connection"),
        ("SILENT", "did not answer in time"),
        ("KEYED", "refused the comm key"),
        ("LOCKED", "keeps this protocol locked"),
        ("OTHER", "answers terminal SOMEBODY, not OTHER"),
        ("WEB", "a web server answered"),
    ];
    for (serial, words) in expected {
        hub.until(&format!("{serial}: {words}"), |held| {
            let trouble = held.contact(serial).and_then(|contact| contact.trouble.as_deref());
            trouble.is_some_and(|trouble| trouble.contains(words))
        })
        .await;
    }
    edge.shutdown().await;
}

/// Something else that listens: it answers whatever comes with a web server's complaint.
async fn web_server() -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let _ = stream.read(&mut [0; 256]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    address
}
