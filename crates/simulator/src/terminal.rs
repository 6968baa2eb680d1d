//! One terminal: its users, its log, its clock. Both protocols show this same object.
//!
//! Invariants: the log only grows, so an index into it names a record for ever; every user number in the log is in the user
//! table, because a terminal knows whom it recognises; nothing waits while the state is locked.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use tokio::sync::watch;
use zk::{AttendanceRecord, CivilTime, PackedTime, Privilege, Sizes, User, UserNumber, UserRef};

use crate::faults::Faults;
use crate::profile::Profile;

/// What happened so far; [`Terminal::progress`] tells each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Punches in the log.
    pub punched: usize,
    /// Punches that will still enter the log, at the pace of the run.
    pub awaited: usize,
    /// Lines sent by push, repetitions included.
    pub sent: usize,
    /// Punches from the start of the log that the server has acknowledged without a gap.
    pub acknowledged: usize,
    /// Requests to the server that failed; what they carried is kept.
    pub failures: usize,
    /// Polls for commands.
    pub command_polls: usize,
    /// Commands done.
    pub commands: usize,
    /// Complete reads of the log over port 4370.
    pub log_reads: usize,
}

/// Somebody in the terminal's user table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalUser {
    /// The number typed at the terminal.
    pub number: String,
    /// The name shown.
    pub name: String,
    /// Card number, 0 none.
    pub card: u32,
    /// May change settings.
    pub is_administrator: bool,
}

impl TerminalUser {
    /// An ordinary user without a card.
    pub fn new(number: impl Into<String>, name: impl Into<String>) -> TerminalUser {
        TerminalUser { number: number.into(), name: name.into(), card: 0, is_administrator: false }
    }
}

/// A simulated terminal; clones are the same terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    serial: Arc<str>,
    profile: Arc<Profile>,
    faults: Faults,
    comm_key: u32,
    zone: TimeZone,
    capacity: u32,
    state: Arc<Mutex<State>>,
    progress: Arc<watch::Sender<Progress>>,
}

#[derive(Debug, Default)]
struct State {
    users: Vec<TerminalUser>,
    slots: HashMap<String, u16>,
    log: Vec<AttendanceRecord>,
    /// Not punched yet; a run moves them into the log.
    awaited: std::collections::VecDeque<AttendanceRecord>,
    is_disabled: bool,
    log_reads_begun: u32,
}

/// Makes a [`Terminal`].
#[derive(Debug)]
pub struct TerminalBuilder {
    serial: String,
    profile: Profile,
    faults: Faults,
    comm_key: u32,
    zone: TimeZone,
    capacity: u32,
    users: Vec<TerminalUser>,
    log: Vec<AttendanceRecord>,
    awaited: Vec<AttendanceRecord>,
}

impl Terminal {
    /// Begins a terminal with this serial: a colour unit with an empty log, comm key 0, in UTC.
    pub fn builder(serial: impl Into<String>) -> TerminalBuilder {
        TerminalBuilder {
            serial: serial.into(),
            profile: Profile::default(),
            faults: Faults::default(),
            comm_key: 0,
            zone: TimeZone::UTC,
            capacity: 100_000,
            users: Vec::new(),
            log: Vec::new(),
            awaited: Vec::new(),
        }
    }

    /// The serial number.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Its make.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What goes wrong with it.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The comm key, 0 none.
    pub fn comm_key(&self) -> u32 {
        self.comm_key
    }

    /// What its clock shows now.
    pub fn now(&self) -> jiff::civil::DateTime {
        jiff::Timestamp::now().to_zoned(self.zone.clone()).datetime()
    }

    /// Somebody punches. A number that the terminal does not know is given a place in the user table.
    /// Returns false, and records nothing, when the log is full or the time can't be packed.
    pub fn punch(&self, number: &str, time: jiff::civil::DateTime, state: u8, verify: u8) -> bool {
        record(number, time, state, verify).is_some_and(|record| self.record(record))
    }

    /// Adds a record to the log, as [`Terminal::punch`].
    pub fn record(&self, record: AttendanceRecord) -> bool {
        let punched = {
            let mut state = self.state();
            if state.log.len() >= self.capacity as usize {
                return false;
            }
            state.append(record);
            state.log.len()
        };
        self.note(|progress| progress.punched = punched);
        true
    }

    /// Changes to what happened so far.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The number of punches in the log.
    pub fn log_len(&self) -> usize {
        self.state().log.len()
    }

    /// A part of the log; what lies beyond its end is left out.
    pub fn log(&self, range: Range<usize>) -> Vec<AttendanceRecord> {
        let state = self.state();
        let end = range.end.min(state.log.len());
        state.log.get(range.start.min(end)..end).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// The user table, by slot from 1.
    pub fn users(&self) -> Vec<TerminalUser> {
        self.state().users.clone()
    }

    /// Whether a 4370 client has disabled it.
    pub fn is_disabled(&self) -> bool {
        self.state().is_disabled
    }

    pub(crate) fn set_disabled(&self, is_disabled: bool) {
        self.state().is_disabled = is_disabled;
    }

    /// Counts a read of the log that begins, from 1.
    pub(crate) fn begin_log_read(&self) -> u32 {
        let mut state = self.state();
        state.log_reads_begun += 1;
        state.log_reads_begun
    }

    /// The next punch that is to come.
    pub(crate) fn first_awaited(&self) -> Option<AttendanceRecord> {
        self.state().awaited.front().copied()
    }

    /// The next punch that is to come has come.
    pub(crate) fn admit_awaited(&self) {
        let (punched, awaited) = {
            let mut state = self.state();
            if let Some(record) = state.awaited.pop_front()
                && state.log.len() < self.capacity as usize
            {
                state.append(record);
            }
            (state.log.len(), state.awaited.len())
        };
        self.note(|progress| {
            progress.punched = punched;
            progress.awaited = awaited;
        });
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    /// Counts and capacities as GET_FREE_SIZES tells them.
    pub(crate) fn sizes(&self) -> Sizes {
        let state = self.state();
        let administrators = state.users.iter().filter(|user| user.is_administrator).count();
        Sizes {
            users: Some(state.users.len() as u32),
            fingers: Some(state.users.len() as u32),
            attendance: Some(state.log.len() as u32),
            operations: Some(0),
            administrators: Some(administrators as u32),
            passwords: Some(0),
            finger_capacity: Some(3_000),
            user_capacity: Some(30_000),
            attendance_capacity: Some(self.capacity),
            faces: None,
            face_capacity: None,
        }
    }

    /// The user table as records of the 4370 protocol.
    pub(crate) fn user_records(&self) -> Vec<u8> {
        let users = self.users();
        let records = users.iter().zip(1_u16..).map(|(user, slot)| self.profile.users.encode(&user.record(slot)));
        records.flatten().collect()
    }

    /// The log as records of the 4370 protocol.
    pub(crate) fn log_records(&self) -> Vec<u8> {
        let state = self.state();
        state.log.iter().flat_map(|record| self.profile.attendance.encode(record)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two of our statements, so a poisoned lock is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, record: AttendanceRecord) {
        let number = match record.user {
            UserRef::Number(number) => number,
            UserRef::Slot(slot) => UserNumber::from_u32(u32::from(slot)),
        };
        let slot = self.slot(&number.text());
        self.log.push(AttendanceRecord { user: UserRef::Number(number), slot: Some(slot), ..record });
    }

    fn slot(&mut self, number: &str) -> u16 {
        if let Some(slot) = self.slots.get(number) {
            return *slot;
        }
        self.enrol(TerminalUser::new(number, format!("User {number}")))
    }

    fn enrol(&mut self, user: TerminalUser) -> u16 {
        let slot = (self.users.len() + 1) as u16;
        self.slots.insert(user.number.clone(), slot);
        self.users.push(user);
        slot
    }
}

impl TerminalUser {
    fn record(&self, slot: u16) -> User {
        User {
            slot,
            privilege: if self.is_administrator { Privilege::SUPER_ADMIN } else { Privilege::USER },
            card: self.card,
            ..User::new(&*self.number, &self.name)
        }
    }
}

impl TerminalBuilder {
    /// Its make.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// What goes wrong with it.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The comm key, 0 none.
    pub fn comm_key(mut self, key: u32) -> Self {
        self.comm_key = key;
        self
    }

    /// The zone of its clock.
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Punches that the log holds at most.
    pub fn capacity(mut self, records: u32) -> Self {
        self.capacity = records;
        self
    }

    /// Its user table; whoever is in the log without being here is added.
    pub fn users(mut self, users: impl IntoIterator<Item = TerminalUser>) -> Self {
        self.users.extend(users);
        self
    }

    /// Punches that are in the log from the start.
    pub fn log(mut self, records: impl IntoIterator<Item = AttendanceRecord>) -> Self {
        self.log.extend(records);
        self
    }

    /// Punches that enter the log during a [`crate::run()`], at its pace.
    pub fn awaited(mut self, records: impl IntoIterator<Item = AttendanceRecord>) -> Self {
        self.awaited.extend(records);
        self
    }

    /// The terminal.
    pub fn build(self) -> Terminal {
        let mut state = State { awaited: self.awaited.into(), ..State::default() };
        for user in self.users {
            state.enrol(user);
        }
        for record in self.log {
            state.append(record);
        }
        let progress = Progress { punched: state.log.len(), awaited: state.awaited.len(), ..Progress::default() };
        Terminal {
            serial: self.serial.into(),
            profile: Arc::new(self.profile),
            faults: self.faults,
            comm_key: self.comm_key,
            zone: self.zone,
            capacity: self.capacity.max(progress.punched as u32),
            state: Arc::new(Mutex::new(state)),
            progress: Arc::new(watch::Sender::new(progress)),
        }
    }
}

pub(crate) fn civil_of(time: jiff::civil::DateTime) -> CivilTime {
    CivilTime {
        year: time.year().into(),
        month: time.month() as u8,
        day: time.day() as u8,
        hour: time.hour() as u8,
        minute: time.minute() as u8,
        second: time.second() as u8,
    }
}

pub(crate) fn record(number: &str, time: jiff::civil::DateTime, state: u8, verify: u8) -> Option<AttendanceRecord> {
    let time = PackedTime::from_civil(civil_of(time))?;
    Some(AttendanceRecord { state, verify, ..AttendanceRecord::of_number(number.into(), time) })
}
