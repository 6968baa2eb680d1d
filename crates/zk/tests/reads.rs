//! How a client comes to the data sets of terminals that differ (zk 6.1).
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Does, SESSION, codes, connect, healthy, log_of, option_reply, reply, terminal};
use zk::{Code, Error, Packet, option, transfer};

/// A terminal without 1503, as old units are.
fn old(request: &Packet, platform: &str, log: &[u8]) -> Does {
    match request.code {
        Code::PREPARE_BUFFER => reply(request, Code::UNKNOWN_COMMAND, []),
        Code::OPTION_READ => option_reply(request, &[(option::PLATFORM, platform)]),
        Code::ATTENDANCE_READ => {
            assert!(request.data.is_empty());
            let dataset = transfer::dataset(log);
            let packet = |code, data: &[u8]| Packet::new(code, SESSION, request.number, data);
            let announcement = packet(Code::PREPARE_DATA, &transfer::announcement(dataset.len() as u32, 1008));
            let data = dataset.chunks(1008).map(|data| packet(Code::DATA, data));
            Does::Answers([announcement].into_iter().chain(data).chain([packet(Code::ACK_OK, &[])]).collect())
        }
        _ => Does::Answers(healthy(request, log)),
    }
}

#[tokio::test]
async fn an_old_unit_gives_its_log_on_its_own_command() {
    let log = log_of(100);
    let expected = log.clone();
    let (address, visit) = terminal(move |request| old(request, "ZEM500", &log)).await;
    let mut client = connect(&address).await;
    assert_eq!(client.attendance().await.unwrap().raw(), expected);
    client.close().await;
    assert!(codes(&visit.await.unwrap()).contains(&Code::ATTENDANCE_READ));
}

#[tokio::test]
async fn a_colour_unit_is_never_asked_in_the_old_form() {
    let (address, visit) = terminal(|request| old(request, "ZMM220_TFT", &log_of(100))).await;
    let mut client = connect(&address).await;
    let error = client.attendance().await.unwrap_err();
    assert!(matches!(error, Error::Refused { code: Code::UNKNOWN_COMMAND, .. }), "{error}");
    client.close().await;
    assert!(!codes(&visit.await.unwrap()).contains(&Code::ATTENDANCE_READ), "it would answer with another coding");
}

#[tokio::test]
async fn a_refusal_over_an_empty_log_is_an_empty_log() {
    let (address, _visit) = terminal(|request| old(request, "ZMM220_TFT", &[])).await;
    let mut client = connect(&address).await;
    assert!(client.attendance().await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_buffer_that_an_earlier_connection_left_is_freed() {
    let mut is_occupied = true;
    let (address, _visit) = terminal(move |request| match request.code {
        Code::PREPARE_BUFFER if is_occupied => reply(request, Code::ACK_ERROR, []),
        Code::FREE_DATA => {
            is_occupied = false;
            Does::Answers(healthy(request, &[]))
        }
        _ => Does::Answers(healthy(request, &log_of(50))),
    })
    .await;
    let mut client = connect(&address).await;
    assert_eq!(client.attendance().await.unwrap().records.len(), 50);
}

#[tokio::test]
async fn a_terminal_is_disabled_for_a_limited_time_where_it_knows_that() {
    for knows_limits in [true, false] {
        let (address, visit) = terminal(move |request| match request.code {
            Code::DISABLE_DEVICE if !knows_limits && !request.data.is_empty() => reply(request, Code::ACK_ERROR, []),
            _ => Does::Answers(healthy(request, &log_of(10))),
        })
        .await;
        let mut client = connect(&address).await;
        client.attendance().await.unwrap();
        client.close().await;
        let asked = visit.await.unwrap();
        let disables: Vec<_> = asked.iter().filter(|packet| packet.code == Code::DISABLE_DEVICE).collect();
        assert_eq!(disables[0].data, 300_u32.to_le_bytes());
        assert_eq!(disables.len(), if knows_limits { 1 } else { 2 });
    }
}
