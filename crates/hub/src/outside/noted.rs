//! The note of an import of a file: begun before the first row is taken, and finished after the last one.
//!
//! Invariants:
//! * An import that ends in any way after its first row has its note, its file and `import.begin` in the audit trail. What is not finished
//!   says so, and has no counts and no report.
//! * A dry run is noted at its end, or not at all.
//! * A report is kept with its file only: a person who was erased meanwhile may stand in it.

use std::io::{self, Read};

use jiff::Timestamp;
use store::imports::Import;
use store::{Store, Write};

use super::envelope::Envelope;
use super::report::Report;
use crate::intake::Counts;
use crate::{Actor, Error};

/// Who brings a file, and how it is taken.
pub(super) struct Noting<'a> {
    pub(super) store: &'a Store,
    pub(super) actor: &'a Actor,
    pub(super) now: Timestamp,
    /// But for the file, and what became of its rows.
    pub(super) note: Import,
}

/// An import that is noted, and its file kept.
pub(super) struct Begun {
    id: i64,
    envelope: Envelope,
}

/// What became of the rows of a file.
pub(super) struct Done {
    pub(super) counts: Counts,
    pub(super) report: Report,
    /// The action that the audit trail tells, and what it says of it before the digest.
    pub(super) audit: (&'static str, String),
}

impl Noting<'_> {
    /// Keeps a file, and notes that its import has begun.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it can't be read, or of the store.
    pub(super) fn begin<R: Read>(&self, name: &str, open: impl Fn() -> io::Result<R>) -> Result<Begun, Error> {
        let envelope = Envelope::of(open(), name)?;
        let id = envelope.keep(self.store, self.now, open, |write| {
            let id = write.add_import(&self.of(&envelope, None))?;
            self.audit(write, "import.begin", format!("file {name}, {}", envelope.digest()))?;
            Ok(id)
        })?;
        Ok(Begun { id, envelope })
    }

    /// Says what became of the rows; the number of the note.
    ///
    /// # Errors
    /// Of the store.
    pub(super) fn finish(&self, begun: Begun, done: Done) -> Result<i64, Error> {
        let Begun { id, envelope } = begun;
        let report = done.report.finish()?;
        self.store.write(|write| {
            write.finish_import(id, &self.of(&envelope, Some(done.counts)))?;
            if write.envelope_parts(envelope.digest())?.is_some() {
                write.keep_import_report(id, &report, self.now.as_microsecond())?;
            }
            self.audit(write, done.audit.0, done.audit.1 + envelope.digest())
        })?;
        Ok(id)
    }

    /// Keeps a file that was tried, with what would become of its rows; the number of the note.
    ///
    /// # Errors
    /// As [`Noting::begin`].
    pub(super) fn note_trial<R: Read>(
        &self,
        name: &str,
        open: impl Fn() -> io::Result<R>,
        done: Done,
    ) -> Result<i64, Error> {
        let envelope = Envelope::of(open(), name)?;
        let report = done.report.finish()?;
        let (action, said) = done.audit;
        envelope.keep(self.store, self.now, open, |write| {
            let id = write.add_import(&self.of(&envelope, Some(done.counts)))?;
            write.keep_import_report(id, &report, self.now.as_microsecond())?;
            self.audit(write, action, format!("{said}{}", envelope.digest()))?;
            Ok(id)
        })
    }

    /// The note of a file, finished once there are counts.
    fn of(&self, envelope: &Envelope, counts: Option<Counts>) -> Import {
        let Counts { read: _, stored, known, held, refused } = counts.unwrap_or_default();
        Import {
            at_us: self.now.as_microsecond(),
            actor: self.actor.name.clone(),
            name: envelope.name().to_owned(),
            size_bytes: envelope.size_bytes(),
            digest: envelope.digest().to_owned(),
            is_finished: counts.is_some(),
            stored,
            known,
            held,
            refused,
            ..self.note.clone()
        }
    }

    fn audit(&self, write: &Write<'_>, action: &str, detail: String) -> Result<(), Error> {
        Ok(write.audit(&self.actor.entry(self.now, action, &self.note.source, detail))?)
    }
}
