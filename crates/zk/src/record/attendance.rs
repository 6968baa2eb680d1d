//! One attendance record in each of its widths (zk 7.3).

use crate::record::number::UserNumber;
use crate::time::PackedTime;
use crate::wire::{put_padded, u16_at, u32_at};

/// How a terminal lays out its attendance records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttendanceLayout {
    /// 8 bytes: slot, verify, time, state.
    EightA,
    /// 8 bytes: slot, verify, state, time.
    EightB,
    /// 16 bytes: number as integer, time, verify, state, work code.
    Sixteen,
    /// 40 bytes: slot, number as text, verify, time, state, work code; colour units.
    Forty,
    /// 49 bytes and up: begins like 40; the rest is unknown and only reachable raw.
    Wide {
        /// Bytes of each record.
        width: usize,
    },
}

/// Whom a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserRef {
    /// The user number itself.
    Number(UserNumber),
    /// Only the slot in the user table, as 8-byte records have it; the table translates it.
    Slot(u16),
}

/// One punch as the terminal recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendanceRecord {
    /// Who.
    pub user: UserRef,
    /// The slot, where the record has one.
    pub slot: Option<u16>,
    /// When, on the terminal's own face.
    pub time: PackedTime,
    /// How the person was verified, as the terminal numbers it: 0 password, 1 finger, 2 card, 15 face.
    pub verify: u8,
    /// The function key: 0 in, 1 out, 2 break out, 3 break in, 4 overtime in, 5 overtime out, 255 none.
    pub state: u8,
    /// The work code; 0 none.
    pub work_code: u32,
}

impl AttendanceLayout {
    /// Bytes of one record.
    pub fn width(self) -> usize {
        match self {
            AttendanceLayout::EightA | AttendanceLayout::EightB => 8,
            AttendanceLayout::Sixteen => 16,
            AttendanceLayout::Forty => 40,
            AttendanceLayout::Wide { width } => width,
        }
    }

    /// Reads one record; `None` when there are fewer bytes than the layout needs.
    #[inline]
    pub fn decode(self, raw: &[u8]) -> Option<AttendanceRecord> {
        match self {
            AttendanceLayout::EightA => decode_eight(raw.first_chunk()?, 2, 3, 7),
            AttendanceLayout::EightB => decode_eight(raw.first_chunk()?, 2, 4, 3),
            AttendanceLayout::Sixteen => decode_sixteen(raw.first_chunk()?),
            AttendanceLayout::Forty | AttendanceLayout::Wide { .. } => decode_forty(raw.first_chunk()?),
        }
    }

    /// Writes one record as a terminal of this layout would. A user that the layout can't hold becomes slot or number 0.
    pub fn encode(self, record: &AttendanceRecord) -> Vec<u8> {
        let mut raw = vec![0; self.width().max(8)];
        match self {
            AttendanceLayout::EightA => encode_eight(&mut raw, record, 2, 3, 7),
            AttendanceLayout::EightB => encode_eight(&mut raw, record, 2, 4, 3),
            AttendanceLayout::Sixteen => encode_sixteen(&mut raw, record),
            AttendanceLayout::Forty | AttendanceLayout::Wide { .. } => encode_forty(&mut raw, record),
        }
        raw
    }
}

impl AttendanceRecord {
    /// A punch of a user number, as colour units record it.
    pub fn of_number(number: UserNumber, time: PackedTime) -> AttendanceRecord {
        AttendanceRecord { user: UserRef::Number(number), slot: None, time, verify: 1, state: 0, work_code: 0 }
    }
}

fn time_at(raw: &[u8], offset: usize) -> Option<PackedTime> {
    u32_at(raw, offset).map(|packed| PackedTime(packed as i32))
}

fn decode_eight(raw: &[u8; 8], verify: usize, time: usize, state: usize) -> Option<AttendanceRecord> {
    let slot = u16_at(raw, 0)?;
    Some(AttendanceRecord {
        user: UserRef::Slot(slot),
        slot: Some(slot),
        time: time_at(raw, time)?,
        verify: *raw.get(verify)?,
        state: *raw.get(state)?,
        work_code: 0,
    })
}

fn decode_sixteen(raw: &[u8; 16]) -> Option<AttendanceRecord> {
    Some(AttendanceRecord {
        user: UserRef::Number(UserNumber::from_u32(u32_at(raw, 0)?)),
        slot: None,
        time: time_at(raw, 4)?,
        verify: raw[8],
        state: raw[9],
        work_code: u32_at(raw, 12)?,
    })
}

fn decode_forty(raw: &[u8; 40]) -> Option<AttendanceRecord> {
    Some(AttendanceRecord {
        user: UserRef::Number(UserNumber::from_field(&raw[2..26])),
        slot: u16_at(raw, 0),
        time: time_at(raw, 27)?,
        verify: raw[26],
        state: raw[31],
        work_code: u32_at(raw, 32)?,
    })
}

fn put(raw: &mut [u8], offset: usize, bytes: &[u8]) {
    if let Some(field) = raw.get_mut(offset..offset + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

fn slot_of(record: &AttendanceRecord) -> u16 {
    match record.user {
        UserRef::Slot(slot) => slot,
        UserRef::Number(_) => record.slot.unwrap_or(0),
    }
}

fn number_of(record: &AttendanceRecord) -> UserNumber {
    match record.user {
        UserRef::Number(number) => number,
        UserRef::Slot(slot) => UserNumber::from_u32(u32::from(slot)),
    }
}

fn encode_eight(raw: &mut [u8], record: &AttendanceRecord, verify: usize, time: usize, state: usize) {
    put(raw, 0, &slot_of(record).to_le_bytes());
    put(raw, verify, &[record.verify]);
    put(raw, time, &record.time.to_bytes());
    put(raw, state, &[record.state]);
}

fn encode_sixteen(raw: &mut [u8], record: &AttendanceRecord) {
    let number: u32 = number_of(record).text().parse().unwrap_or(0);
    put(raw, 0, &number.to_le_bytes());
    put(raw, 4, &record.time.to_bytes());
    put(raw, 8, &[record.verify, record.state]);
    put(raw, 12, &record.work_code.to_le_bytes());
}

fn encode_forty(raw: &mut [u8], record: &AttendanceRecord) {
    put(raw, 0, &slot_of(record).to_le_bytes());
    if let Some(field) = raw.get_mut(2..26) {
        put_padded(field, number_of(record).as_bytes());
    }
    put(raw, 26, &[record.verify]);
    put(raw, 27, &record.time.to_bytes());
    put(raw, 31, &[record.state]);
    put(raw, 32, &record.work_code.to_le_bytes());
    put(raw, 36, &[0xFF]);
}
