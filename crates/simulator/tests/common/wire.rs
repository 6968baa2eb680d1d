//! A client of a few lines that shows the wire as it is.

use std::time::Duration;

use simulator::{Faults, Terminal, TerminalBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use zk::client::{Client, Options, Transport};
use zk::transfer::{ChunkRequest, Table};
use zk::{Code, Framer, Packet};

use super::{assert_same_log, company_log, serve};

const PATIENCE: Duration = Duration::from_secs(5);
/// Silence after which nothing more is expected.
const QUIET: Duration = Duration::from_millis(400);

/// A terminal with these faults that has something to tell.
pub(crate) fn faulty(faults: &str) -> TerminalBuilder {
    let faults: Faults = faults.parse().unwrap();
    Terminal::builder("SIM0001").faults(faults).log(company_log(300))
}

/// Our client over TCP, not very patient.
pub(crate) async fn connect(address: &str) -> Client {
    connect_over(address, Transport::Tcp).await.unwrap()
}

pub(crate) async fn connect_over(address: &str, transport: Transport) -> Result<Client, zk::Error> {
    let options = Options { transport, idle_timeout: Duration::from_secs(2), ..Options::default() };
    Client::connect(address, options).await
}

/// Reads the whole log with our client over TCP and over UDP; it must be what the terminal holds.
pub(crate) async fn our_client_copes(terminal: &Terminal) {
    let address = serve(terminal).await;
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut client = connect_over(&address, transport).await.unwrap();
        let log = client.attendance().await.unwrap();
        assert_same_log(terminal, &log.records, &format!("{transport:?}"));
        assert_eq!(client.users().await.unwrap().len(), terminal.users().len());
        client.close().await;
    }
}

/// Raw packets over TCP.
pub(crate) struct Wire {
    stream: TcpStream,
    framer: Framer,
    pub(crate) session: u16,
    number: u16,
}

impl Wire {
    /// Connects the socket and says nothing.
    pub(crate) async fn open(address: &str) -> Wire {
        let stream = TcpStream::connect(address).await.unwrap();
        Wire { stream, framer: Framer::new(), session: 0, number: 0 }
    }

    /// Opens a session.
    pub(crate) async fn connect(address: &str) -> Wire {
        let mut wire = Wire::open(address).await;
        wire.session = wire.ask(Code::CONNECT, []).await.session;
        wire
    }

    pub(crate) fn packet(&mut self, code: Code, data: impl Into<Vec<u8>>) -> Packet {
        let packet = Packet::new(code, self.session, self.number, data);
        self.number += 1;
        packet
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn say(&mut self, code: Code, data: impl Into<Vec<u8>>) {
        let frame = self.packet(code, data).to_frame();
        self.write(&frame).await;
    }

    pub(crate) async fn ask(&mut self, code: Code, data: impl Into<Vec<u8>>) -> Packet {
        self.say(code, data).await;
        self.hear().await.expect("the terminal answers")
    }

    /// The next packet; `None` when the terminal ended the connection.
    pub(crate) async fn hear(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = self.framer.next_packet() {
                return Some(packet);
            }
            let mut buffer = [0; 8192];
            let count = timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("something comes");
            match count.unwrap_or(0) {
                0 => return None,
                count => self.framer.push(&buffer[..count]),
            }
        }
    }

    /// Prepares a table and asks for its first bytes; what comes then.
    pub(crate) async fn read_chunk(&mut self, table: Table, length: u32) -> Vec<Packet> {
        let prepared = self.ask(Code::PREPARE_BUFFER, table.request()).await;
        assert_eq!(prepared.code, Code::ACK_OK, "the set is not inline");
        self.say(Code::READ_BUFFER, ChunkRequest { offset: 0, length }.encode()).await;
        // The clock tells that the chunk is over.
        self.say(Code::GET_VERSION, []).await;
        let last = self.number - 1;
        let mut packets = Vec::new();
        loop {
            let packet = self.hear().await.expect("the terminal answers");
            if packet.number == last {
                return packets;
            }
            packets.push(packet);
        }
    }
}

/// Raw packets over UDP, in the order in which they came.
pub(crate) struct Datagrams {
    socket: UdpSocket,
    session: u16,
    number: u16,
}

impl Datagrams {
    pub(crate) async fn to(address: &str) -> Datagrams {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(address).await.unwrap();
        Datagrams { socket, session: 0, number: 0 }
    }

    pub(crate) async fn say(&mut self, code: Code, data: impl Into<Vec<u8>>) {
        let packet = Packet::new(code, self.session, self.number, data);
        self.number += 1;
        self.socket.send(&packet.to_payload()).await.unwrap();
    }

    /// The next packet; `None` when it is quiet for a while.
    pub(crate) async fn hear(&mut self) -> Option<Packet> {
        let mut buffer = [0; 2048];
        let received = timeout(QUIET, self.socket.recv(&mut buffer)).await.ok()?;
        let (packet, _) = Packet::parse(&buffer[..received.unwrap()]).expect("terminals send packets");
        if self.session == 0 {
            self.session = packet.session;
        }
        Some(packet)
    }

    /// Asks until something is answered: requests and answers may be lost.
    pub(crate) async fn insist(&mut self, code: Code, data: impl Into<Vec<u8>>) {
        let data = data.into();
        loop {
            self.say(code, data.clone()).await;
            if self.hear().await.is_some() {
                return;
            }
        }
    }

    /// All that comes until it is quiet.
    pub(crate) async fn hear_all(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        while let Some(packet) = self.hear().await {
            packets.push(packet);
        }
        packets
    }
}
