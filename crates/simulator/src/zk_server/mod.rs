//! The terminal's side of port 4370 over TCP and UDP (zk 1, 15).
//!
//! One client is served at a time, over the one or the other: a second one connects and hears nothing until the first has gone,
//! as with most units (zk 1). A client that vanished is given up after a while.

mod bulk;
mod commands;
mod conversation;
mod events;
mod line;
mod people;
mod tables;
mod tcp;
mod udp;
mod upload;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::profile::Transports;
use crate::terminal::Terminal;

/// A client that says nothing for so long has vanished.
const VANISHED: Duration = Duration::from_secs(60);
/// Free ports that are tried until one is free over TCP and UDP alike.
const PORTS_TRIED: u32 = 16;

/// Listeners that speak for one terminal.
#[derive(Debug)]
pub struct ZkServer {
    terminal: Terminal,
    address: SocketAddr,
    tcp: Option<TcpListener>,
    udp: Option<UdpSocket>,
}

/// The one place for a client.
#[derive(Debug, Clone)]
struct Seat(Arc<Semaphore>);

impl Seat {
    fn new() -> Seat {
        Seat(Arc::new(Semaphore::new(1)))
    }

    fn is_taken(&self) -> bool {
        self.0.available_permits() == 0
    }

    /// Waits until it is free. Always gives it: nobody closes it.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().acquire_owned().await.ok()
    }

    /// Unless somebody has it.
    fn take_if_free(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

impl ZkServer {
    /// Listens over what the terminal's make speaks, under one port number; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address can't be taken.
    pub async fn bind(terminal: Terminal, address: impl ToSocketAddrs) -> io::Result<ZkServer> {
        let transports = terminal.profile().binary.transports;
        ZkServer::bind_over(terminal, address, transports).await
    }

    /// Listens over these, whatever the make.
    ///
    /// # Errors
    /// When the address can't be taken.
    pub async fn bind_over(
        terminal: Terminal,
        address: impl ToSocketAddrs,
        transports: Transports,
    ) -> io::Result<ZkServer> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
        let mut tried = 0;
        loop {
            tried += 1;
            match listen(&addresses, transports).await {
                Ok((address, tcp, udp)) => return Ok(ZkServer { terminal, address, tcp, udp }),
                // The port that was free over TCP was taken over UDP; another one may do.
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && tried < PORTS_TRIED
                        && addresses.iter().all(|address| address.port() == 0) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None; the form is that of the sockets.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    /// Serves clients for ever; end it by dropping the future.
    ///
    /// # Errors
    /// When a listener fails; a client's failure ends that client only.
    pub async fn serve(self) -> io::Result<()> {
        let ZkServer { terminal, tcp, udp, .. } = self;
        let seat = Seat::new();
        let over_tcp = async {
            match &tcp {
                Some(listener) => tcp::serve(&terminal, listener, &seat).await,
                None => std::future::pending().await,
            }
        };
        let over_udp = async {
            match &udp {
                Some(socket) => udp::serve(&terminal, socket, &seat).await,
                None => std::future::pending().await,
            }
        };
        tokio::try_join!(over_tcp, over_udp).map(|_| ())
    }
}

type Listeners = (SocketAddr, Option<TcpListener>, Option<UdpSocket>);

async fn listen(addresses: &[SocketAddr], transports: Transports) -> io::Result<Listeners> {
    if !transports.has_tcp() {
        let udp = UdpSocket::bind(addresses).await?;
        return Ok((udp.local_addr()?, None, Some(udp)));
    }
    let tcp = TcpListener::bind(addresses).await?;
    let address = tcp.local_addr()?;
    let udp = if transports.has_udp() { Some(UdpSocket::bind(address).await?) } else { None };
    Ok((address, Some(tcp), udp))
}
