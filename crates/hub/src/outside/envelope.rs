//! The file of an import as its envelope, and what became of its rows: packed to be kept, and unpacked again.
//!
//! Invariants:
//! * What is kept comes back byte for byte. A file is kept whole or not at all.
//! * A file without a report is not kept: nobody could say whose rows are in it without reading it anew.

use std::io::{self, Read, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Write;
use store::imports::Import;

use super::{PARTS_AHEAD, Told};
use crate::packing::packer;
use crate::{Actor, Error};

/// Largest file that is kept, bytes; of a larger one the note tells size and digest.
pub const MOST_KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Largest report, packed. A file that may be kept has a smaller one.
const MOST_REPORT_BYTES: usize = MOST_KEPT_BYTES;

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
    packing: JoinHandle<Option<Vec<u8>>>,
}

impl Report {
    pub(super) fn begin() -> Self {
        let (rows, told) = sync_channel(PARTS_AHEAD);
        Self { rows, packing: std::thread::spawn(move || packed(&told)) }
    }

    /// Nobody takes the rows any more once it has become too large.
    pub(super) fn add(&self, part: &[Told<'_>]) {
        drop(self.rows.send(part.iter().map(ReportRow::from).collect()));
    }

    fn finish(self) -> Option<Vec<u8>> {
        drop(self.rows);
        self.packing.join().ok()?
    }
}

/// The rows packed, a line each; `None` where that is too large.
fn packed(told: &Receiver<Vec<ReportRow>>) -> Option<Vec<u8>> {
    let mut packer = packer();
    for row in told.iter().flatten() {
        serde_json::to_writer(&mut packer, &row).ok()?;
        packer.write_all(b"\n").ok()?;
        if packer.get_ref().len() > MOST_REPORT_BYTES {
            return None;
        }
    }
    packer.finish().ok()
}

/// A file that was taken, ready to be kept.
pub(super) struct Envelope {
    name: String,
    digest: String,
    size_bytes: u64,
    /// The packed file and report, where both may be kept.
    kept: Option<(Vec<u8>, Vec<u8>)>,
}

impl Envelope {
    /// Of a file that is read to its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it can't be read.
    pub(super) fn of(mut file: impl Read, name: &str, report: Report) -> Result<Self, Error> {
        let unread = |error: io::Error| Error::invalid(format!("{name} can't be read: {error}"), "try again");
        let mut wrapping = Wrapping { hasher: blake3::Hasher::new(), size_bytes: 0, packer: Some(packer()) };
        io::copy(&mut file, &mut wrapping).map_err(unread)?;
        let packed = wrapping.packer.map(GzEncoder::finish).transpose().map_err(unread)?;
        Ok(Self {
            name: name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
            digest: wrapping.hasher.finalize().to_hex().to_string(),
            size_bytes: wrapping.size_bytes,
            kept: packed.zip(report.finish()),
        })
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Notes the import, and keeps the file with what became of its rows; the number of the note.
    pub(super) fn keep(&self, write: &Write<'_>, actor: &Actor, now: Timestamp, note: &Import) -> Result<i64, Error> {
        let now_us = now.as_microsecond();
        let id = write.add_import(&Import {
            at_us: now_us,
            actor: actor.name.clone(),
            name: self.name.clone(),
            size_bytes: self.size_bytes,
            digest: self.digest.clone(),
            ..note.clone()
        })?;
        if let Some((file, report)) = &self.kept {
            write.keep_envelope(&self.digest, file, now_us)?;
            write.keep_import_report(id, report, now_us)?;
        }
        Ok(id)
    }
}

/// Takes the bytes of a file as they come.
struct Wrapping {
    hasher: blake3::Hasher,
    size_bytes: u64,
    /// `None` once the file is too large.
    packer: Option<GzEncoder<Vec<u8>>>,
}

impl io::Write for Wrapping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > MOST_KEPT_BYTES as u64 {
            self.packer = None;
        }
        if let Some(packer) = &mut self.packer {
            packer.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The rows of a report that was kept.
pub(crate) fn report_rows(packed: &[u8]) -> impl Iterator<Item = Result<ReportRow, Error>> + '_ {
    let rows = serde_json::Deserializer::from_reader(io::BufReader::new(GzDecoder::new(packed))).into_iter();
    rows.map(|row| row.map_err(|error| Error::Damaged { what: "report of an import", detail: error.to_string() }))
}
