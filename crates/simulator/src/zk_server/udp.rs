//! The port over UDP: each datagram is a packet, and whoever connects is served until it leaves or falls silent (zk 1).

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};
use zk::{Code, Packet};

use super::conversation::{Answer, Conversation};
use super::{Seat, VANISHED};
use crate::terminal::Terminal;

/// Most data bytes of one datagram (zk 1).
const DATAGRAM_BYTES: usize = 1024;
/// Largest datagram that is read.
const BUFFER_BYTES: usize = 64 << 10;

/// The one who is served.
struct Client<'a> {
    address: SocketAddr,
    conversation: Conversation,
    heard: Instant,
    restarts: usize,
    _seated: SemaphorePermit<'a>,
}

pub(super) async fn serve(terminal: &Terminal, socket: &UdpSocket, seat: &Seat) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut client: Option<Client<'_>> = None;
    loop {
        let received = match &mut client {
            None => receive(socket, &mut buffer).await?,
            Some(served) => {
                let enabled_at = served.conversation.enabled_at;
                tokio::select! {
                    received = receive(socket, &mut buffer) => received?,
                    event = served.conversation.next_event() => {
                        send(terminal, socket, served.address, &[event]).await?;
                        continue;
                    }
                    () = Conversation::enables_itself(enabled_at) => {
                        served.conversation.enabled_itself();
                        continue;
                    }
                    () = sleep_until(served.heard + VANISHED) => {
                        leave(&mut client);
                        continue;
                    }
                    () = terminal.restarted(served.restarts) => {
                        leave(&mut client);
                        continue;
                    }
                }
            }
        };
        let Some((request, from)) = received else { continue };
        if request.code == Code::CONNECT && client.as_ref().is_none_or(|served| served.address == from) {
            leave(&mut client);
            client = seat.0.try_acquire().ok().map(|seated| Client::new(terminal, from, seated));
        }
        match &mut client {
            Some(served) if served.address == from => {
                served.heard = Instant::now();
                let Answer { packets, ends } = served.conversation.answer(&request);
                send(terminal, socket, from, &packets).await?;
                if ends {
                    leave(&mut client);
                }
            }
            // Somebody else is served: silence.
            Some(_) => {}
            // Over TCP, too; else nobody is, and only CONNECT makes sense.
            None if seat.0.available_permits() == 0 => {}
            None => {
                let unknown = Packet::new(Code::ACK_UNAUTH, 0, request.number, []);
                send(terminal, socket, from, &[unknown]).await?;
            }
        }
    }
}

impl<'a> Client<'a> {
    fn new(terminal: &Terminal, address: SocketAddr, seated: SemaphorePermit<'a>) -> Client<'a> {
        let frame_bytes = terminal.profile().binary.data_frame_bytes.min(DATAGRAM_BYTES);
        Client {
            address,
            conversation: Conversation::new(terminal.clone(), frame_bytes),
            heard: Instant::now(),
            restarts: terminal.restarts(),
            _seated: seated,
        }
    }
}

fn leave(client: &mut Option<Client<'_>>) {
    if let Some(mut gone) = client.take() {
        gone.conversation.end();
    }
}

/// The next datagram, if it is a packet.
async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Option<(Packet, SocketAddr)>> {
    match socket.recv_from(buffer).await {
        Ok((count, from)) => {
            let packet = Packet::parse(buffer.get(..count).unwrap_or_default());
            Ok(packet.map(|(packet, _)| (packet, from)))
        }
        // Word that an earlier datagram reached nobody; the socket lives.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

async fn send(terminal: &Terminal, socket: &UdpSocket, to: SocketAddr, packets: &[Packet]) -> io::Result<()> {
    let pause = terminal.profile().binary.frame_pause;
    let mut follows_data = false;
    for packet in packets {
        let is_bulk = matches!(packet.code, Code::PREPARE_DATA | Code::DATA);
        if (is_bulk || follows_data) && !pause.is_zero() {
            sleep(pause).await;
        }
        follows_data = is_bulk;
        socket.send_to(&packet.to_payload(), to).await?;
    }
    Ok(())
}
