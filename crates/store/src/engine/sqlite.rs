//! SQLite: a file with one writer and a few readers (WAL, `synchronous=FULL`).

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, TransactionBehavior};

use super::value::storable;
use super::{BUSY_TIMEOUT, Error, Params, Row, Session, Value};

const READERS_KEPT: usize = 4;
const CACHED_STATEMENTS: usize = 64;
/// Pages of the log that are written before they are copied into the file: 32 MiB. Indexes by date are changed all over by each
/// transaction; the longer the log, the fewer times the same page is copied.
const LOG_PAGES: i64 = 8_192;

/// The file and the connections to it.
#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// Watches for commits of anybody, this process or another.
    watcher: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        make_private(path)?;
        let mut writer = connect(path, OpenFlags::default())?;
        crate::migrations::run_sqlite(&mut writer)?;
        let watcher = connect(path, read_only())?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            watcher: Mutex::new(watcher),
            readers: Mutex::default(),
        })
    }

    pub(super) fn open_to_read(path: &Path, folder: &Path) -> Result<Self, Error> {
        let [writer, watcher] = [connect(path, read_only())?, connect(path, read_only())?];
        if crate::migrations::is_older_sqlite(&writer)? {
            let copy = folder.join("copy.sqlite");
            copy_into(&writer, &copy)?;
            return Self::open(&copy);
        }
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            watcher: Mutex::new(watcher),
            readers: Mutex::default(),
        })
    }

    pub(super) fn write<T, E: From<Error>>(&self, work: impl FnOnce(Session<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
        let result = work(Session::Sqlite(&tx))?;
        tx.commit().map_err(Error::from)?;
        Ok(result)
    }

    pub(super) fn read<T, E: From<Error>>(&self, work: impl FnOnce(Session<'_>) -> Result<T, E>) -> Result<T, E> {
        let kept = lock(&self.readers).pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path, read_only())?,
        };
        let tx = connection.transaction().map_err(Error::from)?;
        let result = work(Session::Sqlite(&tx));
        tx.finish().map_err(Error::from)?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        result
    }

    /// A copy without the room of what was deleted. It reads one snapshot, as a reader does: the log grows by what is written
    /// meanwhile.
    pub(super) fn copy_into(&self, file: &Path) -> Result<(), Error> {
        copy_into(&connect(&self.path, read_only())?, file)
    }

    pub(super) fn data_version(&self) -> Result<i64, Error> {
        Ok(lock(&self.watcher).pragma_query_value(None, "data_version", |row| row.get(0))?)
    }
}

fn copy_into(connection: &Connection, file: &Path) -> Result<(), Error> {
    // A name is bytes to SQLite, which need not be UTF-8.
    connection.execute("VACUUM INTO CAST(?1 AS TEXT)", [file.as_os_str().as_encoded_bytes()])?;
    Ok(())
}

/// Makes the tables in an empty file, and lets `work` fill them. Whoever calls throws the file away when this fails, so nothing
/// is kept for a rollback; nor is it on the disk when this returns.
pub(super) fn fill(file: &Path, work: impl FnOnce(Session<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    crate::migrations::run_sqlite(&mut connection)?;
    let tx = connection.transaction()?;
    work(Session::Sqlite(&tx))?;
    Ok(tx.commit()?)
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
            connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
            // `REPLACE` asks the guards of the row that it takes away only so.
            connection.pragma_update(None, "recursive_triggers", "on")?;
        }
        connection.pragma_update(None, "cache_size", -4096)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        Ok(connection)
    };
    open().map_err(|cause| Error::Open { path: path.to_owned(), cause })
}

pub(super) fn run(statement: &mut CachedStatement<'_>, params: Params<'_>) -> Result<usize, Error> {
    bind(statement, params)?;
    Ok(statement.raw_execute()?)
}

pub(super) fn all<T>(
    statement: &mut CachedStatement<'_>,
    params: Params<'_>,
    mut row: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    each(statement, params, |next| {
        found.push(row(next)?);
        Ok::<_, Error>(())
    })?;
    Ok(found)
}

/// Every row, until one is refused.
pub(super) fn each<E: From<Error>>(
    statement: &mut CachedStatement<'_>,
    params: Params<'_>,
    mut row: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    bind(statement, params)?;
    let mut rows = statement.raw_query();
    while let Some(next) = rows.next().map_err(Error::from)? {
        row(&Row::Sqlite(next))?;
    }
    Ok(())
}

pub(super) fn one<T>(
    statement: &mut CachedStatement<'_>,
    params: Params<'_>,
    row: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    bind(statement, params)?;
    let mut rows = statement.raw_query();
    rows.next()?.map(|next| row(&Row::Sqlite(next))).transpose()
}

/// Runs it for one of many lists; the number of rows that it changed.
pub(super) fn run_list(statement: &mut CachedStatement<'_>, list: &[Value<'_>]) -> Result<usize, Error> {
    bind_list(statement, list)?;
    Ok(statement.raw_execute()?)
}

/// Its rows for one of many lists.
pub(super) fn rows_of_list(
    statement: &mut CachedStatement<'_>,
    list: &[Value<'_>],
    mut row: impl FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    bind_list(statement, list)?;
    let mut rows = statement.raw_query();
    while let Some(next) = rows.next()? {
        row(&Row::Sqlite(next))?;
    }
    Ok(())
}

fn bind_list(statement: &mut CachedStatement<'_>, list: &[Value<'_>]) -> Result<(), Error> {
    let wanted = statement.parameter_count();
    if wanted != list.len() {
        return Err(rusqlite::Error::InvalidParameterCount(list.len(), wanted).into());
    }
    (1..).zip(list).try_for_each(|(place, value)| Ok(statement.raw_bind_parameter::<usize, _>(place, value)?))
}

fn bind(statement: &mut CachedStatement<'_>, params: Params<'_>) -> Result<(), Error> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), wanted).into());
    }
    for (place, param) in (1..).zip(params) {
        statement.raw_bind_parameter::<usize, _>(place, param.value()?)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(number),
            Self::Text(text) => match storable(text) {
                Cow::Borrowed(text) => ValueRef::Text(text.as_bytes()),
                Cow::Owned(text) => return Ok(ToSqlOutput::Owned(text.into())),
            },
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn value<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<Value<'r>, Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| Error::Damaged { column, wanted: "text in UTF-8" })?;
            Value::Text(text)
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes),
        ValueRef::Real(_) => return Err(Error::Damaged { column, wanted: "a whole number" }),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = Sqlite::open(&folder.path().join("hub.sqlite")).unwrap();
        let put = |how: &str, actor: &str| {
            let sql = format!(
                "{how} INTO audit (tenant, number, at_us, actor, action, object, detail) VALUES (1, 1, 1, '{actor}', '', '', '')"
            );
            file.write(|session| session.batch(&sql))
        };
        put("INSERT", "ann").unwrap();
        let refused = put("INSERT OR REPLACE", "nobody").unwrap_err().to_string();
        assert!(refused.contains("insert only"), "{refused}");
    }
}
