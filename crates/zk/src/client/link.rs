//! The socket below a client: it moves bytes and knows nothing of what they mean.
//!
//! Invariant: a packet goes out whole or not at all, also when the future that sends it is dropped: what was not written yet is
//! written first the next time.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::session::Carrier;

pub(super) struct Link {
    socket: Socket,
    outgoing: VecDeque<Vec<u8>>,
    /// Bytes of the first outgoing packet that are written.
    written: usize,
}

enum Socket {
    Tcp(TcpStream),
    /// Connected, so that only the terminal's datagrams arrive.
    Udp(UdpSocket),
}

impl Link {
    /// Connects to the first of `addresses` that takes it.
    pub(super) async fn connect(carrier: Carrier, addresses: &[SocketAddr]) -> io::Result<Link> {
        let socket = match carrier {
            Carrier::Stream => {
                let stream = TcpStream::connect(addresses).await?;
                stream.set_nodelay(true)?;
                Socket::Tcp(stream)
            }
            Carrier::Datagrams => {
                let address = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
                let any = match address {
                    SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                    SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
                };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(address).await?;
                Socket::Udp(socket)
            }
        };
        Ok(Link { socket, outgoing: VecDeque::new(), written: 0 })
    }

    /// Takes one frame or one datagram, for [`Link::flush`].
    pub(super) fn push(&mut self, packet: Vec<u8>) {
        self.outgoing.push_back(packet);
    }

    /// Sends what was pushed.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while let Some(packet) = self.outgoing.front() {
            let rest = packet.get(self.written..).unwrap_or_default();
            let count = match &mut self.socket {
                Socket::Tcp(stream) => stream.write(rest).await?,
                Socket::Udp(socket) => socket.send(rest).await?,
            };
            self.note_written(count)?;
        }
        Ok(())
    }

    /// Sends what was pushed without waiting: it fits the socket's buffer, or the line is dead anyway.
    pub(super) fn flush_and_forget(&mut self) {
        while let Some(packet) = self.outgoing.front() {
            let rest = packet.get(self.written..).unwrap_or_default();
            let written = match &self.socket {
                Socket::Tcp(stream) => stream.try_write(rest),
                Socket::Udp(socket) => socket.try_send(rest),
            };
            if written.and_then(|count| self.note_written(count)).is_err() {
                return;
            }
        }
    }

    fn note_written(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.written += count;
        if self.outgoing.front().is_some_and(|packet| packet.len() <= self.written) {
            self.outgoing.pop_front();
            self.written = 0;
        }
        Ok(())
    }

    /// What has come: a piece of the stream or one datagram; 0 when the terminal has closed the connection.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.socket {
            Socket::Tcp(stream) => stream.read(buffer).await,
            Socket::Udp(socket) => loop {
                let count = socket.recv(buffer).await?;
                if count > 0 {
                    return Ok(count);
                }
            },
        }
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match &mut self.socket {
            Socket::Tcp(stream) => stream.shutdown().await,
            Socket::Udp(_) => Ok(()),
        }
    }
}
