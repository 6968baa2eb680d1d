//! The client over real UDP sockets, and how it finds out which transport a terminal speaks (zk 1).
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{SESSION, codes, healthy, log_of, reply, terminal};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zk::client::{Client, Options, Transport};
use zk::{Code, Error, Packet, comm_key, option};

fn options(transport: Transport) -> Options {
    let patience = Duration::from_millis(900);
    Options { transport, connect_timeout: patience, idle_timeout: patience, ..Options::default() }
}

/// A terminal on a UDP port. `send` gets the number of each datagram to send and says what becomes of it. Its requests come out of
/// the channel.
async fn udp_terminal(
    mut answers: impl FnMut(&Packet) -> Vec<Packet> + Send + 'static,
    mut send: impl FnMut(usize) -> Fate + Send + 'static,
) -> (SocketAddr, mpsc::UnboundedReceiver<(Packet, SocketAddr)>, JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (heard, requests) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let (mut buffer, mut sent, mut held_back) = ([0; 2048], 0, None);
        while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
            let (request, is_sound) = Packet::parse(&buffer[..count]).unwrap();
            assert!(is_sound, "{request:?}");
            for packet in answers(&request) {
                let payload = packet.to_payload();
                let copies = match send(sent) {
                    Fate::Arrives => 1,
                    Fate::IsLost => 0,
                    Fate::ArrivesTwice => 2,
                    Fate::IsOvertaken => {
                        held_back = Some(payload);
                        sent += 1;
                        continue;
                    }
                };
                sent += 1;
                for _ in 0..copies {
                    socket.send_to(&payload, from).await.unwrap();
                }
                if let Some(late) = held_back.take() {
                    socket.send_to(&late, from).await.unwrap();
                }
            }
            // Whoever reads them may be gone.
            let _ = heard.send((request, from));
        }
    });
    (address, requests, task)
}

enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    /// The next one is sent first.
    IsOvertaken,
}

fn heard(requests: &mut mpsc::UnboundedReceiver<(Packet, SocketAddr)>) -> Vec<Code> {
    std::iter::from_fn(|| requests.try_recv().ok()).map(|(packet, _)| packet.code).collect()
}

#[tokio::test]
async fn a_log_comes_through_a_network_that_loses_repeats_and_reorders() {
    let log = log_of(5_000);
    let expected = log.clone();
    let fate = |sent: usize| match sent % 89 {
        17 | 71 => Fate::IsLost,
        29 => Fate::ArrivesTwice,
        43 | 60 => Fate::IsOvertaken,
        _ => Fate::Arrives,
    };
    let (address, mut requests, _task) = udp_terminal(move |request| healthy(request, &log), fate).await;
    let mut client = Client::connect(address, options(Transport::Udp)).await.unwrap();
    let got = client.attendance().await.unwrap();
    assert_eq!(got.raw(), expected);
    assert_eq!(got.is_complete(), Some(true));
    client.close().await;
    let codes = heard(&mut requests);
    assert!(codes.iter().filter(|code| **code == Code::READ_BUFFER).count() > 13, "{codes:?}");
    assert_eq!(codes.last(), Some(&Code::EXIT));
}

#[tokio::test]
async fn a_request_that_is_lost_is_sent_again_with_its_number() {
    // The answer to CONNECT is lost once, and so is that to the option.
    let fate = |sent| if matches!(sent, 0 | 2) { Fate::IsLost } else { Fate::Arrives };
    let (address, mut requests, _task) = udp_terminal(|request| healthy(request, &[]), fate).await;
    let mut client = Client::connect(address, options(Transport::Udp)).await.unwrap();
    assert_eq!(client.option(option::SERIAL).await.unwrap().as_deref(), Some("UDP0001"));
    let mut next = || requests.try_recv().unwrap().0;
    assert_eq!(next(), next(), "CONNECT");
    assert_eq!(next(), next(), "the option");
}

#[tokio::test]
async fn the_datagrams_of_strangers_are_ignored() {
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, mut requests, _task) = udp_terminal(
        |request| if request.code == Code::GET_TIME { Vec::new() } else { healthy(request, &[]) },
        |_| Fate::Arrives,
    )
    .await;
    let mut client = Client::connect(address, options(Transport::Udp)).await.unwrap();
    let (_, client_address) = requests.recv().await.unwrap();
    let forging = async {
        let (request, _) = requests.recv().await.unwrap();
        let forged = Packet::new(Code::ACK_OK, SESSION, request.number, [0; 4]);
        stranger.send_to(&forged.to_payload(), client_address).await.unwrap();
    };
    let (time, ()) = tokio::join!(client.time(), forging);
    assert!(matches!(time, Err(Error::TimedOut { .. })), "{time:?}");
}

#[tokio::test]
async fn a_key_is_presented_over_udp_too() {
    let answers = |request: &Packet| {
        let is_right = request.code == Code::AUTH && comm_key::verify(1234, SESSION, &request.data);
        let code = if is_right { Code::ACK_OK } else { Code::ACK_UNAUTH };
        vec![Packet::new(code, SESSION, request.number, [])]
    };
    let (address, _requests, _task) = udp_terminal(answers, |_| Fate::Arrives).await;
    let right = Options { comm_key: 1234, ..options(Transport::Udp) };
    Client::connect(address, right).await.unwrap();
    let wrong = Client::connect(address, options(Transport::Udp)).await;
    assert!(matches!(wrong, Err(Error::WrongKey)), "{wrong:?}");
}

#[tokio::test]
async fn a_client_that_is_dropped_says_goodbye_over_udp() {
    let (address, mut requests, _task) = udp_terminal(|request| healthy(request, &[]), |_| Fate::Arrives).await;
    let mut client = Client::connect(address, options(Transport::Udp)).await.unwrap();
    client.disable(None).await.unwrap();
    drop(client);
    let mut said = Vec::new();
    while said.last() != Some(&Code::EXIT) {
        said.push(requests.recv().await.unwrap().0.code);
    }
    assert_eq!(said, [Code::CONNECT, Code::DISABLE_DEVICE, Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn a_terminal_that_only_speaks_udp_is_found_by_itself() {
    let (address, _requests, _task) = udp_terminal(|request| healthy(request, &[]), |_| Fate::Arrives).await;
    let mut client = Client::connect(address, options(Transport::Auto)).await.unwrap();
    assert_eq!(client.option(option::SERIAL).await.unwrap().as_deref(), Some("UDP0001"));
    let tcp_only = Client::connect(address, options(Transport::Tcp)).await;
    assert!(matches!(tcp_only, Err(Error::Io { .. })), "{tcp_only:?}");
}

#[tokio::test]
async fn what_a_terminal_says_over_tcp_is_final() {
    let (address, visit) = terminal(|request| reply(request, Code::LOCKED, [])).await;
    let error = Client::connect(&address, options(Transport::Auto)).await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert_eq!(codes(&visit.await.unwrap()), [Code::CONNECT]);
}

#[tokio::test]
async fn when_nobody_answers_the_error_tells_what_both_transports_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = Client::connect(address, options(Transport::Auto)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("no terminal answered (over TCP: Connection refused"), "{text}");
    assert!(text.contains("; over UDP: Connection refused"), "{text}");

    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let error = Client::connect(silent.local_addr().unwrap(), options(Transport::Auto)).await.unwrap_err();
    assert!(error.to_string().contains("; over UDP: no answer)"), "{error}");
}
