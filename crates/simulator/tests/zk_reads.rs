//! Our client reads from our terminal, everything it holds (zk 15).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{assert_same_log, company_log, serve};
use simulator::{Profile, Terminal};
use zk::client::{Client, Options, Transport};
use zk::{Error, Privilege, User};

fn quick() -> Options {
    Options { idle_timeout: Duration::from_secs(5), ..Options::default() }
}

async fn connect(address: &str) -> Client {
    Client::connect(address, quick()).await.unwrap()
}

#[tokio::test]
async fn everything_a_terminal_of_any_make_holds_is_read() {
    for profile in Profile::all().iter().filter(|profile| profile.binary.locked.is_none()) {
        // One record, inline sets, one chunk, and several chunks with an odd number of records.
        for count in [0, 1, 2, 21, 3001] {
            let terminal = Terminal::builder("SIM0001").profile(profile.clone()).log(company_log(count)).build();
            let address = serve(&terminal).await;
            let mut client = connect(&address).await;
            let log = client.attendance().await.unwrap();
            assert_same_log(&terminal, &log.records, &format!("{}, {count} records", profile.name));
            assert_eq!((log.told, log.is_complete()), (Some(count as u32), Some(true)));
            let users = client.users().await.unwrap();
            assert_eq!(
                users.iter().map(|user| user.number.clone()).collect::<Vec<_>>(),
                terminal.users().iter().map(|user| user.number.clone()).collect::<Vec<_>>()
            );
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_terminal_tells_who_it_is_and_what_time_it_has() {
    let terminal = Terminal::builder("CGKK223862906")
        .users([User { privilege: Privilege::SUPER_ADMIN, ..User::new("0012", "Ana Cruz") }])
        .zone(jiff::tz::TimeZone::get("Asia/Manila").unwrap())
        .build();
    let address = serve(&terminal).await;
    let mut client = connect(&address).await;
    let info = client.info().await.unwrap();
    assert_eq!(info.serial.as_deref(), Some("CGKK223862906"));
    assert_eq!((info.platform.as_deref(), info.name.as_deref()), (Some("ZMM220_TFT"), Some("uFace800")));
    assert_eq!(info.firmware.as_deref(), Some("Ver 8.0.4.4-20190617"));
    assert_eq!(client.option("~NoSuchOption").await.unwrap(), None);
    let user = client.users().await.unwrap().remove(0);
    assert_eq!((user.number.as_str(), user.name().as_str()), ("0012", "Ana Cruz"));
    assert!(user.privilege.is_administrator());

    let before = terminal.now();
    let face = client.time().await.unwrap().civil().unwrap().to_string();
    let after = terminal.now();
    let printed = |time: jiff::civil::DateTime| time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    assert!(printed(before) <= face && face <= printed(after), "{before} {face} {after}");
    client.close().await;
}

#[tokio::test]
async fn the_right_key_opens_and_a_wrong_one_is_told() {
    let terminal = Terminal::builder("SIM0001").comm_key(12345).build();
    let address = serve(&terminal).await;
    let refused = Client::connect(address.as_str(), quick()).await.unwrap_err();
    assert!(matches!(refused, Error::WrongKey), "{refused}");
    let client = Client::connect(address.as_str(), Options { comm_key: 12345, ..quick() }).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn key_0_is_presented_to_a_terminal_that_asks_all_the_same() {
    let terminal = Terminal::builder("SIM0001").faults("always-auth".parse().unwrap()).build();
    let address = serve(&terminal).await;
    connect(&address).await.close().await;
}

#[tokio::test]
async fn a_locked_terminal_is_told_to_be_collected_by_push() {
    let terminal = Terminal::builder("SIM0001").faults("locked".parse().unwrap()).build();
    let address = serve(&terminal).await;
    let refused = Client::connect(address.as_str(), quick()).await.unwrap_err();
    assert!(refused.to_string().contains("use push"), "{refused}");
}

#[tokio::test]
async fn a_read_leaves_the_terminal_enabled_also_when_the_line_drops() {
    let terminal =
        Terminal::builder("SIM0001").faults("dropped-read=2".parse().unwrap()).log(company_log(3000)).build();
    let address = serve(&terminal).await;
    for attempt in 1..=3 {
        let mut client = connect(&address).await;
        let read = client.attendance().await;
        match attempt {
            2 => assert!(matches!(read, Err(Error::Closed { .. })), "{read:?}"),
            _ => assert_eq!(read.unwrap().records.len(), 3000),
        }
        client.close().await;
        let mut next = connect(&address).await;
        next.sizes().await.unwrap();
        assert!(!terminal.is_disabled(), "attempt {attempt}");
        next.close().await;
    }
}

#[tokio::test]
async fn a_second_client_waits_until_the_first_has_gone() {
    let terminal = Terminal::builder("SIM0001").build();
    let address = serve(&terminal).await;
    let first = connect(&address).await;
    let hurried = Options { transport: Transport::Tcp, idle_timeout: Duration::from_millis(100), ..Options::default() };
    let second = Client::connect(address.as_str(), hurried).await;
    assert!(matches!(second, Err(Error::TimedOut { .. })), "{second:?}");
    first.close().await;
    connect(&address).await.close().await;
}

#[tokio::test]
async fn impossible_and_ancient_times_survive_the_wire() {
    let file = b"5349\t2026-02-31 10:00:00\t1\t0\t1\t0\n5349\t1971--10--29 -23:-59:-53\t1\t0\t1\t0\nno punch at all\n";
    let file = simulator::LogFile::parse(file);
    assert_eq!(file.unfit_lines, 1);
    let terminal = Terminal::builder("SIM0001").log(file.records).build();
    let address = serve(&terminal).await;
    let mut client = connect(&address).await;
    let log = client.attendance().await.unwrap();
    assert_eq!(log.records[0].time.civil().unwrap_err().to_string(), "2026-02-31 10:00:00");
    assert_eq!(log.records[1].time.civil().unwrap().to_string(), "1970-01-01 00:00:07");
    client.close().await;
}
