//! Payroll files that somebody took out: who, of which dates, in which layout, with the digest of what they got.
//!
//! Invariant: each stands in the audit trail for good; the newest ones ([`MOST_EXPORTS`]) are kept to be listed as well, written in the same
//! transaction.

use std::io::{self, Write};

use jiff::Timestamp;
use roads::sheet::Format;
use serde::{Deserialize, Serialize};
use store::Read;

use crate::payroll::{PayrollAsk, PayrollFile};
use crate::resolve::instant;
use crate::{Actor, Dates, Error, Hub};

const EXPORTS: &str = "payroll_exports";
/// Files that are listed, the newest ones.
const MOST_EXPORTS: usize = 200;

/// A payroll file that somebody took out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayExport {
    /// When, microseconds UTC.
    pub at_us: i64,
    /// Who.
    pub actor: String,
    /// Of which dates.
    pub dates: Dates,
    /// The layout and format in words.
    pub what: String,
    /// Its rows.
    pub rows: usize,
    /// BLAKE3 of its bytes, in hex.
    pub digest: String,
}

impl PayExport {
    /// When.
    pub fn at(&self) -> Timestamp {
        instant(self.at_us)
    }
}

fn read_all(read: &Read<'_>) -> Result<Vec<PayExport>, Error> {
    let Some(text) = read.setting(EXPORTS)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> Error {
    Error::Damaged { what: "payroll exports", detail: error.to_string() }
}

impl Hub {
    /// Makes the file of a period for somebody who takes it out, and writes that down under the name of its layout.
    ///
    /// # Errors
    /// As [`Hub::payroll_file`].
    pub fn take_payroll(
        &self,
        actor: &Actor,
        ask: &PayrollAsk,
        (name, format): (&str, Option<Format>),
        now: Timestamp,
    ) -> Result<PayrollFile, Error> {
        let file = self.payroll_file(ask, format)?;
        self.note_export(actor, ask.dates, &ask.words(name, format), file.rows, &file.digest, now)?;
        Ok(file)
    }

    /// Writes down that somebody took a payroll file out.
    ///
    /// # Errors
    /// Of the store.
    pub fn note_export(
        &self,
        actor: &Actor,
        dates: Dates,
        what: &str,
        rows: usize,
        digest: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (from, to) = dates;
        let detail = format!("{what}, {rows} rows, blake3 {digest}");
        let entry = actor.entry(now, "payroll.export", &format!("{from} to {to}"), detail);
        let export = PayExport {
            at_us: now.as_microsecond(),
            actor: actor.name.clone(),
            dates,
            what: what.to_owned(),
            rows,
            digest: digest.to_owned(),
        };
        self.store.write(|write| {
            let mut exports = read_all(write)?;
            exports.push(export);
            let old = exports.len().saturating_sub(MOST_EXPORTS);
            exports.drain(..old);
            let text = serde_json::to_string(&exports).map_err(|error| damaged(&error))?;
            write.put_setting(EXPORTS, &text)?;
            Ok(write.audit(&entry)?)
        })
    }

    /// The files that were taken out, the latest last.
    ///
    /// # Errors
    /// Of the store.
    pub fn pay_exports(&self) -> Result<Vec<PayExport>, Error> {
        self.store.read(read_all)
    }
}

/// An output that knows the digest of what went through it.
#[derive(Debug)]
pub struct Digesting<W: Write> {
    out: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Digesting<W> {
    /// Over an output.
    pub fn new(out: W) -> Self {
        Self { out, hasher: blake3::Hasher::new() }
    }

    /// BLAKE3 of what was written, in hex.
    pub fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
