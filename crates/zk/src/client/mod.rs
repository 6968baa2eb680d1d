//! A tokio client: the [`Session`] driven over TCP.
//!
//! Invariants: a terminal that was disabled is enabled again on every way out, also when a future is dropped half-way; EXIT is
//! always said, because a terminal serves one client and keeps the place of one that vanished (zk 1).
#![allow(clippy::disallowed_methods)] // A shell: it owns the socket and reads the clock for deadlines.

mod clear;
mod device;
mod link;
mod read;
mod write;

use std::fmt;
use std::time::{Duration, Instant};

use tokio::net::ToSocketAddrs;
use tokio::time::timeout;

use crate::code::Code;
use crate::error::Error;
use crate::packet::Packet;
use crate::session::{Event, Session, Settings};
pub use device::State;
use link::Link;
pub use read::Info;

/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
const READ_BYTES: usize = 64 << 10;

/// How to reach a terminal. Printed without the key.
#[derive(Clone, Copy)]
pub struct Options {
    /// The comm key, 0 when none is set.
    pub comm_key: u32,
    /// Longest wait for the TCP connection.
    pub connect_timeout: Duration,
    /// Longest silence of the terminal while it owes an answer.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { comm_key: 0, connect_timeout: Duration::from_secs(5), idle_timeout: Duration::from_secs(15) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { comm_key: _, connect_timeout, idle_timeout } = self;
        let mut fields = f.debug_struct("Options");
        fields.field("connect_timeout", connect_timeout).field("idle_timeout", idle_timeout).finish_non_exhaustive()
    }
}

/// An open connection to one terminal. End it with [`Client::close`]; dropping it says goodbye without waiting.
pub struct Client {
    link: Link,
    session: Session,
    epoch: Instant,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects and authenticates (zk 4).
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Locked`] and [`Error::NotATerminal`] need a person; the others are worth another try.
    pub async fn connect(addr: impl ToSocketAddrs, options: Options) -> Result<Client, Error> {
        let link = Link::connect(addr, options.connect_timeout).await?;
        let settings = Settings { idle: options.idle_timeout, ..Settings::default() };
        let mut client =
            Client { link, session: Session::new(settings), epoch: Instant::now(), buffer: vec![0; READ_BYTES] };
        client.session.connect(options.comm_key, client.now());
        client.drive().await?;
        Ok(client)
    }

    /// Says EXIT, waits shortly for the answer, and closes the connection.
    pub async fn close(mut self) {
        if !self.session.is_broken() {
            // Whatever comes of it, the terminal has heard it, and the connection ends here.
            let _ = timeout(GOODBYE, async {
                if self.session.is_terminal_disabled() {
                    self.command(Code::ENABLE_DEVICE, Vec::new()).await?;
                }
                self.command(Code::EXIT, Vec::new()).await
            })
            .await;
        }
        let farewell = self.session.farewell();
        let _ = timeout(GOODBYE, async {
            self.link.send(&farewell).await?;
            self.link.shutdown().await
        })
        .await;
    }

    /// Sends a request and waits for its reply.
    async fn command(&mut self, code: Code, data: Vec<u8>) -> Result<Packet, Error> {
        self.session.command(code, data, self.now());
        match self.drive().await? {
            Event::Replied(packet) => Ok(packet),
            _ => Err(Error::corrupt("an answer of another kind than a reply", b"")),
        }
    }

    /// Moves bytes until the task has ended. Real-time events on the way are not ours: nobody registered for them.
    async fn drive(&mut self) -> Result<Event, Error> {
        loop {
            self.flush().await?;
            match self.session.next_event() {
                Some(Event::Happened(_)) => continue,
                Some(Event::Failed(error)) => return Err(error),
                Some(event) => return Ok(event),
                None => {}
            }
            let patience = self.patience();
            match timeout(patience, self.link.receive(&mut self.buffer)).await {
                Err(_) => self.session.expire(self.epoch.elapsed()),
                Ok(Ok(0)) => self.session.closed(),
                Ok(Ok(count)) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    self.session.receive(bytes, self.epoch.elapsed());
                }
                Ok(Err(source)) if source.kind() == std::io::ErrorKind::ConnectionReset => self.session.closed(),
                Ok(Err(source)) => return Err(self.lost(source)),
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let bytes = self.session.take_outgoing();
        if bytes.is_empty() {
            return Ok(());
        }
        match timeout(self.patience(), self.link.send(&bytes)).await {
            Err(_) => Err(self.lost(std::io::ErrorKind::TimedOut.into())),
            Ok(written) => written.map_err(|source| self.lost(source)),
        }
    }

    fn lost(&mut self, source: std::io::Error) -> Error {
        let doing = self.session.doing();
        self.session.abandon();
        Error::Io { doing, source }
    }

    fn patience(&self) -> Duration {
        self.session.deadline().map_or(GOODBYE, |deadline| deadline.saturating_sub(self.now()))
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let farewell = self.session.farewell();
        self.link.send_and_forget(&farewell);
    }
}

/// A refusal as `None`: the terminal lives, it only does not know this command.
fn unless_refused<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
