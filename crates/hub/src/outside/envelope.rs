//! The file of an import as its envelope: kept in parts, before the first of its rows is taken.
//!
//! Invariants:
//! * What is kept comes back byte for byte. A file is kept whole or not at all, whatever its size.
//! * A few parts are held at a time. Those of a large file are written in several transactions; the last one says that it is whole.
//! * What was written of a file and never became whole ages as others do, and goes.

use std::io::{self, Read, Write as _};

use jiff::Timestamp;
use store::{Store, Write};

use crate::Error;
use crate::packing::PartPacker;

/// Packed bytes of one transaction, about: so long nobody else writes.
const BYTES_PER_WRITE: usize = 4 * 1024 * 1024;
/// How often a file is written that somebody removes meanwhile, because a person is erased.
const ATTEMPTS: usize = 3;

/// A file that is brought.
pub(super) struct Envelope {
    /// The whole name, for messages.
    said: String,
    size_bytes: u64,
    digest: String,
}

impl Envelope {
    /// Of a file that is read to its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it can't be read.
    pub(super) fn of(file: io::Result<impl Read>, name: &str) -> Result<Self, Error> {
        let mut hasher = blake3::Hasher::new();
        file.and_then(|file| hasher.update_reader(file).map(drop)).map_err(|error| unread(name, error))?;
        let (size_bytes, digest) = (hasher.count(), hasher.finalize().to_hex().to_string());
        Ok(Self { said: name.to_owned(), size_bytes, digest })
    }

    /// Its name, without folders.
    pub(super) fn name(&self) -> &str {
        self.said.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    pub(super) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Keeps the file, unless it is kept already, and writes what goes with it in the transaction in which it is whole.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it can't be read, or has changed; of the store, or of `note`.
    pub(super) fn keep<R: Read, T>(
        &self,
        store: &Store,
        now: Timestamp,
        open: impl Fn() -> io::Result<R>,
        note: impl Fn(&Write<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..ATTEMPTS {
            let noted = match store.read(|read| read.envelope_parts(&self.digest))? {
                Some(_) => store.write(|write| {
                    let is_whole = write.touch_envelope(&self.digest, now.as_microsecond())?;
                    is_whole.then(|| note(write)).transpose()
                })?,
                None => self.put(store, now, open(), &note)?,
            };
            if let Some(noted) = noted {
                return Ok(noted);
            }
        }
        Err(Error::invalid(format!("{} was removed while it was brought", self.said), "try again"))
    }

    /// Writes its parts; nothing is noted when one of them is gone again.
    fn put<T>(
        &self,
        store: &Store,
        now: Timestamp,
        file: io::Result<impl Read>,
        note: impl Fn(&Write<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let unread = |error| unread(&self.said, error);
        let (mut file, mut hasher) = (file.map_err(unread)?, blake3::Hasher::new());
        let mut waiting = Waiting::default();
        let mut packer = PartPacker::new(|part| {
            if waiting.bytes >= BYTES_PER_WRITE {
                store.write(|write| self.write_parts(write, now, &waiting)).map_err(io::Error::other)?;
                waiting = Waiting { first: waiting.next(), ..Waiting::default() };
            }
            waiting.bytes += part.len();
            waiting.parts.push(part);
            Ok(())
        });
        let mut some = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut some).map_err(unread)?;
            let some = some.get(..read).unwrap_or_default();
            if some.is_empty() {
                break;
            }
            hasher.update(some);
            packer.write_all(some).map_err(unread)?;
        }
        let parts = packer.finish().map_err(unread)?;
        if hasher.finalize().to_hex().as_str() != self.digest {
            self.take_back(store)?;
            return Err(Error::invalid(format!("{} changed while it was read", self.said), "try again"));
        }
        store.write(|write| {
            self.write_parts(write, now, &waiting)?;
            let is_whole = write.finish_envelope(&self.digest, parts)?;
            is_whole.then(|| note(write)).transpose()
        })
    }

    fn write_parts(&self, write: &Write<'_>, now: Timestamp, waiting: &Waiting) -> Result<(), Error> {
        Ok(write.keep_envelope_parts(&self.digest, waiting.first, &waiting.parts, now.as_microsecond())?)
    }

    /// Removes parts that are another file's than the digest says.
    fn take_back(&self, store: &Store) -> Result<(), Error> {
        loop {
            let is_gone = store.write(|write| {
                Ok::<_, Error>(write.envelope_parts(&self.digest)?.is_some() || write.forget_envelope(&self.digest)?)
            })?;
            if is_gone {
                return Ok(());
            }
        }
    }
}

/// Parts that wait to be written, from one on.
#[derive(Default)]
struct Waiting {
    first: u32,
    parts: Vec<Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    fn next(&self) -> u32 {
        self.first + u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }
}

/// What the hub said while the file was read, or that it can't be read.
fn unread(name: &str, error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::invalid(format!("{name} can't be read: {error}"), "try again"))
}
