//! A whole attendance log as read from a terminal (zk 6.2, 7.3).

use crate::error::Error;
use crate::record::attendance::{AttendanceLayout, AttendanceRecord};
use crate::record::layout::attendance_layout;
use crate::transfer;

/// Bytes of the count in front of the records.
const COUNT_BYTES: usize = 4;

/// The attendance log: its records, what the terminal said about their number, and the bytes they came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttendanceLog {
    /// In the terminal's order, which is not the order of time.
    pub records: Vec<AttendanceRecord>,
    /// The number of records that the terminal told just before; differs when somebody punched meanwhile.
    pub told: Option<u32>,
    /// How the records are laid out.
    pub layout: AttendanceLayout,
    raw: Vec<u8>,
}

impl AttendanceLog {
    /// Reads a data set.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is cut short or fits no known record width.
    pub fn decode(dataset: &[u8], told: Option<u32>) -> Result<AttendanceLog, Error> {
        AttendanceLog::from_dataset(dataset.to_vec(), told)
    }

    /// Reads a data set and keeps its bytes without another copy.
    ///
    /// # Errors
    /// As [`AttendanceLog::decode`].
    pub fn from_dataset(mut dataset: Vec<u8>, told: Option<u32>) -> Result<AttendanceLog, Error> {
        let raw = transfer::records(&dataset)?;
        if raw.is_empty() {
            return Ok(AttendanceLog { records: Vec::new(), told, layout: AttendanceLayout::Forty, raw: Vec::new() });
        }
        let layout = attendance_layout(raw, told)?;
        let mut records = Vec::with_capacity(raw.len() / layout.width());
        records.extend(raw.chunks_exact(layout.width()).filter_map(|record| layout.decode(record)));
        let bytes = raw.len();
        dataset.drain(..COUNT_BYTES);
        dataset.truncate(bytes);
        Ok(AttendanceLog { records, told, layout, raw: dataset })
    }

    /// The bytes of all records, one after another.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Each record with its own bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&AttendanceRecord, &[u8])> {
        self.records.iter().zip(self.raw.chunks_exact(self.layout.width()))
    }

    /// Whether as many records came as the terminal said it has; `None` when it did not say.
    pub fn is_complete(&self) -> Option<bool> {
        self.told.map(|told| self.records.len() >= told as usize)
    }
}
