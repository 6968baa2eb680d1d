//! A table of punches as CSV, from the file to stored and matched rows, beside the bare statements that write the same rows.
//!
//! The hub reads the file, computes identities, resolves who and when, marks weeks, tells how far it has come, and packs the report that
//! stays with the note of the import. The reference only writes the rows of evidence
//! and of whose they are, as many per transaction; the time for which it reads them from the hub's database does not count.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use attendance::punch::PrintedTime;
use hub::{Actor, Counts, TableImport, TableImported, Told};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tempfile::TempDir;

use crate::bare_rows::{self, TABLES, Table};
use crate::figure::{self, Aim, Contender, Figure, Plan};
use crate::ingest::{PEOPLE, hub_with_people, second};

/// Rows of one transaction, as the hub has them.
const ROWS_PER_WRITE: usize = 2000;
/// Any time after the punches, which are of years.
const AFTERWARDS: Timestamp = Timestamp::constant(1_893_456_000, 0);
/// What the hub writes for each row.
const PER_ROW: [&str; 2] = ["punch", "resolved_punch"];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let rows = plan.pick(1_000_000, 10_000);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("commute.csv");
    write_table(&file, rows)?;
    let last = RefCell::new(None);
    let ours = Contender::new("import", || {
        let folder = tempfile::tempdir()?;
        let hub = hub_with_people(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        let how = TableImport { name: "commute.csv", zone: Some("Asia/Manila"), ..TableImport::default() };
        let open = || File::open(&file);
        let told = |_: &[Told<'_>], counts: &Counts| drop(std::hint::black_box(counts.to_string()));
        let TableImported { counts, .. } = hub.import_table(&Actor::new("bench"), &how, open, AFTERWARDS, told)?;
        let rate = rows as f64 / start.elapsed().as_secs_f64();
        ensure!(counts.stored == rows as u64, "a row was not new or not matched: {counts}");
        last.replace(Some(folder));
        Ok(rate)
    });
    let bare = Contender::new("bare statements", || {
        let last = last.borrow();
        let imported: &TempDir = last.as_ref().context("nothing was imported before")?;
        let folder = tempfile::tempdir()?;
        let connection = bare_rows::database(&folder.path().join("hub.db"))?;
        let taken = write_again(&Connection::open(imported.path().join("hub.db"))?, &connection)?;
        Ok(rows as f64 / taken.as_secs_f64())
    });
    let name = format!("import of a CSV of {rows} rows");
    Ok(vec![figure::measure(plan, name, "rows/s", Some(Aim::RatioAtLeast(0.6)), ours, vec![bare])?])
}

/// Everybody's punches in the order of time.
fn write_table(path: &Path, rows: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "user_id,event_time,door,in_out,type")?;
    for row in 0..rows {
        let time = PrintedTime::Seconds(second(row));
        let state = if (row / PEOPLE).is_multiple_of(2) { "I" } else { "O" };
        writeln!(file, "{},{time},Gate 1,{state},commute", 1 + row % PEOPLE)?;
    }
    Ok(file.flush()?)
}

/// Writes the rows of one database into an empty other one; for how long it wrote.
fn write_again(from: &Connection, to: &Connection) -> Result<Duration> {
    let tables: Vec<&Table> = TABLES.iter().filter(|table| PER_ROW.contains(&table.name)).collect();
    let mut inserts = Vec::new();
    let mut selects = Vec::new();
    for Table { name, columns, .. } in &tables {
        selects.push(
            from.prepare(&format!("SELECT {columns} FROM {name} WHERE origin LIKE 'source:%' ORDER BY fingerprint"))?,
        );
        let places: Vec<String> = (1..=columns.split(',').count()).map(|place| format!("?{place}")).collect();
        inserts.push(to.prepare(&format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", ")))?);
    }
    let mut cursors: Vec<_> = selects.iter_mut().map(|select| select.query([])).collect::<rusqlite::Result<_>>()?;
    let mut taken = Duration::ZERO;
    loop {
        let mut parts = Vec::new();
        for (cursor, Table { columns, .. }) in cursors.iter_mut().zip(&tables) {
            let mut part: Vec<Vec<Value>> = Vec::with_capacity(ROWS_PER_WRITE);
            while part.len() < ROWS_PER_WRITE
                && let Some(row) = cursor.next()?
            {
                part.push(
                    (0..columns.split(',').count()).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?,
                );
            }
            parts.push(part);
        }
        if parts.iter().all(Vec::is_empty) {
            return Ok(taken);
        }
        let start = Instant::now();
        to.execute_batch("BEGIN IMMEDIATE")?;
        for (insert, part) in inserts.iter_mut().zip(&parts) {
            for row in part {
                insert.execute(params_from_iter(row))?;
            }
        }
        to.execute_batch("COMMIT")?;
        taken += start.elapsed();
    }
}
