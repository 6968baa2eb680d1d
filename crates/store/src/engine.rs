//! The SQLite file behind the store: one writer, a few readers.

use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// How long a writer waits for another process's transaction.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The only tenant of an embedded store.
const TENANT: i64 = 1;
const READERS_KEPT: usize = 4;
const CACHED_STATEMENTS: usize = 64;

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
    /// A newer version wrote this file.
    #[error("the database has schema {found}, this version knows up to {known}: use the newer punchclock")]
    NewerSchema {
        /// Schema of the file.
        found: usize,
        /// Newest schema that this version knows.
        known: usize,
    },
    /// Another process holds the write lock for longer than [`BUSY_TIMEOUT`].
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

/// The hub's store. Cheap to clone; calls block.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Watches for commits of anybody, this process or another.
    watcher: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the SQLite file, making it and its tables when they are missing.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::NewerSchema`], or what the migration reports.
    pub fn open(path: &Path) -> Result<Self, Error> {
        make_private(path)?;
        let mut writer = connect(path, OpenFlags::default())?;
        crate::migrations::run(&mut writer)?;
        let watcher = connect(path, read_only())?;
        let inner = Inner {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            watcher: Mutex::new(watcher),
            readers: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The file of this store.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` in one write transaction. It is committed and on disk when this returns `Ok`; on `Err` nothing
    /// of it remains.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Busy`], [`Error::DiskFull`], [`Error::Sqlite`] of the transaction itself.
    pub fn write<T, E: From<Error>>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut writer = lock(&self.inner.writer);
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
        let result = work(&Write { read: Read { connection: &tx, tenant: TENANT }, mark: Cell::new(None) })?;
        tx.commit().map_err(Error::from)?;
        Ok(result)
    }

    /// Runs `work` on one snapshot of the store.
    ///
    /// # Errors
    /// What `work` returns, or what opening the snapshot reports.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        let kept = lock(&self.inner.readers).pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => connect(&self.inner.path, read_only())?,
        };
        let tx = connection.transaction().map_err(Error::from)?;
        let result = work(&Read { connection: &tx, tenant: TENANT });
        tx.finish().map_err(Error::from)?;
        let mut readers = lock(&self.inner.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        result
    }

    /// A number that changes whenever anybody commits, in this process or another.
    ///
    /// # Errors
    /// [`Error::Sqlite`] when the file is gone.
    pub fn data_version(&self) -> Result<i64, Error> {
        Ok(lock(&self.inner.watcher).pragma_query_value(None, "data_version", |row| row.get(0))?)
    }
}

/// A panic of another thread between statements can't leave a half-done transaction: it was rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_only() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The file holds personal data and password hashes: only its owner may read it. SQLite gives its side files the same mode.
fn make_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Create { path: path.to_owned(), cause: error })
        }
        _ => Ok(()),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
        }
        connection.pragma_update(None, "cache_size", -4096)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        Ok(connection)
    };
    open().map_err(|cause| Error::Open { path: path.to_owned(), cause })
}

/// A snapshot of the store.
#[derive(Debug)]
pub struct Read<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) tenant: i64,
}

/// A write transaction. It also reads, and sees its own writes.
#[derive(Debug)]
pub struct Write<'a> {
    read: Read<'a>,
    /// The number of this transaction's marks, once it has made one.
    pub(crate) mark: Cell<Option<i64>>,
}

impl<'a> Deref for Write<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

impl Read<'_> {
    /// All rows of a statement.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The only row of a statement, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        use rusqlite::OptionalExtension as _;
        Ok(self.connection.prepare_cached(sql)?.query_row(params, row).optional()?)
    }
}

impl Write<'_> {
    /// Runs `work` as a step of this transaction: on `Err` nothing of the step remains, and the transaction goes on.
    ///
    /// # Errors
    /// What `work` returns, or what the step itself reports.
    pub fn step<T, E: From<Error>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mark = self.mark.get();
        self.connection.execute_batch("SAVEPOINT step").map_err(Error::from)?;
        let result = work();
        if result.is_err() {
            // The number of the marks was taken back with them.
            self.mark.set(mark);
            self.connection.execute_batch("ROLLBACK TO step").map_err(Error::from)?;
        }
        self.connection.execute_batch("RELEASE step").map_err(Error::from)?;
        result
    }

    /// Runs a statement; the number of rows that it changed.
    pub(crate) fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize, Error> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }
}
