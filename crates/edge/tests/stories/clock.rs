//! Clocks of terminals: seen, told to the hub, and left alone unless the operator wants them set.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use link::{ClockSource, Terminal, Via};
use simulator::ZkServer;

use crate::fake_hub::{FakeHub, terminal};
use crate::http::{get, post};
use crate::workplace::Workplace;

const MANILA: &str = "Asia/Manila";

fn hub_with(terminal: Terminal) -> FakeHub {
    let hub = FakeHub::default();
    hub.with(|held| held.terminals.push(terminal));
    hub
}

fn in_manila(serial: &str) -> Terminal {
    Terminal { zone: Some(MANILA.to_owned()), ..terminal(serial) }
}

#[tokio::test]
async fn a_polled_terminal_is_asked_for_its_time() {
    // It shows UTC although it stands in Manila.
    let simulated = simulator::Terminal::builder("SIM1").build();
    let zk = ZkServer::bind(simulated.clone(), "127.0.0.1:0").await.unwrap();
    let address = zk.local_addr().unwrap().to_string();
    let hub = hub_with(Terminal { via: Via::Poll, address: Some(address), ..in_manila("SIM1") });
    let options = simulator::RunOptions { zk: Some(zk), ..simulator::RunOptions::default() };
    let running = tokio::spawn(simulator::run(simulated, options, std::future::pending()));
    let edge = Workplace::new();
    let edge = edge.start(hub.clone()).await;
    hub.until("the clock", |held| held.contact("SIM1").is_some_and(|contact| contact.clock.is_some())).await;
    let clock = hub.with(|held| held.contact("SIM1").unwrap().clock.unwrap());
    assert_eq!(clock.how, ClockSource::Asked);
    assert!((clock.offset_s + 8 * 3600).abs() <= 2, "{clock}");
    assert!(clock.cure().is_some_and(|cure| cure.contains("zone")));
    let board = get(edge.status_addr().unwrap(), "/").await.body;
    assert!(board.contains("its clock is 8 h behind") || board.contains("its clock is 7 h 59 min behind"), "{board}");
    running.abort();
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_that_pushes_shows_its_clock_by_what_it_uploads_at_once() {
    let (place, hub) = (Workplace::new(), hub_with(in_manila("X1")));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let upload = async |ahead: jiff::Span| {
        let face = Timestamp::now().in_tz(MANILA).unwrap().checked_add(ahead).unwrap().datetime();
        let line = format!("7\t{}\t0\t1\n", face.strftime("%Y-%m-%d %H:%M:%S"));
        post(to, "/iclock/cdata?SN=X1&table=ATTLOG", line.as_bytes()).await
    };
    upload((-50).minutes()).await;
    hub.is_followed().await;
    assert_eq!(hub.with(|held| held.contact("X1").unwrap().clock), None, "it may have been kept");
    upload(5.minutes()).await;
    let is_ahead = |held: &crate::fake_hub::Held| {
        held.contact("X1").and_then(|contact| contact.clock).is_some_and(|clock| (290..=300).contains(&clock.offset_s))
    };
    hub.until("the clock ahead", is_ahead).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_clock_is_left_alone_unless_the_operator_wants_it_set() {
    let hub = hub_with(in_manila("X1"));
    let place = Workplace::new();
    let config = edge::EdgeConfig { heartbeat_every: Duration::from_millis(20), ..place.config() };
    let edge = edge::Edge::start(config, hub.clone()).await.unwrap();
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let handshake =
        async |version: &str| get(to, &format!("/iclock/cdata?SN=X1&options=all&pushver={version}")).await.body;
    assert!(!handshake("2.4.1").await.contains("TimeZone"));
    assert_eq!(get(to, "/iclock/cdata?SN=X1&type=time").await.body, "OK");

    hub.with(|held| held.terminals[0].sets_clock = true);
    hub.is_followed().await;
    assert!(handshake("2.4.1").await.contains("\nTimeZone=480\n"));
    assert!(handshake("3.2.0").await.contains("\nTimeZone=+08:00\n"));
    let time = get(to, "/iclock/cdata?SN=X1&type=time").await.body;
    assert!(time.starts_with("Time=20") && time.ends_with("+08:00"), "{time}");

    // Without a zone there is nothing to set it by.
    hub.with(|held| held.terminals[0].zone = None);
    hub.is_followed().await;
    assert!(!handshake("2.4.1").await.contains("TimeZone"));
    edge.shutdown().await;
}
