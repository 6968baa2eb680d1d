//! The engine behind the store, and transactions on it.

mod error;
mod session;
mod sqlite;
mod value;

use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use error::Error;
pub(crate) use session::{Row, Session, Statement};
use sqlite::Sqlite;
pub(crate) use value::{Column, Param, Params, Value, params};

/// How long a writer waits for another's transaction.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The only tenant of an embedded store.
const TENANT: i64 = 1;

/// The hub's store. Cheap to clone; calls block.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Arc<Sqlite>,
}

impl Store {
    /// Opens the SQLite file, making it and its tables when they are missing.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::NewerSchema`], or what the migration reports.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { engine: Arc::new(Sqlite::open(path)?) })
    }

    /// The file of this store.
    pub fn path(&self) -> &Path {
        self.engine.path()
    }

    /// Runs `work` in one write transaction. It is committed and on disk when this returns `Ok`; on `Err` nothing
    /// of it remains.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Busy`], [`Error::DiskFull`], [`Error::Sqlite`] of the transaction itself.
    pub fn write<T, E: From<Error>>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, E>) -> Result<T, E> {
        self.engine.write(|session| work(&Write { read: Read { session, tenant: TENANT }, mark: Cell::new(None) }))
    }

    /// Runs `work` on one snapshot of the store.
    ///
    /// # Errors
    /// What `work` returns, or what opening the snapshot reports.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        self.engine.read(|session| work(&Read { session, tenant: TENANT }))
    }

    /// A number that changes whenever anybody commits, in this process or another.
    ///
    /// # Errors
    /// [`Error::Sqlite`] when the file is gone.
    pub fn data_version(&self) -> Result<i64, Error> {
        self.engine.data_version()
    }
}

/// A snapshot of the store.
#[derive(Debug)]
pub struct Read<'a> {
    pub(crate) session: Session<'a>,
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
        params: Params<'_>,
        row: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.session.prepare(sql)?.all(params, row)
    }

    /// The only row of a statement, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        row: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.session.prepare(sql)?.one(params, row)
    }
}

impl Write<'_> {
    /// Runs `work` as a step of this transaction: on `Err` nothing of the step remains, and the transaction goes on.
    ///
    /// # Errors
    /// What `work` returns, or what the step itself reports.
    pub fn step<T, E: From<Error>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mark = self.mark.get();
        self.session.batch("SAVEPOINT step")?;
        let result = work();
        if result.is_err() {
            // The number of the marks was taken back with them.
            self.mark.set(mark);
            self.session.batch("ROLLBACK TO step")?;
        }
        self.session.batch("RELEASE step")?;
        result
    }

    /// Runs a statement; the number of rows that it changed.
    pub(crate) fn run(&self, sql: &str, params: Params<'_>) -> Result<usize, Error> {
        self.session.prepare(sql)?.run(params)
    }
}
