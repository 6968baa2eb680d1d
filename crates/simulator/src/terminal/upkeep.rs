//! The clock, the options, the operation log, the counts, and switching it off and on.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use zk::{Operation, PackedTime, Sizes, option};

use super::operations::kind;
use super::{OperationEntry, State, Terminal, civil_of, datetime_of};

/// The hardware address; it stays when a mainboard's serial changes.
const MAC: &str = "00:17:61:12:ba:c5";

impl Terminal {
    /// What its clock shows now.
    pub fn now(&self) -> DateTime {
        self.state().clock.shows(Timestamp::now())
    }

    /// Sets its clock to a wall-clock time.
    pub fn set_clock(&self, shown: DateTime) {
        self.change(|state| {
            state.clock.set(shown, Timestamp::now());
            state.note(kind::TIME_SET, "", [0; 4]);
        });
    }

    /// The clock follows a server's; less than two seconds are no difference.
    pub(crate) fn follow_clock(&self, shown: DateTime) {
        let wrong_by = self.faults.zone_error_s.get().unwrap_or(0);
        let shown = shown.saturating_add(SignedDuration::from_secs(wrong_by.into()));
        let mut state = self.state();
        let now = Timestamp::now();
        if state.clock.shows(now).duration_until(shown).abs() >= SignedDuration::from_secs(2) {
            state.clock.set(shown, now);
        }
    }

    /// The entries of the operation log at these positions, counted from the first ever; those that are gone are left out.
    pub fn operations(&self, range: Range<usize>) -> Vec<OperationEntry> {
        self.operations_from(range).1
    }

    /// The same, and the position of the first.
    pub(crate) fn operations_from(&self, range: Range<usize>) -> (usize, Vec<OperationEntry>) {
        self.state().operations.entries.slice(range)
    }

    /// Empties the operation log.
    pub(crate) fn clear_operations(&self) {
        self.change(|state| state.operations.entries.clear());
    }

    /// An option: what somebody wrote, else what the make says; `None` for one that it does not have (zk 5.4).
    pub fn option(&self, name: &str) -> Option<String> {
        let state = self.state();
        state.options.get(name).cloned().or_else(|| self.built_in(&state, name))
    }

    /// Writes an option.
    pub fn set_option(&self, name: &str, value: &str) {
        self.change(|state| {
            state.options.insert(name.to_owned(), value.to_owned());
            state.note(kind::SETTING_CHANGED, "", [0; 4]);
        });
    }

    fn built_in(&self, state: &State, name: &str) -> Option<String> {
        let profile = &self.profile;
        let flag = |is_on: bool| if is_on { "1" } else { "0" };
        let text = match name {
            option::SERIAL => &*state.serial,
            option::DEVICE_NAME => profile.device_name,
            option::PLATFORM => profile.platform,
            option::MAC => MAC,
            "~OEMVendor" => profile.vendor,
            "~ProductTime" => "2019-11-13 10:00:00",
            "~OS" | "~SSR" | "WorkCode" | "FingerFunOn" | "~RFCardOn" => "1",
            "~ZKFPVersion" => "10",
            "~PIN2Width" => match profile.binary.users {
                zk::UserLayout::Short => "5",
                zk::UserLayout::Long => "9",
            },
            "FaceFunOn" => flag(profile.capacity.faces.is_some()),
            "ZKFaceVersion" if profile.capacity.faces.is_some() => "7",
            "~IsABCPinEnable" | "~IsOnlyRFMachine" | "CompatOldFirmware" => "0",
            "DeviceID" | "LockOn" => "1",
            "IPAddress" => "127.0.0.1",
            "NetMask" => "255.255.255.0",
            "TCPPort" | "UDPPort" => "4370",
            "NewLng" => "69",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Counts and capacities as GET_FREE_SIZES tells them (zk 5.3).
    pub(crate) fn sizes(&self) -> Sizes {
        let state = self.state();
        let count = |count: usize| Some(u32::try_from(count).unwrap_or(u32::MAX));
        Sizes {
            users: count(state.users.len()),
            fingers: count(state.templates.len()),
            attendance: count(state.log.records.len()),
            operations: count(state.operations.entries.len()),
            administrators: count(state.users.iter().filter(|user| user.privilege.is_administrator()).count()),
            passwords: count(state.users.iter().filter(|user| !user.password.as_bytes().is_empty()).count()),
            finger_capacity: count(state.templates.capacity()),
            user_capacity: count(state.users.capacity()),
            attendance_capacity: count(state.log.capacity()),
            faces: self.profile.capacity.faces.map(|_| 0),
            face_capacity: self.profile.capacity.faces,
        }
    }

    /// Switches it off and on: connections end, what was told to servers is told again from the handshake on, people who waited
    /// punch.
    pub fn restart(&self) {
        self.change(|state| {
            let next = state.awaited.front().and_then(|record| datetime_of(record.time));
            state.reset_clock(next);
            state.note(kind::POWER_ON, "", [0; 4]);
        });
        self.set_disabled(false);
        self.note(|progress| progress.restarts += 1);
    }

    /// Times that it was switched on again.
    pub(crate) fn restarts(&self) -> usize {
        self.progress.borrow().restarts
    }

    /// Ends at the next restart after so many.
    pub(crate) async fn restarted(&self, restarts: usize) {
        // The sender lives in the terminal, so waiting ends by the condition.
        let _ = self.progress().wait_for(|now| now.restarts > restarts).await;
    }

    /// Takes its time before it answers.
    pub(crate) async fn ponder(&self) {
        if let Some(millis) = self.faults.slow_answers_ms.get() {
            tokio::time::sleep(Duration::from_millis(millis.into())).await;
        }
    }

    /// The id of the next session: they run (zk 4).
    pub(crate) fn next_session(&self) -> u16 {
        let mut state = self.state();
        state.sessions = state.sessions.checked_add(1).unwrap_or(1);
        state.sessions
    }

    /// Another mainboard: the serial changes, the hardware address stays.
    pub fn change_serial(&self, serial: &str) {
        self.state().serial = Arc::from(serial);
    }
}

impl State {
    /// With an empty battery the clock begins where its firmware begins. `next` is when the next punch happens that is played again:
    /// for those the clock begins then.
    pub(super) fn reset_clock(&mut self, next: Option<DateTime>) {
        let Some(year) = self.faults.clock_reset.get().and_then(|year| i16::try_from(year).ok()) else { return };
        let Ok(begins) = Date::new(year, 1, 1) else { return };
        let now = Timestamp::now();
        self.clock.set(begins.at(0, 0, 0, 0), now);
        if let Some(next) = next {
            self.clock.jump(next.duration_until(self.clock.true_time(now)));
        }
    }

    /// Notes an operation at the time that the clock shows.
    pub(super) fn note(&mut self, operation: Operation, number: &str, parameters: [u16; 4]) {
        let shown = self.clock.shows(Timestamp::now());
        // A clock beyond the years that can be packed prints its zero.
        let time = PackedTime::from_civil(civil_of(shown)).unwrap_or(PackedTime(0));
        self.operations.note(operation, time, number, parameters);
    }
}
