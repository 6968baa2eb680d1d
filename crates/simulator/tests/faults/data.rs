//! Faults of what a terminal holds and tells: widths, counts, options, names, dates, full logs.

use std::collections::HashSet;

use simulator::Terminal;
use zk::transfer::Table;
use zk::{AttendanceLayout, Code, Error, User};

use crate::common::wire::{Wire, connect, faulty, our_client_copes};
use crate::common::{assert_same_log, company_log, serve};

#[tokio::test]
async fn records_of_any_width_that_is_known_are_read_and_others_refused_whole() {
    for width in [49, 52, 60] {
        let terminal = faulty(&format!("record-bytes={width}")).build();
        assert_eq!(terminal.profile().binary.attendance, AttendanceLayout::Wide { width });
        our_client_copes(&terminal).await;
    }
    let mut client = connect(&serve(&faulty("record-bytes=36").build()).await).await;
    let refused = client.attendance().await.unwrap_err();
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused}");
    client.close().await;
}

#[tokio::test]
async fn counts_come_in_80_92_112_or_4_bytes_and_what_is_missing_is_unknown() {
    for bytes in [80, 92, 112, 4] {
        let terminal = faulty(&format!("sizes-bytes={bytes}")).build();
        let address = serve(&terminal).await;
        let mut wire = Wire::connect(&address).await;
        assert_eq!(wire.ask(Code::GET_FREE_SIZES, []).await.data.len(), bytes);
        wire.ask(Code::EXIT, []).await;
        let mut client = connect(&address).await;
        let sizes = client.sizes().await.unwrap();
        assert_eq!(sizes.attendance, (bytes > 4).then_some(300));
        assert_eq!(sizes.face_capacity, (bytes >= 92).then_some(800));
        assert_eq!(client.attendance().await.unwrap().records.len(), 300, "the width is found without the count");
        client.close().await;
    }
}

#[tokio::test]
async fn a_missing_option_is_refused_or_empty_and_both_mean_that_it_is_not_there() {
    for (faults, code, data) in [
        ("missing-option=MAC", Code::ACK_ERROR, &b""[..]),
        ("missing-option=MAC blank-options", Code::ACK_OK, b"MAC=\0"),
    ] {
        let address = serve(&faulty(faults).build()).await;
        let mut wire = Wire::connect(&address).await;
        let answer = wire.ask(Code::OPTION_READ, *b"MAC\0").await;
        assert_eq!((answer.code, answer.data.as_slice()), (code, data));
        wire.ask(Code::EXIT, []).await;
        let mut client = connect(&address).await;
        let info = client.info().await.unwrap();
        assert_eq!((info.mac, info.serial.as_deref()), (None, Some("SIM0001")));
        client.close().await;
    }
}

#[tokio::test]
async fn garbage_behind_the_nul_of_a_name_is_not_part_of_it() {
    let users = ["Ana", "Benjamin"].map(|name| User::new(name.len().to_string(), name));
    for profile in ["uface800", "mb20-8"] {
        let terminal = Terminal::builder("SIM0001")
            .profile(profile.parse().unwrap())
            .faults("garbage-names inline-bytes=0".parse().unwrap())
            .users(users.clone())
            .build();
        let address = serve(&terminal).await;
        let mut wire = Wire::connect(&address).await;
        let packets = wire.read_chunk(Table::Users, 30).await;
        let field = if profile == "mb20-8" { 4 + 8..4 + 16 } else { 4 + 11..30 };
        let name = &packets[1].data[field];
        assert!(name.starts_with(b"Ana\0") && name[4] != 0, "{name:02x?}");
        wire.ask(Code::EXIT, []).await;
        let mut client = connect(&address).await;
        let names: Vec<_> = client.users().await.unwrap().iter().map(User::name).collect();
        assert_eq!(names, ["Ana", "Benjamin"], "{profile}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_user_table_that_lacks_somebody_who_is_counted_is_told_from_a_whole_one() {
    let users = ["Ana", "Benjamin"].map(|name| User::new(name.len().to_string(), name));
    for (fault, listed) in [("short-users=0", (2, true)), ("short-users", (1, false)), ("short-users=2", (0, false))] {
        let terminal = Terminal::builder("SIM0001").faults(fault.parse().unwrap()).users(users.clone()).build();
        let mut client = connect(&serve(&terminal).await).await;
        let (read, is_all) = client.users_and_whether_all().await.unwrap();
        assert_eq!((read.len(), is_all), listed, "{fault}");
        client.close().await;
    }
    // One that tells no number is believed, unless it shows nobody at all.
    for (fault, users, expected) in
        [("sizes-bytes=4", &users[..], true), ("sizes-bytes=4", &[], false), ("short-users=0", &[], true)]
    {
        let terminal = Terminal::builder("SIM0001").faults(fault.parse().unwrap()).users(users.to_vec()).build();
        let mut client = connect(&serve(&terminal).await).await;
        let (_, is_all) = client.users_and_whether_all().await.unwrap();
        assert_eq!(is_all, expected, "{fault} {users:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn names_in_gb2312_are_given_as_the_bytes_they_are() {
    let terminal = faulty("gb2312-names").users([User::new("0012", "张三")]).build();
    let mut client = connect(&serve(&terminal).await).await;
    let users = client.users().await.unwrap();
    assert_eq!(users[0].name_raw, b"\xd5\xc5\xc8\xfd");
    assert!(users[1].name_raw.starts_with(b"\xd3\xc3\xbb\xa7"), "somebody made up: {:02x?}", users[1].name_raw);
    client.close().await;
}

#[tokio::test]
async fn dates_that_do_not_exist_are_values() {
    let terminal = faulty("invalid-dates=100").build();
    let mut client = connect(&serve(&terminal).await).await;
    let log = client.attendance().await.unwrap();
    let impossible: Vec<_> = log.records.iter().filter_map(|record| record.time.civil().err()).collect();
    assert_eq!(impossible.len(), 3);
    assert!(impossible[0].to_string().starts_with("2026-02-31 "), "{}", impossible[0]);
    client.close().await;
}

#[tokio::test]
async fn a_punch_may_be_recorded_twice() {
    let terminal = faulty("duplicate-punch=100").build();
    let log = terminal.log(0..usize::MAX);
    assert_eq!(log.len(), 303);
    assert_eq!((log[99], log[200]), (log[100], log[201]));
    let distinct: HashSet<_> = log.iter().map(|record| (record.user, record.time)).collect();
    assert_eq!(distinct.len(), 300);
    our_client_copes(&terminal).await;
}

#[tokio::test]
async fn a_full_log_refuses_what_comes_or_forgets_what_is_oldest() {
    let time = |minute| jiff::civil::date(2026, 11, 20).at(8, minute, 0, 0);
    let full = faulty("log-full=2").build();
    let taken: Vec<bool> = (0..4).map(|minute| full.punch("101", time(minute), 0, 1)).collect();
    assert_eq!(taken, [true, true, false, false]);
    let mut client = connect(&serve(&full).await).await;
    let sizes = client.sizes().await.unwrap();
    assert_eq!((sizes.attendance, sizes.attendance_capacity), (Some(302), Some(302)));
    client.close().await;

    let wraps = faulty("log-wraps=100").build();
    assert_same_log(&wraps, &company_log(300)[200..], "the newest");
    assert!(wraps.punch("101", time(0), 0, 1));
    assert_eq!(wraps.log_len(), 100);
    assert_eq!(wraps.progress().borrow().punched, 301);
    our_client_copes(&wraps).await;
}
