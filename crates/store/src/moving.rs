//! Moves everything from one store into another, of either engine: `punchclock move`.
//!
//! Invariants:
//! * what is moved is one snapshot of the source, and arrives in one transaction: all of it or nothing;
//! * the target is empty, so nothing of two companies mixes;
//! * before the commit each table is read back, and has as many rows as the source's, with the same digest.

use crate::engine::{Owned, Params, Row, Session};
use crate::{Error, Store};

/// Every table, by name. A test compares them with the schema.
pub(crate) const TABLES: &[&str] = &[
    "account",
    "arrival",
    "audit",
    "closeout",
    "counter",
    "day",
    "day_exception",
    "delta",
    "department",
    "differing_copy",
    "dirty_week",
    "dismissed_punch",
    "dismissed_user",
    "doubted_receipt",
    "edge",
    "edge_notice",
    "employee",
    "employee_place",
    "employment",
    "erasing",
    "erasure",
    "fact",
    "held_punch",
    "invitation",
    "lateness",
    "lateness_sum",
    "locked_period",
    "next_token",
    "planned_day",
    "posted_delta",
    "punch",
    "punch_statement",
    "replay",
    "resolved_punch",
    "seal",
    "session",
    "setting",
    "site",
    "stored_day",
    "terminal",
    "terminal_command",
    "terminal_contact",
    "terminal_reading",
    "terminal_site",
    "terminal_user",
    "token",
    "user_number",
];
const ROWS_PER_INSERT: usize = 100;

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// The sum of the rows' digests, whatever their order: equal on both sides.
    pub digest: u128,
}

/// Moves everything from one store into another, which must be empty; what was moved, by table.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::Differs`], or those of either store.
pub fn copy(from: &Store, to: &Store) -> Result<Vec<Moved>, Error> {
    from.read(|from| {
        to.write(|to| {
            let (from, to) = (from.session, to.session);
            for table in TABLES {
                if summary(to, table)?.rows > 0 {
                    return Err(Error::NotEmpty(table));
                }
            }
            TABLES.iter().map(|table| copy_table(from, to, table)).collect()
        })
    })
}

/// What a store holds, by table, as [`copy`] tells it.
///
/// # Errors
/// Of the store.
pub fn summaries(store: &Store) -> Result<Vec<Moved>, Error> {
    store.read(|read| TABLES.iter().map(|table| summary(read.session, table)).collect())
}

fn copy_table(from: Session<'_>, to: Session<'_>, table: &'static str) -> Result<Moved, Error> {
    let columns = from.columns(table)?;
    let mut values: Vec<Owned> = Vec::new();
    let mut sum = Moved { table, rows: 0, digest: 0 };
    from.each(&select(table, &columns), &[], |row| {
        sum.add(row, columns.len())?;
        for column in 0..columns.len() {
            values.push(row.value(column)?.into());
        }
        if values.len() >= ROWS_PER_INSERT * columns.len() {
            insert(to, table, &columns, &values)?;
            values.clear();
        }
        Ok::<_, Error>(())
    })?;
    if !values.is_empty() {
        insert(to, table, &columns, &values)?;
    }
    if summary(to, table)? == sum { Ok(sum) } else { Err(Error::Differs(table)) }
}

fn summary(session: Session<'_>, table: &'static str) -> Result<Moved, Error> {
    let columns = session.columns(table)?;
    let mut sum = Moved { table, rows: 0, digest: 0 };
    session.each(&select(table, &columns), &[], |row| sum.add(row, columns.len()))?;
    Ok(sum)
}

impl Moved {
    fn add(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error> {
        let mut hasher = blake3::Hasher::new();
        for column in 0..columns {
            row.value(column)?.feed(|bytes| {
                hasher.update(bytes);
            });
        }
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        self.rows += 1;
        self.digest = self.digest.wrapping_add(u128::from_be_bytes(digest));
        Ok(())
    }
}

fn select(table: &str, columns: &[String]) -> String {
    format!("SELECT {} FROM {table}", columns.join(", "))
}

fn insert(to: Session<'_>, table: &str, columns: &[String], values: &[Owned]) -> Result<(), Error> {
    let row = |first: usize| {
        let places: Vec<String> = (first + 1..=first + columns.len()).map(|place| format!("${place}")).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..values.len()).step_by(columns.len().max(1)).map(row).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), rows.join(", "));
    let params: Vec<_> = values.iter().map(|value| value as _).collect();
    let params: Params<'_> = &params;
    to.prepare(&sql)?.run(params).map(drop)
}
