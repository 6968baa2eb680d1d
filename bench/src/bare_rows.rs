//! The rows that the hub writes for each batch, and the bare statements that write the same rows: one rusqlite
//! connection, prepared statements, one transaction per batch, no decisions.

use std::{collections::HashSet, path::Path};

use anyhow::Result;
use hub::Store;
use rusqlite::{Connection, params_from_iter, types::Value};

type Row = Vec<Value>;

/// A table that a batch writes to.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static str,
    key: &'static str,
    /// What of a row that is there already is written over it.
    over: &'static [&'static str],
    /// The rows that a batch has written: those that came from `?1` to `?2` in microseconds; all where there is no such time, of
    /// which those count that are not as they were.
    written: &'static str,
}

impl Table {
    /// What happens to a row that is there already.
    pub(crate) fn known(&self) -> String {
        if self.over.is_empty() {
            return format!("ON CONFLICT ({}) DO NOTHING", self.key);
        }
        let over: Vec<String> = self.over.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        format!("ON CONFLICT ({}) DO UPDATE SET {}", self.key, over.join(", "))
    }
}

pub(crate) const TABLES: [Table; 8] = [
    Table {
        name: "punch",
        columns:
            "tenant, fingerprint, origin, user_number, printed_seconds, printed_raw, state, verify, work_code, channel,
            received_us, original",
        key: "tenant, fingerprint",
        over: &[],
        written: "WHERE received_us BETWEEN ?1 AND ?2 ORDER BY received_us",
    },
    Table {
        name: "resolved_punch",
        columns: "tenant, employee, at_us, fingerprint, state, received_us, origin",
        key: "tenant, employee, at_us, fingerprint",
        over: &[],
        written: "WHERE received_us BETWEEN ?1 AND ?2 ORDER BY received_us",
    },
    Table { name: "arrival", columns: "tenant, number, entries", key: "tenant, number", over: &[], written: ALL },
    Table {
        name: "dirty_week",
        columns: "tenant, employee, week, mark",
        key: "tenant, employee, week",
        over: &["mark"],
        written: ALL,
    },
    Table {
        name: "employee",
        columns: "tenant, id, code, name, is_confirmed, first_punch, last_punch",
        key: "tenant, id",
        over: &["first_punch", "last_punch"],
        written: ALL,
    },
    Table {
        name: "stored_day",
        columns: "tenant, origin, date, punches, digest",
        key: "tenant, date, origin",
        over: &["punches", "digest"],
        written: ALL,
    },
    Table {
        name: "terminal_contact",
        columns: "tenant, serial, punches, last_contact_us",
        key: "tenant, serial",
        over: &["punches", "last_contact_us"],
        written: ALL,
    },
    Table {
        name: "edge",
        columns: "tenant, name, high_seq, version, last_seen_us, clock_ahead_us, queued",
        key: "tenant, name",
        over: &["high_seq", "last_seen_us"],
        written: ALL,
    },
];
const ALL: &str = "WHERE ?1 <= ?2";

/// What one batch has written: the rows of each table.
pub(crate) struct Written(pub(crate) [Vec<Row>; TABLES.len()]);

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
        for (Table { name, columns, written, .. }, rows) in TABLES.iter().zip(&mut tables) {
            let mut select = self.connection.prepare(&format!("SELECT {columns} FROM {name} {written}"))?;
            let columns = select.column_count();
            let mut found = select.query([first_us, last_us])?;
            while let Some(row) = found.next()? {
                let row: Row = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
                if self.seen.insert(format!("{name} {row:?}")) {
                    rows.push(row);
                }
            }
        }
        Ok(Written(tables))
    }
}

/// A database with the hub's tables, and no rows but those that are there.
pub(crate) fn database(path: &Path) -> Result<Connection> {
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
    for table in &TABLES {
        let places: Vec<String> = (1..=table.columns.split(',').count()).map(|place| format!("?{place}")).collect();
        let (name, columns, known) = (table.name, table.columns, table.known());
        let insert = format!("INSERT INTO {name} ({columns}) VALUES ({}) {known}", places.join(", "));
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
