//! Makes terminals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{broadcast, watch};
use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, User};

use super::clock::Clock;
use super::log::{Log, WhenFull};
use super::operations::{Operations, kind};
use super::templates::{Template, Templates};
use super::users::Users;
use super::{HAPPENINGS, Progress, State, Terminal};
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
    pub fn build(self) -> Terminal {
        let now = Timestamp::now();
        let capacity = self.profile.capacity;
        let punches = self.capacity.unwrap_or(capacity.punches) as usize;
        let mut state = State {
            serial: self.serial.into(),
            users: Users::new(usize::from(u16::MAX)),
            log: Log::new(punches.max(self.log.len()), self.when_full),
            operations: Operations::default(),
            templates: Templates::new((capacity.fingers as usize).max(usize::from(u16::MAX))),
            clock: Clock::new(self.zone, now),
            options: BTreeMap::new(),
            awaited: self.awaited.into(),
            waiting: Default::default(),
            is_disabled: false,
            log_reads_begun: 0,
            sessions: Random::of(&[self.seed]).below(u64::from(u16::MAX)) as u16,
        };
        state.clock.drift(self.drift_ppm, now);
        state.note(kind::POWER_ON, "", [0; 4]);
        for user in self.users {
            // There is room, and a user without a number is nobody.
            let _ =
                if user.slot == 0 { state.users.put(user).map(|_| ()) } else { state.users.write(user).map(|_| ()) };
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
        let progress = Progress {
            punched: state.log.records.end(),
            awaited: state.awaited.len(),
            operations: state.operations.entries.end(),
            user_changes: state.users.changes(),
            ..Progress::default()
        };
        Terminal {
            profile: Arc::new(self.profile),
            faults: Arc::new(self.faults),
            comm_key: self.comm_key,
            seed: self.seed,
            state: Arc::new(Mutex::new(state)),
            progress: Arc::new(watch::Sender::new(progress)),
            happenings: broadcast::Sender::new(HAPPENINGS),
        }
    }
}
