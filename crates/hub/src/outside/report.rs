//! What became of the rows of an import: packed to be kept, and read again.

use std::io::{self, BufReader, Read, Write as _};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use super::{PARTS_AHEAD, Told};
use crate::Error;
use crate::packing::{PartPacker, broken};

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRow {
    /// Which row.
    pub row: String,
    /// User number or code, as it stood there.
    pub user: String,
    /// The time, as it stood there.
    pub time: String,
    /// `stored`, `known`, `held` or `refused`.
    pub outcome: String,
    /// Why it was held or refused, and what to do; empty for the others.
    pub why: String,
}

impl From<&Told<'_>> for ReportRow {
    fn from(told: &Told<'_>) -> Self {
        let said = told.row.said.as_ref().ok();
        Self {
            row: told.row.key.to_string(),
            user: said.map(|punch| punch.puncher.said().to_owned()).unwrap_or_default(),
            time: said.map(|punch| punch.time.to_string()).unwrap_or_default(),
            outcome: told.became.word().to_owned(),
            why: told.why().into_owned(),
        }
    }
}

/// A report that is being written, by a thread of its own: rows are packed while others are stored.
pub(super) struct Report {
    rows: SyncSender<Vec<ReportRow>>,
    packing: JoinHandle<io::Result<Vec<Vec<u8>>>>,
}

impl Report {
    pub(super) fn begin() -> Self {
        let (rows, told) = sync_channel(PARTS_AHEAD);
        Self { rows, packing: std::thread::spawn(move || packed(&told)) }
    }

    pub(super) fn add(&self, part: &[Told<'_>]) {
        drop(self.rows.send(part.iter().map(ReportRow::from).collect()));
    }

    /// The parts in which it is kept.
    pub(super) fn finish(self) -> Result<Vec<Vec<u8>>, Error> {
        drop(self.rows);
        Ok(self.packing.join().unwrap_or_else(|panic| resume_unwind(panic))?)
    }
}

/// The rows packed, a line each. They stay in memory, at about 12 bytes a row.
fn packed(told: &Receiver<Vec<ReportRow>>) -> io::Result<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    let mut packer = PartPacker::new(|part| {
        parts.push(part);
        Ok(())
    });
    for row in told.iter().flatten() {
        serde_json::to_writer(&mut packer, &row)?;
        packer.write_all(b"\n")?;
    }
    packer.finish()?;
    Ok(parts)
}

/// The rows of a report that was kept.
pub(crate) fn report_rows(packed: impl Read) -> impl Iterator<Item = Result<ReportRow, Error>> {
    let rows = serde_json::Deserializer::from_reader(BufReader::new(packed)).into_iter();
    rows.map(|row| row.map_err(|error| broken("report of an import", error.into())))
}
