//! One terminal: its users, its logs, its templates, its clock. Both protocols show this same object.
//!
//! Invariants: a position in a log names the same record for ever, also after the oldest were overwritten; whoever punches is in
//! the user table at that moment, because a terminal knows whom it recognises; while a client has disabled the terminal people
//! wait in front of it, and nobody's punch is lost; nothing waits while the state is locked.

mod builder;
mod clock;
mod log;
mod operations;
mod people;
mod progress;
mod punching;
mod ring;
mod templates;
mod upkeep;
mod users;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use tokio::sync::{broadcast, watch};
use zk::{AttendanceRecord, CivilTime, PackedTime};

use crate::faults::Faults;
use crate::profile::Profile;
pub use builder::TerminalBuilder;
use clock::Clock;
use log::Log;
pub use log::WhenFull;
pub use operations::OperationEntry;
use operations::Operations;
pub(crate) use operations::kind as operation_kind;
pub use progress::Progress;
pub(crate) use punching::{Happening, chinese};
pub use templates::Template;
use templates::Templates;
pub use users::UserRefused;
use users::Users;

/// Happenings that a slow listener may be behind before it misses some.
const HAPPENINGS: usize = 1024;

/// A simulated terminal; clones are the same terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    profile: Arc<Profile>,
    faults: Arc<Faults>,
    comm_key: u32,
    seed: u64,
    state: Arc<Mutex<State>>,
    progress: Arc<watch::Sender<Progress>>,
    happenings: broadcast::Sender<Happening>,
}

#[derive(Debug)]
struct State {
    faults: Arc<Faults>,
    serial: Arc<str>,
    users: Users,
    log: Log,
    operations: Operations,
    templates: Templates,
    clock: Clock,
    turn: Option<Turn>,
    /// Punches since it was built, refused ones included.
    punches: usize,
    /// Options that somebody has written.
    options: BTreeMap<String, String>,
    /// Not punched yet; a run moves them into the log.
    awaited: VecDeque<AttendanceRecord>,
    /// People in front of the disabled terminal.
    waiting: VecDeque<AttendanceRecord>,
    is_disabled: bool,
    log_reads_begun: u32,
    sessions: u16,
}

/// What happens half-way through the awaited punches: when fewer than these are left.
#[derive(Debug)]
struct Turn {
    awaited: usize,
    clock_jump: Option<SignedDuration>,
    new_serial: Option<String>,
}

impl Terminal {
    /// The serial number.
    pub fn serial(&self) -> Arc<str> {
        self.state().serial.clone()
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

    /// What every chance of this terminal follows from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Changes to what happened so far. A borrow of it that is held stops the terminal: let it go before waiting for something else.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// What happens from now on, for those who registered for real-time events.
    pub(crate) fn happenings(&self) -> broadcast::Receiver<Happening> {
        self.happenings.subscribe()
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }

    fn tell(&self, happening: Happening) {
        // Nobody may be listening.
        let _ = self.happenings.send(happening);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two of our statements, so a poisoned lock is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state and tells the watchers how far it is now.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let outcome = change(&mut state);
        let (punched, awaited) = (state.log.records.end(), state.awaited.len());
        let (operations, user_changes) = (state.operations.entries.end(), state.users.changes());
        drop(state);
        self.progress.send_if_modified(|progress| {
            let before = *progress;
            *progress = Progress { punched, awaited, operations, user_changes, ..before };
            *progress != before
        });
        outcome
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

/// A time as the calendar has it; `None` for 31 February and the like.
pub(crate) fn datetime_of(time: PackedTime) -> Option<jiff::civil::DateTime> {
    let CivilTime { year, month, day, hour, minute, second } = time.civil().ok()?;
    let signed = |field: u8| i8::try_from(field).ok();
    let year = i16::try_from(year).ok()?;
    jiff::civil::DateTime::new(year, signed(month)?, signed(day)?, signed(hour)?, signed(minute)?, signed(second)?, 0)
        .ok()
}

pub(crate) fn record(number: &str, time: jiff::civil::DateTime, state: u8, verify: u8) -> Option<AttendanceRecord> {
    let time = PackedTime::from_civil(civil_of(time))?;
    Some(AttendanceRecord { state, verify, ..AttendanceRecord::of_number(number.into(), time) })
}
