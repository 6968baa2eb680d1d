//! People punch, and the log is read.

use std::ops::Range;

use jiff::civil::DateTime;
use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, PackedTime, User, UserNumber, UserRef};

use super::operations::kind;
use super::{State, Terminal, civil_of, datetime_of, record};

/// Something that a terminal tells those who registered for it (zk 10).
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A punch entered the log.
    Punched(AttendanceRecord),
    /// A finger was enrolled.
    Enrolled { key: TemplateKey, number: String, template_bytes: usize },
}

impl Terminal {
    /// Somebody punches. A number that the terminal does not know is given a place in the user table.
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
                return Some(None);
            }
            state.append(record).map(Some)
        });
        if let Some(Some(record)) = punched {
            self.tell(Happening::Punched(record));
        }
        punched.is_some()
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
            waiting.into_iter().filter_map(|record| state.append(record)).collect::<Vec<_>>()
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

    /// The next punch that is to come has come.
    pub(crate) fn admit_awaited(&self) {
        if let Some(record) = self.change(|state| state.awaited.pop_front()) {
            self.record(record);
        }
    }
}

impl State {
    /// The record as it is in the log now; `None` when there is no room for it.
    pub(super) fn append(&mut self, record: AttendanceRecord) -> Option<AttendanceRecord> {
        let number = match record.user {
            UserRef::Number(number) => number,
            UserRef::Slot(slot) => UserNumber::from_u32(u32::from(slot)),
        };
        let slot = self.slot_of(&number.text())?;
        let time = self.printed(record.time);
        let record = AttendanceRecord { user: UserRef::Number(number), slot: Some(slot), time, ..record };
        self.log.append(record).then_some(record)
    }

    fn slot_of(&mut self, number: &str) -> Option<u16> {
        let known = self.users.slot_of(number);
        known.or_else(|| Some(self.users.put(User::new(number, &format!("User {number}"))).ok()?.0))
    }

    /// What the clock makes of a time; a date that does not exist stays as it is.
    fn printed(&self, time: PackedTime) -> PackedTime {
        let printed = datetime_of(time).and_then(|time| PackedTime::from_civil(civil_of(self.clock.prints(time))));
        printed.unwrap_or(time)
    }
}
