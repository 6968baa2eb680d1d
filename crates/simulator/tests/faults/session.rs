//! Faults of the session: locks, keys, the one place for a client, restarts.

use std::time::Duration;

use simulator::Terminal;
use zk::client::{Client, Transport};
use zk::{Code, Error, EventMask, RealtimeEvent};

use crate::common::serve;
use crate::common::wire::{Wire, connect, connect_over, faulty, our_client_copes};

/// What our client says about a terminal that it can't open.
async fn refusal(terminal: &Terminal) -> Error {
    connect_over(&serve(terminal).await, Transport::Tcp).await.expect_err("it does not open")
}

#[tokio::test]
async fn locked_firmware_answers_connect_with_its_code_and_our_client_says_use_push() {
    for (faults, code) in [("locked", 6001), ("locked=4989", 4989)] {
        let terminal = faulty(faults).build();
        let mut wire = Wire::open(&serve(&terminal).await).await;
        assert_eq!(wire.ask(Code::CONNECT, []).await.code, Code(code));
        assert!(wire.hear().await.is_none(), "and the line ends");
        let refused = refusal(&terminal).await;
        assert!(matches!(refused, Error::Locked { .. }) && refused.to_string().contains("use push"), "{refused}");
    }
    let senseface = Terminal::builder("SIM0001").profile("SenseFace".parse().unwrap()).build();
    assert!(matches!(refusal(&senseface).await, Error::Locked { .. }));
}

#[tokio::test]
async fn key_0_is_demanded_and_given() {
    let terminal = faulty("always-auth").build();
    let mut wire = Wire::open(&serve(&terminal).await).await;
    assert_eq!(wire.ask(Code::CONNECT, []).await.code, Code::ACK_UNAUTH);
    assert_eq!(wire.ask(Code::GET_TIME, []).await.code, Code::ACK_UNAUTH, "nothing goes before AUTH");
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_as_such() {
    let refused = refusal(&faulty("refuse-key").build()).await;
    assert!(matches!(refused, Error::WrongKey), "{refused}");
}

#[tokio::test]
async fn an_odd_answer_to_connect_is_an_answer() {
    let terminal = faulty("odd-connect").build();
    let mut wire = Wire::open(&serve(&terminal).await).await;
    let opened = wire.ask(Code::CONNECT, []).await;
    assert_eq!((opened.code, opened.number, opened.data), (Code::ACK_OK, 0x10, vec![9]));
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn events_are_refused_or_come_in_a_form_that_nobody_knows() {
    let mut client = connect(&serve(&faulty("no-events").build()).await).await;
    let refused = client.events(EventMask::ATTENDANCE).await.unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused}");
    client.close().await;

    let terminal = faulty("odd-events").build();
    let mut client = connect(&serve(&terminal).await).await;
    client.events(EventMask::ATTENDANCE).await.unwrap();
    assert!(terminal.punch("7", jiff::civil::date(2026, 3, 2).at(8, 0, 0, 0), 0, 1));
    let event = client.next_event().await.unwrap();
    assert!(matches!(event, RealtimeEvent::Unknown { kind: EventMask::ATTENDANCE, .. }), "{event:?}");
    client.close().await;
}

#[tokio::test]
async fn a_second_client_is_turned_away_and_told_that_the_terminal_is_in_use() {
    let terminal = faulty("refuse-second").build();
    let address = serve(&terminal).await;
    let first = connect(&address).await;
    let second = connect_over(&address, Transport::Tcp).await.unwrap_err();
    assert!(matches!(second, Error::Closed { .. } | Error::Io { .. }), "{second}");
    first.close().await;
}

#[tokio::test]
async fn the_place_of_a_client_that_vanished_stays_taken_for_a_while() {
    let terminal = faulty("linger=1").build();
    let address = serve(&terminal).await;
    drop(Wire::connect(&address).await);
    let hurried = zk::client::Options {
        transport: Transport::Tcp,
        idle_timeout: Duration::from_millis(300),
        ..Default::default()
    };
    let refused = Client::connect(&*address, hurried).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused}");
    let patient = zk::client::Options { transport: Transport::Tcp, ..Default::default() };
    Client::connect(&*address, patient).await.unwrap().close().await;
    // Whoever says EXIT leaves no trace.
    Client::connect(&*address, hurried).await.unwrap().close().await;
}

#[tokio::test]
async fn a_forgotten_session_is_told_as_such() {
    let terminal = faulty("lost-session=3").build();
    let mut client = connect(&serve(&terminal).await).await;
    client.time().await.unwrap();
    client.time().await.unwrap();
    let lost = client.time().await.unwrap_err();
    assert!(matches!(lost, Error::SessionLost { .. }), "{lost}");
}

#[tokio::test]
async fn a_restart_is_acknowledged_or_not_and_ends_every_connection() {
    for (faults, acknowledges) in [("", true), ("silent-restart", false)] {
        let terminal = faulty(faults).build();
        let address = serve(&terminal).await;
        let mut wire = Wire::connect(&address).await;
        wire.say(Code::RESTART, []).await;
        assert_eq!(wire.hear().await.map(|packet| packet.code), acknowledges.then_some(Code::ACK_OK));
        assert!(wire.hear().await.is_none());
        assert_eq!(terminal.progress().borrow().restarts, 1);

        connect(&address).await.restart().await.unwrap();
        assert_eq!(terminal.progress().borrow().restarts, 2, "{faults}");
        connect(&address).await.close().await;
    }
}
