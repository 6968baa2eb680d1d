//! The seam between statements and engines: a session is what a transaction runs its statements on.

use rusqlite::{CachedStatement, Connection};

use super::{Column, Error, Params, Value, postgres, sqlite};

/// One transaction of one engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Session<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a postgres::Connection),
}

impl<'a> Session<'a> {
    /// A statement, prepared once per connection.
    pub(crate) fn prepare(self, sql: &str) -> Result<Statement<'a>, Error> {
        match self {
            Self::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
            Self::Postgres(connection) => Ok(Statement::Postgres(connection, connection.prepare(sql)?)),
        }
    }

    /// The columns of a table, by name. One of the places where engines differ.
    pub(crate) fn columns(self, table: &str) -> Result<Vec<String>, Error> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM pragma_table_info($1) ORDER BY name",
            Self::Postgres(_) => {
                "SELECT CAST(column_name AS TEXT) FROM information_schema.columns
                 WHERE table_schema = 'public' AND CAST(table_name AS TEXT) = $1 ORDER BY column_name"
            }
        };
        self.prepare(sql)?.all(&[&table], |row| row.get(0))
    }

    /// Every row of a query, however many there are, until one is refused. One of the places where engines differ.
    pub(crate) fn each<E: From<Error>>(
        self,
        sql: &str,
        params: Params<'_>,
        row: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sqlite(connection) => {
                sqlite::each(&mut connection.prepare_cached(sql).map_err(Error::from)?, params, row)
            }
            Self::Postgres(connection) => connection.each(sql, params, row),
        }
    }

    /// Runs statements that have no parameters and tell nothing.
    pub(crate) fn batch(self, sql: &str) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(connection) => connection.batch(sql),
        }
    }
}

/// A prepared statement within its transaction.
pub(crate) enum Statement<'a> {
    Sqlite(CachedStatement<'a>),
    Postgres(&'a postgres::Connection, tokio_postgres::Statement),
}

impl Statement<'_> {
    /// Runs it; the number of rows that it changed.
    pub(crate) fn run(&mut self, params: Params<'_>) -> Result<usize, Error> {
        match self {
            Self::Sqlite(statement) => sqlite::run(statement, params),
            Self::Postgres(connection, statement) => connection.run(statement, params),
        }
    }

    /// All its rows.
    pub(crate) fn all<T>(
        &mut self,
        params: Params<'_>,
        row: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match self {
            Self::Sqlite(statement) => sqlite::all(statement, params, row),
            Self::Postgres(connection, statement) => connection.all(statement, params, row),
        }
    }

    /// Its only row, if there is one.
    pub(crate) fn one<T>(
        &mut self,
        params: Params<'_>,
        row: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self {
            Self::Sqlite(statement) => sqlite::one(statement, params, row),
            Self::Postgres(connection, statement) => connection.one(statement, params, row),
        }
    }
}

/// A row that a statement yields.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    /// The value of a column, counted from 0.
    pub(crate) fn value(&self, column: usize) -> Result<Value<'r>, Error> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }

    /// [`Row::value`] in its own type.
    pub(crate) fn get<T: Column<'r>>(&self, column: usize) -> Result<T, Error> {
        T::read(self.value(column)?).ok_or(Error::Damaged { column, wanted: std::any::type_name::<T>() })
    }
}
