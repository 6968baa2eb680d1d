//! What a client writes, byte by byte, and when it refuses to (zk 3, 7.2).
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Does, codes, connect, done, option_reply, reply, sent, terminal};
use tokio::task::JoinHandle;
use zk::{
    AttendanceLayout, AttendanceLog, AttendanceRecord, CivilTime, Code, Error, PackedTime, Packet, Password, Sizes,
    User, UserLayout, option, transfer,
};

const MORNING: CivilTime = CivilTime { year: 2026, month: 11, day: 20, hour: 10, minute: 12, second: 0 };

/// A terminal with these users, in this layout, that does whatever else it is asked.
async fn with_users(
    layout: UserLayout,
    users: Vec<User>,
    options: &'static [(&'static str, &'static str)],
) -> (String, JoinHandle<Vec<Packet>>) {
    terminal(move |request| match request.code {
        Code::GET_FREE_SIZES => {
            let sizes = Sizes { users: Some(users.len() as u32), ..Sizes::default() };
            reply(request, Code::ACK_OK, sizes.encode())
        }
        Code::PREPARE_BUFFER => {
            let records: Vec<u8> = users.iter().flat_map(|user| layout.encode(user)).collect();
            reply(request, Code::DATA, transfer::dataset(&records))
        }
        Code::OPTION_READ => option_reply(request, options),
        _ => done(request),
    })
    .await
}

fn known() -> Vec<User> {
    vec![User { slot: 3, ..User::new("101", "Ana") }, User { slot: 9, ..User::new("102", "Ben") }]
}

#[tokio::test]
async fn the_clock_is_set_and_then_refreshed() {
    let (address, visit) = terminal(done).await;
    let mut client = connect(&address).await;
    client.set_time(MORNING).await.unwrap();
    client.close().await;
    let asked = visit.await.unwrap();
    assert_eq!(codes(&asked), [Code::CONNECT, Code::SET_TIME, Code::REFRESH_DATA, Code::EXIT]);
    assert_eq!(sent(&asked, Code::SET_TIME), [0xf0, 0x78, 0x81, 0x33]);
}

#[tokio::test]
async fn a_time_that_no_clock_shows_is_not_sent() {
    let (address, visit) = terminal(done).await;
    let mut client = connect(&address).await;
    for wrong in [
        CivilTime { month: 2, day: 31, ..MORNING },
        CivilTime { hour: 24, ..MORNING },
        CivilTime { year: 2099, ..MORNING },
    ] {
        assert!(matches!(client.set_time(wrong).await, Err(Error::Unfit { .. })), "{wrong}");
    }
    client.close().await;
    assert_eq!(codes(&visit.await.unwrap()), [Code::CONNECT, Code::EXIT]);
}

#[tokio::test]
async fn an_option_is_written_as_text_and_then_refreshed() {
    let (address, visit) = terminal(done).await;
    let mut client = connect(&address).await;
    client.set_option("IdleMinute", "5").await.unwrap();
    for (name, value) in [("", "1"), ("a=b", "1"), ("a\0", "1"), ("a", "1\0b=2")] {
        assert!(matches!(client.set_option(name, value).await, Err(Error::Unfit { .. })), "{name:?}");
    }
    client.close().await;
    let asked = visit.await.unwrap();
    assert_eq!(codes(&asked), [Code::CONNECT, Code::OPTION_WRITE, Code::REFRESH_OPTIONS, Code::EXIT]);
    assert_eq!(sent(&asked, Code::OPTION_WRITE), b"IdleMinute=5\0");
}

#[tokio::test]
async fn somebody_known_keeps_the_slot_and_somebody_new_gets_a_free_one() {
    for layout in [UserLayout::Long, UserLayout::Short] {
        let (address, visit) = with_users(layout, known(), &[]).await;
        let mut client = connect(&address).await;
        let anne = User { slot: 77, password: Password::from("123"), ..User::new("101", "Anne") };
        let slots = client.set_users(&[anne.clone(), User::new("103", "Cy"), User::new("104", "Di")]).await.unwrap();
        assert_eq!(slots, [3, 10, 11]);
        client.close().await;

        let asked = visit.await.unwrap();
        let written: Vec<_> = asked.iter().filter(|packet| packet.code == Code::USER_WRITE).collect();
        assert_eq!(written[0].data, layout.encode(&User { slot: 3, ..anne }), "the slot of 101, whatever was wished");
        assert_eq!(layout.decode(&written[2].data), Some(User { slot: 11, ..User::new("104", "Di") }));
        let end = [Code::REFRESH_DATA, Code::ENABLE_DEVICE, Code::EXIT];
        assert_eq!(codes(&asked)[asked.len() - 3..], end);
        let disabled = asked.iter().filter(|packet| packet.code == Code::DISABLE_DEVICE).count();
        assert_eq!(disabled, 1, "from the reading of the table to the last write");
    }
}

#[tokio::test]
async fn one_that_does_not_fit_keeps_all_from_being_written() {
    let (address, visit) = with_users(UserLayout::Long, known(), &[(option::NUMBER_WIDTH, "5")]).await;
    let mut client = connect(&address).await;
    let outcome = client.set_users(&[User::new("103", "Cy"), User::new("123456", "Di")]).await;
    assert_eq!(outcome.unwrap_err().to_string(), "the user number 123456 is too long; this terminal takes 5 digits");
    let outcome = client.set_user(&User::new("104", &"x".repeat(25))).await;
    assert!(matches!(outcome, Err(Error::Unfit { .. })));
    client.close().await;
    let asked = codes(&visit.await.unwrap());
    assert!(!asked.contains(&Code::USER_WRITE));
    assert_eq!(asked[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn an_empty_table_takes_the_layout_of_the_platform() {
    for (platform, layout) in
        [("ZEM510", UserLayout::Short), ("ZEM560_TFT", UserLayout::Long), ("ZMM220_TFT", UserLayout::Long)]
    {
        let options: &'static [(&str, &str)] = match platform {
            "ZEM510" => &[(option::PLATFORM, "ZEM510")],
            "ZEM560_TFT" => &[(option::PLATFORM, "ZEM560_TFT")],
            _ => &[(option::PLATFORM, "ZMM220_TFT")],
        };
        let (address, visit) = with_users(UserLayout::Long, Vec::new(), options).await;
        let mut client = connect(&address).await;
        assert_eq!(client.set_user(&User::new("7", "Ana")).await.unwrap(), 1);
        client.close().await;
        assert_eq!(sent(&visit.await.unwrap(), Code::USER_WRITE).len(), layout.width(), "{platform}");
    }
}

#[tokio::test]
async fn a_slot_above_the_signed_range_is_deleted_as_it_is() {
    let (address, visit) = terminal(done).await;
    let mut client = connect(&address).await;
    client.delete_user(40_000).await.unwrap();
    assert!(matches!(client.delete_user(0).await, Err(Error::Unfit { .. })));
    client.close().await;
    let asked = visit.await.unwrap();
    assert_eq!(sent(&asked, Code::DELETE_USER), [0x40, 0x9c]);
    assert_eq!(codes(&asked)[2], Code::REFRESH_DATA);
}

#[tokio::test]
async fn a_disable_with_a_time_is_sent_in_seconds_and_falls_back_to_the_plain_one() {
    for knows_the_form in [true, false] {
        let (address, visit) = terminal(move |request| match request.code {
            Code::DISABLE_DEVICE if !request.data.is_empty() && !knows_the_form => reply(request, Code::ACK_ERROR, []),
            _ => done(request),
        })
        .await;
        let mut client = connect(&address).await;
        client.disable(Some(Duration::from_millis(29_500))).await.unwrap();
        client.close().await;
        let asked = visit.await.unwrap();
        assert_eq!(asked[1].data, 30_u32.to_le_bytes());
        let plain = asked.iter().filter(|packet| packet.code == Code::DISABLE_DEVICE && packet.data.is_empty()).count();
        assert_eq!(plain, usize::from(!knows_the_form));
        assert_eq!(codes(&asked)[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT]);
    }
}

#[tokio::test]
async fn a_terminal_that_was_disabled_before_a_read_stays_so_after_it() {
    let (address, visit) = with_users(UserLayout::Long, known(), &[]).await;
    let mut client = connect(&address).await;
    client.disable(None).await.unwrap();
    client.users().await.unwrap();
    client.enable().await.unwrap();
    client.close().await;
    let asked = codes(&visit.await.unwrap());
    assert_eq!(asked.iter().filter(|code| **code == Code::ENABLE_DEVICE).count(), 1);
    assert_eq!(asked[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn a_restart_is_done_whether_the_terminal_answers_hangs_up_or_says_nothing() {
    for manner in 0..3 {
        let (address, visit) = terminal(move |request| match (request.code, manner) {
            (Code::RESTART, 1) => Does::HangsUp,
            (Code::RESTART, 2) => Does::Answers(Vec::new()),
            _ => done(request),
        })
        .await;
        connect(&address).await.restart().await.unwrap();
        assert_eq!(codes(&visit.await.unwrap())[..2], [Code::CONNECT, Code::RESTART]);
    }
    let (address, _visit) = terminal(|request| match request.code {
        Code::RESTART => reply(request, Code::ACK_ERROR, []),
        _ => done(request),
    })
    .await;
    assert!(matches!(connect(&address).await.restart().await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn the_voice_and_the_state_are_asked_as_captures_show() {
    let (address, visit) = terminal(|request| match request.code {
        // The state stands where the session stands else.
        Code::READ_STATE => Does::Answers(vec![Packet::new(Code::ACK_OK, 2, request.number, [])]),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    client.test_voice(11).await.unwrap();
    assert_eq!(client.state().await.unwrap().0, 2);
    client.close().await;
    assert_eq!(sent(&visit.await.unwrap(), Code::TEST_VOICE), [11, 0, 0, 0]);
}

fn punches(count: i32) -> Vec<u8> {
    let record = |n| AttendanceRecord::of_number("7".into(), PackedTime(800_000_000 + 61 * n));
    (0..count).flat_map(|n| AttendanceLayout::Forty.encode(&record(n))).collect()
}

/// Terminal `A1`, whose log has one more punch from the second reading on when `is_busy`.
async fn with_log(is_busy: bool, obeys_disable: bool) -> (String, JoinHandle<Vec<Packet>>) {
    let mut readings = 0;
    terminal(move |request| {
        let count = if is_busy && readings > 0 { 4 } else { 3 };
        match request.code {
            Code::GET_FREE_SIZES => {
                let sizes = Sizes { attendance: Some(count as u32), ..Sizes::default() };
                reply(request, Code::ACK_OK, sizes.encode())
            }
            Code::PREPARE_BUFFER => {
                readings += 1;
                reply(request, Code::DATA, transfer::dataset(&punches(count)))
            }
            Code::OPTION_READ => option_reply(request, &[(option::SERIAL, "A1")]),
            Code::DISABLE_DEVICE if !obeys_disable => reply(request, Code::UNKNOWN_COMMAND, []),
            _ => done(request),
        }
    })
    .await
}

/// Reads the log, has each record confirmed for `serial`, clears. What came of it, and all requests.
async fn clear(address: &str, visit: JoinHandle<Vec<Packet>>, serial: &str) -> (Result<(), Error>, Vec<Code>) {
    let mut client = connect(address).await;
    let log: AttendanceLog = client.attendance().await.unwrap();
    let proof = log.prove_stored(serial, |_, _| true).unwrap();
    let outcome = client.clear_attendance(proof).await;
    client.close().await;
    (outcome, codes(&visit.await.unwrap()))
}

#[tokio::test]
async fn a_log_that_is_stored_whole_is_erased_with_the_terminal_disabled() {
    let (address, visit) = with_log(false, true).await;
    let (outcome, asked) = clear(&address, visit, "A1").await;
    outcome.unwrap();
    let last = |code: Code| asked.iter().rposition(|asked| *asked == code).unwrap();
    let order = [Code::DISABLE_DEVICE, Code::PREPARE_BUFFER, Code::CLEAR_ATTENDANCE, Code::REFRESH_DATA];
    assert!(order.map(last).is_sorted(), "{asked:?}");
    assert_eq!(asked[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn nothing_is_erased_when_somebody_punched_or_the_terminal_is_another_or_can_not_be_disabled() {
    for (is_busy, obeys_disable, serial) in [(true, true, "A1"), (false, true, "B2"), (false, false, "A1")] {
        let (address, visit) = with_log(is_busy, obeys_disable).await;
        let (outcome, asked) = clear(&address, visit, serial).await;
        match outcome.unwrap_err() {
            Error::LogChanged { proven: 3, found: Some(4) } => assert!(is_busy),
            Error::AnotherTerminal { .. } => assert_eq!(serial, "B2"),
            Error::Unfit { .. } => assert!(!obeys_disable),
            other => panic!("{other}"),
        }
        assert!(!asked.contains(&Code::CLEAR_ATTENDANCE));
        assert_eq!(asked[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT], "people can punch again");
    }
}
