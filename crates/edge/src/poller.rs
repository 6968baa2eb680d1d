//! Reads the logs of terminals on port 4370, each in its own task: a terminal that fails or is slow delays no other.
//!
//! A poll reads the whole log, as the protocol has no filter; every record goes the same way as a pushed line, so that a punch which
//! came by push already is known. What a poll stored is remembered by its length and hash while the edge runs: a log that only
//! grew is stored from there on.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attendance::punch::{Channel, PrintedTime, RawPunch};
use link::TerminalUser;
use tokio::task::JoinSet;
use zk::client::Client;
use zk::{AttendanceLog, AttendanceRecord, InvalidTime, User, UserRef};

use crate::counters::Counters;
use crate::plan::next_poll_us;
use crate::spool::unknown_slots::SlotPunch;
use crate::spool::{Entry, Spool, SpoolError};
use crate::terminals::{Terminals, WholeLog};
use crate::{Stop, chance, now_us};

/// Terminals that are read at the same time; each log in memory takes a few megabytes.
const AT_ONCE: usize = 4;
/// Longest time for one terminal; 100,000 records over a slow line take minutes.
const POLL_TIMEOUT: Duration = Duration::from_secs(600);
/// Records that go to the spool together.
const STEP_RECORDS: usize = 1000;
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
    /// Wrong key, locked firmware, no terminal, and whatever else can happen: their texts tell cause and cure themselves.
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

/// The part of a log that is in the spool already.
struct Stored {
    records: usize,
    hash: blake3::Hash,
}

/// Reads terminals regularly.
pub(crate) struct Poller {
    spool: Spool,
    terminals: Arc<Terminals>,
    counters: Arc<Counters>,
    stored: Mutex<HashMap<String, Stored>>,
}

/// When each terminal is read next (microseconds UTC), and which are being read.
#[derive(Default)]
struct Schedule {
    due_us: HashMap<String, i64>,
    running: HashSet<String>,
}

impl Poller {
    pub(crate) fn new(spool: Spool, terminals: Arc<Terminals>, counters: Arc<Counters>) -> Self {
        Self { spool, terminals, counters, stored: Mutex::default() }
    }

    /// Polls until the stop; polls in work are given up then.
    pub(crate) async fn run(self: Arc<Self>, every: Duration, mut stop: Stop) {
        let mut changes = self.terminals.watch_changes();
        let mut schedule = Schedule::default();
        let mut polls = JoinSet::new();
        loop {
            changes.mark_unchanged();
            let wanted = self.terminals.to_poll();
            for terminal in schedule.due(&wanted, now_us(), every) {
                let poller = self.clone();
                polls.spawn(async move {
                    let began_us = now_us();
                    poller.poll(&terminal).await;
                    (terminal.serial, began_us)
                });
            }
            let pause = schedule.pause(now_us());
            tokio::select! {
                () = stop.wait() => return,
                // The channel lives as long as `self`.
                _ = changes.changed() => {}
                Some(done) = polls.join_next() => match done {
                    Ok((serial, began_us)) => {
                        schedule.done(&serial, next_poll_us(Some(began_us), now_us(), every, chance()));
                    }
                    Err(error) => tracing::error!(%error, "a poll ended by a defect"),
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn poll(&self, terminal: &link::Terminal) {
        let address = dialable(terminal.address.as_deref().unwrap_or_default());
        let outcome = tokio::time::timeout(POLL_TIMEOUT, self.read(terminal, &address)).await;
        let outcome = outcome.unwrap_or(Err(Trouble::TimedOut { address }));
        let serial = &terminal.serial;
        match &outcome {
            Ok(log) => {
                self.counters.polls_done.add(1);
                tracing::debug!(serial, records = log.records, "the log of a terminal was read");
            }
            Err(trouble) => {
                self.counters.polls_failed.add(1);
                tracing::warn!(serial, "a terminal could not be read: {trouble}");
            }
        }
        self.terminals.polled(serial, now_us(), outcome.map_err(|trouble| trouble.to_string()));
    }

    async fn read(&self, terminal: &link::Terminal, address: &str) -> Result<WholeLog, Trouble> {
        let failed = |error| trouble(address, error);
        let options = zk::client::Options { comm_key: terminal.comm_key.unwrap_or(0), ..Default::default() };
        let mut client = Client::connect(address, options).await.map_err(failed)?;
        let outcome = read_tables(&mut client, terminal, address).await;
        client.close().await;
        let (users, log) = outcome?;
        self.store(&terminal.serial, &users, &log).await
    }

    async fn store(&self, serial: &str, users: &[User], log: &AttendanceLog) -> Result<WholeLog, Trouble> {
        let now_us = now_us();
        let sightings = users.iter().map(|user| {
            let (user, name) = (user.number.clone(), user.name.clone());
            Entry::user(&TerminalUser { origin: serial.to_owned(), user, name }, now_us)
        });
        self.spool.append_patiently(sightings.collect()).await?;

        let numbers: HashMap<u16, String> = users.iter().map(|user| (user.slot, user.number.clone())).collect();
        let unknown = self.store_punches(serial, &numbers, log, now_us).await?;
        let waiting = self.spool.keep_unknown_slots(serial.to_owned(), unknown).await?;
        let resolved =
            self.spool.resolve_slots(serial.to_owned(), now_us, move |slot| numbers.get(&slot).cloned()).await?;
        let waiting = waiting.saturating_sub(resolved as i64);

        if let (Some(told), Some(false)) = (log.told, log.is_complete()) {
            return Err(Trouble::Incomplete { read: log.records.len(), told });
        }
        let remark = (waiting > 0).then(|| {
            format!("{waiting} records name a place in the terminal's user table that is empty; they are held until somebody has it")
        });
        Ok(WholeLog { records: log.records.len() as i64, remark })
    }

    /// Stores what is new in the log, in steps. Returns the punches whose user is only a slot that nobody has.
    async fn store_punches(
        &self,
        serial: &str,
        numbers: &HashMap<u16, String>,
        log: &AttendanceLog,
        now_us: i64,
    ) -> Result<Vec<SlotPunch>, Trouble> {
        let mut unknown = Vec::new();
        let mut records = log.iter().skip(self.already_stored(serial, log));
        loop {
            let mut step = Vec::new();
            for (record, raw) in records.by_ref().take(STEP_RECORDS) {
                let punch = punch(serial, numbers, record, raw);
                match record.user {
                    UserRef::Slot(slot) if punch.user.is_empty() => unknown.push(SlotPunch { slot, punch }),
                    _ => step.push(Entry::punch(Channel::Poll, &punch, now_us)),
                }
            }
            if step.is_empty() && records.len() == 0 {
                break;
            }
            let appended = self.spool.append_patiently(step).await?;
            self.counters.punches_new.add(appended.new);
            self.counters.punches_known.add(appended.known);
            self.counters.punches_differing.add(appended.differing);
        }
        self.remember_stored(serial, log);
        Ok(unknown)
    }

    /// How many records at the head of the log an earlier poll stored.
    fn already_stored(&self, serial: &str, log: &AttendanceLog) -> usize {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stored) = stored.get(serial) else { return 0 };
        let head = log.raw().get(..stored.records * log.layout.width());
        if head.is_some_and(|head| blake3::hash(head) == stored.hash) { stored.records } else { 0 }
    }

    /// Slots are translated anew at each poll, so such logs are not remembered.
    fn remember_stored(&self, serial: &str, log: &AttendanceLog) {
        let has_slots = log.records.iter().any(|record| matches!(record.user, UserRef::Slot(_)));
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        if has_slots {
            stored.remove(serial);
        } else {
            stored.insert(serial.to_owned(), Stored { records: log.records.len(), hash: blake3::hash(log.raw()) });
        }
    }
}

impl Schedule {
    /// The terminals to be read now; they count as running. What is not `wanted` any more is forgotten.
    fn due(&mut self, wanted: &[link::Terminal], now_us: i64, every: Duration) -> Vec<link::Terminal> {
        self.due_us.retain(|serial, _| wanted.iter().any(|terminal| terminal.serial == *serial));
        let mut due = Vec::new();
        for terminal in wanted {
            let serial = &terminal.serial;
            let first = || next_poll_us(None, now_us, every, chance());
            let due_us = *self.due_us.entry(serial.clone()).or_insert_with(first);
            if due_us <= now_us && self.running.len() < AT_ONCE && self.running.insert(serial.clone()) {
                due.push(terminal.clone());
            }
        }
        due
    }

    fn done(&mut self, serial: &str, next_us: i64) {
        self.running.remove(serial);
        if let Some(due_us) = self.due_us.get_mut(serial) {
            *due_us = next_us;
        }
    }

    /// How long nothing is due. With all places taken the end of a poll wakes the loop.
    fn pause(&self, now_us: i64) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        if self.running.len() >= AT_ONCE {
            return LONGEST;
        }
        let waiting = self.due_us.iter().filter(|(serial, _)| !self.running.contains(*serial));
        let next_us = waiting.map(|(_, due_us)| *due_us).min();
        next_us.map_or(LONGEST, |due_us| Duration::from_micros(due_us.saturating_sub(now_us).max(0).unsigned_abs()))
    }
}

/// User table and log, from one session, so that slots mean the same in both.
pub(crate) async fn read_tables(
    client: &mut Client,
    terminal: &link::Terminal,
    address: &str,
) -> Result<(Vec<User>, AttendanceLog), Trouble> {
    let failed = |error| trouble(address, error);
    let found = client.info().await.map_err(failed)?.serial;
    if let Some(found) = found.filter(|found| found.trim() != terminal.serial) {
        let (address, wanted) = (address.to_owned(), terminal.serial.clone());
        return Err(Trouble::AnotherTerminal { address, found, wanted });
    }
    let users = match client.users().await {
        // A terminal without this table names users in its records.
        Err(zk::Error::Refused { .. }) => Vec::new(),
        outcome => outcome.map_err(failed)?,
    };
    let log = client.attendance().await.map_err(failed)?;
    Ok((users, log))
}

/// The record as the terminal would print it, so that its identity is that of the pushed line. The user is empty when the record has
/// only a slot that nobody has.
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

    fn terminal(serial: &str) -> link::Terminal {
        link::Terminal {
            serial: serial.to_owned(),
            name: String::new(),
            approved: true,
            address: Some("10.0.0.9".to_owned()),
            comm_key: None,
            via: link::Via::Poll,
        }
    }

    #[test]
    fn a_terminal_is_read_again_only_after_its_poll_has_ended() {
        let every = Duration::from_secs(900);
        let mut schedule = Schedule::default();
        let wanted = [terminal("A1")];
        schedule.due(&wanted, 0, every);
        assert_eq!(schedule.due(&wanted, 90_000_000, every).len(), 1);
        assert_eq!(schedule.due(&wanted, 2_000_000_000, every).len(), 0, "it is still being read");
        schedule.done("A1", 2_900_000_000);
        assert_eq!(schedule.pause(2_000_000_000), every);
        assert_eq!(schedule.due(&wanted, 2_900_000_000, every).len(), 1);
    }

    #[test]
    fn slow_terminals_leave_places_to_others_one_by_one() {
        let every = Duration::from_secs(900);
        let mut schedule = Schedule::default();
        let wanted: Vec<_> = ["A", "B", "C", "D", "E", "F"].map(terminal).into();
        schedule.due(&wanted, 0, every);
        assert_eq!(schedule.due(&wanted, 90_000_000, every).len(), AT_ONCE);
        schedule.done("B", 990_000_000);
        let next = schedule.due(&wanted, 90_000_001, every);
        assert_eq!(next.iter().map(|one| one.serial.as_str()).collect::<Vec<_>>(), ["E"]);
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
