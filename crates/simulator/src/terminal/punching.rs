//! People punch, and the log is read.

use std::ops::Range;

use jiff::civil::DateTime;
use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, CivilTime, InvalidTime, PackedTime, User, UserNumber, UserRef};

use super::operations::kind;
use super::{State, Terminal, civil_of, datetime_of, record};
use crate::faults::Faults;

/// Something that a terminal tells those who registered for it (zk 10).
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A punch entered the log.
    Punched(AttendanceRecord),
    /// A finger was enrolled.
    Enrolled { key: TemplateKey, number: String, template_bytes: usize },
}

impl Terminal {
    /// Somebody punches at this time on the terminal's own face. A number that the terminal does not know is given a place in the user table.
    /// Returns false, and records nothing, when the log or the user table is full or the time can't be packed.
    pub fn punch(&self, number: &str, time: DateTime, state: u8, verify: u8) -> bool {
        record(number, time, state, verify).is_some_and(|record| self.record(record))
    }

    /// Somebody punches now, by the terminal's own clock; otherwise as [`Terminal::punch`].
    pub fn punch_now(&self, number: &str, state: u8, verify: u8) -> bool {
        self.punch(number, self.now(), state, verify)
    }

    /// Adds a record to the log, as [`Terminal::punch`]. While a client has the terminal disabled the person waits, and the record
    /// follows when it is enabled again.
    pub fn record(&self, record: AttendanceRecord) -> bool {
        let punched = self.change(|state| {
            if state.is_disabled {
                state.waiting.push_back(record);
                return None;
            }
            Some(state.append(record))
        });
        let is_taken = punched.as_ref().is_none_or(|records| !records.is_empty());
        punched.into_iter().flatten().for_each(|record| self.tell(Happening::Punched(record)));
        is_taken
    }

    /// So many punches of now, whether the terminal is disabled or not: units that let people punch during a read.
    pub(crate) fn grow_log(&self, count: u32) {
        let now = self.now();
        let punched = self.change(|state| {
            let number = state.users.iter().next().map_or_else(|| "1".to_owned(), |user| user.number.clone());
            let records = (0..count).filter_map(|_| record(&number, now, 0, 1));
            records.flat_map(|record| state.append(record)).collect::<Vec<_>>()
        });
        punched.into_iter().for_each(|record| self.tell(Happening::Punched(record)));
    }

    /// The number of punches in the log.
    pub fn log_len(&self) -> usize {
        self.state().log.records.len()
    }

    /// The punches at these positions, counted from the first ever; those that are gone or still to come are left out.
    pub fn log(&self, range: Range<usize>) -> Vec<AttendanceRecord> {
        self.log_from(range).1
    }

    /// The same, and the position of the first.
    pub(crate) fn log_from(&self, range: Range<usize>) -> (usize, Vec<AttendanceRecord>) {
        self.state().log.records.slice(range)
    }

    /// Empties the log.
    pub fn clear_log(&self) {
        self.change(|state| {
            state.log.records.clear();
            state.note(kind::PUNCHES_DELETED, "", [0; 4]);
        });
    }

    /// Whether a 4370 client has disabled it.
    pub fn is_disabled(&self) -> bool {
        self.state().is_disabled
    }

    /// When it is enabled, whoever waited punches.
    pub(crate) fn set_disabled(&self, is_disabled: bool) {
        let punched = self.change(|state| {
            state.is_disabled = is_disabled;
            let waiting = if is_disabled { Default::default() } else { std::mem::take(&mut state.waiting) };
            waiting.into_iter().flat_map(|record| state.append(record)).collect::<Vec<_>>()
        });
        punched.into_iter().for_each(|record| self.tell(Happening::Punched(record)));
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

    /// The next punch that is to come has come: at its time, as the clock has it.
    pub(crate) fn admit_awaited(&self) {
        let mut turn = None;
        let record = self.change(|state| {
            let record = state.awaited.pop_front()?;
            turn = state.turn.take_if(|turn| state.awaited.len() < turn.awaited);
            if let Some(by) = turn.as_ref().and_then(|turn| turn.clock_jump) {
                state.clock.jump(by);
            }
            Some(AttendanceRecord { time: state.printed(record.time), ..record })
        });
        if let Some(serial) = turn.and_then(|turn| turn.new_serial) {
            self.change_serial(&serial);
            self.restart();
        }
        if let Some(record) = record {
            self.record(record);
        }
    }
}

impl State {
    /// The record, once or twice, as it is in the log now; nothing when there is no room for it.
    pub(super) fn append(&mut self, record: AttendanceRecord) -> Vec<AttendanceRecord> {
        let number = match record.user {
            UserRef::Number(number) => number,
            UserRef::Slot(slot) => UserNumber::from_u32(u32::from(slot)),
        };
        let Some(slot) = self.slot_of(&number.text()) else { return Vec::new() };
        self.punches += 1;
        let time =
            if self.faults.invalid_dates.strikes_at(self.punches) { impossible(record.time) } else { record.time };
        let record = AttendanceRecord { user: UserRef::Number(number), slot: Some(slot), time, ..record };
        let copies = 1 + usize::from(self.faults.duplicate_punch.strikes_at(self.punches));
        (0..copies).filter(|_| self.log.append(record)).map(|_| record).collect()
    }

    fn slot_of(&mut self, number: &str) -> Option<u16> {
        let known = self.users.slot_of(number);
        known.or_else(|| Some(self.users.put(nameless(number, &self.faults)).ok()?.0))
    }

    /// What the clock makes of a time; a date that does not exist stays as it is.
    fn printed(&self, time: PackedTime) -> PackedTime {
        let printed = datetime_of(time).and_then(|time| PackedTime::from_civil(civil_of(self.clock.prints(time))));
        printed.unwrap_or(time)
    }
}

/// The same time of day on 31 February of its year.
fn impossible(time: PackedTime) -> PackedTime {
    let printed = time.civil().unwrap_or_else(InvalidTime::printed);
    PackedTime::from_civil(CivilTime { month: 2, day: 31, ..printed }).unwrap_or(time)
}

/// Somebody whom the terminal was never told about.
fn nameless(number: &str, faults: &Faults) -> User {
    if faults.gb2312_names {
        let name_raw = chinese(&format!("用户{number}"));
        return User { name_raw, ..User::new(number, "") };
    }
    User::new(number, &format!("User {number}"))
}

/// The text in GB2312 as old firmware holds it.
pub(crate) fn chinese(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}
