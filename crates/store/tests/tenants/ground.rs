//! A store of either engine that other programs look into, one transaction at a time, which is rolled back.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use store::Store;
use testkit::Database;

use crate::value::{Value, of_row};

/// See above.
pub(crate) enum Ground {
    Sqlite(rusqlite::Connection, tempfile::TempDir),
    Postgres { client: Box<postgres::Client>, prepared: HashMap<String, postgres::Statement>, _database: Database },
}

/// What a statement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Rows(Vec<Vec<Value>>),
    Changed(u64),
    /// The database refused it.
    Refused(String),
}

impl Ground {
    pub(crate) fn sqlite() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("hub.sqlite");
        Store::open(&file)?;
        let connection = rusqlite::Connection::open(file)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self::Sqlite(connection, folder))
    }

    /// Whoever looks into it is its superuser, for whom there is no row-level security: what the statements do is seen by itself.
    pub(crate) fn postgres() -> Result<Option<Self>> {
        let Some(database) = Database::create()? else { return Ok(None) };
        Store::connect(&database.url(), None)?;
        let client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls)?;
        Ok(Some(Self::Postgres { client: Box::new(client), prepared: HashMap::new(), _database: database }))
    }

    pub(crate) fn tell(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection, _) => connection.execute_batch(sql).with_context(|| sql.to_owned()),
            Self::Postgres { client, .. } => client.batch_execute(sql).with_context(|| sql.to_owned()),
        }
    }

    /// Runs a statement; only what the database says to its rows is an outcome, an error is that of the test.
    pub(crate) fn run(&mut self, sql: &str, values: &[Value]) -> Result<Outcome> {
        match self {
            Self::Sqlite(connection, _) => {
                let mut statement = connection.prepare_cached(sql)?;
                let yields_rows = statement.column_count() > 0;
                let columns = statement.column_count();
                let values = rusqlite::params_from_iter(values);
                let done = if yields_rows {
                    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|n| Ok(row.get_ref(n)?.into())).collect();
                    statement.query_map(values, row)?.collect::<rusqlite::Result<_>>().map(Outcome::Rows)
                } else {
                    statement.execute(values).map(|changed| Outcome::Changed(changed as u64))
                };
                match done {
                    Err(rusqlite::Error::SqliteFailure(error, said))
                        if error.code == rusqlite::ErrorCode::ConstraintViolation =>
                    {
                        Ok(Outcome::Refused(said.unwrap_or_default()))
                    }
                    done => done.with_context(|| sql.to_owned()),
                }
            }
            Self::Postgres { client, prepared, .. } => {
                let statement = match prepared.get(sql) {
                    Some(statement) => statement.clone(),
                    None => prepared.entry(sql.to_owned()).or_insert(client.prepare(sql)?).clone(),
                };
                let values: Vec<&(dyn postgres::types::ToSql + Sync)> = values.iter().map(|value| value as _).collect();
                let done = if statement.columns().is_empty() {
                    client.execute(&statement, &values).map(Outcome::Changed)
                } else {
                    client.query(&statement, &values).map(|rows| Outcome::Rows(rows.iter().map(of_row).collect()))
                };
                match done {
                    Err(error) => {
                        let said = error.as_db_error().map(|said| (said.code().code().to_owned(), said.to_string()));
                        // A key that is there, and what a trigger refuses.
                        let (_, said) = said.filter(|(code, _)| code == "23505" || code == "P0001").context(error)?;
                        Ok(Outcome::Refused(said))
                    }
                    Ok(done) => Ok(done),
                }
            }
        }
    }
}
