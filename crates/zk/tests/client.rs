//! The client against things that are no healthy terminal: each failure says what happened, and no way out leaves a terminal
//! disabled.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zk::client::{Client, Options, Transport};
use zk::{Code, Error, Framer, Packet};

fn impatient() -> Options {
    Options { transport: Transport::Tcp, idle_timeout: Duration::from_millis(200), ..Options::default() }
}

/// A listener that treats its one visitor as `manner` says, and the address it has.
async fn listener<F, T>(manner: impl FnOnce(TcpStream) -> F + Send + 'static) -> (String, tokio::task::JoinHandle<T>)
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let visit = tokio::spawn(async move { manner(listener.accept().await.unwrap().0).await });
    (address, visit)
}

/// Answers every command that `answers` knows with ACK_OK, is silent to the others, and returns all that it was asked.
async fn obedient_except(mut stream: TcpStream, silent: &'static [Code]) -> Vec<Code> {
    let mut framer = Framer::new();
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        framer.push(&buffer[..count]);
        while let Some(packet) = framer.next_packet() {
            asked.push(packet.code);
            if !silent.contains(&packet.code) {
                let reply = Packet::new(Code::ACK_OK, 7, packet.number, []);
                // The visitor may be gone already.
                let _ = stream.write_all(&reply.to_frame()).await;
            }
        }
    }
    asked
}

#[tokio::test]
async fn a_web_server_is_told_apart() {
    let (address, _visit) = listener(|mut stream| async move {
        stream.write_all(b"HTTP/1.0 408 Request Time-out\r\n\r\n").await.unwrap();
    })
    .await;
    let error = Client::connect(address, impatient()).await.unwrap_err();
    assert!(matches!(error, Error::NotATerminal { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_listener_and_a_closing_one_are_told_apart() {
    let (address, _visit) = listener(|stream| obedient_except(stream, &[Code::CONNECT])).await;
    assert!(matches!(Client::connect(address, impatient()).await, Err(Error::TimedOut { doing: "connecting" })));

    let (address, _visit) = listener(|stream| async move { drop(stream) }).await;
    assert!(matches!(Client::connect(address, impatient()).await, Err(Error::Closed { .. } | Error::Io { .. })));
}

#[tokio::test]
async fn nobody_listening_is_a_network_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(Client::connect(address, impatient()).await, Err(Error::Io { .. })));
}

#[tokio::test]
async fn a_read_that_fails_leaves_the_terminal_enabled_and_says_exit() {
    let (address, visit) = listener(|stream| obedient_except(stream, &[Code::PREPARE_BUFFER])).await;
    let mut client = Client::connect(address, impatient()).await.unwrap();
    assert!(matches!(client.attendance().await, Err(Error::TimedOut { .. })));
    assert!(matches!(client.time().await, Err(Error::Interrupted)), "the connection is of no more use");
    client.close().await;
    let asked = visit.await.unwrap();
    assert_eq!(
        asked,
        [
            Code::CONNECT,
            Code::DISABLE_DEVICE,
            Code::GET_FREE_SIZES,
            Code::PREPARE_BUFFER,
            Code::ENABLE_DEVICE,
            Code::EXIT
        ]
    );
}

#[tokio::test]
async fn a_client_dropped_in_the_middle_of_a_read_enables_the_terminal_and_says_exit() {
    let (address, visit) = listener(|stream| obedient_except(stream, &[Code::PREPARE_BUFFER])).await;
    let mut client = Client::connect(address, Options::default()).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(100), client.attendance()).await;
    assert!(given_up.is_err());
    drop(client);
    let asked = visit.await.unwrap();
    assert_eq!(asked[asked.len() - 2..], [Code::ENABLE_DEVICE, Code::EXIT]);
}

#[tokio::test]
async fn an_orderly_close_says_exit_and_nothing_more() {
    let (address, visit) = listener(|stream| obedient_except(stream, &[])).await;
    let client = Client::connect(address, impatient()).await.unwrap();
    client.close().await;
    assert_eq!(visit.await.unwrap(), [Code::CONNECT, Code::EXIT]);
}
