//! The rows of [`crate::bare_rows`] written to PostgreSQL in the fastest plain way: one transaction per batch, and in it one
//! prepared statement per table, which takes the columns as arrays (`UNNEST`). No decisions, no look-ups.

use anyhow::{Context as _, Result};
use postgres::types::{ToSql, Type};
use rusqlite::types::Value;

use crate::bare_rows::{TABLES, Written};

/// A column of one batch.
type Array = Box<dyn ToSql + Sync>;

/// Statements and their arguments, prepared ahead of the round as whoever writes in bulk has them.
pub(crate) struct Bare {
    client: postgres::Client,
    statements: Vec<postgres::Statement>,
}

impl Bare {
    /// Connects to a database with the hub's tables.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let mut client = postgres::Client::connect(url, postgres::NoTls)?;
        let mut statements = Vec::new();
        for table in &TABLES {
            let columns = client.prepare(&format!("SELECT {} FROM {}", table.columns, table.name))?;
            let arrays = (1..).zip(columns.columns()).map(|(n, column)| format!("${n}::{}[]", column.type_().name()));
            let arrays = arrays.collect::<Vec<_>>().join(", ");
            let (name, columns, known) = (table.name, table.columns, table.known());
            let insert = format!("INSERT INTO {name} ({columns}) SELECT * FROM UNNEST({arrays}) {known}");
            statements.push(client.prepare(&insert)?);
        }
        Ok(Self { client, statements })
    }

    /// The columns of what each batch has written, as arrays, table by table.
    pub(crate) fn arrays(&self, batches: &[Written]) -> Result<Vec<Vec<Vec<Array>>>> {
        let of_batch = |Written(tables): &Written| {
            let of_table = |(rows, statement): (&Vec<Vec<Value>>, &postgres::Statement)| {
                let column = |(place, of)| array(of, rows.iter().map(|row: &Vec<Value>| &row[place]));
                statement.params().iter().enumerate().map(column).collect()
            };
            tables.iter().zip(&self.statements).map(of_table).collect()
        };
        batches.iter().map(of_batch).collect()
    }

    /// Writes the batches, one transaction each.
    pub(crate) fn write(&mut self, batches: &[Vec<Vec<Array>>]) -> Result<()> {
        for tables in batches {
            let mut transaction = self.client.transaction()?;
            for (statement, columns) in self.statements.iter().zip(tables) {
                let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(AsRef::as_ref).collect();
                transaction.execute(statement, &columns)?;
            }
            transaction.commit()?;
        }
        Ok(())
    }
}

fn array<'v>(of: &Type, column: impl Iterator<Item = &'v Value>) -> Result<Array> {
    Ok(match *of {
        Type::INT8_ARRAY => Box::new(typed(column, |value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        })?),
        Type::BYTEA_ARRAY => Box::new(typed(column, |value| match value {
            Value::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        })?),
        _ => Box::new(typed(column, |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })?),
    })
}

fn typed<'v, T>(column: impl Iterator<Item = &'v Value>, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<Option<T>>> {
    let value = |value: &Value| match value {
        Value::Null => Ok(None),
        other => read(other).map(Some).with_context(|| format!("{other:?} is of another type than its column")),
    };
    column.map(value).collect()
}
