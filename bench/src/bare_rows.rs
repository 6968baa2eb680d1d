//! The rows that the hub writes for each batch, and the bare statements that write the same rows: one rusqlite
//! connection, prepared statements, one transaction per batch, no decisions.

use std::{collections::HashSet, path::Path};

use anyhow::Result;
use hub::Store;
use rusqlite::{Connection, params_from_iter, types::Value};

type Row = Vec<Value>;

/// A table, what happens to a row that is there already, and which rows a batch has written: those that came from
/// `?1` to `?2` in microseconds, or, without such a time, those that are not as they were.
const TABLES: [(&str, &str, &str); 5] = [
    ("punch", "NOTHING", "SELECT p.* FROM punch p WHERE p.received_us BETWEEN ?1 AND ?2 ORDER BY p.received_us"),
    (
        "resolved_punch",
        "NOTHING",
        "SELECT r.* FROM punch p JOIN resolved_punch r ON p.tenant = r.tenant AND p.fingerprint = r.fingerprint
         WHERE p.received_us BETWEEN ?1 AND ?2 ORDER BY p.received_us",
    ),
    ("arrival", "NOTHING", "SELECT * FROM arrival WHERE ?1 <= ?2"),
    ("dirty_week", "UPDATE SET mark = excluded.mark", "SELECT * FROM dirty_week WHERE ?1 <= ?2"),
    (
        "employee",
        "UPDATE SET first_punch = excluded.first_punch, last_punch = excluded.last_punch",
        "SELECT * FROM employee WHERE ?1 <= ?2",
    ),
];

/// What one batch has written: the rows of each table.
pub(crate) struct Written([Vec<Row>; TABLES.len()]);

/// Reads out of the hub's database what each batch writes.
pub(crate) struct Recorder {
    connection: Connection,
    seen: HashSet<String>,
}

impl Recorder {
    pub(crate) fn open(database: &Path) -> Result<Self> {
        Ok(Self { connection: Connection::open(database)?, seen: HashSet::new() })
    }

    /// The rows of the batch that was just taken, by the times at which its first and last punch were received.
    pub(crate) fn written(&mut self, first_us: i64, last_us: i64) -> Result<Written> {
        let mut tables = [const { Vec::new() }; TABLES.len()];
        for ((_, _, select), rows) in TABLES.iter().zip(&mut tables) {
            let mut select = self.connection.prepare(select)?;
            let columns = select.column_count();
            let mut found = select.query([first_us, last_us])?;
            while let Some(row) = found.next()? {
                let row: Row = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
                if self.seen.insert(format!("{row:?}")) {
                    rows.push(row);
                }
            }
        }
        Ok(Written(tables))
    }
}

/// A database with the hub's tables and no rows.
pub(crate) fn empty_database(path: &Path) -> Result<Connection> {
    drop(Store::open(path)?);
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -4096;
         PRAGMA temp_store = MEMORY",
    )?;
    Ok(connection)
}

/// Writes what the batches have written, one transaction each.
pub(crate) fn write(connection: &Connection, batches: &[Written]) -> Result<()> {
    let mut statements = Vec::new();
    for (table, known, _) in TABLES {
        let columns = connection.prepare(&format!("SELECT * FROM {table}"))?.column_count();
        let places: Vec<String> = (1..=columns).map(|place| format!("?{place}")).collect();
        let insert = format!("INSERT INTO {table} VALUES ({}) ON CONFLICT DO {known}", places.join(", "));
        statements.push(connection.prepare(&insert)?);
    }
    for Written(tables) in batches {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (statement, rows) in statements.iter_mut().zip(tables) {
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}
