//! The socket below a client: it moves bytes and knows nothing of what they mean.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::session::Carrier;

pub(super) enum Link {
    Tcp(TcpStream),
    /// Connected, so that only the terminal's datagrams arrive.
    Udp(UdpSocket),
}

impl Link {
    /// Connects to the first of `addresses` that takes it.
    pub(super) async fn connect(carrier: Carrier, addresses: &[SocketAddr]) -> io::Result<Link> {
        match carrier {
            Carrier::Stream => {
                let stream = TcpStream::connect(addresses).await?;
                stream.set_nodelay(true)?;
                Ok(Link::Tcp(stream))
            }
            Carrier::Datagrams => {
                let address = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
                let any = match address {
                    SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                    SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
                };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(address).await?;
                Ok(Link::Udp(socket))
            }
        }
    }

    /// Sends one frame or one datagram.
    pub(super) async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        match self {
            Link::Tcp(stream) => stream.write_all(packet).await,
            Link::Udp(socket) => socket.send(packet).await.map(|_| ()),
        }
    }

    /// What has come: a piece of the stream or one datagram; 0 when the terminal has closed the connection.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Link::Tcp(stream) => stream.read(buffer).await,
            Link::Udp(socket) => loop {
                let count = socket.recv(buffer).await?;
                if count > 0 {
                    return Ok(count);
                }
            },
        }
    }

    /// Without waiting: the bytes fit the socket's buffer, or the line is dead anyway.
    pub(super) fn send_and_forget(&self, packet: &[u8]) {
        let _ = match self {
            Link::Tcp(stream) => stream.try_write(packet),
            Link::Udp(socket) => socket.try_send(packet),
        };
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Link::Tcp(stream) => stream.shutdown().await,
            Link::Udp(_) => Ok(()),
        }
    }
}
