//! What a terminal's log says, as punches.

use std::collections::HashMap;

use attendance::punch::{PrintedTime, RawPunch};
use zk::{AttendanceRecord, InvalidTime, UserRef};

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

#[cfg(test)]
mod tests {
    use super::*;

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
