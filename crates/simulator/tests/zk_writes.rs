//! What our client writes into terminals of every make, and what it hears from them while it happens (zk 3, 7.2, 8, 10).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{company_log, serve};
use jiff::civil::date;
use simulator::{Profile, Template, Terminal, WhenFull};
use tokio::time::timeout;
use zk::client::{Client, Copied, Options, Transport, copy_templates};
use zk::record::template::TemplateKey;
use zk::{CivilTime, Error, EventMask, Operation, Password, Privilege, RealtimeEvent, User, UserRef};

const MORNING: CivilTime = CivilTime { year: 2026, month: 11, day: 20, hour: 10, minute: 12, second: 0 };

async fn connect(address: &str, transport: Transport) -> Client {
    let options = Options { transport, idle_timeout: Duration::from_secs(5), ..Options::default() };
    Client::connect(address, options).await.unwrap()
}

/// Every make that can be spoken to, over each transport it has.
fn makes() -> impl Iterator<Item = (Profile, Transport)> {
    let open = Profile::all().iter().filter(|profile| profile.binary.locked.is_none());
    open.flat_map(|profile| {
        let has = profile.binary.transports;
        let transports = [(has.has_tcp(), Transport::Tcp), (has.has_udp(), Transport::Udp)];
        transports.into_iter().filter(|(has, _)| *has).map(|(_, transport)| (profile.clone(), transport))
    })
}

#[tokio::test]
async fn people_are_written_changed_and_deleted_in_every_make() {
    for (profile, transport) in makes() {
        let name = format!("{} over {transport:?}", profile.name);
        let terminal = Terminal::builder("SIM0001").profile(profile).users([User::new("101", "Ana")]).build();
        let mut client = connect(&serve(&terminal).await, transport).await;
        let ben = User {
            privilege: Privilege::SUPER_ADMIN,
            password: Password::from("12345"),
            card: 3_000_000_000,
            ..User::new("102", "Ben")
        };
        let ana = client.users().await.unwrap().remove(0);
        let anne = User { name_raw: b"Anne".to_vec(), card: 77, ..ana.clone() };
        assert_eq!(client.set_users(&[anne.clone(), ben.clone()]).await.unwrap(), [1, 2], "{name}");
        let expected = [anne, User { slot: 2, ..ben }];
        assert_eq!(client.users().await.unwrap(), expected, "{name}");
        assert_eq!(terminal.users(), expected, "{name}");

        client.delete_user(1).await.unwrap();
        assert!(matches!(client.delete_user(1).await, Err(Error::Refused { .. })), "{name}: nobody is there");
        assert_eq!(client.set_user(&User::new("103", "Cy")).await.unwrap(), 3, "{name}");
        let numbers: Vec<_> = client.users().await.unwrap().into_iter().map(|user| (user.slot, user.number)).collect();
        assert_eq!(numbers, [(2, "102".to_owned()), (3, "103".to_owned())], "{name}");
        client.close().await;
        assert!(!terminal.is_disabled(), "{name}");
    }
}

#[tokio::test]
async fn the_first_user_of_an_empty_terminal_is_written_in_its_layout() {
    for (profile, transport) in makes() {
        let name = format!("{} over {transport:?}", profile.name);
        let terminal = Terminal::builder("SIM0001").profile(profile).build();
        let mut client = connect(&serve(&terminal).await, transport).await;
        assert_eq!(client.set_user(&User::new("101", "Ana")).await.unwrap(), 1, "{name}");
        assert_eq!(terminal.users(), [User { slot: 1, ..User::new("101", "Ana") }], "{name}");
        client.close().await;
    }
}

#[tokio::test]
async fn the_clock_and_an_option_are_set() {
    for (profile, transport) in makes() {
        let terminal = Terminal::builder("SIM0001").profile(profile).build();
        let mut client = connect(&serve(&terminal).await, transport).await;
        client.set_time(MORNING).await.unwrap();
        let shown = client.time().await.unwrap().civil().unwrap();
        assert!(shown >= MORNING && shown < CivilTime { minute: 13, ..MORNING }, "{shown}");
        client.set_option("IdleMinute", "5").await.unwrap();
        assert_eq!(client.option("IdleMinute").await.unwrap().as_deref(), Some("5"));
        client.close().await;
    }
}

#[tokio::test]
async fn a_punch_is_told_while_it_happens_and_is_the_one_that_the_log_holds() {
    for (profile, transport) in makes() {
        let name = format!("{} over {transport:?}", profile.name);
        let terminal = Terminal::builder("SIM0001").profile(profile).users([User::new("101", "Ana")]).build();
        let mut client = connect(&serve(&terminal).await, transport).await;
        client.events(EventMask::ATTENDANCE).await.unwrap();
        assert!(terminal.punch("101", date(2026, 11, 20).at(10, 12, 0, 0), 1, 1));
        let event = timeout(Duration::from_secs(5), client.next_event()).await.expect("told").unwrap();
        let RealtimeEvent::Attendance(punch) = event else { panic!("{name}: {event:?}") };
        let log = client.attendance().await.unwrap();
        let (told, held) = (punch.record().unwrap(), log.records[0]);
        assert_eq!((told.time, told.state, told.verify), (held.time, held.state, held.verify), "{name}");
        match told.user {
            UserRef::Number(number) => assert_eq!(number.text(), "101", "{name}"),
            UserRef::Slot(slot) => assert_eq!(slot, 1, "{name}"),
        }
        client.close().await;
    }
}

#[tokio::test]
async fn while_a_terminal_is_disabled_people_wait_and_then_punch() {
    let terminal = Terminal::builder("SIM0001").users([User::new("101", "Ana")]).build();
    let mut client = connect(&serve(&terminal).await, Transport::Tcp).await;
    client.events(EventMask::ATTENDANCE).await.unwrap();
    client.disable(Some(Duration::from_secs(60))).await.unwrap();
    terminal.punch("101", date(2026, 11, 20).at(10, 12, 0, 0), 0, 1);
    assert!(client.attendance().await.unwrap().records.is_empty(), "a read leaves it disabled");
    assert!(terminal.is_disabled());
    client.enable().await.unwrap();
    assert!(matches!(client.next_event().await.unwrap(), RealtimeEvent::Attendance(_)));
    assert_eq!(client.attendance().await.unwrap().records.len(), 1);
    client.close().await;
}

#[tokio::test]
async fn a_terminal_restarts_and_is_reached_again() {
    let terminal = Terminal::builder("SIM0001").build();
    let address = serve(&terminal).await;
    connect(&address, Transport::Tcp).await.restart().await.unwrap();
    let operations = terminal.operations(0..usize::MAX);
    assert!(operations.iter().any(|entry| entry.record.operation == Operation(0)), "switched on: {operations:?}");
    let mut client = connect(&address, Transport::Tcp).await;
    assert!(client.info().await.unwrap().serial.is_some());
    client.close().await;
}

#[tokio::test]
async fn the_operation_log_tells_what_was_done() {
    let terminal = Terminal::builder("SIM0001").users([User::new("101", "Ana")]).build();
    let mut client = connect(&serve(&terminal).await, Transport::Tcp).await;
    client.delete_user(1).await.unwrap();
    let operations = client.operations().await.unwrap();
    assert_eq!(operations.last().unwrap().operation.meaning(), Some("user deleted"));
    let kept: Vec<_> = terminal.operations(0..usize::MAX).iter().map(|entry| entry.record).collect();
    assert_eq!(operations, kept);
    client.close().await;
}

#[tokio::test]
async fn a_log_is_erased_once_every_record_is_stored_and_not_before() {
    for (profile, transport) in makes() {
        let name = format!("{} over {transport:?}", profile.name);
        let terminal = Terminal::builder("SIM0001").profile(profile).log(company_log(300)).build();
        let mut client = connect(&serve(&terminal).await, transport).await;
        let log = client.attendance().await.unwrap();
        let missing = log.records[7];
        let unconfirmed = log.prove_stored("SIM0001", |record, _| *record != missing).unwrap_err();
        assert!(unconfirmed.unconfirmed >= 1 && unconfirmed.total == 300, "{name}: {unconfirmed}");

        let proof = client.attendance().await.unwrap().prove_stored("SIM0001", |_, _| true).unwrap();
        terminal.punch("101", date(2026, 12, 24).at(10, 12, 0, 0), 0, 1);
        let refused = client.clear_attendance(proof).await;
        assert!(matches!(refused, Err(Error::LogChanged { proven: 300, found: Some(301) })), "{name}: {refused:?}");
        assert_eq!((terminal.log_len(), terminal.is_disabled()), (301, false), "{name}");

        let proof = client.attendance().await.unwrap().prove_stored("SIM0001", |_, _| true).unwrap();
        client.clear_attendance(proof).await.unwrap();
        assert_eq!((terminal.log_len(), terminal.is_disabled()), (0, false), "{name}");
        client.close().await;
    }
}

/// A count alone would not tell.
#[tokio::test]
async fn a_full_log_that_forgot_its_oldest_punch_meanwhile_is_not_erased() {
    let builder = Terminal::builder("SIM0001").capacity(300).when_full(WhenFull::Overwrites);
    let terminal = builder.log(company_log(300)).build();
    let mut client = connect(&serve(&terminal).await, Transport::Tcp).await;
    let proof = client.attendance().await.unwrap().prove_stored("SIM0001", |_, _| true).unwrap();
    terminal.punch("101", date(2026, 12, 24).at(10, 12, 0, 0), 0, 1);
    let refused = client.clear_attendance(proof).await;
    assert!(matches!(refused, Err(Error::LogChanged { proven: 300, found: Some(300) })), "{refused:?}");
    assert_eq!(terminal.log(0..usize::MAX).len(), 300);
    client.close().await;
}

#[tokio::test]
async fn fingers_enrolled_at_one_terminal_open_the_others() {
    let people = || ["101", "102"].map(|number| User::new(number, "")).into_iter();
    let entrance = Terminal::builder("SIM0001").profile("k20".parse().unwrap()).users(people()).build();
    let gate = Terminal::builder("SIM0002").users(people().rev().chain([User::new("103", "")])).build();
    let key = |slot, finger| TemplateKey { slot, finger };
    entrance.enrol(key(1, 6));
    entrance.write_template(key(2, 9), Template { flag: 3, bytes: vec![0xAB; 2000] });
    let mut from = connect(&serve(&entrance).await, Transport::Tcp).await;
    let mut to = connect(&serve(&gate).await, Transport::Tcp).await;

    let wanted = ["101", "102", "103"].map(str::to_owned);
    let copied = copy_templates(&mut from, &mut to, &wanted).await.unwrap();
    // The terminal enrolled a finger of everybody when it was made, and two more were added.
    let expected = Copied { templates: 4, unknown_at_source: vec!["103".to_owned()], ..Copied::default() };
    assert_eq!(copied, expected);
    for (number, finger) in [("101", 6), ("102", 9)] {
        let (here, there) = (gate.slot_of(number).unwrap(), entrance.slot_of(number).unwrap());
        assert_ne!(here, there, "slots differ from terminal to terminal");
        assert_eq!(gate.template(key(here, finger)), entrance.template(key(there, finger)), "{number}");
        assert!(gate.template(key(here, finger)).is_some());
    }

    let single = from.read_template(1, 6).await.unwrap().unwrap();
    to.write_template(3, &single).await.unwrap();
    assert_eq!(gate.template(key(3, 6)), entrance.template(key(1, 6)));
    from.close().await;
    to.close().await;
}
