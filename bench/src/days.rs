//! Days of a whole company: derived from store to store, tried with another policy, and a year of them in flat memory.

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use attendance::Policy;
use hub::{Actor, FileImport, Hub, Scope, Store};
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, params_from_iter, types::Value};
use simulator::people::{Workplace, export};
use tempfile::TempDir;

use crate::{
    bare_rows,
    figure::{self, Aim, Contender, Figure, Plan},
    memory,
};

pub(crate) const DATABASE: &str = "hub.db";
const FIRST: Date = Date::constant(2025, 3, 3);
const LAST: Date = Date::constant(2026, 3, 1);
/// Any time after the punches.
const AFTERWARDS: &str = "2026-06-01T12:00:00Z";
const SEED: u64 = 4;
/// What a derivation writes, 280 weeks in one transaction.
const TABLES: [&str; 4] = ["day", "day_exception", "lateness", "lateness_sum"];
const DATES_PER_WRITE: usize = 280 * 7;
/// What it reads: the marks of weeks, which it takes away, and punches.
const MARKS: &str = "SELECT tenant, employee, week FROM dirty_week ORDER BY tenant, employee, week";
const PUNCHES: &str = "SELECT at_us, fingerprint, state, received_us, origin FROM resolved_punch ORDER BY tenant, employee, at_us, fingerprint";
const UNMARK: &str = "DELETE FROM dirty_week WHERE tenant = ?1 AND employee = ?2 AND week = ?3";

/// A company whose punches are stored and whose days are not derived yet.
pub(crate) struct Company {
    folder: TempDir,
    now: Timestamp,
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    Ok(vec![store_to_store(plan)?, tried(plan)?])
}

/// One round: it takes minutes.
pub(crate) fn measure_year(plan: &Plan) -> Result<Vec<Figure>> {
    Ok(vec![year(&Plan { rounds: 1, ..plan.clone() })?])
}

/// Seventy thousand person-days and more, in the shape of a real log.
fn store_to_store(plan: &Plan) -> Result<Figure> {
    let company = Company::new(plan.pick(200, 10), FIRST, LAST)?;
    let (derived, _) = company.derived(|_| Ok(()))?;
    let rows = written(&derived.path().join(DATABASE))?;
    let days = rows.first().map_or(0, Vec::len) as f64;
    let ours = Contender::new("hub", || {
        let (_, seconds) = company.derived(|_| Ok(()))?;
        Ok(days / seconds)
    });
    let bare = Contender::new("bare statements", || {
        let copy = company.copied()?;
        let connection = bare_rows::database(&copy.path().join(DATABASE))?;
        let start = Instant::now();
        read_and_write(&connection, &rows)?;
        Ok(days / start.elapsed().as_secs_f64())
    });
    let name = format!("derive {days} days, store to store");
    figure::measure(plan, name, "person-days/s", Some(Aim::RatioAtLeast(0.7)), ours, vec![bare])
}

/// Another policy on a month of everybody.
fn tried(plan: &Plan) -> Result<Figure> {
    let people = plan.pick(10_000, 100);
    let (first, last) = (Date::constant(2025, 5, 1), Date::constant(2025, 5, 31));
    let company = Company::new(people, first, last)?;
    let (derived, _) = company.derived(|_| Ok(()))?;
    let hub = Hub::new(Store::open(&derived.path().join(DATABASE))?);
    let mut policy = Policy::default();
    policy.grace.arrival = 10;
    let ours = Contender::new("rules try", || {
        let start = Instant::now();
        let trial = hub.try_policy(&policy, (first, last), company.now, |_, _| {})?;
        ensure!(trial.total.days > 0, "the other policy changed nothing");
        Ok(start.elapsed().as_secs_f64())
    });
    let name = format!("rules try, {people} employees x 31 days");
    figure::measure(plan, name, "s", Some(Aim::AtMost(10.0)), ours, Vec::new())
}

/// How much private memory grows between a tenth of the way and the end of deriving a year.
fn year(plan: &Plan) -> Result<Figure> {
    let people = plan.pick(10_000, 100);
    let company = Company::new(people, FIRST, LAST)?;
    let ours = Contender::new("hub", || {
        let (mut early, mut most) = (None, 0);
        company.derived(|share| {
            let now = memory::rss_anon_kibibytes(std::process::id())?;
            if share > 0.1 {
                early.get_or_insert(now);
                most = most.max(now);
            }
            Ok(())
        })?;
        let early = early.context("the derivation took less than two rounds")?;
        Ok((most - early) as f64 / 1_024.0)
    });
    let name = format!("growth while deriving a year, {people} employees");
    figure::measure(plan, name, "MiB", Some(Aim::AtMost(16.0)), ours, Vec::new())
}

impl Company {
    pub(crate) fn new(people: u64, first: Date, last: Date) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let now = AFTERWARDS.parse()?;
        let shape = Workplace::named("A").context("there is a workplace A")?;
        let log = Workplace { people, ..shape }.log(SEED, first, last);
        let hub = Hub::new(Store::open(&folder.path().join(DATABASE))?);
        let how = FileImport {
            serial: "BENCH0001",
            name: "1_attlog.dat",
            zone: "Asia/Manila",
            groups: &[],
            create_employees: true,
            is_dry_run: false,
        };
        hub.import_attlog(&Actor::new("bench"), export(&log, 0).as_bytes(), &how, now, |_, _| {})?;
        hub.mark_scope(&Scope { from: Some(first), to: Some(last), employee: None }, now)?;
        Ok(Self { folder, now })
    }

    fn copied(&self) -> Result<TempDir> {
        let copy = tempfile::tempdir()?;
        for file in fs::read_dir(self.folder.path())? {
            let file = file?;
            fs::copy(file.path(), copy.path().join(file.file_name()))?;
        }
        Ok(copy)
    }

    /// Derives all in a copy; how long it took, in seconds. `progress` hears which share is done.
    pub(crate) fn derived(&self, mut progress: impl FnMut(f64) -> Result<()>) -> Result<(TempDir, f64)> {
        let copy = self.copied()?;
        let hub = Hub::new(Store::open(&copy.path().join(DATABASE))?);
        let mut heard = Ok(());
        let start = Instant::now();
        let derived = hub.derive_all(self.now, |derived| {
            let all = (derived.weeks + derived.left) as f64;
            if heard.is_ok() {
                heard = progress(derived.weeks as f64 / all);
            }
        })?;
        let seconds = start.elapsed().as_secs_f64();
        heard?;
        ensure!(derived.written > 0, "no day was written");
        Ok((copy, seconds))
    }
}

/// The rows of each table, as a derivation left them.
fn written(database: &Path) -> Result<Vec<Vec<Vec<Value>>>> {
    let connection = Connection::open(PathBuf::from(database))?;
    let rows_of = |table: &str| {
        let mut select = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    TABLES.iter().map(|table| rows_of(table)).collect()
}

/// Reads, writes and takes away the same rows, so many in a transaction as a derivation does.
fn read_and_write(connection: &Connection, tables: &[Vec<Vec<Value>>]) -> Result<()> {
    let batches = tables.first().map_or(0, |days| days.len().div_ceil(DATES_PER_WRITE));
    let mut inserts = Vec::new();
    for table in TABLES {
        let columns = connection.prepare(&format!("SELECT * FROM {table}"))?.column_count();
        let places: Vec<String> = (1..=columns).map(|place| format!("?{place}")).collect();
        inserts.push(connection.prepare(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")))?);
    }
    let marks: Vec<Vec<Value>> = connection
        .prepare(MARKS)?
        .query_map([], |row| (0..3).map(|column| row.get(column)).collect())?
        .collect::<rusqlite::Result<_>>()?;
    let mut unmark = connection.prepare(UNMARK)?;
    let punches: usize = connection.query_row("SELECT COUNT(*) FROM resolved_punch", [], |row| row.get(0))?;
    let mut select = connection.prepare(PUNCHES)?;
    let mut read = select.query([])?;
    for batch in 0..batches {
        let share = |all: usize| all * batch / batches..all * (batch + 1) / batches;
        for _ in share(punches) {
            let punch = read.next()?.context("a punch is missing")?;
            black_box((0..5).map(|column| punch.get(column)).collect::<rusqlite::Result<Vec<Value>>>()?);
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (insert, rows) in inserts.iter_mut().zip(tables) {
            for row in rows.get(share(rows.len())).unwrap_or_default() {
                insert.execute(params_from_iter(row))?;
            }
        }
        for mark in marks.get(share(marks.len())).unwrap_or_default() {
            unmark.execute(params_from_iter(mark))?;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}
