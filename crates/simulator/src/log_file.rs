//! A log exported by a terminal, as a terminal holds it again.

use attendance::punch::{PrintedTime, RawPunch, attlog};
use zk::{AttendanceRecord, CivilTime, PackedTime};

use crate::terminal::civil_of;

/// The punches of an exported file that a terminal can hold.
#[derive(Debug, Clone, Default)]
pub struct LogFile {
    /// In the order of the file.
    pub records: Vec<AttendanceRecord>,
    /// Lines that no terminal can hold: without user or time, or with a time that can't be packed.
    pub unfit_lines: usize,
}

impl LogFile {
    /// Reads the text that terminals export over USB (real punch data, "Format facts").
    pub fn parse(bytes: &[u8]) -> LogFile {
        let mut file = LogFile::default();
        for punch in attlog::punches("", bytes) {
            match record_of(&punch) {
                Some(record) => file.records.push(record),
                None => file.unfit_lines += 1,
            }
        }
        file
    }
}

fn record_of(punch: &RawPunch) -> Option<AttendanceRecord> {
    let time = match &punch.time {
        PrintedTime::Seconds(_) => PackedTime::from_civil(civil_of(punch.time.civil()?))?,
        PrintedTime::Raw(bytes) => impossible_time(std::str::from_utf8(bytes).ok()?)?,
    };
    let byte = |value: Option<i32>| value.and_then(|value| u8::try_from(value).ok());
    (!punch.user.is_empty()).then(|| AttendanceRecord {
        verify: byte(punch.verify).unwrap_or(0),
        state: byte(punch.state).unwrap_or(255),
        work_code: punch.work_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(0),
        ..AttendanceRecord::of_number(punch.user.as_str().into(), time)
    })
}

/// Dates like 31 February are none, but terminals hold and print them.
fn impossible_time(text: &str) -> Option<PackedTime> {
    let mut numbers = text.split(['-', ' ', ':']).map(|field| field.parse::<u16>().ok());
    let mut next = || numbers.next().flatten();
    let year = next()?.into();
    let mut next = || next().and_then(|field| u8::try_from(field).ok());
    let time = CivilTime { year, month: next()?, day: next()?, hour: next()?, minute: next()?, second: next()? };
    PackedTime::from_civil(time)
}
