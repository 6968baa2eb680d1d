//! The engine behind the store, and transactions on it.

mod error;
mod fence;
mod many;
pub(crate) mod postgres;
mod session;
mod sqlite;
mod tls;
mod value;

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use error::Error;
pub(crate) use many::{Inserting, list};
use postgres::Postgres;
pub(crate) use session::{Row, Session};
use sqlite::Sqlite;
use tls::Address;
pub(crate) use value::{Column, Owned, Param, Params, Value, params};

use crate::chain::{Arrivals, Id};

/// How long a writer waits for another's transaction.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The tenant of a store that was not asked for another one.
const TENANT: i64 = 1;

/// The hub's store: what is one tenant's in a database. Cheap to clone; calls block.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    tenant: i64,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens the SQLite file, making it and its tables when they are missing.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::NewerSchema`], or what the migration reports.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self::on(Engine::Sqlite(Arc::new(Sqlite::open(path)?))))
    }

    /// Opens an SQLite file that is there only to be read, a backup say: nothing of it is changed, not even its schema. One of an older
    /// version is copied into a folder, and the copy is brought up to the newest schema and opened.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::NewerSchema`], or what the migration of a copy reports. Writing is refused as [`Error::ReadOnly`].
    pub fn open_to_read(path: &Path, folder: &Path) -> Result<Self, Error> {
        Ok(Self::on(Engine::Sqlite(Arc::new(Sqlite::open_to_read(path, folder)?))))
    }

    /// Connects to a PostgreSQL database, `postgres://user@host/name`, and makes its tables when they are missing. Other hubs
    /// may be connected to the same.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Tls`], [`Error::Away`], [`Error::Refused`], [`Error::NewerSchema`], or what the migration reports.
    pub fn connect(url: &str, password: Option<&str>) -> Result<Self, Error> {
        let mut address = Address::parse(url)?;
        if let Some(password) = password {
            address.config.password(password);
        }
        Ok(Self::on(Engine::Postgres(Arc::new(Postgres::connect(address)?))))
    }

    const fn on(engine: Engine) -> Self {
        Self { engine, tenant: TENANT }
    }

    /// The store of another tenant in the same database. Stores are those of tenant 1 until somebody asks for another one.
    #[must_use]
    pub fn of_tenant(&self, tenant: NonZeroU32) -> Self {
        Self { engine: self.engine.clone(), tenant: tenant.get().into() }
    }

    /// Whether [`Store::connect`] takes an address.
    ///
    /// # Errors
    /// [`Error::Address`], also when it carries the password; [`Error::Tls`] for an unknown way to encrypt.
    pub fn check_address(url: &str) -> Result<(), Error> {
        Address::parse(url).map(drop)
    }

    /// Runs `work` in one write transaction. It is committed and on disk when this returns `Ok`; on `Err` nothing
    /// of it remains.
    ///
    /// # Errors
    /// What `work` returns, or [`Error::Busy`], [`Error::DiskFull`], [`Error::Away`] of the transaction itself.
    pub fn write<T, E: From<Error>>(&self, work: impl FnOnce(&Write<'_>) -> Result<T, E>) -> Result<T, E> {
        let work = |session: Session<'_>| {
            let read = Read { session, tenant: self.tenant };
            let write = Write { read, mark: Cell::new(None), arrivals: RefCell::default() };
            let result = work(&write)?;
            write.arrivals.borrow_mut().keep(session, self.tenant)?;
            Ok(result)
        };
        match &self.engine {
            Engine::Sqlite(file) => file.write(work),
            Engine::Postgres(server) => server.write(self.tenant, work),
        }
    }

    /// Runs `work` on one snapshot of the store.
    ///
    /// # Errors
    /// What `work` returns, or what opening the snapshot reports.
    pub fn read<T, E: From<Error>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        let work = |session: Session<'_>| work(&Read { session, tenant: self.tenant });
        match &self.engine {
            Engine::Sqlite(file) => file.read(work),
            Engine::Postgres(server) => server.read(self.tenant, work),
        }
    }

    /// Writes one snapshot of everything of the tenant into an empty SQLite file, which is not on the disk when this returns. Writers do not wait
    /// for it. One of the places where engines differ.
    pub(crate) fn copy_into(&self, file: &Path) -> Result<(), Error> {
        match &self.engine {
            Engine::Sqlite(own) => own.copy_into(file),
            Engine::Postgres(server) => {
                let tenant = self.tenant;
                sqlite::fill(file, |to| server.read(tenant, |from| crate::moving::fill(from, to, tenant).map(drop)))
            }
        }
    }

    /// Makes ready for punches of the years of which there will be some between two keys. One of the places where engines differ.
    pub(crate) fn make_years(&self, will_have: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>) -> Result<(), Error> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(server) => server.make_years(will_have),
        }
    }

    /// How many bytes it takes, about. One of the places where engines differ.
    pub(crate) fn size_bytes(&self) -> Result<u64, Error> {
        let sql = match &self.engine {
            Engine::Sqlite(_) => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            Engine::Postgres(_) => "SELECT pg_database_size(current_database())",
        };
        self.read(|read| Ok(read.one(sql, &[], |row| row.get(0))?.unwrap_or_default()))
    }

    /// Whether row-level security holds for this user of PostgreSQL, as it does for everybody but superusers and those who may
    /// bypass it; `None` for a file, which has no such thing.
    ///
    /// # Errors
    /// [`Error::Away`], or what the server reports.
    pub fn is_fenced(&self) -> Result<Option<bool>, Error> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(_) => self.read(|read| {
                let sql = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user";
                read.one(sql, &[], |row| row.get(0))
            }),
        }
    }

    /// A number that changes whenever anybody commits, in this process or another.
    ///
    /// # Errors
    /// [`Error::Sqlite`] when the file is gone, [`Error::Away`] when the server is.
    pub fn data_version(&self) -> Result<i64, Error> {
        match &self.engine {
            Engine::Sqlite(file) => file.data_version(),
            Engine::Postgres(server) => server.data_version(),
        }
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
    /// The rows of chained tables that it has appended.
    pub(crate) arrivals: RefCell<Arrivals>,
}

impl<'a> Deref for Write<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

impl Read<'_> {
    /// Whose rows these are: the tenant's number.
    pub fn tenant(&self) -> i64 {
        self.tenant
    }

    /// All rows of a statement.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        row: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.session.prepare(sql)?.all(params, row)
    }

    /// What a query has for each list of values, and nothing more than once: a row, or `None`, in the order of the lists.
    pub(crate) fn one_each<'v, T, const N: usize>(
        &self,
        sql: &str,
        lists: impl IntoIterator<Item = [Value<'v>; N], IntoIter: ExactSizeIterator>,
        mut row: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<Option<T>>, Error> {
        let lists = lists.into_iter();
        let mut found: Vec<Option<T>> = std::iter::repeat_with(|| None).take(lists.len()).collect();
        self.session.rows_of_each(sql, lists, |place, next| {
            let value = row(next)?;
            if let Some(place) = found.get_mut(place) {
                *place = Some(value);
            }
            Ok(())
        })?;
        Ok(found)
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
        let (mark, arrivals) = (self.mark.get(), self.arrivals.borrow().mark());
        self.session.batch("SAVEPOINT step")?;
        let result = work().and_then(|done| {
            self.session.settle()?;
            Ok(done)
        });
        if result.is_err() {
            // The number of the marks was taken back with them, and so were the rows.
            self.mark.set(mark);
            self.arrivals.borrow_mut().go_back(arrivals);
            self.session.batch("ROLLBACK TO step")?;
        }
        self.session.batch("RELEASE step")?;
        result
    }

    /// Notes a row that was appended to a chained table.
    pub(crate) fn arrived(&self, id: Id) {
        self.arrivals.borrow_mut().add(id);
    }

    /// Runs a statement for each list of values. None may depend on what another one does.
    pub(crate) fn run_each<'v, const N: usize>(
        &self,
        sql: &str,
        lists: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<(), Error> {
        self.session.run_each(sql, lists)
    }

    /// Runs a statement; the number of rows that it changed.
    pub(crate) fn run(&self, sql: &str, params: Params<'_>) -> Result<usize, Error> {
        self.session.prepare(sql)?.run(params)
    }
}
