//! The operation log: what was done at the terminal's menu, and to the terminal (zk 7.4).

use std::fmt;

use crate::error::Error;
use crate::time::PackedTime;
use crate::transfer;
use crate::wire::{u16_at, u32_at};

/// Bytes of one record.
const WIDTH: usize = 16;

/// One entry of the operation log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationRecord {
    /// The slot of the administrator, 0 when nobody was logged in.
    pub administrator: u16,
    /// What was done.
    pub operation: Operation,
    /// When, on the terminal's own face.
    pub time: PackedTime,
    /// To what; the meaning depends on the operation.
    pub parameters: [u16; 4],
}

/// What was done, as the terminal numbers it; the same numbers as in push uploads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operation(pub u8);

impl Operation {
    /// The operation in plain words; `None` for a number without a known meaning.
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "switched on",
            1 => "switched off",
            2 => "verification failed",
            3 => "alarm",
            4 => "menu entered",
            5 => "setting changed",
            6 => "finger enrolled",
            7 => "password enrolled",
            8 => "HID card enrolled",
            9 => "user deleted",
            10 => "finger deleted",
            11 => "password deleted",
            12 => "card deleted",
            13 => "data cleared",
            14..=20 => "Mifare card",
            21 => "time set",
            22 => "factory reset",
            23 => "punches deleted",
            24 => "administrators cleared",
            25 => "group access changed",
            26 => "user access changed",
            27 => "time zones changed",
            28 => "unlock groups changed",
            29 => "unlocked",
            30 => "new user",
            31 => "finger attributes changed",
            32 => "duress",
            33 => "doorbell",
            34 => "anti-passback",
            35 => "photos deleted",
            36 => "user changed",
            37 => "holiday changed",
            38 => "data restored",
            39 => "data backed up",
            40..=43 => "USB transfer",
            53 => "exit button",
            54 => "door sensor",
            55 => "alarm raised",
            56 => "parameters restored",
            68 | 69 => "user photo",
            70 => "name changed",
            71 => "privilege changed",
            76..=79 => "IP settings changed",
            80 => "comm key changed",
            81 => "device id changed",
            82 => "cloud server address changed",
            83 => "cloud server port changed",
            87..=92 => "parameter flags changed",
            100 => "card",
            101 => "face enrolled",
            102..=104 => "permissions changed",
            105 => "access log deleted",
            106 => "face deleted",
            107 => "photo deleted",
            108 => "parameter changed",
            113 => "password changed",
            114 => "face changed",
            121..=123 => "finger vein",
            124..=126 => "palm",
            _ => return None,
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(text) => write!(f, "{} ({text})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({self})")
    }
}

impl OperationRecord {
    /// Reads one record; `None` when there are fewer than 16 bytes.
    pub fn decode(raw: &[u8]) -> Option<OperationRecord> {
        Some(OperationRecord {
            administrator: u16_at(raw, 0)?,
            operation: Operation(*raw.get(2)?),
            time: PackedTime(u32_at(raw, 4)? as i32),
            parameters: [u16_at(raw, 8)?, u16_at(raw, 10)?, u16_at(raw, 12)?, u16_at(raw, 14)?],
        })
    }

    /// Writes one record; the byte that terminals pad with is zero.
    pub fn encode(&self) -> Vec<u8> {
        let mut raw = self.administrator.to_le_bytes().to_vec();
        raw.extend_from_slice(&[self.operation.0, 0]);
        raw.extend_from_slice(&self.time.to_bytes());
        for parameter in self.parameters {
            raw.extend_from_slice(&parameter.to_le_bytes());
        }
        raw
    }
}

/// Reads an operation log.
///
/// # Errors
/// [`Error::Corrupt`] when it is cut short or does not consist of whole records.
pub fn decode_operations(dataset: &[u8]) -> Result<Vec<OperationRecord>, Error> {
    let records = transfer::records(dataset)?;
    if !records.len().is_multiple_of(WIDTH) {
        let what = format!("{} bytes of operations are no whole records of {WIDTH} bytes", records.len());
        return Err(Error::corrupt(what, records));
    }
    Ok(records.chunks_exact(WIDTH).filter_map(OperationRecord::decode).collect())
}
