//! A tokio client: the [`Session`] driven over TCP or UDP.
//!
//! Invariants: a terminal that was disabled is enabled again on every way out, also when a future is dropped half-way; EXIT is
//! always said, because a terminal serves one client and keeps the place of one that vanished (zk 1).
#![allow(clippy::disallowed_methods)] // A shell: it owns the socket and reads the clock for deadlines.

mod clear;
mod device;
mod events;
mod link;
mod options;
mod read;
#[cfg(feature = "templates")]
mod templates;
mod write;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::{ToSocketAddrs, lookup_host};
use tokio::time::timeout;

use crate::code::Code;
use crate::error::Error;
use crate::packet::Packet;
use crate::session::{Carrier, Event, Session, Settings};
pub use device::State;
use events::Happened;
use link::Link;
pub use options::{Options, Transport};
pub use read::Info;
#[cfg(feature = "templates")]
pub use templates::{Copied, CopyFailed, Side, copy_templates};
pub use write::UserLimits;

/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
const READ_BYTES: usize = 64 << 10;
const CONNECTING: &str = "connecting";

/// A socket on which nothing was said yet.
pub(crate) struct Reached {
    link: Link,
    carrier: Carrier,
    options: Options,
}

/// An open connection to one terminal. End it with [`Client::close`]; dropping it says goodbye without waiting.
pub struct Client {
    link: Link,
    session: Session,
    epoch: Instant,
    buffer: Vec<u8>,
    happened: Happened,
}

impl Client {
    /// Connects and authenticates (zk 1, 4).
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Locked`] and [`Error::NotATerminal`] need a person; the others are worth another try.
    pub async fn connect(addr: impl ToSocketAddrs, options: Options) -> Result<Client, Error> {
        let addresses = resolve(addr, options.connect_timeout).await?;
        let open = |carrier| Client::open(carrier, &addresses, options);
        match options.transport {
            Transport::Tcp => open(Carrier::Stream).await,
            Transport::Udp => open(Carrier::Datagrams).await,
            Transport::Auto => {
                let tcp = match open(Carrier::Stream).await {
                    Err(error) if error.is_unreached() => Box::new(error),
                    outcome => return outcome,
                };
                open(Carrier::Datagrams).await.map_err(|error| match error {
                    error if error.is_unreached() => Error::Unanswered { tcp, udp: Box::new(error) },
                    error => error,
                })
            }
        }
    }

    async fn open(carrier: Carrier, addresses: &[SocketAddr], options: Options) -> Result<Client, Error> {
        Client::reach(carrier, addresses, options).await?.open().await
    }

    /// A socket to whoever listens there. Over UDP that tells nothing yet.
    pub(crate) async fn reach(carrier: Carrier, addresses: &[SocketAddr], options: Options) -> Result<Reached, Error> {
        let link = timeout(options.connect_timeout, Link::connect(carrier, addresses)).await;
        let link = link.map_err(|_| Error::TimedOut { doing: CONNECTING })?;
        let link = link.map_err(|source| Error::Io { doing: CONNECTING, source })?;
        Ok(Reached { link, carrier, options })
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
        self.session.farewell();
        self.push_outgoing();
        let _ = timeout(GOODBYE, async {
            self.link.flush().await?;
            self.link.shutdown().await
        })
        .await;
    }

    /// Sends a request and waits for its reply.
    async fn command(&mut self, code: Code, data: Vec<u8>) -> Result<Packet, Error> {
        self.settle().await?;
        self.session.command(code, data, self.now());
        match self.drive().await? {
            Event::Replied(packet) => Ok(packet),
            _ => Err(Error::corrupt("an answer of another kind than a reply", b"")),
        }
    }

    /// Moves bytes until the task has ended.
    async fn drive(&mut self) -> Result<Event, Error> {
        loop {
            self.flush().await?;
            if let Some(end) = self.ended() {
                return end;
            }
            self.listen(self.patience()).await?;
        }
    }

    /// The end of the current task, if it has come. Real-time events on the way are kept.
    fn ended(&mut self) -> Option<Result<Event, Error>> {
        loop {
            match self.session.next_event()? {
                Event::Happened(packet) => self.happened.keep(&packet),
                Event::Failed(error) => return Some(Err(error)),
                event => return Some(Ok(event)),
            }
        }
    }

    /// Takes what comes within `patience`, or tells the session that nothing did.
    async fn listen(&mut self, patience: Duration) -> Result<(), Error> {
        match timeout(patience, self.link.receive(&mut self.buffer)).await {
            Err(_) => self.session.expire(self.now()),
            Ok(Ok(0)) => self.session.closed(),
            Ok(Ok(count)) => {
                let now = self.now();
                self.happened.note_heard(now);
                self.session.receive(self.buffer.get(..count).unwrap_or_default(), now);
            }
            Ok(Err(source)) if source.kind() == std::io::ErrorKind::ConnectionReset => self.session.closed(),
            Ok(Err(source)) => return Err(self.lost(source)),
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.push_outgoing();
        match timeout(self.patience(), self.link.flush()).await {
            Err(_) => Err(self.lost(std::io::ErrorKind::TimedOut.into())),
            Ok(sent) => sent.map_err(|source| self.lost(source)),
        }
    }

    fn push_outgoing(&mut self) {
        while let Some(packet) = self.session.take_outgoing() {
            self.link.push(packet);
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

impl Reached {
    /// Opens the session, with the key if it is asked for (zk 4).
    pub(crate) async fn open(self) -> Result<Client, Error> {
        let Reached { link, carrier, options } = self;
        let opening = match carrier {
            Carrier::Stream => options.idle_timeout,
            // Nothing but the answer itself tells that somebody is there.
            Carrier::Datagrams => options.idle_timeout.min(options.connect_timeout),
        };
        let settings = Settings { opening, idle: options.idle_timeout, ..Settings::over(carrier) };
        let mut client = Client {
            link,
            session: Session::new(settings),
            epoch: Instant::now(),
            buffer: vec![0; READ_BYTES],
            happened: Happened::new(options.idle_timeout),
        };
        client.session.connect(options.comm_key, client.now());
        client.drive().await?;
        Ok(client)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.session.farewell();
        self.push_outgoing();
        self.link.flush_and_forget();
    }
}

async fn resolve(addr: impl ToSocketAddrs, patience: Duration) -> Result<Vec<SocketAddr>, Error> {
    match timeout(patience, lookup_host(addr)).await {
        Err(_) => Err(Error::TimedOut { doing: "looking up the address" }),
        Ok(Err(source)) => Err(Error::Io { doing: "looking up the address", source }),
        Ok(Ok(addresses)) => Ok(addresses.collect()),
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
