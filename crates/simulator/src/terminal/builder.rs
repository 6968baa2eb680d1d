//! Makes terminals.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, watch};
use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, User};

use super::clock::Clock;
use super::log::{Log, WhenFull};
use super::operations::{Operations, kind};
use super::punching::chinese;
use super::templates::{Template, Templates};
use super::users::Users;
use super::{HAPPENINGS, Progress, State, Terminal, Turn, datetime_of};
use crate::faults::Faults;
use crate::profile::Profile;
use crate::random::Random;

/// Makes a [`Terminal`].
#[derive(Debug)]
pub struct TerminalBuilder {
    serial: String,
    profile: Profile,
    faults: Faults,
    comm_key: u32,
    seed: u64,
    zone: TimeZone,
    drift_ppm: f64,
    capacity: Option<u32>,
    when_full: WhenFull,
    users: Vec<User>,
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
            seed: 0,
            zone: TimeZone::UTC,
            drift_ppm: 0.0,
            capacity: None,
            when_full: WhenFull::default(),
            users: Vec::new(),
            log: Vec::new(),
            awaited: Vec::new(),
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

    /// Decides every chance: session ids, made-up templates, what is lost on the way.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The zone of its clock.
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Millionths by which its clock runs fast; 11.6 is a second a day.
    pub fn drift_ppm(mut self, ppm: f64) -> Self {
        self.drift_ppm = ppm;
        self
    }

    /// Punches that the log holds at most; else as many as its make.
    pub fn capacity(mut self, records: u32) -> Self {
        self.capacity = Some(records);
        self
    }

    /// What becomes of a punch when the log is full.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Its user table; whoever is in the log without being here is added. A user of slot 0 gets a free one.
    pub fn users(mut self, users: impl IntoIterator<Item = User>) -> Self {
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

    /// The terminal, just switched on. What it is given at the start fits, however small its make is; of users with the same
    /// slot or number the last counts. Each of them has one finger enrolled.
    pub fn build(mut self) -> Terminal {
        self.faults.shape(&mut self.profile.binary);
        let (profile, faults) = (Arc::new(self.profile), Arc::new(self.faults));
        let capacity = profile.capacity;
        let (punches, when_full) = match (faults.log_full.size(), faults.log_wraps.size()) {
            (Some(more), _) => (self.log.len().saturating_add(more), WhenFull::Refuses),
            (None, Some(wraps)) => (wraps, WhenFull::Overwrites),
            (None, None) => {
                let capacity = self.capacity.unwrap_or(capacity.punches) as usize;
                (capacity.max(self.log.len()), self.when_full)
            }
        };
        let first_awaited = self.awaited.first().and_then(|record| datetime_of(record.time));
        let mut state = State {
            faults: faults.clone(),
            serial: self.serial.into(),
            users: Users::new(usize::from(u16::MAX)),
            log: Log::new(punches, when_full),
            operations: Operations::default(),
            templates: Templates::new(usize::MAX),
            clock: Clock::new(self.zone, Timestamp::now()),
            turn: None,
            punches: 0,
            options: BTreeMap::new(),
            awaited: self.awaited.into(),
            waiting: VecDeque::new(),
            is_disabled: false,
            log_reads_begun: 0,
            sessions: Random::of(&[self.seed]).below(u64::from(u16::MAX)) as u16,
        };
        for user in self.users {
            let name_raw = if faults.gb2312_names { chinese(&user.name()) } else { user.name_raw.clone() };
            let user = User { name_raw, ..user };
            // There is room, and a user without a number is nobody.
            let _ = if user.slot == 0 { state.users.put(user).map(drop) } else { state.users.write(user).map(drop) };
        }
        for record in self.log {
            state.append(record);
        }
        let slots: Vec<u16> = state.users.iter().map(|user| user.slot).collect();
        for slot in slots {
            let key = TemplateKey { slot, finger: 0 };
            state.templates.write(key, Template::made_up(self.seed, key));
        }
        state.users.limit(capacity.users as usize);
        state.templates.limit(capacity.fingers as usize);
        state.switch_on(first_awaited, self.drift_ppm);
        let progress = Progress {
            punched: state.log.records.end(),
            awaited: state.awaited.len(),
            operations: state.operations.entries.end(),
            user_changes: state.users.changes(),
            ..Progress::default()
        };
        Terminal {
            profile,
            faults,
            comm_key: self.comm_key,
            seed: self.seed,
            state: Arc::new(Mutex::new(state)),
            progress: Arc::new(watch::Sender::new(progress)),
            happenings: broadcast::Sender::new(HAPPENINGS),
        }
    }
}

impl State {
    /// The first time: from here on the clock goes wrong in its own ways.
    fn switch_on(&mut self, first_awaited: Option<DateTime>, drift_ppm: f64) {
        let now = Timestamp::now();
        let faults = self.faults.clone();
        if let Some(seconds) = faults.clock_skew_s.get() {
            self.clock.jump(SignedDuration::from_secs(seconds.into()));
        }
        self.clock.drift(faults.clock_drift_s.get().map_or(drift_ppm, ppm_of_seconds_a_day), now);
        self.reset_clock(first_awaited);
        self.turn = Some(Turn {
            awaited: self.awaited.len().div_ceil(2),
            clock_jump: faults.clock_jump_s.get().map(|seconds| SignedDuration::from_secs(seconds.into())),
            new_serial: faults.new_serial.clone(),
        });
        self.note(kind::POWER_ON, "", [0; 4]);
    }
}

fn ppm_of_seconds_a_day(seconds: i32) -> f64 {
    f64::from(seconds) / 86_400.0 * 1e6
}
