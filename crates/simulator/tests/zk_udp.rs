//! The terminal over UDP, and the one place it has for clients of both transports (zk 1).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{company_log, serve};
use simulator::{Profile, Terminal, Transports, ZkServer};
use tokio::net::UdpSocket;
use tokio::time::timeout;
use zk::transfer::{ChunkRequest, Table};
use zk::{AttendanceLog, Code, Packet};

/// A client that says one packet and hears what comes.
struct Peer {
    socket: UdpSocket,
    session: u16,
    number: u16,
}

impl Peer {
    async fn to(address: &str) -> Peer {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(address).await.unwrap();
        Peer { socket, session: 0, number: 0 }
    }

    async fn say(&mut self, code: Code, data: impl Into<Vec<u8>>) {
        let packet = Packet::new(code, self.session, self.number, data);
        self.number += 1;
        self.socket.send(&packet.to_payload()).await.unwrap();
    }

    async fn hear(&self) -> Packet {
        let mut buffer = [0; 2048];
        let heard = timeout(Duration::from_secs(5), self.socket.recv(&mut buffer)).await;
        let count = heard.expect("the terminal answers").unwrap();
        let (packet, is_sound) = Packet::parse(&buffer[..count]).unwrap();
        assert!(is_sound);
        packet
    }

    async fn ask(&mut self, code: Code, data: impl Into<Vec<u8>>) -> Packet {
        self.say(code, data).await;
        self.hear().await
    }

    async fn connect(&mut self) -> Code {
        (self.session, self.number) = (0, 0);
        let reply = self.ask(Code::CONNECT, []).await;
        self.session = reply.session;
        reply.code
    }
}

#[tokio::test]
async fn a_terminal_of_the_oldest_kind_is_read_by_datagrams_of_at_most_1024_bytes() {
    let terminal = Terminal::builder("SIM0001").profile("U580".parse().unwrap()).log(company_log(1001)).build();
    let address = serve(&terminal).await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "it has no TCP");
    let mut peer = Peer::to(&address).await;
    assert_eq!(peer.connect().await, Code::ACK_OK);
    let size = peer.ask(Code::PREPARE_BUFFER, Table::Attendance.request()).await.data;
    let length = u32::from_le_bytes(size[1..5].try_into().unwrap());
    assert_eq!(length, 4 + 1001 * 8);
    let chunk = ChunkRequest { offset: 0, length };
    assert_eq!(peer.ask(Code::READ_BUFFER, chunk.encode()).await.code, Code::PREPARE_DATA);
    let mut dataset = Vec::new();
    for index in 0.. {
        let packet = peer.hear().await;
        if packet.code == Code::ACK_OK {
            break;
        }
        assert_eq!((packet.code, packet.session), (Code::DATA, index), "the index stands where the session does else");
        assert!(packet.data.len() <= 1024);
        dataset.extend(packet.data);
    }
    let log = AttendanceLog::decode(&dataset, Some(1001)).unwrap();
    let times = |records: &[zk::AttendanceRecord]| records.iter().map(|record| record.time).collect::<Vec<_>>();
    assert_eq!(times(&log.records), times(&terminal.log(0..usize::MAX)));
    assert_eq!(peer.ask(Code::EXIT, []).await.code, Code::ACK_OK);
    assert_eq!(peer.ask(Code::GET_TIME, []).await.code, Code::ACK_UNAUTH, "the session is over");
}

#[tokio::test]
async fn one_client_is_served_at_a_time_over_both_transports() {
    let terminal = Terminal::builder("SIM0001").build();
    let server = ZkServer::bind(terminal.clone(), "127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    tokio::spawn(server.serve());

    let mut first = Peer::to(&address).await;
    assert_eq!(first.connect().await, Code::ACK_OK);
    let mut second = Peer::to(&address).await;
    second.say(Code::CONNECT, []).await;
    let hurried = zk::client::Options { idle_timeout: Duration::from_millis(100), ..Default::default() };
    assert!(zk::client::Client::connect(address.as_str(), hurried).await.is_err(), "TCP hears nothing either");
    assert_eq!(first.ask(Code::GET_TIME, []).await.code, Code::ACK_OK);
    assert_eq!(first.ask(Code::EXIT, []).await.code, Code::ACK_OK);

    let over_tcp = zk::client::Client::connect(address.as_str(), Default::default()).await.unwrap();
    let mut buffer = [0; 64];
    assert!(second.socket.try_recv(&mut buffer).is_err(), "the second was never answered");
    over_tcp.close().await;
    // The place is free a moment after the goodbye; until then nothing is answered.
    while timeout(Duration::from_millis(50), second.connect()).await.is_err() {}
}

#[tokio::test]
async fn a_client_that_connects_again_begins_anew() {
    let terminal = Terminal::builder("SIM0001").build();
    let address = serve(&terminal).await;
    let mut peer = Peer::to(&address).await;
    assert_eq!(peer.connect().await, Code::ACK_OK);
    let first = peer.session;
    assert_eq!(peer.ask(Code::DISABLE_DEVICE, []).await.code, Code::ACK_OK);
    assert!(terminal.is_disabled());
    assert_eq!(peer.connect().await, Code::ACK_OK);
    assert_ne!(peer.session, first);
    assert!(!terminal.is_disabled());
}

#[tokio::test]
async fn transports_can_be_chosen_whatever_the_make() {
    let profile: Profile = "u580".parse().unwrap();
    let terminal = Terminal::builder("SIM0001").profile(profile).build();
    let server = ZkServer::bind_over(terminal, "127.0.0.1:0", Transports::Tcp).await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve());
    zk::client::Client::connect(address, Default::default()).await.unwrap().close().await;
}
