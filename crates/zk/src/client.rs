//! A tokio client: the [`Session`] driven over TCP.
//!
//! Invariants: a terminal that was disabled is enabled again on every way out, also when a future is dropped half-way; EXIT is
//! always said, because a terminal serves one client and keeps the place of one that vanished (zk 1).
#![allow(clippy::disallowed_methods)] // A shell: it owns the socket and reads the clock for deadlines.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

use crate::code::Code;
use crate::error::Error;
use crate::option;
use crate::packet::Packet;
use crate::record::log::AttendanceLog;
use crate::record::user::{User, decode_users};
use crate::session::{Event, Session, Settings};
use crate::sizes::Sizes;
use crate::time::PackedTime;
use crate::transfer::Table;
use crate::wire::u32_at;

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

/// What a terminal says about itself; `None` where it does not know the option.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// Serial number, the terminal's identity.
    pub serial: Option<String>,
    /// Model.
    pub name: Option<String>,
    /// Hardware platform.
    pub platform: Option<String>,
    /// Hardware address.
    pub mac: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
}

/// An open connection to one terminal. End it with [`Client::close`]; dropping it says goodbye without waiting.
pub struct Client {
    stream: TcpStream,
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
        let doing = "connecting";
        let stream = match timeout(options.connect_timeout, TcpStream::connect(addr)).await {
            Err(_) => return Err(Error::TimedOut { doing }),
            Ok(connected) => connected.map_err(|source| Error::Io { doing, source })?,
        };
        stream.set_nodelay(true).map_err(|source| Error::Io { doing, source })?;
        let settings = Settings { idle: options.idle_timeout, ..Settings::default() };
        let mut client =
            Client { stream, session: Session::new(settings), epoch: Instant::now(), buffer: vec![0; READ_BYTES] };
        client.session.connect(options.comm_key, client.now());
        client.drive().await?;
        Ok(client)
    }

    /// Serial number, model, platform, hardware address and firmware (zk 5.4).
    ///
    /// # Errors
    /// When the connection fails; a single unknown option is no failure.
    pub async fn info(&mut self) -> Result<Info, Error> {
        Ok(Info {
            serial: self.option(option::SERIAL).await?,
            name: self.option(option::DEVICE_NAME).await?,
            platform: self.option(option::PLATFORM).await?,
            mac: self.option(option::MAC).await?,
            firmware: unless_refused(self.command(Code::GET_VERSION, Vec::new()).await)?
                .and_then(|reply| option::text(&reply.data)),
        })
    }

    /// One option by its name, `None` when the terminal does not have it (zk 5.4).
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn option(&mut self, name: &str) -> Result<Option<String>, Error> {
        let reply = unless_refused(self.command(Code::OPTION_READ, option::request(name)).await)?;
        Ok(reply.and_then(|reply| option::value(&reply.data)))
    }

    /// Counts and capacities (zk 5.3).
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn sizes(&mut self) -> Result<Sizes, Error> {
        let reply = self.command(Code::GET_FREE_SIZES, Vec::new()).await?;
        Ok(Sizes::parse(&reply.data))
    }

    /// The terminal's clock (zk 5.1).
    ///
    /// # Errors
    /// When the terminal refuses, answers too short, or the connection fails.
    pub async fn time(&mut self) -> Result<PackedTime, Error> {
        let reply = self.command(Code::GET_TIME, Vec::new()).await?;
        let packed = u32_at(&reply.data, 0).ok_or_else(|| Error::corrupt("the time is cut short", &reply.data))?;
        Ok(PackedTime(packed as i32))
    }

    /// The user table (zk 7.1, 7.2).
    ///
    /// # Errors
    /// As [`Client::attendance`].
    pub async fn users(&mut self) -> Result<Vec<User>, Error> {
        let (dataset, sizes) = self.read(Table::Users).await?;
        decode_users(&dataset, sizes.users)
    }

    /// The whole attendance log (zk 6, 7.3); this protocol has no filter. The terminal is disabled meanwhile, as the records
    /// could change between two chunks.
    ///
    /// # Errors
    /// When the terminal refuses, sends what can't be understood ([`Error::Corrupt`]), or the connection fails.
    pub async fn attendance(&mut self) -> Result<AttendanceLog, Error> {
        let (dataset, sizes) = self.read(Table::Attendance).await?;
        AttendanceLog::decode(&dataset, sizes.attendance)
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
            self.stream.write_all(&farewell).await?;
            self.stream.shutdown().await
        })
        .await;
    }

    /// Reads a data set with the terminal disabled, and the counts from just before.
    async fn read(&mut self, table: Table) -> Result<(Vec<u8>, Sizes), Error> {
        // Some units do not know the command and read well without it (zk 6.1).
        unless_refused(self.command(Code::DISABLE_DEVICE, Vec::new()).await)?;
        let outcome = self.read_disabled(table).await;
        if !self.session.is_broken() {
            // What was read stays read if this fails; the farewell enables the terminal once more.
            let _ = self.command(Code::ENABLE_DEVICE, Vec::new()).await;
        }
        outcome
    }

    async fn read_disabled(&mut self, table: Table) -> Result<(Vec<u8>, Sizes), Error> {
        // Without the count the records' width is found by their content (zk 6.2).
        let sizes = unless_refused(self.sizes().await)?.unwrap_or_default();
        self.session.read(table, self.now());
        match self.drive().await? {
            Event::Dataset(dataset) => Ok((dataset, sizes)),
            _ => Err(Error::corrupt("an answer of another kind than a data set", b"")),
        }
    }

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
            match timeout(patience, self.stream.read(&mut self.buffer)).await {
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
        match timeout(self.patience(), self.stream.write_all(&bytes)).await {
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
        // Without waiting: the bytes fit the socket's buffer, or the line is dead anyway.
        let _ = self.stream.try_write(&farewell);
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
