//! Faults of bulk reads: how sets come, how chunks begin and end, what goes wrong half-way.

use simulator::Terminal;
use zk::transfer::Table;
use zk::{Code, Error, Packet};

use crate::common::wire::{Wire, connect, faulty, our_client_copes};
use crate::common::{assert_same_log, company_log, serve};

fn codes(packets: &[Packet]) -> Vec<Code> {
    packets.iter().map(|packet| packet.code).collect()
}

/// The first bytes of the log as this terminal sends them.
async fn chunk(terminal: &Terminal) -> Vec<Packet> {
    Wire::connect(&serve(terminal).await).await.read_chunk(Table::Attendance, 2500).await
}

const FRAMES: [Code; 3] = [Code::DATA; 3];

#[tokio::test]
async fn small_sets_come_inline_or_in_chunks() {
    let few = |faults: &str| Terminal::builder("SIM0001").faults(faults.parse().unwrap()).log(company_log(2)).build();
    for (faults, code) in [("", Code::DATA), ("inline-bytes=0", Code::ACK_OK)] {
        let mut wire = Wire::connect(&serve(&few(faults)).await).await;
        assert_eq!(wire.ask(Code::PREPARE_BUFFER, Table::Attendance.request()).await.code, code, "{faults}");
        our_client_copes(&few(faults)).await;
    }
    our_client_copes(&faulty("inline-bytes=60000 frame-bytes=60000").build()).await;
}

#[tokio::test]
async fn a_chunk_is_announced_numbered_and_closed() {
    let packets = chunk(&faulty("frame-bytes=1000").build()).await;
    assert_eq!(codes(&packets), [&[Code::PREPARE_DATA][..], &FRAMES, &[Code::ACK_OK]].concat());
    let session = packets[0].session;
    let sessions: Vec<_> = packets.iter().map(|packet| packet.session).collect();
    assert_eq!(sessions, [session, 0, 1, 2, session], "DATA frames have their index in place of the session");
}

#[tokio::test]
async fn a_chunk_may_lack_its_announcement_or_its_end() {
    let unannounced = faulty("frame-bytes=1000 unannounced").build();
    assert_eq!(codes(&chunk(&unannounced).await), [&FRAMES[..], &[Code::ACK_OK]].concat());
    our_client_copes(&unannounced).await;

    let unclosed = faulty("frame-bytes=1000 no-closing-ack").build();
    assert_eq!(codes(&chunk(&unclosed).await), [&[Code::PREPARE_DATA][..], &FRAMES].concat());
    our_client_copes(&unclosed).await;

    let bare = faulty("frame-bytes=1000 no-closing-ack unannounced").build();
    assert_eq!(codes(&chunk(&bare).await), FRAMES);
    our_client_copes(&bare).await;
}

#[tokio::test]
async fn a_chunk_may_end_with_an_empty_frame_and_an_odd_session() {
    let terminal = faulty("frame-bytes=1000 empty-last-frame odd-closing-ack").build();
    let packets = chunk(&terminal).await;
    assert_eq!(codes(&packets), [&[Code::PREPARE_DATA][..], &FRAMES, &[Code::DATA, Code::ACK_OK]].concat());
    assert!(packets[4].data.is_empty());
    assert_eq!(packets[5].session, 3, "the last index");
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn an_event_may_come_between_the_frames_of_a_read() {
    let terminal = faulty("frame-bytes=1000 event-in-read").build();
    let packets = chunk(&terminal).await;
    assert_eq!(codes(&packets), [Code::PREPARE_DATA, Code::DATA, Code::EVENT, Code::DATA, Code::DATA, Code::ACK_OK]);
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn the_oldest_units_give_their_tables_by_the_old_commands_only() {
    let terminal = faulty("direct-only").profile("mb20-16".parse().unwrap()).build();
    let mut wire = Wire::connect(&serve(&terminal).await).await;
    assert_eq!(wire.ask(Code::PREPARE_BUFFER, Table::Users.request()).await.code, Code::UNKNOWN_COMMAND);
    assert_eq!(wire.ask(Code::USERS_READ, [5]).await.code, Code::PREPARE_DATA);
    our_client_copes(&terminal).await;

    let colour = faulty("direct-only").build();
    let mut client = connect(&serve(&colour).await).await;
    let refused = client.attendance().await.unwrap_err();
    assert!(matches!(refused, Error::Refused { command: Code::PREPARE_BUFFER, .. }), "{refused}");
    client.close().await;
}

#[tokio::test]
async fn a_read_that_drops_or_stalls_fails_whole_and_the_next_one_gives_everything() {
    for (faults, is_told) in [
        ("dropped-read=2", (|error| matches!(error, Error::Closed { .. })) as fn(&Error) -> bool),
        ("stalled-read=2", |error| matches!(error, Error::TimedOut { .. })),
    ] {
        let faults: simulator::Faults = faults.parse().unwrap();
        let terminal = Terminal::builder("SIM0001").faults(faults).log(company_log(3000)).build();
        let address = serve(&terminal).await;
        for attempt in 1..=3 {
            let mut client = connect(&address).await;
            match client.attendance().await {
                Ok(log) => assert_eq!((attempt % 2, log.records.len()), (1, 3000)),
                Err(error) => assert!(attempt == 2 && is_told(&error), "{error}"),
            }
            client.close().await;
        }
        assert!(!terminal.is_disabled(), "whoever waits in front of it can punch");
    }
}

#[tokio::test]
async fn a_set_that_is_shorter_than_its_count_is_refused_whole() {
    let mut client = connect(&serve(&faulty("short-set").build()).await).await;
    let refused = client.attendance().await.unwrap_err();
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused}");
    assert!(matches!(client.users().await, Err(Error::Corrupt { .. })));
    client.close().await;
}

#[tokio::test]
async fn a_unit_that_gives_no_attendance_says_so_with_its_code() {
    let mut client = connect(&serve(&faulty("read-refused").build()).await).await;
    let refused = client.attendance().await.unwrap_err();
    assert!(matches!(refused, Error::Locked { code: Code::SESSION_MEMORY }), "{refused}");
    assert!(refused.to_string().contains("use push"), "{refused}");
    client.close().await;
}

#[tokio::test]
async fn punches_that_land_during_a_read_are_read_with_it() {
    let terminal = faulty("growing-log=2").build();
    let mut client = connect(&serve(&terminal).await).await;
    let log = client.attendance().await.unwrap();
    assert_eq!((log.told, log.records.len()), (Some(300), 302), "the count was taken before");
    assert_same_log(&terminal, &log.records, "the log");
    client.close().await;
}

#[tokio::test]
async fn a_log_that_somebody_clears_between_two_reads_is_empty_then() {
    let terminal = faulty("cleared-log").build();
    let mut client = connect(&serve(&terminal).await).await;
    assert_eq!(client.attendance().await.unwrap().records.len(), 300);
    let log = client.attendance().await.unwrap();
    assert_eq!((log.told, log.records.len()), (Some(0), 0));
    client.close().await;
}
