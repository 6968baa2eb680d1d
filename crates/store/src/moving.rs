//! Moves everything of a tenant from one store into another, of either engine: `punchclock move`.
//!
//! Invariants:
//! * what is moved is one snapshot of the source, and arrives in one transaction: all of it or nothing;
//! * the target is empty, so nothing of two companies mixes; other tenants of either database are neither looked at nor touched;
//! * before the commit each table is read back, and has as many rows as the source's, with the same digest.

use crate::engine::{Owned, Params, Row, Session};
use crate::{Error, Read, Store, Write};

/// Every table, by name. A test compares them with the schema.
pub(crate) const TABLES: &[&str] = &[
    "account",
    "answer",
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
    "employee",
    "employee_place",
    "employment",
    "envelope",
    "envelope_part",
    "erasing",
    "erasure",
    "fact",
    "held_punch",
    "import_report",
    "import_report_part",
    "invitation",
    "job",
    "lateness",
    "lateness_sum",
    "locked_period",
    "next_token",
    "outbox",
    "outbox_event",
    "planned_day",
    "posted_delta",
    "punch",
    "punch_import",
    "punch_statement",
    "replay",
    "resolved_punch",
    "seal",
    "secret",
    "session",
    "setting",
    "sink",
    "site",
    "site_zone",
    "source",
    "source_page",
    "stored_day",
    "terminal",
    "terminal_command",
    "terminal_contact",
    "terminal_poll",
    "terminal_reading",
    "terminal_site",
    "terminal_user",
    "token",
    "user_number",
];
const ROWS_PER_INSERT: usize = 100;
/// Bytes after which a statement takes no more rows: a part of a file may be 1 MiB, and one that was kept before it had parts is more.
const BYTES_PER_INSERT: usize = 4 * 1024 * 1024;

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

/// Moves everything of a store's tenant into another store, which must be empty; what was moved, by table.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::Differs`], or those of either store.
pub fn copy(from: &Store, to: &Store) -> Result<Vec<Moved>, Error> {
    make_years(from, to)?;
    from.read(|from| to.write(|to| fill(from.session, to.session, from.tenant)))
}

/// Punches of any year find their place: a year gets it before them, in a transaction of its own.
fn make_years(from: &Store, to: &Store) -> Result<(), Error> {
    to.make_years(|first, after| from.read(|read| read.has_punches_between(first, after)))
}

/// As [`copy`], where the target may hold something of the same tenant: it is removed in the same transaction. PostgreSQL only.
pub(crate) fn replace(from: &Store, to: &Store) -> Result<Vec<Moved>, Error> {
    make_years(from, to)?;
    from.read(|from| {
        to.write(|to| {
            must_be_alone(to)?;
            // Evidence is truncated by nobody else. The row that says so goes with the others.
            to.begin_erasing()?;
            to.session.batch(&format!("TRUNCATE {}", TABLES.join(", ")))?;
            fill(from.session, to.session, from.tenant)
        })
    })
}

/// Refuses to replace what is another tenant's, too.
fn must_be_alone(to: &Write<'_>) -> Result<(), Error> {
    to.session.lift_fence()?;
    let other = first_with(to.session, "tenant <> $1", to.tenant)?;
    to.session.close_fence()?;
    other.map_or(Ok(()), |table| Err(Error::Shared(table)))
}

/// Copies what is a tenant's of every table into empty ones.
pub(crate) fn fill(from: Session<'_>, to: Session<'_>, tenant: i64) -> Result<Vec<Moved>, Error> {
    if let Some(table) = occupied(to, tenant)? {
        return Err(Error::NotEmpty(table));
    }
    TABLES.iter().map(|table| copy_table(from, to, table, tenant)).collect()
}

/// The first table that has a row of a tenant.
pub(crate) fn occupied(session: Session<'_>, tenant: i64) -> Result<Option<&'static str>, Error> {
    first_with(session, "tenant = $1", tenant)
}

/// The first table that has a row under a condition on the tenant.
fn first_with(session: Session<'_>, condition: &str, tenant: i64) -> Result<Option<&'static str>, Error> {
    for table in TABLES {
        let sql = format!("SELECT 1 FROM {table} WHERE {condition} LIMIT 1");
        if session.prepare(&sql)?.one(&[&tenant], |row| row.get::<i64>(0))?.is_some() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// What a store holds, by table, as [`copy`] tells it.
///
/// # Errors
/// Of the store.
pub fn summaries(store: &Store) -> Result<Vec<Moved>, Error> {
    store.read(|read| TABLES.iter().map(|table| summary(read, table)).collect())
}

fn copy_table(from: Session<'_>, to: Session<'_>, table: &'static str, tenant: i64) -> Result<Moved, Error> {
    let columns = from.columns(table)?;
    let (mut values, mut bytes): (Vec<Owned>, usize) = (Vec::new(), 0);
    let mut sum = Sum::default();
    from.each(&of_tenant(table, &columns), &[&tenant], |row| {
        sum.add(row, columns.len())?;
        for column in 0..columns.len() {
            let value = Owned::from(row.value(column)?);
            bytes += value.len();
            values.push(value);
        }
        if values.len() >= ROWS_PER_INSERT * columns.len() || bytes >= BYTES_PER_INSERT {
            insert(to, table, &columns, &values)?;
            values.clear();
            bytes = 0;
        }
        Ok::<_, Error>(())
    })?;
    if !values.is_empty() {
        insert(to, table, &columns, &values)?;
    }
    let there = sum_of_rows(to, &of_tenant(table, &columns), &[&tenant], columns.len())?;
    if there == sum { Ok(sum.of(table)) } else { Err(Error::Differs(table)) }
}

fn summary(read: &Read<'_>, table: &'static str) -> Result<Moved, Error> {
    let columns = read.session.columns(table)?;
    Ok(sum_of_rows(read.session, &of_tenant(table, &columns), &[&read.tenant], columns.len())?.of(table))
}

/// Rows and digest of some columns of a whole table.
pub(crate) fn sum_of(session: Session<'_>, table: &str, columns: &[String]) -> Result<Sum, Error> {
    sum_of_rows(session, &select(table, columns), &[], columns.len())
}

fn sum_of_rows(session: Session<'_>, sql: &str, params: Params<'_>, columns: usize) -> Result<Sum, Error> {
    let mut sum = Sum::default();
    session.each(sql, params, |row| sum.add(row, columns))?;
    Ok(sum)
}

/// What rows are together, whatever their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    pub(crate) digest: u128,
}

impl Sum {
    const fn of(self, table: &'static str) -> Moved {
        Moved { table, rows: self.rows, digest: self.digest }
    }

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

fn of_tenant(table: &str, columns: &[String]) -> String {
    format!("{} WHERE tenant = $1", select(table, columns))
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
