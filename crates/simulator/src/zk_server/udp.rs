//! The port over UDP: each datagram is a packet, and whoever connects is served until it leaves or falls silent (zk 1).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};
use zk::{Code, Packet};

use super::conversation::{Answer, Conversation};
use super::line::{paced, until};
use super::{Seat, VANISHED};
use crate::faults::Faults;
use crate::random::Random;
use crate::terminal::Terminal;

/// Most data bytes of one datagram (zk 1).
const DATAGRAM_BYTES: usize = 1024;
/// Largest datagram that is read.
const BUFFER_BYTES: usize = 64 << 10;

/// The one who is served.
struct Client {
    address: SocketAddr,
    conversation: Conversation,
    heard: Instant,
    restarts: usize,
    _seated: OwnedSemaphorePermit,
}

pub(super) async fn serve(terminal: &Terminal, socket: &UdpSocket, seat: &Seat) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut air = Air::new(terminal, socket);
    let mut client: Option<Client> = None;
    loop {
        let received = match &mut client {
            None => receive(terminal, socket, &mut buffer).await?,
            Some(served) => {
                let enabled_at = served.conversation.enabled_at;
                tokio::select! {
                    received = receive(terminal, socket, &mut buffer) => received?,
                    event = served.conversation.next_event() => {
                        air.send(served.address, &[event]).await?;
                        continue;
                    }
                    () = until(enabled_at) => {
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
            client = seat.take_if_free().map(|seated| Client::new(terminal, from, seated));
        }
        match &mut client {
            Some(served) if served.address == from => {
                served.heard = Instant::now();
                let Answer { packets, ends } = served.conversation.answer(&request);
                terminal.ponder().await;
                air.send(from, &packets).await?;
                if ends {
                    leave(&mut client);
                }
            }
            // Somebody else is served: silence.
            Some(_) => {}
            // Over TCP, too; else nobody is, and only CONNECT makes sense.
            None if seat.is_taken() => {}
            None => {
                let unknown = Packet::new(Code::ACK_UNAUTH, 0, request.number, []);
                air.send(from, &[unknown]).await?;
            }
        }
    }
}

impl Client {
    fn new(terminal: &Terminal, address: SocketAddr, seated: OwnedSemaphorePermit) -> Client {
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

fn leave(client: &mut Option<Client>) {
    if let Some(mut gone) = client.take() {
        gone.conversation.end();
    }
}

/// The next datagram, if it is a packet that the terminal takes.
async fn receive(
    terminal: &Terminal,
    socket: &UdpSocket,
    buffer: &mut [u8],
) -> io::Result<Option<(Packet, SocketAddr)>> {
    match socket.recv_from(buffer).await {
        Ok((count, from)) => {
            let packet = Packet::parse(buffer.get(..count).unwrap_or_default());
            let taken = packet.filter(|(_, is_sound)| *is_sound || !terminal.faults().strict_checksum);
            Ok(taken.map(|(packet, _)| (packet, from)))
        }
        // Word that an earlier datagram reached nobody; the socket lives.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

/// The network between the terminal and its client: datagrams may be lost, doubled, or overtaken by the next.
struct Air<'a> {
    socket: &'a UdpSocket,
    pause: Duration,
    faults: &'a Faults,
    random: Random,
    /// A datagram that the next one overtakes.
    overtaken: Option<(SocketAddr, Vec<u8>)>,
}

impl<'a> Air<'a> {
    fn new(terminal: &'a Terminal, socket: &'a UdpSocket) -> Air<'a> {
        Air {
            socket,
            pause: terminal.profile().binary.frame_pause,
            faults: terminal.faults(),
            random: Random::of(&[terminal.seed()]),
            overtaken: None,
        }
    }

    async fn send(&mut self, to: SocketAddr, packets: &[Packet]) -> io::Result<()> {
        for (packet, pause) in paced(packets, self.pause) {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            self.carry(to, packet.to_payload()).await?;
        }
        Ok(())
    }

    async fn carry(&mut self, to: SocketAddr, datagram: Vec<u8>) -> io::Result<()> {
        let Faults { udp_loss_percent, udp_duplicate_percent, udp_reorder_percent, .. } = self.faults;
        let mut chance = |percent: Option<u32>| self.random.chance(u64::from(percent.unwrap_or(0)) * 10);
        let is_lost = chance(udp_loss_percent.get());
        let copies = 1 + usize::from(chance(udp_duplicate_percent.get()));
        let is_overtaken = chance(udp_reorder_percent.get());
        let earlier = self.overtaken.take();
        if is_overtaken && !is_lost {
            self.overtaken = Some((to, datagram));
        } else if !is_lost {
            for _ in 0..copies {
                self.socket.send_to(&datagram, to).await?;
            }
        }
        if let Some((to, datagram)) = earlier {
            self.socket.send_to(&datagram, to).await?;
        }
        Ok(())
    }
}
