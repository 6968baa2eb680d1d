//! The seam between statements and engines: a session is what a transaction runs its statements on.

use rusqlite::{CachedStatement, Connection};

use super::{Column, Error, Params, sqlite};

/// One transaction of one engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Session<'a> {
    Sqlite(&'a Connection),
}

impl<'a> Session<'a> {
    /// A statement, prepared once per connection.
    pub(crate) fn prepare(self, sql: &str) -> Result<Statement<'a>, Error> {
        match self {
            Self::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
        }
    }

    /// Runs statements that have no parameters and tell nothing.
    pub(crate) fn batch(self, sql: &str) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
        }
    }
}

/// A prepared statement within its transaction.
pub(crate) enum Statement<'a> {
    Sqlite(CachedStatement<'a>),
}

impl Statement<'_> {
    /// Runs it; the number of rows that it changed.
    pub(crate) fn run(&mut self, params: Params<'_>) -> Result<usize, Error> {
        match self {
            Self::Sqlite(statement) => sqlite::run(statement, params),
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
        }
    }
}

/// A row that a statement yields.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
}

impl<'r> Row<'r> {
    /// The value of a column, counted from 0.
    pub(crate) fn get<T: Column<'r>>(&self, column: usize) -> Result<T, Error> {
        let value = match self {
            Self::Sqlite(row) => sqlite::value(row, column)?,
        };
        T::read(value).ok_or(Error::Damaged { column, wanted: std::any::type_name::<T>() })
    }
}
