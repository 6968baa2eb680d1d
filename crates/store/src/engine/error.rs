//! What can go wrong in the store, in words that name the cure.

use std::error::Error as _;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

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
    /// The database may only be read.
    #[error(
        "the database may only be read. Of a file, check its mode, that of its folder, and that its disk is mounted for \
         writing; of PostgreSQL, name the server that takes writes, not a standby"
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
    /// What was given as its address is none, or carries the password.
    #[error(
        "the address of the database must be like postgres://user@host/name, without the password: name a file with \
         that in hub.database_password_file"
    )]
    Address,
    /// PostgreSQL can't be reached, or the connection broke off. Reading and writing go on once it is back.
    #[error(
        "PostgreSQL does not answer: {0}. Check that it runs, and its address; what was acknowledged is stored, of what \
         broke off all or nothing is"
    )]
    Away(String),
    /// The line to PostgreSQL can't be encrypted as its address asks for.
    #[error(
        "the line to PostgreSQL can't be encrypted as asked: {0}. Check sslmode and sslrootcert in the address of the database, \
         and the server's certificate"
    )]
    Tls(String),
    /// PostgreSQL does not let this user in, or not to what it needs.
    #[error("PostgreSQL refuses: {0}. Check user, password and database; the user must own the database")]
    Refused(String),
    /// What is to be filled holds something already.
    #[error("the database that is to be filled holds something already (table {0}): name an empty one")]
    NotEmpty(&'static str),
    /// What is to be replaced is not one tenant's alone.
    #[error(
        "the database holds rows of another tenant, too (table {0}), which would be lost: nothing was replaced. Restore into an \
         empty database"
    )]
    Shared(&'static str),
    /// What was moved does not read back as it was read.
    #[error("what was moved into table {0} does not read back as it was: nothing was moved. Please report this")]
    Differs(&'static str),
    /// A row that is to be erased is not as it was sealed.
    #[error(
        "the {0} is not as it was sealed: nothing is erased. Somebody else has changed the database; `punchclock audit \
         verify` says more"
    )]
    NotAsSealed(String),
    /// A row that belongs to one that is to be erased came meanwhile, and would be left behind.
    #[error(
        "the {0} came while what it belongs to was to be erased: both stay. Ask again; what is gone already stays gone"
    )]
    LeftBehind(String),
    /// Anything else that PostgreSQL reports.
    #[error("PostgreSQL reported: {0}")]
    Postgres(String),
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

/// The server can't encrypt the line, or shows a certificate that proves nothing; not: the line broke off meanwhile.
fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let Some(cause) = error.source().filter(|_| error.to_string().contains("TLS")) else { return false };
    let line = cause.downcast_ref::<std::io::Error>();
    line.is_none_or(|line| line.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()))
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            // Whatever the server did not say itself came of the line to it, or of a value that no parameter takes.
            let cause = error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            let is_line = error.is_closed() || error.source().is_none_or(|cause| cause.is::<std::io::Error>());
            return match (is_of_tls(&error), is_line) {
                (true, _) => Self::Tls(cause),
                (false, true) => Self::Away(cause),
                (false, false) => Self::Postgres(cause),
            };
        };
        let (code, message) = (said.code(), said.message());
        match *code {
            SqlState::LOCK_NOT_AVAILABLE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => {
                Self::Busy
            }
            SqlState::DISK_FULL => Self::DiskFull,
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            SqlState::INVALID_PASSWORD
            | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
            | SqlState::UNDEFINED_DATABASE
            | SqlState::INSUFFICIENT_PRIVILEGE => Self::Refused(message.to_owned()),
            SqlState::TOO_MANY_CONNECTIONS | SqlState::QUERY_CANCELED => Self::Away(message.to_owned()),
            _ if ["08", "57P"].iter().any(|class| code.code().starts_with(class)) => Self::Away(message.to_owned()),
            // The detail would show the row.
            _ => Self::Postgres(format!("{message} ({})", code.code())),
        }
    }
}
