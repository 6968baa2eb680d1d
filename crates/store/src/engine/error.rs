//! What can go wrong in the store, in words that name the cure.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be opened.
    #[error(
        "the database {path} can't be opened: {cause}. Check that the folder exists and that this user may write to it"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        cause: rusqlite::Error,
    },
    /// The file can't be made.
    #[error(
        "the database {path} can't be made: {cause}. Check that the folder exists and that this user may write to it"
    )]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A newer version wrote this database.
    #[error("the database has schema {found}, this version knows up to {known}: use the newer punchclock")]
    NewerSchema {
        /// Schema of the database.
        found: usize,
        /// Newest schema that this version knows.
        known: usize,
    },
    /// Somebody else has held the write lock for longer than [`super::BUSY_TIMEOUT`].
    #[error(
        "the database is busy: another process has been writing for over 10 seconds. Try again, or end that process"
    )]
    Busy,
    /// No room on the disk: intake refuses, reading goes on.
    #[error("the disk of the database is full. Free some room; nothing that was acknowledged is lost")]
    DiskFull,
    /// The file, or its disk, may only be read.
    #[error(
        "the database may only be read: check the mode of its file and folder, and that its disk is mounted for writing"
    )]
    ReadOnly,
    /// A number that no column holds.
    #[error("the number {0} is too large to be stored: whoever sent it is at fault")]
    TooLarge(u64),
    /// A column holds what this crate never writes.
    #[error(
        "column {column} of a row does not read back as {wanted}: something else has changed the database, or this is a \
         defect. Please report it"
    )]
    Damaged {
        /// Place of the column in its statement, from 0.
        column: usize,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Anything else that SQLite reports.
    #[error("the database reported: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Sqlite(error),
        }
    }
}
