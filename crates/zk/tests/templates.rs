//! Fingerprints from terminal to terminal (zk 6.3, 7.5, 8).
#![cfg(feature = "templates")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Does, codes, connect, done, option_reply, reply, terminal};
use tokio::task::JoinHandle;
use zk::client::{Copied, Side, copy_templates};
use zk::record::template::{TemplateHeader, TemplateKey};
use zk::transfer::{self, Table};
use zk::{Code, Error, Packet, Sizes, User, UserLayout, option};

/// One of the people of a terminal: slot, number, and templates by finger.
type Person = (u16, &'static str, Vec<(u8, Vec<u8>)>);

/// A terminal that knows these people, takes uploads, and uses this finger algorithm.
async fn with_fingers(algorithm: &'static str, people: Vec<Person>) -> (String, JoinHandle<Vec<Packet>>) {
    terminal(move |request| match request.code {
        Code::GET_FREE_SIZES => {
            let sizes = Sizes { users: Some(people.len() as u32), ..Sizes::default() };
            reply(request, Code::ACK_OK, sizes.encode())
        }
        Code::PREPARE_BUFFER => {
            let records = match Table::parse_request(&request.data) {
                Some(Table::Users) => people.iter().flat_map(|person| UserLayout::Long.encode(&user(person))).collect(),
                _ => people.iter().flat_map(set_of).collect::<Vec<u8>>(),
            };
            reply(request, Code::DATA, transfer::dataset(&records))
        }
        Code::TEMPLATE_READ => {
            let key = TemplateKey::parse(&request.data).unwrap();
            let (_, _, fingers) = people.iter().find(|(slot, ..)| *slot == key.slot).unwrap();
            match fingers.iter().find(|(finger, _)| *finger == key.finger) {
                Some((_, bytes)) => Does::Answers(announced(request, &[&bytes[..], &[0]].concat())),
                None => reply(request, Code::READ_FAILED, []),
            }
        }
        Code::OPTION_READ => option_reply(request, &[(option::FINGER_ALGORITHM, algorithm)]),
        Code::CHECKSUM_BUFFER => reply(request, Code::ACK_OK, [1, 2, 3, 4]),
        _ => done(request),
    })
    .await
}

fn user((slot, number, _): &Person) -> User {
    User { slot: *slot, ..User::new(*number, "") }
}

fn set_of((slot, _, fingers): &Person) -> Vec<u8> {
    let entry = |(finger, bytes): &(u8, Vec<u8>)| {
        let key = TemplateKey { slot: *slot, finger: *finger };
        let header = TemplateHeader { key, flag: if *finger == 9 { 3 } else { 1 }, size: bytes.len() as u16 };
        [&header.encode_in_set().unwrap()[..], bytes].concat()
    };
    fingers.iter().flat_map(entry).collect()
}

/// PREPARE_DATA, DATA in frames of 1008 bytes, ACK_OK.
fn announced(request: &Packet, bytes: &[u8]) -> Vec<Packet> {
    let packet = |code, data: Vec<u8>| Packet::new(code, 7, request.number, data);
    let mut packets = vec![packet(Code::PREPARE_DATA, transfer::announcement(bytes.len() as u32, 1008))];
    packets.extend(bytes.chunks(1008).map(|part| packet(Code::DATA, part.to_vec())));
    packets.push(packet(Code::ACK_OK, Vec::new()));
    packets
}

fn finger(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(seed) | 1).collect()
}

/// The templates that a terminal was told to store: the header of each, and the bytes uploaded before it.
fn stored(asked: &[Packet]) -> Vec<(TemplateHeader, Vec<u8>)> {
    let (mut stored, mut upload, mut announced) = (Vec::new(), Vec::new(), None);
    for packet in asked {
        match packet.code {
            Code::PREPARE_DATA => (upload, announced) = (Vec::new(), transfer::announced_bytes(&packet.data)),
            Code::DATA => {
                assert!(packet.data.len() <= 1024, "no larger part");
                upload.extend_from_slice(&packet.data);
            }
            Code::TEMPLATE_WRITE => {
                assert_eq!(announced, Some(upload.len() as u32));
                stored.push((TemplateHeader::parse_write(&packet.data).unwrap(), upload.clone()));
            }
            _ => {}
        }
    }
    stored
}

#[tokio::test]
async fn one_finger_is_read_here_and_written_there() {
    let bytes = finger(7, 1500);
    let (from_address, _visit) = with_fingers("10", vec![(14, "101", vec![(6, bytes.clone())])]).await;
    let (to_address, visit) = with_fingers("10", vec![(3, "101", Vec::new())]).await;
    let (mut from, mut to) = (connect(&from_address).await, connect(&to_address).await);
    assert!(from.read_template(14, 0).await.unwrap().is_none(), "another finger");
    let template = from.read_template(14, 6).await.unwrap().unwrap();
    to.write_template(3, &template).await.unwrap();
    to.close().await;

    let asked = visit.await.unwrap();
    let header = TemplateHeader { key: TemplateKey { slot: 3, finger: 6 }, flag: 1, size: 1500 };
    assert_eq!(stored(&asked), [(header, bytes)]);
    assert_eq!(
        codes(&asked),
        [
            Code::CONNECT,
            Code::DISABLE_DEVICE,
            Code::PREPARE_DATA,
            Code::DATA,
            Code::DATA,
            Code::CHECKSUM_BUFFER,
            Code::TEMPLATE_WRITE,
            Code::FREE_DATA,
            Code::REFRESH_DATA,
            Code::ENABLE_DEVICE,
            Code::EXIT
        ]
    );
}

#[tokio::test]
async fn a_finger_that_there_can_not_be_is_not_asked_for() {
    let (address, visit) = with_fingers("10", Vec::new()).await;
    let mut client = connect(&address).await;
    assert!(matches!(client.read_template(0, 1).await, Err(Error::Unfit { .. })));
    assert!(matches!(client.read_template(1, 10).await, Err(Error::Unfit { .. })));
    client.close().await;
    assert_eq!(codes(&visit.await.unwrap()), [Code::CONNECT, Code::EXIT]);
}

#[tokio::test]
async fn a_refused_finger_leaves_the_buffer_free_and_the_terminal_enabled() {
    let (from_address, _visit) = with_fingers("10", vec![(14, "101", vec![(6, finger(7, 20))])]).await;
    let template = connect(&from_address).await.read_template(14, 6).await.unwrap().unwrap();
    let (address, visit) = terminal(|request| match request.code {
        Code::TEMPLATE_WRITE => reply(request, Code::ACK_ERROR, []),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    assert!(matches!(client.write_template(3, &template).await, Err(Error::Refused { .. })));
    client.close().await;
    let asked = codes(&visit.await.unwrap());
    assert_eq!(asked[asked.len() - 3..], [Code::FREE_DATA, Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_freed_by_the_farewell() {
    let (from_address, _visit) = with_fingers("10", vec![(14, "101", vec![(6, finger(7, 20))])]).await;
    let template = connect(&from_address).await.read_template(14, 6).await.unwrap().unwrap();
    let (address, visit) = terminal(|request| match request.code {
        Code::DATA => Does::Answers(Vec::new()),
        _ => done(request),
    })
    .await;
    let mut client = connect(&address).await;
    assert!(matches!(client.write_template(3, &template).await, Err(Error::TimedOut { .. })));
    drop(client);
    let asked = codes(&visit.await.unwrap());
    assert_eq!(asked[asked.len() - 3..], [Code::FREE_DATA, Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn the_fingers_of_given_people_are_copied_by_number() {
    let (one, two) = (finger(3, 900), finger(5, 1100));
    let source = vec![
        (14, "101", vec![(1, one.clone()), (9, two.clone())]),
        (15, "102", vec![(0, finger(9, 50))]),
        (16, "103", Vec::new()),
        (17, "105", vec![(0, finger(2, 50))]),
    ];
    let (from_address, _visit) = with_fingers("10", source).await;
    let target = vec![(40, "101", Vec::new()), (14, "102", Vec::new()), (15, "103", Vec::new())];
    let (to_address, visit) = with_fingers("10", target).await;
    let (mut from, mut to) = (connect(&from_address).await, connect(&to_address).await);
    let wanted = ["101", "103", "104", "105"].map(str::to_owned);
    let copied = copy_templates(&mut from, &mut to, &wanted).await.unwrap();
    let expected = Copied {
        templates: 2,
        unknown_at_source: vec!["104".to_owned()],
        unknown_at_target: vec!["105".to_owned()],
        without_template: vec!["103".to_owned()],
    };
    assert_eq!(copied, expected);
    to.close().await;

    let asked = visit.await.unwrap();
    let header = |finger, flag, size| TemplateHeader { key: TemplateKey { slot: 40, finger }, flag, size };
    assert_eq!(stored(&asked), [(header(1, 1, 900), one), (header(9, 3, 1100), two)], "the duress finger stays one");
    let refreshed = asked.iter().filter(|packet| packet.code == Code::REFRESH_DATA).count();
    assert_eq!(refreshed, 1, "a terminal is busy for seconds after it");
}

#[tokio::test]
async fn fingers_of_another_algorithm_are_not_copied() {
    let (from_address, _visit) = with_fingers("9", vec![(14, "101", vec![(1, finger(3, 90))])]).await;
    let (to_address, visit) = with_fingers("10", vec![(14, "101", Vec::new())]).await;
    let (mut from, mut to) = (connect(&from_address).await, connect(&to_address).await);
    let failed = copy_templates(&mut from, &mut to, &["101".to_owned()]).await.unwrap_err();
    assert_eq!(failed.side, Side::Target);
    assert_eq!(
        failed.to_string(),
        "the terminal to write to: it uses finger algorithm 10, the other one 9: enrol the fingers here"
    );
    to.close().await;
    assert!(stored(&visit.await.unwrap()).is_empty());
}
