//! From a backup to a store again.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::description::{Description, REMOVE};
use super::part::{Part, at, folder_of, size_bytes, with_suffix};
use super::{Error, Step};
use crate::audit::Entry;
use crate::{Store, moving};

/// Where a backup is restored to.
#[derive(Debug)]
pub enum Target {
    /// An SQLite file, made when it is missing. Nobody may have it open.
    File(PathBuf),
    /// A PostgreSQL database; the backup is unpacked in a folder on the way.
    Server {
        /// The database.
        store: Store,
        /// The folder.
        folder: PathBuf,
    },
}

/// How a backup is restored.
#[derive(Clone, Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub file: &'a Path,
    /// Whether what the target holds is given up.
    pub overwrites: bool,
    /// Now, microseconds UTC, for the audit trail.
    pub at_us: i64,
    /// Who does it, for the audit trail.
    pub actor: &'a str,
}

/// Restores a backup, once all of it has been compared with what it says of itself. An older schema is brought up to the newest.
///
/// # Errors
/// [`Error::Occupied`], those of [`super::check`], [`Error::NoRoom`], [`Error::File`], or those of the store. The target is
/// as it was then.
pub fn restore(how: &Restore<'_>, target: &Target, say: &dyn Fn(Step<'_>)) -> Result<Description, Error> {
    if !how.overwrites {
        target.must_be_empty()?;
    }
    let part = Part::claim(&target.unpacked())?;
    let size = size_bytes(how.file)?;
    part.needs_room(size)?;
    say(Step::Copying(size));
    part.fill_from(how.file)?;
    let connection = Connection::open(part.path())?;
    // What is checked is what is used.
    let description = Description::check(&connection, how.file, say)?;
    connection.execute_batch(REMOVE)?;
    drop(connection);
    let store = Store::open(part.path())?;
    store.write(|write| {
        write.doubt_outbox(how.at_us)?;
        write.doubt_commands(how.at_us)?;
        write.audit(&how.entry(&description))
    })?;
    match target {
        Target::File(file) => {
            drop(store);
            settle(part.path())?;
            put_aside_log(file)?;
            part.finish()?;
        }
        Target::Server { store: server, .. } => {
            say(Step::Filling);
            let moved = if how.overwrites { moving::replace(&store, server) } else { moving::copy(&store, server) };
            moved?;
        }
    }
    Ok(description)
}

impl Target {
    fn must_be_empty(&self) -> Result<(), Error> {
        let occupied = |store: &Store| store.read(|read| moving::occupied(read.session, read.tenant));
        let occupied = match self {
            Self::File(file) if !file.exists() => None,
            Self::File(file) => occupied(&Store::open(file)?)?,
            Self::Server { store, .. } => occupied(store)?,
        };
        occupied.map_or(Ok(()), |table| Err(Error::Occupied(table)))
    }

    /// The name of the file that the backup is unpacked to.
    fn unpacked(&self) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::Server { folder, .. } => folder.join("restore"),
        }
    }
}

impl Restore<'_> {
    fn entry(&self, description: &Description) -> Entry {
        let made =
            jiff::Timestamp::from_microsecond(description.made_us).map_or_else(|_| String::new(), |at| at.to_string());
        let rows: u64 = description.tables.iter().map(|table| table.rows).sum();
        Entry {
            at_us: self.at_us,
            actor: self.actor.to_owned(),
            action: String::from("restore"),
            object: self.file.display().to_string(),
            detail: format!("made {made} by version {}, {rows} rows", description.version),
        }
    }
}

/// Takes what is in the log of a file into the file, and the log away: it is whole by itself then.
fn settle(file: &Path) -> Result<(), crate::Error> {
    let connection = Connection::open(file)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode == "delete" { Ok(()) } else { Err(crate::Error::Busy) }
}

/// The log of the file that is replaced would be taken for that of the one that replaces it.
fn put_aside_log(file: &Path) -> Result<(), Error> {
    if !file.exists() {
        return Ok(());
    }
    match settle(file) {
        Ok(()) => {}
        // Nothing of its log is missed either.
        Err(crate::Error::Sqlite(error)) if is_damage(&error) => {}
        Err(error) => return Err(error.into()),
    }
    for side in ["-wal", "-shm", "-journal"] {
        let side = with_suffix(file, side);
        match std::fs::remove_file(&side) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(at(&side, "removed")(error)),
            _ => {}
        }
    }
    std::fs::File::open(folder_of(file)).and_then(|folder| folder.sync_all()).map_err(at(file, "replaced"))
}

/// Whether a file is too damaged to be opened.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
