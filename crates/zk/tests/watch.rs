//! Real-time events as a client takes them (zk 10): each is acknowledged and none is lost, whatever else is going on.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Does, codes, connect, done, reply, sent, terminal};
use tokio::time::timeout;
use zk::client::Client;
use zk::record::event::{AttendanceEvent, EventLayout};
use zk::{Code, Error, EventMask, EventTime, Packet, RealtimeEvent, UserRef};

fn punch(slot: u16) -> RealtimeEvent {
    let time = EventTime([26, 11, 20, 10, 12, 0]);
    RealtimeEvent::Attendance(AttendanceEvent {
        user: UserRef::Slot(slot),
        verify: 1,
        state: 0,
        time,
        extra: Vec::new(),
    })
}

fn packet_of(event: &RealtimeEvent) -> Packet {
    let RealtimeEvent::Attendance(punch) = event else { panic!("a punch") };
    EventMask::ATTENDANCE.packet(punch.encode(EventLayout::Slot))
}

/// The clock, after these events.
fn time_after(request: &Packet, events: &[RealtimeEvent]) -> Does {
    let mut packets: Vec<Packet> = events.iter().map(packet_of).collect();
    packets.push(Packet::new(Code::ACK_OK, 7, request.number, 864_123_120_u32.to_le_bytes()));
    Does::Answers(packets)
}

async fn next(client: &mut Client) -> Result<RealtimeEvent, Error> {
    timeout(Duration::from_secs(10), client.next_event()).await.expect("an event or an error in time")
}

#[tokio::test]
async fn events_are_registered_for_read_and_acknowledged() {
    let (address, visit) = terminal(|request| match request.code {
        Code::EVENT => {
            let answer = Packet::new(Code::ACK_OK, 7, request.number, []);
            Does::Answers(vec![packet_of(&punch(1)), answer, packet_of(&punch(2))])
        }
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.events(EventMask::ATTENDANCE | EventMask::ALARM).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), punch(1), "came before the reply");
    assert_eq!(next(&mut client).await.unwrap(), punch(2));
    client.close().await;
    let asked = visit.await.unwrap();
    assert_eq!(sent(&asked, Code::EVENT), [1, 2, 0, 0]);
    let acknowledged: Vec<_> = asked.iter().filter(|packet| packet.code == Code::ACK_OK).collect();
    assert_eq!(acknowledged.len(), 2);
    assert!(acknowledged.iter().all(|packet| (packet.session, packet.number) == (7, 0)));
}

#[tokio::test]
async fn events_that_come_while_something_else_is_done_wait() {
    let (address, _visit) = terminal(|request| match request.code {
        Code::GET_TIME => time_after(request, &[punch(1), punch(2)]),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.time().await.unwrap();
    client.events(EventMask::ATTENDANCE).await.unwrap();
    client.time().await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), punch(1), "those of before the registration are nobody's");
    assert_eq!(next(&mut client).await.unwrap(), punch(2));
}

#[tokio::test]
async fn a_silent_terminal_is_asked_for_a_sign_of_life() {
    let mut asked_before = 0;
    let (address, _visit) = terminal(move |request| match request.code {
        Code::GET_TIME => {
            asked_before += 1;
            // A refusal is a sign of life too.
            if asked_before == 1 { reply(request, Code::ACK_ERROR, []) } else { time_after(request, &[punch(3)]) }
        }
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.events(EventMask::ATTENDANCE).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), punch(3), "told beside the second sign of life");
}

#[tokio::test]
async fn a_dead_line_is_noticed_after_what_came_before_it() {
    for hangs_up in [true, false] {
        let (address, _visit) = terminal(move |request| match request.code {
            Code::EVENT => Does::Answers(vec![Packet::new(Code::ACK_OK, 7, request.number, []), packet_of(&punch(1))]),
            Code::GET_TIME if hangs_up => Does::HangsUp,
            Code::GET_TIME => Does::Answers(Vec::new()),
            _ => done(request),
        })
        .await;
        let mut client = connect(&address).await;
        client.events(EventMask::ATTENDANCE).await.unwrap();
        assert_eq!(next(&mut client).await.unwrap(), punch(1));
        let error = next(&mut client).await.unwrap_err();
        match hangs_up {
            true => assert!(matches!(error, Error::Closed { .. }), "{error}"),
            false => assert!(matches!(error, Error::TimedOut { .. }), "{error}"),
        }
        assert!(matches!(next(&mut client).await, Err(Error::Interrupted)), "and stays dead");
    }
}

#[tokio::test]
async fn waiting_for_an_event_can_be_given_up_at_any_moment() {
    let (address, visit) = terminal(|request| match request.code {
        Code::GET_TIME => time_after(request, &[punch(4)]),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.events(EventMask::ATTENDANCE).await.unwrap();
    // Often enough to be given up before, while and after the sign of life is asked for.
    let mut seen = None;
    while seen.is_none() {
        seen = timeout(Duration::from_millis(7), client.next_event()).await.ok();
    }
    assert_eq!(seen.unwrap().unwrap(), punch(4));
    // The question may still be open; other requests take its answer.
    assert_eq!(client.time().await.unwrap().0, 864_123_120);
    assert!(client.sizes().await.is_ok());
    client.close().await;
    assert_eq!(codes(&visit.await.unwrap()).last(), Some(&Code::EXIT));
}

#[tokio::test]
async fn events_beyond_what_can_wait_are_counted_and_told() {
    let (address, _visit) = terminal(|request| match request.code {
        Code::GET_TIME => time_after(request, &vec![punch(5); 5000]),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.events(EventMask::ATTENDANCE).await.unwrap();
    client.time().await.unwrap();
    for _ in 0..4096 {
        assert_eq!(next(&mut client).await.unwrap(), punch(5));
    }
    let error = next(&mut client).await.unwrap_err();
    assert!(matches!(error, Error::EventsLost { count: 904 }), "{error}");
    assert!(!error.ends_connection());
    assert_eq!(next(&mut client).await.unwrap(), punch(5), "beside the next sign of life");
}
