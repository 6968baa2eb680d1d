//! A terminal of a few lines, for tests of what a client says and makes of the answers.
#![allow(dead_code, unreachable_pub)] // Each test file uses a part of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zk::client::{Client, Options};
use zk::transfer::{self, ChunkRequest};
use zk::{Code, Framer, PackedTime, Packet, Sizes, option};

/// What the terminal does about a request.
pub enum Does {
    /// Answers with these.
    Answers(Vec<Packet>),
    /// Hangs up.
    HangsUp,
}

/// The session that [`reply`] and [`healthy`] speak of.
pub const SESSION: u16 = 7;

pub fn reply(request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Does {
    Does::Answers(vec![Packet::new(code, SESSION, request.number, data)])
}

pub fn done(request: &Packet) -> Does {
    reply(request, Code::ACK_OK, [])
}

/// A reply to the option requests that `options` has a value for, a refusal to others.
pub fn option_reply(request: &Packet, options: &[(&str, &str)]) -> Does {
    let name = option::requested_name(&request.data);
    match options.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => reply(request, Code::ACK_OK, option::answer(&name, value)),
        None => reply(request, Code::ACK_ERROR, []),
    }
}

/// Serves one client in the manner of `does`, and returns its requests when it has gone.
pub async fn terminal(mut does: impl FnMut(&Packet) -> Does + Send + 'static) -> (String, JoinHandle<Vec<Packet>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let visit = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut framer, mut asked, mut buffer) = (Framer::new(), Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            framer.push(&buffer[..count]);
            while let Some(request) = framer.next_packet() {
                let what = does(&request);
                asked.push(request);
                match what {
                    // The client may be gone already.
                    Does::Answers(packets) => {
                        for packet in packets {
                            let _ = stream.write_all(&packet.to_frame()).await;
                        }
                    }
                    Does::HangsUp => return asked,
                }
            }
        }
        asked
    });
    (address, visit)
}

pub async fn connect(address: &str) -> Client {
    let options = Options { idle_timeout: Duration::from_millis(500), ..Options::default() };
    Client::connect(address, options).await.unwrap()
}

pub fn codes(asked: &[Packet]) -> Vec<Code> {
    asked.iter().map(|packet| packet.code).collect()
}

/// The data of the only request of this kind.
pub fn sent(asked: &[Packet], code: Code) -> Vec<u8> {
    let data: Vec<_> = asked.iter().filter(|packet| packet.code == code).map(|packet| packet.data.clone()).collect();
    assert_eq!(data.len(), 1, "{code} once in {asked:?}");
    data.into_iter().next().unwrap()
}

/// Records of 40 bytes.
pub fn log_of(records: u32) -> Vec<u8> {
    let record = |index: u32| {
        let mut record = [0; 40];
        let number = (index % 500 + 1).to_string();
        record[2..2 + number.len()].copy_from_slice(number.as_bytes());
        record[26] = 1;
        record[27..31].copy_from_slice(&PackedTime(864_123_120 + index as i32).to_bytes());
        record
    };
    (0..records).flat_map(record).collect()
}

/// What a healthy terminal with this log of 40-byte records answers, in DATA packets that fit a datagram.
pub fn healthy(request: &Packet, log: &[u8]) -> Vec<Packet> {
    let packet = |code, session, data: &[u8]| Packet::new(code, session, request.number, data);
    let dataset = transfer::dataset(log);
    match request.code {
        Code::GET_FREE_SIZES => {
            let sizes = Sizes { attendance: Some((log.len() / 40) as u32), ..Sizes::default() };
            vec![packet(Code::ACK_OK, SESSION, &sizes.encode())]
        }
        Code::OPTION_READ => {
            let name = option::requested_name(&request.data);
            vec![packet(Code::ACK_OK, SESSION, &option::answer(&name, "UDP0001"))]
        }
        Code::PREPARE_BUFFER => vec![packet(Code::ACK_OK, SESSION, &transfer::buffered_answer(dataset.len() as u32))],
        Code::READ_BUFFER => {
            let ChunkRequest { offset, length } = ChunkRequest::parse(&request.data).unwrap();
            let part = &dataset[offset as usize..(offset + length) as usize];
            let announcement = packet(Code::PREPARE_DATA, SESSION, &transfer::announcement(length, 1024));
            let data = (0..).zip(part.chunks(1024)).map(|(index, data)| packet(Code::DATA, index, data));
            [announcement].into_iter().chain(data).chain([packet(Code::ACK_OK, 0x7c, &[])]).collect()
        }
        _ => vec![packet(Code::ACK_OK, SESSION, &[])],
    }
}
