//! A visit to a terminal on port 4370.
//!
//! Invariant: whoever visits a terminal by its serial talks to no other: the serial is asked for before anything else, and a
//! terminal that tells another one, or none, is left alone.

use std::net::{IpAddr, SocketAddr};

use attendance::punch::{PrintedTime, canonical_origin};
use jiff::tz::TimeZone;
use link::Clock;
use zk::client::{Client, Options};
use zk::{AttendanceLog, EventMask, PackedTime, User, option};

use crate::now_us;
use crate::plan::drift;
use crate::trouble::Trouble;

const DEFAULT_PORT: u16 = 4370;

/// A connection to a terminal that has told who it is. End it with [`Visit::end`].
#[derive(Debug)]
pub struct Visit {
    /// The connection.
    pub client: Client,
    /// Where it is, with its port.
    pub address: String,
    /// The serial that it told, if it tells one.
    pub serial: Option<String>,
}

impl Visit {
    /// Connects to `address` (`host` or `host:port`), and makes sure that the terminal there is `serial`, when that is given.
    ///
    /// Several addresses, with commas between them, are tried one after the other.
    ///
    /// # Errors
    /// [`Trouble`]: what happened at the first address, and the cure.
    pub async fn begin(address: &str, serial: Option<&str>, options: Options) -> Result<Self, Trouble> {
        let mut addresses = addresses(address);
        let first = addresses.next().unwrap_or_default();
        let mut begun = Self::begin_at(first, serial, options).await;
        for second in addresses {
            let Err(trouble) = begun else { break };
            begun = Self::begin_at(second, serial, options).await.map_err(|_| trouble);
        }
        begun
    }

    async fn begin_at(address: String, serial: Option<&str>, options: Options) -> Result<Self, Trouble> {
        let connected = Client::connect(&address, options).await;
        let mut client = connected.map_err(|error| Trouble::of_connecting(&address, error))?;
        let told = client.option(option::SERIAL).await.map_err(|error| Trouble::of_talking(&address, error));
        let checked = told.and_then(|told| right_serial(told, serial, &address));
        match checked {
            Ok(serial) => Ok(Self { client, address, serial }),
            Err(trouble) => {
                client.close().await;
                Err(trouble)
            }
        }
    }

    /// What the terminal's clock shows now; `None` when it does not tell.
    ///
    /// # Errors
    /// [`Trouble`] when the connection fails.
    pub async fn face(&mut self) -> Result<Option<Face>, Trouble> {
        let asked_us = now_us();
        match self.client.time().await {
            Ok(shows) => Ok(Some(Face { shows, asked_us, told_us: now_us() })),
            Err(zk::Error::Refused { .. }) => Ok(None),
            Err(error) => Err(self.trouble(error)),
        }
    }

    /// Registers for punches as they happen. False when the terminal does not offer that.
    ///
    /// # Errors
    /// [`Trouble`] when the connection fails.
    pub async fn listen(&mut self) -> Result<bool, Trouble> {
        match self.client.events(EventMask::ATTENDANCE).await {
            Ok(()) => Ok(true),
            Err(zk::Error::Refused { .. }) => Ok(false),
            Err(error) => Err(self.trouble(error)),
        }
    }

    /// Reads clock, user table and log in this one session, so that slots mean the same in both tables.
    ///
    /// # Errors
    /// [`Trouble`]; nothing of a table that broke off is used.
    pub async fn read_tables(&mut self, zone: Option<&TimeZone>) -> Result<Tables, Trouble> {
        let clock = match zone {
            Some(zone) => self.face().await?.and_then(|face| face.clock(zone)),
            None => None,
        };
        let (users, has_all_users) = match self.client.users_and_whether_all().await {
            // A terminal without this table names users in its records.
            Err(zk::Error::Refused { .. }) => (Vec::new(), false),
            outcome => outcome.map_err(|error| self.trouble(error))?,
        };
        let log = self.client.attendance().await.map_err(|error| self.trouble(error))?;
        Ok(Tables { users, has_all_users, log, clock })
    }

    /// What a failure on this visit means.
    pub fn trouble(&self, error: zk::Error) -> Trouble {
        Trouble::of_talking(&self.address, error)
    }

    /// Says goodbye.
    pub async fn end(self) {
        self.client.close().await;
    }
}

/// What a terminal's clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// The time on it.
    pub shows: PackedTime,
    /// When it was asked for and when it was told, microseconds since the epoch, UTC.
    asked_us: i64,
    told_us: i64,
}

impl Face {
    /// How far the clock is off, if it is to show the time of `zone`. `None` when it shows no date.
    pub fn clock(&self, zone: &TimeZone) -> Option<Clock> {
        let face_s = PrintedTime::parse(&self.shows.civil().ok()?.to_string()).seconds()?;
        drift::asked(face_s, self.asked_us, self.told_us, zone)
    }
}

/// What one session brought.
#[derive(Debug)]
pub struct Tables {
    /// Its user table; empty when it has none.
    pub users: Vec<User>,
    /// These are all whom it has.
    pub has_all_users: bool,
    /// Its log.
    pub log: AttendanceLog,
    /// How far its clock is off; `None` when it does not tell its time, or nobody told its zone.
    pub clock: Option<Clock>,
}

/// The serial that was told, if it is the right one.
fn right_serial(told: Option<String>, wanted: Option<&str>, address: &str) -> Result<Option<String>, Trouble> {
    let told = told.map(|told| canonical_origin(&told).to_owned());
    let Some(wanted) = wanted else { return Ok(told) };
    let (address, wanted) = (address.to_owned(), wanted.to_owned());
    match told {
        Some(found) if found == wanted => Ok(Some(found)),
        Some(found) => Err(Trouble::AnotherTerminal { address, found, wanted }),
        None => Err(Trouble::Nameless { address, wanted }),
    }
}

/// `host`, `host:port` or an address, with the usual port where none is named.
pub fn dialable(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::from((ip, DEFAULT_PORT)).to_string(),
        Err(_) if address.contains(':') => address.to_owned(),
        Err(_) => format!("{address}:{DEFAULT_PORT}"),
    }
}

/// The addresses of a terminal, with commas between them, as [`dialable`] gives them.
pub(crate) fn addresses(registered: &str) -> impl Iterator<Item = String> + '_ {
    registered.split(',').map(str::trim).filter(|address| !address.is_empty()).map(dialable)
}

/// The port of an address that [`dialable`] gave.
pub(crate) fn port(dialable: &str) -> u16 {
    dialable.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(DEFAULT_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_is_added_where_none_is_named() {
        assert_eq!(dialable("10.0.0.9"), "10.0.0.9:4370");
        assert_eq!(dialable("10.0.0.9:5005"), "10.0.0.9:5005");
        assert_eq!(dialable("gate.example"), "gate.example:4370");
        assert_eq!(dialable("fd00::9"), "[fd00::9]:4370");
        let several: Vec<String> = addresses(" 10.0.0.9, gate.example:5005,,").collect();
        assert_eq!(several, ["10.0.0.9:4370", "gate.example:5005"]);
        assert_eq!((port("10.0.0.9:5005"), port("[fd00::9]:4370"), port("gate.example:x")), (5005, 4370, 4370));
    }

    #[test]
    fn a_terminal_that_is_another_or_does_not_say_is_left_alone() {
        let checked = |told: Option<&str>| right_serial(told.map(str::to_owned), Some("A1"), "10.0.0.9:4370");
        assert_eq!(checked(Some("A1 ")).unwrap().as_deref(), Some("A1"));
        assert!(matches!(checked(Some("B2")), Err(Trouble::AnotherTerminal { found, .. }) if found == "B2"));
        assert!(matches!(checked(None), Err(Trouble::Nameless { .. })));
        assert_eq!(right_serial(None, None, "10.0.0.9:4370").unwrap(), None, "nobody in particular was wanted");
    }
}
