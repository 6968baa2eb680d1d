//! One reading of a terminal on port 4370: what comes over the line, as punches.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use attendance::punch::{PrintedTime, RawPunch};
use jiff::tz::TimeZone;
use link::Clock;
use zk::client::{Client, Options};
use zk::{AttendanceLog, AttendanceRecord, InvalidTime, User, UserRef};

use crate::now_us;
use crate::plan::drift;
use crate::spool::SpoolError;

const DEFAULT_PORT: u16 = 4370;

/// Why a poll did not read the whole log. The texts are shown on the hub's page of terminals.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nobody listens there.
    #[error(
        "{address} refused the connection; check the address, and that no other program is connected to the terminal"
    )]
    Refused {
        /// Where it was called.
        address: String,
    },
    /// No answer, or not the whole one in time.
    #[error("{address} did not answer in time; check that the terminal is switched on and reachable")]
    TimedOut {
        /// Where it was called.
        address: String,
    },
    /// The address belongs to another terminal now; its punches must not get this one's name.
    #[error("at {address} answers terminal {found}, not {wanted}; correct the address or the serial")]
    AnotherTerminal {
        /// Where it was called.
        address: String,
        /// The serial that it tells.
        found: String,
        /// The serial that was expected.
        wanted: String,
    },
    /// Fewer records came than the terminal said it has.
    #[error("only {read} of {told} records came; the next poll reads them again")]
    Incomplete {
        /// Records that came, which are stored.
        read: usize,
        /// Records that it has.
        told: u32,
    },
    /// Wrong key, locked firmware, no terminal, and whatever else can happen: their texts tell cause and cure
    /// themselves.
    #[error("{address}: {error}")]
    Terminal {
        /// Where it was called.
        address: String,
        /// What happened.
        error: zk::Error,
    },
    /// The records could not be stored.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// What one session brought.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) users: Vec<User>,
    pub(crate) log: AttendanceLog,
    /// `None` when it does not tell its time, or nobody told its zone.
    pub(crate) clock: Option<Clock>,
}

/// Connects, reads clock, user table and log in one session, so that slots mean the same in both, and closes. Gives up
/// after `silence` without an answer.
pub(crate) async fn read_terminal(terminal: &link::Terminal, silence: Duration) -> Result<Tables, Trouble> {
    let address = dialable(terminal.address.as_deref().unwrap_or_default());
    let comm_key = terminal.comm_key.unwrap_or(0);
    let options = Options { comm_key, idle_timeout: silence, ..Options::default() };
    let mut client = Client::connect(&address, options).await.map_err(|error| trouble(&address, error))?;
    let outcome = read_tables(&mut client, terminal, &address).await;
    client.close().await;
    outcome
}

pub(crate) async fn read_tables(
    client: &mut Client,
    terminal: &link::Terminal,
    address: &str,
) -> Result<Tables, Trouble> {
    let failed = |error| trouble(address, error);
    let found = client.info().await.map_err(failed)?.serial;
    if let Some(found) = found.filter(|found| found.trim() != terminal.serial) {
        let (address, wanted) = (address.to_owned(), terminal.serial.clone());
        return Err(Trouble::AnotherTerminal { address, found, wanted });
    }
    let clock = match &terminal.zone {
        Some(zone) => read_clock(client, zone).await.map_err(failed)?,
        None => None,
    };
    let users = match client.users().await {
        // A terminal without this table names users in its records.
        Err(zk::Error::Refused { .. }) => Vec::new(),
        outcome => outcome.map_err(failed)?,
    };
    let log = client.attendance().await.map_err(failed)?;
    Ok(Tables { users, log, clock })
}

/// How far the terminal's clock is off, by asking for its time. `None` when it refuses or shows no date.
async fn read_clock(client: &mut Client, zone: &str) -> Result<Option<Clock>, zk::Error> {
    let Ok(zone) = TimeZone::get(zone) else { return Ok(None) };
    let asked_us = now_us();
    let time = match client.time().await {
        Ok(time) => time,
        Err(zk::Error::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let face_s = time.civil().ok().and_then(|civil| PrintedTime::parse(&civil.to_string()).seconds());
    Ok(face_s.and_then(|face_s| drift::asked(face_s, asked_us, now_us(), &zone)))
}

/// The record as the terminal would print it, so that its identity is that of the pushed line. The user is empty when
/// the record has only a slot that nobody has.
pub(crate) fn punch(serial: &str, numbers: &HashMap<u16, String>, record: &AttendanceRecord, raw: &[u8]) -> RawPunch {
    let user = match &record.user {
        UserRef::Number(number) => number.text().into_owned(),
        UserRef::Slot(slot) => numbers.get(slot).cloned().unwrap_or_default(),
    };
    let printed = record.time.civil().unwrap_or_else(InvalidTime::printed).to_string();
    RawPunch {
        origin: serial.to_owned(),
        user,
        time: PrintedTime::parse(&printed),
        state: Some(i32::from(record.state)),
        verify: Some(i32::from(record.verify)),
        work_code: (record.work_code != 0).then(|| record.work_code.to_string()),
        original: raw.to_vec(),
    }
}

pub(crate) fn trouble(address: &str, error: zk::Error) -> Trouble {
    let address = address.to_owned();
    match error {
        zk::Error::Io { source, .. } if source.kind() == std::io::ErrorKind::ConnectionRefused => {
            Trouble::Refused { address }
        }
        zk::Error::TimedOut { .. } => Trouble::TimedOut { address },
        // Most terminals speak TCP, so what came of that is the better hint.
        zk::Error::Unanswered { tcp, .. } => trouble(&address, *tcp),
        error => Trouble::Terminal { address, error },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_is_added_where_none_is_named() {
        assert_eq!(dialable("10.0.0.9"), "10.0.0.9:4370");
        assert_eq!(dialable("10.0.0.9:5005"), "10.0.0.9:5005");
        assert_eq!(dialable("gate.example"), "gate.example:4370");
        assert_eq!(dialable("fd00::9"), "[fd00::9]:4370");
    }

    #[test]
    fn records_print_as_the_pushed_line_does() {
        let record = AttendanceRecord::of_number("0012".into(), zk::PackedTime(-964_223_993));
        let said = punch("A1", &HashMap::new(), &record, b"raw");
        assert_eq!((said.user.as_str(), said.time.seconds()), ("0012", Some(7)));
        let no_date = AttendanceRecord::of_number("0012".into(), zk::PackedTime(840_931_200));
        let said = punch("A1", &HashMap::new(), &no_date, b"raw");
        assert_eq!(said.time, PrintedTime::Raw(b"2026-02-31 00:00:00".to_vec()));
    }
}
