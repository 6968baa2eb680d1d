//! The lines of the security dialect (adms 9).

use zk::{AttendanceRecord, User};

use super::attendance::{number, printed};
use crate::terminal::{OperationEntry, operation_kind};

/// Somebody was recognised and let in.
const ACCESS: u16 = 0;
/// The terminal was switched on.
const STARTED: u16 = 206;

/// An rtlog line of a punch; `index` is the number of the record, which restarts when the log is cleared.
pub(super) fn event(record: &AttendanceRecord, index: usize) -> String {
    let direction = if record.state <= 1 { record.state } else { 2 };
    line(&printed(record.time), &number(record), ACCESS, direction, record.verify, index)
}

/// An rtlog line of the device itself, if it is one that is told.
pub(super) fn device_event(entry: &OperationEntry, index: usize) -> Option<String> {
    let is_start = entry.record.operation == operation_kind::POWER_ON;
    is_start.then(|| line(&printed(entry.record.time), "0", STARTED, 2, 200, index))
}

fn line(time: &str, pin: &str, event: u16, direction: u8, verify: u8, index: usize) -> String {
    format!(
        "time={time}\tpin={pin}\tcardno=0\teventaddr=1\tevent={event}\tinoutstatus={direction}\tverifytype={verify}\tindex={index}"
    )
}

/// The state of the one door: closed, no alarm.
pub(super) fn state(time: &str) -> String {
    format!("time={time}\tsensor=00\trelay=00\talarm=0000000000000000")
}

/// A record of the user table.
pub(super) fn user(user: &User) -> Vec<u8> {
    [
        format!("user uid={}\tcardno={}\tpin={}\tpassword=", user.slot, user.card, user.number).as_bytes(),
        user.password.as_bytes(),
        format!("\tgroup={}\tstarttime=0\tendtime=0\tname=", user.group).as_bytes(),
        &user.name_raw,
        format!("\tprivilege={}\tdisable={}\tverify=0", user.privilege.0, u8::from(user.privilege.is_disabled()))
            .as_bytes(),
    ]
    .concat()
}

/// A record of the log, as a query finds it.
pub(super) fn transaction(record: &AttendanceRecord, index: usize) -> String {
    let direction = if record.state <= 1 { record.state } else { 2 };
    format!(
        "transaction cardno=0\tpin={}\tverified={}\tdoorid=1\teventtype={ACCESS}\tinoutstate={direction}\ttime_second={}\tindex={index}",
        number(record),
        record.verify,
        record.time.0.cast_unsigned(),
    )
}

#[cfg(test)]
mod tests {
    use adms::security::{Event, Record};
    use zk::{PackedTime, Privilege};

    use super::*;

    /// What the reader of the dialect makes of our lines.
    #[test]
    fn punches_and_users_are_read_back() {
        let record = AttendanceRecord {
            state: 255,
            verify: 15,
            ..AttendanceRecord::of_number("0012".into(), PackedTime(-964_223_993))
        };
        let text = event(&record, 21);
        let read = Event::read(text.as_bytes()).unwrap();
        assert!(read.is_punch());
        assert_eq!(
            (read.time, read.pin, read.direction, read.index),
            (&b"1970-01-01 00:00:07"[..], &b"0012"[..], Some(2), Some(21))
        );

        let text = transaction(&record, 21);
        let Ok(Record::Transaction(found)) = Record::read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!((found.time.0, found.pin), (-964_223_993, &b"0012"[..]));

        let text = user(&User { privilege: Privilege::SUPER_ADMIN, card: 7, ..User::new("0012", "Ana Cruz") });
        let Ok(Record::User(read)) = Record::read(&text) else { panic!("a user") };
        assert_eq!(
            (read.pin, read.name, read.card, read.privilege),
            (&b"0012"[..], &b"Ana Cruz"[..], Some(7), Some(14))
        );
    }
}
